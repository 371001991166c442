"""Writes the small networks that `swift test` checks the engine with: Tests/Fixtures/networks/NAME/.

Each folder holds `model.onnx`; `input.npy`; `output.npy`, PyTorch's answer; `gradient.npy`, the derivative of
`output[0, class]` (summed over any further axes) with respect to the input; and `meta.json`, which says what the
network is there for. Both references are computed in double precision and rounded once, so that a difference from
them is the engine's.

    python Conformance/make_network_fixtures.py [--only TEXT] [--output DIR]
    python Conformance/make_network_fixtures.py --self-check

`--self-check` reads what is on disk and confirms it without PyTorch's autograd and without the daemon: ONNX Runtime
must reproduce the outputs from the file, and differences of ONNX Runtime's or PyTorch's scores the gradients.
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import basic_networks  # noqa: F401  (these register their fixtures)
import choosing_networks  # noqa: F401
import elementwise_networks  # noqa: F401
import handwritten_networks  # noqa: F401
import operator_networks  # noqa: F401
import structural_networks  # noqa: F401
from fixture import (
    FIRST_OPERATORS, REGISTRY, TOLERANCE, Fixture, draw_batch_norm_statistics, export, numbered, outputs_of,
)

ROOT = Path(__file__).resolve().parent.parent
DESTINATION = ROOT / "Tests" / "Fixtures" / "networks"
LARGEST_FIXTURE = 60_000
LARGEST_TOTAL = 1_400_000


def relative_error(value: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, relative to the reference's largest magnitude."""
    if value.shape != reference.shape:
        return float("inf")
    scale = np.abs(reference).max(initial=0)
    return float(np.abs(value.astype(np.float64) - reference).max(initial=0) / (scale if scale > 0 else 1))


def score_and_gradient(module: torch.nn.Module, inputs: list[torch.Tensor], class_index: int):
    """All outputs, and the gradient of `output[0, class]` with respect to the first input."""
    inputs = [inputs[0].clone().requires_grad_(True), *inputs[1:]]
    outputs = outputs_of(module, inputs)
    (gradient,) = torch.autograd.grad(outputs[0][0, class_index].sum(), inputs[0])
    return [o.detach().numpy() for o in outputs], gradient.numpy()


def prepare(item: Fixture, seed: int):
    """The seeded module in evaluation mode, and its inputs."""
    torch.manual_seed(seed)
    module = item.make()
    draw_batch_norm_statistics(module)
    module.eval()
    inputs = [torch.randint(-1, 3, item.shape).float() if item.tied_input else torch.randn(item.shape)]
    return module, inputs + ([torch.randn(item.second_shape)] if item.second_shape else [])


def stands_clear_of_kinks(module: torch.nn.Module, inputs: list[torch.Tensor], class_index: int) -> bool:
    """Whether rounding cannot flip a ReLU or a maximum: the gradient is the same all around the input.

    A gradient jumps where an activation crosses zero. An input that sits within rounding distance of such a jump
    would make a test of it a coin toss.
    """
    double = copy.deepcopy(module).double()
    inputs = [x.double() for x in inputs]
    _, reference = score_and_gradient(double, inputs, class_index)
    generator = torch.Generator().manual_seed(0)
    for _ in range(6):
        noise = torch.randn(inputs[0].shape, generator=generator, dtype=torch.float64)
        _, gradient = score_and_gradient(double, [inputs[0] + 1e-5 * noise, *inputs[1:]], class_index)
        if relative_error(gradient, reference) > TOLERANCE:
            return False
    _, single = score_and_gradient(module, [x.float() for x in inputs], class_index)
    return relative_error(single, reference) < TOLERANCE / 4


