"""Networks whose output is an image: a U-Net with transposed convolutions, a SegNet with max-unpooling, and a DCGAN
generator, of real depth and modest width, with seeded weights."""

from __future__ import annotations

import onnx
import torch
from torch import nn
from torch.nn import functional as F

from fixture import GraphWriter, draw_batch_norm_statistics


def double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class UNet(nn.Module):
    """Ronneberger, Fischer and Brox 2015, with padded convolutions; x [N,3,H,W] → scores [N,3,H,W], H, W ÷ 16."""

    def __init__(self, width: int = 24):
        super().__init__()
        widths = [width * 2**i for i in range(5)]
        self.down = nn.ModuleList(double_convolution(i, o) for i, o in zip([3, *widths[:-1]], widths))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:-1]))
        self.up = nn.ModuleList(double_convolution(2 * w, w) for w in reversed(widths[:-1]))
        self.classify = nn.Conv2d(width, 3, 1)

    def forward(self, x):
        levels = []
        for index, block in enumerate(self.down):
            x = block(x if index == 0 else F.max_pool2d(x, 2))
            levels.append(x)
        for grow, up, level in zip(self.grow, self.up, reversed(levels[:-1])):
            x = up(torch.cat([level, grow(x)], 1))
        return self.classify(x)


class SegNet(nn.Module):
    """Badrinarayanan, Kendall and Cipolla 2017: the decoder unpools by the encoder's max-pool switches."""

    WIDTHS = (16, 24, 32, 48)

    def __init__(self):
        super().__init__()
        pairs = list(zip((3, *self.WIDTHS[:-1]), self.WIDTHS))
        self.encode = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in pairs)
        self.decode = nn.ModuleList(nn.Conv2d(o, 5 if i == 3 else i, 3, padding=1) for i, o in reversed(pairs))

    def forward(self, x):
        switches = []
        for layer in self.encode:
            x, indices = F.max_pool2d(F.relu(layer(x)), 2, return_indices=True)
            switches.append(indices)
        for layer, indices in zip(self.decode, reversed(switches)):
            x = layer(F.max_unpool2d(x, indices, 2))
            x = x if layer is self.decode[-1] else F.relu(x)
        return x


def write_seg_net(network: SegNet, shape: tuple[int, ...]) -> onnx.ModelProto:
    """SegNet as ONNX; neither of PyTorch's exporters knows max-unpooling."""
    w = GraphWriter(17)
    x, pools = "input", []

    def convolution(x: str, layer: nn.Conv2d, name: str) -> str:
        return w.node("Conv", x, w.weight(f"{name}.weight", layer.weight), w.weight(f"{name}.bias", layer.bias),
                      pads=[1, 1, 1, 1], kernel_shape=[3, 3])

    for index, layer in enumerate(network.encode):
        x = w.node("MaxPool", w.node("Relu", convolution(x, layer, f"encode.{index}")), outputs=2,
                   kernel_shape=[2, 2], strides=[2, 2])
        pools.append(x)
    for index, layer in enumerate(network.decode):
        x = w.node("MaxUnpool", x, f"{pools.pop()}_1", kernel_shape=[2, 2], strides=[2, 2])
        x = convolution(x, layer, f"decode.{index}")
        x = x if layer is network.decode[-1] else w.node("Relu", x)
    return w.model(list(shape), {x: [shape[0], 5, *shape[2:]]})


def generator(width: int = 32) -> nn.Sequential:
    """Radford, Metz and Chintala 2016, figure 1: z [N,100,1,1] → image [N,3,64,64] in −1…1."""
    layers: list[nn.Module] = []
    widths = [100, 8 * width, 4 * width, 2 * width, width]
    for index, (i, o) in enumerate(zip(widths, widths[1:])):
        layers += [nn.ConvTranspose2d(i, o, 4, 1 if index == 0 else 2, 0 if index == 0 else 1, bias=False),
                   nn.BatchNorm2d(o), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


# By name: how to make it, and the shape of its input.
DECODERS = {
    "u-net": (UNet, (1, 3, 96, 128)),
    "segnet": (SegNet, (1, 3, 64, 96)),
    "dcgan-generator": (generator, (2, 100, 1, 1)),
}


def decoder(name: str, seed: int = 1) -> nn.Module:
    """The network in evaluation mode with seeded weights."""
    torch.manual_seed(seed)
    network = DECODERS[name][0]()
    draw_batch_norm_statistics(network)
    return network.eval()
