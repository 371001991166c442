"""Networks written node by node, for what PyTorch's exporters never write: other converters' habits (NHWC
transposes, SAME padding), operators they take apart (LRN, Mish, Gelu, GroupNormalization, MaxUnpool), attributes of
old opsets, and weights stored as float16 or int8."""

from __future__ import annotations

import numpy as np
import torch
from onnx import TensorProto
from torch import nn
from torch.nn import functional as F

from fixture import GraphWriter, fixture
from network_parts import Network, head, int64

SMALL = (1, 3, 9, 10)


def convolution(w: GraphWriter, x: str, layer: nn.Module, name: str, **attributes) -> str:
    return w.node("ConvTranspose" if isinstance(layer, nn.ConvTranspose2d) else "Conv", x,
                  w.weight(f"{name}.weight", layer.weight), w.weight(f"{name}.bias", layer.bias), **attributes)


def pooled_head(w: GraphWriter, x: str, layers: nn.Sequential) -> str:
    x = w.node("Flatten", w.node("GlobalAveragePool", x))
    return w.node("Gemm", x, w.weight("head.weight", layers[2].weight), w.weight("head.bias", layers[2].bias), transB=1)


def operator_between_convolutions(what: str, operation, write, *, opset: int, channels: int = 5,
                                  shape: tuple[int, ...] = SMALL, name: str):
    """Registers convolution → operation → convolution → head, with `write(w, x)` for the operation's nodes."""

    def make():
        return Network(lambda self, x: self.head(self.b(operation(self.a(x)))),
                       a=nn.Conv2d(3, channels, 3, padding=1), b=nn.Conv2d(channels, 6, 3), head=head(6))

    def graph(network: nn.Module):
        w = GraphWriter(opset, ir_version=10 if opset > 18 else 8)
        x = write(w, convolution(w, "input", network.a, "a", pads=[1, 1, 1, 1]))
        x = pooled_head(w, convolution(w, x, network.b, "b"), network.head)
        return w.model(["N", 3, *shape[2:]], {x: ["N", 4]})

    fixture(shape, what, stage="wide", name=name, graph=graph, exporter="handwritten", opset=opset)(make)


# Operators that exporters take apart

operator_between_convolutions(
    "Mish as one operator", lambda x: F.mish(2 * x),
    lambda w, x: w.node("Mish", w.node("Add", x, x)), opset=18, name="operator_mish")
operator_between_convolutions(
    "Gelu as one operator, exact and by tanh", lambda x: F.gelu(2 * x) + F.gelu(x, approximate="tanh"),
    lambda w, x: w.node("Add", w.node("Gelu", w.node("Add", x, x)), w.node("Gelu", x, approximate="tanh")),
    opset=20, name="operator_gelu")
operator_between_convolutions(
    "HardSigmoid and HardSwish with their own slopes",
    lambda x: torch.clamp(0.3 * x + 0.4, 0, 1) + F.hardswish(4 * x),
    lambda w, x: w.node("Add", w.node("HardSigmoid", x, alpha=0.3, beta=0.4),
                        w.node("HardSwish", w.node("Mul", x, w.weight("four", np.float32(4))))),
    opset=14, name="operator_hard_sigmoid")
operator_between_convolutions(
    "local response normalization as one operator",
    lambda x: F.local_response_norm(x, 3, alpha=0.6, beta=0.75, k=1.5),
    lambda w, x: w.node("LRN", x, size=3, alpha=0.6, beta=0.75, bias=1.5), opset=13, name="operator_lrn")
operator_between_convolutions(
    "Upsample with scales as an input (opset 9), nearest and linear",
    lambda x: F.interpolate(F.relu(F.interpolate(x, scale_factor=2)), scale_factor=1, mode="bilinear"),
    lambda w, x: w.node("Upsample", w.node("Relu", w.node("Upsample", x, w.weight(
        "twice", np.array([1, 1, 2, 2], np.float32)), mode="nearest")),
        w.weight("once", np.array([1, 1, 1, 1], np.float32)), mode="linear"),
    opset=9, shape=(1, 3, 6, 7), name="operator_upsample")
operator_between_convolutions(
    "Clip with only one of its bounds", lambda x: x.clamp(min=-0.1) + x.clamp(max=0.2),
    lambda w, x: w.node("Add", w.node("Clip", x, w.weight("low", np.float32(-0.1))),
                        w.node("Clip", x, "", w.weight("high", np.float32(0.2)))),
    opset=13, name="operator_clip_one_bound")
