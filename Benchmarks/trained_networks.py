"""A resnet18 and a vgg16 that have learned something, for questions that seeded weights cannot answer.

How smooth an occlusion map is, and so how much of it can be left out, depends on what the network has learned: with
seeded weights neighbouring windows have little to do with each other. torchvision's trained weights cannot be had without
its server, so this trains torchvision's networks from nothing on the labelled photos of SHARED/data/retrain (cat, dog,
other), every tenth held out. Vgg16 learns with batch normalization, which is then folded into its convolutions. Seven
minutes for resnet18 on two cores and as many again for vgg16, once; the weights stay in the cache of the
conformance scripts and out of the repository, as the photos do.

    python Benchmarks/trained_networks.py resnet18|vgg16 [--shared FOLDER] [--epochs N]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn.utils.fusion import fuse_conv_bn_eval  # noqa: E402
from PIL import Image  # noqa: E402

from networks import CACHE  # noqa: E402
from torchvision_models import torchvision  # noqa: E402

SHARED = ROOT.parent / "shared"
LABELS = ("cat", "dog", "other")
MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
# Photos are kept at this side.
SIDE = 160


@dataclass(frozen=True)
class Lesson:
    """How a network is trained: on crops of which side, for how long, and how fast at most."""

    crop: int
    epochs: int
    rate: float


LESSONS = {"resnet18": Lesson(crop=128, epochs=20, rate=2e-3), "vgg16": Lesson(crop=64, epochs=12, rate=3e-4)}


def weights_file(name: str) -> Path:
    return CACHE / f"{name}-trained.pt"


def untrained(name: str) -> torch.nn.Module:
    return torchvision.models.get_model(name, weights=None, num_classes=len(LABELS))


def photos(shared: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """All photos [N,3,SIDE,SIDE] as bytes, and their labels; those of one label behind those of another."""
    pixels, labels = [], []
    for index, label in enumerate(LABELS):
        for path in sorted((shared / "data" / "retrain" / label).glob("*.jpg")):
            image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
            pixels.append(np.asarray(image))
            labels.append(index)
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2), torch.tensor(labels)


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels.float() / 255 - MEAN[:, None, None]) / DEVIATION[:, None, None]


def crops(pixels: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """Of each photo a part of 60 to 100 % of its side, half of them mirrored, at side×side."""
    rows = []
    for image in pixels:
        share, down, across, mirror = torch.rand(4, generator=generator).tolist()
        extent = int(SIDE * (0.6 + 0.4 * share))
        top, left = int(down * (SIDE - extent)), int(across * (SIDE - extent))
        part = normalized(image[:, top : top + extent, left : left + extent])[None]
        part = torch.nn.functional.interpolate(part, (side, side), mode="bilinear", antialias=True)
        rows.append(part.flip(3) if mirror < 0.5 else part)
    return torch.cat(rows)


def folded(network: torch.nn.Module) -> torch.nn.Module:
    """A vgg16_bn as the vgg16 that computes the same."""
    layers = list(network.features)
    convolutions = [fuse_conv_bn_eval(a, b) if isinstance(b, torch.nn.BatchNorm2d) else a
                    for a, b in zip(layers, layers[1:] + [None]) if not isinstance(a, torch.nn.BatchNorm2d)]
    network.features = torch.nn.Sequential(*convolutions)
    return network


def train(name: str, shared: Path = SHARED, epochs: int | None = None, batch: int = 32) -> torch.nn.Module:
    lesson = LESSONS[name]
    epochs = epochs or lesson.epochs
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    pixels, labels = photos(shared)
    held_out = torch.arange(len(labels)) % 10 == 0
    known = torch.where(~held_out)[0]
    network = untrained("vgg16_bn" if name == "vgg16" else name).to(memory_format=torch.channels_last)
    for module in network.modules():
        # A thousand photos and some epochs are no time to learn in spite of it.
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.AdamW(network.parameters(), lr=lesson.rate, weight_decay=0.02)
    steps = epochs * (len(known) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lesson.rate, total_steps=steps)
    start = time.monotonic()
    for epoch in range(epochs):
        network.train()
        total, order = 0.0, known[torch.randperm(len(known), generator=generator)]
        for first in range(0, len(known) - batch + 1, batch):
            chosen = order[first : first + batch]
            x = crops(pixels[chosen], lesson.crop, generator).contiguous(memory_format=torch.channels_last)
            loss = torch.nn.functional.cross_entropy(network(x), labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        network.eval()
        with torch.inference_mode():
            right = [(network(normalized(part)).argmax(1) == label).float().mean()
                     for part, label in zip(pixels[held_out].split(40), labels[held_out].split(40))]
        print(f"epoch {epoch + 1} of {epochs}: loss {total / (len(known) // batch):.3f}, of the held out photos "
              f"{float(torch.stack(right).mean()):.0%} right, {time.monotonic() - start:.0f} s", flush=True)
    network = network.to(memory_format=torch.contiguous_format).eval()
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
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    save(train(arguments.network, arguments.shared, arguments.epochs), weights_file(arguments.network))
    sys.exit(0)
