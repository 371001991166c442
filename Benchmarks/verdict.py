"""How good label, box, mask and verdict are, on photos that nothing was trained or chosen on.

    python3 Benchmarks/verdict.py photos [--shared ../shared] [--models Models] [--old OLD_INTERPRETD OLD_MODELS]
    python3 Benchmarks/verdict.py several [--tune] [--shared ../shared] [--models Models]
    python3 Benchmarks/verdict.py strangers [--stamps FOLDER] [--shared ../shared] [--models Models]
    python3 Benchmarks/verdict.py shortcuts PICTURES NETWORKS [--models Models]

`photos` has the daemon process the pets and the scenes (SHARED/photos), and the part of SHARED/data/retrain that
Training/photos.py keeps for testing, and prints how often the label is right, the box (IoU of
0.5 with the true one), the animal's mask, how well probabilities are calibrated, and what the verdict says of right and
of wrong decisions; with `--old` the same of an older daemon beside it.

`several` pastes two animals, apart from one another, into photos without one, and prints how often each has a box with
its own label: pets of SHARED/photos into its other photos, or with `--tune` those that Training/photos.py keeps for choosing.

`strangers` asks about animals that the network hardly knows, or not at all: cut-out photographs (Debian's package
`tuxpaint-stamps-default`), as Training/stamps.py pastes them, and prints what the verdict says of those that get a wrong name.

`shortcuts` asks each network that Training/shortcuts.py made about the pictures it wrote: whether the verdict tells
decisions by a mark from decisions by the animal. Every share comes with its 95 % interval (Wilson 1927).

Needs numpy and Pillow.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from segmentation import decode, overlap

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Training"))
WORDS = ["looks-at-animal", "looks-partly", "looks-elsewhere", "undecided"]
# What the daemon said before it asked an independent network.
OLD_WORDS = ["decides-on-box", "decides-partly", "decides-elsewhere"]

# Photos of SHARED/photos/other that are in SHARED/data/retrain as well, and that the bundled weights learned from or that
# something was chosen by, before the two were seen to be the same. Weights trained anew have seen none of them.
LEARNED = {37, 67, 157, 187, 277, 337}


@dataclass
class Case:
    """A photo, what is true of it, and what the daemon wrote."""

    file: Path
    label: str
    box: list[float] | None = None
    # [h,w] of the upright photo: 1 animal, 2 background, 3 edge
    trimap: np.ndarray | None = None
    document: dict = field(default_factory=dict)

    @property
    def said(self) -> str:
        return self.document["predictions"][0]["label"]

    @property
    def is_label_right(self) -> bool:
        return self.said == self.label

    @property
    def overlap(self) -> float:
        """Of the first box with the true one."""
        boxes = self.document["boxes"]
        return intersection_over_union(boxes[0]["bbox"], self.box) if boxes and self.box else 0.0

    @property
    def is_right(self) -> bool:
        """Label and box, where the true box is known."""
        return self.is_label_right and (self.box is None or self.overlap >= 0.5)

    @property
    def verdict(self) -> str | None:
        new = self.document.get("verdict")
        return new["verdict"] if new else (self.document.get("evidence") or {}).get("verdict")


def intersection_over_union(a: list[float], b: list[float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def share(values: list[bool]) -> str:
    """`39 of 40, 97.5 % (87–100)`"""
    count, hits = len(values), sum(values)
    if count == 0:
        return "none"
    z, p = 1.96, hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return f"{hits} of {count}, {100 * p:.1f} % ({100 * max(middle - half, 0):.0f}–{100 * (middle + half):.0f})"


def process(cases: list[Case], daemon: Path, models: Path) -> list[Case]:
    """The cases that the daemon wrote a document for."""
    with tempfile.TemporaryDirectory() as folder:
        inbox, state = Path(folder) / "inbox", Path(folder) / "state"
        inbox.mkdir()
        for number, case in enumerate(cases):
            shutil.copy(case.file, inbox / f"{number:05}.jpg")
        subprocess.run(
            [daemon, "process", inbox, "--models", models, "--state", state], check=False, stderr=subprocess.DEVNULL
        )
        for number, case in enumerate(cases):
            document = inbox / f"{number:05}.jpg.boxes.json"
            case.document = json.loads(document.read_text()) if document.exists() else {}
    return [case for case in cases if case.document]


# MARK: Photos


def placed(trimap: np.ndarray, box: list[int], scene: Path, target: list[int]) -> np.ndarray:
    """The trimap of an animal where a scene shows it: its box, brought to the scene's box."""
    x, y, width, height = box
    animal = Image.fromarray(np.ascontiguousarray(trimap[y : y + height, x : x + width]))
    size = Image.open(scene).size
    if size == trimap.shape[::-1] and box == target:
        return trimap
    whole = np.full(size[::-1], 2, np.uint8)
    x, y, width, height = target
    whole[y : y + height, x : x + width] = animal.resize((width, height), Image.NEAREST)
    return whole