operator_between_convolutions(
    "Sum, Mean, Max and Min of three operands each",
    lambda x: (x + F.relu(x) + 0.3) + (x + torch.abs(x) + 0.3) / 3
    + torch.maximum(x, 2 * x).clamp(min=0.1) * torch.minimum(x, -x).clamp(max=0.3),
    lambda w, x: write_variadic(w, x), opset=13, name="operator_variadic")


def write_variadic(w: GraphWriter, x: str) -> str:
    third, tenth = w.weight("third", np.float32(0.3)), w.weight("tenth", np.float32(0.1))
    total = w.node("Sum", x, w.node("Relu", x), third)
    mean = w.node("Mean", x, w.node("Abs", x), third)
    product = w.node("Mul", w.node("Max", x, w.node("Add", x, x), tenth), w.node("Min", x, w.node("Neg", x), third))
    return w.node("Sum", total, mean, product)


def write_space_to_depth(w: GraphWriter, x: str) -> str:
    y = w.node("Relu", w.node("DepthToSpace", x, blocksize=2, mode="DCR"))
    return w.node("SpaceToDepth", w.node("Add", y, y), blocksize=2)


def depth_to_space_dcr(x: torch.Tensor) -> torch.Tensor:
    """ONNX's DepthToSpace in its "depth, column, row" order, which PyTorch's pixel shuffle does not have."""
    n, c, h, w = x.shape
    return x.view(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, 2 * h, 2 * w)


def space_to_depth(x: torch.Tensor) -> torch.Tensor:
    n, c, h, w = x.shape
    return x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, 4 * c, h // 2, w // 2)


operator_between_convolutions(
    "DepthToSpace in DCR order and SpaceToDepth", lambda x: space_to_depth(2 * F.relu(depth_to_space_dcr(x))),
    write_space_to_depth, opset=13, channels=8, name="operator_space_to_depth")
operator_between_convolutions(
    "GroupNormalization as one operator, scale and bias per channel (opset 21)",
    lambda x: F.group_norm(x, 3, torch.linspace(0.5, 1.5, 6, dtype=x.dtype), torch.linspace(-1, 1, 6, dtype=x.dtype)),
    lambda w, x: w.node("GroupNormalization", x, w.weight("scale", np.linspace(0.5, 1.5, 6, dtype=np.float32)),
                        w.weight("shift", np.linspace(-1, 1, 6, dtype=np.float32)), num_groups=3, epsilon=1e-5),
    opset=21, channels=6, name="operator_group_normalization")
operator_between_convolutions(
    "Pad in each mode with constant, reflect and edge, cropping by negative pads, axes given (opset 18)",
    lambda x: F.pad(F.pad(F.pad(x, (1, 2, 0, -1), value=0.5), (0, 0, 2, 1), mode="reflect"), (3, 0, 0, 1), "replicate"),
    lambda w, x: w.node(
        "Pad", w.node("Pad", w.node("Pad", x, w.weight("p1", int64(0, 0, 0, 1, 0, 0, -1, 2)),
                                    w.weight("half", np.float32(0.5))),
                      w.weight("p2", int64(2, 1)), "", w.weight("a2", int64(2)), mode="reflect"),
        w.weight("p3", int64(0, 0, 0, 3, 0, 0, 1, 0)), mode="edge"), opset=18, name="operator_pad")
