"""Mean IoU of the masks that `segment` cuts out, beside that of the filled CAM box, against true trimaps.

    python3 Benchmarks/segmentation.py PHOTOS [--bin .build/release/interpretd]

PHOTOS holds truth.json and trimaps/NAME.png (1 animal, 2 background, 3 edge), as the Oxford-IIIT Pet data set has them;
edge pixels count neither way. Needs numpy and Pillow.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))
from daemon import Daemon  # noqa: E402


def decode(mask: dict) -> np.ndarray:
    """COCO's uncompressed run lengths as a boolean array [height, width]."""
    height, width = mask["size"]
    flat = np.zeros(height * width, bool)
    position, value = 0, False
    for count in mask["counts"]:
        flat[position:position + count] = value
        position, value = position + count, not value
    return flat.reshape(width, height).T


def overlap(mask: np.ndarray, trimap: np.ndarray) -> float:
    counted, true = trimap != 3, trimap == 1
    union = ((mask | true) & counted).sum()
    return float((mask & true & counted).sum() / union) if union else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    arguments = parser.parse_args()
    masks, boxes = [], []
    with Daemon(ROOT / "Models", arguments.bin) as daemon:
        for photo in json.loads((arguments.photos / "truth.json").read_text()):
            path = str((arguments.photos / photo["file"]).resolve())
            trimap = np.asarray(Image.open(arguments.photos / "trimaps" / (Path(path).stem + ".png")))
            segment = daemon.call("segment", photo=path, **{"class": photo["label"]})
            masks.append(overlap(decode(segment["mask"]), trimap))
            explained = daemon.call("explain", photo=path, **{"class": photo["label"]})
            box = np.zeros(trimap.shape, bool)
            for x, y, width, height in (b["bbox"] for b in explained["boxes"][:1]):
                box[int(y):int(y + height), int(x):int(x + width)] = True
            boxes.append(overlap(box, trimap))
    print(f"photos              {len(masks)}")
    print(f"mask from saliency  mean IoU {np.mean(masks):.3f}, median {np.median(masks):.3f}")
    print(f"filled CAM box      mean IoU {np.mean(boxes):.3f}, median {np.median(boxes):.3f}")
    return 0 if np.mean(masks) > np.mean(boxes) else 1


if __name__ == "__main__":
    sys.exit(main())
