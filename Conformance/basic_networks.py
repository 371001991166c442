"""Networks of the plain convolutional vocabulary: convolution, pooling, ReLU, addition, concatenation, batch
normalization, fully-connected layers. Each is built around one thing that an engine with blocked layouts, fused
operators and in-place memory can get wrong; this file has the layers, structural_networks.py what is made of them."""

from __future__ import annotations

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

from fixture import GraphWriter, fixture
from network_parts import Network, head, int64


# Convolution


@fixture((1, 3, 13, 13), "odd channel counts, so that blocked layouts carry padding channels")
def convolution_odd_channels():
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 7, 3, padding=1), nn.ReLU(),
                         nn.MaxPool2d(2), head(7))


@fixture((1, 3, 14, 14), "channel counts at, below and above the vector width, from the dynamo exporter",
         exporter="dynamo", opset=18)
def convolution_block_boundaries():
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 15, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(15, 17, 3), nn.ReLU(), head(17))


@fixture((1, 8, 12, 12), "3×3 convolutions with stride 1 and full blocks: where Winograd algorithms are chosen")
def convolution_winograd():
    return nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), head(16))


@fixture((1, 3, 19, 26), "different strides, kernel sizes and pads per axis on a non-square input")
def convolution_strides():
    return nn.Sequential(nn.Conv2d(3, 6, (5, 3), stride=(2, 1), padding=(2, 0)), nn.ReLU(),
                         nn.Conv2d(6, 5, (3, 4), stride=(1, 3), padding=(0, 1)), nn.ReLU(), head(5))


@fixture((1, 3, 17, 15), "a stride that leaves input pixels at the lower and right edges unread")
def convolution_stride_remainder():
    return nn.Sequential(nn.Conv2d(3, 6, 2, stride=3), nn.ReLU(), nn.Conv2d(6, 5, 2, stride=2), nn.ReLU(), head(5))


@fixture((1, 3, 17, 20), "dilation, the same on both axes and different")
def convolution_dilation():
    return nn.Sequential(nn.Conv2d(3, 5, 3, dilation=2, padding=2), nn.ReLU(),
                         nn.Conv2d(5, 6, 3, dilation=(1, 3), padding=(1, 2)), nn.ReLU(), head(6))


@fixture((1, 6, 11, 12), "grouped convolution with group sizes that are not multiples of a block")
def convolution_groups():
    return nn.Sequential(nn.Conv2d(6, 9, 3, groups=3, padding=1), nn.ReLU(), nn.Conv2d(9, 12, 3, groups=3, stride=2),
                         nn.ReLU(), head(12))


@fixture((1, 3, 15, 15), "depthwise convolution, with stride and a channel multiplier, between 1×1 convolutions")
def convolution_depthwise():
    return nn.Sequential(nn.Conv2d(3, 7, 1), nn.ReLU(), nn.Conv2d(7, 7, 3, groups=7, padding=1), nn.ReLU(),
                         nn.Conv2d(7, 14, 3, groups=7, stride=2, padding=1, bias=False), nn.ReLU(),
                         nn.Conv2d(14, 9, 1), nn.ReLU(), head(9))


@fixture((1, 3, 13, 16), "1×1 convolutions, one with stride 2, without bias")
def convolution_pointwise():
    return nn.Sequential(nn.Conv2d(3, 9, 1, bias=False), nn.ReLU(), nn.Conv2d(9, 5, 1, stride=2, bias=False),
                         nn.ReLU(), head(5))


@fixture((1, 3, 12, 14), "even kernels, and more padding than half the kernel")
def convolution_even_kernels():
    return nn.Sequential(nn.Conv2d(3, 5, 4, padding=3), nn.ReLU(), nn.Conv2d(5, 6, 2, padding=1), nn.ReLU(), head(6))


@fixture((1, 3, 10, 9), "a kernel as large as the input, then 1×1 images", dynamic="N")
def convolution_to_one_pixel():
    return nn.Sequential(nn.Conv2d(3, 6, (10, 9)), nn.ReLU(), nn.Conv2d(6, 5, 1), nn.ReLU(), head(5))


def write_asymmetric_pads(network: nn.Module):
    w = GraphWriter(13)
    x = w.node("Conv", "input", w.weight("w1", network.a.weight), w.weight("b1", network.a.bias), pads=[0, 2, 1, 0],
               kernel_shape=[3, 3], strides=[1, 1])
    x = w.node("Relu", x)
    x = w.node("Conv", x, w.weight("w2", network.b.weight), w.weight("b2", network.b.bias), pads=[2, 0, 0, 1],
               strides=[2, 2])
    x = w.node("Flatten", w.node("GlobalAveragePool", w.node("Relu", x)))
    x = w.node("Gemm", x, w.weight("w3", network.c.weight), w.weight("b3", network.c.bias), transB=1)
    return w.model(["N", 3, "H", "W"], {x: ["N", 4]})


