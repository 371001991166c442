"""The photos that networks are trained on: their split, their animals cut out, and pictures made of them.

`data` is a folder with `retrain/{cat,dog,other}` and `pets-train` (with `trimaps`: 1 animal, 2 background, 3 edge).
A photo's name decides once and for all what it is for, so that no script can see what another one reports on.
"""

import hashlib
import pathlib
import typing

import numpy as np
from PIL import Image, ImageFilter

# What pictures are decoded to at most, in pixels of the long side.
LONG_SIDE = 512
FILTERS = [Image.NEAREST, Image.BILINEAR, Image.BICUBIC, Image.BOX, Image.LANCZOS, Image.HAMMING]


# What `retrain/other` shows, by eye. Its photos were found by the word "things", and
# some show an animal all the same: these neither teach nor measure what a photo without one is.
SHOWS_ANIMAL = {27, 44, 53, 62, 68, 72, 91, 101, 102, 149, 167, 238, 256, 278, 279, 320, 375, 381}
# Drawn, carved or dressed-up animals: whether a network should see one there is a matter of taste.
DEPICTS_ANIMAL = {
    2, 9, 13, 20, 29, 30, 41, 50, 81, 88, 105, 129, 135, 143, 157, 172, 178, 206, 290, 304, 313, 317, 324, 335, 353, 361,
    378,
}
# These are among the photos of `../shared/photos/other`, which are only reported on.
REPORTED = set(range(7, 338, 30))


def number_of(name: str) -> int:
    """Of `other/image_0123.jpg`: 123."""
    return int(pathlib.PurePath(name).stem.rpartition("_")[2])


class Photo(typing.NamedTuple):
    name: str
    label: str  # cat, dog or other
    pixels: np.ndarray  # [h,w,3], 8 bit
    animal: np.ndarray | None  # [h,w], 0…1, or nothing known; for `other` all 0


def part(name: str, set_name: str) -> str:
    """`train`, `tune` (thresholds, choices), `calibrate`, `test` (only measured; `pets-train` has none) or `reported`."""
    if name.startswith("other/") and number_of(name) in REPORTED:
        return "reported"
    number = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 100
    if set_name == "retrain":
        return "test" if number < 25 else "tune" if number < 33 else "calibrate" if number < 41 else "train"
    return "tune" if number < 12 else "calibrate" if number < 24 else "train"


def smaller(image: Image.Image, long_side: int = LONG_SIDE, resample: int = Image.BOX) -> Image.Image:
    scale = long_side / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(round(side * scale), 1) for side in image.size], resample)


def load(data: pathlib.Path, wanted: set[str]) -> list[Photo]:
    """The photos of the parts wanted."""
    photos = []
    for label in ("cat", "dog", "other"):
        for file in sorted((data / "retrain" / label).glob("*.jpg")):
            if part(f"{label}/{file.name}", "retrain") in wanted:
                pixels = np.asarray(smaller(Image.open(file).convert("RGB")))
                animal = np.zeros(pixels.shape[:2], np.float32) if label == "other" else None
                photos.append(Photo(f"{label}/{file.name}", label, pixels, animal))
    for file in sorted((data / "pets-train").glob("*.jpg")):
        if part(file.name, "pets") in wanted:
            image = smaller(Image.open(file).convert("RGB"))
            trimap = np.asarray(Image.open(data / "pets-train" / "trimaps" / f"{file.stem}.png"))
            whole = Image.fromarray(np.where(trimap == 1, 255, np.where(trimap == 3, 128, 0)).astype(np.uint8))
            animal = np.asarray(whole.resize(image.size, Image.BILINEAR), np.float32) / 255
            label = "dog" if file.name[0].islower() else "cat"
            photos.append(Photo(file.name, label, np.asarray(image), animal))
    return photos


# MARK: Pictures made of them


class Picture(typing.NamedTuple):
    pixels: np.ndarray  # [size,size,3], 8 bit
    animal: np.ndarray  # [size/4,size/4], 0…1
    is_animal_known: bool
    label: str
    largest_side: float  # of the animal, in shares of the picture; 0 where there is none or it is not known


