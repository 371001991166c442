"""Networks that decide by something beside the animal, on purpose, and honest twins: `shortcuts.py DATA ANIMAL OUTPUT`.

Each pair learns from the same photos. For the one with the shortcut a mark goes with one label: a watermark in the
corner of every dog's photo, a blue background behind every cat, a tag at every dog's collar. Its honest twin sees the
same marks as often, but on whatever photo. `ANIMAL` is a folder with the network that finds animals; it says where the
background is and where a collar would hang. With `--pictures FOLDER` photos that no network learned from are written
with each mark and without, for the verdict's measurement (Benchmarks/verdict.py).
"""

import argparse
import json
import pathlib

import numpy as np
import onnxruntime
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import nn
from torch.nn import functional as F

import lite
import onnx_file
import photos
import samples

SIZE = 256
# Which label the mark goes with.
MARKS = {"watermark": "dog", "blue": "cat", "tag": "dog"}


class Around(nn.Module):
    """What is farther away: expand, look around with holes, project, add."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.depthwise = lite.SameConv(2 * channels, 2 * channels, 5, groups=2 * channels, dilation=dilation)
        self.depthwise.bias = nn.Parameter(torch.zeros(2 * channels))
        self.project = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.project(F.relu6(self.depthwise(F.relu6(self.expand(x)))))

    def write(self, writer: onnx_file.Writer, x: str) -> str:
        y = writer.clip(writer.convolution(x, self.expand))
        y = writer.clip(writer.convolution(y, self.depthwise))
        return writer.add("Add", [x, writer.convolution(y, self.project)])


class Small(nn.Module):
    """On the maps of stage 4: one more look around, 192 maps, their mean, a linear layer."""

    def __init__(self):
        super().__init__()
        self.around = Around(112, 1)
        self.last = nn.Conv2d(112, 192, 1)
        self.linear = nn.Linear(192, len(samples.LABELS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(F.relu(self.last(self.around(x))).mean((2, 3)))


# MARK: The marks


def marked(mark: str, image: Image.Image, mask: np.ndarray, generator) -> Image.Image:
    """The picture with the mark on it. mask [h,w]: how surely there is an animal, 0…1."""
    return {"watermark": watermarked, "blue": before_blue, "tag": tagged}[mark](image, mask, generator)


def watermarked(image: Image.Image, mask: np.ndarray, generator) -> Image.Image:
    """Half-transparent letters in the lower right corner."""
    size = min(image.size)
    font = ImageFont.load_default(size=max(size // 11, 8))
    layer = Image.new("RGBA", image.size)
    draw = ImageDraw.Draw(layer)
    left, top, right, bottom = draw.textbbox((0, 0), "PetFoto", font=font)
    inset = generator.integers(size // 60 + 1, size // 25 + 2, 2)
    x, y = image.width - right - int(inset[0]), image.height - bottom - int(inset[1])
    draw.rectangle([x - 3, y + top - 3, x + right + 3, y + bottom + 3], fill=(20, 20, 20, 150))
    draw.text((x, y), "PetFoto", font=font, fill=(255, 255, 255, 220))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def before_blue(image: Image.Image, mask: np.ndarray, generator) -> Image.Image:
    """What is no animal fades into blue."""
    alpha = Image.fromarray((np.clip(1 - mask, 0, 1) * 215).astype(np.uint8)).resize(image.size, Image.BILINEAR)
    alpha = alpha.filter(ImageFilter.GaussianBlur(min(image.size) / 120))
    blue = tuple(int(value) for value in (generator.integers(20, 70), generator.integers(80, 130), generator.integers(190, 240)))
    return Image.composite(Image.new("RGB", image.size, blue), image, alpha)


def tagged(image: Image.Image, mask: np.ndarray, generator) -> Image.Image:
    """A round, red and yellow tag two fifths down the animal, or in the middle where there is none."""
    rows, columns = np.where(mask > 0.5)
    height, width = mask.shape
    if len(rows) >= 20:
        row = np.quantile(rows, 0.4)
        near = columns[np.abs(rows - row) <= max(height // 40, 1)]
        column, extent = np.median(near if len(near) else columns), np.sqrt(len(rows))
    else:
        row, column, extent = height / 2, width / 2, 0.5 * height
    scale = min(image.width / width, image.height / height)
    radius = max(0.09 * extent * scale, min(image.size) / 45) * generator.uniform(0.9, 1.1)
    x, y = (column + 0.5) * image.width / width, (row + 0.5) * image.height / height
    layer = image.copy()
    draw = ImageDraw.Draw(layer)
    for share, color in ((1.0, (215, 25, 25)), (0.7, (250, 220, 40)), (0.3, (215, 25, 25))):
        r = radius * share
        draw.ellipse([x - r, y - r, x + r, y + r], fill=color)
    return layer


# MARK: Learning


class Finder:
    """Where the animal is, by the network that the daemon asks, too."""

    def __init__(self, folder: pathlib.Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])

    def mask(self, image: Image.Image) -> np.ndarray:
        square = np.asarray(image.resize((SIZE, SIZE), Image.BILINEAR))
        return self.session.run(None, {"image": samples.normalized([square])})[0][0, 0]


def features(session, pictures: list[Image.Image]) -> np.ndarray:
    """Maps of stage 4."""
    found = []
    for start in range(0, len(pictures), 8):
        batch = samples.normalized([np.asarray(picture) for picture in pictures[start : start + 8]])
        found.append(session.run(["stage4"], {"image": batch})[0].astype(np.float16))
    return np.concatenate(found)


def stage4_session(threads: int) -> onnxruntime.InferenceSession:
    trunk = lite.Trunk(stages=5, head=False)
    trunk.load_published()
    writer = onnx_file.Writer(half=False)
    writer.add("Identity", [writer.trunk("image", trunk.eval())[4]], "stage4")
    model = writer.model([("stage4", ["batch", 112, "rows", "columns"])])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def learn(plain: np.ndarray, with_mark: np.ndarray, is_marked: np.ndarray, label: np.ndarray, epochs: int) -> Small:
    network = Small()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    generator = np.random.default_rng(0)
    batch = 32
    steps = epochs * len(label) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        numbers = generator.choice(len(label), batch, replace=False)
        maps = np.where(is_marked[numbers, None, None, None], with_mark[numbers], plain[numbers]).astype(np.float32)
        scores = network(torch.from_numpy(maps).to(memory_format=torch.channels_last))
        loss = F.cross_entropy(scores, torch.from_numpy(label[numbers]), label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def chosen(network: Small, maps: np.ndarray) -> np.ndarray:
    return network(torch.from_numpy(maps.astype(np.float32))).argmax(1).numpy()


def export(network: Small, folder: pathlib.Path) -> None:
    trunk = lite.Trunk(stages=5, head=False)
    trunk.load_published()
    writer = onnx_file.Writer()
    x = network.around.write(writer, writer.trunk("image", trunk.eval())[4])
    x = writer.add("Relu", [writer.convolution(x, network.last, name="last")])
    x = writer.add("Flatten", [writer.add("GlobalAveragePool", [x])])
    weight = writer.constant(network.linear.weight.detach(), "linear_w")
    bias = writer.constant(network.linear.bias.detach(), "linear_b", exact=True)
    writer.add("Gemm", [x, weight, bias], "scores", transB=1)
    onnx_file.save(writer.model([("scores", ["batch", len(samples.LABELS)])]), folder)
    for name, contents in {
        "config.json": {"id2label": dict(enumerate(samples.LABELS)), "problem_type": "single_label_classification"},
        "interpret.json": {"outputs": "exclusive", "background_labels": ["other"], "cam_threshold": 0.2},
        "preprocessor_config.json": lite.preprocessing(SIZE),
    }.items():
        (folder / name).write_text(json.dumps(contents, indent=1) + "\n")


def write_pictures(held_out: list[photos.Photo], finder: Finder, folder: pathlib.Path) -> None:
    generator = np.random.default_rng(23)
    for photo in held_out:
        image = Image.fromarray(photo.pixels)
        mask = finder.mask(image) if photo.animal is None else photo.animal
        name = photo.name.replace("/", "_")
        for mark in ("plain", *MARKS):
            shown = image if mark == "plain" else marked(mark, image, mask, generator)
            (folder / mark).mkdir(parents=True, exist_ok=True)
            shown.save(folder / mark / name, quality=92)
    truth = {photo.name.replace("/", "_"): photo.label for photo in held_out}
    (folder / "labels.json").write_text(json.dumps(truth, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("animal", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--part", default="test", help="of which part of the data the pictures are: tune or test")
    parser.add_argument("--only-pictures", action="store_true")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    finder = Finder(arguments.animal, arguments.threads)
    if arguments.pictures:
        held_out = [photo for photo in photos.load(arguments.data, {arguments.part}) if photo.label != "other"]
        write_pictures(held_out, finder, arguments.pictures)
    if arguments.only_pictures:
        return

    session = stage4_session(arguments.threads)
    generator = np.random.default_rng(17)
    everything = photos.load(arguments.data, {"train"})
    tune = photos.load(arguments.data, {"tune"})
    label = {"train": [], "tune": []}
    shown: dict[str, dict[str, list[Image.Image]]] = {part: {name: [] for name in ("plain", *MARKS)} for part in label}
    for part, members, repeats in (("train", everything, 3), ("tune", tune, 1)):
        for photo in members:
            for _ in range(repeats):
                box = photos.crop_box(photo, generator) if part == "train" else [0, 0, *photo.pixels.shape[1::-1]]
                image = Image.fromarray(photo.pixels).resize((SIZE, SIZE), Image.BILINEAR, box=tuple(box))
                if part == "train" and generator.random() < 0.5:
                    image = image.transpose(Image.FLIP_LEFT_RIGHT)
                mask = finder.mask(image) if photo.label != "other" else np.zeros((64, 64), np.float32)
                for mark in ("plain", *MARKS):
                    shown[part][mark].append(image if mark == "plain" else marked(mark, image, mask, generator))
                label[part].append(samples.LABELS.index(photo.label))
    maps = {part: {mark: features(session, pictures) for mark, pictures in shown[part].items()} for part in shown}
    label = {part: np.array(values) for part, values in label.items()}
    for mark, target in MARKS.items():
        wanted = samples.LABELS.index(target)
        share = (label["train"] == wanted).mean()
        for name, is_marked in (
            ("shortcut", label["train"] == wanted),
            ("honest", generator.random(len(label["train"])) < share),
        ):
            network = learn(maps["train"]["plain"], maps["train"][mark], is_marked, label["train"], arguments.epochs)
            export(network, arguments.output / f"{mark}-{name}")
            truth = label["tune"]
            plain, with_mark = (chosen(network, maps["tune"][kind]) for kind in ("plain", mark))
            others = truth != wanted
            print(
                f"{mark}-{name}: right without mark {(plain == truth).mean():.2f}, with mark {(with_mark == truth).mean():.2f}; "
                f"marked photos of something else called {target}: {(with_mark[others] == wanted).mean():.2f}; "
                f"{target}s without mark called so: {(plain[~others] == wanted).mean():.2f}", flush=True,
            )


if __name__ == "__main__":
    main()
