"""Compares the explanation methods with Captum, pytorch-grad-cam, zennit and plain loops, on petshop and on
torchvision's networks with seeded weights, on a square and a non-square image each.

    python Conformance/methods.py [--bin FILE] [--petshop DIR] [--only NETWORK …] [--method NAME …] [--report]
    python Conformance/methods.py --self-check      the references in single precision in the daemon's place

What is compared is the raw map and the raw attribution, never a picture. An error is the largest difference relative
to the largest magnitude; the bound is 1e-3. The truth is the reference in double precision; beside it stands the error
of the reference in single precision. Where that is large, ReLUs stand within rounding of their kink. Images are chosen
so that this is rare. For plain gradients, and for each point of the way of integrated gradients, the units responsible
are looked for (see kinks.py; "moved" is their number); for the other methods twice the reference's own error is accepted, and the table marks it: single precision's, or where
that is no excuse, the largest that double precision makes for some images that differ by rounding. Random methods draw
their own samples, so the means are compared: "z" is the root mean square of the differences in units of their standard
error, about 1 where both estimate the same thing, bound 2.

Methods the daemon does not list are skipped, and say so. A method that does not apply to a network, as `cam` to one
without global average pooling, must be refused.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch

import kinks
from daemon import Daemon, DaemonDied, RequestFailed, add_arguments
from fixture import export
from method_references import METHODS, Answer, Method, image_map
from method_subjects import Subject, petshop, torchvision_subject
from networks import cache, one_line, relative_error
from report import write_section
from torchvision_models import image

ROOT = Path(__file__).resolve().parent.parent
PETSHOP = ROOT.parent / "shared" / "models" / "petshop"
NETWORKS = ("petshop", "resnet18", "vgg11_bn", "mobilenet_v2", "densenet121")
BOUND = 1e-3
Z_BOUND = 2.0
# What the layers of an engine in single precision add to images whose values are about 1.
ROUNDING = 2e-6
CLASS = 1
# Methods that pass the signal by other rules than the gradient's.
OWN_KINKS = {"deconvnet", "guided-backprop", "guided-grad-cam"}


@dataclass
class Row:
    method: str
    network: str
    size: str
    source: str
    map: float | None = None
    attribution: float | None = None
    reference: float | None = None
    z: float | None = None
    moved: int = 0
    problem: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        errors = [e for e in (self.map, self.attribution) if e is not None]
        if self.problem or (not errors and self.z is None):
            return False
        return all(e <= self.bound for e in errors) and (self.z is None or self.z <= Z_BOUND)

    @property
    def bound(self) -> float:
        return max(BOUND, 2 * (self.reference or 0))

    @property
    def verdict(self) -> str:
        if self.skipped or not self.passed:
            return self.skipped or "**fail** " + self.problem.replace("|", "\\|")
        exact = all(e <= BOUND for e in (self.map, self.attribution) if e is not None)
        moved = f", {self.moved} units moved" if self.moved else ""
        return "pass" + moved if exact else "above the bound; the reference itself spreads as far"


def gradient_of(subject: Subject, x: torch.Tensor) -> np.ndarray:
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(subject.network(x)[0, CLASS], x)[0].numpy()


def steady_image(subject: Subject, shape: tuple[int, ...], value: Callable[[Subject, torch.Tensor], np.ndarray],
                 candidates: int = 12) -> torch.Tensor:
    """An image on which single and double precision agree about `value`, so that no kink is close; the steadiest of
    the candidates where none is quite. The daemon is not asked."""
    best = None
    for seed in range(1, candidates + 1):
        x = image(shape, seed)
        double = value(subject.in_double_precision(), x.double())
        error = relative_error(value(subject, x), double)
        # The second look, through noise of the size of another engine's rounding.
        noise = 1e-5 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        error = max(error, relative_error(value(subject.in_double_precision(), x.double() + noise), double))
        if best is None or error < best[0]:
            best = (error, x)
        if error < 2e-4:
            break
    return best[1]


def image_for(method: Method, subject: Subject, shape: tuple[int, ...], usual: torch.Tensor) -> torch.Tensor:
    """The image a method is compared on: the usual one, on which the gradient is steady, but for methods whose own
    backward rules have kinks elsewhere one on which they are."""
    if method.name not in OWN_KINKS:
        return usual

    def value(subject: Subject, x: torch.Tensor) -> np.ndarray:
        return method.compute(subject, x, CLASS, **method.parameters)[0].attribution

    return steady_image(subject, shape, value)


def model_folder(subject: Subject, shape: tuple[int, ...]) -> Path:
    """The subject's ONNX model: one for all shapes, or, where its head fixes them, one a shape."""
    if subject.path:
        return subject.path
    fixed = not subject.has_cam_head
    folder = cache() / (f"method-{subject.name}" + (f"-{shape[2]}x{shape[3]}" if fixed else ""))
    if not (folder / "model.onnx").exists():
        model = export(subject.network, [torch.zeros(shape)], exporter="torchscript", opset=17,
                       dynamic="N" if fixed else "NHW")
        folder.mkdir(exist_ok=True)
        onnx.save(model, folder / "model.onnx.partial")
        (folder / "model.onnx.partial").rename(folder / "model.onnx")
    return folder


