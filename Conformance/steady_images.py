"""Images on which a method's reference agrees with itself.

Near a kink, where the derivative of a ReLU jumps, rounding decides what the gradient is, and no engine's answer is
wrong (see kinks.py). So images are chosen, among seeded ones, by the reference alone: the first one on which it agrees
with double precision well within the bound in single precision, by each of two implementations of the layers, and in
double precision after each of two changes of the image of the size of rounding. Where none of the candidates does, it
is the one with the smallest difference. Neither the daemon nor its answers have a part in the choice.

The choices are kept in .conformance-cache, for as long as the scripts and networks they depend on stay the same.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from comparison import relative_error
from method_subjects import Subject
from networks import cache
from torchvision_models import image

STEADY = 2e-4
# Of the image's values, which are about 1. The rounding of all layers moves what comes out about as much.
NOISE = 5e-7

# From switching oneDNN off and on: advice about graphics cards.
warnings.filterwarnings("ignore", message="TF32 acceleration on top of oneDNN")

Value = Callable[[Subject, torch.Tensor], np.ndarray]


@dataclass(frozen=True)
class SteadyImage:
    """An image [1,C,H,W] and the seed it is drawn with."""

    x: torch.Tensor
    seed: int


def steady_image(name: str, value: Value, subject: Subject, shape: tuple[int, ...], candidates: int) -> SteadyImage:
    """The image on which `value`, the reference of this name, is compared."""
    if candidates <= 1:
        return SteadyImage(image(shape, 1), 1)
    file = cache() / "steady-images.json"
    choices = json.loads(file.read_text()) if file.exists() else {}
    key = f"{subject.name} {shape[2]}x{shape[3]} {name} {candidates} {fingerprint(subject)}"
    if key not in choices:
        choices[key] = search(value, subject, shape, candidates)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(choices, indent=1))
        partial.rename(file)
    return SteadyImage(image(shape, choices[key]["seed"]), choices[key]["seed"])


def search(value: Value, subject: Subject, shape: tuple[int, ...], candidates: int) -> dict:
    """The seed of the first steady image, or of the steadiest, and how far the reference's answers on it are apart."""
    best = None
    for seed in range(1, candidates + 1):
        found = spread(value, subject, image(shape, seed), seed)
        if best is None or found < best["spread"]:
            best = {"seed": seed, "spread": found}
        if found <= STEADY:
            break
    return best


def spread(value: Value, subject: Subject, x: torch.Tensor, seed: int) -> float:
    """How far the reference's answers on one image are apart. An answer that is zero everywhere, such as a clipped map
    may be, compares nothing: it counts as infinitely far apart."""
    double = value(subject.in_double_precision(), x.double())
    if not np.abs(double).max() > 0:
        return float("inf")
    found = relative_error(value(subject, x), double)
    if found <= STEADY:
        with torch.backends.mkldnn.flags(enabled=False):
            found = max(found, relative_error(value(subject, x), double))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(2):
        if found > STEADY:
            break
        noise = NOISE * torch.randn(x.shape, generator=generator, dtype=torch.float64)
        found = max(found, relative_error(value(subject.in_double_precision(), x.double() + noise), double))
    return found


def fingerprint(subject: Subject) -> str:
    """Changes with what the choices depend on and the cache's own fingerprint does not know."""
    digest = hashlib.sha256()
    for name in ("steady_images.py", "method_references.py", "method_subjects.py", "rectifiers.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    if subject.path:
        digest.update((subject.path / "model.onnx").read_bytes())
    return digest.hexdigest()[:12]
