"""Runs the ONNX project's own node tests through the daemon: one model folder per test, all in one daemon.

    python Conformance/onnx_node_tests.py [--bin FILE] [--only TEXT] [--all] [--report]
    python Conformance/onnx_node_tests.py --self-check        the same models through ONNX Runtime instead

A node test feeds everything as an input, also what every real model stores: weights, shapes, axes, bounds. A daemon
that prepares a network once per input shape may want those stored. So each test is tried in several forms, and
the table says which one passed:

  as it is    every input is an input
  stored      all inputs but the first are initializers
  folded      all inputs are initializers and the result is added to an input of zeros; only for operators on shapes
              (Shape, Range, Gather, …), for DequantizeLinear (of weights), for what has as many results as its values
              say (Unique, NonMaxSuppression), for number formats that .npy files do not have, and for whole
              numbers, which an engine computes while it loads a model

LayerNormalization's further outputs, mean and inverse deviation, are left out of all forms: they are what training
keeps for the way back.

Values are compared as the ONNX project compares them: relative 1e-3, absolute 1e-7, here at least a millionth of the
largest magnitude, since the daemon computes in another order. Tests that ask for what the daemon does not promise
(strings, sequences, training, volumes, number formats other than float32) are listed with that reason where they do
not pass. Any other test that does not pass makes the exit code 1.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from daemon import Daemon, DaemonDied, RequestFailed, add_arguments
from report import write_section

TABLES = sorted((Path(__file__).resolve().parent.parent / "Sources" / "ONNXImport").glob("OperatorTable*.swift"))
SOURCE = "\n".join(table.read_text() for table in TABLES)
# What the engine has, and what it says it has not and why, as its own tables have it.
OPERATORS = set(re.findall(r'"(\w+)": (?:Entry\(|build\w+,)', SOURCE))
REASONS = dict(re.findall(r'private static let (\w+) = "(.*)"', SOURCE))
REFUSED = {name: text or REASONS[reason] for name, reason, text in re.findall(r'"(\w+)": (?:(\w+)|"([^"]*)"),?', SOURCE)
           if text or reason in REASONS}
# What an engine works out while it loads a model, from shapes and stored values.
SHAPE_OPERATORS = set(
    """
    Shape Size Gather Range Where Equal Constant ConstantOfShape Cast And Or Not Less Greater LessOrEqual
    GreaterOrEqual Floor Ceil Mod
    """.split()
)


OPSETS = (1, 24)
EXPANDED = re.compile(r"_expanded(_ver\d+|_function_body)?$")

# Where ONNX Runtime itself does not give the results of the ONNX project.
ONNX_RUNTIME_DIFFERS = {
    "test_maxunpool_export_with_output_shape",
    "test_resize_downsample_scales_cubic_align_corners",
    "test_resize_downsample_scales_linear_align_corners",
}


@dataclass
class Case:
    """A node test: a model and one set of inputs and expected outputs."""

    name: str
    operator: str
    model: onnx.ModelProto
    data: tuple[list, list]
    rtol: float
    atol: float


@dataclass
class Form:
    """One way to give a test to the daemon: a model, its inputs, and the results that must come back."""

    name: str
    model: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


@dataclass
class Verdict:
    test: str
    operator: str
    state: str  # "pass", "fail", "refused", "listed" or "crashed"
    note: str


def collect(only: str) -> list[Case]:
    """The node tests of every operator on the list, also those written out as the operator's function body."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        cases = load_model_tests(kind="node")
    subjects = {c.name: c.model.graph.node[0].op_type for c in cases if len(c.model.graph.node) == 1}
    chosen = []
    for case in cases:
        # test_NAME_expanded is test_NAME with the operator replaced by the body of its function.
        base = EXPANDED.sub("", case.name)
        operator = subjects.get(base)
        nodes = case.model.graph.node
        if only in case.name and operator and all(n.domain in ("", "ai.onnx") for n in nodes):
            label = operator if base == case.name else f"{operator} (function body)"
            given, expected = ([array_of(v) for v in values] for values in case.data_sets[0])
            chosen.append(Case(case.name, label, with_promised_opset(case.model), (given, expected),
                               case.rtol, case.atol))
    return chosen