def best_match(found: Answer, answers: list[Answer], either_sign: bool) -> tuple[float | None, float | None]:
    """Errors of map and attribution against the answer for the same cut, which its map's shape tells.

    Raises ValueError where the daemon's answer lacks something or has another shape.
    """
    answer = answers[0]
    if answer.map is not None and found.map is not None:
        answer = next((a for a in answers if a.map.shape == found.map.shape), answer)
    errors = []
    for name in ("map", "attribution"):
        expected, value = getattr(answer, name), getattr(found, name)
        if expected is None:
            errors.append(None)
        elif value is None:
            raise ValueError(f"the answer has no {name}")
        else:
            signs = (1, -1) if either_sign else (1,)
            errors.append(min(relative_error(sign * value, expected.astype(np.float64)) for sign in signs))
    return errors[0], errors[1]


def compare(method: Method, subject: Subject, x: torch.Tensor, ask: Callable[..., Answer]) -> Row:
    label = method.name + (f" ({method.label})" if method.label else "")
    row = Row(label, subject.name, f"{x.shape[2]}×{x.shape[3]}", method.source)
    try:
        if method.name == "cam" and not subject.has_cam_head:
            return expect_refusal(row, lambda: ask(method, subject, x))
        found = ask(method, subject, x)
        double = method.compute(subject.in_double_precision(), x.double(), CLASS, **method.parameters)
        if double[0].deviation is not None:
            row.z = z_score(found, double[0])
            return row
        single = method.compute(subject, x, CLASS, **method.parameters)
        row.map, row.attribution = best_match(found, double, method.either_sign)
        if not row.passed and (method.name in ("gradient", "gradient-x-input") or method.label == "epsilon"):
            explain_by_kinks(row, method, subject, x, found)
        elif not row.passed and method.name == "integrated-gradients":
            explain_steps_by_kinks(row, method, subject, x, found, ask)
        row.reference = max(e for e in best_match(single[0], double, method.either_sign) if e is not None)
        if not row.passed:
            row.reference = max(row.reference, spread(method, subject, x, double))
    except (RequestFailed, DaemonDied, ValueError) as error:
        row.problem = one_line(error)
    return row


def spread(method: Method, subject: Subject, x: torch.Tensor, double: list[Answer]) -> float:
    """The largest error of the reference in double precision for images that differ from x by rounding.

    One run in single precision is one throw of the dice: which units within rounding of a kink fall on the other side
    differs from engine to engine.
    """
    worst = 0.0
    for seed in range(1, 9):
        noise = ROUNDING * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        near = method.compute(subject.in_double_precision(), x.double() + noise, CLASS, **method.parameters)
        worst = max([worst, *(e for e in best_match(near[0], double, method.either_sign) if e is not None)])
    return worst


def explain_by_kinks(row: Row, method: Method, subject: Subject, x: torch.Tensor, found: Answer) -> None:
    """Replaces the errors by those that remain after units within rounding of a kink have been moved across it."""
    gradient = found.attribution
    if method.name != "gradient":
        # With an epsilon that only keeps from dividing by zero, the epsilon rule is the gradient times the input, too.
        gradient = gradient / np.where(x[0].numpy() == 0, 1, x[0].numpy())
    explained = kinks.explain(subject.network, x, CLASS, gradient[None], BOUND, most_units=64)
    # The map has to be that of the attribution, whichever side of the kinks it is on.
    row.attribution, row.map = explained.error, relative_error(found.map, image_map(found.attribution))
    row.moved = explained.moved


def explain_steps_by_kinks(row: Row, method: Method, subject: Subject, x: torch.Tensor, found: Answer,
                           ask: Callable[..., Answer]) -> None:
    """Integrated gradients cross many kinks on their way. The gradient at each point of it is asked for by itself,
    units are moved until the reference's agrees, and what is asked about is compared with the sum of these."""
    gradient = next(m for m in METHODS if m.name == "gradient")
    points, weights = np.polynomial.legendre.leggauss(method.parameters["steps"])
    total, moved = 0, 0
    for point, weight in zip((points + 1) / 2, weights / 2):
        step = torch.from_numpy(np.float32(point) * x.numpy())
        answer = ask(gradient, subject, step)
        explained = kinks.explain(subject.network, step, CLASS, answer.attribution[None], BOUND / 4, most_units=64)
        total, moved = total + weight * explained.gradient[0], moved + explained.moved
    expected = total * x[0].double().numpy()
    error = relative_error(found.attribution, expected)
    if error < row.attribution:
        row.attribution, row.map = error, relative_error(found.map, image_map(expected))
        row.moved = moved


