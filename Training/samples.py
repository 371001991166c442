"""Pictures for training, and what the published trunk answers to them: `samples.py DATA CACHE [--count N] [--size S]`.

The lower stages of the trunk are kept as they were published, so their maps are computed once for each picture, by ONNX
Runtime, and training needs no more than these. Writes `CACHE/SPLIT/*.npy`; a picture is known by its number there.
"""

import argparse
import pathlib

import numpy as np
import onnxruntime

import lite
import onnx_file
import photos

LABELS = ["cat", "dog", "other"]
# Of which kinds the pictures are.
SHARES = {"pet": 0.24, "unmasked": 0.24, "other": 0.14, "distracted": 0.1, "pasted": 0.28}
# For a second round: what the first round took for animals were people and single things on plain ground.
SECOND_SHARES = {"pet": 0.06, "unmasked": 0.1, "other": 0.2, "detail": 0.2, "distracted": 0.14, "pasted": 0.3}


def trunk_session(folder: pathlib.Path, threads: int) -> onnxruntime.InferenceSession:
    """The published network, last stride replaced by dilation, with the maps of its stages as outputs."""
    trunk = lite.Trunk(dense=5)
    rest = trunk.load_published()
    writer = onnx_file.Writer(half=False)
    maps = writer.trunk("image", trunk.eval())
    pooled = writer.add("Flatten", [writer.add("GlobalAveragePool", [maps[-1]])], "pooled")
    head = [writer.constant(rest["_fc.weight"], "fc_w"), writer.constant(rest["_fc.bias"], "fc_b")]
    writer.add("Gemm", [pooled, *head], "imagenet", transB=1)
    outputs = [(maps[number], ["n", trunk.channels[number], f"h{number}", f"w{number}"]) for number in (1, 2, 4)]
    model = writer.model([*outputs, ("pooled", ["n", lite.HEAD]), ("imagenet", ["n", 1000])])
    onnx_file.save(model, folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])


def normalized(pictures: list[np.ndarray]) -> np.ndarray:
    """[n,3,h,w] as the network takes them."""
    return ((np.stack(pictures).astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2).copy()


def probabilities(scores: np.ndarray) -> np.ndarray:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def without_animals(everything: list[photos.Photo]) -> list[photos.Photo]:
    return [
        photo for photo in everything if photo.label == "other"
        and photos.number_of(photo.name) not in photos.SHOWS_ANIMAL | photos.DEPICTS_ANIMAL
    ]


def pictures(
    everything: list[photos.Photo], scenes: list[photos.Photo], count: int, size: int, seed: int, wanted: dict[str, float]
):
    """`count` pictures with their kind, all decided by the seed. wanted: how many of each kind, in any unit."""
    generator = np.random.default_rng(seed)
    pets = [photo for photo in everything if photo.animal is not None and photo.label != "other"]
    unmasked = [photo for photo in everything if photo.animal is None]
    by_label = {label: [photo for photo in pets if photo.label == label] for label in ("cat", "dog")}
    unmasked_by_label = {label: [photo for photo in unmasked if photo.label == label] for label in ("cat", "dog")}
    kinds, shares = list(wanted), np.array(list(wanted.values()))
    while count > 0:
        kind = kinds[generator.choice(len(kinds), p=shares / shares.sum())]
        label = ("cat", "dog")[generator.integers(2)]

        def any_of(choices):
            return choices[generator.integers(len(choices))]

        if kind == "pet":
            picture = photos.plain(any_of(by_label[label]), size, generator)
        elif kind == "unmasked":
            picture = photos.plain(any_of(unmasked_by_label[label]), size, generator)
        elif kind == "other":
            picture = photos.plain(any_of(scenes), size, generator)
        elif kind == "detail":
            picture = photos.detail(any_of(scenes), size, generator)
        elif kind == "distracted":
            picture = photos.distracted(any_of(scenes), scenes, size, generator)
        else:
            number = 1 if generator.random() < 0.75 else 2
            picture = photos.pasted([any_of(by_label[label]) for _ in range(number)], any_of(scenes), size, generator)
        if picture is not None:
            count -= 1
            yield kind, picture


def write(folder: pathlib.Path, made, count: int, session, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shapes = {"stage1": (24, size // 4), "stage2": (40, size // 8), "stage4": (112, size // 16)}
    shapes = {name: (channels, side, side) for name, (channels, side) in shapes.items()}
    shapes |= {"pooled": (lite.HEAD,), "imagenet": (1000,)}
    files = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float16, (count, *shape))
        for name, shape in shapes.items()
    }
    masks = np.lib.format.open_memmap(folder / "mask.npy", "w+", np.uint8, (count, size // 4, size // 4))
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, (count, size, size, 3))
    facts = np.zeros(count, [("label", "i4"), ("known", "?"), ("side", "f4"), ("kind", "U12")])
    waiting = []
    for number, (kind, picture) in enumerate(made):
        facts[number] = (LABELS.index(picture.label), picture.is_animal_known, picture.largest_side, kind)
        masks[number] = np.round(picture.animal * 255)
        pixels[number] = picture.pixels
        waiting.append(picture.pixels)
        if len(waiting) == 8 or number == count - 1:
            for name, values in zip(files, session.run(None, {"image": normalized(waiting)})):
                files[name][number + 1 - len(waiting) : number + 1] = values
            waiting = []
            if number % 400 == 399:
                print(f"{folder.name}: {number + 1} of {count}", flush=True)
    np.save(folder / "facts.npy", facts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--second", action="store_true", help="write CACHE/second, for a second round, and nothing else")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    session = trunk_session(arguments.cache / "trunk", arguments.threads)
    parts = [("tune", "tune", arguments.count // 12, 2, SHARES), ("train", "train", arguments.count, 1, SHARES)]
    if arguments.second:
        parts = [("second", "train", arguments.count, 31, SECOND_SHARES)]
    for folder, split, count, seed, shares in parts:
        everything = photos.load(arguments.data, {split})
        scenes = without_animals(everything)
        print(f"{split}: {len(everything)} photos, {len(scenes)} of them without an animal", flush=True)
        made = pictures(everything, scenes, count, arguments.size, seed, shares)
        write(arguments.cache / folder, made, count, session, arguments.size)


if __name__ == "__main__":
    main()
