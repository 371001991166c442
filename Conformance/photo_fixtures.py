"""Makes Tests/PhotosTests/Fixtures: small JPEG files and what Pillow and Hugging Face's arithmetic make of them.

    python3 Conformance/photo_fixtures.py

needs NumPy and Pillow 13 or newer (earlier ones resize tall pictures in another order of passes). The pictures are drawn here, so they carry no one's rights.
"""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

FIXTURES = Path(__file__).resolve().parent.parent / "Tests" / "PhotosTests" / "Fixtures"
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}
# Down, up, mixed, either pass first, one axis only, to a single pixel.
SIZES = [(12, 9), (50, 37), (9, 40), (47, 6), (33, 11), (1, 1)]


def picture(width, height):
    """Gradients, edges in all directions and some noise; no two corners alike, so that a wrong turn shows."""
    y, x = np.mgrid[0:height, 0:width]
    samples = np.stack([x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), (x + 2 * y) * 5 % 256], axis=-1)
    image = Image.fromarray(samples.astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.1, height * 0.15, width * 0.5, height * 0.7), fill=(230, 60, 40))
    draw.polygon([(width * 0.6, height * 0.1), (width * 0.95, height * 0.3), (width * 0.6, height * 0.9)],
                 fill=(20, 40, 200))
    draw.line((0, height - 1, width * 0.4, height * 0.6), fill=(255, 255, 255), width=2)
    noise = np.random.default_rng(7).integers(-12, 13, size=(height, width, 3))
    return Image.fromarray(np.clip(np.asarray(image).astype(int) + noise, 0, 255).astype(np.uint8), "RGB")


def jpeg(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **{"quality": 90, **options})
    return buffer.getvalue()


def write_jpeg(name, data):
    """The file, and what Pillow decodes from it: upright RGB, uint8 [H, W, 3]."""
    (FIXTURES / f"{name}.jpg").write_bytes(data)
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    np.save(FIXTURES / f"{name}.npy", np.asarray(image))


def cmyk(image):
    """Ink with some black of its own."""
    cyan, magenta, yellow = (255 - np.asarray(image).astype(int)).transpose(2, 0, 1)
    black = np.minimum(np.minimum(cyan, magenta), yellow) // 2
    planes = [cyan - black, magenta - black, yellow - black, black]
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8), "CMYK")


def ycck(image):
    """Pillow writes no YCCK: the ink is turned into YCbCr here, stored as if it were CMYK, and the transform flag of
    the Adobe marker set to 2 (YCCK)."""
    ink = np.asarray(cmyk(image))
    ycc = np.asarray(Image.fromarray(ink[..., :3].copy(), "RGB").convert("YCbCr"))
    # Pillow's writer complements all four planes; in YCCK only black is stored so.
    stored = np.concatenate([255 - ycc, ink[..., 3:]], axis=-1).astype(np.uint8)
    data = bytearray(jpeg(Image.fromarray(stored, "CMYK")))
    flag = data.index(b"Adobe") + 11
    assert data[flag] == 0
    data[flag] = 2
    return bytes(data)


def exif(orientation, endian):
    block = Image.Exif()
    block.endian = endian
    block[0x010F] = "camera"
    block[0x0112] = orientation
    return block.tobytes()


def hugging_face(image, *, size, resample, crop=None, mean, std, factor=1 / 255):
    """transformers' image_transforms.py, step by step: resize, center_crop, rescale, normalize; [1, 3, H, W]."""
    if isinstance(size, int):
        short, long = sorted(image.size)
        edges = (size, int(size * long / short))
        size = edges if image.width <= image.height else edges[::-1]
    pixels = np.asarray(image.resize(size, resample)).transpose(2, 0, 1)
    if crop:
        pixels = center_crop(pixels, *crop)
    values = (pixels.astype(np.float64) * factor).astype(np.float32).transpose(1, 2, 0)
    values = (values - np.array(mean, dtype=np.float32)) / np.array(std, dtype=np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None]).astype(np.float32)


def center_crop(pixels, crop_height, crop_width):
    height, width = pixels.shape[-2:]
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    bottom, right = top + crop_height, left + crop_width
    if top >= 0 and bottom <= height and left >= 0 and right <= width:
        return pixels[..., top:bottom, left:right]
    padded_height, padded_width = max(crop_height, height), max(crop_width, width)
    padded = np.zeros((pixels.shape[0], padded_height, padded_width), dtype=pixels.dtype)
    top_pad, left_pad = math.ceil((padded_height - height) / 2), math.ceil((padded_width - width) / 2)
    padded[..., top_pad:top_pad + height, left_pad:left_pad + width] = pixels
    top, bottom, left, right = top + top_pad, bottom + top_pad, left + left_pad, right + left_pad
    return padded[..., max(0, top):min(padded_height, bottom), max(0, left):min(padded_width, right)]


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    image = picture(41, 27)
    write_jpeg("baseline", jpeg(image))
    write_jpeg("full-chroma", jpeg(image, subsampling=0))
    write_jpeg("progressive", jpeg(image, progressive=True))
    write_jpeg("grey", jpeg(image.convert("L")))
    write_jpeg("rgb", jpeg(image, keep_rgb=True))
    write_jpeg("cmyk", jpeg(cmyk(image)))
    write_jpeg("ycck", ycck(image))
    write_jpeg("restarts", jpeg(picture(64, 64), restart_marker_rows=1))
    for orientation in range(1, 9):
        endian = "<>"[orientation % 2]
        write_jpeg(f"orientation-{orientation}", jpeg(image, subsampling=0, exif=exif(orientation, endian)))

    source = picture(33, 25)
    np.save(FIXTURES / "resize-source.npy", np.asarray(source))
    for name, resample in FILTERS.items():
        for size in SIZES:
            np.save(FIXTURES / f"resize-{name}-{size[0]}x{size[1]}.npy", np.asarray(source.resize(size, resample)))

    plane = np.random.default_rng(3).normal(size=(7, 9)).astype(np.float32)
    np.save(FIXTURES / "map-source.npy", plane)
    for size in [(40, 31), (5, 3), (9, 20)]:
        resized = Image.fromarray(plane, "F").resize(size, Image.Resampling.BILINEAR)
        np.save(FIXTURES / f"map-{size[0]}x{size[1]}.npy", np.asarray(resized))

    imagenet = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    half = {"mean": [0.5] * 3, "std": [0.5] * 3}
    tensors = {
        "exact": hugging_face(source, size=(16, 12), resample=FILTERS["bilinear"], **imagenet),
        "cropped": hugging_face(source, size=20, resample=FILTERS["bicubic"], crop=(15, 17), **imagenet),
        "padded": hugging_face(source, size=11, resample=FILTERS["bilinear"], crop=(16, 18), **half),
    }
    for name, tensor in tensors.items():
        np.save(FIXTURES / f"tensor-{name}.npy", tensor)


if __name__ == "__main__":
    main()
