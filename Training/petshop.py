"""Trains petshop: `petshop.py CACHE OUTPUT`, where CACHE is what samples.py wrote.

The lower stages of the published trunk stay as they are. The upper ones, at the resolution of stride 16, learn from
four things at once:
- the labels of the pictures;
- the animals' outlines, where they are known: the class activation map of the right class, up to a scale and an offset,
  should be high on the animal and low elsewhere (as Ross et al. 2017 and Li et al. 2018 guide where a network looks);
- ImageNet's head, which should go on saying what it said before of the same picture (Li and Hoiem 2017), so that what
  the trunk knows of animals that there are no photos of is not forgotten;
- imagined features of such animals (imagined.py).
"""

import argparse
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import imagined
import labels
import lite
import onnx_file
import samples

CAT, DOG, OTHER = (labels.LABELS.index(label) for label in ("cat", "dog", "other"))
REAL = np.array([CAT, DOG, OTHER])


class Upper(nn.Module):
    """What is trained: from the maps of stage 4 [n,112,h,w] to the last maps [n,1280,h,w], and the head over their mean."""

    def __init__(self):
        super().__init__()
        self.trunk = lite.Trunk(dense=5)
        rest = self.trunk.load_published()
        self.imagenet = nn.Linear(lite.HEAD, 1000).requires_grad_(False)
        self.imagenet.load_state_dict({"weight": rest["_fc.weight"], "bias": rest["_fc.bias"]})
        self.linear = nn.Linear(lite.HEAD, len(labels.LABELS))
        # Of the maps, as scores of a place.
        self.place_scale = nn.Parameter(torch.tensor(0.0))
        self.place_offset = nn.Parameter(torch.tensor(-1.0))
        self.eval()  # normalization keeps its published statistics

    def upper_parameters(self) -> list[nn.Parameter]:
        modules = [*self.trunk.stages[5:], self.trunk.head, self.trunk.head_norm]
        return [parameter for module in modules for parameter in module.parameters()]

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        for stage in self.trunk.stages[5:]:
            x = stage(x)
        return F.relu6(self.trunk.head_norm(self.trunk.head(x)))

    def class_activation(self, maps: torch.Tensor, classes: list[int]) -> torch.Tensor:
        return F.conv2d(maps, self.linear.weight[classes][:, :, None, None])


class Pictures:
    def __init__(self, folder: pathlib.Path):
        self.stage4 = np.load(folder / "stage4.npy", mmap_mode="r")
        self.scores = np.load(folder / "imagenet.npy").astype(np.float32)
        self.pooled = np.load(folder / "pooled.npy").astype(np.float32)
        self.facts = np.load(folder / "facts.npy")
        mask = np.load(folder / "mask.npy", mmap_mode="r")
        cells = mask.shape[1] // 4
        self.mask = mask.reshape(-1, cells, 4, cells, 4).mean(axis=(2, 4)).astype(np.float32) / 255
        self.label = REAL[self.facts["label"]]

    def maps(self, numbers: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.stage4[numbers].astype(np.float32)).to(memory_format=torch.channels_last)


