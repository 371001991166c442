"""The randomization check of Adebayo et al. 2018 ("Sanity Checks for Saliency Maps", arXiv:1810.03292, section 4) for
every method of the daemon, on petshop's first edition, a plain stack of convolutions and ReLUs (`interpretctl check` does it on
any network): a method whose map stays the same when the network's weights are replaced by random ones does not show what the
network has learned.

    python Conformance/randomization.py [--bin FILE] [--petshop DIR] [--photos DIR] [--count 8] [--method NAME …] [--report]
    python Conformance/randomization.py --repeat [--report]     only how far random methods agree with themselves

Cascading: weights are replaced from the classifier down, one layer more each time. Independent: one layer's alone. The new
weights are normal with the trained ones' deviation; biases are shuffled. Both maps are of the class that the trained
network chose, and are compared by the rank correlation (Spearman) of their magnitudes, mean over the photos; a map without
any contrast counts as 0. The verdict looks at the cascade where the upper half of the layers is random, so that nothing is
left of what was learned about classes: `fails` from a correlation of 0.5 on, `partly` from 0.35, else `passes`. The bounds are
ours. Correlations do not fall to 0: edges, corners and the photo's bright places count in random networks, too; the plain
gradient, which the paper lets pass, is the yardstick. Methods that draw random numbers draw others for every network, so
that their noise is not taken for likeness.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image

from daemon import ROOT, Daemon, add_arguments

REPORT = ROOT / "Documentation" / "RandomizationCheck.md"
PETSHOP = ROOT / "Tests/Fixtures/first-edition/petshop"
PHOTOS = ROOT.parent / "shared" / "photos" / "pets"
SIDE = 112
PARAMETERS = {"rise": {"samples": 400}, "smoothgrad": {"samples": 25}, "integrated-gradients": {"steps": 20},
              "occlusion": {"window": 24, "stride": 8}}
RANDOM = ("rise", "smoothgrad")


def parameter_layers(model: onnx.ModelProto) -> list[str]:
    """Names of the weights, from the classifier down."""
    names = {i.name for i in model.graph.initializer}
    return [node.input[1] for node in reversed(model.graph.node)
            if node.op_type in ("Conv", "Gemm") and node.input[1] in names]


def randomized(model: onnx.ModelProto, layers: list[str], seed: int) -> onnx.ModelProto:
    """A copy with the weights of `layers`, and the biases beside them, replaced."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    biases = {node.input[1]: node.input[2] for node in copy.graph.node if len(node.input) > 2}
    for tensor in copy.graph.initializer:
        for layer in layers:
            generator = np.random.default_rng([seed, parameter_layers(model).index(layer)])
            value = numpy_helper.to_array(tensor)
            if tensor.name == layer:
                value = generator.normal(0, value.std(), value.shape).astype(np.float32)
            elif tensor.name == biases.get(layer):
                value = generator.permutation(value)
            else:
                continue
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return copy