operator_between_convolutions(
    "Resize, nearest, with half-pixel and asymmetric coordinates and different roundings",
    lambda x: F.interpolate(x, size=(13, 15), mode="nearest-exact") + F.interpolate(x, size=(13, 15), mode="nearest"),
    lambda w, x: w.node(
        "Add", w.node("Resize", x, "", "", w.weight("sizes", int64(1, 5, 13, 15)), mode="nearest",
                      coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_ceil"),
        w.node("Resize", x, "", "", "sizes", mode="nearest", coordinate_transformation_mode="asymmetric",
               nearest_mode="floor")), opset=13, shape=(1, 3, 6, 7), name="operator_resize_nearest")


def cropped(x: torch.Tensor, rows: tuple[float, float], columns: tuple[float, float], size: tuple[int, int]):
    """The part of the image between these shares of the way from its first to its last pixel, resampled."""
    along = [torch.linspace(2 * a - 1, 2 * b - 1, n, dtype=x.dtype) for (a, b), n in zip((rows, columns), size)]
    y, x_axis = torch.meshgrid(*along, indexing="ij")
    grid = torch.stack([x_axis, y], -1).expand(len(x), -1, -1, -1)
    return F.grid_sample(x, grid, mode="bilinear", align_corners=True)


operator_between_convolutions(
    "Resize of a part of the image, 0.5 outside of it, then to extents of other proportions (opset 18)",
    lambda x: F.interpolate(F.pad(cropped(x, (0.2, 0.9), (0.1, 0.9), (7, 6)), (0, 4), value=0.5), size=(14, 20),
                            mode="bilinear", align_corners=False),
    lambda w, x: w.node(
        "Resize", w.node(
            "Resize", x, w.weight("part", np.float32([0.2, 0.1, 0.9, 1.54])), "", w.weight("sizes", int64(7, 10)),
            mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=0.5, axes=[2, 3]),
        "", "", w.weight("larger", int64(14, 30)), mode="linear", keep_aspect_ratio_policy="not_larger", axes=[2, 3]),
    opset=18, shape=(1, 3, 12, 11), name="operator_resize_crop")


# Max pooling with indices, and unpooling


def write_seg_net(network: nn.Module):
    w = GraphWriter(12)
    x = w.node("Relu", convolution(w, "input", network.a, "a", pads=[1, 1, 1, 1]))
    p = w.node("MaxPool", x, outputs=2, kernel_shape=[2, 2], strides=[2, 2])
    y = w.node("Relu", convolution(w, p, network.b, "b", pads=[1, 1, 1, 1]))
    q = w.node("MaxPool", y, outputs=2, kernel_shape=[2, 2], strides=[2, 2])
    z = w.node("Relu", convolution(w, q, network.c, "c", pads=[1, 1, 1, 1]))
    z = w.node("MaxUnpool", z, f"{q}_1", kernel_shape=[2, 2], strides=[2, 2])
    z = w.node("Relu", convolution(w, z, network.d, "d", pads=[1, 1, 1, 1]))
    z = w.node("MaxUnpool", z, f"{p}_1", kernel_shape=[2, 2], strides=[2, 2])
    z = convolution(w, z, network.e, "e")
    return w.model(["N", 3, 12, 16], {z: ["N", 3, 12, 16]})


@fixture((1, 3, 12, 16), "encoder and decoder that share max-pool switches (SegNet): indices count through the tensor",
         graph=write_seg_net, exporter="handwritten", opset=12, dynamic="N")
def seg_net():
    def compute(self, x):
        x, p = F.max_pool2d(F.relu(self.a(x)), 2, return_indices=True)
        x, q = F.max_pool2d(F.relu(self.b(x)), 2, return_indices=True)
        x = F.max_unpool2d(F.relu(self.c(x)), q, 2)
        x = F.max_unpool2d(F.relu(self.d(x)), p, 2)
        return self.e(x)

    def three(i: int, o: int) -> nn.Module:
        return nn.Conv2d(i, o, 3, padding=1)

    return Network(compute, a=three(3, 5), b=three(5, 6), c=three(6, 6), d=three(6, 5), e=nn.Conv2d(5, 3, 1))


# SAME padding and NHWC, as TensorFlow's converters write them


def write_same_padding(network: nn.Module):
    w = GraphWriter(12)
    x = w.node("Relu", convolution(w, "input", network.a, "a", auto_pad="SAME_UPPER", strides=[2, 2]))
    x = w.node("MaxPool", x, auto_pad="SAME_UPPER", kernel_shape=[3, 3], strides=[2, 2])
    x = w.node("Relu", convolution(w, x, network.b, "b", auto_pad="SAME_LOWER", strides=[1, 1]))
    x = w.node("AveragePool", x, auto_pad="SAME_UPPER", kernel_shape=[2, 2], strides=[1, 1])
    x = w.node("Relu", convolution(w, x, network.c, "c", auto_pad="VALID"))
    return w.model(["N", 3, 15, 18], {pooled_head(w, x, network.head): ["N", 4]})


@fixture((1, 3, 15, 18), "SAME_UPPER, SAME_LOWER and VALID for convolution and both poolings",
         graph=write_same_padding, exporter="handwritten", opset=12, stage="wide")
def same_padding():
    def compute(self, x):
        x = F.relu(self.a(F.pad(x, (1, 2, 2, 2))))  # 18 → 9 with kernel 5, stride 2: 3 in all; 15 → 8: 4 in all
        x = F.max_pool2d(F.pad(x, (1, 1, 0, 1), value=-torch.inf), 3, 2)  # 9 → 5: 2; 8 → 4: 1
        x = F.relu(self.b(F.pad(x, (1, 0, 1, 0))))
        # The padding is left out of the count: divide by the number of pixels under the window.
        ones = F.pad(torch.ones_like(x), (0, 1, 0, 1))
        x = F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, 1) / F.avg_pool2d(ones, 2, 1)
        return self.head(F.relu(self.c(x)))

    return Network(compute, a=nn.Conv2d(3, 5, 5, stride=2), b=nn.Conv2d(5, 6, 2), c=nn.Conv2d(6, 7, 3), head=head(7))


