"""Compares the explanation methods with Captum, pytorch-grad-cam, zennit and plain loops, on petshop and on
torchvision's networks with seeded weights, on a square and a non-square image each.

    python Conformance/methods.py [--bin FILE] [--petshop DIR] [--only NETWORK …] [--method NAME …] [--report]
    python Conformance/methods.py --self-check      the references in single precision in the daemon's place

What is compared is the raw map and the raw attribution, never a picture. An error is the largest difference relative
to the largest magnitude; the bound is 1e-3. The truth is the reference in double precision; beside it stands the error
of the reference in single precision. Where that is large, ReLUs stand within rounding of their kink, and no engine
could do better.

Images are chosen so that this is rare, by the reference alone: the first of the seeded candidates on which it agrees
with itself (see steady_images.py; the table gives the seed). Methods with a backward rule of their own, or with many
gradients, have an image of their own; the others share the one on which the gradient is steady. Where no candidate is
steady, or the daemon's rounding is another, a row beyond the bound is a failure unless units within rounding of a
kink explain it: with them moved across it, the whole attribution is computed anew in double precision, and the error
is the distance from that one (see kinks.py; the table gives their number). Random methods draw their own samples, so
the means are compared: "z" is the root mean square of the differences in units of their standard error, about 1 where
both estimate the same thing, bound 2.

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
from comparison import one_line, relative_error
from daemon import Daemon, DaemonDied, RequestFailed, add_arguments
from fixture import export
from method_references import METHODS, Answer, Method, image_map
from method_subjects import Subject, petshop, torchvision_subject
from networks import cache
from report import write_section
from steady_images import STEADY, SteadyImage, steady_image

ROOT = Path(__file__).resolve().parent.parent
PETSHOP = ROOT.parent / "shared" / "models" / "petshop"
NETWORKS = ("petshop", "resnet18", "vgg11_bn", "mobilenet_v2", "densenet121")
BOUND = 1e-3
Z_BOUND = 2.0
CLASS = 1
PREFACE = f"""Errors are relative to the largest magnitude; the bound is {BOUND:.0e}. Images are seeded: a method's is the
first one on which its reference agrees with itself within {STEADY:.0e}, in single precision by two implementations and
after changes of the size of rounding, or the steadiest of all candidates; the daemon has no part in the choice. Where
units are moved, they stand within rounding of a kink, and the error is the distance from the whole attribution,
computed anew with them on its other side. deconvnet, guided backpropagation and guided Grad-CAM take ReLU6 for a
rectifier, which Captum does only where it is told so (rectifiers.py); by itself it gives networks of ReLU6 the plain
gradient. How they treat the cap, which few values of a seeded network reach, is compared on a network made for it by
make_method_fixtures.py."""
# Methods whose kinks are others than those of one gradient.
OWN_KINKS = {"deconvnet", "guided-backprop", "guided-grad-cam", "integrated-gradients", "lrp"}
# So many units are tried when an attribution is explained by its kinks and each takes computing it anew.
MOST_UNITS = 192


@dataclass
class Row:
    method: str
    network: str
    size: str
    seed: int
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
        return all(e <= BOUND for e in errors) and (self.z is None or self.z <= Z_BOUND)

    @property
    def verdict(self) -> str:
        if self.skipped or not self.passed:
            return self.skipped or "**fail** " + self.problem.replace("|", "\\|")
        return "pass" + (f", {self.moved} unit{'s' if self.moved > 1 else ''} moved" if self.moved else "")


def gradient_of(subject: Subject, x: torch.Tensor) -> np.ndarray:
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(subject.network(x)[0, CLASS], x)[0].numpy()


def image_for(method: Method, subject: Subject, shape: tuple[int, ...]) -> SteadyImage:
    """The image a method is compared on: the one on which the gradient is steady, but for methods whose own kinks are
    elsewhere one on which they are."""
    if method.name not in OWN_KINKS:
        return steady_image("gradient", gradient_of, subject, shape, subject.candidates)

    def value(subject: Subject, x: torch.Tensor) -> np.ndarray:
        return method.compute(subject, x, CLASS, **method.parameters)[0].attribution

    # Of many gradients one is always close to a kink, and looking for a better image takes long.
    candidates = subject.candidates // 8 if method.name == "integrated-gradients" else subject.candidates
    return steady_image(" ".join([method.name, method.label]).strip(), value, subject, shape, candidates)


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


def compare(method: Method, subject: Subject, image: SteadyImage, ask: Callable[..., Answer]) -> Row:
    x = image.x
    label = method.name + (f" ({method.label})" if method.label else "")
    row = Row(label, subject.name, f"{x.shape[2]}×{x.shape[3]}", image.seed, method.source)
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
        row.reference = max(e for e in best_match(single[0], double, method.either_sign) if e is not None)
        if not row.passed:
            explain_by_kinks(row, method, subject, x, found, double[0])
    except (RequestFailed, DaemonDied, ValueError) as error:
        row.problem = one_line(error)
    return row


def sum_of_gradients(method: Method, subject: Subject,
                     x: torch.Tensor) -> tuple[list[torch.Tensor], list[np.ndarray | float]] | None:
    """The points at which a method takes gradients, and what it multiplies each with before it adds them up; None where
    it is no such sum."""
    match method.name:
        case "gradient":
            return [x], [1.0]
        # With an epsilon that only keeps from dividing by zero, the epsilon rule is the gradient times the input, too.
        case "gradient-x-input" | "lrp" if method.label in ("", "epsilon"):
            return [x], [x[0].double().numpy()]
        case "integrated-gradients":
            places, weights = np.polynomial.legendre.leggauss(method.parameters["steps"])
            return ([(place + 1) / 2 * x.double() for place in places],
                    [weight / 2 * x[0].double().numpy() for weight in weights])
    return None


def explain_by_kinks(row: Row, method: Method, subject: Subject, x: torch.Tensor, found: Answer,
                     double: Answer) -> None:
    """Replaces the errors by those that remain after units within rounding of a kink have been moved across it."""
    terms = sum_of_gradients(method, subject, x)
    if terms:
        explained = kinks.explain(kinks.GradientSum(subject.network, *terms, CLASS), found.attribution, BOUND)
    elif method.name in OWN_KINKS:
        precise, cut = subject.in_double_precision(), 0 if method.name == "guided-grad-cam" else -1

        def compute() -> np.ndarray:
            return method.compute(precise, x.double(), CLASS, **method.parameters)[0].attribution

        right = kinks.AnyAttribution(precise.cuts[cut], x.double(), CLASS, compute)
        explained = kinks.explain(right, found.attribution, BOUND, MOST_UNITS)
    else:
        return
    # What the reference says may differ a little from the sum, as by Captum's epsilon.
    row.attribution = explained.error + relative_error(explained.reference, double.attribution)
    row.map = relative_error(found.map, image_map(explained.attribution))
    row.moved = explained.moved


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
        images = {(m.name, m.label): image_for(m, subject, shape) for m in chosen}
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
                        rows += show([Row(method.name, name, f"{shape[2]}×{shape[3]}",
                                          images[method.name, method.label].seed, method.source,
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

    lines = ["| method | network | image | seed | compared with | map | attribution | its float32 | z | |",
             "|---|---|---|---:|---|---:|---:|---:|---:|---|"]
    for r in rows:
        z = "" if r.z is None else f"{r.z:.2f}"
        numbers = " | ".join(number(v) for v in (r.map, r.attribution, r.reference))
        lines.append(f"| {r.method} | {r.network} | {r.size} | {r.seed} | {r.source} | {numbers} | {z} | {r.verdict} |")
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
                write_section(f"methods-{name}", "methods.py", PREFACE + "\n\n" + table(found))
            rows += found
    failed = [r for r in rows if not r.passed and not r.skipped]
    print(f"{sum(r.passed for r in rows)} pass, {len(failed)} fail, {sum(bool(r.skipped) for r in rows)} skipped")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