def ranks(values: np.ndarray) -> np.ndarray:
    """Of equal values the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = ranks(np.abs(a)), ranks(np.abs(b))
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def image(path: Path) -> np.ndarray:
    pixels = np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 255
    pixels = (pixels - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


def verdict(cascade: list[float]) -> str:
    half = cascade[len(cascade) // 2]
    return "**fails**" if half >= 0.5 else "partly" if half >= 0.35 else "passes"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--petshop", type=Path, default=PETSHOP, help="petshop's model folder")
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="photos of animals")
    parser.add_argument("--count", type=int, default=8, help="how many of them (%(default)s)")
    parser.add_argument("--method", nargs="+", metavar="NAME", help="only these methods")
    parser.add_argument("--repeat", action="store_true", help="only the trained network, twice, for random methods")
    parser.add_argument("--report", action="store_true", help=f"write Documentation/{REPORT.name}")
    arguments = parser.parse_args()
    paths = sorted(arguments.photos.glob("*.jpg")) or [ROOT / "Documentation" / "demo" / "cat.jpg"]
    photos = [image(path) for path in paths[:: max(len(paths) // arguments.count, 1)][: arguments.count]]

    trained = onnx.load(arguments.petshop / "model.onnx")
    layers = parameter_layers(trained)
    models = Path(tempfile.mkdtemp(prefix="randomization-"))
    try:
        variants = {"trained": []}
        variants |= {f"cascade-{n}": layers[:n] for n in range(1, len(layers) + 1)}
        variants |= {f"alone-{n}": [layer] for n, layer in enumerate(layers, 1)}
        # The trained network once more: how far a method that draws random numbers agrees with itself.
        variants["again"] = []
        if arguments.repeat:
            variants = {"trained": [], "again": []}
        for name, replaced in variants.items():
            shutil.copytree(arguments.petshop, models / name)
            (models / name / "interpret.json").unlink(missing_ok=True)
            onnx.save(randomized(trained, replaced, seed=7), models / name / "model.onnx")
        rows = []
        with Daemon(models, arguments.bin, timeout=arguments.timeout) as daemon:
            methods = [m["name"] for m in daemon.call("methods")]
            for method in methods:
                if (arguments.method and method not in arguments.method) or (arguments.repeat and method not in RANDOM):
                    continue
                found = {name: [] for name in variants}
                for x in photos:
                    scores = daemon.run("trained", {"pixel_values": x})
                    target = int(next(iter(scores.values())).argmax())
                    maps = {}
                    for seed, name in enumerate(variants):
                        parameters = PARAMETERS.get(method, {}) | ({"seed": seed} if method in RANDOM else {})
                        maps[name] = daemon.explain(name, x, method=method, class_index=target, raw_attribution=False,
                                                    **parameters).map
                    for name, found_map in maps.items():
                        found[name].append(correlation(maps["trained"], found_map))
                mean = {name: float(np.mean(values)) for name, values in found.items()}
                if arguments.repeat:
                    rows.append((method, None, None, [mean["again"]]))
                    print(f"{method:22} agrees with itself by {mean['again']:.2f}", flush=True)
                    continue
                cascade = [mean[f"cascade-{n}"] for n in range(1, len(layers) + 1)]
                alone = [mean[f"alone-{n}"] for n in range(1, len(layers) + 1)]
                rows.append((method, cascade, alone, [mean["again"]]))
                print(f"{method:22} {verdict(cascade):10} cascade " + " ".join(f"{v:5.2f}" for v in cascade)
                      + "   alone " + " ".join(f"{v:5.2f}" for v in alone), flush=True)
    finally:
        shutil.rmtree(models, ignore_errors=True)
    if arguments.report:
        before = {row[0]: row for row in written()}
        if arguments.repeat:
            rows = [(method, *before[method][1:3], again) for method, _, _, again in rows if method in before]
        measured = {row[0] for row in rows}
        rows += [row for method, row in before.items() if method in methods and method not in measured]
        write(sorted(rows, key=lambda row: methods.index(row[0])), layers, len(photos))
    return 0 if rows else 1


def written() -> list:
    """The rows of the document as it is, for methods that are not measured anew."""
    text = REPORT.read_text() if REPORT.exists() else ""
    tables: dict[str, list[list[float]]] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            numbers = [float(cell) for cell in cells if cell.lstrip("-").replace(".", "").isdigit()]
            tables.setdefault(name.strip("`"), []).append(numbers)
    return [(name, *found, [1.0])[:4] for name, found in tables.items() if len(found) >= 2]


def write(rows: list, layers: list[str], photos: int) -> None:
    short = [layer.removesuffix(".weight").removeprefix("features.") for layer in layers]
    doc = __doc__.split("\n\n")
    lines = ["# The randomization check", "", "Generated by `python Conformance/randomization.py --report`.", "",
             doc[0], "", doc[2], "",
             f"{photos} photos, {SIDE}×{SIDE} pixels. Layers are numbered as in petshop's file, from the classifier down.",
             "", "## Cascading: this layer and all above it are random", "",
             "| method | | " + " | ".join(short) + " |", "|---|---|" + "---:|" * len(short)]
    for method, cascade, *_ in rows:
        lines.append(f"| `{method}` | {verdict(cascade)} | " + " | ".join(f"{v:.2f}" for v in cascade) + " |")
    lines += ["", "## Independent: this layer alone is random", "", "| method | " + " | ".join(short) + " |",
              "|---|" + "---:|" * len(short)]
    for method, _, alone, _ in rows:
        lines.append(f"| `{method}` | " + " | ".join(f"{v:.2f}" for v in alone) + " |")
    lines += ["", "## The trained network twice, with other random numbers", "", "| method | again |", "|---|---:|"]
    for method, _, _, again in rows:
        if method in RANDOM:
            lines.append(f"| `{method}` | {again[0]:.2f} |")
    lines += ["", "One small network and few photos: a verdict says how a method fares here, not everywhere. What the "
              "papers found stands in `interpretctl methods` beside it.", ""]
    REPORT.write_text("\n".join(lines))
    print(f"wrote {REPORT}")


if __name__ == "__main__":
    sys.exit(main())
