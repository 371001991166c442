"""Times a forward pass and an input gradient against ONNX Runtime, OpenVINO, PyTorch and Captum, in one run.

    python Benchmarks/forward_and_gradient.py --swift-bench "COMMAND …" [--only NETWORK …] [--batch 1 8] [--check]

All sides get the same ONNX file or the network it was exported from, the same input and two threads. They take turns,
round by round, so that a change of the machine's clock or load meets all of them; what counts is the median over all
repetitions. PyTorch runs in its default memory layout, in channels_last and compiled by `torch.compile` (channels_last, too;
it needs a C++ compiler and minutes), and the fastest counts. Gradients are compared with Captum's Saliency on a network
whose parameters need no gradient, which is the fair baseline, also compiled. OpenVINO computes in single precision, as all
do. Without --swift-bench the peers run alone.

Beside every time stands the share of the machine's sgemm peak: the multiplications and additions of the network's
convolutions and matrix products (three for a gradient: forward, and backward to the inputs alone, counted as measured
by PyTorch), divided by the time and by the best rate of a large matrix product on the same threads. Winograd's
algorithm does with fewer multiplications than are counted, so a share may lie above one.

Line protocol of the Swift side
-------------------------------
COMMAND is started once a case, with OMP_NUM_THREADS set. It reads requests from standard input, one a line, words
separated by single spaces, and answers each with one JSON object on one line of standard output, in order:

    prepare CASE KIND BATCH HEIGHT WIDTH FILE      KIND is forward or gradient; FILE is the rest of the line
        {"case": "resnet18/forward/1", "ms": 212.5}          from the request to the first answer of the network
    run CASE REPEATS [processor]                   processor: the thread's processor time instead of the clock's
        {"case": "resnet18/forward/1", "ms": [5.1, 5.0, …]}  one time a repetition, in milliseconds
    quit
        no answer; the program ends

CASE has no spaces. The gradient is that of the sum over the batch of the score of class 3, with respect to the input.
A request that fails is answered {"case": …, "error": "what happened"}. Standard error is passed through.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))

import captum.attr  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import openvino  # noqa: E402
import torch  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from fixture import export  # noqa: E402
from marks import between, write_between  # noqa: E402
from method_subjects import petshop  # noqa: E402
from networks import cache  # noqa: E402
from processes import most_resident_mib, resident_mib  # noqa: E402
from sgemm import product  # noqa: E402
from torchvision_models import CLASSIFIERS, classifier, image  # noqa: E402

NETWORKS = ("resnet18", "resnet50", "vgg16", "mobilenet_v2", "efficientnet_b0", "squeezenet1_1", "petshop")
PETSHOP = ROOT / "Tests/Fixtures/first-edition/petshop"
KINDS = ("forward", "gradient")
CLASS = 3
MARK = "forward_and_gradient.py"
# Largest acceptable ratio to the fastest peer.
BOUNDS = {"forward": 1.0, "gradient": 0.7}
TIGHTER = {("forward", "vgg16"): 0.75, ("forward", "resnet18"): 0.75}


@dataclass
class Side:
    """One competitor: `run(repeats)` returns that many times in milliseconds."""

    name: str
    run: Callable[[int], list[float]]
    times: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def best(self) -> float:
        return min(self.times)


@dataclass
class Result:
    case: str
    medians: dict[str, float]
    best: dict[str, float]
    share: dict[str, float]
    ratio: float | None
    best_ratio: float | None
    bound: float
    load_ms: float | None
    resident_mb: float | None
    peak_mb: float | None


# Replaced by --processor-time.
clock: Callable[[], float] = time.perf_counter


def repeating(action: Callable[[], object]) -> Callable[[int], list[float]]:
    def run(repeats: int) -> list[float]:
        times = []
        for _ in range(repeats):
            start = clock()
            action()
            times.append((clock() - start) * 1e3)
        return times

    return run


class SwiftBench:
    """The Swift side's process for one case, spoken to by the line protocol above."""

    def __init__(self, command: str, threads: int):
        # What was measured is remembered beside the exported networks, so that only the first run of all measures.
        environment = {"INTERPRETD_ALGORITHMS": str(cache() / "kernel-speeds.json"), **os.environ,
                       "OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment)

    def ask(self, line: str) -> dict:
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the empty line below tells
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"the Swift side ended with status {self.process.wait()} at: {line}")
        answer = json.loads(text)
        if "error" in answer:
            raise RuntimeError(f"{answer['case']}: {answer['error']}")
        return answer

    def resident_mib(self) -> tuple[float | None, float | None]:
        """What the process has resident now, and the most it ever had, where the system tells."""
        try:
            return resident_mib(self.process.pid), most_resident_mib(self.process.pid)
        except OSError:
            return None, None

    def close(self) -> None:
        try:
            self.process.communicate("quit\n", timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.wait()


def sgemm_side(threads: int) -> tuple[Side, float]:
    """A large matrix product, and its operations: 58 billion, long enough for the threads to get going."""
    run, operations = product(3072, threads)
    return Side("sgemm", repeating(run)), operations


PYTORCHS = (("PyTorch", torch.contiguous_format, False), ("PyTorch channels_last", torch.channels_last, False),
            ("PyTorch compiled", torch.channels_last, True))
NAMES = ["interpretd", "ONNX Runtime", "OpenVINO", *(name for name, _, _ in PYTORCHS),
         *(name.replace("PyTorch", "Captum") for name, _, _ in PYTORCHS)]


def openvino_request(path: Path, threads: int):
    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    return core.compile_model(core.read_model(path), "CPU", settings).create_infer_request()


def peers(kind: str, network: torch.nn.Module, path: Path, x: torch.Tensor, class_index: int,
          threads: int, with_compiled: bool) -> list[Side]:
    if kind == "forward":
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: x.numpy()}
        request, pixels = openvino_request(path, threads), x.numpy()
        sides = [Side("ONNX Runtime", repeating(lambda: session.run(None, feed))),
                 Side("OpenVINO", repeating(lambda: request.infer([pixels], share_inputs=True)))]
    else:
        sides = []
    for name, layout, compiles in PYTORCHS:
        if compiles and not with_compiled:
            continue
        model, y = network_in(layout, network), x.contiguous(memory_format=layout)
        if compiles:
            torch.compiler.reset()
            model = torch.compile(model)
        if kind == "forward":

            def forward(model=model, y=y):
                with torch.inference_mode():
                    model(y)

            sides.append(Side(name, repeating(forward)))
        else:
            saliency, targets = captum.attr.Saliency(model), [class_index] * len(x)
            y.requires_grad_(True)  # otherwise Captum sets and warns about it every time
            sides.append(Side(name.replace("PyTorch", "Captum"), repeating(
                lambda saliency=saliency, y=y, targets=targets: saliency.attribute(y, target=targets, abs=False))))
    return sides


