"""What scripts have in common that hold a network's outputs and input gradients against PyTorch's in double precision.

Needs numpy alone, so that a script whose networks are processes of their own can read what these found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

BOUND = 1e-4
EXPORTERS = ("torchscript", "dynamo")


@dataclass
class Row:
    """One line of a table; errors are None where they do not apply."""

    network: str
    exporter: str
    output: float | None = None
    output_reference: float | None = None
    gradient: float | None = None
    gradient_reference: float | None = None
    moved: int = 0
    problem: str = ""

    @property
    def passed(self) -> bool:
        errors = [e for e in (self.output, self.gradient) if e is not None]
        return not self.problem and bool(errors) and all(e <= BOUND for e in errors)

    @property
    def cells(self) -> str:
        """Network to "moved", as a table has them under HEAD."""
        numbers = (self.output, self.output_reference, self.gradient, self.gradient_reference)
        errors = " | ".join("" if value is None else f"{value:.1e}" for value in numbers)
        return f"{self.network} | {self.exporter} | {errors} | {self.moved or ''}"


HEAD = "network | exporter | output | PyTorch float32 | gradient | PyTorch float32 | moved"
ALIGNMENT = "---|---|---:|---:|---:|---:|---:"


def relative_error(value: np.ndarray, truth: np.ndarray) -> float:
    if value.shape != truth.shape:
        raise ValueError(f"shape {list(value.shape)}, expected {list(truth.shape)}")
    scale = np.abs(truth).max()
    return float(np.abs(value.astype(np.float64) - truth).max() / (scale if scale > 0 else 1))


def plainest(images: Iterable[Any], both: Callable) -> tuple[float, Any, tuple, tuple]:
    """Single precision's error of the gradient, the image, and scores and gradient in double and in single precision.

    Of the first few images, one on which the two precisions agree: the fewer kinks nearby, the plainer the comparison.
    """
    best = None
    for x in images:
        double, single = both(x)
        error = relative_error(single[1], double[1])
        if best is None or error < best[0]:
            best = error, x, double, single
        if error < BOUND / 10:
            break
    return best


def first_cause(error: BaseException) -> BaseException:
    """Of errors that followed from one another the first says what, the last one why."""
    while error.__cause__:
        error = error.__cause__
    return error


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:240]


def cell(text: str) -> str:
    """Text within a table's line."""
    return text.replace("|", "\\|")
