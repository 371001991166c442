"""Which map and which threshold find the animal best: `localization.py MODEL DATA [--report PHOTOS]`, a model folder.

MaxBoxAcc and MaxBoxAccV2 (Choe et al. 2020): the box around the largest connected part of a map above a threshold is
right where it overlaps the true box by 0.5 (V2: the mean over 0.3, 0.5 and 0.7), at the threshold that is best on the
photos kept for choosing. With `--report`, also the same threshold on the photos that are only reported on. Grad-CAM and
Layer-CAM are pytorch-grad-cam's. The animals are those of `pets-train` kept for choosing, and the same pasted at 20 to
70 % of the side into scenes.
"""

import argparse
import json
import pathlib
import sys

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from PIL import Image

import labels
import photos
import samples

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "Conformance"))
import torchvision_models  # noqa: E402, F401: defines the operators that the wheel lacks, before the peer looks

from pytorch_grad_cam import GradCAM, LayerCAM  # noqa: E402
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

THRESHOLDS = np.arange(0.02, 0.9, 0.02)
OVERLAPS = (0.3, 0.5, 0.7)


class Whole(torch.nn.Module):
    """The very network that is bundled, pixels to scores, with the layer that the peers hook."""

    def __init__(self, file: pathlib.Path):
        super().__init__()
        graph = onnx.load(file).graph
        self.values = {
            constant.name: torch.nn.Parameter(torch.from_numpy(numpy_helper.to_array(constant).astype(np.float32)))
            for constant in graph.initializer
        }
        # The peers ask for gradients of what parameters have had a part in.
        self.parameters_of_graph = torch.nn.ParameterList(self.values.values())
        self.nodes = [node for node in graph.node if node.op_type != "Cast"]
        # Weights of half precision are cast to single before they are used, which has been done here.
        self.values |= {node.output[0]: self.values[node.input[0]] for node in graph.node if node.op_type == "Cast"}
        pooling = next(node for node in self.nodes if node.op_type == "GlobalAveragePool")
        self.input, self.output, self.pooled = graph.input[0].name, graph.output[0].name, pooling.input[0]
        self.weights = self.values[self.nodes[-1].input[1]]
        self.last = torch.nn.ReLU6()

    def forward(self, x: torch.Tensor, until: str | None = None) -> torch.Tensor:
        values = self.values | {self.input: x}
        for node in self.nodes:
            first, *others = (values[name] for name in node.input)
            options = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
            match node.op_type:
                case "Conv":
                    top, left, bottom, right = options.get("pads", [0] * 4)
                    found = torch.nn.functional.conv2d(
                        torch.nn.functional.pad(first, (left, right, top, bottom)), *others, stride=options.get("strides", 1),
                        dilation=options.get("dilations", 1), groups=options.get("group", 1))
                case "Clip": found = self.last(first) if node.output[0] == self.pooled else first.clamp(0, 6)
                case "Add": found = first + others[0]
                case "GlobalAveragePool": found = first.mean((2, 3), keepdim=True)
                case "Flatten": found = first.flatten(1)
                case "Gemm": found = torch.nn.functional.linear(first, *others)
                case _: raise NotImplementedError(node.op_type)
            values[node.output[0]] = found
            if node.output[0] == until:
                break
        return values[until or self.output]

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        return self(x, until=self.pooled)


def tensor(pixels: np.ndarray, size: int) -> torch.Tensor:
    return torch.from_numpy(samples.normalized([np.asarray(Image.fromarray(pixels).resize((size, size), Image.BILINEAR))]))


@torch.no_grad()
def activation(network: Whole, x: torch.Tensor, label: int) -> np.ndarray:
    return torch.einsum("c,chw->hw", network.weights[label], network.maps(x)[0]).numpy()


