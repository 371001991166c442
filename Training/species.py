"""Makes the model folder of the second opinion from the published weights: `species.py DATA ANIMAL OUTPUT`.

Nothing is trained. The scores of ImageNet's classes that belong together become one, log Σ exp, so that softmax gives the
sum of their probabilities; all that are no animals are one. Below which probability a label is doubted is
read off photos kept for choosing: one in a hundred of right labels is.
"""

import argparse
import json
import pathlib

import numpy as np
import onnxruntime
import torch
from PIL import Image

import confirmation
import labels
import lite
import onnx_file
import photos
import samples

# Animals that belong to none of petshop's labels, by ImageNet's numbers.
FURTHER: dict[str, list[int]] = {
    "salamander": [*range(25, 30)],
    "crocodile": [49, 50],
    "spider or scorpion": [*range(70, 80)],
    "elephant": [101, 385, 386],
    "marsupial": [104, 105, 106],
    "sea animal": [*range(107, 112), 327, 328, 329],
    "snail": [*range(112, 118)],
    "crab or lobster": [*range(118, 127)],
    "whale or seal": [*range(147, 151)],
    "wolf or fox": [*range(269, 276), *range(277, 281)],
    "big cat": [*range(286, 294)],
    "bear": [*range(294, 298), 388],
    "insect": [*range(300, 327)],
    "rodent": [*range(334, 338)],
    "horse or zebra": [339, 340],
    "pig": [341, 342, 343],
    "hippopotamus": [344],
    "cattle": [345, 346, 347],
    "sheep or goat": [348, 349, 350],
    "antelope": [351, 352, 353],
    "camel or llama": [354, 355],
    "otter, skunk or badger": [360, 361, 362],
    "ape or monkey": [*range(365, 385)],
    "other animal": [51, 69, 102, 103, 276, 298, 299, 363, 364, 387],
}
NO_ANIMAL = "no animal"
GROUPS = labels.GROUPS | FURTHER | {NO_ANIMAL: [*range(398, 1000)]}
# The network's own side, and the square that it sees: the animal's longer side times this.
SIZE, SURROUNDINGS = 224, 1.1
# The share of right labels that may be doubted.
DOUBTED = 0.01


def network():
    trunk = lite.Trunk()
    head = trunk.load_published()
    order = torch.tensor([index for group in GROUPS.values() for index in group])
    assert sorted(order.tolist()) == list(range(1000)), "each class belongs to one group"
    writer = onnx_file.Writer()
    maps = writer.trunk("image", trunk.eval())
    pooled = writer.add("Flatten", [writer.add("GlobalAveragePool", [maps[-1]])], "pooled")
    weight = writer.constant(head["_fc.weight"][order], "linear_w")
    bias = writer.constant(head["_fc.bias"][order], "linear_b", exact=True)
    species = writer.add("Gemm", [pooled, weight, bias], "species", transB=1)
    parts = writer.split(species, [len(group) for group in GROUPS.values()])
    sums = [writer.add("ReduceLogSumExp", [part], axes=[1], keepdims=1) for part in parts]
    writer.add("Concat", sums, "scores", axis=1)
    return writer.model([("scores", ["batch", len(GROUPS)])])


def square(pixels: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The picture around a part, as the daemon's Judge cuts it."""
    rows, columns = np.where(part)
    height, width = part.shape
    side = SURROUNDINGS * (max(np.ptp(rows), np.ptp(columns)) + 1)
    left, top = (round((low + high + 1 - side) / 2) for low, high in
                 ((columns.min(), columns.max()), (rows.min(), rows.max())))
    side = int(np.ceil(side))
    return np.ascontiguousarray(pixels[max(top, 0):top + side, max(left, 0):left + side])


def agreements(model, data: pathlib.Path, animal: pathlib.Path) -> np.ndarray:
    """The probability of the right label, of animals that the animal network finds in photos kept for choosing."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    finder = confirmation.Finder(animal, threads=2)
    names = list(GROUPS)
    found = []
    for _, label, pixels, _ in confirmation.animals_for_choosing(photos.load(data, {"tune", "calibrate"})):
        parts = finder.parts(pixels)
        if parts:
            seen = Image.fromarray(square(pixels, parts[0])).resize((SIZE, SIZE), Image.BILINEAR)
            scores = session.run(None, {"image": samples.normalized([np.asarray(seen)])})[0][0]
            found.append(samples.probabilities(scores[None].astype(np.float64))[0, names.index(label)])
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("animal", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    model = network()
    found = agreements(model, arguments.data, arguments.animal)
    doubted = float(np.quantile(found, DOUBTED))
    print(f"{len(found)} animals; the right label has {np.median(found):.3f} in the median, 1 in 100 less than {doubted:.4f}")
    onnx_file.save(model, arguments.output)
    for name, contents in {
        "config.json": {"id2label": dict(enumerate(GROUPS)), "problem_type": "single_label_classification"},
        "interpret.json": {"outputs": "exclusive", "background_labels": [NO_ANIMAL], "doubt_below": round(doubted, 4)},
        "preprocessor_config.json": lite.preprocessing(SIZE),
    }.items():
        (arguments.output / name).write_text(json.dumps(contents, indent=1) + "\n")


if __name__ == "__main__":
    main()
