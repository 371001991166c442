"""The yardstick: how fast this machine multiplies large matrices in single precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def product(n: int, threads: int) -> tuple[Callable[[], None], float]:
    """A product of two n×n matrices, and its operations.

    ONNX Runtime's, because it uses the widest vectors of any maker's processor; PyTorch's may leave half of them unused.
    """
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [n, n]) for name in ("a", "b", "c")]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", values[:2], values[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(1)
    inputs = {name: generator.standard_normal((n, n), dtype=np.float32) for name in ("a", "b")}
    return lambda: session.run(None, inputs), 2.0 * n**3