def methods(network: Whole):
    """Name to a function of pixels and label that gives a map."""

    def cam(size):
        return lambda pixels, label: activation(network, tensor(pixels, size), label)

    def flipped(size):
        def both(pixels, label):
            mirrored = activation(network, tensor(pixels[:, ::-1].copy(), size), label)[:, ::-1]
            return activation(network, tensor(pixels, size), label) + mirrored

        return both

    def scales(sizes):
        def all_of_them(pixels, label):
            side = max(sizes) // 16
            return sum(cv2.resize(activation(network, tensor(pixels, size), label), (side, side)) for size in sizes)

        return all_of_them

    def peer(kind):
        explainer = kind(network, [network.last])
        return lambda pixels, label: explainer(tensor(pixels, 256), [ClassifierOutputTarget(label)])[0]

    return {
        "CAM, 256": cam(256), "CAM, 288": cam(288), "CAM, 320": cam(320), "CAM, 384": cam(384),
        "CAM, 256 and mirrored": flipped(256), "CAM, 256 + 320 + 384": scales([256, 320, 384]),
        "Grad-CAM of pytorch-grad-cam": peer(GradCAM), "Layer-CAM of pytorch-grad-cam": peer(LayerCAM),
    }


def overlaps(found: np.ndarray, truth: list[float], width: int, height: int) -> np.ndarray:
    """IoU of the largest part's box with the true one, for each threshold."""
    big = cv2.resize(np.maximum(found, 0).astype(np.float32), (width, height))
    values = []
    for threshold in THRESHOLDS:
        cells = (big >= threshold * max(big.max(), 1e-9)).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
        x, y, w, h, _ = stats[1:][stats[1:, 4].argmax()] if len(stats) > 1 else (0, 0, width, height, 0)
        inner = max(min(x + w, truth[0] + truth[2]) - max(x, truth[0]), 0) * max(
            min(y + h, truth[1] + truth[3]) - max(y, truth[1]), 0
        )
        values.append(inner / (w * h + truth[2] * truth[3] - inner))
    return np.array(values)


def box_of(mask: np.ndarray) -> list[float]:
    rows, columns = np.where(mask > 0.5)
    return [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]


def tuning_photos(data: pathlib.Path):
    """(set, pixels, label, true box)"""
    everything = photos.load(data, {"tune", "calibrate"})
    pets = [photo for photo in everything if photo.animal is not None and photo.label != "other"]
    scenes = [photo for photo in everything if photo.label == "other"]
    for photo in pets:
        yield "pets", photo.pixels, photo.label, box_of(photo.animal)
    generator = np.random.default_rng(9)
    for photo in pets:
        picture = photos.pasted([photo], scenes[generator.integers(len(scenes))], 512, generator)
        while picture is None or not 0.2 < picture.largest_side < 0.7:
            picture = photos.pasted([photo], scenes[generator.integers(len(scenes))], 512, generator)
        mask = np.asarray(Image.fromarray(picture.animal).resize((512, 512), Image.BILINEAR))
        yield "scenes", picture.pixels, photo.label, box_of(mask)


def reported_photos(folder: pathlib.Path):
    for name in ("pets", "scenes"):
        for truth in json.loads((folder / name / "truth.json").read_text()):
            yield name, np.asarray(Image.open(folder / name / truth["file"]).convert("RGB")), truth["label"], truth["bbox"]


def table(found) -> dict[str, np.ndarray]:
    """By set: [photos, thresholds]."""
    sets: dict[str, list[np.ndarray]] = {}
    for name, values in found:
        sets.setdefault(name, []).append(values)
    return {name: np.array(values) for name, values in sets.items()}


def accuracy(values: np.ndarray) -> np.ndarray:
    """[overlaps, thresholds]"""
    return np.array([(values >= overlap).mean(axis=0) for overlap in OVERLAPS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    network = Whole(arguments.model / "model.onnx").eval()
    sources = {"choosing": list(tuning_photos(arguments.data))}
    if arguments.report:
        sources["reported"] = list(reported_photos(arguments.report))
    print("| map | photos | set | MaxBoxAcc (0.5) | MaxBoxAccV2 | threshold |\n|---|---|---|---:|---:|---:|")
    for name, method in methods(network).items():
        best = None
        for source, members in sources.items():
            found = table(
                (kind, overlaps(method(pixels, labels.LABELS.index(label)), truth, *pixels.shape[1::-1]))
                for kind, pixels, label, truth in members
            )
            curves = {kind: accuracy(values) for kind, values in found.items()}
            if best is None:
                # One threshold for both sets, chosen where both are best in the mean.
                best = int(sum(curve.mean(axis=0) for curve in curves.values()).argmax())
            for kind, curve in curves.items():
                print(f"| {name} | {source} | {kind} | {100 * curve[1, best]:.1f} % | {100 * curve[:, best].mean():.1f} % "
                      f"| {THRESHOLDS[best]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
