"""Makes Tests/Fixtures/masks: small PNG files of every kind that masks come in, written by Pillow.

    .venv-conformance/bin/python Conformance/make_mask_fixtures.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "Tests/Fixtures/masks"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    # As VOC's: 0 background, 255 nobody's, and colours that are no values.
    palette = Image.fromarray(np.uint8([[0, 1, 255, 0], [2, 1, 0, 255], [0, 0, 2, 2]]), "P")
    palette.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [0] * (3 * 252) + [224, 224, 192])
    palette.save(FOLDER / "palette.png")
    # As the Oxford pets': 1 animal, 2 background, 3 edge.
    Image.fromarray(np.uint8([[1, 2, 3, 2], [2, 2, 1, 3], [3, 1, 2, 2]])).save(FOLDER / "trimap.png")
    Image.fromarray(np.uint8([[0, 255, 0], [255, 255, 0]])).convert("1").save(FOLDER / "bits.png")
    Image.fromarray(np.uint8([[[255, 255, 255], [0, 0, 0]], [[90, 0, 0], [200, 200, 200]]])).save(FOLDER / "colour.png")
    Image.fromarray(np.uint16([[0, 60000], [1, 2]])).save(FOLDER / "deep.png")
    (FOLDER / "damaged.png").write_bytes((FOLDER / "trimap.png").read_bytes()[:45])


if __name__ == "__main__":
    main()
