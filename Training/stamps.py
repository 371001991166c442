"""How often labels that there were no photos of are right: `stamps.py PETSHOP ANIMAL DATA [--stamps FOLDER]`.

Cut-out photographs of animals from Tux Paint's stamps (Debian's package `tuxpaint-stamps-default`, GPL-2), each pasted once
at 60 % of the side into a photo without an animal that nothing was trained or chosen on. They measure, and nothing learns
from them. Prints for each label how often petshop says it, what it says else, and how often the animal network finds half
of the animal; with 95 % intervals (Wilson 1927).
"""

import argparse
import collections
import json
import pathlib
import sys

import numpy as np
from PIL import Image

import confirmation
import photos
import samples

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Benchmarks"))
import verdict  # noqa: E402

# The folders' photographs by petshop's labels; what is drawn, and what belongs to no label, is left out.
LABELS = {
    "bird": ["animals/birds/*"], "fish": ["animals/fish/*"],
    "rabbit": ["animals/mammals/rabbit*", "animals/mammals/rodents/rabbit*"], "frog": ["animals/amphibians/frog*"],
    "lizard": ["animals/lizards/*"], "ferret": ["animals/mammals/ferret*"], "dog": ["animals/mammals/dogs/dog*"],
    "other": [f"animals/mammals/{kind}/*" for kind in ("apes", "aquatic", "bears", "bovines", "camel", "deer", "equines")],
}
# Crustaceans are no fish.
LEFT_OUT = {"lobster", "shrimp"}
SIDE, SIZE = 0.6, 512


def stamps(folder: pathlib.Path):
    for label, patterns in LABELS.items():
        for pattern in patterns:
            for file in sorted(folder.glob(f"{pattern}.png")):
                if file.stem not in LEFT_OUT:
                    yield label, file


def picture(file: pathlib.Path, scene: photos.Photo, generator) -> tuple[np.ndarray, np.ndarray]:
    """Pixels [h,w,3], and where the animal is [h,w]."""
    stamp = Image.open(file).convert("RGBA")
    stamp = stamp.crop(stamp.getchannel("A").getbbox())
    scale = SIDE * SIZE / max(stamp.size)
    stamp = stamp.resize([max(round(side * scale), 1) for side in stamp.size], Image.LANCZOS)
    whole = Image.fromarray(scene.pixels).resize((SIZE, SIZE), Image.BILINEAR)
    place = tuple(int(generator.integers(0, SIZE - side + 1)) for side in stamp.size)
    whole.paste(stamp, place, stamp)
    mask = Image.new("L", whole.size)
    mask.paste(stamp.getchannel("A"), place)
    return np.asarray(whole), np.asarray(mask) > 127


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("petshop", type=pathlib.Path)
    parser.add_argument("animal", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--stamps", type=pathlib.Path, default=pathlib.Path("/usr/share/tuxpaint/stamps"))
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    finder = confirmation.Finder(arguments.animal, arguments.threads)
    namer = confirmation.session(arguments.petshop, arguments.threads)
    names = json.loads((arguments.petshop / "config.json").read_text())["id2label"]
    size = json.loads((arguments.petshop / "preprocessor_config.json").read_text())["size"]["width"]
    scenes = samples.without_animals(photos.load(arguments.data, {"test"}))
    generator = np.random.default_rng(3)
    said: dict[str, collections.Counter] = {}
    found: dict[str, list[bool]] = {}
    for label, file in stamps(arguments.stamps):
        pixels, mask = picture(file, scenes[generator.integers(len(scenes))], generator)
        square = np.asarray(Image.fromarray(pixels).resize((size, size), Image.BILINEAR))
        scores = namer.run(None, {"image": samples.normalized([square])})[0][0]
        said.setdefault(label, collections.Counter())[names[str(int(scores.argmax()))]] += 1
        seen = np.zeros_like(mask)
        for part in finder.parts(pixels):
            if finder.found_again(pixels, part, confirmation.SURROUNDINGS) >= finder.confirmation:
                seen |= part
        found.setdefault(label, []).append((seen & mask).sum() >= 0.5 * mask.sum())
    print("| label | said | else | the animal network finds it |\n|---|---|---|---|")
    for label, counts in said.items():
        right = [True] * counts[label] + [False] * (counts.total() - counts[label])
        rest = ", ".join(f"{name} {count}" for name, count in counts.most_common() if name != label)
        print(f"| `{label}` | {verdict.share(right)} | {rest or '–'} | {verdict.share(found[label])} |")


if __name__ == "__main__":
    main()