def reporting_sets(shared: Path) -> dict[str, list[Case]]:
    import photos

    sets: dict[str, list[Case]] = {}
    pets = {}
    for name in ("pets", "scenes"):
        folder = shared / "photos" / name
        sets[name] = []
        for truth in json.loads((folder / "truth.json").read_text()):
            file = folder / truth["file"]
            pets.setdefault(file.name, (np.asarray(Image.open(folder / "trimaps" / f"{file.stem}.png")), truth["bbox"])
                            if name == "pets" else None)
            sets[name].append(Case(file, truth["label"], truth["bbox"], placed(*pets[file.name], file, truth["bbox"])))
    for label in ("cat", "dog"):
        sets.setdefault("other breeds", []).extend(kept_apart(shared, label))
    others = kept_apart(shared, "other")
    seen = photos.SHOWS_ANIMAL | photos.DEPICTS_ANIMAL
    sets["without an animal"] = [case for case in others if photos.number_of(case.file.name) not in seen]
    sets["drawn or carved animals"] = [
        case for case in others if photos.number_of(case.file.name) in photos.DEPICTS_ANIMAL
    ]
    return sets


def kept_apart(shared: Path, label: str) -> list[Case]:
    """Of SHARED/data/retrain what no network learned from; among it are photos of SHARED/photos/other."""
    import photos

    def is_apart(name: str) -> bool:
        part = photos.part(name, "retrain")
        return part == "test" or part == "reported" and photos.number_of(name) not in LEARNED

    files = sorted((shared / "data" / "retrain" / label).glob("*.jpg"))
    return [Case(file, label) for file in files if is_apart(f"{label}/{file.name}")]


def mask_overlap(case: Case) -> float:
    """Of the animal found with the true one; the trimap's edge counts neither way."""
    animal = (case.document.get("verdict") or {}).get("animal")
    found = decode(animal["mask"]) if animal and animal.get("mask") else np.zeros(case.trimap.shape, bool)
    return overlap(found, case.trimap)


def report_photos(sets: dict[str, list[Case]], daemon: Path, models: Path, has_verdict: bool) -> list[Case]:
    print("| photos | label right | box right (IoU ≥ 0.5) | mean IoU | mask, mean IoU |")
    print("|---|---|---|---:|---:|")
    everything: list[Case] = []
    for name, cases in sets.items():
        cases = process(cases, daemon, models)
        everything += cases
        boxes = "–", "–"
        if cases[0].box:
            boxes = share([case.overlap >= 0.5 for case in cases]), f"{np.mean([case.overlap for case in cases]):.3f}"
        elif cases[0].label == "other":
            boxes = f"a box on {share([bool(case.document['boxes']) for case in cases])}", "–"
        mask = "–"
        if has_verdict and cases[0].trimap is not None:
            mask = f"{np.mean([mask_overlap(case) for case in cases]):.3f}"
        elif has_verdict and cases[0].label == "other":
            mask = f"empty on {share([not (case.document['verdict'].get('animal') or {}).get('area') for case in cases])}"
        print(f"| {name} | {share([case.is_label_right for case in cases])} | {boxes[0]} | {boxes[1]} | {mask} |", flush=True)
    return everything


