"""Networks whose operators hold graphs, keep a state, or come from ONNX Runtime's own domain, against ONNX Runtime.

    python Conformance/operator_families.py [--bin FILE] [--only TEXT]

Recurrent layers with everything that ONNX lets one say of them, loops and branches, lists of tensors, functions that
the model defines itself, the operators that ONNX Runtime's optimizer writes, attention, and values at named places. Each
network goes through the daemon and through ONNX Runtime with its optimizations off; the largest difference may be 1e-4 of
the largest magnitude. The derivatives are held against finite differences by Swift tests, operator by operator.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from daemon import Daemon, RequestFailed, add_arguments

TOLERANCE = 1e-4
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def noise(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed + sum(shape)).standard_normal(shape) * scale).astype(np.float32)


def model(nodes, inputs: dict[str, np.ndarray], outputs: list[str], stored: dict[str, np.ndarray] | None = None,
          opset: int = 22, functions=(), domains=()) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
         for k, v in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (stored or {}).items()])
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10), inputs


def recurrent() -> dict:
    cases = {}
    steps, items, size, hidden = 5, 3, 4, 6
    for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        for direction in ("forward", "reverse", "bidirectional"):
            d = 2 if direction == "bidirectional" else 1
            variants: dict[str, tuple[dict, dict]] = {"plain": ({}, {}), "states": ({}, {"h": 1, "lengths": 1})}
            if kind == "LSTM":
                variants["peepholes"] = ({}, {"h": 1, "p": 1})
                variants["coupled"] = ({"input_forget": 1}, {"h": 1})
                functions = ["HardSigmoid", "Softsign", "ScaledTanh"]
                variants["functions"] = (
                    {"activations": functions * d, "activation_alpha": [0.3, 0.8] * d,
                     "activation_beta": [0.4, 0.9] * d}, {"h": 1})
            if kind == "GRU":
                variants["linear before reset"] = ({"linear_before_reset": 1}, {"h": 1, "lengths": 1})
                variants["functions"] = ({"activations": ["HardSigmoid", "Relu"] * d}, {"h": 1})
            if kind == "RNN":
                for name in ("Relu", "LeakyRelu", "Elu", "Affine", "Softplus", "ThresholdedRelu"):
                    variants[name] = ({"activations": [name] * d, "activation_alpha": [0.5] * d,
                                       "activation_beta": [0.1] * (d if name == "Affine" else 0)}, {"h": 1})
            variants["clip"] = ({"clip": 0.7}, {"h": 1})
            for name, (attributes, parts) in variants.items():
                stored = {"w": noise(d, gates * hidden, size, seed=1, scale=0.5),
                          "r": noise(d, gates * hidden, hidden, seed=2, scale=0.5),
                          "b": noise(d, 2 * gates * hidden, seed=3, scale=0.5)}
                names = ["x", "w", "r", "b", "", "", "", ""]
                if "lengths" in parts:
                    stored["lengths"] = np.array([5, 2, 4], np.int32)
                    names[4] = "lengths"
                if "h" in parts:
                    stored["h"] = noise(d, items, hidden, seed=4)
                    names[5] = "h"
                    if kind == "LSTM":
                        stored["c"] = noise(d, items, hidden, seed=5)
                        names[6] = "c"
                if "p" in parts:
                    stored["p"] = noise(d, 3 * hidden, seed=6)
                    names[7] = "p"
                while not names[-1]:
                    names.pop()
                outputs = ["y", "yh", "yc"] if kind == "LSTM" else ["y", "yh"]
                attributes = {k: v for k, v in attributes.items() if v != []}
                node = helper.make_node(kind, names, outputs, hidden_size=hidden, direction=direction, **attributes)
                cases[f"{kind} {direction} {name}"] = model([node], {"x": noise(steps, items, size)}, outputs, stored)
    return cases


def body(nodes, inputs: list[tuple[str, int]], outputs: list[str], stored=()) -> onnx.GraphProto:
    return helper.make_graph(
        nodes, "body", [helper.make_tensor_value_info(n, t, None if t == FLOAT else ()) for n, t in inputs],
        [helper.make_empty_tensor_value_info(n) for n in outputs], list(stored))


def control() -> dict:
    cases = {}
    one = numpy_helper.from_array(np.float32(0.5), "step")
    loop = body(
        [helper.make_node("Add", ["state", "step"], ["raised"]), helper.make_node("Mul", ["raised", "outer"], ["next"]),
         helper.make_node("Identity", ["condition"], ["goes on"]), helper.make_node("Tanh", ["next"], ["seen"])],
        [("round", INT64), ("condition", TensorProto.BOOL), ("state", FLOAT)], ["goes on", "next", "seen"], [one])
    cases["Loop with values from outside and results collected"] = model(
        [helper.make_node("Relu", ["x"], ["outer"]),
         helper.make_node("Loop", ["count", "", "x"], ["last", "all"], body=loop)],
        {"x": noise(2, 3)}, ["last", "all"], {"count": np.int64(4)})
    ending = body(
        [helper.make_node("Add", ["state", "state"], ["next"]), helper.make_node("Less", ["round", "three"], ["goes on"])],
        [("round", INT64), ("condition", TensorProto.BOOL), ("state", FLOAT)], ["goes on", "next"],
        [numpy_helper.from_array(np.int64(3), "three")])
    cases["Loop that its condition ends"] = model(
        [helper.make_node("Loop", ["count", "yes", "x"], ["last"], body=ending)],
        {"x": noise(2, 3)}, ["last"], {"count": np.int64(100), "yes": np.array(True)})
    listing = body(
        [helper.make_node("Cast", ["round"], ["number"], to=FLOAT), helper.make_node("Mul", ["x", "number"], ["value"]),
         helper.make_node("SequenceInsert", ["list", "value"], ["longer"]),
         helper.make_node("Identity", ["condition"], ["goes on"])],
        [("round", INT64), ("condition", TensorProto.BOOL)], ["goes on", "longer"])
    entry = listing.input.add()
    entry.name = "list"
    entry.type.sequence_type.elem_type.tensor_type.elem_type = FLOAT
    cases["a list that grows in a loop"] = model(
        [helper.make_node("SequenceEmpty", [], ["empty"]),
         helper.make_node("Loop", ["count", "yes", "empty"], ["list out"], body=listing),
         helper.make_node("ConcatFromSequence", ["list out"], ["y"], axis=0, new_axis=1)],
        {"x": noise(2, 3)}, ["y"], {"count": np.int64(3), "yes": np.array(True)})
    cases["SplitToSequence and SequenceAt"] = model(
        [helper.make_node("SplitToSequence", ["x", "lengths"], ["list"], axis=1),
         helper.make_node("SequenceAt", ["list", "place"], ["a"]),
         helper.make_node("SplitToSequence", ["x"], ["singles"], axis=0, keepdims=0),
         helper.make_node("SequenceAt", ["singles", "place"], ["b"])],
        {"x": noise(3, 5)}, ["a", "b"], {"lengths": np.array([2, 3]), "place": np.int64(-1)})
    cumulative = body(
        [helper.make_node("Add", ["state", "slice"], ["next"]), helper.make_node("Exp", ["next"], ["seen"])],
        [("state", FLOAT), ("slice", FLOAT)], ["next", "seen"])
    cases["Scan backwards along another axis"] = model(
        [helper.make_node("Scan", ["first", "x"], ["last", "all"], body=cumulative, num_scan_inputs=1,
                          scan_input_axes=[1], scan_input_directions=[1], scan_output_axes=[1],
                          scan_output_directions=[1])],
        {"x": noise(2, 4, 3)}, ["last", "all"], {"first": noise(2, 3, seed=9)})
    yes = body([helper.make_node("Mul", ["x", "x"], ["square"])], [], ["square"])
    no = body([helper.make_node("Neg", ["x"], ["negative"])], [], ["negative"])
    for sign in (1, -1):
        cases[f"If that the photo decides ({sign})"] = model(
            [helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
             helper.make_node("Greater", ["sum", "zero"], ["flag"]),
             helper.make_node("If", ["flag"], ["y"], then_branch=yes, else_branch=no)],
            {"x": np.abs(noise(2, 3)) * np.float32(sign)}, ["y"], {"zero": np.float32(0)})
    return cases


def functions() -> dict:
    imports = [helper.make_opsetid("", 22), helper.make_opsetid("own", 1)]
    inner = helper.make_function("own", "scaled", ["v", "bias"], ["out"], [
        helper.make_node("Constant", [], ["slope"]), helper.make_node("Mul", ["v", "slope"], ["t"]),
        helper.make_node("Add", ["t", "bias"], ["out"])], imports, ["by"])
    reference = inner.node[0].attribute.add()
    reference.name, reference.ref_attr_name, reference.type = "value_float", "by", onnx.AttributeProto.FLOAT
    call = helper.make_node("scaled", ["a", "bias"], ["t"], domain="own")
    handed = call.attribute.add()
    handed.name, handed.ref_attr_name, handed.type = "by", "factor", onnx.AttributeProto.FLOAT
    outer = helper.make_function("own", "block", ["a", "bias"], ["y", "same"], [
        call, helper.make_node("Relu", ["t"], ["y"]), helper.make_node("Identity", ["a"], ["same"])], imports, ["factor"])
    main = [helper.make_node("block", ["x", "t"], ["u", "kept"], domain="own", factor=2.0),
            helper.make_node("block", ["u", "t"], ["y", ""], domain="own", factor=-0.5),
            helper.make_node("Add", ["y", "kept"], ["z"])]
    return {"functions within functions, attributes handed on, names that clash": model(
        main, {"x": noise(2, 3)}, ["z"], {"t": noise(3, seed=4)}, functions=[inner, outer], domains=["own"])}


def contributed() -> dict:
    ms, cases = "com.microsoft", {}
    x, y = noise(2, 5, 8), noise(2, 5, 8, seed=3)
    scale, shift = noise(8, seed=1), noise(8, seed=2)

    def one(name, operation, names, inputs, stored, outputs=("y",), **attributes):
        cases[name] = model([helper.make_node(operation, names, list(outputs), domain=ms, **attributes)], inputs,
                            [o for o in outputs if o], stored, domains=[ms])

    one("BiasGelu", "BiasGelu", ["x", "b"], {"x": x}, {"b": shift})
    one("FastGelu", "FastGelu", ["x", "b"], {"x": x}, {"b": shift})
    one("QuickGelu", "QuickGelu", ["x"], {"x": x}, {}, alpha=1.3)
    one("Gelu", "Gelu", ["x"], {"x": x}, {})
    one("FusedMatMul", "FusedMatMul", ["x", "z"], {"x": x, "z": y}, {}, transB=1, alpha=0.3)
    one("FusedGemm", "FusedGemm", ["x", "w", "b"], {"x": x[0]}, {"w": noise(8, 3), "b": noise(3)}, activation="Relu")
    one("FusedConv", "FusedConv", ["x", "w", "b", "z"], {"x": noise(1, 3, 6, 6), "z": noise(1, 4, 6, 6)},
        {"w": noise(4, 3, 3, 3), "b": noise(4)}, activation="Relu", pads=[1, 1, 1, 1])
    one("SkipLayerNormalization", "SkipLayerNormalization", ["x", "z", "s", "b", "c"], {"x": x, "z": y},
        {"s": scale, "b": shift, "c": noise(8, seed=7)}, outputs=("y", "", "", "sum"), epsilon=1e-5)
    one("SkipSimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", ["x", "z", "s"], {"x": x, "z": y},
        {"s": scale}, outputs=("y", "", "", "sum"), epsilon=1e-5)
    return cases


FAMILIES = [recurrent, control, functions, contributed]


def reference(network: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def difference(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    """The largest difference of any output, relative to its largest magnitude."""
    worst = 0.0
    for name, value in expected.items():
        if found[name].shape != value.shape:
            raise ValueError(f"'{name}' has shape {found[name].shape}, expected {value.shape}")
        scale = max(float(np.abs(value).max(initial=0)), 1e-6)
        worst = max(worst, float(np.abs(found[name].astype(np.float64) - value).max(initial=0)) / scale)
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--only", default="", help="only networks whose name contains this text")
    arguments = parser.parse_args()
    cases = {k: v for family in FAMILIES for k, v in family().items() if arguments.only in k}
    folder = Path(tempfile.mkdtemp(prefix="families-"))
    failures = 0
    try:
        for index, (network, _) in enumerate(cases.values()):
            (folder / f"n{index}").mkdir()
            onnx.save(network, folder / f"n{index}" / "model.onnx")
        with Daemon(folder, arguments.bin, timeout=arguments.timeout) as daemon:
            for index, (name, (network, inputs)) in enumerate(cases.items()):
                try:
                    expected = reference(network, inputs)
                except Exception as error:  # ONNX Runtime raises a dozen unrelated types
                    print(f"skipped {name}: ONNX Runtime: {str(error).splitlines()[0][:200]}")
                    continue
                try:
                    error = difference(daemon.run(f"n{index}", inputs), expected)
                    passed, note = error <= TOLERANCE, f"{error:.2g}"
                except (RequestFailed, ValueError) as problem:
                    passed, note = False, str(problem)
                failures += not passed
                print(f"{'pass' if passed else 'FAIL'} {name}: {note}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(cases)} networks, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
