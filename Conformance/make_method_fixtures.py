"""Writes the reference values that `swift test` checks the methods with: Tests/Fixtures/methods/.

The answers are those of Captum, pytorch-grad-cam and zennit, in double precision and rounded once, on three networks:
petshop (its ONNX weights loaded into torch modules) with a photo of 96x80, and two small ones that are written beside
them, one with a residual sum, batch normalization and average pooling, and one with ReLU6. Where a method draws random
numbers, the generator of the Swift side is repeated here, so that the samples are the same.

Attributions are kept at every fourth row and column (STEP, OFFSET) to keep the files small.

    python Conformance/make_method_fixtures.py [--output DIR]

Needs the packages of requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import torchvision_models  # noqa: F401, I001  (first: it makes torchvision importable, which the next ones import)

import numpy as np
import onnx
import torch
from captum.attr import (
    Deconvolution, GuidedBackprop, GuidedGradCam, InputXGradient, IntegratedGradients, LRP, LayerGradCam, Occlusion,
    Saliency,
)
from captum.attr._utils.custom_modules import Addition_Module
from onnx import numpy_helper
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, LayerCAM, ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.composites import EpsilonAlpha2Beta1, EpsilonPlus
from zennit.layer import Sum

from rectifiers import with_capped_relus

ROOT = Path(__file__).resolve().parent.parent
STEP, OFFSET = 4, 1
LARGEST_TOTAL = 600_000
MASK64 = (1 << 64) - 1


class Generator:
    """SplitMix64, as `SeededGenerator` in Swift."""

    def __init__(self, seed: int, sample: int | None = None):
        if sample is None:
            self.state = seed & MASK64
        else:
            self.state = Generator((seed + sample * 0xD1B54A32D192ED03) & MASK64).next()

    def next(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK64
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
        return z ^ (z >> 31)

    def uniform(self) -> float:
        return (self.next() >> 11) * 2.0**-53

    def normals(self, count: int) -> np.ndarray:
        values = []
        while len(values) < count:
            radius = math.sqrt(-2 * math.log(1 - self.uniform()))
            angle = 2 * math.pi * self.uniform()
            values += [radius * math.cos(angle), radius * math.sin(angle)]
        return np.array(values[:count])


class Petshop(nn.Module):
    """Convolutions, ReLU and max-pooling, then global average pooling and one fully-connected layer."""

    def __init__(self, path: Path):
        super().__init__()
        graph = onnx.load(path).graph
        weights = {w.name: torch.tensor(numpy_helper.to_array(w)).double() for w in graph.initializer}
        layers: list[nn.Module] = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Conv":
                weight, bias = weights[node.input[1]], weights[node.input[2]]
                layer = nn.Conv2d(
                    weight.shape[1], weight.shape[0], weight.shape[2:], stride=attributes["strides"],
                    padding=attributes["pads"][:2])
                layer.weight.data, layer.bias.data = weight, bias
                layers.append(layer)
            elif node.op_type == "Relu":
                layers.append(nn.ReLU())
            elif node.op_type == "MaxPool":
                layers.append(nn.MaxPool2d(attributes["kernel_shape"], attributes["strides"]))
            elif node.op_type == "Gemm":
                self.classifier = nn.Linear(*reversed(weights[node.input[1]].shape))
                self.classifier.weight.data, self.classifier.bias.data = (weights[n] for n in node.input[1:])
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.classifier(self.pool(self.features(x)).flatten(1))


class Residual(nn.Module):
    """What petshop lacks: a sum of two branches, batch normalization, average pooling, groups, several FC layers."""

    def __init__(self, addition: nn.Module):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.act1 = nn.ReLU()
        self.branch = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.act2 = nn.ReLU()
        self.add = addition
        self.act3 = nn.ReLU()
        self.pool = nn.AvgPool2d(2)
        self.fc1 = nn.Linear(8 * 5 * 4, 12)
        self.act4 = nn.ReLU()
        self.fc2 = nn.Linear(12, 4)

    def forward(self, x):
        x = self.act1(self.norm(self.stem(x)))
        branch = self.act2(self.branch(x))
        x = torch.stack([branch, x], -1) if isinstance(self.add, Sum) else (branch, x)
        x = self.act3(self.add(x) if isinstance(self.add, Sum) else self.add(*x))
        return self.fc2(self.act4(self.fc1(self.pool(x).flatten(1))))


def seeded_residual(addition: nn.Module) -> Residual:
    torch.manual_seed(3)
    model = Residual(addition).double().eval()
    model.norm.running_mean.normal_()
    model.norm.running_var.uniform_(0.5, 2)
    model.norm.weight.data.uniform_(0.5, 1.5)
    model.norm.bias.data.normal_()
    return model


class Capped(nn.Module):
    """ReLU6 behind a convolution, behind a pooled value and read twice, and behind a sum; of each some reach the cap."""

    def __init__(self):
        super().__init__()
        self.stem, self.act1 = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU6()
        self.pool, self.act2 = nn.AvgPool2d(2), nn.ReLU6()
        self.wide, self.narrow = nn.Conv2d(8, 16, 3, padding=1, groups=8), nn.Conv2d(16, 8, 1)
        self.act3 = nn.ReLU6()
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = self.act2(2 * self.pool(self.act1(self.stem(x))) - 1)
        x = self.act3(x + self.narrow(self.wide(x)))
        return self.fc(x.mean((2, 3)))


def check_that_the_cap_is_reached(_, inputs, output) -> None:
    if not 0.02 < float((inputs[0] > 6).double().mean()) < 0.6:
        raise SystemExit("a ReLU6 whose cap hardly any value reaches says nothing about caps")


def seeded_capped() -> Capped:
    torch.manual_seed(4)
    model = Capped().double().eval()
    for layer, factor in [(model.stem, 8), (model.wide, 3), (model.narrow, 2)]:
        layer.weight.data *= factor
    return model


def grad_cam_map(kind, model, layer, x, target: int) -> np.ndarray:
    """The library's map [h,w] before it scales it to 0...1."""
    with kind(model, [layer]) as cam:
        outputs = cam.activations_and_grads(x)
        activations = [a.numpy() for a in cam.activations_and_grads.activations]
        gradients = [None]
        if cam.uses_gradients:
            outputs[0, target].backward()
            gradients = [g.numpy() for g in cam.activations_and_grads.gradients]
        raw = cam.get_cam_image(x, layer, [ClassifierOutputTarget(target)], activations[0], gradients[0], False)[0]
    if kind is EigenCAM:
        return -raw if abs(raw.min()) > abs(raw.max()) else raw
    return np.maximum(raw, 0)


