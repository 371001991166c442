"""Trains the network that finds the animal, whatever the classifier says: `animal.py CACHE OUTPUT`.

The published trunk's lower stages, as they are, the beginning of its sixth, which learns, and a decoder of transposed
convolutions with the maps of earlier stages beside it (Ronneberger et al. 2015): animal or not, for each 4×4 pixels.
`CACHE` is what samples.py wrote.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import lite
import onnx_file

STAGES = {"stage1": 24, "stage2": 40, "stage4": 112}
# Of the maps at strides 16, 8 and 4 in the decoder.
WIDTHS = (192, 32, 16)
# So many blocks of the sixth stage, at the resolution of the fifth.
BLOCKS = 3


class Decoder(nn.Module):
    """From maps at strides 4, 8 and 16 to a score at stride 4, before the sigmoid."""

    def __init__(self):
        super().__init__()
        deep, middle, fine = WIDTHS
        trunk = lite.Trunk(dense=5)
        trunk.load_published()
        self.deep = trunk.stages[5][:BLOCKS].eval()  # normalization keeps its published statistics
        self.up_to_8 = nn.ConvTranspose2d(deep, middle, 4, 2, 1)
        self.beside_8 = nn.Conv2d(STAGES["stage2"], middle, 1)
        self.join_8 = nn.Conv2d(middle, middle, 3, padding=1)
        self.up_to_4 = nn.ConvTranspose2d(middle, fine, 4, 2, 1)
        self.beside_4 = nn.Conv2d(STAGES["stage1"], fine, 1)
        self.join_4 = nn.Conv2d(fine, fine, 3, padding=1)
        self.score = nn.Conv2d(fine, 1, 3, padding=1)

    def forward(self, at_4: torch.Tensor, at_8: torch.Tensor, at_16: torch.Tensor) -> torch.Tensor:
        x = F.relu6(self.join_8(F.relu6(self.up_to_8(self.deep(at_16)) + self.beside_8(at_8))))
        x = F.relu6(self.join_4(F.relu6(self.up_to_4(x) + self.beside_4(at_4))))
        return self.score(x)

    def write(self, writer: onnx_file.Writer, at_4: str, at_8: str, at_16: str) -> str:
        for block in self.deep:
            at_16 = writer.block(at_16, block)
        x = writer.add("Add", [writer.transposed(at_16, self.up_to_8), writer.convolution(at_8, self.beside_8)])
        x = writer.clip(writer.convolution(writer.clip(x), self.join_8))
        x = writer.add("Add", [writer.transposed(x, self.up_to_4), writer.convolution(at_4, self.beside_4)])
        x = writer.clip(writer.convolution(writer.clip(x), self.join_4))
        return writer.convolution(x, self.score)


class Samples:
    def __init__(self, folder: pathlib.Path):
        self.maps = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in STAGES}
        self.mask = np.load(folder / "mask.npy", mmap_mode="r")
        self.facts = np.load(folder / "facts.npy")

    def batch(self, numbers: np.ndarray) -> tuple[list[torch.Tensor], torch.Tensor]:
        order = np.sort(numbers)
        maps = [
            torch.from_numpy(maps[order].astype(np.float32)).to(memory_format=torch.channels_last)
            for maps in self.maps.values()
        ]
        return maps, torch.from_numpy(self.mask[order].astype(np.float32) / 255)[:, None]


def loss_of(scores: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of each place, and what the overlap lacks (Dice, Milletari et al. 2016), which small animals need."""
    found = scores.sigmoid()
    overlap = (2 * (found * truth).sum((1, 2, 3)) + 8) / (found.sum((1, 2, 3)) + truth.sum((1, 2, 3)) + 8)
    return F.binary_cross_entropy_with_logits(scores, truth) + 0.5 * (1 - overlap).mean()


@torch.no_grad()
def measure(decoder: Decoder, samples: Samples, threshold: float = 0.5) -> dict[str, float]:
    """Mean IoU with the known animals by kind; how many pictures without one stay empty (less than 0.3 % of the area)."""
    overlaps: dict[str, list[float]] = {}
    empty = []
    for start in range(0, len(samples.facts), 16):
        numbers = np.arange(start, min(start + 16, len(samples.facts)))
        maps, truth = samples.batch(numbers)
        found = (decoder(*maps).sigmoid() > threshold).numpy()[:, 0]
        for facts, mask, real in zip(samples.facts[numbers], found, truth.numpy()[:, 0] > 0.5):
            if not facts["known"]:
                continue
            if facts["label"] == 2:
                empty.append(mask.mean() < 0.003)
            elif real.any():
                overlaps.setdefault(str(facts["kind"]), []).append((mask & real).sum() / (mask | real).sum())
    return {kind: float(np.mean(values)) for kind, values in overlaps.items()} | {"empty": float(np.mean(empty))}


def train(decoder: Decoder, samples: Samples, tune: Samples, epochs: float, batch: int, rate: float) -> None:
    known = np.flatnonzero(samples.facts["known"])
    steps = round(epochs * len(known) / batch)
    new = [weights for name, weights in decoder.named_parameters() if not name.startswith("deep.")]
    groups = [{"params": new, "lr": rate}, {"params": decoder.deep.parameters(), "lr": rate / 10}]
    optimizer = torch.optim.AdamW(groups, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in groups], total_steps=steps, pct_start=0.1
    )
    generator = np.random.default_rng(3)
    began, running = time.time(), 0.0
    for step in range(steps):
        maps, truth = samples.batch(generator.choice(known, batch, replace=False))
        loss = loss_of(decoder(*maps), truth)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        if step % 100 == 99:
            print(f"step {step + 1} of {steps}, loss {running:.4f}, {time.time() - began:.0f} s", flush=True)
        if step % 400 == 399 or step == steps - 1:
            print({name: round(value, 4) for name, value in measure(decoder, tune).items()}, flush=True)


def export(decoder: Decoder, folder: pathlib.Path, size: int) -> None:
    trunk = lite.Trunk(stages=5, head=False)
    trunk.load_published()
    writer = onnx_file.Writer()
    maps = writer.trunk("image", trunk.eval())
    writer.add("Sigmoid", [decoder.write(writer, maps[1], maps[2], maps[4])], "animal")
    onnx_file.save(writer.model([("animal", ["batch", 1, "rows", "columns"])]), folder)
    for name, contents in {
        "config.json": {"id2label": {"0": "background", "1": "animal"}},
        "interpret.json": {
            "task": "segmentation", "background_labels": ["background"], "animal_labels": ["animal"],
            "animal_peak": 0.95, "animal_confirmation": 0.3,
        },
        "preprocessor_config.json": lite.preprocessing(size),
    }.items():
        (folder / name).write_text(json.dumps(contents, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--weights", type=pathlib.Path, help="where to keep the decoder for a second round")
    parser.add_argument("--start", type=pathlib.Path, help="a decoder to go on from, for a second round on CACHE/second")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    decoder = Decoder().to(memory_format=torch.channels_last)
    if arguments.start:
        decoder.load_state_dict(torch.load(arguments.start, weights_only=True))
    train(
        decoder, Samples(arguments.cache / ("second" if arguments.start else "train")), Samples(arguments.cache / "tune"),
        arguments.epochs, arguments.batch, arguments.rate,
    )
    if arguments.weights:
        torch.save(decoder.state_dict(), arguments.weights)
    export(decoder, arguments.output, arguments.size)


if __name__ == "__main__":
    main()
