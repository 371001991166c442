"""Mean IoU of the masks that `segment` cuts out by maps of several methods, beside that of the filled CAM box, against true
trimaps.

    python3 Benchmarks/segmentation.py PHOTOS [--method NAME …] [--count N] [--bin .build/release/interpretd] [--report PAGE]

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
from marks import write_between  # noqa: E402

METHODS = ["cam", "grad-cam", "lrp", "gradient"]


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


def interval(values: list[float], draws: int = 2000) -> str:
    """The mean with its 95 % interval by resampling photos."""
    generator = np.random.default_rng(1)
    means = generator.choice(values, (draws, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{np.mean(values):.3f} ({low:.3f}–{high:.3f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--method", nargs="+", default=METHODS, help="whose maps (default: %(default)s)")
    parser.add_argument("--count", type=int, help="so many photos, spread over all")
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    parser.add_argument("--report", type=Path, help="put the table into this page, between its marks")
    arguments = parser.parse_args()
    photos = json.loads((arguments.photos / "truth.json").read_text())
    if arguments.count:
        photos = photos[::max(len(photos) // arguments.count, 1)][:arguments.count]
    rows: dict[str, list[float]] = {}
    with Daemon(ROOT / "Models", arguments.bin) as daemon:
        for photo in photos:
            path = str((arguments.photos / photo["file"]).resolve())
            trimap = np.asarray(Image.open(arguments.photos / "trimaps" / (Path(path).stem + ".png")))
            asked = {"photo": path, "class": photo["label"]}
            for method in arguments.method:
                mask = daemon.call("segment", method=method, **asked)["mask"]
                rows.setdefault(f"`segment --method {method}`", []).append(overlap(decode(mask), trimap))
            box = np.zeros(trimap.shape, bool)
            for x, y, width, height in (b["bbox"] for b in daemon.call("explain", **asked)["boxes"][:1]):
                box[int(y):int(y + height), int(x):int(x + width)] = True
            rows.setdefault("the box, filled", []).append(overlap(box, trimap))
    table = ["| mask | photos | mean IoU | median |", "|---|---:|---:|---:|"]
    table += [f"| {name} | {len(values)} | {interval(values)} | {np.median(values):.3f} |" for name, values in rows.items()]
    print("\n".join(table))
    if arguments.report:
        write_between(arguments.report, "segmentation.py", "\n".join(table) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
