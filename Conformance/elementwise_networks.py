"""One small network per activation, elementary function and kind of broadcasting, as PyTorch's exporters write them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from fixture import fixture
from network_parts import between_convolutions

SMALL = (1, 3, 9, 10)


# Activations: one fixture each, since each has its own derivative.

ACTIVATIONS = {
    "leaky_relu": nn.LeakyReLU(0.1),
    "prelu_shared": nn.PReLU(),
    "elu": nn.ELU(0.7),
    "selu": nn.SELU(),
    "celu": nn.CELU(0.8),
    "sigmoid": nn.Sigmoid(),
    "hard_sigmoid": nn.Hardsigmoid(),
    "hard_swish": nn.Hardswish(),
    "tanh": nn.Tanh(),
    "softplus": nn.Softplus(),
    "mish": nn.Mish(),
    "silu": nn.SiLU(),
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "hardtanh": nn.Hardtanh(-0.3, 0.4),
}
for activation_name, activation in ACTIVATIONS.items():
    fixture(SMALL, f"the activation {activation_name}, on values of both signs", stage="wide",
            name=f"activation_{activation_name}")(
        lambda activation=activation: between_convolutions(lambda self, x: self.activation(x * 3),
                                                           activation=activation))


@fixture(SMALL, "PReLU with a slope per channel, one of them negative")
def activation_prelu():
    network = between_convolutions(lambda self, x: self.activation(x), activation=nn.PReLU(5))
    nn.init.uniform_(network.activation.weight, -0.3, 0.6)
    return network


@fixture(SMALL, "hard-swish written out of pieces, as before opset 14", opset=11)
def activation_hard_swish_pieces():
    return between_convolutions(lambda self, x: x * F.relu6(2 * x + 3) / 6)


@fixture(SMALL, "GELU, SiLU and hard-swish from the dynamo exporter", exporter="dynamo", opset=18)
def activation_dynamo():
    return between_convolutions(lambda self, x: F.gelu(3 * x) + F.silu(2 * x) * F.hardswish(4 * x))


@fixture(SMALL, "Exp, Log, Sqrt, Pow, Neg, Abs, Reciprocal and Erf")
def elementary_functions():
    def operation(self, x):
        positive = torch.abs(x) + 0.5
        return (torch.exp(-x) * 0.3 + torch.log(positive) + torch.sqrt(positive) - positive.pow(1.5)
                + torch.reciprocal(positive) + torch.erf(x) + x.pow(2) + x.pow(3))

    return between_convolutions(operation)


# Broadcasting


@fixture(SMALL, "Sub, Mul, Div, Max and Min with scalars, channel vectors and whole tensors on either side")
def broadcasting():
    def operation(self, x):
        x = (1.5 - x) * self.scale - self.shift / (x * x + 2)
        y = torch.maximum(x, self.shift) + torch.minimum(x, self.scale)
        return y / self.scale - x * y

    network = between_convolutions(operation)
    network.register_parameter("scale", nn.Parameter(torch.rand(1, 5, 1, 1) + 0.5))
    network.register_parameter("shift", nn.Parameter(torch.randn(5, 1, 1)))
    return network


@fixture(SMALL, "tensors that broadcast against each other: [N,C,1,1] with [N,1,H,W], rows with columns", dynamic="N")
def broadcasting_both_ways():
    def operation(self, x):
        channels, plane = x.mean((2, 3), keepdim=True), x.mean(1, keepdim=True)
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True)
        return x + channels * plane + rows * columns - self.row

    network = between_convolutions(operation)
    network.register_parameter("row", nn.Parameter(torch.randn(10)))
    return network