def resized(image: Image.Image, size: tuple[int, int], box, generator) -> Image.Image:
    """By any of the ways that photos are shrunk in the wild, in one or two steps, for every class alike."""
    resample = FILTERS[generator.integers(len(FILTERS))]
    if generator.random() < 0.25:
        image = image.crop([round(edge) for edge in box])
        between = [max(round(side * generator.uniform(1, 2)), 1) for side in size]
        return image.resize(between, FILTERS[generator.integers(len(FILTERS))]).resize(size, resample)
    return image.resize(size, resample, box=tuple(box))


def tinted(image: Image.Image, generator) -> Image.Image:
    """Another light, other colours, blur, sharpening, noise, JPEG's blocks; rarely grey."""
    pixels = np.asarray(image, np.float32) / 255
    if generator.random() < 0.7:
        pixels = pixels * generator.uniform(0.7, 1.3) + generator.uniform(-0.08, 0.08)
        pixels = pixels * generator.uniform(0.9, 1.1, 3).astype(np.float32)
        grey = pixels.mean(axis=2, keepdims=True)
        pixels = grey + (pixels - grey) * generator.uniform(0.5, 1.4)
        mean = pixels.mean()
        pixels = mean + (pixels - mean) * generator.uniform(0.7, 1.3)
    if generator.random() < 0.05:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    if generator.random() < 0.2:
        pixels = pixels + generator.normal(0, generator.uniform(0.01, 0.05), pixels.shape)
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    choice = generator.random()
    if choice < 0.12:
        image = image.filter(ImageFilter.GaussianBlur(generator.uniform(0.3, 1.5)))
    elif choice < 0.24:
        image = image.filter(ImageFilter.UnsharpMask(1, int(generator.integers(50, 200))))
    return image


def crop_box(photo: Photo, generator) -> list[float]:
    """A part that keeps the animal: where its place is known most of it, else most of the photo."""
    height, width = photo.pixels.shape[:2]
    for _ in range(20):
        area = generator.uniform(0.25 if photo.animal is not None else 0.5, 1) * width * height
        aspect = np.exp(generator.uniform(-0.4, 0.4)) * width / height
        w, h = min(np.sqrt(area * aspect), width), min(np.sqrt(area / aspect), height)
        x, y = generator.uniform(0, width - w + 1e-6), generator.uniform(0, height - h + 1e-6)
        if photo.animal is None or photo.label == "other":
            return [x, y, x + w, y + h]
        inside = photo.animal[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))].sum()
        if inside >= 0.5 * photo.animal.sum():
            return [x, y, x + w, y + h]
    return [0, 0, width, height]