def make(item: Fixture, destination: Path) -> str:
    """Writes one fixture; returns a line that says what was written."""
    for seed in range(1, 60):
        module, inputs = prepare(item, seed)
        double = copy.deepcopy(module).double()
        outputs, gradient = score_and_gradient(double, [x.double() for x in inputs], item.class_index)
        useful = np.count_nonzero(gradient) >= 0.02 * gradient[:1].size and all(np.isfinite(o).all() for o in outputs)
        if useful and item.tied_input or useful and stands_clear_of_kinks(module, inputs, item.class_index):
            break
    else:
        raise RuntimeError(f"{item.name}: no seed gives an input that stands clear of every kink")

    if item.graph:
        model = item.graph(module)
    else:
        model = export(module, inputs, exporter=item.exporter, opset=item.opset, dynamic=item.dynamic,
                       keep_training_nodes=item.training_export, output_count=len(outputs))
    single, single_gradient = score_and_gradient(module, inputs, item.class_index)

    folder = destination / item.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # onnx.save moves the weights out of the model it is given, so it gets a copy.
    stored = copy.deepcopy(model)
    onnx.save(stored, folder / "model.onnx", save_as_external_data=item.external_data, location="model.onnx.data",
              size_threshold=64)
    input_files = write_arrays(folder, "input", [x.numpy() for x in inputs])
    output_files = write_arrays(folder, "output", outputs)
    np.save(folder / "gradient.npy", gradient.astype(np.float32))
    operators = {node.op_type for node in model.graph.node}
    meta = {
        "what": item.what,
        "stage": item.stage or ("first" if operators <= FIRST_OPERATORS else "wide"),
        "exporter": item.exporter,
        "opset": next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")),
        "operators": sorted(operators),
        "inputs": dict(zip([i.name for i in model.graph.input][: len(inputs)], input_files)),
        "outputs": dict(zip([o.name for o in model.graph.output], output_files)),
        "class": item.class_index,
        "tiedMaxima": item.tied_input,
        "seed": seed,
        "tolerance": TOLERANCE,
        "toleranceReason": "largest difference from double precision, relative to the reference's largest magnitude; "
        "single-precision PyTorch itself is off by pytorchError, and algorithms that sum in another order by more",
        "pytorchError": {
            "output": float(f"{max(relative_error(a, b) for a, b in zip(single, outputs)):.1e}"),
            "gradient": float(f"{relative_error(single_gradient, gradient):.1e}"),
        },
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir())
    if size > LARGEST_FIXTURE:
        raise RuntimeError(f"{item.name}: {size} bytes; make the network smaller")
    return f"{item.name}: seed {seed}, {size} bytes, {meta['stage']}: {' '.join(meta['operators'])}"


def write_arrays(folder: Path, stem: str, arrays: list[np.ndarray]) -> list[str]:
    files = [f"{name}.npy" for name in numbered(stem, len(arrays))]
    for file, array in zip(files, arrays):
        np.save(folder / file, np.ascontiguousarray(array, dtype=np.float32))
    return files


def self_check(destination: Path, only: str) -> bool:
    """Confirms every fixture on disk by ONNX Runtime alone: its outputs, and its gradient by central differences.

    The differences are taken along random directions in single precision, so they can only catch gross errors; the
    exact comparison is with PyTorch's double precision when the fixture is made.
    """
    succeeded, total = True, 0
    for folder in sorted(destination.iterdir()):
        total += sum(f.stat().st_size for f in folder.iterdir())
        if only not in folder.name:
            continue
        meta = json.loads((folder / "meta.json").read_text())
        inputs = {name: np.load(folder / file) for name, file in meta["inputs"].items()}
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        found = session.run(list(meta["outputs"]), inputs)
        error = max(relative_error(v, np.load(folder / f)) for v, f in zip(found, meta["outputs"].values()))
        gradient = np.load(folder / "gradient.npy")
        # Where maxima are tied there is no derivative to difference; which one is meant is PyTorch's convention.
        slope_error = 0 if meta["tiedMaxima"] else directional_error(session, inputs, gradient, meta["class"])
        good = error < meta["tolerance"] / 2 and slope_error < 0.02
        succeeded &= good
        print(f"{'ok  ' if good else 'FAIL'} {folder.name}: output {error:.1e}, gradient along directions "
              f"{slope_error:.1e}")
    print(f"{total} bytes")
    return succeeded and total <= LARGEST_TOTAL


def directional_error(session, inputs: dict[str, np.ndarray], gradient: np.ndarray, class_index: int) -> float:
    """The median error, over random directions, of the gradient's slope against a central difference's.

    The median, because a direction that crosses a ReLU's kink within the step is not the gradient's fault.
    """
    name = next(iter(inputs))
    generator = np.random.default_rng(0)
    errors = []
    for _ in range(9):
        direction = generator.standard_normal(gradient.shape).astype(np.float32)
        # Towards the gradient, so that the slope is not lost in rounding.
        direction = direction / np.linalg.norm(direction) + gradient / max(np.linalg.norm(gradient), 1e-30)
        step = np.float32(2e-3 * np.linalg.norm(inputs[name]) / np.sqrt(gradient.size))
        scores = [
            float(session.run(None, {**inputs, name: inputs[name] + sign * step * direction})[0][0, class_index]
                  .astype(np.float64).sum())
            for sign in (1, -1)
        ]
        expected = float((gradient.astype(np.float64) * direction).sum())
        errors.append(abs((scores[0] - scores[1]) / (2 * step) - expected) / abs(expected))
    return float(np.median(errors))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only fixtures whose name contains this text")
    parser.add_argument("--output", type=Path, default=DESTINATION)
    parser.add_argument("--self-check", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.self_check:
        for item in REGISTRY.values():
            if arguments.only in item.name:
                print(make(item, arguments.output), flush=True)
        for folder in arguments.output.iterdir():
            if folder.name not in REGISTRY:
                shutil.rmtree(folder)
    return 0 if self_check(arguments.output, arguments.only) else 1


if __name__ == "__main__":
    sys.exit(main())
