"""Times networks of other kinds than `forward_and_gradient.py` against ONNX Runtime: decoders, mobile networks, attention.

    python Benchmarks/other_networks.py --bench COMMAND [--only NETWORK …]

COMMAND is EngineBench. Both sides run one forward pass of one image on one thread, in turns, and what is compared is
that thread's processor time, which what else the machine does hardly changes. Weights are seeded; the ONNX files stay in
the cache of the conformance scripts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torchvision_models import exported, torchvision  # noqa: E402  (before timm, which wants its operators)
import timm  # noqa: E402

from networks import CACHE  # noqa: E402
from wild import ratio, runtime  # noqa: E402

SIDE = 224


def up(inputs: int, outputs: int, *window: int) -> list[nn.Module]:
    return [nn.ConvTranspose2d(inputs, outputs, *window), nn.BatchNorm2d(outputs), nn.ReLU()]


def down(inputs: int, outputs: int, *window: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, *window), nn.BatchNorm2d(outputs), nn.ReLU()]


def autoencoder() -> nn.Module:
    """4×4 windows of stride 2 down and up, as DCGAN's."""
    return nn.Sequential(*down(3, 64, 4, 2, 1), *down(64, 128, 4, 2, 1), *down(128, 256, 4, 2, 1),
                         *up(256, 128, 4, 2, 1), *up(128, 64, 4, 2, 1), nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh())


def style_transfer() -> nn.Module:
    """3×3 windows of stride 2 with a row of output padding."""
    return nn.Sequential(*down(3, 32, 9, 1, 4), *down(32, 64, 3, 2, 1), *down(64, 128, 3, 2, 1),
                         *up(128, 64, 3, 2, 1, 1), *up(64, 32, 3, 2, 1, 1), nn.Conv2d(32, 3, 9, 1, 4))


def fully_convolutional() -> nn.Module:
    """One upsampling by eight, as FCN's."""
    return nn.Sequential(*down(3, 64, 7, 4, 3), nn.Conv2d(64, 21, 3, 2, 1), nn.ConvTranspose2d(21, 21, 16, 8, 4))


class UNet(nn.Module):
    """Four levels, 2×2 windows of stride 2 on the way up."""

    def __init__(self, width: int = 32):
        super().__init__()
        sizes = [width * 2**level for level in range(4)]
        def pair(inputs: int, outputs: int) -> nn.Module:
            return nn.Sequential(*down(inputs, outputs, 3, 1, 1), *down(outputs, outputs, 3, 1, 1))

        self.down = nn.ModuleList(pair(a, b) for a, b in zip([3] + sizes, sizes))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * size, size, 2, 2) for size in sizes[:-1])
        self.joined = nn.ModuleList(pair(2 * size, size) for size in sizes[:-1])
        self.head = nn.Conv2d(width, 2, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for level, block in enumerate(self.down):
            x = block(self.pool(x) if level else x)
            kept.append(x)
        for level in reversed(range(len(self.up))):
            x = self.joined[level](torch.cat([self.up[level](x), kept[level]], 1))
        return self.head(x)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "autoencoder": autoencoder, "style-transfer": style_transfer, "fcn": fully_convolutional, "u-net": UNet,
    "shufflenet_v2_x1_0": torchvision.models.shufflenet_v2_x1_0,
} | {name: (lambda name=name: timm.create_model(name, pretrained=False)) for name in (
    "ghostnetv2_100", "vit_tiny_patch16_224", "vit_small_patch16_224", "convnext_tiny", "mobilenetv4_conv_small",
    "densenet121")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", required=True, help="the command of EngineBench")
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NETWORK")
    arguments = parser.parse_args()
    x = np.random.default_rng(7).uniform(-1, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    print("| network | time ÷ ONNX Runtime |\n|---|---:|")
    for name in arguments.only:
        file = exported(NETWORKS[name], CACHE / "other-networks" / f"{name}.onnx", SIDE)
        found = ratio(arguments.bench, file, {runtime(file).get_inputs()[0].name: x})
        print(f"| {name} | {found if isinstance(found, str) else f'{found:.2f}'} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
