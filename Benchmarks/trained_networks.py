"""A resnet18 and a vgg16 that have learned something, for questions that seeded weights cannot answer.

How much of a score is left when it is computed roughly, and how far a window's effect reaches, depends on what the network
has learned: with seeded weights a score hardly depends on the image. torchvision's trained weights cannot be had without
its server, so this trains torchvision's networks from nothing on the labelled photos of SHARED/data/retrain (cat, dog,
other), every tenth held out. A thousand photos are few for such networks, so they learn what the bundled petshop says of
them, cropped, recoloured and mixed in ever new ways (Beyer et al. 2022, "Knowledge distillation: A good teacher is patient
and consistent", arXiv:2106.05237). Vgg16 learns with batch normalization, which is then folded into its convolutions; its
first two fully-connected layers stay as they were seeded, since a thousand photos do not say what 120 million weights
should be. Two to three minutes each on a large GPU. Without one it takes the better part of a day, and a weaker network,
by --steps 500, an hour (resnet18) or three. The weights stay in the cache of the conformance scripts and out of the repository, as the photos do.

    python Benchmarks/trained_networks.py resnet18|vgg16 [--shared FOLDER] [--steps N]
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.nn.utils.fusion import fuse_conv_bn_eval  # noqa: E402
from PIL import Image  # noqa: E402

from method_subjects import petshop  # noqa: E402
from networks import CACHE  # noqa: E402
from torchvision_models import torchvision  # noqa: E402

SHARED = ROOT.parent / "shared"
LABELS = ("cat", "dog", "other")
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
MEAN = torch.tensor([0.485, 0.456, 0.406], device=DEVICE)[:, None, None]
DEVIATION = torch.tensor([0.229, 0.224, 0.225], device=DEVICE)[:, None, None]
# Photos are kept at this side, and judged at the other.
SIDE, JUDGED_SIDE = 256, 224
BATCH = 128
# Of teacher and pupil alike: what is less likely counts for more.
TEMPERATURE = 2.0


@dataclass(frozen=True)
class Lesson:
    """How a network is trained: on crops of which side, in how many steps, and how fast at most."""

    crop: int
    steps: int
    rate: float


LESSONS = {"resnet18": Lesson(crop=192, steps=8000, rate=1e-3), "vgg16": Lesson(crop=160, steps=4600, rate=5e-4)}


def weights_file(name: str) -> Path:
    return CACHE / f"{name}-trained.pt"


def untrained(name: str) -> torch.nn.Module:
    return torchvision.models.get_model(name, weights=None, num_classes=len(LABELS))


def photos(shared: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """All photos [N,3,SIDE,SIDE] as bytes, and their labels; those of one label behind those of another."""
    pixels, labels = [], []
    for index, label in enumerate(LABELS):
        for path in sorted((shared / "data" / "retrain" / label).glob("*.jpg")):
            image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            pixels.append(np.asarray(image))
            labels.append(index)
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).to(DEVICE), torch.tensor(labels, device=DEVICE)


def normalized(values: torch.Tensor) -> torch.Tensor:
    """Of values 0…1 [N,3,H,W]."""
    return ((values - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)


def spread(count: int, extent: float) -> torch.Tensor:
    """Numbers drawn between −extent and extent, [count,1,1,1]."""
    return (2 * torch.rand(count, 1, 1, 1, device=DEVICE) - 1) * extent


def crops(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Of each photo a part of a fifth to all of its area, stretched, turned and mirrored, of other colours, half of them
    blurred or sharpened, at side×side."""
    count = len(pixels)
    area = 0.2 + 0.8 * torch.rand(count, device=DEVICE)
    stretch = torch.exp(spread(count, math.log(4 / 3)).flatten())
    width, height = (area * stretch).sqrt().clamp(max=1), (area / stretch).sqrt().clamp(max=1)
    across, down = spread(count, 1).flatten() * (1 - width), spread(count, 1).flatten() * (1 - height)
    angle = spread(count, math.radians(10)).flatten()
    mirror = torch.where(torch.rand(count, device=DEVICE) < 0.5, -1.0, 1.0)
    placing = torch.stack([
        torch.stack([angle.cos() * width * mirror, -angle.sin() * height, across], 1),
        torch.stack([angle.sin() * width * mirror, angle.cos() * height, down], 1)], 1)
    grid = functional.affine_grid(placing, [count, 3, side, side], align_corners=False)
    x = functional.grid_sample(pixels.float() / 255, grid, padding_mode="reflection", align_corners=False)
    x = x * (1 + spread(count, 0.3))
    mean = x.mean((2, 3), keepdim=True)
    x = mean + (x - mean) * (1 + spread(count, 0.3))
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * (1 + spread(count, 0.4))
    blurred = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), 3, 1)
    x = x + (blurred - x) * spread(count, 1) * (torch.rand(count, 1, 1, 1, device=DEVICE) < 0.5)
    return normalized(x.clamp(0, 1))


