#!/usr/bin/env python3
"""Trains petmask, the small segmentation network of the tests, on the trimaps of photos/pets.

An encoder of convolutions and max-pools, and a decoder that puts values back to where the pools took them from
(MaxUnpool with the pools' indices; Noh et al. 2015, Badrinarayanan et al. 2017): 128×128 RGB in, one score map each for
background and pet out. Every third photo is held out. So few photos teach little: half of the training examples are
animals cut out and pasted onto photos without one.

Usage: train_segmenter.py SHARED [--steps N] [--output FOLDER]
       train_segmenter.py --reference PHOTO --output FOLDER
    SHARED holds photos/pets with trimaps, and data/retrain/other. --reference writes ONNX Runtime's score maps of a photo
    beside the model in FOLDER, for the test.

Writes model.onnx and the JSON files of a model folder, and prints the mean IoU of the animal over training and held-out
photos; pixels that the trimap calls edge count for neither.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import nn
from torch.nn import functional

SIDE = 128
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
ENCODER = [(3, 16), (16, 32), (32, 48), (48, 64)]
MIDDLE = 64
IGNORED = 255


class Petmask(nn.Module):
    """One convolution with batch normalization and ReLU a stage, four stages down and four up."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(self.block(i, o) for i, o in ENCODER)
        self.middle = nn.ModuleList([self.block(MIDDLE, MIDDLE), self.block(MIDDLE, MIDDLE)])
        self.up = nn.ModuleList(self.block(o, max(i, 16)) for i, o in reversed(ENCODER))
        self.score = nn.Conv2d(16, 2, 1)

    @staticmethod
    def block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x):
        switches = []
        for block in self.down:
            x, indices = functional.max_pool2d(block(x), 2, return_indices=True)
            switches.append(indices)
        for block in self.middle:
            x = block(x)
        for block in self.up:
            x = block(functional.max_unpool2d(x, switches.pop(), 2))
        return self.score(x)


def photo(path: pathlib.Path) -> Image.Image:
    return Image.open(path).convert("RGB")


def normalized(image: Image.Image) -> np.ndarray:
    """As the daemon prepares a photo: squeezed to 128×128, bilinear."""
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.BILINEAR), dtype=np.float32) / 255
    return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1).astype(np.float32)


def targets(trimap: Image.Image) -> np.ndarray:
    values = np.asarray(trimap.resize((SIDE, SIDE), Image.NEAREST))
    return np.where(values == 1, 1, np.where(values == 2, 0, IGNORED)).astype(np.int64)


class Examples:
    """Training examples, each made anew."""

    def __init__(self, pets: list[tuple[Image.Image, Image.Image]], scenes: list[pathlib.Path], seed: int):
        self.pets, self.scenes, self.random = pets, scenes, np.random.default_rng(seed)

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        made = [self.one() for _ in range(count)]
        return torch.from_numpy(np.stack([m[0] for m in made])), torch.from_numpy(np.stack([m[1] for m in made]))

    def one(self) -> tuple[np.ndarray, np.ndarray]:
        image, trimap = self.pets[self.random.integers(len(self.pets))]
        image, trimap = self.pasted(image, trimap) if self.random.random() < 0.5 else self.cropped(image, trimap)
        if self.random.random() < 0.5:
            image, trimap = image.transpose(Image.FLIP_LEFT_RIGHT), trimap.transpose(Image.FLIP_LEFT_RIGHT)
        angle = self.random.uniform(-15, 15)
        image = image.resize((160, 160), Image.BILINEAR).rotate(angle, Image.BILINEAR).crop((16, 16, 144, 144))
        trimap = trimap.resize((160, 160), Image.NEAREST).rotate(angle, Image.NEAREST, fillcolor=3)
        trimap = trimap.crop((16, 16, 144, 144))
        x = normalized(image)
        x = x * self.random.uniform(0.75, 1.25) + self.random.uniform(-0.4, 0.4, (3, 1, 1))
        return x.astype(np.float32), targets(trimap)

    def cropped(self, image, trimap):
        width, height = image.size
        share = self.random.uniform(0.6, 1)
        w, h = int(width * share), int(height * share)
        x, y = self.random.integers(width - w + 1), self.random.integers(height - h + 1)
        return image.crop((x, y, x + w, y + h)), trimap.crop((x, y, x + w, y + h))

    def pasted(self, image, trimap):
        scene = photo(self.scenes[self.random.integers(len(self.scenes))]).resize((256, 256), Image.BILINEAR)
        side = int(256 * self.random.uniform(0.5, 1.1))
        image, trimap = image.resize((side, side), Image.BILINEAR), trimap.resize((side, side), Image.NEAREST)
        at = tuple(int(v) for v in self.random.integers(min(0, 256 - side), max(0, 256 - side) + 1, 2))
        # The edge goes along, and counts for nothing there either.
        cut = Image.fromarray((np.asarray(trimap) != 2).astype(np.uint8) * 255)
        scene.paste(image, at, cut)
        map = Image.new("L", (256, 256), 2)
        map.paste(trimap, at, cut)
        return scene, map