@fixture((1, 3, 12, 13), "a different pad on every side", graph=write_asymmetric_pads, exporter="handwritten", opset=13)
def convolution_asymmetric_pads():
    def compute(self, x):
        # F.pad counts from the last axis: left, right, top, bottom; ONNX: top, left, bottom, right.
        x = F.relu(self.a(F.pad(x, (2, 0, 0, 1))))
        x = F.relu(self.b(F.pad(x, (0, 1, 2, 0))))
        return self.c(x.mean((2, 3)))

    return Network(compute, a=nn.Conv2d(3, 5, 3), b=nn.Conv2d(5, 6, 3, stride=2), c=nn.Linear(6, 4))


# Pooling


@fixture((1, 3, 15, 17), "overlapping max pooling with padding")
def max_pool_overlapping():
    return nn.Sequential(nn.Conv2d(3, 7, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
                         nn.Conv2d(7, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 1, 1), head(5))


@fixture((1, 3, 12, 14), "max pooling of negative values: padding must never win")
def max_pool_negative_values():
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.MaxPool2d(3, 2, 1), nn.Conv2d(5, 6, 3),
                            nn.MaxPool2d((2, 3), padding=(1, 1)), head(6))
    nn.init.constant_(network[0].bias, -3)
    nn.init.constant_(network[2].bias, -3)
    return network


@fixture((1, 3, 16, 13), "max pooling whose last window hangs over the edge (ceil mode)")
def max_pool_ceil():
    return nn.Sequential(nn.Conv2d(3, 7, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
                         nn.Conv2d(7, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True), head(5))


@fixture((1, 3, 14, 17), "max pooling with different windows and strides per axis")
def max_pool_non_square():
    return nn.Sequential(nn.Conv2d(3, 9, 3), nn.ReLU(), nn.MaxPool2d((2, 3), (1, 2)), nn.Conv2d(9, 5, 3), nn.ReLU(),
                         nn.MaxPool2d((3, 1), (2, 1)), head(5))


@fixture((1, 3, 13, 15), "average pooling that counts the padding")
def average_pool_counting_padding():
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.AvgPool2d(3, 2, 1, count_include_pad=True),
                         nn.Conv2d(7, 5, 3, padding=1), nn.ReLU(), nn.AvgPool2d((2, 3), 1, (0, 1)), head(5))


@fixture((1, 3, 13, 15), "average pooling that leaves the padding out of the count")
def average_pool_not_counting_padding():
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.AvgPool2d(3, 2, 1, count_include_pad=False),
                         nn.Conv2d(7, 5, 3, padding=1), nn.ReLU(),
                         nn.AvgPool2d((2, 3), 1, (1, 1), count_include_pad=False), head(5))


@fixture((1, 3, 14, 16), "average pooling whose last window hangs over the edge (ceil mode)", opset=19)
def average_pool_ceil():
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(),
                         nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False),
                         nn.Conv2d(7, 5, 3, padding=1), nn.ReLU(), head(5))


@fixture((1, 3, 12, 13), "equal values under one max-pool window: the gradient goes to the first of them, row by row",
         tied_input=True)
def max_pool_ties():
    return nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.Conv2d(3, 7, 3), nn.ReLU(), head(7))


# Batch normalization, heads, small operators


@fixture((1, 3, 12, 14), "batch normalization after convolutions with and without bias, left in by the exporter",
         training_export=True)
def batch_normalization_after_convolution():
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 7, 3, bias=False),
                         nn.BatchNorm2d(7, eps=1e-3), nn.ReLU(), head(7))


@fixture((1, 3, 10, 11), "batch normalization before a padded convolution: folding it forward would shift the border",
         training_export=True, opset=13)
def batch_normalization_before_convolution():
    return nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(5),
                         nn.Conv2d(5, 7, 3, padding=1), nn.ReLU(), head(7))


@fixture((1, 3, 12, 12), "a result read by batch normalization and by a sum: folding it would change the sum",
         training_export=True)
def batch_normalization_beside_sum():
    def compute(self, x):
        x = self.a(x)
        return self.head(F.relu(self.norm(x)) + x)

    return Network(compute, a=nn.Conv2d(3, 6, 3), norm=nn.BatchNorm2d(6), head=head(6))


@fixture((1, 3, 12, 12), "ReLU6, as Clip with inputs")
def relu6():
    network = nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU6(), nn.Conv2d(7, 5, 3), nn.ReLU6(), head(5))
    nn.init.normal_(network[0].weight, 0, 1.5)
    nn.init.normal_(network[2].weight, 0, 0.5)
    return network


@fixture((1, 3, 12, 12), "ReLU6, as Clip with attributes (opset 10)", opset=10)
def relu6_opset_10():
    return relu6()


@fixture((1, 3, 16, 16), "flatten → fully connected → ReLU → fully connected, as in VGG", dynamic="N")
def flatten_head():
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(5, 7, 3, padding=1),
                         nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(112, 12), nn.ReLU(), nn.Dropout(),
                         nn.Linear(12, 4))


@fixture((1, 3, 14, 12), "flatten → fully connected from the dynamo exporter", exporter="dynamo", opset=18, dynamic="")
def flatten_head_dynamo():
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(150, 10), nn.ReLU(),
                         nn.Linear(10, 4))