def mixed(x: torch.Tensor) -> torch.Tensor:
    """In two batches of three each photo with another one shining through."""
    share = torch.rand(1, device=DEVICE) if torch.rand(1).item() < 2 / 3 else 1
    return share * x + (1 - share) * x.flip(0)


def right(network: torch.nn.Module, pixels: torch.Tensor, labels: torch.Tensor) -> float:
    """The share that the network names as they are labelled."""
    network.eval()
    found = 0
    with torch.inference_mode():
        for part, own in zip(pixels.split(40), labels.split(40)):
            x = functional.interpolate(part.float() / 255, (JUDGED_SIDE, JUDGED_SIDE), mode="bilinear", antialias=True)
            found += int((network(normalized(x)).argmax(1) == own).sum())
    return found / len(labels)


def folded(network: torch.nn.Module) -> torch.nn.Module:
    """A vgg16_bn as the vgg16 that computes the same."""
    layers = list(network.features)
    convolutions = [fuse_conv_bn_eval(a, b) if isinstance(b, torch.nn.BatchNorm2d) else a
                    for a, b in zip(layers, layers[1:] + [None]) if not isinstance(a, torch.nn.BatchNorm2d)]
    network.features = torch.nn.Sequential(*convolutions)
    return network


def pupil(name: str) -> torch.nn.Module:
    network = untrained("vgg16_bn" if name == "vgg16" else name)
    for module in network.modules():
        # The crops are noise enough.
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    if name == "vgg16":
        for layer in (network.classifier[0], network.classifier[3]):
            layer.requires_grad_(False)
    return network.to(DEVICE, memory_format=torch.channels_last)


def train(name: str, shared: Path = SHARED, steps: int | None = None) -> torch.nn.Module:
    lesson = LESSONS[name]
    steps = steps or lesson.steps
    torch.manual_seed(1)
    network = pupil(name)
    teacher = petshop(ROOT / "Tests/Fixtures/first-edition/petshop").network.to(DEVICE)
    pixels, labels = photos(shared)
    held_out = torch.arange(len(labels), device=DEVICE) % 10 == 0
    known = torch.where(~held_out)[0]
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=lesson.rate, weight_decay=0.05)
    # A twentieth to warm up, then half a cosine.
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, 20 * (step + 1) / steps) * 0.5 * (1 + math.cos(math.pi * step / steps)))
    print(f"of the held out photos petshop has {right(teacher, pixels[held_out], labels[held_out]):.0%} right", flush=True)
    start = time.monotonic()
    for step in range(steps):
        network.train()
        x = mixed(crops(pixels[known[torch.randint(len(known), (BATCH,), device=DEVICE)]], lesson.crop))
        with torch.autocast(DEVICE.type, torch.bfloat16):
            with torch.no_grad():
                wanted = teacher(x).float() / TEMPERATURE
            answer = network(x).float() / TEMPERATURE
        loss = functional.kl_div(answer.log_softmax(1), wanted.softmax(1), reduction="batchmean")
        optimizer.zero_grad()
        (loss * TEMPERATURE**2).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % max(steps // 20, 1) == 0:
            print(f"step {step + 1} of {steps}: loss {loss.item():.4f}, of the held out photos "
                  f"{right(network, pixels[held_out], labels[held_out]):.0%} right, {time.monotonic() - start:.0f} s",
                  flush=True)
    network = network.cpu().to(memory_format=torch.contiguous_format).eval()
    return folded(network) if name == "vgg16" else network


def trained(name: str, shared: Path = SHARED) -> torch.nn.Module:
    """The trained network, trained now where it is not in the cache.

    Raises FileNotFoundError where there is nothing to learn from.
    """
    path = weights_file(name)
    if not path.exists():
        if not (shared / "data" / "retrain").is_dir():
            raise FileNotFoundError(f"{shared}/data/retrain has no photos to train on")
        print(f"training {name}, once", flush=True)
        save(train(name, shared), path)
    network = untrained(name)
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval().requires_grad_(False)


def save(network: torch.nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), path.with_suffix(".partial"))
    path.with_suffix(".partial").rename(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=sorted(LESSONS))
    parser.add_argument("--shared", type=Path, default=SHARED, help="the folder that holds data/retrain")
    parser.add_argument("--steps", type=int, help="of 128 photos each")
    arguments = parser.parse_args()
    save(train(arguments.network, arguments.shared, arguments.steps), weights_file(arguments.network))
    sys.exit(0)
