"""Evaluates an ONNX network in double precision: the onnx package's own reference evaluator, with every number of the file
widened, and convolutions, poolings and batch normalization by PyTorch in double precision, since the evaluator's take
minutes.

    truth = evaluate(model, inputs, seconds=60)

What it cannot do is said by `NotEvaluated`: operators that the evaluator does not have, results that it computes in single
precision after all, or more time than was given.
"""

from __future__ import annotations

import contextlib
import signal
import warnings

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

NARROW = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
# What stands for integers, and is computed in them whatever the numbers around are.
INTEGER_OPERATORS = {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear",
                     "QuantizeLinear", "DequantizeLinear"}


class NotEvaluated(Exception):
    """Why there is no result in double precision, in a few words."""


def evaluate(model: onnx.ModelProto, inputs: dict[str, np.ndarray], seconds: float = 60) -> dict[str, np.ndarray]:
    """Every output by name. Raises NotEvaluated."""
    if quantized := sorted({node.op_type for node in model.graph.node} & INTEGER_OPERATORS):
        raise NotEvaluated(f"integers: {quantized[0]}")
    wide = widened(model)
    opset = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 1)
    given = {name: value.astype(np.float64) if np.issubdtype(value.dtype, np.floating) else value
             for name, value in inputs.items()}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), limited(seconds):
            warnings.simplefilter("ignore")
            evaluator = ReferenceEvaluator(wide, new_ops=OPERATORS + (OLD_OPERATORS if opset < 13 else []))
            found = dict(zip(evaluator.output_names, evaluator.run(None, given)))
    except TimeoutError:
        raise NotEvaluated(f"not within {seconds:g} s") from None
    except Exception as error:  # The evaluator raises whatever its operators raise.
        raise NotEvaluated(" ".join(f"{type(error).__name__}: {error}".split())[:90]) from None
    for name, value in found.items():
        if isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float16):
            raise NotEvaluated(f"'{name}' came in single precision")
    return found


@contextlib.contextmanager
def limited(seconds: float):
    def end(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with doubles where it has narrower numbers."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    widen_graph(copy.graph)
    for function in copy.functions:
        for node in function.node:
            widen_node(node)
    return copy


def widen_graph(graph: onnx.GraphProto) -> None:
    for tensor in graph.initializer:
        widen_tensor(tensor)
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type in NARROW:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for node in graph.node:
        widen_node(node)


def widen_node(node: onnx.NodeProto) -> None:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            widen_graph(attribute.g)
        if attribute.HasField("t"):
            widen_tensor(attribute.t)
        if node.op_type in ("Cast", "EyeLike") and attribute.name in ("to", "dtype") and attribute.i in NARROW:
            attribute.i = TensorProto.DOUBLE
    if node.op_type == "ConstantOfShape" and not node.attribute:
        node.attribute.append(onnx.helper.make_attribute("value", numpy_helper.from_array(np.zeros(1))))
    if node.op_type == "Constant" and node.attribute and node.attribute[0].name in ("value_float", "value_floats"):
        attribute = node.attribute[0]
        value = np.array(attribute.f if attribute.name == "value_float" else list(attribute.floats), dtype=np.float64)
        del node.attribute[:]
        node.attribute.append(onnx.helper.make_attribute("value", numpy_helper.from_array(value)))


def widen_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_type in NARROW:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))


# MARK: By PyTorch


def tensors(*arrays):
    import torch

    torch.set_num_threads(2)
    return [None if array is None else torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64)) for array in arrays]


