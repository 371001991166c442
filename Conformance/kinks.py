"""Telling a wrong gradient from one taken on the other side of a kink.

A ReLU's derivative jumps at zero. A deep network has millions of ReLUs, and some of them always stand closer to zero
than the rounding of single precision: whether those pass the gradient on is chance, and single-precision PyTorch
differs there from double-precision PyTorch by a percent of the largest gradient, as any engine does. Both are right.

So where a gradient differs from double precision, this looks for the units responsible: the units closest to a kink
(ReLU, ReLU6 and their kind; the two largest values under a max-pool window) are pushed across it one by one, in double
precision, by a nudge of the size of rounding. If pushing some of them together gives the gradient in question, then it
is the right gradient of a network that differs by less than rounding; if not, it is wrong. Nothing is taken on trust:
the gradient with all the chosen nudges is computed and compared in full.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

# Where the derivative jumps, by function; `relu6` reaches torch as hardtanh.
JUMPS = {
    torch.relu: (0.0,), torch.relu_: (0.0,), F.relu: (0.0,), F.relu_: (0.0,),
    F.hardtanh: (0.0, 6.0), F.hardtanh_: (0.0, 6.0), F.relu6: (0.0, 6.0),
    F.hardsigmoid: (-3.0, 3.0), F.hardswish: (-3.0, 3.0),
}
MAX_POOLS = {torch.max_pool2d, F.max_pool2d}
# The largest distance from a kink, relative to the values' root mean square, that rounding is allowed to cross.
ROUNDING = 2e-5


@dataclass(frozen=True)
class Unit:
    """One value close to a kink: at which call, where in the value of sample 0, and what pushes it across.

    `closeness` is the distance from the kink relative to `scale`, the values' root mean square.
    """

    closeness: float
    scale: float
    call: int
    place: int
    nudge: float


@dataclass(frozen=True)
class Explained:
    """The right gradient [1,C,H,W] on the best choice of sides, the distance from it, relative to the right
    gradient's largest magnitude, and how many units were moved for it; 0 means that no kink was needed, or that none
    helped."""

    error: float
    moved: int
    gradient: np.ndarray


class KinkMode(TorchFunctionMode):
    """Watches the calls with kinks, in order, and adds the given nudges to what they are given.

    `nudges` has one set of units per sample of the batch.
    """

    def __init__(self, nudges: list[list[Unit]], find: int = 0):
        super().__init__()
        self.nudges, self.find = nudges, find
        self.calls, self.units, self.inside = 0, [], False
        # While looking for units: what each call's derivative with respect to the score tells their weight.
        self.watched: list[torch.Tensor] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.inside or function not in JUMPS and function not in MAX_POOLS:
            return function(*args, **kwargs)
        # One of these functions may call another; only the outermost counts.
        self.inside = True
        try:
            x = args[0]
            if self.find:
                self.units += (self.pool_ties(x.detach(), args, kwargs) if function in MAX_POOLS
                               else self.close_units(x.detach(), JUMPS[function]))
            offset = self.offset(x)
            if offset is not None:
                if function in (torch.relu_, F.relu_) or kwargs.get("inplace") or (
                        function in (F.relu, F.hardtanh, F.relu6) and args[-1] is True):
                    x.add_(offset)
                else:
                    args = (x + offset, *args[1:])
            self.calls += 1
            result = function(*args, **kwargs)
            if self.find:
                self.watched.append(x if function in MAX_POOLS else result)
                self.watched[-1].retain_grad()
            return result
        finally:
            self.inside = False

    def offset(self, x: torch.Tensor) -> torch.Tensor | None:
        mine = [(s, u) for s, units in enumerate(self.nudges) for u in units if u.call == self.calls]
        if not mine:
            return None
        offset = torch.zeros_like(x).flatten(1)
        for sample, unit in mine:
            offset[sample, unit.place] += unit.nudge
        return offset.view_as(x)

    def close_units(self, x: torch.Tensor, jumps: tuple[float, ...]) -> list[Unit]:
        values, scale = x[0].flatten(), x.square().mean().sqrt().item()
        units = []
        for jump in jumps:
            distance = (values - jump).abs()
            for place in self.smallest(distance / scale):
                gap = (values[place] - jump).item()
                nudge = -2 * gap if gap != 0 else 1e-12 * scale
                units.append(Unit(abs(gap) / scale, scale, self.calls, place, nudge))
        return units

    def pool_ties(self, x: torch.Tensor, args: tuple, kwargs: dict) -> list[Unit]:
        """The winners that the runner-up under the same window almost equals."""
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        options = dict(zip(names, args[1:])) | {k: v for k, v in kwargs.items() if k in names}
        options["stride"] = options.get("stride") or options["kernel_size"]
        options.pop("return_indices", None)
        scale = x.square().mean().sqrt().item()
        top, index = F.max_pool2d(x[:1], return_indices=True, **options)
        lowered = x[:1].clone()
        units = []
        # Overlapping windows share winners: taking all winners out at once would hide a runner-up that wins next
        # door, so winners of every other window are taken out in turn.
        for row in range(2):
            for column in range(2):
                some = index[:, :, row::2, column::2].flatten(2)
                without = lowered.flatten(2).scatter(2, some, -torch.inf).view_as(lowered)
                second = F.max_pool2d(without, **options)[:, :, row::2, column::2]
                gap = (top[:, :, row::2, column::2] - second).flatten()
                # Equal values, such as two zeros of a ReLU, are no chance: the first one wins everywhere.
                gap = torch.where(gap > 0, gap, torch.inf)
                channel_places = torch.arange(x.shape[1], device=x.device).view(1, -1, 1) * x.shape[2] * x.shape[3]
                places = (some + channel_places).flatten()
                for i in self.smallest(gap / scale):
                    units.append(Unit(gap[i].item() / scale, scale, self.calls, places[i].item(), -2 * gap[i].item()))
        return units

    def weightiest(self, count: int) -> list[Unit]:
        """The units most likely to explain something, after the score's backward pass: close to their kink, and with
        a large derivative of the score waiting behind it."""
        slopes = [x.grad[0].flatten() for x in self.watched]

        def weight(unit: Unit) -> float:
            return abs(slopes[unit.call][unit.place].item()) * unit.scale / (unit.closeness + 1e-6)

        return sorted(self.units, key=weight, reverse=True)[:count]

    def smallest(self, distance: torch.Tensor) -> list[int]:
        chosen = torch.topk(distance, min(self.find, distance.numel()), largest=False)
        return [i for d, i in zip(chosen.values.tolist(), chosen.indices.tolist()) if d < ROUNDING]


def gradients(network: nn.Module, x: torch.Tensor, class_index: int, nudges: list[list[Unit]]) -> np.ndarray:
    """The gradient of the class score for each set of nudges [sets,C,H,W]."""
    batch = x.expand(len(nudges), -1, -1, -1).clone().requires_grad_(True)
    with KinkMode(nudges):
        score = network(batch)[:, class_index].sum()
    return torch.autograd.grad(score, batch)[0].numpy()


def explain(network: nn.Module, x: torch.Tensor, class_index: int, gradient: np.ndarray, tolerance: float,
            most_units: int = 256) -> Explained:
    """How far `gradient` [1,C,H,W] is from the right one on the best choice of sides."""
    network = copy.deepcopy(network).double().requires_grad_(False)
    x = x.double()
    reference = gradients(network, x, class_index, [[]])
    largest = np.abs(reference).max()

    def error(candidate: np.ndarray) -> float:
        return float(np.abs(gradient.astype(np.float64) - candidate).max() / largest)

    best, chosen = error(reference), []
    if best <= tolerance or not np.isfinite(best):
        return Explained(best, 0, reference)
    mode = KinkMode([], find=512)
    with mode:
        score = network(x.clone().requires_grad_(True))[0, class_index]
    score.backward()
    units = mode.weightiest(most_units)
    if not units:
        return Explained(best, 0, reference)
    changes = []
    for start in range(0, len(units), 8):
        group = units[start : start + 8]
        changes += [g - reference[0] for g in gradients(network, x, class_index, [[u] for u in group])]
    matrix = np.stack([c.ravel() for c in changes], 1)
    useful = np.abs(matrix).max(0) > tolerance * largest * 0.01
    matrix, units = matrix[:, useful], [u for u, keep in zip(units, useful) if keep]
    # Units in series change each other's effect, so the fit is repeated around the units chosen so far.
    current = reference
    for _ in range(4):
        if not units:
            break
        share = np.linalg.lstsq(matrix, (gradient.astype(np.float64) - current).ravel(), rcond=None)[0]
        moved = {u for u, s in zip(units, share) if s > 0.5} - set(chosen)
        returned = {u for u, s in zip(units, share) if s < -0.5} & set(chosen)
        proposal = sorted((set(chosen) | moved) - returned, key=lambda u: u.closeness)
        if set(proposal) == set(chosen):
            break
        candidate = gradients(network, x, class_index, [proposal])
        if error(candidate) >= best:
            break
        best, chosen, current = error(candidate), proposal, candidate
        if best <= tolerance:
            break
    return Explained(best, len(chosen), current)
