"""Makes Tests/Fixtures/measures: what Captum, Quantus, pytorch-grad-cam, scikit-image, SciPy, OpenCV and PyTorch say of maps,
probabilities and scores, for the tests of Evaluation.

    .venv-conformance/bin/python Conformance/make_measure_fixtures.py

The network is petshop's first edition with the photo of Tests/Fixtures/methods, the maps are noise made smooth with a fixed
seed. What has no package of its own (RISE's curves, PxAP, MaxBoxAcc, the calibration error) is written here from the authors' programs
(github.com/eclique/RISE evaluation.py, github.com/clovaai/wsolevaluation evaluation.py, github.com/gpleiss/temperature_scaling),
with OpenCV's contours and NumPy, apart from ours.
"""

from __future__ import annotations

import json
from pathlib import Path

import torchvision_models  # noqa: F401  (makes torchvision importable)

import cv2
import numpy as np
import quantus
import torch
from captum.attr import Saliency
from captum.metrics import infidelity, sensitivity_max
from pytorch_grad_cam.metrics.cam_mult_image import DropInConfidence
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from method_subjects import petshop

FIXTURES = Path(__file__).resolve().parent.parent / "Tests/Fixtures"
FOLDER = FIXTURES / "measures"
SAMPLES, RADIUS = 6, 0.02
MASK = (1 << 64) - 1


