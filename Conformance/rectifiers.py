"""ReLU6 as the rules of deconvnet and guided backpropagation see it.

Captum applies the two rules at `nn.ReLU` and nowhere else, so that a network of `nn.ReLU6` gets its plain gradient. The
daemon applies them at ReLU6 as well: max(R, 0), and max(R, 0) where the unit is active. To compare the two, the references
see a ReLU6 that is an `nn.ReLU`.
"""

from __future__ import annotations

import copy

from torch import nn
from torch.nn import functional as F


class CappedReLU(nn.ReLU):
    """min(max(x, 0), 6), whose gradient is that of max(x, 0): the cap does not make a unit less active."""

    def forward(self, x):
        y = F.relu(x)
        return y + (y.clamp(max=6) - y).detach()


def with_capped_relus(network: nn.Module) -> nn.Module:
    """The network, or a copy in which each `nn.ReLU6` is replaced."""
    if not any(isinstance(module, nn.ReLU6) for module in network.modules()):
        return network
    network = copy.deepcopy(network)
    for parent in list(network.modules()):
        for name, child in list(parent._modules.items()):  # named_children() leaves out what comes twice
            if isinstance(child, nn.ReLU6):
                setattr(parent, name, CappedReLU())
    return network