def zennit_relevance(model, composite, x, target: int) -> torch.Tensor:
    seed = model(x).detach().clone()
    seed[:, [i for i in range(seed.shape[1]) if i != target]] = 0
    with Gradient(model=model, composite=composite) as attributor:
        return attributor(x, seed)[1]


def smooth_gradient(model, x, target: int, samples: int, seed: int) -> np.ndarray:
    """`NoiseTunnel` over `Saliency`, but with the generator of the Swift side: its noise is handed in sample by sample."""
    deviation = 0.15 * float(x.max() - x.min())
    total = 0
    for sample in range(samples):
        noise = torch.tensor(Generator(seed, sample).normals(x.numel()).reshape(x.shape)) * deviation
        total = total + Saliency(model).attribute(x + noise, target=target, abs=False)
    return (total / samples).numpy()[0]


def rise_map(model, x, target: int, samples: int, seed: int, cells: int = 7, keep: float = 0.5) -> np.ndarray:
    """The authors' generate_masks and forward, with the generator of the Swift side."""
    height, width = x.shape[2:]
    cell = (math.ceil(height / cells), math.ceil(width / cells))
    total = np.zeros((height, width))
    for sample in range(samples):
        generator = Generator(seed, sample)
        grid = np.array([float(generator.uniform() < keep) for _ in range(cells * cells)]).reshape(cells, cells)
        top, left = int(generator.uniform() * cell[0]), int(generator.uniform() * cell[1])
        wide = nn.functional.interpolate(
            torch.tensor(grid)[None, None], size=((cells + 1) * cell[0], (cells + 1) * cell[1]), mode="bilinear",
            align_corners=False)[0, 0]
        mask = wide[top:top + height, left:left + width]
        with torch.no_grad():
            probability = torch.softmax(model(x * mask), 1)[0, target]
        total += float(probability) * mask.numpy()
    return total / samples / keep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "Tests" / "Fixtures" / "methods")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.*"):
        old.unlink()
    cases: list[dict] = []

    def save(name: str, values) -> None:
        np.save(output / f"{name}.npy", np.ascontiguousarray(np.asarray(values), dtype=np.float32))

    def add(name: str, network: str, method: str, attribution=None, map=None, tolerance=1e-4, **question) -> None:
        case = {"name": name, "network": network, "method": method, "tolerance": tolerance, **question}
        if attribution is not None:
            values = attribution.detach().numpy()[0] if isinstance(attribution, torch.Tensor) else attribution
            save(f"{name}.attribution", values[:, OFFSET::STEP, OFFSET::STEP])
            case["attribution"] = f"{name}.attribution.npy"
        if map is not None:
            save(f"{name}.map", map)
            case["map"] = f"{name}.map.npy"
        cases.append(case)

    model = Petshop(ROOT / "Tests/Fixtures/first-edition/petshop" / "model.onnx").double().eval()
    photo = torch.tensor(np.load(ROOT / "Tests" / "Fixtures" / "petshop-reference" / "cat.input.npy")).double()
    x = nn.functional.interpolate(photo, size=(96, 80), mode="bilinear", antialias=True)
    x = x.float().double()  # what the file holds
    save("petshop.input", x)
    layer = model.features[-1]
    scores = model(x).detach().numpy()[0]
    save("petshop.scores", scores)

    def contrast(inputs):
        scores = model(inputs)
        return scores[:, :1] - scores[:, 1:2]

    def probability(inputs):
        return torch.softmax(model(inputs), 1)

    add("gradient", "petshop", "gradient", Saliency(model).attribute(x, target=0, abs=False), **{"class": 0})
    add("gradient-contrast", "petshop", "gradient", Saliency(contrast).attribute(x, target=0, abs=False),
        **{"class": 0, "against": 1})
    add("gradient-probability", "petshop", "gradient", Saliency(probability).attribute(x, target=1, abs=False),
        **{"class": 1, "probability": True})
    add("gradient-x-input", "petshop", "gradient-x-input", InputXGradient(model).attribute(x, target=1),
        **{"class": 1})
    add("integrated-gradients", "petshop", "integrated-gradients", IntegratedGradients(model).attribute(x, target=0),
        tolerance=3e-3,  # of fifty points some stand closer to a ReLU's kink than single precision can tell
        **{"class": 0})
    add("integrated-gradients-few", "petshop", "integrated-gradients",
        IntegratedGradients(model).attribute(x, target=0, n_steps=6), **{"class": 0, "parameters": {"steps": 6}})
    add("integrated-gradients-probability", "petshop", "integrated-gradients",
        IntegratedGradients(probability).attribute(x, target=1, n_steps=17, baselines=0.5),
        tolerance=1e-3,  # a probability of 0.0007 is all curvature: single precision moves ReLUs' kinks between points
        **{"class": 1, "probability": True, "parameters": {"steps": 17, "baseline": 0.5}})
    add("occlusion", "petshop", "occlusion",
        Occlusion(model).attribute(x, (3, 20, 20), strides=(3, 12, 12), target=0),
        **{"class": 0, "parameters": {"window": 20, "stride": 12}})
    mean = x.mean(dim=(2, 3), keepdim=True)
    add("occlusion-mean", "petshop", "occlusion",
        Occlusion(probability).attribute(x, (3, 17, 17), strides=(3, 17, 17), target=1, baselines=mean),
        **{"class": 1, "probability": True, "parameters": {"window": 17, "stride": 17, "fill": "mean"}})
    add("smoothgrad", "petshop", "smoothgrad", smooth_gradient(model, x, 0, 6, 11),
        **{"class": 0, "parameters": {"steps": 6, "seed": 11}})
    add("rise", "petshop", "rise", map=rise_map(model, x, 0, 40, 5)[::2, ::2],
        **{"class": 0, "mapStep": 2, "parameters": {"steps": 40, "seed": 5}})
    relu_cam = LayerGradCam(model, layer).attribute(x, target=0, relu_attributions=True).detach().numpy()[0, 0]
    add("grad-cam", "petshop", "grad-cam", map=relu_cam, **{"class": 0})
    for kind, name in [(GradCAM, "grad-cam"), (GradCAMPlusPlus, "grad-cam++"), (LayerCAM, "layer-cam"),
                       (EigenCAM, "eigen-cam"), (ScoreCAM, "score-cam")]:
        add(f"{name}-package", "petshop", name, map=grad_cam_map(kind, model, layer, x, 0), **{"class": 0})
    add("layer-cam-early", "petshop", "layer-cam", map=grad_cam_map(LayerCAM, model, model.features[11], x, 0),
        **{"class": 0, "parameters": {"layer": "/features/features.11/Relu_output_0"}})
    for kind, name in [(Deconvolution, "deconvnet"), (GuidedBackprop, "guided-backprop")]:
        add(name, "petshop", name, kind(model).attribute(x, target=0), **{"class": 0})
    add("guided-grad-cam", "petshop", "guided-grad-cam", GuidedGradCam(model, layer).attribute(x, target=0),
        **{"class": 0, "parameters": {"interpolation": "nearest"}})
    add("lrp-epsilon", "petshop", "lrp", LRP(model).attribute(x, target=0),
        **{"class": 0, "parameters": {"rule": "epsilon", "epsilon": 1e-9}})
    add("lrp-epsilon-plus", "petshop", "lrp", zennit_relevance(model, EpsilonPlus(), x, 1), **{"class": 1})
    add("lrp-alpha-beta", "petshop", "lrp", zennit_relevance(model, EpsilonAlpha2Beta1(), x, 1),
        **{"class": 1, "parameters": {"rule": "alpha-beta"}})

    small = seeded_residual(Addition_Module())
    y = torch.randn(1, 3, 10, 8, generator=torch.Generator().manual_seed(7)).float().double()
    save("residual.input", y)
    save("residual.scores", small(y).detach().numpy()[0])
    torch.onnx.export(
        seeded_residual(Addition_Module()).float(), (y.float(),), output / "residual.onnx", dynamo=False, opset_version=17,
        input_names=["pixel_values"], output_names=["logits"])
    add("residual-lrp-epsilon", "residual", "lrp", LRP(small).attribute(y, target=2),
        **{"class": 2, "parameters": {"rule": "epsilon", "epsilon": 1e-9}})
    merge = [SequentialMergeBatchNorm()]
    for composite, rule in [(EpsilonPlus, "epsilon-plus"), (EpsilonAlpha2Beta1, "alpha-beta")]:
        add(f"residual-lrp-{rule}", "residual", "lrp",
            zennit_relevance(seeded_residual(Sum()), composite(canonizers=merge), y, 2),
            **{"class": 2, "parameters": {"rule": rule}})
    add("residual-grad-cam", "residual", "grad-cam",
        map=LayerGradCam(small, small.act3).attribute(y, target=1, relu_attributions=True).detach().numpy()[0, 0],
        **{"class": 1})

    capped = seeded_capped()
    for rectifier in (capped.act1, capped.act2, capped.act3):
        rectifier.register_forward_hook(check_that_the_cap_is_reached)
    z = torch.randn(1, 3, 14, 10, generator=torch.Generator().manual_seed(8)).float().double()
    save("capped.input", z)
    save("capped.scores", capped(z).detach().numpy()[0])
    torch.onnx.export(seeded_capped().float(), (z.float(),), output / "capped.onnx", dynamo=False, opset_version=17,
                      input_names=["pixel_values"], output_names=["logits"])
    add("capped-gradient", "capped", "gradient", Saliency(capped).attribute(z, target=1, abs=False), **{"class": 1})
    for kind, method in [(Deconvolution, "deconvnet"), (GuidedBackprop, "guided-backprop")]:
        add(f"capped-{method}", "capped", method, kind(with_capped_relus(capped)).attribute(z, target=1), **{"class": 1})

    (output / "cases.json").write_text(json.dumps({"step": STEP, "offset": OFFSET, "cases": cases}, indent=1) + "\n")
    total = sum(p.stat().st_size for p in output.iterdir())
    print(f"{len(cases)} cases, {total} bytes; petshop scores {scores}")
    if total > LARGEST_TOTAL:
        raise SystemExit(f"more than {LARGEST_TOTAL} bytes")


if __name__ == "__main__":
    main()