def report_verdicts(cases: list[Case], words: list[str]) -> None:
    """Of decisions for an animal: how often each word is said of right and of wrong ones."""
    decided = [case for case in cases if case.said != "other" and case.verdict]
    print(f"\n| verdict | said of right decisions | of wrong labels or boxes |\n|---|---|---|")
    right = [case for case in decided if case.is_right]
    wrong = [case for case in decided if not case.is_right]
    for word in words:
        print(f"| `{word}` | {share([c.verdict == word for c in right])} | {share([c.verdict == word for c in wrong])} |")
    labels = [case for case in decided if not case.is_label_right]
    print(f"\nOf wrong labels `{words[0]}` is said of {share([case.verdict == words[0] for case in labels])}.")


def report_calibration(cases: list[Case]) -> None:
    print("\n| probability said | photos | mean said | right |\n|---|---:|---:|---|")
    said = np.array([case.document["predictions"][0]["probability"] for case in cases])
    right = np.array([case.is_label_right for case in cases])
    error = 0.0
    for low, high in ((0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.01)):
        inside = (said >= low) & (said < high)
        if inside.any():
            error += inside.mean() * abs(said[inside].mean() - right[inside].mean())
            print(f"| {low:.2f}–{min(high, 1):.2f} | {inside.sum()} | {said[inside].mean():.3f} | {share(list(right[inside]))} |")
    print(f"\nExpected calibration error over these bins: {error:.3f}.")


# MARK: Several animals


def cut_out(photo: Image.Image, trimap: np.ndarray) -> tuple[Image.Image, Image.Image]:
    """An animal and its mask, cropped to it."""
    rows, columns = np.where(trimap == 1)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    mask = np.where(trimap == 1, 255, np.where(trimap == 3, 128, 0)).astype(np.uint8)
    return photo.crop(box), Image.fromarray(mask).crop(box)


def sources(shared: Path, tune: bool) -> tuple[dict[str, list[tuple[Image.Image, np.ndarray]]], list[Image.Image]]:
    """Animals with their trimaps by label, and photos without one."""
    import photos

    if tune:
        folder, masks = shared / "data/pets-train", shared / "data/pets-train/trimaps"
        files = {file: "dog" if file.name[0].islower() else "cat" for file in sorted(folder.glob("*.jpg"))
                 if photos.part(file.name, "pets") == "tune"}
        hidden = photos.SHOWS_ANIMAL | photos.DEPICTS_ANIMAL
        scenes = [file for file in sorted((shared / "data/retrain/other").glob("*.jpg"))
                  if photos.part(f"other/{file.name}", "retrain") == "tune" and photos.number_of(file.name) not in hidden]
    else:
        folder, masks = shared / "photos/pets", shared / "photos/pets/trimaps"
        files = {folder / truth["file"]: truth["label"] for truth in json.loads((folder / "truth.json").read_text())}
        scenes = sorted((shared / "photos/other").glob("*.jpg"))
    animals: dict[str, list] = {"cat": [], "dog": []}
    for file, label in files.items():
        animals[label].append((Image.open(file).convert("RGB"), np.asarray(Image.open(masks / f"{file.stem}.png"))))
    return animals, [Image.open(file).convert("RGB") for file in scenes]


@dataclass
class Pair:
    """Two animals in one photo."""

    case: Case
    truth: list[tuple[str, list[float]]]

    def has_own_box(self, label: str, box: list[float]) -> bool:
        return any(found["label"] == label and intersection_over_union(found["bbox"], box) >= 0.5
                   for found in self.case.document["boxes"])

    @property
    def is_right(self) -> bool:
        return all(self.has_own_box(*animal) for animal in self.truth)

    @property
    def has_foreign_label(self) -> bool:
        return any(box["label"] not in {label for label, _ in self.truth} for box in self.case.document["boxes"])