@fixture((1, 3, 13, 17), "the classifier is a convolution before the pooling, as in SqueezeNet")
def convolutional_classifier():
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.Conv2d(7, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten())


@fixture((1, 3, 12, 15), "convolution, ReLU, max pooling, global average pooling, fully connected: CAM's form")
def cam_form():
    return nn.Sequential(nn.Conv2d(3, 7, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(7, 9, 3, padding=1),
                         nn.ReLU(), nn.MaxPool2d(2), head(9))


@fixture((1, 3, 12, 15), "CAM's form from the dynamo exporter", exporter="dynamo", opset=18)
def cam_form_dynamo():
    return cam_form()


@fixture((1, 3, 12, 13), "fully-connected layer without bias (MatMul), softmax at the end")
def softmax_head():
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(7, 5, bias=False), nn.Softmax(1))


@fixture((1, 3, 12, 13), "softmax_head up to its scores: this gradient is that network's before the softmax")
def softmax_head_scores():
    return softmax_head()[:-1]


def plain() -> nn.Module:
    """Two convolutions and a head: the module behind several handwritten files."""
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(5, 7, 3), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(7, 4))


@fixture((1, 3, 12, 14), "weights in a file beside the model (external data)", external_data=True)
def external_weights():
    return plain()


def write_opset_7(network: nn.Module):
    w = GraphWriter(7, ir_version=3, weights_as_inputs=True)
    x = w.node("Relu", w.node("Conv", "input", w.weight("w1", network[0].weight), w.weight("b1", network[0].bias),
                              pads=[1, 1, 1, 1], kernel_shape=[3, 3]))
    x = w.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = w.node("Relu", w.node("Conv", x, w.weight("w2", network[3].weight), w.weight("b2", network[3].bias)))
    x = w.node("Dropout", w.node("Identity", x), ratio=0.5)
    x = w.node("Reshape", w.node("GlobalAveragePool", x), w.weight("shape", int64(0, -1)))
    x = w.node("Gemm", x, w.weight("w3", network[7].weight.T), w.weight("b3", network[7].bias), alpha=1.0, beta=1.0)
    return w.model([1, 3, 12, 14], {x: [1, 4]})


@fixture((1, 3, 12, 14), "an old file: opset 7, IR 3, weights listed among the inputs, Dropout and Identity inside",
         graph=write_opset_7, exporter="handwritten", opset=7, dynamic="")
def opset_7_weights_as_inputs():
    return plain()


def constant(value: torch.Tensor) -> onnx.TensorProto:
    return numpy_helper.from_array(value.detach().float().numpy())


def write_matmul_add(network: nn.Module):
    w = GraphWriter(22, ir_version=10)
    w1 = w.node("Constant", value=constant(network[0].weight))
    b1 = w.node("Constant", value=constant(network[0].bias))
    x = w.node("Relu", w.node("Conv", "input", w1, b1, pads=[1, 1, 1, 1]))
    x = w.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    w.node("Relu", x)  # a branch that nothing reads
    w.weight("unused", network[7].bias)
    x = w.node("Relu", w.node("Conv", x, w.weight("w2", network[3].weight), w.weight("b2", network[3].bias)))
    x = w.node("Reshape", w.node("GlobalAveragePool", x), w.weight("shape", int64(-1, 7)))
    # The bias comes first, as some converters write it.
    x = w.node("Add", w.weight("b3", network[7].bias), w.node("MatMul", x, w.weight("w3", network[7].weight.T)))
    return w.model(["N", 3, "H", "W"], {x: ["N", 4]})


@fixture((2, 3, 12, 14), "weights from Constant nodes, MatMul and Add for the last layer, Reshape, dead ends",
         graph=write_matmul_add, exporter="handwritten", opset=22)
def constants_and_matmul():
    return plain()


def write_gemm_variants(network: nn.Module):
    w = GraphWriter(11)
    x = w.node("Relu", w.node("Conv", "input", w.weight("w1", network.a.weight), w.weight("b1", network.a.bias)))
    x = w.node("Flatten", w.node("GlobalAveragePool", x))
    x = w.node("Gemm", x, w.weight("w2", network.b.weight), w.weight("b2", network.b.bias[None] / 2), transB=1,
               alpha=1.0, beta=2.0)
    x = w.node("Gemm", w.node("Relu", x), w.weight("w3", network.c.weight.T * 4), alpha=0.25)
    return w.model(["N", 3, "H", "W"], {x: ["N", 4]})


@fixture((1, 3, 9, 9), "Gemm with alpha, beta, both weight orders, a bias of shape [1,M] and none",
         graph=write_gemm_variants, exporter="handwritten", opset=11)
def gemm_variants():
    def compute(self, x):
        x = F.relu(self.a(x)).mean((2, 3))
        return self.c(F.relu(self.b(x)))

    return Network(compute, a=nn.Conv2d(3, 6, 3), b=nn.Linear(6, 8), c=nn.Linear(8, 4, bias=False))
