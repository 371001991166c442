"""ONNX files written by hand: normalization folded into convolutions, padding in the convolutions, weights in half size.

An exporter would do as well, but for the padding that it makes nodes of their own, and for weights in float16.
"""

import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

import lite

OPSET = 17


class Writer:
    """Collects nodes; each method adds a layer to the value of a name and returns the name of its result."""

    def __init__(self, half: bool = True):
        self.nodes, self.weights, self.half, self.count = [], [], half, 0

    def add(self, kind: str, inputs: list[str], name: str | None = None, **attributes) -> str:
        self.count += 1
        result = name or f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [result], name=result, **attributes))
        return result

    def constant(self, values, name: str, exact: bool = False) -> str:
        array = np.ascontiguousarray(np.asarray(values, np.float32))
        if not self.half or exact:
            self.weights.append(numpy_helper.from_array(array, name))
            return name
        self.weights.append(numpy_helper.from_array(array.astype(np.float16), f"{name}_half"))
        return self.add("Cast", [f"{name}_half"], name, to=TensorProto.FLOAT)

    def clip(self, x: str) -> str:
        """ReLU6."""
        for name, value in (("zero", 0.0), ("six", 6.0)):
            if not any(weight.name == name for weight in self.weights):
                self.weights.append(numpy_helper.from_array(np.float32(value), name))
        return self.add("Clip", [x, "zero", "six"])

    def convolution(self, x: str, module: nn.Module, norm: nn.BatchNorm2d | None = None, name: str | None = None) -> str:
        weight, bias = module.weight.detach().double(), module.bias
        bias = torch.zeros(weight.shape[0], dtype=torch.double) if bias is None else bias.detach().double()
        if norm is not None:
            scale = norm.weight.detach().double() / (norm.running_var.double() + norm.eps).sqrt()
            weight = weight * scale[:, None, None, None]
            bias = (bias - norm.running_mean.double()) * scale + norm.bias.detach().double()
        self.count += 1
        stem = name or f"conv_{self.count}"
        inputs = [x, self.constant(weight, f"{stem}_w"), self.constant(bias, f"{stem}_b", exact=True)]
        before, after = module.pads() if isinstance(module, lite.SameConv) else (module.padding[0],) * 2
        return self.add(
            "Conv", inputs, stem, kernel_shape=list(module.kernel_size), strides=list(module.stride),
            pads=[before, before, after, after], dilations=list(module.dilation), group=module.groups,
        )

    def transposed(self, x: str, module: nn.ConvTranspose2d, name: str | None = None) -> str:
        self.count += 1
        stem = name or f"deconv_{self.count}"
        inputs = [x, self.constant(module.weight.detach(), f"{stem}_w")]
        inputs.append(self.constant(module.bias.detach(), f"{stem}_b", exact=True))
        return self.add(
            "ConvTranspose", inputs, stem, kernel_shape=list(module.kernel_size), strides=list(module.stride),
            pads=[module.padding[0]] * 4,
        )

    def split(self, x: str, extents: list[int]) -> list[str]:
        """Pieces of [N,C] along C."""
        name = f"{x}_extents"
        self.weights.append(numpy_helper.from_array(np.asarray(extents, np.int64), name))
        pieces = [f"{x}_{number}" for number in range(len(extents))]
        self.nodes.append(helper.make_node("Split", [x, name], pieces, name=f"{x}_split", axis=1))
        return pieces

    def block(self, x: str, block: lite.Block) -> str:
        y = x
        if block.expand is not None:
            y = self.clip(self.convolution(y, block.expand, block.expand_norm))
        y = self.clip(self.convolution(y, block.depthwise, block.depthwise_norm))
        y = self.convolution(y, block.project, block.project_norm)
        return self.add("Add", [x, y]) if block.is_residual else y

    def trunk(self, x: str, trunk: lite.Trunk) -> list[str]:
        """The maps of each stage, and after them those of the head where there is one."""
        x = self.clip(self.convolution(x, trunk.stem, trunk.stem_norm, "stem"))
        found = []
        for stage in trunk.stages:
            for block in stage:
                x = self.block(x, block)
            found.append(x)
        if trunk.head is not None:
            found.append(self.clip(self.convolution(x, trunk.head, trunk.head_norm, "head")))
        return found

    def model(self, outputs: list[tuple[str, list]], description: str = "") -> onnx.ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs]
        graph = helper.make_graph(self.nodes, "network", [image], results, self.weights)
        model = helper.make_model(
            graph, producer_name="interpretd", opset_imports=[helper.make_opsetid("", OPSET)], doc_string=description
        )
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def save(model: onnx.ModelProto, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