def paired(labels: tuple[str, str], animals, scenes, folder: Path, number: int, generator) -> Pair:
    """Each in a half of its own, at 50 to 95 % of the size that would fill it."""
    picture = scenes[generator.integers(len(scenes))].copy()
    picture = picture.resize([round(side * 640 / max(picture.size)) for side in picture.size])
    truth = []
    half = picture.width // 2
    for start, label in zip((0, half), labels):
        animal, mask = cut_out(*animals[label][generator.integers(len(animals[label]))])
        scale = generator.uniform(0.5, 0.95) * min(half / animal.width, picture.height / animal.height)
        size = [max(round(side * scale), 8) for side in animal.size]
        x = start + int(generator.integers(max(half - size[0], 0) + 1))
        y = int(generator.integers(picture.height - size[1] + 1))
        picture.paste(animal.resize(size), (x, y), mask.resize(size))
        truth.append((label, [x, y, *size]))
    file = folder / f"{number:03}.jpg"
    picture.save(file, quality=92)
    return Pair(Case(file, labels[0]), truth)


def report_several(shared: Path, tune: bool, daemon: Path, models: Path, count: int) -> None:
    animals, scenes = sources(shared, tune)
    generator = np.random.default_rng(5)
    print("| two animals | photos | each has a box of its label (IoU ≥ 0.5) | of single animals | a box of another label |")
    print("|---|---:|---|---|---|")
    for labels in (("cat", "dog"), ("dog", "cat"), ("cat", "cat"), ("dog", "dog")):
        with tempfile.TemporaryDirectory() as folder:
            pairs = [paired(labels, animals, scenes, Path(folder), number, generator) for number in range(count)]
            process([pair.case for pair in pairs], daemon, models)
        pairs = [pair for pair in pairs if pair.case.document]
        single = [pair.has_own_box(*animal) for pair in pairs for animal in pair.truth]
        print(f"| {labels[0]} left, {labels[1]} right | {len(pairs)} | {share([pair.is_right for pair in pairs])} | {share(single)} | "
              f"{share([pair.has_foreign_label for pair in pairs])} |", flush=True)


# MARK: Strangers


def report_strangers(shared: Path, folder: Path, daemon: Path, models: Path) -> None:
    import photos
    import samples
    import stamps

    scenes = samples.without_animals(photos.load(shared / "data", {"test"}))
    generator = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as pictures:
        cases = []
        for label, file in stamps.stamps(folder):
            pixels, _ = stamps.picture(file, scenes[generator.integers(len(scenes))], generator)
            picture = Path(pictures) / f"{len(cases):03}.jpg"
            Image.fromarray(pixels).save(picture, quality=92)
            cases.append(Case(picture, label))
        cases = process(cases, daemon, models)
    wrong = [case for case in cases if not case.is_label_right and case.said != "other"]
    print(f"{len(cases)} animals, a wrong name for {share([case in wrong for case in cases])}; of these:\n")
    print("| verdict | said |\n|---|---|")
    for word in WORDS:
        print(f"| `{word}` | {share([case.verdict == word for case in wrong])} |")


# MARK: Shortcuts


def measure(case: Case) -> float:
    """How much the decision rests on the animal."""
    return case.document["verdict"].get("reliance", 0.0)


def separation(low: list[float], high: list[float]) -> float:
    """AUC: how often a number of `high` is above one of `low`, ties counted half (Mann and Whitney 1947)."""
    a, b = np.array(low)[:, None], np.array(high)[None]
    return float(((a < b) + 0.5 * (a == b)).mean())


def with_helpers(network: Path, models: Path, folder: Path) -> Path:
    """A folder with the network, made the standard one, and those that work for the verdict alone."""
    for helper in ("animal", "species"):
        shutil.copytree(models / helper, folder / helper)
    shutil.copytree(network, folder / network.name)
    settings = folder / network.name / "interpret.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"default": True}))
    return folder


def evenly(values: list, most: int) -> list:
    """At most so many of them, spread over the list."""
    step = max(len(values) / most, 1)
    return [values[int(index * step)] for index in range(int(len(values) / step))]