def z_score(found: Answer, answer: Answer) -> float:
    """How far two independent means are apart, in units of the standard error of their difference."""
    name = "attribution" if answer.attribution is not None else "map"
    value, expected = getattr(found, name), getattr(answer, name)
    if value is None or value.shape != expected.shape:
        raise ValueError(f"the answer's {name} is missing or has another shape")
    scale = np.sqrt(2) * answer.deviation
    moving = scale > 1e-3 * scale.max()
    return float(np.sqrt(np.mean(((value.astype(np.float64) - expected)[moving] / scale[moving]) ** 2)))


def expect_refusal(row: Row, ask: Callable[[], Answer]) -> Row:
    try:
        ask()
        row.problem = "answered, though the network has no global average pooling"
    except RequestFailed as error:
        if error.code == "method-not-applicable":
            row.skipped = "refused, as it must be"
        else:
            row.problem = one_line(error)
    return row


def in_daemon(daemon: Daemon, model: str) -> Callable[..., Answer]:
    def ask(method: Method, _: Subject, x: torch.Tensor) -> Answer:
        found = daemon.explain(model, x.numpy(), method=method.name, class_index=CLASS, **method.parameters)
        return Answer(found.map, found.attribution)

    return ask


def in_single_precision(method: Method, subject: Subject, x: torch.Tensor) -> Answer:
    """The references as the one who is asked; random methods with another seed."""
    if method.name == "cam" and not subject.has_cam_head:
        raise RequestFailed("method-not-applicable", "no global average pooling")
    parameters = dict(method.parameters)
    if "seed" in parameters:
        parameters["seed"] += 1
    return method.compute(subject, x, CLASS, **parameters)[0]


def compare_all(name: str, arguments) -> list[Row]:
    """All methods on one network."""
    if name == "petshop" and not (arguments.petshop / "model.onnx").exists():
        print(f"skipping petshop: there is no {arguments.petshop / 'model.onnx'}")
        return []
    subject = petshop(arguments.petshop) if name == "petshop" else torchvision_subject(name)
    chosen = [m for m in METHODS if (not m.only or name in m.only)
              and (not arguments.method or m.name in arguments.method)]
    rows = []
    for shape in subject.shapes:
        usual = steady_image(subject, shape, gradient_of)
        images = {(m.name, m.label): image_for(m, subject, shape, usual) for m in chosen}
        if arguments.self_check:
            rows += show([compare(m, subject, images[m.name, m.label], in_single_precision) for m in chosen])
            continue
        folder = model_folder(subject, shape)
        models = Path(tempfile.mkdtemp(prefix="methods-"))
        (models / folder.name).symlink_to(folder.resolve(), target_is_directory=True)
        try:
            with Daemon(models, arguments.bin, timeout=arguments.timeout) as daemon:
                available = daemon.methods()
                for method in chosen:
                    if method.name in available:
                        rows += show([compare(method, subject, images[method.name, method.label],
                                             in_daemon(daemon, folder.name))])
                        if rows[-1].problem and daemon.process.poll() is not None:
                            daemon.restart()
                    else:
                        rows += show([Row(method.name, name, f"{shape[2]}×{shape[3]}", method.source,
                                          skipped="skipped: the daemon does not list it")])
        finally:
            shutil.rmtree(models, ignore_errors=True)
    return rows


def show(rows: list[Row]) -> list[Row]:
    for line in table(rows).splitlines()[2:]:
        print(line, flush=True)
    return rows


def table(rows: list[Row]) -> str:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.1e}"

    lines = ["| method | network | image | compared with | map | attribution | its float32 | z | |",
             "|---|---|---|---|---:|---:|---:|---:|---|"]
    for r in rows:
        z = "" if r.z is None else f"{r.z:.2f}"
        numbers = " | ".join(number(v) for v in (r.map, r.attribution, r.reference))
        lines.append(f"| {r.method} | {r.network} | {r.size} | {r.source} | {numbers} | {z} | {r.verdict} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--petshop", type=Path, default=PETSHOP, help="petshop's model folder (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=NETWORKS, metavar="NETWORK", help="only these networks")
    parser.add_argument("--method", nargs="+", choices=sorted({m.name for m in METHODS}), metavar="NAME",
                        help="only these methods")
    parser.add_argument("--report", action="store_true", help="write the tables into the documentation, one a network")
    parser.add_argument("--self-check", action="store_true", help="ask the references instead of the daemon")
    arguments = parser.parse_args()
    if arguments.report and arguments.self_check:
        parser.error("the documentation is about the daemon: --report goes without --self-check")

    rows = []
    for name in NETWORKS:
        if not arguments.only or name in arguments.only:
            found = compare_all(name, arguments)
            if arguments.report and found:
                write_section(f"methods-{name}", "methods.py",
                              f"Errors are relative to the largest magnitude; the bound is {BOUND:.0e}.\n\n"
                              + table(found))
            rows += found
    failed = [r for r in rows if not r.passed and not r.skipped]
    print(f"{sum(r.passed for r in rows)} pass, {len(failed)} fail, {sum(bool(r.skipped) for r in rows)} skipped")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
