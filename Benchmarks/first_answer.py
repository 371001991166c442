"""How long a network takes to answer on a machine that has never seen it, and whether it answers the same later.

    .venv-conformance/bin/python Benchmarks/first_answer.py [--bin FILE] [--only NETWORK …] [--report]

A daemon with one network of seeded weights is started twice on one state folder. At the first start nothing is known of how
fast which way of computing a convolution is; that is measured once the daemon has nothing else to do. The second start comes
after that.

    loaded       seconds from the program's start until it says that the network is loaded; it has then taken a photo through
                 it, forward and back
    forward      seconds of the first forward pass that is asked for
    gradient     of the first gradient
    eight        of the first eight gradients at once (integrated gradients of eight steps)
    rest         seconds that the daemon then goes on measuring by itself
    differs      how far the answers of the two starts are apart, relative to the largest magnitude; the input is noise, whose
                 pooling windows are full of near-ties, so gradients may differ by more than scores do

In the row of ONNX Runtime *loaded* is its session's creation, in a process that has loaded the library already. Needs what
`make conformance` installs. With --report the table goes into Documentation/Performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from daemon import Daemon, add_arguments  # noqa: E402
from marks import write_between  # noqa: E402
from resident import SIDE, exported_network, model_folder, rest  # noqa: E402

NETWORKS = ("mobilenet_v2", "resnet18", "resnet50", "vgg16")
QUESTIONS = ("forward", "gradient", "eight")
CLASS = 3
# As PyTorch's exporter calls it.
INPUT = "input.1"


def ask(daemon: Daemon, name: str, question: str, x: np.ndarray) -> np.ndarray:
    if question == "forward":
        return next(iter(daemon.run(name, {INPUT: x}).values()))
    if question == "gradient":
        return daemon.explain(name, x, method="gradient", class_index=CLASS).attribution
    return daemon.explain(name, x, method="integrated-gradients", class_index=CLASS, steps=8).attribution


def start(name: str, models: Path, state: str, x: np.ndarray, arguments) -> tuple[list[float], list[np.ndarray], float]:
    """Seconds until loaded and of each question, the answers, and seconds until the daemon rests."""
    began = time.monotonic()
    with Daemon(models, arguments.bin, timeout=arguments.timeout, environment={"INTERPRETD_STATE": state}) as daemon:
        while name not in daemon.loaded():
            if name in daemon.refused():
                raise SystemExit(f"{name} is refused: {daemon.refused()[name]}")
            time.sleep(0.01)
        seconds, answers = [time.monotonic() - began], []
        for question in QUESTIONS:
            began = time.monotonic()
            answers.append(ask(daemon, name, question, x))
            seconds.append(time.monotonic() - began)
        began = time.monotonic()
        rest(daemon.process.pid)
        return seconds, answers, time.monotonic() - began


def of_onnx_runtime(file: Path, x: np.ndarray) -> list[float]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    began = time.monotonic()
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    created = time.monotonic()
    session.run(None, {INPUT: x})
    return [created - began, time.monotonic() - created]


def row(name: str, which: str, seconds: list[float], further: list[str]) -> str:
    cells = [f"{value:.2f}" for value in seconds] + [""] * (len(QUESTIONS) + 1 - len(seconds))
    return f"| {name} | {which} | " + " | ".join([*cells, *further]) + " |"


def rows(name: str, arguments) -> list[str]:
    file = exported_network(name)
    x = np.random.default_rng(7).uniform(-1, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    with tempfile.TemporaryDirectory() as models, tempfile.TemporaryDirectory() as state:
        model_folder(Path(models) / name, file)
        first, before, measured = start(name, Path(models), state, x, arguments)
        second, after, again = start(name, Path(models), state, x, arguments)
    apart = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(before, after)]
    return [row(name, "first start", first, [f"{measured:.0f}", ""]),
            row(name, "second start", second, [f"{again:.0f}", ", ".join(f"{value:.0e}" for value in apart)]),
            row(name, "ONNX Runtime", of_onnx_runtime(file, x), ["", ""])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--report", action="store_true", help="write the table into Documentation/Performance.md")
    arguments = parser.parse_args()
    heads = ["loaded s", *(f"{question} s" for question in QUESTIONS), "rest s", "differs"]
    lines = ["| network | | " + " | ".join(heads) + " |", "|---|---|" + "---:|" * len(heads)]
    for name in arguments.only:
        lines += rows(name, arguments)
        print("\n".join(lines[-3:]), flush=True)
    if arguments.report:
        write_between(ROOT / "Documentation" / "Performance.md", "first_answer.py", "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
