"""What the fixture networks are put together from."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


class Network(nn.Module):
    """A module whose forward pass is the given function of itself and the input."""

    def __init__(self, forward, **layers: nn.Module):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.compute = forward

    def forward(self, x):
        return self.compute(self, x)


def head(channels: int, classes: int = 4) -> nn.Sequential:
    """Global average pooling and one fully-connected layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def between_convolutions(operation, channels: int = 5, after: int | None = None, **layers: nn.Module) -> nn.Module:
    """convolution → operation(self, x) → convolution → global average pooling → fully connected"""

    def compute(self, x):
        return self.head(self.after(operation(self, self.before(x))))

    return Network(compute, before=nn.Conv2d(3, channels, 3, padding=1), after=nn.Conv2d(after or channels, 6, 3),
                   head=head(6), **layers)


def int64(*values: int) -> np.ndarray:
    """Sizes, axes or pads as ONNX stores them."""
    return np.array(values, dtype=np.int64)