def write_channels_last(network: nn.Module, from_channels_last: bool):
    w = GraphWriter(15)
    to_first, to_last = [0, 3, 1, 2], [0, 2, 3, 1]
    x = w.node("Transpose", "input", perm=to_first) if from_channels_last else "input"
    x = w.node("Conv", x, w.weight("a.weight", network.a.weight), auto_pad="SAME_UPPER", strides=[1, 1])
    x = w.node("Transpose", x, perm=to_last)
    x = w.node("Relu", w.node("Add", x, w.weight("a.bias", network.a.bias)))
    x = w.node("MaxPool", w.node("Transpose", x, perm=to_first), kernel_shape=[2, 2], strides=[2, 2])
    x = w.node("Transpose", x, perm=to_last)
    y = w.node("Conv", w.node("Transpose", x, perm=to_first), w.weight("b.weight", network.b.weight),
               w.weight("b.bias", network.b.bias), pads=[1, 1, 1, 1])
    y = w.node("Relu", w.node("Transpose", y, perm=to_last))
    y = w.node("Pad", w.node("Concat", y, x, axis=3), w.weight("pads", int64(0, 1, 0, 0, 0, 0, 2, 0)))
    y = w.node("Conv", w.node("Transpose", y, perm=to_first), w.weight("c.weight", network.c.weight))
    y = w.node("Mul", w.node("Transpose", y, perm=to_last), w.weight("scale", network.scale))
    y = w.node("ReduceMean", w.node("Relu", y), axes=[1, 2], keepdims=0)
    y = w.node("MatMul", y, w.weight("head.weight", network.head.weight.T))
    y = w.node("Add", y, w.weight("head.bias", network.head.bias))
    return w.model(["N", 12, 14, 3] if from_channels_last else ["N", 3, 12, 14], {y: ["N", 4]})


def channels_last_network(from_channels_last: bool) -> nn.Module:
    def compute(self, x):
        x = F.max_pool2d(F.relu(self.a(x.permute(0, 3, 1, 2) if from_channels_last else x)), 2)
        x = F.pad(torch.cat([F.relu(self.b(x)), x], 1), (0, 2, 1, 0))
        x = F.relu(self.c(x) * self.scale.view(-1, 1, 1))
        return self.head(x.mean((2, 3)))

    network = Network(compute, a=nn.Conv2d(3, 5, 3, padding=1), b=nn.Conv2d(5, 6, 3, padding=1),
                      c=nn.Conv2d(11, 7, 3, bias=False), head=nn.Linear(7, 4))
    network.register_parameter("scale", nn.Parameter(torch.rand(7) + 0.5))
    return network


@fixture((1, 12, 14, 3), "a TensorFlow network with [N,H,W,C] input: transposes around every convolution",
         graph=lambda network: write_channels_last(network, True), exporter="handwritten", opset=15, dynamic="N")
def channels_last_input():
    return channels_last_network(True)


@fixture((1, 3, 12, 14), "a TensorFlow network with its input already [N,C,H,W]",
         graph=lambda network: write_channels_last(network, False), exporter="handwritten", opset=15, dynamic="N")
def channels_last_inside():
    return channels_last_network(False)


def write_transposed_same(network: nn.Module):
    w = GraphWriter(13)
    x = w.node("Relu", convolution(w, "input", network.a, "a", auto_pad="SAME_UPPER", strides=[2, 2]))
    x = convolution(w, x, network.b, "b", pads=[0, 1, 1, 2], strides=[2, 2])
    return w.model(["N", 3, 5, 6], {x: ["N", 2, 20, 22]})


@fixture((1, 3, 5, 6), "transposed convolutions with SAME padding and with a different pad on every side",
         graph=write_transposed_same, exporter="handwritten", opset=13, dynamic="N")
def transposed_convolution_pads():
    def compute(self, x):
        x = F.relu(self.a(x)[:, :, :10, :12])  # SAME_UPPER cuts the surplus row and column at the end
        return self.b(x)[:, :, :-1, 1:-2]

    return Network(compute, a=nn.ConvTranspose2d(3, 5, 3, stride=2), b=nn.ConvTranspose2d(5, 2, 3, stride=2))


# Weights in other number formats


def rounded_to_half(network: nn.Module) -> nn.Module:
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(p.half().float())
    return network


