"""What a closer look at each part found is worth: `confirmation.py ANIMAL DATA [--report SHARED]`.

The network in the folder ANIMAL finds parts in a photo; each is believed where it finds `animal_confirmation` of it again
in a square around it, as the daemon's AnimalFinder does. Prints, for squares of some sizes, how often photos without an
animal stay empty, how much is found again of parts that lie on an animal and of parts that do not, and the mask's IoU;
of the photos kept for choosing, or of those that are only reported on.
"""

import argparse
import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime
from PIL import Image

import photos
import samples

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Parts of less than this share of the photo are specks; a closer look that would show more than LARGEST is none.
SMALLEST, LARGEST = 0.001, 0.7
# The square's side, in the part's longer side, as the daemon has it.
SURROUNDINGS = 2.0


def session(folder: pathlib.Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])


class Finder:
    def __init__(self, folder: pathlib.Path, threads: int):
        self.session = session(folder, threads)
        settings = json.loads((folder / "interpret.json").read_text())
        self.peak, self.confirmation = settings["animal_peak"], settings["animal_confirmation"]
        self.size = json.loads((folder / "preprocessor_config.json").read_text())["size"]["width"]

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """[h,w] at the picture's resolution."""
        square = np.asarray(Image.fromarray(pixels).resize((self.size, self.size), Image.BILINEAR))
        found = self.session.run(None, {"image": samples.normalized([square])})[0][0, 0]
        return cv2.resize(found, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    def parts(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Masks [h,w], largest first."""
        found = self.probabilities(pixels)
        count, numbers, stats, _ = cv2.connectedComponentsWithStats((found > 0.5).astype(np.uint8), connectivity=8)
        masks = [numbers == number for number in range(1, count) if stats[number, 4] >= SMALLEST * found.size]
        return sorted((mask for mask in masks if found[mask].max() >= self.peak), key=np.sum, reverse=True)

    def found_again(self, pixels: np.ndarray, part: np.ndarray, surroundings: float) -> float:
        """The share of the part that a closer look finds, 0…1."""
        rows, columns = np.where(part)
        height, width = part.shape
        side = surroundings * (max(np.ptp(rows), np.ptp(columns)) + 1)
        left, top = ((low + high + 1 - side) / 2 for low, high in
                     ((columns.min(), columns.max()), (rows.min(), rows.max())))
        edges = [max(round(left), 0), max(round(top), 0), min(round(left + side), width), min(round(top + side), height)]
        x, y, right, bottom = edges
        if (right - x) * (bottom - y) > LARGEST * width * height:
            return 1.0
        closer = self.probabilities(np.ascontiguousarray(pixels[y:bottom, x:right]))
        return float((closer > 0.5)[part[y:bottom, x:right]].mean())


def choosing(data: pathlib.Path):
    """(set, pixels, animal [h,w] or nothing where there is none)"""
    everything = photos.load(data, {"tune", "calibrate"})
    for scene in samples.without_animals(everything):
        yield "without an animal", scene.pixels, None
    for name, _, pixels, animal in animals_for_choosing(everything):
        yield name, pixels, animal


def animals_for_choosing(everything: list[photos.Photo]):
    """(set, label, pixels, animal [h,w]) of photos with an animal's outline, and of the same pasted into scenes."""
    scenes = samples.without_animals(everything)
    pets = [photo for photo in everything if photo.animal is not None and photo.label != "other"]
    for pet in pets:
        yield "pets", pet.label, pet.pixels, pet.animal
    generator = np.random.default_rng(77)
    for pet in pets:
        picture = None
        while picture is None or not 0.15 < picture.largest_side < 0.7:
            picture = photos.pasted([pet], scenes[generator.integers(len(scenes))], photos.LONG_SIDE, generator)
        mask = np.asarray(Image.fromarray(picture.animal).resize(picture.pixels.shape[1::-1], Image.BILINEAR))
        yield "scenes", pet.label, picture.pixels, mask


def reported(shared: pathlib.Path):
    sys.path.insert(0, str(ROOT / "Benchmarks"))
    import verdict

    for name, cases in verdict.reporting_sets(shared).items():
        for case in cases if name != "other breeds" else []:
            pixels = np.asarray(photos.smaller(Image.open(case.file).convert("RGB")))
            animal = None
            if case.trimap is not None:
                # The trimap's edge counts neither way.
                grey = np.choose(case.trimap - 1, [1, 0, 0.5]).astype(np.float32)
                animal = cv2.resize(grey, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST)
            yield name, pixels, animal


def overlap(found: np.ndarray, animal: np.ndarray) -> float:
    sure = np.abs(animal - 0.5) > 0.4
    truth = animal > 0.5
    return float((found & truth & sure).sum() / max(((found | truth) & sure).sum(), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("animal", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--report", type=pathlib.Path, metavar="SHARED")
    parser.add_argument("--surroundings", type=float, nargs="+", default=[1.3, SURROUNDINGS])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.threads)
    finder = Finder(arguments.animal, arguments.threads)
    rows: dict[str, list[tuple[list[float], list[list[float]], list[list[tuple[bool, float]]]]]] = {}
    for name, pixels, animal in reported(arguments.report) if arguments.report else choosing(arguments.data):
        parts = finder.parts(pixels)
        looks = [[finder.found_again(pixels, part, size) for part in parts] for size in arguments.surroundings]
        is_true = [animal is not None and (animal > 0.5)[part].mean() > 0.5 for part in parts]
        kept = [[1.0] * len(parts), *looks]
        values = []
        for shares in kept:
            mask = np.zeros(pixels.shape[:2], bool)
            for part, share in zip(parts, shares):
                mask |= part & (share >= finder.confirmation)
            values.append(float(not mask.any()) if animal is None else overlap(mask, animal))
        rows.setdefault(name, []).append((values, looks, [list(zip(is_true, shares)) for shares in looks]))
    print("| photos | closer look | empty, or mean IoU | found again of true parts, at least | of others, at most |")
    print("|---|---|---:|---:|---:|")
    for name, found in rows.items():
        for index, look in enumerate(["none", *(f"{size:g} times" for size in arguments.surroundings)]):
            mean = np.mean([values[index] for values, _, _ in found])
            said = ["–", "–"]
            if index:
                judged = [pair for _, _, looks in found for pair in looks[index - 1]]
                true, false = ([share for is_true, share in judged if is_true == kind] for kind in (True, False))
                said = [f"{min(true):.2f} of {len(true)}" if true else "–", f"{max(false):.2f} of {len(false)}" if false else "–"]
            print(f"| {name} ({len(found)}) | {look} | {mean:.3f} | {said[0]} | {said[1]} |", flush=True)


if __name__ == "__main__":
    main()
