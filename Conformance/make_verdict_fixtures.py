"""Makes Tests/Fixtures/models/reads-centre, reads-corner, sees-light, tells-directions, overflows and finds-stripes: it is
known where they look.

    .venv-conformance/bin/python Conformance/make_verdict_fixtures.py

The first two see vertical stripes (the second difference along a row, rectified) in one place of a photo of 96×96 pixels, whatever
is elsewhere, in cells of 8×8 pixels, and call the photo a cat where there are some: a watermark in the corner, or what
is in the centre. The third sees what is lighter than grey anywhere, and needs much of it: what is small in a photo it
sees on a closer look. The last one says of each pixel whether it is an animal: one with stripes a few pixels wide, which it
does not find again when they are enlarged, or lighter than grey. `tells-directions` calls vertical stripes a cat and horizontal
ones a dog, whichever there is more of.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent.parent / "Tests/Fixtures/models"
SIDE = 96
# Of the place that is read, and the score of a cat: SLOPE · (mean response − MIDDLE).
PLACE, SLOPE, MIDDLE = 32, 60.0, 0.04


def place(left: int, top: int) -> np.ndarray:
    mask = np.zeros((1, 1, SIDE, SIDE), np.float32)
    mask[:, :, top:top + PLACE, left:left + PLACE] = 1
    return mask


# What is added up along a row, where, and the mean response in the middle between cat and dog.
NETWORKS = {
    "reads-centre": ([-1, 2, -1], place(32, 32), MIDDLE),
    "reads-corner": ([-1, 2, -1], place(0, 0), MIDDLE),
    "sees-light": ([0, 1, 0], np.ones((1, 1, SIDE, SIDE), np.float32), 0.1),
}


def network(row: list[int], place: np.ndarray, middle: float) -> onnx.ModelProto:
    kernel = np.broadcast_to(np.array(row, np.float32) / 3, (1, 3, 1, 3))
    weights = {
        "kernel": kernel, "place": place, "weight": np.array([[SLOPE], [-SLOPE]], np.float32),
        "bias": np.array([-SLOPE * middle, SLOPE * middle], np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["difference"], pads=[0, 1, 0, 1]),
        helper.make_node("Relu", ["difference"], ["stripes"]),
        helper.make_node("Mul", ["stripes", "place"], ["here"]),
    ] + scored("here")
    return model(nodes, "reader", ("logits", ["n", 2]), weights)


def scored(maps: str) -> list:
    """From maps to the scores of a linear layer over the mean of their cells."""
    return [
        helper.make_node("AveragePool", [maps], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("GlobalAveragePool", ["cells"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("Gemm", ["mean", "weight", "bias"], ["logits"], transB=1),
    ]


def directions() -> onnx.ModelProto:
    """SLOPE · the mean response to stripes of either direction; 1 for nothing."""
    line = np.array([-1, 2, -1], np.float32) / 3
    across, down = np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32)
    across[1], down[:, 1] = line, line
    weights = {
        "kernel": np.stack([np.stack([across] * 3), np.stack([down] * 3)]),
        "weight": np.array([[SLOPE, 0], [0, SLOPE], [0, 0]], np.float32), "bias": np.array([0, 0, 1], np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["difference"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["difference"], ["stripes"]),
    ] + scored("stripes")
    return model(nodes, "directions", ("logits", ["n", 3]), weights)


def overflow() -> onnx.ModelProto:
    """exp(200 · light) and its opposite, with the mean light −1…1: infinite for a white photo."""
    weights = {
        "kernel": np.full((1, 3, 1, 1), 200 / 3, np.float32), "weight": np.array([[1], [-1]], np.float32),
        "bias": np.zeros(2, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["light"]),
        helper.make_node("GlobalAveragePool", ["light"], ["pooled"]),
        helper.make_node("Exp", ["pooled"], ["large"]),
        helper.make_node("Flatten", ["large"], ["mean"]),
        helper.make_node("Gemm", ["mean", "weight", "bias"], ["logits"], transB=1),
    ]
    return model(nodes, "overflow", ("logits", ["n", 2]), weights)


def model(nodes: list, name: str, output: tuple[str, list], weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in weights.items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made


def finder() -> onnx.ModelProto:
    """For each pixel 12·|second difference along the row| + 20·max(light − 0.5, 0) − 6, with light −1…1."""
    rows = np.array([[-1, 2, -1], [1, -2, 1], [0, 1, 0]], np.float32) / 3
    weights = {
        "kernel": np.broadcast_to(rows[:, None, None, :], (3, 3, 1, 3)), "offset": np.array([0, 0, -0.5], np.float32),
        "sum": np.array([12, 12, 20], np.float32).reshape(1, 3, 1, 1), "bias": np.array([-6], np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel", "offset"], ["differences"], pads=[0, 1, 0, 1]),
        helper.make_node("Relu", ["differences"], ["found"]),
        helper.make_node("Conv", ["found", "sum", "bias"], ["animal"]),
    ]
    return model(nodes, "finder", ("animal", ["n", 1, SIDE, SIDE]), weights)


def write(name: str, network: onnx.ModelProto, labels: list[str], settings: dict) -> None:
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(network, folder / "model.onnx")
    files = {
        "config.json": {"id2label": {str(index): label for index, label in enumerate(labels)}},
        "interpret.json": settings,
        "preprocessor_config.json": {
            "size": {"height": SIDE, "width": SIDE}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    }
    for file, contents in files.items():
        (folder / file).write_text(json.dumps(contents) + "\n")


def main() -> None:
    for name, parts in NETWORKS.items():
        settings = {"outputs": "exclusive", **({"background_labels": ["dog"]} if name == "sees-light" else {})}
        write(name, network(*parts), ["cat", "dog"], settings)
    write("tells-directions", directions(), ["cat", "dog", "nothing"], {
        "outputs": "exclusive", "background_labels": ["nothing"]})
    write("overflows", overflow(), ["cat", "dog"], {"outputs": "exclusive"})
    write("finds-stripes", finder(), ["background", "animal"], {
        "task": "segmentation", "background_labels": ["background"], "animal_labels": ["animal"]})


if __name__ == "__main__":
    main()
