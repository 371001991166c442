"""Telling a wrong gradient from one taken on the other side of a kink.

A ReLU's derivative jumps at zero. A deep network has millions of ReLUs, and some of them always stand closer to zero
than the rounding of single precision: whether those pass the gradient on is chance, and single-precision PyTorch
differs there from double-precision PyTorch by a percent of the largest gradient, as any engine does. Both are right.

So where a gradient differs from double precision, this looks for the units responsible: the units closest to a kink
(ReLU, ReLU6 and their kind; the two largest values under a max-pool window) could as well stand on its other side, and
what the gradient would then change by is the derivative of the score behind the unit times the unit's own gradient. If
a choice of these changes adds up to the difference, its units are pushed across their kinks, in double precision, by
nudges of the size of rounding, and the others close to one are held where they are. Where that gives the gradient in
question, it is the right gradient of a network that differs by no more than rounding; if not, it is wrong. Nothing is
taken on trust: the gradient with all the chosen nudges is computed and compared in full.

The same goes for sums of gradients at several points, each times some factors, as integrated gradients are.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
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
# So many times its layer's rounding a unit is looked for from its kink: engines round differently.
REACHES = (4, 16)


@dataclass(frozen=True)
class Unit:
    """One value close to a kink: at which call, where in what the call is given, and what moves it across.

    `closeness` is the distance from the kink relative to `scale`, the values' root mean square. Of a max-pool's winner,
    `runner_up` is the place of the next largest value, and `window` that of the result they contend for.
    """

    closeness: float
    scale: float
    call: int
    place: int
    value: float
    nudge: float
    runner_up: int | None = None
    window: int | None = None


@dataclass(frozen=True)
class Explained:
    """The right attribution [C,H,W] on the best choice of sides, the one without any choice, the distance from the
    former, relative to the latter's largest magnitude, and how many units were moved for it; 0 means that no kink was
    needed, or that none helped."""

    error: float
    moved: int
    attribution: np.ndarray
    reference: np.ndarray


@dataclass
class Call:
    """What a function with kinks was given, what it made of it, and how it is called again."""

    x: torch.Tensor
    result: torch.Tensor
    again: Callable[[torch.Tensor], torch.Tensor]


class KinkMode(TorchFunctionMode):
    """Watches the calls with kinks, in order, for one image. With `find`, so many of the units closest to each kink
    are collected; else the units `near` are held where they are, but for those `moved`, which are held on the other
    side: what is moved in one layer is felt in the next, and would push others across.
    """

    def __init__(self, near: Iterable[Unit] = (), moved: Collection[Unit] = (), find: int = 0):
        super().__init__()
        self.find, self.held = find, {}
        for unit in near:
            self.held.setdefault(unit.call, {})[unit.place] = unit.value
        for unit in moved:
            self.held.setdefault(unit.call, {})[unit.place] = unit.value + unit.nudge
        self.count, self.units, self.inside, self.running = 0, [], False, True
        self.calls: list[Call] = []
        # By call, how far single precision is off, relative to the values' root mean square.
        self.rounding: list[float] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.inside or not self.running or function not in JUMPS and function not in MAX_POOLS:
            return function(*args, **kwargs)
        # One of these functions may call another; only the outermost counts.
        self.inside = True
        try:
            if self.find:
                return self.watched(function, args[0], args, kwargs)
            offset = self.offset(args[0])
            if offset is not None:
                if function in (torch.relu_, F.relu_) or kwargs.get("inplace") or (
                        function in (F.relu, F.hardtanh, F.relu6) and args[-1] is True):
                    args[0].add_(offset)
                else:
                    args = (args[0] + offset, *args[1:])
            return function(*args, **kwargs)
        finally:
            self.count += 1
            self.inside = False

    @contextmanager
    def during(self, network: nn.Module) -> Iterator[None]:
        """On while the network runs, each time counting from its first call, and off between: methods use ReLUs of
        their own."""

        def begin(*_) -> None:
            self.count, self.running = 0, True

        def end(*_) -> None:
            self.running = False

        end()
        hooks = [network.register_forward_pre_hook(begin), network.register_forward_hook(end)]
        try:
            with self:
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def watched(self, function, x: torch.Tensor, args: tuple, kwargs: dict) -> torch.Tensor:
        self.units += (self.pool_ties(x.detach(), args, kwargs) if function in MAX_POOLS
                       else self.close_units(x.detach(), JUMPS[function]))
        # A copy, since the function may work in place.
        result = function(x.clone(), *args[1:], **kwargs)
        result.retain_grad()
        self.calls.append(Call(x, result, lambda value: function(value, *args[1:], **kwargs)))
        return result

    def offset(self, x: torch.Tensor) -> torch.Tensor | None:
        if self.count not in self.held:
            return None
        places, values = zip(*self.held[self.count].items())
        places = torch.tensor(places)
        offset = torch.zeros_like(x).flatten()
        offset[places] = torch.tensor(values, dtype=x.dtype) - x.detach().flatten()[places]
        return offset.view_as(x)

    def close_units(self, x: torch.Tensor, jumps: tuple[float, ...]) -> list[Unit]:
        values, scale = x[0].flatten(), x.square().mean().sqrt().item()
        units = []
        for jump in jumps:
            distance = (values - jump).abs()
            for place in self.smallest(distance / scale):
                gap = (values[place] - jump).item()
                nudge = -2 * gap if gap != 0 else 1e-12 * scale
                units.append(Unit(abs(gap) / scale, scale, self.count, place, values[place].item(), nudge))
        return units

    def pool_ties(self, x: torch.Tensor, args: tuple, kwargs: dict) -> list[Unit]:
        """The winners that the runner-up under the same window almost equals."""
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        options = dict(zip(names, args[1:])) | {k: v for k, v in kwargs.items() if k in names}
        options["stride"] = options.get("stride") or options["kernel_size"]
        options["return_indices"] = True
        scale = x.square().mean().sqrt().item()
        top, index = F.max_pool2d(x[:1], **options)
        channels = torch.arange(x.shape[1], device=x.device).view(1, -1, 1, 1)
        windows = torch.arange(index.numel(), device=x.device).view_as(index)
        units = []
        # Overlapping windows share winners: taking all winners out at once would hide a runner-up that wins next
        # door, so winners of every other window are taken out in turn.
        for row in range(2):
            for column in range(2):
                part = (slice(None), slice(None), slice(row, None, 2), slice(column, None, 2))
                without = x[:1].flatten(2).scatter(2, index[part].flatten(2), -torch.inf).view_as(x[:1])
                second, second_index = F.max_pool2d(without, **options)
                gap = (top - second)[part].flatten()
                # Equal values, such as two zeros of a ReLU, are no chance: the first one wins everywhere.
                gap = torch.where(gap > 0, gap, torch.inf)
                plane = channels * x.shape[2] * x.shape[3]
                places, runners_up = ((i[part] + plane).flatten() for i in (index, second_index))
                for i in self.smallest(gap / scale):
                    units.append(Unit(gap[i].item() / scale, scale, self.count, places[i].item(),
                                      top[part].flatten()[i].item(), -2 * gap[i].item(), runners_up[i].item(),
                                      windows[part].flatten()[i].item()))
        return units

    def slope(self, unit: Unit) -> float:
        """The score's derivative behind the unit, after the score's backward pass."""
        return self.calls[unit.call].result.grad[0].flatten()[unit.place if unit.window is None else unit.window].item()

    def near(self, reach: float, most: int, difference: np.ndarray, least: float) -> list[Unit]:
        """The units that may explain a difference [C,H,W], after the score's backward pass: within `reach` times their
        layer's rounding of their kink, and where the difference is at least `least`. At most so many, those with the
        largest derivative of the score behind them first."""
        plane = np.abs(difference).max(0)

        def is_there(unit: Unit) -> bool:
            extents = self.calls[unit.call].x.shape[2:]
            if len(extents) != 2:
                return True
            place = np.unravel_index(unit.place % extents.numel(), extents)
            # Most of what a unit sees lies within eight steps of its layer's grid.
            (top, bottom), (left, right) = ((max(0, (p - 8) * whole // extent), (p + 9) * whole // extent)
                                            for p, extent, whole in zip(place, extents, plane.shape))
            return plane[top:bottom, left:right].max() > least

        found = (u for u in self.units if u.closeness < reach * self.rounding[u.call] and is_there(u))
        return sorted(found, key=lambda u: abs(self.slope(u)) * u.scale, reverse=True)[:most]

    def changes(self, units: list[Unit], image: torch.Tensor) -> Iterator[tuple[Unit, np.ndarray]]:
        """What moving each unit across its kink adds to the score's gradient with respect to the image [C,H,W], where
        it is the only one moved. Units of one layer that see different places are gone through together."""
        for _, some in itertools.groupby(sorted(units, key=lambda u: u.call), key=lambda u: u.call):
            rest, reach = list(some), None
            while rest:
                group = []
                for unit in rest:
                    if not group or reach is not None and all(self.apart(unit, u, image, reach) for u in group):
                        group.append(unit)
                rest = [unit for unit in rest if unit not in group]
                target = sum(self.changed(unit) for unit in group)
                gradient = torch.autograd.grad(target, image, retain_graph=True)[0][0].numpy()
                if reach is None:
                    reach = self.reach(group[0], gradient)
                for unit in group:
                    change = gradient
                    if len(group) > 1:
                        (y, x), (height, width) = self.center(unit, image), reach
                        part = (slice(None), slice(max(0, y - height), y + height + 1),
                                slice(max(0, x - width), x + width + 1))
                        change = np.zeros_like(gradient)
                        change[part] = gradient[part]
                    yield unit, change

    def changed(self, unit: Unit) -> torch.Tensor:
        """A value whose gradient is what moving the unit adds to the score's."""
        call = self.calls[unit.call]
        values = call.x[0].flatten()
        if unit.window is not None:
            return self.slope(unit) * (values[unit.runner_up] - values[unit.place])
        sides = values[unit.place].detach() + torch.tensor([0, unit.nudge], dtype=values.dtype)
        sides.requires_grad_(True)
        before, after = torch.autograd.grad(call.again(sides.clone()).sum(), sides)[0].tolist()
        return self.slope(unit) * (after - before) * values[unit.place]

    def center(self, unit: Unit, image: torch.Tensor) -> tuple[int, int] | None:
        """The place in the image that the unit stands for; None where its layer has no places."""
        extents = self.calls[unit.call].x.shape[2:]
        if len(extents) != 2:
            return None
        place = np.unravel_index(unit.place % extents.numel(), extents)
        y, x = (int((p + 0.5) * whole / extent) for p, extent, whole in zip(place, extents, image.shape[2:]))
        return y, x

    def reach(self, unit: Unit, gradient: np.ndarray) -> tuple[int, int] | None:
        """How far, in rows and columns, a unit's gradient [C,H,W] spreads around it, and a little more."""
        found = np.nonzero(np.abs(gradient).max(0))
        center = self.center(unit, torch.empty(1, *gradient.shape))
        if center is None or not found[0].size:
            return None
        height, width = (int(np.abs(places - c).max()) + 4 for places, c in zip(found, center))
        return height, width

    def apart(self, unit: Unit, other: Unit, image: torch.Tensor, reach: tuple[int, int]) -> bool:
        """Whether two units of one layer see different places."""
        places = zip(self.center(unit, image), self.center(other, image), reach)
        return any(abs(a - b) > 2 * extent for a, b, extent in places)

    def smallest(self, distance: torch.Tensor) -> list[int]:
        chosen = torch.topk(distance, min(self.find, distance.numel()), largest=False)
        return [i for d, i in zip(chosen.values.tolist(), chosen.indices.tolist()) if d < ROUNDING]


