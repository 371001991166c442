"""One small network per further operator family, as PyTorch's exporters write them, so that a failure names its
family. Every network is wrapped in convolutions, which decides the memory layout the operator meets."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from fixture import fixture
from network_parts import Network, between_convolutions, head

SMALL = (1, 3, 9, 10)


# Attention to channels


@fixture(SMALL, "squeeze and excitation: pooled, two 1×1 convolutions, sigmoid, multiplied back")
def squeeze_excitation():
    def operation(self, x):
        s = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.expand(F.relu(self.squeeze(s))))

    return between_convolutions(operation, squeeze=nn.Conv2d(5, 2, 1), expand=nn.Conv2d(2, 5, 1))


@fixture(SMALL, "squeeze and excitation from the dynamo exporter, hard sigmoid", exporter="dynamo", opset=18)
def squeeze_excitation_dynamo():
    def operation(self, x):
        s = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.expand(F.relu(self.squeeze(s))))

    return between_convolutions(operation, squeeze=nn.Conv2d(5, 2, 1), expand=nn.Conv2d(2, 5, 1))


@fixture(SMALL, "squeeze and excitation with fully-connected layers and a view back to [N,C,1,1]")
def squeeze_excitation_linear():
    def operation(self, x):
        s = torch.sigmoid(self.expand(F.relu(self.squeeze(x.mean((2, 3))))))
        return x * s.unsqueeze(2).unsqueeze(3)

    return between_convolutions(operation, squeeze=nn.Linear(5, 3), expand=nn.Linear(3, 5))


@fixture((1, 3, 14, 13), "inverted residual with depthwise convolution, squeeze-excite and hard-swish (MobileNet v3)")
def inverted_residual():
    def operation(self, x):
        y = F.hardswish(self.narrow_to_wide(x))
        y = F.hardswish(self.depthwise(y))
        s = F.adaptive_avg_pool2d(y, 1)
        y = y * F.hardsigmoid(self.expand(F.relu(self.squeeze(s))))
        return x + self.wide_to_narrow(y)

    return between_convolutions(
        operation, narrow_to_wide=nn.Conv2d(5, 9, 1), depthwise=nn.Conv2d(9, 9, 5, padding=2, groups=9),
        squeeze=nn.Conv2d(9, 4, 1), expand=nn.Conv2d(4, 9, 1), wide_to_narrow=nn.Conv2d(9, 5, 1))


# Normalization


@fixture(SMALL, "instance normalization with and without scale")
def instance_normalization():
    return between_convolutions(lambda self, x: self.affine(F.relu(self.plain(x))),
                                plain=nn.InstanceNorm2d(5), affine=nn.InstanceNorm2d(5, affine=True))


@fixture(SMALL, "layer normalization over channels moved last, with GELU and a layer scale (ConvNeXt)")
def layer_normalization():
    def operation(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.b(F.gelu(self.a(y))) * self.scale
        return x + y.permute(0, 3, 1, 2)

    network = between_convolutions(
        operation, depthwise=nn.Conv2d(5, 5, 7, padding=3, groups=5), norm=nn.LayerNorm(5, eps=1e-6),
        a=nn.Linear(5, 12), b=nn.Linear(12, 5))
    network.register_parameter("scale", nn.Parameter(torch.rand(5) + 0.5))
    nn.init.uniform_(network.norm.weight, 0.5, 1.5)
    return network


@fixture(SMALL, "layer normalization over channels from the dynamo exporter", exporter="dynamo", opset=18, dynamic="")
def layer_normalization_dynamo():
    return layer_normalization()


@fixture(SMALL, "layer normalization written out of ReduceMean, Sub, Pow, Sqrt and Div (before opset 17)", opset=13,
         dynamic="N")
def layer_normalization_pieces():
    return between_convolutions(lambda self, x: F.relu(self.norm(x)), norm=nn.LayerNorm([5, 9, 10]))


@fixture(SMALL, "group normalization, as the TorchScript exporter writes it around InstanceNormalization")
def group_normalization():
    network = between_convolutions(lambda self, x: F.relu(self.norm(x)), channels=6, norm=nn.GroupNorm(2, 6))
    nn.init.uniform_(network.norm.weight, 0.5, 1.5)
    nn.init.normal_(network.norm.bias)
    return network


@fixture(SMALL, "group normalization from the dynamo exporter", exporter="dynamo", opset=21, dynamic="")
def group_normalization_dynamo():
    return group_normalization()


@fixture(SMALL, "local response normalization written out of pieces (AlexNet of 2012)", dynamic="")
def local_response_normalization_pieces():
    return between_convolutions(lambda self, x: F.local_response_norm(x, 3, alpha=0.5, beta=0.75, k=1.5))


@fixture((2, 3, 9, 10), "batch normalization of a fully-connected layer's result", stage="wide", training_export=True)
def batch_normalization_of_vectors():
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), head(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 4))


# Pooling and reductions


@fixture((1, 3, 13, 14), "max pooling with dilation", stage="wide")
def max_pool_dilation():
    return between_convolutions(lambda self, x: F.max_pool2d(x, 3, 2, 1, dilation=2))


@fixture(SMALL, "global max pooling beside global average pooling")
def global_max_pool():
    def compute(self, x):
        x = F.relu(self.a(x))
        pooled = torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)], 1)
        return self.head(pooled.flatten(1))

    return Network(compute, a=nn.Conv2d(3, 5, 3), head=nn.Linear(10, 4))


@fixture(SMALL, "ReduceMean, ReduceSum and ReduceMax over channels and planes, with and without keeping the axes",
         opset=18)
def reductions():
    def operation(self, x):
        y = x * x.sum(1, keepdim=True) + x.amax((2, 3), keepdim=True) - x.amax(1, keepdim=True)
        return y + x.mean(2, keepdim=True) * x.sum((1, 2, 3)).reshape(-1, 1, 1, 1)

    return between_convolutions(operation)


@fixture(SMALL, "reductions with axes as attributes (opset 11)", opset=11)
def reductions_opset_11():
    return reductions()


@fixture((1, 3, 12, 15), "adaptive average pooling to 2×3, exported as plain pooling", dynamic="N", stage="wide")
def adaptive_average_pool():
    def compute(self, x):
        return self.head(F.adaptive_avg_pool2d(F.relu(self.a(x)), (2, 3)).flatten(1))

    return Network(compute, a=nn.Conv2d(3, 5, 3, padding=1), head=nn.Linear(30, 4))


# One-dimensional signals and decoders


@fixture((2, 3, 26), "a one-dimensional network: Conv, MaxPool and AveragePool of one spatial axis", stage="wide",
         dynamic="N")
def one_dimensional():
    return nn.Sequential(nn.Conv1d(3, 5, 5, stride=2, padding=2), nn.BatchNorm1d(5), nn.ReLU(), nn.MaxPool1d(2),
                         nn.Conv1d(5, 7, 3, dilation=2, groups=1), nn.ReLU(), nn.AvgPool1d(2, padding=0),
                         nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(7, 4))


@fixture((1, 3, 6, 7), "a decoder: transposed convolutions with stride, output padding and without bias")
def transposed_convolution():
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(),
                         nn.ConvTranspose2d(5, 7, 3, stride=2, padding=1, output_padding=(1, 0)), nn.ReLU(),
                         nn.ConvTranspose2d(7, 3, (2, 4), stride=(2, 1), bias=False), nn.Sigmoid())


@fixture((1, 3, 6, 7), "transposed convolutions with groups, depthwise, and with dilation")
def transposed_convolution_groups():
    return nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(),
                         nn.ConvTranspose2d(6, 9, 3, stride=2, groups=3, padding=1), nn.ReLU(),
                         nn.ConvTranspose2d(9, 9, 2, groups=9), nn.ReLU(),
                         nn.ConvTranspose2d(9, 2, 3, dilation=2, stride=(1, 2), padding=2))


@fixture((1, 6, 1, 1), "a generator: transposed convolutions from one pixel, batch normalization and tanh (DCGAN)",
         training_export=True)
def generator():
    return nn.Sequential(nn.ConvTranspose2d(6, 9, 4, bias=False), nn.BatchNorm2d(9), nn.ReLU(),
                         nn.ConvTranspose2d(9, 5, 4, 2, 1, bias=False), nn.BatchNorm2d(5), nn.ReLU(),
                         nn.ConvTranspose2d(5, 3, 4, 2, 1, bias=False), nn.Tanh())


@fixture((1, 3, 12, 16), "a U-Net of two levels: skip connections concatenated with transposed convolutions")
def u_net():
    def compute(self, x):
        a = F.relu(self.down1(x))
        b = F.relu(self.down2(F.max_pool2d(a, 2)))
        c = F.relu(self.bottom(F.max_pool2d(b, 2)))
        b = F.relu(self.up2(torch.cat([self.grow2(c), b], 1)))
        a = F.relu(self.up1(torch.cat([self.grow1(b), a], 1)))
        return self.classify(a)

    def three(i: int, o: int) -> nn.Module:
        return nn.Conv2d(i, o, 3, padding=1)

    return Network(
        compute, down1=three(3, 4), down2=three(4, 6), bottom=three(6, 9), grow2=nn.ConvTranspose2d(9, 6, 2, 2),
        up2=three(12, 6), grow1=nn.ConvTranspose2d(6, 4, 2, 2), up1=three(8, 4), classify=nn.Conv2d(4, 3, 1))


# Shapes


@fixture((1, 3, 8, 10), "pixel shuffle and its inverse (DepthToSpace; SpaceToDepth by reshapes)")
def pixel_shuffle():
    return between_convolutions(lambda self, x: F.pixel_unshuffle(F.relu(F.pixel_shuffle(x, 2)), 2), channels=8)


@fixture(SMALL, "channel split, two branches, concatenation and channel shuffle (ShuffleNet)", opset=13)
def channel_shuffle():
    def operation(self, x):
        left, right = x.chunk(2, 1)
        x = torch.cat([left, F.relu(self.a(right))], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)

    return between_convolutions(operation, channels=6, a=nn.Conv2d(3, 3, 3, padding=1, groups=3))


@fixture(SMALL, "channel shuffle from the dynamo exporter", exporter="dynamo", opset=18)
def channel_shuffle_dynamo():
    return channel_shuffle()


@fixture(SMALL, "Slice with steps, from the end, of several axes at once; uneven Split")
def slices():
    def operation(self, x):
        a, b, c = torch.split(x, [1, 3, 2], 1)
        x = torch.cat([b, a, c[:, :, :, :], x[:, -2:], x[:, ::2]], 1)
        return x[:, :, 1:-1:2, ::3]

    return between_convolutions(operation, channels=6, after=11)


@fixture(SMALL, "padding with a constant, by reflection and by the edge")
def pads():
    def operation(self, x):
        x = F.pad(x, (1, 2, 0, 3), value=0.7)
        x = F.pad(x, (2, 1, 3, 0), mode="reflect")
        return F.pad(x, (0, 2, 1, 1), mode="replicate")

    return between_convolutions(operation)


@fixture(SMALL, "Expand and Tile", dynamic="N")
def expand_and_tile():
    def operation(self, x):
        plane = x.mean(1, keepdim=True).expand(-1, 5, -1, -1)
        return torch.cat([x * plane, x.repeat(1, 2, 1, 1)], 1)

    return between_convolutions(operation, after=15)


@fixture(SMALL, "concatenation along height and along width")
def spatial_concatenation():
    return between_convolutions(
        lambda self, x: torch.cat([torch.cat([x, F.relu(x)], 2), torch.cat([F.relu(-x), x], 2)], 3))


@fixture(SMALL, "squeeze, unsqueeze, transpose and reshapes through five axes", opset=13)
def axis_moves():
    def operation(self, x):
        x = x.unsqueeze(2).permute(0, 1, 4, 3, 2).squeeze(4)
        return F.relu(x).flatten(2).unflatten(2, (10, 9)).transpose(2, 3)

    return between_convolutions(operation)


@fixture(SMALL, "sizes computed in the graph: view with sizes read from the tensor, zeros and ranges made to measure")
def shape_arithmetic():
    def operation(self, x):
        n, c, h, w = x.shape
        ramp = torch.arange(w, dtype=x.dtype) / w
        zeros = torch.zeros(n, c, h, 1)
        x = torch.cat([x + ramp, zeros], 3)
        return x.reshape(n * c, -1).view(n, c, h, w + 1)

    return between_convolutions(operation)


# Resizing


@fixture((1, 3, 6, 7), "nearest-neighbour enlargement by factors and to a size")
def resize_nearest():
    return between_convolutions(
        lambda self, x: F.interpolate(F.relu(F.interpolate(x, scale_factor=2)), size=(17, 19)))


@fixture((1, 3, 6, 7), "bilinear resizing up and down, with corners aligned and without")
def resize_linear():
    def operation(self, x):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = F.interpolate(F.relu(x), size=(9, 15), mode="bilinear", align_corners=True)
        return F.interpolate(x, size=(7, 8), mode="bilinear", align_corners=False)

    return between_convolutions(operation)


@fixture((1, 3, 6, 7), "bilinear enlargement to the size of an earlier value (segmentation), dynamo exporter",
         exporter="dynamo", opset=18, dynamic="")
def resize_to_match_dynamo():
    def compute(self, x):
        y = self.b(F.relu(self.a(x)))
        return F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)

    return Network(compute, a=nn.Conv2d(3, 5, 3, stride=2, padding=1), b=nn.Conv2d(5, 3, 1))


@fixture((1, 3, 6, 7), "bilinear enlargement to a size read from the graph (segmentation)")
def resize_to_match():
    return resize_to_match_dynamo()


# Products and probabilities


@fixture((2, 3, 6, 7), "self-attention over pixels: batched MatMul of computed values, softmax over the last axis",
         dynamic="N")
def self_attention():
    def operation(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(x).flatten(2).transpose(1, 2).chunk(3, -1)
        weights = (q @ k.transpose(1, 2) * c**-0.5).softmax(-1)
        return x + self.out(weights @ v).transpose(1, 2).reshape(n, c, h, w)

    return between_convolutions(operation, qkv=nn.Conv2d(5, 15, 1), out=nn.Linear(5, 5))


@fixture((1, 3, 6, 7), "self-attention from the dynamo exporter", exporter="dynamo", opset=18, dynamic="")
def self_attention_dynamo():
    return self_attention()


@fixture(SMALL, "softmax over channels at every pixel, log-softmax at the end")
def softmax_and_log_softmax():
    network = between_convolutions(lambda self, x: F.softmax(4 * x, 1) * x)
    network.head.append(nn.LogSoftmax(1))
    return network


@fixture((2, 3, 6, 5), "softmax of opset 11 flattens the axes after the given one", opset=11, dynamic="")
def softmax_opset_11():
    return between_convolutions(lambda self, x: F.softmax(4 * x.flatten(1), 1).view(2, 5, 6, 5) * x)
