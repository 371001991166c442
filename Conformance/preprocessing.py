"""Compares what the daemon makes of photos with what the libraries make of them that wrote the description.

    python Conformance/preprocessing.py
    python Conformance/preprocessing.py --photos DIR --bin .build/debug/interpretd

For every kind of description, a folder is made as it would be downloaded: the file that the library itself writes, and a
network that gives its input back. The daemon is given each photo and asked for the input it became; the library is given
the same file. The difference counts in steps of an 8-bit sample: 1 means that one sample is one grey level off. The
references are transformers' processors (the Pillow ones where a class has both), timm's `create_transform`, torchvision's
`ImageClassification`, Keras's `preprocess_input` (its arithmetic, restated: three lines), and OpenCV's letterbox as
Ultralytics calls it. transformers and timm read their own files back, so that what is compared is the file.

Needs transformers, timm, torchvision, opencv-python-headless, Pillow, numpy, onnx.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import onnx
import torchvision_models  # noqa: F401  (before transformers and timm, which import torchvision)
from PIL import Image

from daemon import ROOT, Daemon, RequestFailed, add_arguments, decode_npy
from report import write_section

TOLERANCE = 2.001  # two steps, and the rounding of the division
HUB_CLASSES = """Beit Bit Blip Chameleon ChineseCLIP CLIP ConditionalDetr ConvNext DeformableDetr DeiT Detr
DINOv3ViT DPT EfficientNet Flava Gemma3 GLPN GroundingDino Levit Mask2Former MaskFormer
MobileNetV1 MobileNetV2 MobileViT OwlViT Perceiver PoolFormer PPLCNet PromptDepthAnything Pvt RTDetr Sam Sam2
Sam3 Segformer SegGpt Siglip SuperPoint TextNet Tipsv2 Vilt ViT Yolos Llava""".split()
# (class, settings that differ from its own)
HUB_VARIANTS = [
    ("ConvNext", {"size": {"shortest_edge": 224}, "crop_pct": 0.875}),
    ("ConvNext", {"size": {"shortest_edge": 288}, "crop_pct": 0.95, "resample": 2}),
    ("EfficientNet", {"do_center_crop": True, "rescale_offset": True, "include_top": False}),
    ("EfficientNet", {"resample": 0, "size": {"height": 600, "width": 600}}),
    ("DPT", {"keep_aspect_ratio": True, "ensure_multiple_of": 32}),
    ("DPT", {"do_pad": True, "size_divisor": 14, "size": {"height": 300, "width": 300}}),
    ("ViT", {"do_normalize": False}),
    ("ViT", {"do_rescale": False, "do_normalize": False, "resample": 1}),
    ("ViT", {"do_resize": False}),
    ("ViT", {"resample": 4, "size": {"height": 99, "width": 130}}),
    ("ViT", {"resample": 5}),
    ("CLIP", {"crop_size": {"height": 301, "width": 251}}),
    ("Detr", {"size": {"shortest_edge": 800, "longest_edge": 900}}),
    ("Detr", {"size": {"max_height": 320, "max_width": 320}, "do_pad": True, "pad_size": {"height": 320, "width": 320}}),
    ("PoolFormer", {"crop_pct": 0.95, "size": {"height": 224, "width": 224}}),
    ("Sam", {"size": {"longest_edge": 512}, "pad_size": {"height": 512, "width": 512}}),
    ("Donut", {"size": {"height": 640, "width": 480}}),
    ("Donut", {"size": {"height": 480, "width": 480}, "do_thumbnail": False, "do_pad": False}),
    ("MobileViT", {"do_flip_channel_order": False}),
]
TIMM = {
    "center": {},
    "bicubic, 0.95": {"interpolation": "bicubic", "crop_pct": 0.95},
    "lanczos, 1.0": {"interpolation": "lanczos", "crop_pct": 1.0},
    "not square": {"input_size": [3, 192, 160], "crop_pct": 0.9, "interpolation": "bicubic"},
    "squash": {"crop_mode": "squash", "crop_pct": 0.94, "interpolation": "bicubic"},
    "border": {"crop_mode": "border", "crop_pct": 0.96, "interpolation": "bicubic"},
    "inception": {"input_size": [3, 299, 299], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}
TORCHVISION = {
    "resnet50 V1": {"resize_size": 256, "crop_size": 224},
    "resnet50 V2": {"resize_size": 232, "crop_size": 224},
    "efficientnet_b0": {"resize_size": 256, "crop_size": 224, "interpolation": "bicubic"},
    "swin_t": {"resize_size": 232, "crop_size": 224, "interpolation": "bicubic"},
    "vit_h_14": {"resize_size": 518, "crop_size": 518, "interpolation": "bicubic"},
    "odd crop": {"resize_size": 257, "crop_size": 224},
}


@dataclass
class Kind:
    """One way of writing preprocessing down, and who reads it."""

    family: str
    name: str
    files: dict[str, object]
    reference: Callable[[Image.Image], np.ndarray]
    channels: int = 3


def hub_kinds():
    import transformers

    def kind(stem: str, settings: dict):
        found = getattr(transformers, f"{stem}ImageProcessorPil", None) or getattr(transformers, f"{stem}ImageProcessor")
        with tempfile.TemporaryDirectory() as folder:
            found(**settings).save_pretrained(folder)
            text = (Path(folder) / "preprocessor_config.json").read_text()
            processor = found.from_pretrained(folder)
        changes = ", ".join(f"{k} {json.dumps(v)}" for k, v in settings.items())

        def reference(image):
            return np.asarray(processor(image, return_tensors="np")["pixel_values"], np.float32)

        return Kind("transformers", stem + (f": {changes}" if changes else ""), {
            "preprocessor_config.json": json.loads(text)}, reference)

    yield from (kind(stem, {}) for stem in HUB_CLASSES)
    yield from (kind(stem, settings) for stem, settings in HUB_VARIANTS)


def timm_kinds():
    import timm.data

    for name, settings in TIMM.items():
        config = {"input_size": [3, 224, 224], "interpolation": "bilinear", "crop_pct": 0.875,
                  "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "num_classes": 1000, **settings}
        transform = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=config), is_training=False)
        yield Kind("timm", name, {"config.json": {"architecture": "x", "pretrained_cfg": config}},
                   lambda image, t=transform: t(image)[None].numpy())


def torchvision_kinds():
    from torchvision.transforms._presets import ImageClassification
    from torchvision.transforms.functional import InterpolationMode

    for name, settings in TORCHVISION.items():
        modes = {"interpolation": InterpolationMode(settings.get("interpolation", "bilinear"))}
        preset = ImageClassification(**{**settings, **modes})
        # As its own repr and its weights' meta have them.
        written = {**settings, "mean": list(preset.mean), "std": list(preset.std)}
        yield Kind("torchvision", name, {"interpret.json": {"preprocessing": written}},
                   lambda image, t=preset: t(image)[None].numpy())


def keras_kinds(side: int = 224):
    def reference(mode: str, image: Image.Image) -> np.ndarray:
        x = np.asarray(image.resize((side, side), Image.Resampling.NEAREST), np.float32)
        if mode == "tf":
            x = x / 127.5 - 1
        elif mode == "caffe":
            x = x[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)
        else:
            x = (x / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
        return x.transpose(2, 0, 1)[None].astype(np.float32)

    for mode in ("tf", "caffe", "torch"):
        yield Kind("Keras", mode, {"interpret.json": {"preprocessing": {"keras": mode, "size": side}}},
                   lambda image, m=mode: reference(m, image))


def letterbox_kinds(frames=((640, True), (320, True), (640, False), (333, True))):
    import cv2

    def reference(side: int, enlarges: bool, image: Image.Image) -> np.ndarray:
        """Ultralytics' LetterBox, restated: its sizes, its rounding, its call of OpenCV."""
        picture = np.asarray(image)
        height, width = picture.shape[:2]
        ratio = min(side / height, side / width)
        ratio = ratio if enlarges else min(ratio, 1.0)
        new = round(width * ratio), round(height * ratio)
        if (width, height) != new:
            picture = cv2.resize(picture, new, interpolation=cv2.INTER_LINEAR)
        across, down = (side - new[0]) / 2, (side - new[1]) / 2
        picture = cv2.copyMakeBorder(picture, round(down - 0.1), round(down + 0.1), round(across - 0.1),
                                     round(across + 0.1), cv2.BORDER_CONSTANT, value=(114, 114, 114))
        return (picture.transpose(2, 0, 1)[None] / 255).astype(np.float32)

    for side, enlarges in frames:
        written = {"letterbox": side, "enlarge": enlarges, "rescale": True}
        yield Kind("letterbox", f"{side}{'' if enlarges else ', not enlarged'}",
                   {"interpret.json": {"preprocessing": written}},
                   lambda image, s=side, e=enlarges: reference(s, e, image))