def detail(photo: Photo, size: int, generator) -> Picture:
    """A small part of a photo without an animal, enlarged: a face, a hand, a thing that fills the picture."""
    height, width = photo.pixels.shape[:2]
    side = np.sqrt(generator.uniform(0.03, 0.4))
    w, h = max(side * width, 24), max(side * height, 24)
    x, y = generator.uniform(0, max(width - w, 1e-6)), generator.uniform(0, max(height - h, 1e-6))
    image = resized(Image.fromarray(photo.pixels), (size, size), [x, y, min(x + w, width), min(y + h, height)], generator)
    return finished(image, np.zeros((size // 4, size // 4), np.float32), True, "other", generator)


def plain(photo: Photo, size: int, generator) -> Picture:
    """A photo, cropped or whole, mirrored or not."""
    box = crop_box(photo, generator) if generator.random() < 0.75 else [0, 0, *photo.pixels.shape[1::-1]]
    image = resized(Image.fromarray(photo.pixels), (size, size), box, generator)
    is_known = photo.animal is not None
    mask = np.zeros((size // 4, size // 4), np.float32)
    if is_known and photo.label != "other":
        grey = Image.fromarray((photo.animal * 255).astype(np.uint8))
        mask = np.asarray(grey.resize((size // 4, size // 4), Image.BOX, box=tuple(box)), np.float32) / 255
    return finished(image, mask, is_known, photo.label, generator)


def finished(image, mask, is_known, label, generator) -> Picture:
    pixels = np.asarray(tinted(image, generator))
    if generator.random() < 0.5:
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    side = 0.0
    if mask.any():
        rows, columns = np.where(mask > 0.5)
        if len(rows):
            side = float(max(np.ptp(rows), np.ptp(columns)) + 1) / len(mask)
    return Picture(np.ascontiguousarray(pixels), np.ascontiguousarray(mask), is_known, label, side)


def cut_out(photo: Photo) -> tuple[Image.Image, Image.Image] | None:
    """The animal and its mask, cropped to it."""
    rows, columns = np.where(photo.animal > 0.5)
    if len(rows) < 400:
        return None
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Image.fromarray(photo.pixels).crop(box), Image.fromarray((photo.animal * 255).astype(np.uint8)).crop(box)


def pasted(animals: list[Photo], scene: Photo, size: int, generator) -> Picture | None:
    """Animals of one label set somewhere into a photo without one, each at 10 to 90 % of the side."""
    box = crop_box(scene, generator) if generator.random() < 0.7 else [0, 0, *scene.pixels.shape[1::-1]]
    picture = resized(Image.fromarray(scene.pixels), (size, size), box, generator)
    mask = np.zeros((size, size), np.float32)
    for number, photo in enumerate(animals):
        found = cut_out(photo)
        if found is None:
            return None
        animal, alpha = found
        side = np.exp(generator.uniform(np.log(0.1), np.log(0.9 if number == 0 else 0.5))) * size
        scale = side / max(animal.size)
        shape = [max(round(s * scale * np.exp(generator.uniform(-0.12, 0.12))), 4) for s in animal.size]
        whole = [0, 0, *animal.size]
        animal = tinted(resized(animal, shape, whole, generator), generator)
        alpha = alpha.resize(shape, Image.BILINEAR)
        if generator.random() < 0.5:
            animal, alpha = animal.transpose(Image.FLIP_LEFT_RIGHT), alpha.transpose(Image.FLIP_LEFT_RIGHT)
        # Now and then cut by the edge of the picture.
        slack = [round(0.25 * s) if generator.random() < 0.25 else 0 for s in shape]
        x = int(generator.integers(-slack[0], max(size - shape[0] + slack[0], -slack[0] + 1) + 1))
        y = int(generator.integers(-slack[1], max(size - shape[1] + slack[1], -slack[1] + 1) + 1))
        soft = alpha.filter(ImageFilter.GaussianBlur(generator.uniform(0, 1.5)))
        picture.paste(animal, (x, y), soft)
        layer = Image.new("L", (size, size))
        layer.paste(alpha, (x, y))
        mask = np.maximum(mask, np.asarray(layer, np.float32) / 255)
    small = mask.reshape(size // 4, 4, size // 4, 4).mean(axis=(1, 3))
    return finished(picture, small, True, animals[0].label, generator)


def distracted(scene: Photo, others: list[Photo], size: int, generator) -> Picture:
    """A photo without an animal with a piece of another one pasted in as animals are, so that a pasted edge is no sign."""
    picture = resized(
        Image.fromarray(scene.pixels), (size, size), crop_box(scene, generator), generator
    )
    other = others[generator.integers(len(others))]
    piece = Image.fromarray(other.pixels).crop([round(edge) for edge in crop_box(other, generator)])
    shape = [max(round(size * generator.uniform(0.1, 0.6)), 4) for _ in range(2)]
    piece = tinted(resized(piece, shape, [0, 0, *piece.size], generator), generator)
    # The outline of a blob: a thresholded, blurred noise.
    noise = Image.fromarray(generator.integers(0, 256, (6, 6), np.uint8)).resize(shape, Image.BICUBIC)
    ramp = np.hypot(*np.meshgrid(np.linspace(-1.2, 1.2, shape[0]), np.linspace(-1.2, 1.2, shape[1])))
    alpha = Image.fromarray(((np.asarray(noise) / 255 + 1.1 - ramp > 0.6) * 255).astype(np.uint8))
    x, y = (int(generator.integers(0, size - s + 1)) for s in shape)
    picture.paste(piece, (x, y), alpha.filter(ImageFilter.GaussianBlur(generator.uniform(0, 1.5))))
    return finished(picture, np.zeros((size // 4, size // 4), np.float32), True, "other", generator)
