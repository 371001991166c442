"""Networks whose layers are plain and whose connections are not: values with several readers, sums, concatenations,
several inputs and outputs. Each is a trap for fusing, for working in place, or for planning memory."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from fixture import fixture
from network_parts import Network, head


@fixture((1, 3, 14, 14), "residual blocks: an identity shortcut and a strided 1×1 one, ReLU after the sum")
def residual_addition():
    def compute(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.b(F.relu(self.a(x))) + x)
        x = F.relu(self.d(F.relu(self.c(x))) + self.shortcut(x))
        return self.head(x)

    return Network(
        compute, stem=nn.Conv2d(3, 7, 3), a=nn.Conv2d(7, 7, 3, padding=1), b=nn.Conv2d(7, 7, 3, padding=1),
        c=nn.Conv2d(7, 10, 3, stride=2, padding=1), d=nn.Conv2d(10, 10, 3, padding=1),
        shortcut=nn.Conv2d(7, 10, 1, stride=2), head=head(10))


@fixture((1, 3, 11, 13), "residual addition written with the operands the other way round and no ReLU after it",
         exporter="dynamo", opset=18)
def residual_addition_linear():
    def compute(self, x):
        x = self.stem(x)
        x = x + self.b(F.relu(self.a(x)))
        x = x + self.d(F.relu(self.c(x)))
        return self.head(x)

    return Network(
        compute, stem=nn.Conv2d(3, 6, 3), a=nn.Conv2d(6, 9, 1), b=nn.Conv2d(9, 6, 3, padding=1),
        c=nn.Conv2d(6, 9, 1), d=nn.Conv2d(9, 6, 3, padding=1), head=head(6))


@fixture((1, 3, 10, 12), "dense blocks: concatenation of odd channel counts, each value read by all later layers",
         training_export=True)
def dense_concatenation():
    def compute(self, x):
        x = self.stem(x)
        for step in (self.a, self.b, self.c):
            x = torch.cat([x, step(x)], 1)
        return self.head(F.relu(self.norm(x)))

    def step(channels: int, growth: int) -> nn.Module:
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, growth, 3, padding=1, bias=False))

    return Network(compute, stem=nn.Conv2d(3, 5, 3), a=step(5, 3), b=step(8, 7), c=step(15, 2),
                   norm=nn.BatchNorm2d(17), head=head(17))


@fixture((1, 3, 12, 12), "one value read by a convolution, a sum and a concatenation")
def three_consumers():
    def compute(self, x):
        x = F.relu(self.stem(x))
        y = self.a(x)
        return self.head(torch.cat([x, F.relu(y + x)], 1))

    return Network(compute, stem=nn.Conv2d(3, 7, 3), a=nn.Conv2d(7, 7, 3, padding=1), head=head(14))


@fixture((1, 3, 12, 11), "a convolution's result read before and after its ReLU: fusing them would lose one of the two")
def value_before_and_after_relu():
    def compute(self, x):
        x = self.a(x)
        return self.head(self.b(F.relu(x)) + x)

    return Network(compute, a=nn.Conv2d(3, 6, 3), b=nn.Conv2d(6, 6, 3, padding=1), head=head(6))


@fixture((1, 3, 11, 12), "a ReLU's result is a graph output and goes on into the network: its memory must stay")
def activation_as_output():
    def compute(self, x):
        features = F.relu(self.a(x))
        return self.head(F.relu(self.b(features))), features

    return Network(compute, a=nn.Conv2d(3, 5, 3), b=nn.Conv2d(5, 6, 3), head=head(6))


@fixture((1, 3, 9, 10), "a value added to itself and concatenated with itself")
def value_with_itself():
    def compute(self, x):
        x = F.relu(self.a(x))
        x = x + x
        return self.head(self.b(torch.cat([x, x], 1)))

    return Network(compute, a=nn.Conv2d(3, 5, 3), b=nn.Conv2d(10, 6, 3), head=head(6))


@fixture((1, 3, 12, 13), "the input itself is read by several layers and concatenated")
def input_with_several_readers():
    def compute(self, x):
        return self.head(F.relu(torch.cat([self.a(x), x, self.pool(x)], 1)))

    return Network(compute, a=nn.Conv2d(3, 4, 3, padding=1), pool=nn.MaxPool2d(3, 1, 1), head=head(10))


@fixture((1, 3, 14, 12), "four branches with pooling, as in Inception")
def inception_branches():
    def compute(self, x):
        x = F.relu(self.stem(x))
        a = F.relu(self.a(x))
        b = F.relu(self.b2(F.relu(self.b1(x))))
        c = F.relu(self.c3(F.relu(self.c2(F.relu(self.c1(x))))))
        d = F.relu(self.d(F.avg_pool2d(x, 3, 1, 1)))
        return self.head(torch.cat([a, b, c, d], 1))

    return Network(
        compute, stem=nn.Conv2d(3, 9, 3, stride=2), a=nn.Conv2d(9, 5, 1), b1=nn.Conv2d(9, 4, 1),
        b2=nn.Conv2d(4, 6, 5, padding=2), c1=nn.Conv2d(9, 4, 1), c2=nn.Conv2d(4, 5, (1, 3), padding=(0, 1)),
        c3=nn.Conv2d(5, 7, (3, 1), padding=(1, 0)), d=nn.Conv2d(9, 3, 1), head=head(21))


@fixture((3, 3, 10, 12), "a batch of three: the gradient of the first photo's score is zero on the others")
def batch_of_three():
    return nn.Sequential(nn.Conv2d(3, 7, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(7, 9, 3), nn.ReLU(),
                         head(9))


@fixture((1, 3, 1, 1), "an image of one pixel")
def one_pixel_image():
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), head(5))


class TwoInputs(nn.Module):
    """Two images through one convolution each, subtracted."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 5, 3), nn.Conv2d(1, 5, 3), head(5)

    def forward(self, image, mask):
        return self.head(F.relu(self.a(image) + self.b(mask)))


@fixture((1, 3, 9, 10), "two inputs; the gradient is that with respect to the first", second_shape=(1, 1, 9, 10))
def two_inputs():
    return TwoInputs()