def write_half_weights(network: nn.Module):
    w = GraphWriter(13)

    def half(name: str, value: torch.Tensor) -> str:
        stored = w.weight(name, value.detach().half().numpy())
        return w.node("Cast", stored, to=TensorProto.FLOAT)

    x = w.node("Conv", "input", half("a.weight", network.a.weight), half("a.bias", network.a.bias), pads=[1, 1, 1, 1])
    x = w.node("Flatten", w.node("GlobalAveragePool", w.node("Relu", x)))
    x = w.node("Gemm", x, half("head.weight", network.head.weight), half("head.bias", network.head.bias), transB=1)
    return w.model(["N", 3, "H", "W"], {x: ["N", 4]})


@fixture(SMALL, "weights stored as float16 and widened by Cast", graph=write_half_weights, exporter="handwritten",
         opset=13)
def float16_weights():
    return rounded_to_half(Network(lambda self, x: self.head(F.relu(self.a(x)).mean((2, 3))),
                                   a=nn.Conv2d(3, 7, 3, padding=1), head=nn.Linear(7, 4)))


def write_block_quantized(network: nn.Module):
    w = GraphWriter(21)
    x = w.node("Relu", convolution(w, "input", network.a, "a", pads=[1, 1, 1, 1]))
    x = w.node("Flatten", w.node("GlobalAveragePool", x))
    stored = w.node("DequantizeLinear", w.weight("head.weight", network.values), w.weight("head.scale", network.scale),
                    axis=1, block_size=3)
    x = w.node("Gemm", x, stored, w.weight("head.bias", network.head.bias), transB=1)
    return w.model(["N", 3, "H", "W"], {x: ["N", 4]})


@fixture(SMALL, "a weight stored as int8 with a scale per block of three values (opset 21)",
         graph=write_block_quantized, exporter="handwritten", opset=21)
def block_quantized_weight():
    network = Network(lambda self, x: self.head(F.relu(self.a(x)).mean((2, 3))),
                      a=nn.Conv2d(3, 7, 3, padding=1), head=nn.Linear(7, 4))
    with torch.no_grad():
        blocks = torch.arange(7) // 3
        scale = torch.stack([network.head.weight[:, blocks == b].abs().amax(1) / 127 for b in range(3)], 1)
        values = (network.head.weight / scale[:, blocks]).round().to(torch.int8)
        network.head.weight.copy_(values.float() * scale[:, blocks])
    network.values, network.scale = values.numpy(), scale.numpy()
    return network


def quantize(weight: torch.Tensor, per_channel: bool):
    """int8 or uint8 values, scale and zero point; the weight is replaced by what they stand for."""
    with torch.no_grad():
        if per_channel:
            scale = weight.abs().flatten(1).amax(1) / 127
            zero = torch.zeros(len(scale), dtype=torch.int8)
            column = scale.view(-1, *[1] * (weight.dim() - 1))
            values = (weight / column).round().clamp(-127, 127).to(torch.int8)
            weight.copy_(values.float() * column)
        else:
            scale = (weight.max() - weight.min()) / 255
            zero = (-weight.min() / scale).round().to(torch.uint8)
            values = (weight / scale + zero).round().clamp(0, 255).to(torch.uint8)
            weight.copy_((values.float() - zero.float()) * scale)
    return values.numpy(), scale.numpy(), zero.numpy()


def write_quantized_weights(network: nn.Module):
    w = GraphWriter(13)

    def dequantized(name: str, stored, **attributes) -> str:
        values, scale, zero = stored
        return w.node("DequantizeLinear", w.weight(name, values), w.weight(f"{name}.scale", scale),
                      w.weight(f"{name}.zero", zero), **attributes)

    x = w.node("Conv", "input", dequantized("a.weight", network.stored[0], axis=0), w.weight("a.bias", network.a.bias),
               pads=[1, 1, 1, 1])
    x = w.node("Flatten", w.node("GlobalAveragePool", w.node("Relu", x)))
    x = w.node("Gemm", x, dequantized("head.weight", network.stored[1]), w.weight("head.bias", network.head.bias),
               transB=1)
    return w.model(["N", 3, "H", "W"], {x: ["N", 4]})


@fixture(SMALL, "weights stored as int8 per channel and as uint8 with a zero point", graph=write_quantized_weights,
         exporter="handwritten", opset=13)
def quantized_weights():
    network = Network(lambda self, x: self.head(F.relu(self.a(x)).mean((2, 3))),
                      a=nn.Conv2d(3, 7, 3, padding=1), head=nn.Linear(7, 4))
    network.stored = [quantize(network.a.weight, True), quantize(network.head.weight, False)]
    return network
