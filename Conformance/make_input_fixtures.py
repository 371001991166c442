"""Makes Tests/Fixtures/inputs: one small network behind every kind of image input that people's networks have.

    python Conformance/make_input_fixtures.py

Each folder is a model folder. `float-C` takes C planes that its folder rescales and normalizes; `TYPE-LAYOUT-C` takes
samples of 0 to 255 of that type, in planes or with the channels last, and rescales and normalizes them itself. Of the same
C all hold the same weights. Beside each lies `expected.json`: its scores of the demo photo, as Pillow decodes and resizes
it and ONNX Runtime computes it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "Tests" / "Fixtures" / "inputs"
PHOTO = ROOT / "Documentation" / "demo" / "cat.jpg"
SIDE, CLASSES, FILTERS = 48, 3, 8
TYPES = {"uint8": (TensorProto.UINT8, np.uint8), "int32": (TensorProto.INT32, np.int32),
         "float16": (TensorProto.FLOAT16, np.float16)}
# By number of channels: how Pillow calls such pictures, and how they are normalized. An opaque photo's alpha is 255.
CHANNELS = {1: ("L", [0.45], [0.25]), 3: ("RGB", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            4: ("RGBA", [0.485, 0.456, 0.406, 0.5], [0.229, 0.224, 0.225, 0.5])}


def network(channels: int, kind: str | None, layout: str) -> onnx.ModelProto:
    """The network; where `kind` names a type, with the preprocessing inside."""
    generator = np.random.default_rng(channels)
    _, mean, std = CHANNELS[channels]
    values = {
        "first": generator.normal(0, 0.4, (FILTERS, channels, 3, 3)), "second": generator.normal(0, 0.3, (FILTERS, FILTERS, 3, 3)),
        "head": generator.normal(0, 1, (CLASSES, FILTERS)), "bias": generator.normal(0, 1, CLASSES),
        "mean": 255 * np.reshape(mean, (1, -1, 1, 1)), "deviation": 255 * np.reshape(std, (1, -1, 1, 1)),
    }
    nodes, image = [], "image"
    if kind:
        nodes.append(helper.make_node("Cast", [image], ["samples"], to=TensorProto.FLOAT))
        image = "samples"
        if layout == "pixels":
            nodes.append(helper.make_node("Transpose", [image], ["planes"], perm=[0, 3, 1, 2]))
            image = "planes"
        nodes += [helper.make_node("Sub", [image, "mean"], ["centred"]),
                  helper.make_node("Div", ["centred", "deviation"], ["normal"])]
        image = "normal"
    else:
        del values["mean"], values["deviation"]
    nodes += [
        helper.make_node("Conv", [image, "first"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]), helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("GlobalAveragePool", ["d"], ["e"]), helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("Gemm", ["f", "head", "bias"], ["scores"], transB=1),
    ]
    extents = ["N", SIDE, SIDE, channels] if layout == "pixels" else ["N", channels, SIDE, SIDE]
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("image", TYPES[kind][0] if kind else TensorProto.FLOAT, extents)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def photo(channels: int) -> np.ndarray:
    """The demo photo's samples, [H,W,C] of 0 to 255."""
    image = Image.open(PHOTO).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image.convert(CHANNELS[channels][0])).reshape(SIDE, SIDE, channels)


def write(name: str, channels: int, kind: str | None, layout: str) -> None:
    model = network(channels, kind, layout)
    _, mean, std = CHANNELS[channels]
    samples = photo(channels)
    if kind:
        x = samples.astype(TYPES[kind][1])
        preprocessing = {"do_rescale": False, "do_normalize": False}
    else:
        x = ((samples / 255 - mean) / std).astype(np.float32)
        preprocessing = {"do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": mean, "image_std": std}
    if layout == "planes":
        x = x.transpose(2, 0, 1)
    scores = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"image": x[None]})[0][0]
    folder = FIXTURES / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    size = {"do_resize": True, "size": {"height": SIDE, "width": SIDE}, "resample": 2, "do_center_crop": False}
    for file, content in (("preprocessor_config.json", size | preprocessing), ("expected.json", scores.tolist()),
                          ("config.json", {"id2label": {"0": "a", "1": "b", "2": "c"}})):
        (folder / file).write_text(json.dumps(content, indent=1) + "\n")
    print(name, scores)


def main() -> None:
    for channels in CHANNELS:
        write(f"float-{channels}", channels, None, "planes")
        for kind in TYPES:
            for layout in ("planes", "pixels"):
                write(f"{kind}-{layout}-{channels}", channels, kind, layout)


if __name__ == "__main__":
    main()