def gradient(network: nn.Module, x: torch.Tensor, class_index: int, near: Iterable[Unit] = (),
             moved: Collection[Unit] = ()) -> np.ndarray:
    """The gradient of the class score [C,H,W] with some of the units near a kink moved across it."""
    x = x.clone().requires_grad_(True)
    with KinkMode(near, moved):
        score = network(x)[0, class_index]
    return torch.autograd.grad(score, x)[0][0].numpy()


def watched(network: nn.Module, x: torch.Tensor, class_index: int) -> KinkMode:
    """What was found close to a kink in the network in double precision, after the score's backward pass."""
    mode, single = KinkMode(find=512), KinkMode(find=1)
    with mode:
        score = network(x)[0, class_index]
    score.backward(retain_graph=True)
    with single:
        copy.deepcopy(network).float()(x.detach().float().requires_grad_(True))
    for call, rounded in zip(mode.calls, single.calls):
        error = (rounded.x.detach() - call.x.detach()).square().mean() / call.x.detach().square().mean()
        mode.rounding.append(max(error.sqrt().item(), 1e-9))
    return mode


@dataclass(frozen=True)
class Choice:
    """A unit that may be moved, at one of several points."""

    point: int
    unit: Unit


class GradientSum:
    """The sum of a class score's gradients at several points [1,C,H,W], each times its factors, in double precision."""

    def __init__(self, network: nn.Module, points: list[torch.Tensor], factors: list[np.ndarray | float],
                 class_index: int):
        self.network = copy.deepcopy(network).double().requires_grad_(False)
        self.points, self.factors, self.class_index = [x.double() for x in points], factors, class_index
        self.near: list[list[Unit]] = [[] for _ in points]
        self.parts = [self.part(point, ()) for point in range(len(points))]
        self.reference = sum(self.parts)

    def part(self, point: int, moved: Collection[Unit]) -> np.ndarray:
        return self.factors[point] * gradient(self.network, self.points[point], self.class_index,
                                              self.near[point] if moved else (), moved)

    def moved(self, choices: set[Choice]) -> np.ndarray:
        """The sum with the chosen units moved across their kinks, and all others close to one held where they are."""
        units = [[c.unit for c in choices if c.point == point] for point in range(len(self.points))]
        return sum(self.part(point, some) if some else self.parts[point] for point, some in enumerate(units))

    def choices(self, reach: float, most: int, difference: np.ndarray,
                least: float) -> tuple[list[Choice], np.ndarray]:
        """Of each point at most so many units that may explain a difference [C,H,W], as far as moving them changes the
        sum by `least` somewhere, and these changes [values, choices]."""
        choices, changes = [], []
        for point, x in enumerate(self.points):
            x = x.clone().requires_grad_(True)
            mode = watched(self.network, x, self.class_index)
            self.near[point] = mode.units
            for unit, change in mode.changes(mode.near(reach, most, difference, least), x):
                change = change * self.factors[point]
                if np.abs(change).max() > least:
                    choices.append(Choice(point, unit))
                    changes.append(change.ravel().astype(np.float32))
        return choices, np.stack(changes, 1) if changes else np.empty((0, 0))


