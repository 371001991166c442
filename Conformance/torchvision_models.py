"""torchvision's classifiers with seeded weights that exercise every layer, and torchvision itself made importable.

torchvision's wheel is built against PyTorch's CUDA build; beside the CPU build its compiled operators do not load, and
importing it fails because it registers Python implementations for them. Declaring the two operators first is all that
the classifiers need.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

if torch.version.cuda is None:
    # Kept alive for as long as the process runs: the declarations go when the library object does.
    _declarations = torch.library.Library("torchvision", "DEF")
    _declarations.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declarations.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402  (after the declarations)

# By name, the side of the square image the network is meant for.
CLASSIFIERS = {
    "alexnet": 224,
    "vgg11_bn": 224,
    "vgg16": 224,
    "resnet18": 224,
    "resnet50": 224,
    "squeezenet1_1": 224,
    "googlenet": 224,
    "inception_v3": 299,
    "densenet121": 224,
    "mobilenet_v2": 224,
    "mobilenet_v3_small": 224,
    "mobilenet_v3_large": 224,
    "shufflenet_v2_x1_0": 224,
    "efficientnet_b0": 224,
    "mnasnet1_0": 224,
    "regnet_y_400mf": 224,
    "convnext_tiny": 224,
}
# Flattened or adaptively pooled to a fixed size: only one image size makes sense.
FIXED_SIZE = {"alexnet", "vgg11_bn", "vgg16"}


def classifier(name: str, seed: int = 1) -> nn.Module:
    """The network in evaluation mode, with seeded weights, biases, and batch statistics of its own activations.

    Fresh networks are no test: their biases are zero, their batch normalization is the identity, and some scale whole
    branches by 1e-6. Statistics drawn at random would blow the activations of a deep network up or let them vanish,
    so they are gathered from random images first and then shaken.
    """
    torch.manual_seed(seed)
    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return shaken(torchvision.models.get_model(name, weights=None, **options), lambda _: torch.randn(4, 3, 96, 96))


def shaken(network: nn.Module, images: Callable[[int], torch.Tensor]) -> nn.Module:
    """The fresh network in evaluation mode, with everything that is 0, 1 or next to nothing moved away from it; batch
    statistics come from the first two of `images`."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            nn.init.uniform_(module.bias, -0.1, 0.1)
        if isinstance(module, nn.LayerNorm) and module.elementwise_affine:
            nn.init.uniform_(module.weight, 0.6, 1.4)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        # A branch that begins as nothing stays smaller than what it is added to.
        nn.init.uniform_(norm.weight, *((0.6, 1.4) if norm.weight.abs().max() > 0 else (0.1, 0.4)))
        nn.init.normal_(norm.bias, 0, 0.2)
    for name, parameter in network.named_parameters():
        if name.endswith("layer_scale"):
            nn.init.uniform_(parameter, 0.2, 0.8)
        elif parameter.numel() > 1 and parameter.abs().max() < 1e-2 and parameter.std() == 0:
            # Factors of branches next to nothing, and what is learned from nothing.
            nn.init.uniform_(parameter, 0.2, 0.8) if parameter.abs().max() > 0 else nn.init.normal_(parameter, 0, 0.05)
    if norms:
        gather_batch_statistics(network, norms, images)
    return network.eval()


def gather_batch_statistics(network: nn.Module, norms: list[nn.Module], images: Callable[[int], torch.Tensor]) -> None:
    for norm in norms:
        norm.momentum = None  # a plain average over the batches
    network.train()
    with torch.no_grad():
        for index in range(2):
            network(images(index))
    for norm in norms:
        deviation = norm.running_var.sqrt()
        norm.running_mean += 0.1 * deviation * torch.randn_like(deviation)
        norm.running_var *= torch.empty_like(deviation).uniform_(0.8, 1.25)


def exported(network: Callable[[], nn.Module], file: Path, side: int) -> Path:
    """The network for images [1,3,side,side], with fresh weights of a seed, in the file; made where it is not there yet."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network().eval(), torch.randn(1, 3, side, side), str(file), dynamo=False, opset_version=17)
    return file


def image(shape: tuple[int, ...], seed: int = 2) -> torch.Tensor:
    """A normalized image of structure at several scales, which decides a network more than white noise does."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(shape)
    for side in (3, 7, 17, 41):
        coarse = torch.randn(*shape[:2], side, side, generator=generator)
        total += nn.functional.interpolate(coarse, shape[2:], mode="bilinear", align_corners=False)
    return total / 2 + 0.1 * torch.randn(shape, generator=generator)


def scores_and_gradient(network: nn.Module, x: torch.Tensor, class_index: int, double: bool):
    """Outputs [N,…] and the gradient of output[0, class] with respect to x [N,C,H,W], in single or double precision."""
    if double:
        network, x = copy.deepcopy(network).double(), x.double()
    x = x.clone().requires_grad_(True)
    output = network(x)
    (gradient,) = torch.autograd.grad(output[0, class_index].sum(), x)
    return output.detach().numpy(), gradient.numpy()