class Generator:
    """SplitMix64 as Interpretation/Numerics/SeededGenerator.swift has it."""

    def __init__(self, seed: int, sample: int):
        self.state = (seed + sample * 0xD1B5_4A32_D192_ED03) & MASK
        self.state = self.next()

    def next(self) -> int:
        self.state = (self.state + 0x9E37_79B9_7F4A_7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
        return z ^ (z >> 31)

    def uniform(self) -> float:
        return (self.next() >> 11) * 2.0**-53


def normalized(values: np.ndarray) -> np.ndarray:
    return (values - values.min()) / (values.max() - values.min())


def smooth(random: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    return gaussian_filter(random.normal(size=shape), sigma).astype(np.float32)


def rise_curves(probability, image: torch.Tensor, saliency: np.ndarray, step: int) -> dict:
    """CausalMetric.single_run, both ways; `step` pixels at once."""
    kernel = np.zeros((11, 11))
    kernel[5, 5] = 1
    kernel = torch.from_numpy(gaussian_filter(kernel, 5).astype(np.float32))
    kernel = torch.stack([torch.stack([kernel if a == b else torch.zeros_like(kernel) for b in range(3)]) for a in range(3)])
    blurred = torch.nn.functional.conv2d(image, kernel, padding=5)
    order = np.argsort(-saliency.flatten(), kind="stable")
    count = (len(order) + step - 1) // step
    result = {"blurKernel": kernel[0, 0].numpy().sum(axis=0).tolist()}
    for name, start, finish in (("deletion", image.clone(), torch.zeros_like(image)), ("insertion", blurred, image)):
        scores = []
        for i in range(count + 1):
            scores.append(probability(start))
            pixels = order[step * i:step * (i + 1)]
            start.reshape(1, 3, -1)[0, :, pixels] = finish.reshape(1, 3, -1)[0, :, pixels]
        result[name] = scores
        result[f"{name}Area"] = (sum(scores) - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1)
    return result


def pixel_average_precision(maps, masks) -> float:
    """MaskEvaluator: 1000 thresholds."""
    bins = np.append(np.arange(0, 1.001, 0.001), [1.001, 1.002])
    true, false = np.zeros(len(bins) - 1), np.zeros(len(bins) - 1)
    for values, mask in zip(maps, masks):
        # The program compares doubles; ours cuts single precision at the same thousandths.
        true += np.histogram(np.floor(values[mask] * np.float32(1000)) / 1000 + 1e-6, bins=bins)[0]
        false += np.histogram(np.floor(values[~mask] * np.float32(1000)) / 1000 + 1e-6, bins=bins)[0]
    true, false = np.cumsum(true[::-1]), np.cumsum(false[::-1])
    precision, recall = true / np.maximum(true + false, 1e-10), true / true.max()
    recall, precision = np.append([0], recall), np.append([1], precision)
    return float(np.sum(precision[1:] * np.diff(recall)))


def overlap(a, b) -> float:
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h) if w > 0 and h > 0 else 0.0


def box_overlaps(values: np.ndarray, box) -> dict:
    """The best overlap at each hundredth, of OpenCV's outer contours and of its largest component."""
    anywhere, largest = [], []
    levels = np.minimum(np.floor(values.astype(np.float64) * 100 + 1e-6), 99)
    for level in range(100):
        binary = (levels >= level).astype(np.uint8)
        contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        anywhere.append(max((overlap(cv2.boundingRect(c), box) for c in contours), default=0.0))
        _, _, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
        areas = stats[1:, 4]
        largest.append(max((overlap(s[:4].tolist(), box) for s in stats[1:] if s[4] == areas.max()), default=0.0))
    return {"box": list(box), "any": anywhere, "largest": largest}


def calibration(random: np.random.Generator) -> dict:
    truth = random.integers(0, 3, 240)
    scores = (random.normal(size=(240, 3)) * 1.5 + 4 * np.eye(3)[truth] * random.uniform(0.2, 1, (240, 1)) + [0.4, 0, -0.3])
    scores = scores.astype(np.float32)
    logits, labels = torch.from_numpy(scores.astype(np.float64)), torch.from_numpy(truth)
    loss = torch.nn.CrossEntropyLoss()

    def fit(start: torch.Tensor, scaled, loss=loss, target=labels) -> torch.Tensor:
        parameters = start.double().requires_grad_(True)
        optimizer = torch.optim.LBFGS([parameters], lr=1, max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-15,
                                      line_search_fn="strong_wolfe")

        def closure():
            optimizer.zero_grad()
            value = loss(scaled(parameters), target)
            value.backward()
            return value

        optimizer.step(closure)
        return parameters.detach()

    scale = fit(torch.ones(1), lambda p: logits * p)
    vector = fit(torch.cat([torch.ones(3), torch.zeros(3)]), lambda p: logits * p[:3] + p[3:])
    holds = labels == 0
    platt = fit(torch.tensor([1.0, 0.0]), lambda p: logits[:, 0] * p[0] + p[1], torch.nn.BCEWithLogitsLoss(), holds.double())

    def error(logits: torch.Tensor) -> float:
        """_ECELoss."""
        confidences, predictions = torch.softmax(logits, 1).max(1)
        bounds, total = torch.linspace(0, 1, 16).double(), 0.0
        for low, high in zip(bounds[:-1], bounds[1:]):
            inside = confidences.gt(low) & confidences.le(high)
            if inside.any():
                accuracy = predictions[inside].eq(labels[inside]).double().mean()
                total += float((confidences[inside].mean() - accuracy).abs() * inside.double().mean())
        return total

    # A vector's value is fixed up to a common shift of all classes.
    bias = vector[3:] - vector[3:].mean()
    return {"scores": scores.tolist(), "truth": truth.tolist(), "errorBefore": error(logits), "errorAfter": error(logits * scale),
            "temperature": float(1 / scale), "scale": vector[:3].tolist(), "shift": bias.tolist(), "platt": platt.tolist(),
            "loss": float(loss(logits * vector[:3] + vector[3:], labels))}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(18)
    network = petshop(FIXTURES / "first-edition/petshop").network
    image = torch.from_numpy(np.load(FIXTURES / "methods/petshop.input.npy"))
    _, _, height, width = image.shape
    target = int(network(image).argmax())
    values, other = smooth(random, (height, width), 5), smooth(random, (height, width), 4)
    attribution = smooth(random, (3, height, width), (0, 2, 2))
    for name, array in (("map", values), ("other", other), ("attribution", attribution)):
        np.save(FOLDER / f"{name}.npy", array)
    score = lambda x: float(network(x)[0, target])
    probability = lambda x: float(torch.softmax(network(x), 1)[0, target])
    expected: dict = {"class": target, "spearman": float(spearmanr(values.flatten(), other.flatten()).statistic)}
    expected["ssim"] = float(structural_similarity(
        normalized(values).astype(np.float64), normalized(other).astype(np.float64), data_range=1.0))
    expected["gini"] = float(quantus.Sparseness(disable_warnings=True, normalise=False)(
        model=None, x_batch=image.numpy(), y_batch=np.array([target]), a_batch=values[None, None], channel_first=True)[0])

    step = (height * width + 15) // 16
    expected["rise"] = rise_curves(probability, image, values, step)
    # The same deletion by Quantus: as many pixels at once, to 0.
    flipping = quantus.PixelFlipping(
        features_in_step=height * width // 16, perturb_baseline=0.0, abs=False, normalise=False, disable_warnings=True)
    softmax = torch.nn.Sequential(network, torch.nn.Softmax(1)).eval()
    expected["pixelFlipping"] = np.asarray(flipping(
        model=softmax, x_batch=image.numpy(), y_batch=np.array([target]), a_batch=values[None, None], channel_first=True,
        device="cpu")[0]).tolist()

    percentiles = list(range(10, 100, 10))
    road: dict = {}
    for name, ranking in (("most", values), ("least", 1 - values)):
        road[name] = [
            probability(NoisyLinearImputer(noise=0)(
                image[0], torch.from_numpy(np.float32(ranking < np.percentile(ranking, p))))[None])
            for p in percentiles]
    expected["road"] = road

    cam = normalized(values)
    target_function = lambda output: torch.softmax(output, -1)[target]
    drop = DropInConfidence()(image, cam[None], [target_function], network)
    expected["drop"] = {"before": probability(image), "after": probability(image * torch.from_numpy(cam)),
                        "drop": float(drop[0])}

    # Squares where ours lie.
    side = min(width, height) // 4
    squares = []
    for sample in range(SAMPLES):
        generator = Generator(3, sample)
        left = int(generator.uniform() * (width - side + 1))
        top = int(generator.uniform() * (height - side + 1))
        squares.append((left, top))

    def remove(inputs):
        perturbations, changed = [], []
        for x, (left, top) in zip(inputs, squares * (len(inputs) // SAMPLES)):
            perturbation = torch.zeros_like(x)
            perturbation[:, top:top + side, left:left + side] = x[:, top:top + side, left:left + side]
            perturbations.append(perturbation)
            changed.append(x - perturbation)
        return torch.stack(perturbations), torch.stack(changed)

    happened = [score(image) - score(remove(image.repeat(SAMPLES, 1, 1, 1))[1][i:i + 1]) for i in range(SAMPLES)]
    slopes = torch.from_numpy(attribution)[None]
    plain = infidelity(network, remove, image, slopes, target=target, n_perturb_samples=SAMPLES)
    scaled = infidelity(network, remove, image, slopes, target=target, n_perturb_samples=SAMPLES, normalize=True)
    foretold = [float((slopes[0] * remove(image.repeat(SAMPLES, 1, 1, 1))[0][i]).sum()) for i in range(SAMPLES)]
    expected["infidelity"] = {"plain": float(plain[0]), "normalized": float(scaled[0]), "foretold": foretold,
                              "happened": happened}

    def shake(inputs):
        shaken = []
        for sample in range(len(inputs)):
            generator = Generator(5, sample % SAMPLES)
            noise = np.float32([2 * generator.uniform() - 1 for _ in range(inputs[sample].numel())])
            shaken.append(inputs[sample] + torch.from_numpy(np.float32(RADIUS) * noise).reshape(inputs[sample].shape))
        return torch.stack(shaken)

    saliency = Saliency(network)

    def explain(x, **_):
        # Captum hands over a tuple of the photo, and a tensor of its changed copies.
        x = x if isinstance(x, torch.Tensor) else x[0]
        return (saliency.attribute(x.detach().requires_grad_(True), target=target, abs=False),)

    sensitivity = sensitivity_max(explain, image, shake, n_perturb_samples=SAMPLES)
    expected["sensitivity"] = float(sensitivity[0])

    mask = other > np.quantile(other, 0.7)
    maps = [normalized(values), normalized(other)]
    expected["pxap"] = pixel_average_precision(maps, [mask, mask])
    expected["boxes"] = box_overlaps(normalized(values), (11, 7, 40, 45))
    expected["calibration"] = calibration(random)
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(f"wrote {FOLDER}")


if __name__ == "__main__":
    main()