def network_in(layout: torch.memory_format, network: torch.nn.Module) -> torch.nn.Module:
    if layout == torch.contiguous_format:
        return network
    return copy.deepcopy(network).to(memory_format=layout)


def operations(kind: str, network: torch.nn.Module, x: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter:
        if kind == "forward":
            with torch.no_grad():
                network(x)
        else:
            y = x.clone().requires_grad_(True)
            torch.autograd.grad(network(y).sum(), y)
    return float(counter.get_total_flops())


def measure(sides: list[Side], rounds: int, seconds: float) -> None:
    """Lets the sides take turns for about the given time; a first turn warms up and tells how often each can run."""
    repeats = {}
    for side in sides:
        side.run(1)
        once = min(side.run(2)) / 1e3
        repeats[side.name] = max(1, int(seconds / len(sides) / rounds / max(once, 1e-5)))
    for _ in range(rounds):
        for side in sides:
            # The threads of the side before go on spinning for a while, and the caches are full of its weights.
            time.sleep(0.03)
            side.run(1)
            side.times += side.run(min(repeats[side.name], 200))


def bench(name: str, kind: str, batch: int, arguments) -> Result:
    torch.set_num_threads(arguments.threads)
    if name == "petshop":
        subject = petshop(arguments.petshop)
        network, path, side = subject.network, arguments.petshop / "model.onnx", 224
    else:
        network, side = classifier(name).requires_grad_(False), CLASSIFIERS[name]
        path = model_file(name, network, side)
    class_index = min(CLASS, 2) if name == "petshop" else CLASS
    case = f"{name}/{kind}/{batch}"
    x = image((batch, 3, side, side))
    gemm, gemm_operations = sgemm_side(arguments.threads)
    sides = [*peers(kind, network, path, x, class_index, arguments.threads, arguments.compiled)]
    suffix = "" if clock is time.perf_counter else " processor"
    swift, load = None, None
    try:
        if arguments.swift_bench:
            # The first start measures the convolutions that are not known yet; the second is what a user meets.
            for _ in range(2):
                if swift:
                    swift.close()
                swift = SwiftBench(arguments.swift_bench, arguments.threads)
                load = swift.ask(f"prepare {case} {kind} {batch} {side} {side} {path.resolve()}")["ms"]
            sides.insert(0, Side("interpretd", lambda repeats: swift.ask(f"run {case} {repeats}{suffix}")["ms"]))
        measure([*sides, gemm], arguments.rounds, arguments.seconds)
        resident, most = swift.resident_mib() if swift else (None, None)
    finally:
        if swift:
            swift.close()
    medians = {s.name: s.median for s in sides}
    # The machine can do what it did once; a slower turn tells of its load.
    peak = gemm_operations / gemm.best
    work = operations(kind, network, x)
    best = {s.name: s.best for s in sides}
    return Result(case, medians, best, {k: work / v / peak for k, v in medians.items()}, to_fastest(medians),
                  to_fastest(best), TIGHTER.get((kind, name), BOUNDS[kind]), load, resident, most)


def to_fastest(times: dict[str, float]) -> float | None:
    """Our time divided by that of the fastest peer."""
    if "interpretd" not in times:
        return None
    return times["interpretd"] / min(v for k, v in times.items() if k != "interpretd")


def model_file(name: str, network: torch.nn.Module, side: int) -> Path:
    path = cache() / f"bench-{name}.onnx"
    if not path.exists():
        model = export(network, [torch.zeros(1, 3, side, side)], exporter="torchscript", opset=17, dynamic="N")
        partial = path.with_suffix(".partial")
        onnx.save(model, partial)
        partial.rename(path)
    return path


def row(r: Result) -> str:
    cells = [f"{r.medians[n]:.2f} ms ({r.share[n]:.0%})" if n in r.medians else "" for n in NAMES]
    ratio = "" if r.ratio is None else f"{r.ratio:.2f}" if r.ratio <= r.bound else f"**{r.ratio:.2f}**"
    best = "" if r.best_ratio is None else f"{r.best_ratio:.2f}"
    most = "" if r.peak_mb is None else f"{r.peak_mb:.0f}"
    load = "" if r.load_ms is None else f"{r.load_ms:.0f}"
    resident = "" if r.resident_mb is None else f"{r.resident_mb:.0f}"
    return f"| {r.case} | " + " | ".join(cells) + f" | {ratio} | {best} | {r.bound} | {load} | {resident} | {most} |"


def table(rows: dict[str, str]) -> str:
    """Of rows by case, in the order of the networks."""
    batches = sorted({int(case.rsplit("/", 1)[1]) for case in rows})
    order = [f"{name}/{kind}/{batch}" for name in NETWORKS for kind in KINDS for batch in batches]
    lines = ["| case | " + " | ".join(NAMES) + " | ratio | of best times | bound | load ms | resident MB | at most |",
             "|---|" + "---:|" * (len(NAMES) + 6), *(rows[case] for case in order if case in rows)]
    return "\n".join(lines) + "\n"


def rows_on_page(page: Path) -> dict[str, str]:
    lines = [line for line in between(page, MARK).splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip(): line for line in lines[1:]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swift-bench", metavar="COMMAND", help="the program that speaks the line protocol")
    parser.add_argument("--only", nargs="+", choices=NETWORKS, metavar="NETWORK", default=NETWORKS)
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=12, help="time for one case, all sides together")
    parser.add_argument("--compiled", action="store_true", help="torch.compile too, which takes minutes a network")
    parser.add_argument("--petshop", type=Path, default=PETSHOP, help="petshop's model folder")
    parser.add_argument("--output", type=Path, help="write the results there as JSON")
    parser.add_argument("--report", type=Path, help="put the table into this page, between its marks")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bound is missed")
    parser.add_argument("--processor-time", action="store_true",
                        help="on one thread, count its processor time: ratios hold on a busy machine too")
    arguments = parser.parse_args()
    if arguments.processor_time:
        global clock
        # OpenVINO computes on a thread of its own; nothing else runs in the process.
        clock, arguments.threads = time.process_time, 1

    results = []
    for name in arguments.only:
        if name == "petshop" and not (arguments.petshop / "model.onnx").exists():
            print(f"skipping petshop: there is no {arguments.petshop / 'model.onnx'}", file=sys.stderr)
            continue
        for kind in arguments.kind:
            for batch in arguments.batch:
                results.append(bench(name, kind, batch, arguments))
                print(row(results[-1]), flush=True)
    rows = {r.case: row(r) for r in results}
    # Cases that this run leaves out keep their rows.
    kept = rows_on_page(arguments.report) if arguments.report else {}
    report = (f"{table(kept | rows)}\nMedians of {arguments.rounds} rounds, {arguments.threads} threads"
              f"{', processor time' if arguments.processor_time else ''}; in brackets the share "
              "of the sgemm peak; the ratio is to the fastest peer, of the medians and of the best times, which the "
              f"machine's load touches least (at the end: {os.getloadavg()[0]:.1f} runnable on {os.cpu_count()} cores). "
              f"PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}, "
              f"OpenVINO {openvino.__version__.split('-')[0]}, Captum {captum.__version__}."
              f"{' The rows are of several runs.' if kept.keys() - rows.keys() else ''}\n")
    print("\n" + report)
    if arguments.report:
        write_between(arguments.report, MARK, report)
    if arguments.output:
        arguments.output.write_text(json.dumps([vars(r) for r in results], indent=1) + "\n")
    missed = [r.case for r in results if r.ratio is not None and r.ratio > r.bound]
    if missed:
        print("missed: " + ", ".join(missed))
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