class AnyAttribution:
    """What a method makes of a network in double precision and an image [1,C,H,W], whatever it does while it runs the
    network as it is, or a deep copy of it, which has its hooks. The change each unit makes is found by computing
    everything with it moved, which takes long."""

    def __init__(self, network: nn.Module, x: torch.Tensor, class_index: int, compute: Callable[[], np.ndarray]):
        self.network, self.x, self.class_index, self.compute = network, x, class_index, compute
        self.near: list[Unit] = []
        self.reference = compute()

    def moved(self, choices: set[Choice]) -> np.ndarray:
        if not choices:
            return self.reference
        with KinkMode(self.near, [c.unit for c in choices]).during(self.network):
            return self.compute()

    def choices(self, reach: float, most: int, difference: np.ndarray,
                least: float) -> tuple[list[Choice], np.ndarray]:
        mode = watched(self.network, self.x.clone().requires_grad_(True), self.class_index)
        self.near = mode.units
        candidates = [Choice(0, unit) for unit in mode.near(reach, most, difference, least)]
        found = [(c, self.moved({c}) - self.reference) for c in candidates]
        useful = [(c, change.ravel().astype(np.float32)) for c, change in found if np.abs(change).max() > least]
        return [c for c, _ in useful], np.stack([change for _, change in useful], 1) if useful else np.empty((0, 0))


