"""Makes the model folder of petshop from what petshop.py trained: `export.py WEIGHTS DATA OUTPUT`.

The probabilities are calibrated on photos kept for that alone: the scores are divided by the temperature at which the
right labels are most likely (Guo et al. 2017), and the division is part of the last layer's weights. `interpret.json`
also says below which energy a photo is unlike those that the network learned from.
"""

import argparse
import json
import pathlib

import numpy as np
import onnxruntime
import torch
from PIL import Image

import labels
import lite
import onnx_file
import petshop
import photos
import samples

# Photos of animals with less than this share of the photos kept for calibration are called unfamiliar.
UNFAMILIAR = 0.01


def network(upper: petshop.Upper, temperature: float):
    writer = onnx_file.Writer()
    maps = writer.trunk("image", upper.trunk)
    pooled = writer.add("Flatten", [writer.add("GlobalAveragePool", [maps[-1]])], "pooled")
    weight = writer.constant(upper.linear.weight.detach() / temperature, "linear_w")
    bias = writer.constant(upper.linear.bias.detach() / temperature, "linear_b", exact=True)
    writer.add("Gemm", [pooled, weight, bias], "scores", transB=1)
    return writer.model([("scores", ["batch", len(labels.LABELS)])])


def calibration_pictures(data: pathlib.Path, size: int):
    """Whole photos as a camera takes them, and animals pasted into scenes, each with its label."""
    everything = photos.load(data, {"calibrate"})
    scenes = [photo for photo in everything if photo.label == "other"]
    for photo in everything:
        yield np.asarray(Image.fromarray(photo.pixels).resize((size, size), Image.BILINEAR)), photo.label
    generator = np.random.default_rng(41)
    pets = [photo for photo in everything if photo.animal is not None and photo.label != "other"]
    for photo in pets * 2:
        picture = photos.pasted([photo], scenes[generator.integers(len(scenes))], size, generator)
        if picture is not None and picture.largest_side > 0.2:
            yield picture.pixels, photo.label


def calibrated(model, data: pathlib.Path, size: int) -> tuple[float, float]:
    """Temperature, and the energy (log-sum-exp of the calibrated scores) below which a photo is unfamiliar."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found, truth = [], []
    for pixels, label in calibration_pictures(data, size):
        found.append(session.run(None, {"image": samples.normalized([pixels])})[0][0])
        truth.append(labels.LABELS.index(label))
    scores, truth = np.array(found, np.float64), np.array(truth)
    temperatures = np.geomspace(0.3, 5, 200)

    def likelihood(temperature: float) -> float:
        return float(np.log(samples.probabilities(scores / temperature)[np.arange(len(truth)), truth] + 1e-12).mean())

    temperature = float(max(temperatures, key=likelihood))
    energies = np.log(np.exp(scores / temperature).sum(axis=1))
    right = scores.argmax(axis=1) == truth
    print(f"{len(truth)} pictures, {right.mean():.3f} right, temperature {temperature:.2f}, "
          f"log-likelihood {likelihood(1):.4f} → {likelihood(temperature):.4f}")
    return temperature, float(np.quantile(energies, UNFAMILIAR))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--cam-threshold", type=float, default=0.06)
    parser.add_argument("--unseen-threshold", type=float, default=0.9,
                        help="the probability from which on a label is claimed where the animal network finds nothing")
    parser.add_argument("--threshold", type=float, help="the probability from which on a label is claimed")
    arguments = parser.parse_args()
    upper = petshop.Upper()
    upper.load_state_dict(torch.load(arguments.weights, weights_only=True))
    temperature, energy = calibrated(network(upper, 1.0), arguments.data, arguments.size)
    onnx_file.save(network(upper, temperature), arguments.output)
    for name, contents in {
        "config.json": {"id2label": dict(enumerate(labels.LABELS)), "problem_type": "single_label_classification"},
        "interpret.json": {
            "default": True, "outputs": "exclusive", "background_labels": [labels.OTHER],
            "cam_threshold": arguments.cam_threshold, "familiar_energy": round(energy, 3),
            "unseen_threshold": arguments.unseen_threshold,
        } | ({"threshold": arguments.threshold} if arguments.threshold else {}),
        "preprocessor_config.json": lite.preprocessing(arguments.size),
    }.items():
        (arguments.output / name).write_text(json.dumps(contents, indent=1) + "\n")


if __name__ == "__main__":
    main()