def channel_kinds():
    resize = {"size": {"height": 96, "width": 128}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}

    def grey(image):
        x = np.asarray(image.convert("L").resize((128, 96), Image.Resampling.BILINEAR), np.float32)
        return ((x / 255 - 0.5) / 0.25)[None, None]

    def alpha(image):
        x = np.asarray(image.convert("RGBA").resize((128, 96), Image.Resampling.BILINEAR), np.float32)
        return ((x / 255 - 0.5) / 0.25).transpose(2, 0, 1)[None]

    yield Kind("channels", "one: grey", {"preprocessor_config.json": resize}, grey, channels=1)
    yield Kind("channels", "four: opaque", {"preprocessor_config.json": resize}, alpha, channels=4)


def identity(channels: int) -> onnx.ModelProto:
    """x + 0 of any size."""
    return onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["" : 13]>
        same (float[1,{channels},H,W] image) => (float[1,{channels},H,W] same)
        <float[1] zero = {{0.0}}> {{ same = Add(image, zero) }}
    """)


def steps(kind: Kind, ours: np.ndarray, theirs: np.ndarray, size: tuple[int, int]) -> float:
    """The largest difference, in steps of an 8-bit sample of each channel."""
    if ours.shape != theirs.shape:
        return float("inf")
    black, white = (kind.reference(Image.new("RGB", size, colour)) for colour in ("black", "white"))
    # What one step is worth: the same for all places that the photo covers.
    worth = np.abs(white - black).max(axis=(0, 2, 3), keepdims=True) / 255
    # The opaque channel does not vary.
    worth[worth == 0] = worth[worth > 0].min()
    return float((np.abs(ours - theirs) / worth).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--photos", type=Path, default=ROOT / "Documentation" / "demo", help="a folder of JPEGs")
    parser.add_argument("--report", action="store_true", help="write the table into Documentation/Conformance.md")
    arguments = parser.parse_args()
    photos = [p for p in sorted(arguments.photos.glob("*.jpg")) if p.name.count(".jpg") == 1]
    kinds = [k for make in (hub_kinds, timm_kinds, torchvision_kinds, keras_kinds, letterbox_kinds, channel_kinds)
             for k in make()]
    rows, failures = [], 0
    with tempfile.TemporaryDirectory(prefix="preprocessing-") as folder:
        for index, kind in enumerate(kinds):
            place = Path(folder) / f"kind{index:03}"
            place.mkdir()
            onnx.save(identity(kind.channels), place / "model.onnx")
            for name, content in kind.files.items():
                (place / name).write_text(json.dumps(content))
        with Daemon(Path(folder), arguments.bin, timeout=arguments.timeout) as daemon:
            refused = daemon.refused()
            for index, kind in enumerate(kinds):
                name = f"kind{index:03}"
                if name in refused:
                    rows.append((kind, None, refused[name]))
                    continue
                worst, remark = 0.0, ""
                for photo in photos:
                    image = Image.open(photo).convert("RGB")
                    try:
                        theirs = kind.reference(image)
                    except Exception as error:  # the reference's own, whatever it is
                        worst, remark = float("inf"), f"the reference fails: {error}"
                        break
                    try:
                        answer = daemon.call("run", model=name, photo=str(photo.resolve()), input=True)
                        ours = decode_npy(answer["input"])
                    except RequestFailed as error:
                        worst, remark = float("inf"), f"{photo.name}: {error}"
                        break
                    if ours.shape != theirs.shape:
                        remark = f"{photo.name}: {list(ours.shape)} instead of {list(theirs.shape)}"
                    worst = max(worst, steps(kind, ours, theirs, image.size))
                rows.append((kind, worst, remark))
    lines = ["| written by | kind | largest difference, steps of 1/255 | |", "|---|---|---|---|"]
    for kind, worst, remark in rows:
        bad = worst is None or worst > TOLERANCE
        failures += bad
        number = "refused" if worst is None else f"{worst:.2f}"
        lines.append(f"| {kind.family} | {kind.name} | {number} | {remark or ('FAILS' if bad else '')} |")
    text = "\n".join(lines)
    summary = (f"{len(rows)} kinds, {len(photos)} photo{'s' if len(photos) != 1 else ''}; "
               f"{len(rows) - failures} within 2 steps.")
    print(text, summary, sep="\n\n")
    if arguments.report:
        write_section("preprocessing", "preprocessing.py", f"{summary}\n\n{text}")
    raise SystemExit(failures > 0)


if __name__ == "__main__":
    main()
