"""What other programs say a method's answer is: Captum, pytorch-grad-cam, zennit, and plain loops where none of
them has it.

Every reference takes a subject, an image x [1,C,H,W] and a class index, in single or double precision, and returns the
map [rows, columns] before upsampling and the signed attribution at the input [C,H,W], where the method has them. The
parameters are those the daemon is given under the same names.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import torchvision_models  # noqa: F401, I001  (first: it makes torchvision importable, which the next ones import)
import captum.attr
import numpy as np
import pytorch_grad_cam
import pytorch_grad_cam.score_cam
import torch
from captum.attr._utils.lrp_rules import EpsilonRule
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torch.nn import functional as F
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.composites import EpsilonAlpha2Beta1, EpsilonPlus
from zennit.core import Composite
from zennit.torchvision import ResNetBasicBlockCanonizer

from method_subjects import Subject, folded
from rectifiers import with_capped_relus

logging.getLogger("captum").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="captum")  # that it sets hooks, and that inputs now require gradients
pytorch_grad_cam.score_cam.tqdm.tqdm = lambda iterable: iterable  # no progress bars


@dataclass
class Answer:
    """A reference's answer. `deviation` is the standard error of each value of a random method's mean."""

    map: np.ndarray | None = None
    attribution: np.ndarray | None = None
    deviation: np.ndarray | None = None


@dataclass
class Method:
    """A reference, who says so, and the parameters the daemon is given with it.

    `only` restricts a method to the subjects it is affordable or defined on. `either_sign` is for maps whose sign is
    arbitrary. `label` tells apart several runs of one method.
    """

    name: str
    source: str
    compute: Callable[..., list[Answer]]
    parameters: dict = field(default_factory=dict)
    only: set[str] | None = None
    either_sign: bool = False
    label: str = ""


def image_map(attribution: np.ndarray) -> np.ndarray:
    """The largest absolute value over the channels, as the daemon draws it."""
    return np.abs(attribution).max(0)


def signed(attribution: torch.Tensor) -> list[Answer]:
    array = attribution.detach()[0].numpy()
    return [Answer(image_map(array), array)]


# Gradients and their relatives


def gradient(subject: Subject, x, c) -> list[Answer]:
    return signed(captum.attr.Saliency(subject.network).attribute(x, target=c, abs=False))


def gradient_x_input(subject: Subject, x, c) -> list[Answer]:
    return signed(captum.attr.InputXGradient(subject.network).attribute(x, target=c))


def integrated_gradients(subject: Subject, x, c, steps: int) -> list[Answer]:
    method = captum.attr.IntegratedGradients(subject.network)
    return signed(method.attribute(x, baselines=0, target=c, n_steps=steps, internal_batch_size=8))


def smooth_gradient(subject: Subject, x, c, samples: int, deviation: float, seed: int) -> list[Answer]:
    """The mean over noisy copies, and its standard error: another generator draws other noise."""
    torch.manual_seed(seed)
    saliency = captum.attr.Saliency(subject.network)
    total, squares = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
    for _ in range(samples):
        one = saliency.attribute(x + deviation * torch.randn_like(x), target=c, abs=False)[0].detach().double().numpy()
        total += one
        squares += one * one
    mean = total / samples
    variance = np.maximum(squares / samples - mean**2, 0) * samples / (samples - 1)
    return [Answer(attribution=mean, deviation=np.sqrt(variance / samples))]


def captum_relu_rule(kind) -> Callable[..., list[Answer]]:
    """Captum's deconvolution or guided backpropagation, whose rule is that of nn.ReLU modules and of nothing else:
    rectifiers.py. The cut calls the same layers as the network, the last ReLU as a module too."""

    def compute(subject: Subject, x, c) -> list[Answer]:
        return signed(kind(with_capped_relus(subject.cuts[-1])).attribute(x.clone(), target=c))

    return compute


# Perturbation


def window_starts(extent: int, window: int, stride: int) -> list[int]:
    """Windows at multiples of the stride until one reaches the edge; the last may hang over it."""
    return [i * stride for i in range(max(0, -(-(extent - window) // stride)) + 1)]


@torch.no_grad()
def occlusion(subject: Subject, x, c, window: int, stride: int, fill: str) -> list[Answer]:
    """Captum's attribution, and the class's probability at every window position by a plain loop."""
    assert fill == "zero"
    method = captum.attr.Occlusion(subject.network)
    attribution = method.attribute(x, (x.shape[1], window, window), (x.shape[1], stride, stride), baselines=0,
                                   target=c, perturbations_per_eval=8)
    rows, columns = (window_starts(extent, window, stride) for extent in x.shape[2:])
    probabilities = np.empty((len(rows), len(columns)))
    for i, top in enumerate(rows):
        hidden = x.repeat(len(columns), 1, 1, 1)
        for j, left in enumerate(columns):
            hidden[j, :, top : top + window, left : left + window] = 0
        probabilities[i] = F.softmax(subject.network(hidden), 1)[:, c].numpy()
    return [Answer(probabilities, attribution[0].numpy())]


@torch.no_grad()
def rise(subject: Subject, x, c, samples: int, cells: int, keep: float, seed: int) -> list[Answer]:
    """Petsiuk, Das and Saenko 2018, equation 6: the probability's mean over random masks, weighted by the masks."""
    generator = torch.Generator().manual_seed(seed)
    height, width = x.shape[2:]
    cell_height, cell_width = -(-height // cells), -(-width // cells)
    total, squares = np.zeros((height, width)), np.zeros((height, width))
    for start in range(0, samples, 16):
        count = min(16, samples - start)
        grid = (torch.rand(count, 1, cells, cells, generator=generator) < keep).to(x.dtype)
        large = F.interpolate(grid, size=((cells + 1) * cell_height, (cells + 1) * cell_width), mode="bilinear",
                              align_corners=False)
        tops = torch.randint(0, cell_height, (count,), generator=generator)
        lefts = torch.randint(0, cell_width, (count,), generator=generator)
        masks = torch.stack([large[i, :, t : t + height, l : l + width] for i, (t, l) in enumerate(zip(tops, lefts))])
        probabilities = F.softmax(subject.network(x * masks), 1)[:, c]
        terms = (probabilities.view(-1, 1, 1) * masks[:, 0] / keep).double().numpy()
        total += terms.sum(0)
        squares += (terms**2).sum(0)
    mean = total / samples
    return [Answer(mean, deviation=np.sqrt(np.maximum(squares / samples - mean**2, 0) / samples))]


# Class activation maps: one answer for every place where the network may be cut.


@torch.no_grad()
def class_activation_map(subject: Subject, x, c) -> list[Answer]:
    """Zhou et al. 2016, equation 2, without clipping."""
    features, head = subject.cuts[0]
    linear = head.classify if isinstance(head.classify, nn.Linear) else head.classify[-1]
    return [Answer(torch.einsum("k,khw->hw", linear.weight[c], features(x)[0]).numpy())]


def captum_grad_cam(subject: Subject, x, c) -> list[Answer]:
    x = x.clone().requires_grad_(True)  # otherwise nothing in a frozen network asks for gradients
    answers = []
    for cut in subject.cuts:
        map = captum.attr.LayerGradCam(cut, cut[0]).attribute(x, target=c, relu_attributions=True)
        answers.append(Answer(map[0, 0].detach().numpy()))
    return answers


def grad_cam_package(kind, clip: bool = True) -> Callable[..., list[Answer]]:
    """A class of pytorch-grad-cam, taken before it scales its map to the image."""

    def compute(subject: Subject, x, c) -> list[Answer]:
        x = x.clone().requires_grad_(True)
        answers = []
        for cut in subject.cuts:
            with kind(cut, [cut[0]]) as method:
                targets = [ClassifierOutputTarget(c)]
                outputs = method.activations_and_grads(x)
                if method.uses_gradients:
                    targets[0](outputs[0]).backward()
                activations = method.activations_and_grads.activations[0].numpy()
                gradients = method.activations_and_grads.gradients
                map = method.get_cam_image(x.detach(), cut[0], targets, activations,
                                           gradients[0].numpy() if gradients else None, eigen_smooth=False)[0]
            answers.append(Answer(np.maximum(map, 0) if clip else map))
        return answers

    return compute


def guided_grad_cam(subject: Subject, x, c, interpolation: str) -> list[Answer]:
    # Grad-CAM's own gradient is the true one.
    assert not any(isinstance(module, nn.ReLU6) for module in subject.cuts[0][1].modules())
    cut = with_capped_relus(subject.cuts[0])
    return signed(captum.attr.GuidedGradCam(cut, cut[0]).attribute(x.clone(), target=c, interpolate_mode=interpolation))


# Layer-wise relevance propagation


def captum_relevance(subject: Subject, x, c, epsilon: float, rule: str) -> list[Answer]:
    """The epsilon rule at every layer."""
    assert rule == "epsilon"
    network = folded(subject.cuts[-1])
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.AdaptiveAvgPool2d, nn.MaxPool2d)):
            module.rule = EpsilonRule(epsilon)
    return signed(captum.attr.LRP(network).attribute(x.clone(), target=c))