def array_of(value):
    """A test's value as an array where it is one; some come as NumPy scalars, some as ONNX tensors."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def opset(model: onnx.ModelProto) -> int:
    return next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))


def with_promised_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model under the nearest opset the daemon promises, where it means the same there.

    Many tests are written for the newest opset there is, though all that is new in it is another number format, and
    a few for the one that brought the operator.
    """
    version = opset(model)
    if OPSETS[0] <= version <= OPSETS[1]:
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.opset_import[:]
    copy.opset_import.append(helper.make_opsetid("", min(max(version, OPSETS[0]), OPSETS[1])))
    try:
        onnx.checker.check_model(copy, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return model
    return copy


def limitation(case: Case) -> str | None:
    """Why a test may stay unanswered, or None where it may not."""
    if not OPSETS[0] <= opset(case.model) <= OPSETS[1]:
        return f"opset {opset(case.model)}; {OPSETS[0]} to {OPSETS[1]} are promised"
    values = [*case.model.graph.input, *case.model.graph.output]
    if any(not v.type.HasField("tensor_type") for v in values):
        return "sequences and optional values do not occur in the networks meant"
    types = {v.type.tensor_type.elem_type for v in values}
    if TensorProto.STRING in types:
        return "strings"
    nodes = list(case.model.graph.node)
    for node in nodes:
        if node.op_type in REFUSED:
            return REFUSED[node.op_type]
    if nodes[0].op_type == "MaxUnpool":
        return "MaxUnpool goes back the way of a MaxPool of the same network, as the exports of such networks do"
    for node in nodes:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if attributes.get("antialias"):
            return "of Resize's modes, the engine has none with antialiasing"
        if attributes.get("storage_order"):
            return "positions of maxima that count by column"
        if node.op_type == "Loop" and case.name.startswith(("test_loop", "test_range")):
            return "a loop whose number of rounds the input decides"
        if node.op_type == "Scan" and opset(case.model) < 9:
            return "the batch axis that Scan had in opset 8 only"
        if attributes.get("training_mode"):
            return "training mode"
        if node.op_type == "Dropout" and (len(node.output) > 1 or len(node.input) > 2 or "seed" in attributes):
            return "training mode"
        if node.op_type == "BatchNormalization" and len(node.output) > 1:
            return "training mode"
    floats = types & {TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
    small = types - {TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.INT8,
                     TensorProto.UINT8} - floats
    if small:
        return "number format " + ", ".join(sorted(TensorProto.DataType.Name(t) for t in small))
    operator = nodes[0].op_type
    if floats and (operator not in ("Cast", "CastLike") or values[-1].type.tensor_type.elem_type != TensorProto.FLOAT):
        return "computes in float32, not in " + ", ".join(sorted(TensorProto.DataType.Name(t) for t in floats))
    ranks = {len(a.shape) for a in [*case.data[0], *case.data[1]] if isinstance(a, np.ndarray)}
    if operator in {"Conv", "ConvTranspose", "GridSample", "MaxPool", "AveragePool", "LRN", "MaxUnpool",
                    "BatchNormalization", "InstanceNormalization", "GroupNormalization"} and max(ranks) > 4:
        return "three spatial axes: volumes, not photos"
    if operator == "Attention" and "padded_kv" in case.name:
        return "an attention mask that is shorter than the keys"
    if any(0 in a.shape for a in [*case.data[0], *case.data[1]] if isinstance(a, np.ndarray)):
        return "tensors without elements"
    return None


def forms(case: Case) -> list[Form]:
    """The forms in which a test is tried, in that order; empty where its values are not arrays."""
    given, expected = case.data
    if not all(isinstance(a, np.ndarray) and a.dtype.kind in "fiubV" for a in [*given, *expected]):
        return []
    model = case.model
    if case.operator == "LayerNormalization":
        model, expected = with_first_output(model), expected[:1]
    inputs = dict(zip([i.name for i in model.graph.input], given))
    outputs = dict(zip([o.name for o in model.graph.output], expected))
    if any(a.dtype.kind == "V" for a in [*given, *expected]):  # bfloat16 and smaller: .npy files have no such type
        return [folded(model, inputs, outputs)]
    result = [Form("as it is", model, inputs, outputs)]
    if len(inputs) > 1:
        first = next(iter(inputs))
        stored = store(model, {k: v for k, v in inputs.items() if k != first})
        result.append(Form("stored", stored, {first: inputs[first]}, outputs))
    stored_at_load = SHAPE_OPERATORS | {"DequantizeLinear", "NonMaxSuppression", "Unique"}
    if model.graph.node[0].op_type in stored_at_load or all(a.dtype.kind != "f" for a in given):
        result.append(folded(model, inputs, outputs))
    return result


def with_first_output(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model of one node, without all outputs but the first."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[1:]
    del copy.graph.node[0].output[1:]
    return copy


def store(model: onnx.ModelProto, values: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The model with the named inputs turned into initializers."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    kept = [i for i in copy.graph.input if i.name not in values]
    del copy.graph.input[:]
    copy.graph.input.extend(kept)
    copy.graph.initializer.extend(numpy_helper.from_array(np.asarray(v, order="C"), k) for k, v in values.items())
    return copy


def folded(model: onnx.ModelProto, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> Form:
    """The model with all inputs stored, and every output cast to float32 and added to an input of zeros."""
    copy = store(model, inputs)
    del copy.graph.output[:]
    probes, results = {}, {}
    for index, (name, value) in enumerate(outputs.items()):
        probe, result = f"probe_{index}", f"folded_{index}"
        copy.graph.input.append(helper.make_tensor_value_info(probe, TensorProto.FLOAT, value.shape))
        copy.graph.output.append(helper.make_tensor_value_info(result, TensorProto.FLOAT, value.shape))
        copy.graph.node.append(helper.make_node("Cast", [name], [f"float_{index}"], to=TensorProto.FLOAT))
        copy.graph.node.append(helper.make_node("Add", [f"float_{index}", probe], [result]))
        probes[probe] = np.zeros(value.shape, np.float32)
        results[result] = value.astype(np.float32)
    return Form("folded", copy, probes, results)


def difference(found: dict[str, np.ndarray], form: Form, rtol: float, atol: float) -> str | None:
    """What is wrong with the results, or None."""
    for name, expected in form.outputs.items():
        if name not in found:
            return f"there is no output '{name}'"
        value = found[name]
        if value.shape != expected.shape:
            return f"'{name}' has shape {list(value.shape)}, expected {list(expected.shape)}"
        expected, value = expected.astype(np.float64), value.astype(np.float64)
        finite = np.abs(expected[np.isfinite(expected)])
        floor = max(atol, 1e-6 * finite.max(initial=0))
        if not np.allclose(value, expected, rtol=rtol, atol=floor, equal_nan=True):
            with np.errstate(all="ignore"):
                worst = np.nanmax(np.abs(value - expected))
            return f"'{name}' differs by up to {worst:.3g} where values reach {finite.max(initial=0):.3g}"
    return None


def judge(case: Case, attempts: list[tuple[Form, str]], answer) -> Verdict:
    """Tries the forms until one passes; `answer(model name, form)` runs one."""
    state, note = "refused", "its values are not arrays of numbers"
    for form, model_name in attempts:
        try:
            problem = difference(answer(model_name, form), form, case.rtol, case.atol)
        except RequestFailed as error:
            if state != "fail":
                state, note = "refused", f"{form.name}: {error}"
            continue
        except DaemonDied as error:
            state, note = "crashed", f"{form.name}: {error}"
            break
        if problem is None:
            return Verdict(case.name, case.operator, "pass", form.name)
        state, note = "fail", f"{form.name}: {problem}"
    reason = limitation(case)
    if state == "fail" and case.name in ONNX_RUNTIME_DIFFERS:
        reason = "ONNX Runtime does not give the expected values either"
    if reason and state != "crashed":
        return Verdict(case.name, case.operator, "listed", reason)
    return Verdict(case.name, case.operator, state, one_line(note))


def one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def write_folders(cases: list[Case], folder: Path) -> dict[str, list[tuple[Form, str]]]:
    """A model folder for every form of every test; the names tell test and form."""
    result = {}
    for case in cases:
        attempts = []
        for form in forms(case):
            name = f"{case.name}.{form.name.replace(' ', '-')}"
            (folder / name).mkdir()
            onnx.save(form.model, folder / name / "model.onnx")
            attempts.append((form, name))
        result[case.name] = attempts
    return result


def run_in_daemon(cases: list[Case], arguments) -> list[Verdict]:
    folder = Path(tempfile.mkdtemp(prefix="node-tests-"))
    try:
        attempts = write_folders(cases, folder)
        with Daemon(folder, arguments.bin, timeout=arguments.timeout) as daemon:
            # Where a model was refused while loading, the answer to `run` says why.
            def answer(model: str, form: Form) -> dict[str, np.ndarray]:
                try:
                    return daemon.run(model, form.inputs)
                except DaemonDied as death:
                    daemon.restart()
                    raise death

            return [judge(case, attempts[case.name], answer) for case in cases]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_in_onnx_runtime(cases: list[Case]) -> list[Verdict]:
    """Whether the forms themselves are right: ONNX Runtime must give the expected results for all of them."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    verdicts = []
    for case in cases:
        for form in forms(case):

            def answer(_, form: Form) -> dict[str, np.ndarray]:
                try:
                    session = onnxruntime.InferenceSession(form.model.SerializeToString(), options,
                                                           providers=["CPUExecutionProvider"])
                    return dict(zip(form.outputs, session.run(list(form.outputs), form.inputs)))
                except Exception as error:  # ONNX Runtime raises a dozen unrelated types
                    raise RequestFailed("refused", str(error)) from error

            verdict = judge(case, [(form, "")], answer)
            verdicts.append(Verdict(f"{case.name} [{form.name}]", verdict.operator, verdict.state, verdict.note))
    return verdicts


def table(verdicts: list[Verdict]) -> str:
    """Markdown: one line an operator, then every test that does not pass, with its reason."""
    states = ["pass", "listed", "refused", "fail", "crashed"]
    lines = ["| operator | " + " | ".join(states) + " | form that passed |", "|---|" + "---:|" * len(states) + "---|"]
    for operator in sorted({v.operator for v in verdicts}, key=str.lower):
        mine = [v for v in verdicts if v.operator == operator]
        counts = Counter(v.state for v in mine)
        passed = Counter(v.note for v in mine if v.state == "pass")
        lines.append(f"| {operator} | " + " | ".join(str(counts[s] or "") for s in states) + " | "
                     + ", ".join(f"{n} {form}" for form, n in passed.most_common()) + " |")
    counts = Counter(v.state for v in verdicts)
    lines.append("| **all** | " + " | ".join(f"**{counts[s]}**" for s in states) + " | |")
    others = [v for v in verdicts if v.state != "pass"]
    if others:
        lines += ["", "| test | state | reason |", "|---|---|---|"]
        order = {s: i for i, s in enumerate(reversed(states))}
        for v in sorted(others, key=lambda v: (order[v.state], v.note if v.state == "listed" else v.test)):
            lines.append(f"| {v.test} | {v.state} | {v.note.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--only", default="", help="only tests whose name contains this text")
    parser.add_argument("--all", action="store_true", help="print every test, not only those that do not pass")
    parser.add_argument("--report", action="store_true", help="write the table into the documentation")
    parser.add_argument("--self-check", action="store_true", help="run the models in ONNX Runtime, without a daemon")
    arguments = parser.parse_args()
    if arguments.report and arguments.self_check:
        parser.error("the documentation is about the daemon: --report goes without --self-check")

    cases = collect(arguments.only)
    verdicts = run_in_onnx_runtime(cases) if arguments.self_check else run_in_daemon(cases, arguments)
    if arguments.all:
        for v in verdicts:
            print(f"{v.state:8} {v.test}: {v.note}")
        print()
    text = table(verdicts)
    print(text)
    if arguments.report:
        write_section("node-tests", "onnx_node_tests.py", text)
    return 1 if any(v.state in ("fail", "refused", "crashed") for v in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