def iou(network: nn.Module, pets) -> list[float]:
    network.eval()
    values = []
    with torch.no_grad():
        for image, trimap in pets:
            found = network(torch.from_numpy(normalized(image))[None]).argmax(1)[0].numpy() == 1
            truth = targets(trimap)
            counts, pet = truth != IGNORED, truth == 1
            values.append((found & pet).sum() / max(((found | pet) & counts).sum(), 1))
    network.train()
    return values


def exported(network: Petmask) -> onnx.ModelProto:
    """Written node by node: PyTorch's exporter takes max-unpooling apart into scatters."""
    nodes, weights = [], []

    def block(x: str, part: nn.Sequential, name: str) -> str:
        convolution, normalization = part[0], part[1]
        scale = normalization.weight / torch.sqrt(normalization.running_var + normalization.eps)
        weight = convolution.weight * scale[:, None, None, None]
        bias = normalization.bias - normalization.running_mean * scale
        weights.extend([numpy_helper.from_array(weight.detach().numpy(), f"{name}.weight"),
                        numpy_helper.from_array(bias.detach().numpy(), f"{name}.bias")])
        nodes.append(helper.make_node("Conv", [x, f"{name}.weight", f"{name}.bias"], [f"{name}/Conv"],
                                      kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"{name}/Conv"], [f"{name}/Relu"]))
        return f"{name}/Relu"

    x, switches = "pixel_values", []
    for index, part in enumerate(network.down):
        x = block(x, part, f"down.{index}")
        nodes.append(helper.make_node("MaxPool", [x], [f"down.{index}/MaxPool", f"down.{index}/switches"],
                                      kernel_shape=[2, 2], strides=[2, 2]))
        switches.append(f"down.{index}/switches")
        x = f"down.{index}/MaxPool"
    for index, part in enumerate(network.middle):
        x = block(x, part, f"middle.{index}")
    for index, part in enumerate(network.up):
        nodes.append(helper.make_node("MaxUnpool", [x, switches.pop()], [f"up.{index}/MaxUnpool"],
                                      kernel_shape=[2, 2], strides=[2, 2]))
        x = block(f"up.{index}/MaxUnpool", part, f"up.{index}")
    weights.extend([numpy_helper.from_array(network.score.weight.detach().numpy(), "score.weight"),
                    numpy_helper.from_array(network.score.bias.detach().numpy(), "score.bias")])
    nodes.append(helper.make_node("Conv", [x, "score.weight", "score.bias"], ["logits"], kernel_shape=[1, 1]))
    graph = helper.make_graph(
        nodes, "petmask",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2, SIDE, SIDE])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="train_segmenter.py")
    onnx.checker.check_model(model)
    return model


def settings(output: pathlib.Path) -> None:
    files = {
        "config.json": {"architectures": ["Petmask"], "id2label": {"0": "background", "1": "pet"},
                        "label2id": {"background": 0, "pet": 1}},
        "preprocessor_config.json": {
            "do_resize": True, "size": {"height": SIDE, "width": SIDE}, "resample": 2, "do_center_crop": False,
            "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": MEAN.tolist(),
            "image_std": DEVIATION.tolist()},
        "interpret.json": {"task": "segmentation", "background_labels": ["background"]},
    }
    for name, content in files.items():
        (output / name).write_text(json.dumps(content, indent=1) + "\n")


def reference(path: pathlib.Path, folder: pathlib.Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    logits, = session.run(None, {"pixel_values": normalized(photo(path))[None]})
    np.save(folder / f"{path.stem}.logits.npy", logits.astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=pathlib.Path, nargs="?")
    parser.add_argument("--reference", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(arguments.reference, arguments.output)
    if arguments.shared is None:
        parser.error("name the folder of the photos")
    torch.manual_seed(arguments.seed)

    folder = arguments.shared / "photos/pets"
    pets = [(photo(path), Image.open(folder / "trimaps" / (path.stem + ".png")).convert("L"))
            for path in sorted(folder.glob("*.jpg"))]
    held_out = pets[2::3]
    training = [pet for index, pet in enumerate(pets) if index % 3 != 2]
    scenes = sorted((arguments.shared / "data/retrain/other").glob("*.jpg"))
    examples = Examples(training, scenes, arguments.seed)

    network = Petmask()
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=arguments.steps)
    for step in range(arguments.steps):
        x, y = examples.batch(12)
        loss = functional.cross_entropy(network(x), y, ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}, held-out IoU {np.mean(iou(network, held_out)):.3f}",
                  flush=True)

    network.eval()
    print(f"{sum(p.numel() for p in network.parameters())} weights")
    print(f"mean IoU, {len(training)} training photos: {np.mean(iou(network, training)):.3f}")
    print(f"mean IoU, {len(held_out)} held-out photos: {np.mean(iou(network, held_out)):.3f}")
    everything = [np.mean(targets(t)[targets(t) != IGNORED] == 1) for _, t in held_out]
    print(f"mean IoU of calling everything pet, held-out photos: {np.mean(everything):.3f}")
    if arguments.output:
        network.eval()
        arguments.output.mkdir(parents=True, exist_ok=True)
        onnx.save(exported(network), arguments.output / "model.onnx")
        settings(arguments.output)


if __name__ == "__main__":
    main()