class MergeBatchNorm(SequentialMergeBatchNorm):
    """Leaves nothing of batch normalization behind. zennit's leaves a division by √(1 + ε): each layer is 5e-6 too
    small, which is more than rounding, so that ReLUs behind it change sides."""

    @staticmethod
    def merge_batch_norm(modules, batch_norm):
        SequentialMergeBatchNorm.merge_batch_norm(modules, batch_norm)
        batch_norm.running_var.data = torch.full_like(batch_norm.running_var, 1 - batch_norm.eps)


def zennit_relevance(composite: type[Composite]) -> Callable[..., list[Answer]]:
    """A composite of zennit, started with the score itself, as Captum does and the daemon."""

    def compute(subject: Subject, x, c, rule: str) -> list[Answer]:
        canonizers = [MergeBatchNorm(), ResNetBasicBlockCanonizer()]  # the latter takes sums apart
        with Gradient(subject.cuts[-1], composite(canonizers=canonizers)) as attributor:
            _, relevance = attributor(x.clone(), lambda scores: scores * F.one_hot(torch.tensor([c]), scores.shape[1]))
        return signed(relevance)

    return compute


SMALL = {"petshop", "resnet18", "mobilenet_v2", "densenet121"}
LARGE = {"vgg11_bn"}  # whose images are larger
CHAINS = {"petshop", "vgg11_bn"}  # what Captum's LRP can walk through
SUMS = CHAINS | {"resnet18"}  # and zennit, which knows how to take its sums apart
METHODS = [
    Method("gradient", "Captum Saliency", gradient),
    Method("cam", "equation 2 of the paper", class_activation_map),
    Method("grad-cam", "Captum LayerGradCam", captum_grad_cam),
    Method("grad-cam", "pytorch-grad-cam", grad_cam_package(pytorch_grad_cam.GradCAM)),
    Method("deconvnet", "Captum Deconvolution", captum_relu_rule(captum.attr.Deconvolution)),
    Method("guided-backprop", "Captum GuidedBackprop", captum_relu_rule(captum.attr.GuidedBackprop)),
    Method("guided-grad-cam", "Captum GuidedGradCam", guided_grad_cam, {"interpolation": "nearest"}),
    Method("gradient-x-input", "Captum InputXGradient", gradient_x_input),
    Method("integrated-gradients", "Captum IntegratedGradients", integrated_gradients, {"steps": 12}),
    Method("occlusion", "Captum Occlusion; plain loop", occlusion, {"window": 40, "stride": 24, "fill": "zero"},
           only=SMALL),
    Method("occlusion", "Captum Occlusion; plain loop", occlusion, {"window": 96, "stride": 64, "fill": "zero"},
           only=LARGE),
    Method("grad-cam++", "pytorch-grad-cam", grad_cam_package(pytorch_grad_cam.GradCAMPlusPlus)),
    Method("layer-cam", "pytorch-grad-cam", grad_cam_package(pytorch_grad_cam.LayerCAM)),
    Method("eigen-cam", "pytorch-grad-cam", grad_cam_package(pytorch_grad_cam.EigenCAM, clip=False), either_sign=True),
    Method("score-cam", "pytorch-grad-cam", grad_cam_package(pytorch_grad_cam.ScoreCAM), only={"petshop", "resnet18"}),
    Method("smoothgrad", "Captum's gradient, mean of noisy copies", smooth_gradient,
           {"samples": 48, "deviation": 0.2, "seed": 1}, only={"petshop", "resnet18", "mobilenet_v2"}),
    Method("rise", "plain loop over masks", rise, {"samples": 256, "cells": 7, "keep": 0.5, "seed": 1},
           only={"petshop", "resnet18"}),
    Method("lrp", "Captum LRP", captum_relevance, {"rule": "epsilon", "epsilon": 1e-9}, only=CHAINS, label="epsilon"),
    Method("lrp", "zennit EpsilonPlus", zennit_relevance(EpsilonPlus), {"rule": "epsilon-plus"}, only=SUMS,
           label="epsilon-plus"),
    Method("lrp", "zennit EpsilonAlpha2Beta1", zennit_relevance(EpsilonAlpha2Beta1), {"rule": "alpha-beta"}, only=SUMS,
           label="alpha-beta"),
]