def report_shortcuts(pictures: Path, networks: Path, daemon: Path, models: Path, most: int) -> None:
    truth = dict(evenly(list(json.loads((pictures / "labels.json").read_text()).items()), most))
    targets = {"watermark": "dog", "blue": "cat", "tag": "dog"}
    # A decision that a mark was able to change rests on the mark; of the honest twin those that it did not change count.
    rank = {"looks-elsewhere": 0, "undecided": 1, "looks-partly": 1, "looks-at-animal": 2}
    print("| mark | network | decisions | " + " | ".join(f"`{word}`" for word in WORDS) + " |")
    print("|---|---|---:|" + "---:|" * len(WORDS))
    pooled: dict[str, list[Case]] = {"shortcut": [], "honest": []}
    lines = []
    for mark, target in targets.items():
        found: dict[str, list[Case]] = {}
        for kind in ("shortcut", "honest"):
            with tempfile.TemporaryDirectory() as folder:
                together = with_helpers(networks / f"{mark}-{kind}", models, Path(folder))
                cases = process([Case(pictures / mark / name, label) for name, label in truth.items()], daemon, together)
                plain = process([Case(pictures / "plain" / name, label) for name, label in truth.items()], daemon, together)
            without_mark = {case.file.name: case.said for case in plain}
            is_changed = [case.said == target != without_mark[case.file.name] for case in cases]
            is_honest = [case.said == target == without_mark[case.file.name] == case.label for case in cases]
            cases = [case for case, counts in zip(cases, is_changed if kind == "shortcut" else is_honest) if counts]
            found[kind] = cases
            pooled[kind] += cases
            counts = " | ".join(f"{100 * np.mean([case.verdict == word for case in cases]):.0f} %" for word in WORDS)
            print(f"| {mark} | {kind} | {len(cases)} | {counts} |", flush=True)
        lines.append((mark, found))
    lines.append(("all", pooled))
    print("\n| mark | AUC of the number | AUC of the words |\n|---|---:|---:|")
    for mark, found in lines:
        by_number = separation([measure(case) for case in found["shortcut"]], [measure(case) for case in found["honest"]])
        by_word = separation(
            [rank.get(case.verdict, 1) for case in found["shortcut"]], [rank.get(case.verdict, 1) for case in found["honest"]]
        )
        print(f"| {mark} | {by_number:.3f} | {by_word:.3f} |")


def sets(arguments: argparse.Namespace) -> dict[str, list[Case]]:
    return {name: evenly(cases, arguments.most) for name, cases in reporting_sets(arguments.shared).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    parser.add_argument("--models", type=Path, default=ROOT / "Models")
    commands = parser.add_subparsers(dest="command", required=True)
    of_photos = commands.add_parser("photos")
    of_photos.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    of_photos.add_argument("--most", type=int, default=1000, help="of each set at most so many photos, evenly chosen")
    of_photos.add_argument("--old", type=Path, nargs=2, metavar=("DAEMON", "MODELS"))
    of_several = commands.add_parser("several")
    of_several.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    of_several.add_argument("--tune", action="store_true", help="with the photos that are kept for choosing")
    of_several.add_argument("--count", type=int, default=40, help="photos of each pair")
    of_strangers = commands.add_parser("strangers")
    of_strangers.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    of_strangers.add_argument("--stamps", type=Path, default=Path("/usr/share/tuxpaint/stamps"))
    of_shortcuts = commands.add_parser("shortcuts")
    of_shortcuts.add_argument("pictures", type=Path)
    of_shortcuts.add_argument("networks", type=Path)
    of_shortcuts.add_argument("--most", type=int, default=1000, help="at most so many pictures, evenly chosen")
    arguments = parser.parse_args()
    if arguments.command == "shortcuts":
        report_shortcuts(arguments.pictures, arguments.networks, arguments.bin, arguments.models, arguments.most)
        return 0
    if arguments.command == "strangers":
        report_strangers(arguments.shared, arguments.stamps, arguments.bin, arguments.models)
        return 0
    if arguments.command == "several":
        report_several(arguments.shared, arguments.tune, arguments.bin, arguments.models, arguments.count)
        return 0
    if arguments.old:
        print("Before:\n")
        cases = report_photos(sets(arguments), *arguments.old, has_verdict=False)
        report_verdicts(cases, OLD_WORDS)
        print("\nNow:\n")
    cases = report_photos(sets(arguments), arguments.bin, arguments.models, has_verdict=True)
    report_verdicts(cases, WORDS)
    report_calibration(cases)
    return 0


if __name__ == "__main__":
    sys.exit(main())