def explain(right: GradientSum | AnyAttribution, attribution: np.ndarray, tolerance: float,
            most_units: int = 1024) -> Explained:
    """How far `attribution` [C,H,W] is from the right one on the best choice of sides. Of each point at most
    `most_units` are considered."""
    reference = right.reference
    attribution, largest = attribution.astype(np.float64), np.abs(reference).max()

    def error(candidate: np.ndarray) -> float:
        return float(np.abs(attribution - candidate).max() / largest)

    current, chosen = reference, set()
    if not np.isfinite(error(reference)):
        return Explained(error(reference), 0, reference, reference)
    # The closest are the likeliest.
    for reach in REACHES:
        if error(current) <= tolerance:
            break
        choices, changes = right.choices(reach, most_units, attribution - current, 0.01 * tolerance * largest)
        # Units in series change each other's effect, so the fit is repeated around the units chosen so far.
        for _ in range(6):
            flips = fit(changes, (attribution - current).ravel(), np.array([c in chosen for c in choices], bool),
                        1e-5 * largest)
            proposal = chosen ^ {c for c, flip in zip(choices, flips) if flip}
            if proposal == chosen:
                break
            candidate = right.moved(proposal)
            # The largest difference stays where one unit of many is still missing; their sum does not.
            if np.linalg.norm(attribution - candidate) >= np.linalg.norm(attribution - current):
                break
            current, chosen = candidate, proposal
            if error(current) <= tolerance:
                break
    return Explained(error(current), len(chosen), current, reference)


def fit(changes: np.ndarray, difference: np.ndarray, chosen: np.ndarray, rounding: float) -> np.ndarray:
    """Which choices [choices] to flip for their changes [values, choices] to add up to a difference [values]: always the
    one that leaves the least of it, adding those that are not chosen and taking back those that are. What gains no more
    than `rounding` at one value is left."""
    # Where nothing is amiss there is little to learn.
    rows = np.argsort(-np.abs(difference))[: max(8192, 4 * changes.shape[1])]
    some = changes[rows].astype(np.float64) if changes.size else np.empty((len(rows), 0))
    products, overlap = some.T @ some, some.T @ difference[rows]
    flips = np.zeros(len(chosen), bool)
    for _ in range(2 * len(chosen)):
        direction = np.where(chosen ^ flips, -1, 1)
        gains = 2 * direction * overlap - products.diagonal()
        best = gains.argmax()
        if gains[best] <= rounding**2:
            break
        overlap -= direction[best] * products[:, best]
        flips[best] ^= True
    return flips
