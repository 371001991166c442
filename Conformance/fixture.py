"""What a network fixture is: a seeded PyTorch module, how its ONNX file comes to be, and what it is asked.

Two ways lead to the ONNX file. Most fixtures are *exported* by one of PyTorch's exporters, because such files are
what the daemon will meet. Some are *handwritten* node by node, for what those exporters never write (asymmetric
pads, SAME padding, attributes of old opsets, quantized weights); there the PyTorch module is an independent
statement of what the handwritten graph means.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

# The bound the project sets itself for agreement with PyTorch, relative to the largest magnitude.
TOLERANCE = 1e-4

# The vocabulary of plain CNNs; a Reshape counts only where it flattens, a Clip only as ReLU6.
FIRST_OPERATORS = {
    "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Constant", "Conv", "Dropout", "Flatten", "Gemm",
    "GlobalAveragePool", "Identity", "MatMul", "MaxPool", "Relu", "Reshape", "Softmax",
}

REGISTRY: dict[str, "Fixture"] = {}


@dataclass
class Fixture:
    """One network and the question asked of it.

    `make` builds the module (weights come from the global generator, seeded just before). `graph`, where present,
    writes the ONNX file by hand from the module. `stage` is "first" where the file holds only FIRST_OPERATORS and
    else "wide"; it is given only where that does not tell. `dynamic` names the free axes of the input out of "NHW".
    """

    name: str
    stage: str | None
    make: Callable[[], torch.nn.Module]
    shape: tuple[int, ...]
    what: str
    class_index: int = 1
    opset: int = 17
    exporter: str = "torchscript"
    graph: Callable[[torch.nn.Module], onnx.ModelProto] | None = None
    dynamic: str = "NHW"
    training_export: bool = False
    tied_input: bool = False
    external_data: bool = False
    second_shape: tuple[int, ...] | None = None


def fixture(shape: tuple[int, ...], what: str, *, stage: str | None = None, name: str | None = None, **options):
    """Registers the decorated builder under its own name (or `name`)."""

    def register(make):
        key = name or make.__name__
        if key in REGISTRY:
            raise ValueError(f"two fixtures are called {key}")
        REGISTRY[key] = Fixture(key, stage, make, shape, what, **options)
        return make

    return register


def draw_batch_norm_statistics(module: torch.nn.Module) -> None:
    """Batch normalization of a fresh module is the identity; this draws statistics that make it count."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(layer.running_mean, 0, 0.3)
            torch.nn.init.uniform_(layer.running_var, 0.5, 2)
            if layer.affine:
                torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
                torch.nn.init.normal_(layer.bias, 0, 0.2)


def numbered(stem: str, count: int) -> list[str]:
    """The names of a network's inputs or outputs: input, input_1, input_2, …"""
    return [stem if i == 0 else f"{stem}_{i}" for i in range(count)]


def outputs_of(module: torch.nn.Module, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """The module's outputs as a list, whether it returns one tensor or several."""
    result = module(*inputs)
    return list(result) if isinstance(result, (tuple, list)) else [result]


@contextlib.contextmanager
def quiet_export():
    """The exporters narrate at length on every channel; only their exceptions are of interest here."""
    torch._logging.set_logs(all=logging.CRITICAL)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def export(
    module: torch.nn.Module,
    inputs: list[torch.Tensor],
    *,
    exporter: str,
    opset: int,
    dynamic: str = "",
    keep_training_nodes: bool = False,
    output_count: int = 1,
) -> onnx.ModelProto:
    """The module as an ONNX model, by PyTorch's "torchscript" or "dynamo" exporter."""
    names = numbered("input", len(inputs))
    output_names = numbered("output", output_count)
    axes = {i: letter for i, letter in enumerate("NCHW"[: inputs[0].dim()]) if letter in dynamic}
    symbols = {"N": "batch", "H": "height", "W": "width"}
    buffer = io.BytesIO()
    with quiet_export():
        if exporter == "torchscript":
            dynamic_axes = {name: {i: symbols[a] for i, a in axes.items()} for name in names} if axes else None
            if dynamic_axes and "N" in dynamic:
                dynamic_axes |= {name: {0: "batch"} for name in output_names}
            torch.onnx.export(
                module, tuple(inputs), buffer, dynamo=False, opset_version=opset, input_names=names,
                output_names=output_names, dynamic_axes=dynamic_axes,
                training=torch.onnx.TrainingMode.PRESERVE if keep_training_nodes else torch.onnx.TrainingMode.EVAL,
                do_constant_folding=not keep_training_nodes,
            )
            model = onnx.load_from_string(buffer.getvalue())
        elif exporter == "dynamo":
            dimensions = {i: torch.export.Dim(symbols[a], min=1, max=4096) for i, a in axes.items()}
            program = torch.onnx.export(
                module, tuple(inputs), dynamo=True, opset_version=opset, input_names=names,
                output_names=output_names, dynamic_shapes=tuple(dimensions for _ in names) if axes else None,
                verbose=False,
            )
            model = program.model_proto
            strip_exporter_notes(model)
        else:
            raise ValueError(f"no exporter is called {exporter}")
    onnx.checker.check_model(model)
    return model


def strip_exporter_notes(model: onnx.ModelProto) -> None:
    """Removes what the dynamo exporter writes for debugging: stack traces and paths of the exporting machine."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.graph.doc_string = ""
    for item in [*model.graph.node, *model.graph.initializer, *model.graph.value_info,
                 *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]
            node.doc_string = ""


class GraphWriter:
    """Writes an ONNX graph by hand, one node a call; `node` returns the name of the node's first output."""

    def __init__(self, opset: int, ir_version: int = 8, weights_as_inputs: bool = False):
        self.opset, self.ir_version, self.weights_as_inputs = opset, ir_version, weights_as_inputs
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def weight(self, name: str, value: torch.Tensor | np.ndarray) -> str:
        array = value.detach().float().numpy() if isinstance(value, torch.Tensor) else value
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes) -> str:
        name = f"{operator.lower()}_{len(self.nodes)}"
        names = numbered(name, outputs)
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=name, domain=domain, **attributes))
        return name

    def model(self, shape: list[int | str], outputs: dict[str, list[int | str]]) -> onnx.ModelProto:
        """`outputs` maps the values to return to their shapes; they are renamed output, output_1, …"""
        renamed = dict(zip(outputs, numbered("output", len(outputs))))
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    names[i] = renamed.get(name, name)
        inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
        if self.weights_as_inputs:
            inputs += [helper.make_tensor_value_info(w.name, w.data_type, list(w.dims)) for w in self.initializers]
        graph = helper.make_graph(
            self.nodes, "network", inputs,
            [helper.make_tensor_value_info(renamed[old], TensorProto.FLOAT, s) for old, s in outputs.items()],
            self.initializers,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=self.ir_version,
            producer_name="handwritten")
        onnx.checker.check_model(model)
        return model
