"""Mean IoU of the masks that a segmentation model writes beside the photos of the inbox, against true trimaps.

    python3 Benchmarks/mask_quality.py PHOTOS [--models Tests/Fixtures/models] [--bin .build/release/interpretd]

PHOTOS holds NAME.jpg and trimaps/NAME.png (1 animal, 2 background, 3 edge), as the Oxford-IIIT Pet data set has them; edge
pixels count neither way. Every third photo was held out when petmask was trained (Conformance/train_segmenter.py). Needs
numpy and Pillow.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from segmentation import decode, overlap

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--models", type=Path, default=ROOT / "Tests/Fixtures/models")
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = sorted(arguments.photos.glob("*.jpg"))
        for photo in photos:
            shutil.copy(photo, folder)
        subprocess.run([arguments.bin, "process", folder, "--models", arguments.models], check=True,
                       stderr=subprocess.DEVNULL)
        masks, boxes = [], []
        for photo in photos:
            document = json.loads((Path(folder) / f"{photo.name}.boxes.json").read_text())
            assert (Path(folder) / f"{photo.name}.mask.jpg").stat().st_size > 0
            trimap = np.asarray(Image.open(arguments.photos / "trimaps" / f"{photo.stem}.png"))
            segments = document["segmentation"]["segments"]
            found = decode(segments[0]["mask"]) if segments else np.zeros(trimap.shape, bool)
            masks.append(overlap(found, trimap))
            boxes.append(len(document["boxes"]))
    held_out = [index % 3 == 2 for index in range(len(photos))]
    for name, chosen in (("trained on", False), ("held out", True)):
        values = [mask for mask, out in zip(masks, held_out) if out == chosen]
        print(f"{name:11} {len(values)} photos  mean IoU {np.mean(values):.3f}, median {np.median(values):.3f}, "
              f"boxes a photo {np.mean([b for b, out in zip(boxes, held_out) if out == chosen]):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
