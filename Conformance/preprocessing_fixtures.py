"""Makes Tests/PhotosTests/Fixtures/preprocessing: a few descriptions of each kind, and what the libraries make of one
small picture by them. See preprocessing.py, which compares all kinds on photos.

    python Conformance/preprocessing_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

import preprocessing

FIXTURES = Path(__file__).resolve().parent.parent / "Tests" / "PhotosTests" / "Fixtures"
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
HUB = {
    "convnext": ("ConvNext", {"size": {"shortest_edge": 14}, "crop_pct": 0.875}),
    "poolformer": ("PoolFormer", {"size": {"shortest_edge": 14}, "crop_size": {"height": 14, "width": 14}}),
    "levit": ("Levit", {"size": {"shortest_edge": 14}, "crop_size": {"height": 13, "width": 14}}),
    "perceiver": ("Perceiver", {"size": {"height": 14, "width": 14}, "crop_size": {"height": 16, "width": 16}}),
    "efficientnet": ("EfficientNet", {"size": {"height": 15, "width": 12}, "rescale_offset": True}),
    "mobilevit": ("MobileViT", {"size": {"shortest_edge": 12}, "crop_size": {"height": 14, "width": 14}}),
    "detr": ("Detr", {"size": {"shortest_edge": 18, "longest_edge": 20}, "pad_size": {"height": 22, "width": 21}}),
    "maskformer": ("MaskFormer", {"size": {"shortest_edge": 14, "longest_edge": 30}, "size_divisor": 8}),
    "yolos": ("Yolos", {"size": {"shortest_edge": 20, "longest_edge": 40}}),
    "dpt": ("DPT", {"size": {"height": 18, "width": 18}, "keep_aspect_ratio": True, "ensure_multiple_of": 4,
                    "do_pad": True, "size_divisor": 7}),
    "glpn": ("GLPN", {"size_divisor": 8}),
    "textnet": ("TextNet", {"size": {"shortest_edge": 14}, "size_divisor": 8}),
    "vilt": ("Vilt", {"size": {"shortest_edge": 18}, "size_divisor": 4}),
    "sam": ("Sam", {"size": {"longest_edge": 16}, "pad_size": {"height": 16, "width": 16}}),
    "donut": ("Donut", {"size": {"height": 20, "width": 14}}),
    "pplcnet": ("PPLCNet", {"resize_short": 16, "crop_size": {"height": 14, "width": 14}}),
    "clip": ("CLIP", {"size": {"shortest_edge": 15}, "crop_size": {"height": 14, "width": 12}}),
    "vit": ("ViT", {"size": {"height": 10, "width": 12}, "resample": 1}),
}


def main() -> None:
    folder = FIXTURES / "preprocessing"
    folder.mkdir(exist_ok=True)
    image = Image.fromarray(np.load(FIXTURES / "resize-source.npy"))
    preprocessing.HUB_CLASSES, preprocessing.HUB_VARIANTS = [], list(HUB.values())
    kinds = dict(zip(HUB, preprocessing.hub_kinds()))
    for name, settings in preprocessing.TIMM.items():
        size = [3, 16, 14] if name == "not square" else [3, 16, 16]
        preprocessing.TIMM[name] = {**settings, "input_size": size}
    kinds |= {f"timm-{kind.name.split(',')[0].replace(' ', '-')}": kind for kind in preprocessing.timm_kinds()}
    preprocessing.TORCHVISION = {
        "even": {"resize_size": 18, "crop_size": 16}, "odd": {"resize_size": 17, "crop_size": 14,
                                                              "interpolation": "bicubic"}}
    kinds |= {f"torchvision-{kind.name}": kind for kind in preprocessing.torchvision_kinds()}
    kinds |= {f"letterbox-{side}": kind for side, kind in zip(
        (20, 41), preprocessing.letterbox_kinds(((20, True), (41, False))))}
    kinds |= {f"keras-{kind.name}": kind for kind in preprocessing.keras_kinds(16)}
    for name, kind in kinds.items():
        (folder / f"{name}.json").write_text(json.dumps(kind.files) + "\n")
        np.save(folder / f"{name}.npy", kind.reference(image).astype(np.float32))
    print(f"wrote {len(kinds)} fixtures to {folder}")


if __name__ == "__main__":
    main()