def fit_head(upper: Upper, pictures: Pictures, source: imagined.ImaginedFeatures, steps: int, tag: str) -> None:
    """Logistic regression on the features as they are."""
    generator = np.random.default_rng(7)
    groups = np.array(labels.label_of_imagenet())
    optimizer = torch.optim.AdamW(upper.linear.parameters(), 2e-3, weight_decay=1e-2)
    for step in range(steps):
        real = generator.integers(0, len(pictures.label), 128)
        thought = imagined_classes(groups, generator, 128)
        features = np.concatenate([pictures.pooled[real], source.draw(thought, generator)])
        truth = torch.from_numpy(np.concatenate([pictures.label[real], groups[thought]]))
        loss = F.cross_entropy(upper.linear(torch.from_numpy(features)), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{tag}: head fitted, loss {loss.item():.4f}", flush=True)


def imagined_classes(groups: np.ndarray, generator, count: int) -> np.ndarray:
    """ImageNet's classes, each label that there are no photos of as often as all that is `other`."""
    wanted = generator.choice([index for index in range(len(labels.LABELS)) if index not in (CAT, DOG)], count)
    return np.array([generator.choice(np.flatnonzero(groups == label)) for label in wanted])


def losses(upper: Upper, pictures: Pictures, numbers: np.ndarray, source, generator, groups) -> dict[str, torch.Tensor]:
    maps = upper.maps(pictures.maps(numbers))
    pooled = maps.mean((2, 3))
    label = torch.from_numpy(pictures.label[numbers])
    found = {"label": F.cross_entropy(upper.linear(pooled), label, label_smoothing=0.02)}
    facts = pictures.facts[numbers]
    # Where something speaks for cat or dog: the animal's outline for the right one, nothing for the other.
    known = torch.from_numpy(np.flatnonzero(facts["known"]))
    if len(known):
        places = upper.class_activation(maps[known], [CAT, DOG]) * upper.place_scale.exp() + upper.place_offset
        outline = torch.from_numpy(pictures.mask[numbers])[known]
        truth = torch.stack([outline * (label[known] == index)[:, None, None] for index in (CAT, DOG)], 1)
        found["place"] = F.binary_cross_entropy_with_logits(places, truth)
        seen = places.sigmoid()
        overlap = (2 * (seen * truth).sum((2, 3)) + 1) / (seen.sum((2, 3)) + truth.sum((2, 3)) + 1)
        right = truth.sum((2, 3)) > 0
        if right.any():
            found["overlap"] = 0.5 * (1 - overlap[right]).mean()
    kept = torch.from_numpy(np.flatnonzero(facts["kind"] != "pasted"))
    if len(kept):
        before = torch.from_numpy(pictures.scores[numbers])[kept].softmax(1)
        found["memory"] = 0.5 * F.kl_div(upper.imagenet(pooled[kept]).log_softmax(1), before, reduction="batchmean")
    thought = imagined_classes(groups, generator, len(numbers))
    features = torch.from_numpy(source.draw(thought, generator))
    found["imagined"] = 0.3 * F.cross_entropy(upper.linear(features), torch.from_numpy(groups[thought]))
    return found


@torch.no_grad()
def measure(upper: Upper, pictures: Pictures) -> dict[str, float]:
    """Right labels, and boxes of the right class's map above a tenth of its maximum, by kind."""
    right: dict[str, list[bool]] = {}
    overlaps: dict[str, list[float]] = {}
    for start in range(0, len(pictures.label), 32):
        numbers = np.arange(start, min(start + 32, len(pictures.label)))
        maps = upper.maps(pictures.maps(numbers))
        chosen = upper.linear(maps.mean((2, 3))).argmax(1).numpy()
        activation = upper.class_activation(maps, [CAT, DOG])
        for index, number in enumerate(numbers):
            facts, label = pictures.facts[number], pictures.label[number]
            kind = str(facts["kind"])
            right.setdefault(kind, []).append(bool(chosen[index] == label))
            truth = pictures.mask[number] > 0.5
            if label != OTHER and facts["known"] and truth.any():
                own = activation[index, (CAT, DOG).index(label)].numpy()
                overlaps.setdefault(kind, []).append(best_overlap(own, truth))
    found = {f"label {kind}": float(np.mean(values)) for kind, values in right.items()}
    return found | {f"mask {kind}": float(np.mean(values)) for kind, values in overlaps.items()}


def best_overlap(activation: np.ndarray, truth: np.ndarray) -> float:
    """Of the cells above a fraction of the maximum with the animal, at the best of five fractions."""
    found = []
    for fraction in (0.1, 0.2, 0.3, 0.4, 0.5):
        cells = activation > fraction * max(activation.max(), 1e-9)
        found.append((cells & truth).sum() / (cells | truth).sum())
    return max(found)


def train(upper: Upper, pictures: Pictures, tune: Pictures, source, epochs: float, batch: int, rate: float) -> None:
    generator = np.random.default_rng(11)
    groups = np.array(labels.label_of_imagenet())
    steps = round(epochs * len(pictures.label) / batch)
    optimizer = torch.optim.AdamW(
        [
            {"params": upper.upper_parameters(), "lr": rate},
            {"params": upper.linear.parameters(), "lr": 3 * rate},
            {"params": [upper.place_scale, upper.place_offset], "lr": 30 * rate, "weight_decay": 0},
        ],
        weight_decay=1e-3,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in optimizer.param_groups], total_steps=steps, pct_start=0.1
    )
    began = time.time()
    running: dict[str, float] = {}
    for step in range(steps):
        numbers = np.sort(generator.choice(len(pictures.label), batch, replace=False))
        parts = losses(upper, pictures, numbers, source, generator, groups)
        optimizer.zero_grad()
        sum(parts.values()).backward()
        nn.utils.clip_grad_norm_([*upper.upper_parameters(), *upper.linear.parameters()], 2.0)
        optimizer.step()
        schedule.step()
        for name, value in parts.items():
            running[name] = 0.97 * running.get(name, value.item()) + 0.03 * value.item()
        if step % 50 == 49:
            shown = ", ".join(f"{name} {value:.3f}" for name, value in running.items())
            print(f"step {step + 1} of {steps}: {shown}; {time.time() - began:.0f} s", flush=True)
        if step % 300 == 299 or step == steps - 1:
            print({name: round(value, 3) for name, value in measure(upper, tune).items()}, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("weights", type=pathlib.Path, help="where the trained weights go; export.py makes a model of them")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--start", type=pathlib.Path, help="weights to go on from, for a second round on CACHE/second")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    upper = Upper().to(memory_format=torch.channels_last)
    pictures, tune = Pictures(arguments.cache / "train"), Pictures(arguments.cache / "tune")
    plain = np.isin(pictures.facts["kind"], ["pet", "unmasked", "other"])
    source = imagined.ImaginedFeatures(
        pictures.pooled[plain], pictures.scores[plain],
        upper.imagenet.weight.numpy(), upper.imagenet.bias.numpy(),
    )
    print(f"imagined features at scale {source.scale:.1f}, confidence {source.confidence:.2f}", flush=True)
    if arguments.start:
        upper.load_state_dict(torch.load(arguments.start, weights_only=True))
        pictures = Pictures(arguments.cache / "second")
    else:
        fit_head(upper, pictures, source, 1500, "before")
    print({name: round(value, 3) for name, value in measure(upper, tune).items()}, flush=True)
    train(upper, pictures, tune, source, arguments.epochs, arguments.batch, arguments.rate)
    torch.save(upper.state_dict(), arguments.weights)


if __name__ == "__main__":
    main()
