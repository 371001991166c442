"""The networks explanation methods are compared on, each cut where class activation maps are read.

petshop comes out of its ONNX file: a small reader turns its graph back into PyTorch layers, so that the reference does
not pass through ONNX Runtime or the daemon. The others are torchvision's, with seeded weights.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from torchvision_models import classifier


@dataclass
class Subject:
    """A network, the image shapes it is asked about, and where it may be cut: (features, head) pairs, first choice
    first. The cuts share their layers with the network. Steady images are looked for among `candidates`."""

    name: str
    network: nn.Module
    shapes: list[tuple[int, ...]]
    cuts: list[nn.Sequential]
    path: Path | None = None
    has_cam_head: bool = True
    candidates: int = 32
    double: "Subject" = field(init=False, repr=False, default=None)

    def in_double_precision(self) -> "Subject":
        if self.double is None:
            network, cuts = copy.deepcopy((self.network, self.cuts))
            self.double = Subject(self.name, network.double(), self.shapes, [c.double() for c in cuts], self.path,
                                  self.has_cam_head, self.candidates)
        return self.double


class Head(nn.Module):
    """Layers up to a pooled vector, flattened, and a classifier; written out, since Captum's LRP has no Flatten."""

    def __init__(self, before: nn.Module, classify: nn.Module):
        super().__init__()
        self.before, self.classify = before, classify

    def forward(self, x):
        return self.classify(torch.flatten(self.before(x), 1))


def petshop(folder: Path) -> Subject:
    features, head = sequence_from_onnx(folder / "model.onnx")
    network = nn.Sequential(features, head).eval().requires_grad_(False)
    return Subject("petshop", network, [(1, 3, 160, 160), (1, 3, 144, 208)], [network], folder)


def sequence_from_onnx(path: Path) -> tuple[nn.Sequential, Head]:
    """A chain of Conv, Relu and MaxPool, then GlobalAveragePool → Flatten → Gemm, as PyTorch layers.

    Raises ValueError for a graph of any other form.
    """
    graph = onnx.load(path).graph
    weights = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    layers: list[nn.Module] = []
    value = graph.input[0].name
    for node in graph.node:
        if node.input[0] != value:
            raise ValueError(f"{path}: {node.op_type} '{node.name}' does not continue the chain")
        value = node.output[0]
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type in ("Conv", "MaxPool") and attributes["pads"][:2] != attributes["pads"][2:]:
            raise ValueError(f"{path}: {node.op_type} '{node.name}' has asymmetric pads")
        match node.op_type:
            case "Conv":
                weight, bias = weights[node.input[1]], weights[node.input[2]]
                layer = nn.Conv2d(weight.shape[1] * attributes["group"], weight.shape[0], weight.shape[2:],
                                  attributes["strides"], attributes["pads"][:2], attributes["dilations"],
                                  attributes["group"])
            case "Gemm":
                if not attributes.get("transB") or attributes.get("transA"):
                    raise ValueError(f"{path}: Gemm '{node.name}' is not a plain fully-connected layer")
                weight, bias = weights[node.input[1]], weights[node.input[2]]
                layer = nn.Linear(weight.shape[1], weight.shape[0])
            case "Relu":
                layer, weight = nn.ReLU(), None
            case "MaxPool":
                layer, weight = nn.MaxPool2d(attributes["kernel_shape"], attributes["strides"], attributes["pads"][:2],
                                             ceil_mode=bool(attributes.get("ceil_mode"))), None
            case "GlobalAveragePool":
                layer, weight = nn.AdaptiveAvgPool2d(1), None
            case "Flatten":
                continue
            case other:
                raise ValueError(f"{path}: {other} '{node.name}' is not one of the operators of this form")
        if weight is not None:
            layer.weight.data, layer.bias.data = weight, bias
        layers.append(layer)
    if not isinstance(layers[-1], nn.Linear) or not isinstance(layers[-2], nn.AdaptiveAvgPool2d):
        raise ValueError(f"{path}: the network does not end in global average pooling and one fully-connected layer")
    return nn.Sequential(*layers[:-2]), Head(*layers[-2:])


def torchvision_subject(name: str) -> Subject:
    """A network of torchvision; its ReLUs do not work in place, which Captum's hooks could not follow."""
    network = classifier(name).requires_grad_(False)
    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            module.inplace = False
    shapes = [(1, 3, 96, 96), (1, 3, 96, 160)]
    has_cam_head, candidates = True, 32
    match name:
        case "resnet18":
            parts = list(network.children())
            cuts = [nn.Sequential(nn.Sequential(*parts[:-2]), Head(*parts[-2:]))]
        case "mobilenet_v2":
            cuts = [nn.Sequential(network.features, Head(nn.AdaptiveAvgPool2d(1), network.classifier))]
        case "densenet121":
            features = nn.Sequential(network.features, nn.ReLU())
            cuts = [nn.Sequential(features, Head(nn.AdaptiveAvgPool2d(1), network.classifier))]
        case "vgg11_bn":
            # The pooling before the fully-connected layers has a fixed size: larger images must be whole multiples.
            shapes, has_cam_head = [(1, 3, 224, 224), (1, 3, 224, 448)], False
            candidates = 6  # each takes long
            whole, last = network.features, network.features[-1]
            cuts = [nn.Sequential(whole[:-1], Head(nn.Sequential(last, network.avgpool), network.classifier)),
                    nn.Sequential(whole, Head(network.avgpool, network.classifier))]
        case _:
            raise ValueError(f"nobody has said where to cut {name}")
    return Subject(name, network, shapes, [c.eval() for c in cuts], None, has_cam_head, candidates)


def folded(module: nn.Module) -> nn.Module:
    """A copy of a chain of layers with batch normalization folded into the convolutions before it."""
    module = copy.deepcopy(module)
    for parent in module.modules():
        if isinstance(parent, nn.Sequential):
            children = list(parent.named_children())
            for (name, layer), (next_name, following) in zip(children, children[1:]):
                if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                    setattr(parent, name, fuse_conv_bn_eval(layer, following).requires_grad_(False))
                    setattr(parent, next_name, nn.Identity())
            for name in [n for n, m in parent.named_children() if isinstance(m, nn.Identity)]:
                delattr(parent, name)
    return module
