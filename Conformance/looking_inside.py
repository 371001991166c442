"""Compares `project` and `visualize` with plain PyTorch, in double precision, on petshop and on vgg11_bn with seeded weights.

    python Conformance/looking_inside.py [--bin FILE] [--petshop DIR] [--report]

`project` is compared with a deconvnet written out here, layer by layer: the network's convolutions and poolings are gone
through with `MaxPool2d(return_indices=True)`, then down again with `MaxUnpool2d`, a rectification and `ConvTranspose2d`.
Compared are the three most excited units of several layers, where they stand, and every value of the reconstruction.

`visualize` is compared with x ← x + η·∇(s(x) − λ‖x‖²) by autograd, after each of the first 20 steps, for class scores and
for the three readings of a unit, from the same image; and so is its objective before each step.

An error is the largest difference relative to the largest magnitude; the bound is 1e-3. What deconvnet, guided
backpropagation and guided Grad-CAM make of a class score is compared with Captum by methods.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from comparison import relative_error
from daemon import ROOT, Daemon, add_arguments, decode_npy, encode_npy
from method_subjects import folded, petshop, torchvision_subject
from methods import model_folder
from report import write_section
from torchvision_models import image

PETSHOP = ROOT / "Tests/Fixtures/first-edition/petshop"
BOUND = 1e-3
STEPS = 20
RATE = 20.0
PENALTY = 1e-3


@dataclass
class Row:
    what: str
    network: str
    detail: str
    errors: dict[str, float]
    problem: str = ""

    @property
    def passed(self) -> bool:
        return not self.problem and all(error <= BOUND for error in self.errors.values())


def chain(features: nn.Sequential) -> list[nn.Module]:
    return [layer.double() for layer in features if not isinstance(layer, nn.Identity)]


def up(layers: list[nn.Module], x: torch.Tensor) -> tuple[torch.Tensor, list]:
    """The activation behind `layers`, and of each what the way down needs: shapes and switches."""
    notes = []
    for layer in layers:
        before = x.shape
        if isinstance(layer, nn.MaxPool2d):
            x, switches = F.max_pool2d(x, layer.kernel_size, layer.stride, layer.padding, return_indices=True)
            notes.append((before, switches))
        else:
            x = layer(x)
            notes.append((before, None))
    return x, notes


def down(layers: list[nn.Module], notes: list, signal: torch.Tensor) -> torch.Tensor:
    """Zeiler and Fergus 2014: unpool, rectify, convolve with the transposed filter."""
    for layer, (shape, switches) in zip(reversed(layers), reversed(notes)):
        if isinstance(layer, nn.MaxPool2d):
            unpool = nn.MaxUnpool2d(layer.kernel_size, layer.stride, layer.padding)
            signal = unpool(signal, switches, output_size=shape)
        elif isinstance(layer, nn.ReLU):
            signal = F.relu(signal)
        elif isinstance(layer, nn.Conv2d):
            transposed = nn.ConvTranspose2d(layer.out_channels, layer.in_channels, layer.kernel_size, layer.stride,
                                            layer.padding, groups=layer.groups, bias=False).double()
            transposed.weight.data = layer.weight.data
            signal = transposed(signal, output_size=shape)
        else:
            raise ValueError(f"no way down through {layer}")
    return signal


def projections(daemon: Daemon, model: str, layers: list[nn.Module], names: list[tuple[str, int]], x: torch.Tensor):
    for name, depth in names:
        result = daemon.call("project", npy=encode_npy(x.numpy()), model=model, layer=name, count=3, rule="deconvnet",
                             raw=True)
        with torch.no_grad():
            activation, notes = up(layers[:depth], x.double())
            maxima = activation[0].flatten(1).max(1)
            expected = maxima.values.argsort(descending=True, stable=True)[:3].tolist()
            row = Row("project", model, f"{name}, units {expected}", {"value": 0.0, "reconstruction": 0.0})
            found = [unit["unit"] for unit in result["units"]]
            if found != expected:
                row.problem = f"the most excited units are {expected}, the daemon says {found}"
            for unit in result["units"]:
                place = int(maxima.indices[unit["unit"]])
                y, column = divmod(place, activation.shape[3])
                if unit["position"] != [y, column]:
                    row.problem = f"unit {unit['unit']} is strongest at {[y, column]}, the daemon says {unit['position']}"
                    continue
                value = float(activation[0, unit["unit"], y, column])
                kept = torch.zeros_like(activation)
                kept[0, unit["unit"], y, column] = value
                reference = down(layers[:depth], notes, kept)[0].numpy()
                row.errors["value"] = max(row.errors["value"], abs(unit["value"] - value) / abs(value))
                row.errors["reconstruction"] = max(
                    row.errors["reconstruction"],
                    relative_error(decode_npy(unit["reconstruction"]["npy"]), reference))
        yield row


def ascents(daemon: Daemon, model: str, network: nn.Module, layers: list[nn.Module], name: str, depth: int, x):
    place = (3, 4)
    unit = 5
    objectives = {
        "class 0": (dict(classes=["0"]), lambda v: network(v)[0, 0]),
        "class 1": (dict(classes=["1"]), lambda v: network(v)[0, 1]),
        "unit, mean": (dict(layer=name, units=[unit]), lambda v: up(layers[:depth], v)[0][0, unit].mean()),
        "unit, max": (dict(layer=name, units=[unit], reading="max"), lambda v: up(layers[:depth], v)[0][0, unit].max()),
        "unit, one place": (dict(layer=name, units=[unit], position=list(place)),
                            lambda v: up(layers[:depth], v)[0][0, unit, place[0], place[1]]),
    }
    for label, (asked, activation) in objectives.items():
        row = Row("visualize", model, f"{label}: {STEPS} steps", {"image": 0.0, "objective": 0.0})
        value, curve = x.double(), []
        for step in range(1, STEPS + 1):
            value = value.clone().requires_grad_(True)
            objective = activation(value) - PENALTY * value.pow(2).sum()
            curve.append(objective.item())
            (gradient,) = torch.autograd.grad(objective, value)
            value = (value + RATE * gradient).detach()
            result = daemon.call("visualize", model=model, start=encode_npy(x.numpy()), steps=step, rate=RATE,
                                 **{"lambda": PENALTY}, raw=True, **asked)
            start = result["targets"][0]["starts"][0]
            row.errors["image"] = max(row.errors["image"],
                                      relative_error(decode_npy(start["raw"]["npy"]), value[0].numpy()))
            row.errors["objective"] = max(row.errors["objective"],
                                          relative_error(np.array(start["objective"]), np.array(curve)))
        yield row


def table(rows: list[Row]) -> str:
    lines = ["| command | network | what | errors | |", "|---|---|---|---|---|"]
    for row in rows:
        errors = ", ".join(f"{name} {error:.1e}" for name, error in row.errors.items())
        lines.append(f"| {row.what} | {row.network} | {row.detail} | {errors} | "
                     + ("pass" if row.passed else f"**fail** {row.problem}") + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--petshop", type=Path, default=PETSHOP, help="petshop's model folder")
    parser.add_argument("--report", action="store_true", help="write the section into the documentation")
    arguments = parser.parse_args()

    shop, vgg = petshop(arguments.petshop), torchvision_subject("vgg11_bn")
    shop_layers = chain(shop.network[0])
    vgg_folder = model_folder(vgg, (1, 3, 224, 224))
    vgg_layers = chain(folded(vgg.network.features))
    shop_names = [(f"/features/features.{i}/{kind}", i + 1) for i, kind in
                  [(0, "Conv"), (1, "Relu"), (4, "Relu"), (7, "MaxPool"), (9, "Relu"), (12, "MaxPool"), (17, "Conv"),
                   (18, "Relu")]]
    rows = []
    models = Path(tempfile.mkdtemp(prefix="looking-inside-"))
    try:
        for folder, name in ((arguments.petshop, "petshop"), (vgg_folder, "vgg11_bn")):
            (models / name).symlink_to(folder.resolve(), target_is_directory=True)
        with Daemon(models, arguments.bin, timeout=arguments.timeout) as daemon:
            def show(found) -> None:
                for row in found:
                    rows.append(row)
                    print(table([row]).splitlines()[2], flush=True)

            for shape in [(1, 3, 160, 160), (1, 3, 144, 208)]:
                show(projections(daemon, "petshop", shop_layers, shop_names, image(shape, 3)))
            # Positions of the ReLUs in torchvision's features; batch normalization stands between them and the convolutions.
            relus = [i for i, layer in enumerate(vgg.network.features) if isinstance(layer, nn.ReLU)]
            depths = [sum(not isinstance(m, nn.BatchNorm2d) for m in vgg.network.features[:i + 1]) for i in relus]
            listed = {layer["name"] for layer in daemon.call("models", model="vgg11_bn", layers=True)["models"][0]["layers"]}
            names = [(f"/features/features.{i}/Relu_output_0", depth) for i, depth in zip(relus, depths)
                     if f"/features/features.{i}/Relu_output_0" in listed]
            if len(names) < 4:
                raise SystemExit(f"vgg11_bn's layers have other names: {sorted(listed)[:5]}")
            show(projections(daemon, "vgg11_bn", vgg_layers, names[::2], image((1, 3, 224, 224), 4)))
            network = shop.in_double_precision().network
            show(ascents(daemon, "petshop", network, shop_layers, "/features/features.9/Relu", 10,
                         0.5 * image((1, 3, 96, 80), 5)))
    finally:
        shutil.rmtree(models, ignore_errors=True)
    if arguments.report:
        write_section("looking-inside", "looking_inside.py",
                      f"Errors are relative to the largest magnitude; the bound is {BOUND:.0e}. Ascent: "
                      f"η = {RATE:g}, λ = {PENALTY:g}.\n\n" + table(rows))
    failed = [row for row in rows if not row.passed]
    print(f"{len(rows) - len(failed)} pass, {len(failed)} fail")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