def padding(x: np.ndarray, kernel, strides, dilations, pads, auto_pad: str) -> list[int]:
    """Begin of each axis, then end of each axis."""
    rank = x.ndim - 2
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        total = [max((-(-x.shape[2 + a] // strides[a]) - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1 - x.shape[2 + a], 0)
                 for a in range(rank)]
        less = [t // 2 for t in total]
        more = [t - l for t, l in zip(total, less)]
        return less + more if auto_pad == "SAME_UPPER" else more + less
    return list(pads) if pads and auto_pad != "VALID" else [0] * (2 * rank)


def padded(x: np.ndarray, pads: list[int], value: float) -> np.ndarray:
    rank = x.ndim - 2
    return np.pad(x, [(0, 0), (0, 0)] + [(pads[a], pads[rank + a]) for a in range(rank)], constant_values=value)


class Conv(OpRun):
    def _run(self, X, W, B=None, auto_pad=None, dilations=None, group=None, kernel_shape=None, pads=None, strides=None):
        import torch

        rank = X.ndim - 2
        kernel, strides, dilations = W.shape[2:], strides or [1] * rank, dilations or [1] * rank
        x = padded(X, padding(X, kernel, strides, dilations, pads, auto_pad or "NOTSET"), 0)
        convolution = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)[rank - 1]
        x, w, b = tensors(x, W, B)
        return (convolution(x, w, b, stride=list(strides), dilation=list(dilations), groups=group or 1).numpy(),)


class MaxPool(OpRun):
    def _run(self, x, auto_pad=None, ceil_mode=None, dilations=None, kernel_shape=None, pads=None, storage_order=None,
             strides=None):
        import torch

        rank = x.ndim - 2
        if len(self.output) > 1 or ceil_mode or rank not in (1, 2):
            raise NotImplementedError("a pooling of another kind")
        strides, dilations = strides or [1] * rank, dilations or [1] * rank
        x = padded(x, padding(x, kernel_shape, strides, dilations, pads, auto_pad or "NOTSET"), -np.inf)
        pool = torch.nn.functional.max_pool1d if rank == 1 else torch.nn.functional.max_pool2d
        (x,) = tensors(x)
        return (pool(x, list(kernel_shape), stride=list(strides), dilation=list(dilations)).numpy(),)


class AveragePool(OpRun):
    def _run(self, x, auto_pad=None, ceil_mode=None, count_include_pad=None, dilations=None, kernel_shape=None, pads=None,
             strides=None):
        import torch

        rank = x.ndim - 2
        if ceil_mode or rank not in (1, 2) or any(step != 1 for step in dilations or []):
            raise NotImplementedError("a pooling of another kind")
        strides = list(strides or [1] * rank)
        pads = padding(x, kernel_shape, strides, [1] * rank, pads, auto_pad or "NOTSET")
        pool = torch.nn.functional.avg_pool1d if rank == 1 else torch.nn.functional.avg_pool2d
        inside = np.ones_like(x) if not count_include_pad else np.ones_like(padded(x, pads, 0))
        values, counted = tensors(padded(x, pads, 0), inside if count_include_pad else padded(inside, pads, 0))
        return ((pool(values, list(kernel_shape), strides) / pool(counted, list(kernel_shape), strides)).numpy(),)


class Softmax(OpRun):
    """Of opsets before 13: over all axes from `axis` on."""

    def _run(self, x, axis=None):
        return (np.exp(logarithm(x, 1 if axis is None else axis)),)


class LogSoftmax(OpRun):
    def _run(self, x, axis=None):
        return (logarithm(x, 1 if axis is None else axis),)


def logarithm(x: np.ndarray, axis: int) -> np.ndarray:
    rows = x.reshape(int(np.prod(x.shape[:axis])), -1)
    rows = rows - rows.max(axis=1, keepdims=True)
    return (rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))).reshape(x.shape)


class BatchNormalization(OpRun):
    def _run(self, x, scale, bias, mean, var, epsilon=None, momentum=None, training_mode=None, **_):
        form = (1, -1) + (1,) * (x.ndim - 2)
        factor = scale / np.sqrt(var + (epsilon or 1e-5))
        return (x * factor.reshape(form) + (bias - mean * factor).reshape(form),)


OPERATORS = [Conv, MaxPool, AveragePool, BatchNormalization]
OLD_OPERATORS = [Softmax, LogSoftmax]
for operator in OPERATORS + OLD_OPERATORS:
    operator.op_domain = ""
