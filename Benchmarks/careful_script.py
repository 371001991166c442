"""What somebody writes who wants the daemon's files without the daemon, and cares: the peer of `whole_way.py`.

    python careful_script.py MODEL_FOLDER PHOTO… [--animal ANIMAL_FOLDER] [--forward torch|openvino] [--out DIR]

Photos are decoded by Pillow in draft mode (libjpeg's scaled decoding), networks are PyTorch's with channels_last and in inference
mode wherever no gradient is wanted, batches have one size, pictures are drawn and encoded by OpenCV, and two photos are in work at
once, one thread each, which is faster here than one photo with two threads. `--forward openvino` asks OpenVINO for everything that
needs no gradient.

For each photo it writes PHOTO.overlay.jpg, PHOTO.saliency.jpg and PHOTO.boxes.json: predictions, the class activation map's box,
the gradient's picture, and the probability with the box hidden, alone, and as much hidden elsewhere. With an animal network also
what the daemon's verdict asks: the animal's mask, the class with the animal, all else, four places elsewhere, three spots and eight
pieces hidden, by three fillings where the daemon uses three, and the shares of class activation map, LRP (zennit) and pieces on the
animal.

It reads `interpret.json`, `config.json` and `preprocessor_config.json` (a plain resize) of the model folders. Networks must end in
global average pooling and one linear layer. Prints a JSON line a photo.
"""

import argparse
import copy
import hashlib
import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

import cv2
import numpy as np
import onnx
import torch
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Conformance"))
import torchvision_models  # noqa: E402, F401 (makes torchvision importable, which onnx2torch imports)
import onnx2torch  # noqa: E402

PICTURE = 960
WORKERS = 2
BATCH = 4


def single_precision(path: Path) -> onnx.ModelProto:
    """The network with its weights as it computes with them: halves that the graph casts are cast here."""
    model = onnx.load(path)
    weights = {weight.name: weight for weight in model.graph.initializer}
    for node in [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in weights]:
        values = onnx.numpy_helper.to_array(weights[node.input[0]]).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)
    used = {name for node in model.graph.node for name in node.input}
    for weight in [weight for weight in model.graph.initializer if weight.name not in used]:
        model.graph.initializer.remove(weight)
    return model


class Network:
    """A network of a model folder, as PyTorch's module and, where wanted, as OpenVINO's."""

    def __init__(self, folder: Path, openvino: bool):
        graph = single_precision(folder / "model.onnx")
        self.module = onnx2torch.convert(graph).eval().to(memory_format=torch.channels_last)
        for parameter in self.module.parameters():
            parameter.requires_grad_(False)
        self.compiled = None
        if openvino:
            import openvino as ov

            core = ov.Core()
            model = core.read_model(graph.SerializeToString())
            self.compiled = core.compile_model(
                model, "CPU", {"INFERENCE_NUM_THREADS": WORKERS, "NUM_STREAMS": WORKERS, "INFERENCE_PRECISION_HINT": "f32"})
        self.settings = json.loads((folder / "interpret.json").read_text())
        labels = json.loads((folder / "config.json").read_text())["id2label"]
        self.labels = [labels[key] for key in sorted(labels, key=int)]
        reading = json.loads((folder / "preprocessor_config.json").read_text())
        self.size = (reading["size"]["width"], reading["size"]["height"])
        self.mean = np.asarray(reading["image_mean"], np.float32)
        self.scale = 1 / np.asarray(reading["image_std"], np.float32)

    def input(self, photo: Image.Image) -> torch.Tensor:
        """[1,C,H,W], channels last."""
        small = np.asarray(photo.resize(self.size, Image.BILINEAR, reducing_gap=2.0), np.float32) / 255
        return torch.from_numpy((small - self.mean) * self.scale).permute(2, 0, 1).unsqueeze(0).to(
            memory_format=torch.channels_last)

    def worker(self) -> "Worker":
        return Worker(self)


class Worker:
    """One thread's own copy of what is not safe to share."""

    def __init__(self, network: Network):
        self.network = network
        self.module = copy.deepcopy(network.module)
        self.request = network.compiled.create_infer_request() if network.compiled else None
        self.features = None
        for module in self.module.modules():
            if "GlobalAveragePool" in type(module).__name__:
                module.register_forward_pre_hook(self.keep)
        linear = [module for module in self.module.modules() if isinstance(module, torch.nn.Linear)]
        self.weights = linear[-1].weight if linear else None

    def keep(self, _, inputs):
        self.features = inputs[0].detach()

    def ask(self, batch: torch.Tensor) -> np.ndarray:
        """Outputs of a batch, without a gradient."""
        if self.request:
            return self.request.infer([batch.contiguous().numpy()])[0].copy()
        with torch.inference_mode():
            return self.module(batch).numpy()

    def relevance(self, x: torch.Tensor, index: int) -> np.ndarray:
        """[C,H,W] by zennit's epsilon-plus."""
        from zennit.composites import EpsilonPlus

        with EpsilonPlus().context(self.module) as module:
            x = x.clone().requires_grad_()
            scores = module(x)
            seed = torch.zeros_like(scores)
            seed[0, index] = scores[0, index].detach()
            return torch.autograd.grad(scores, x, seed)[0][0].numpy()


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def fill(x: np.ndarray, hidden: np.ndarray, how: str) -> np.ndarray:
    """[C,H,W] with the pixels of `hidden` [H,W] filled."""
    filled = np.where(hidden, np.float32(0), x)
    if how == "mean" or hidden.all() or not hidden.any():
        return filled
    if how == "inpainted":
        # Grown from the edge inwards, at a quarter of the size, as the hole is smooth.
        small = cv2.resize(filled.transpose(1, 2, 0), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        low, high = small.min(), small.max()
        bytes_ = ((small - low) / max(high - low, 1e-6) * 255).astype(np.uint8)
        hole = cv2.resize(hidden.astype(np.uint8), bytes_.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        grown = cv2.inpaint(bytes_, hole, 3, cv2.INPAINT_TELEA).astype(np.float32) / 255 * (high - low) + low
        grown = cv2.resize(grown, hidden.shape[::-1]).transpose(2, 0, 1)
        return np.where(hidden, grown, x)
    weight = (~hidden).astype(np.float32)
    radius = hidden.shape[0] / 10
    over, under = x.transpose(1, 2, 0) * weight[..., None], weight
    blurred, total = (cv2.GaussianBlur(plane, (0, 0), radius) for plane in (over, under))
    return np.where(hidden, (blurred / np.maximum(total, 1e-4)[..., None]).transpose(2, 0, 1), x)


def halves(mask: np.ndarray, count: int) -> list[np.ndarray]:
    """A mask cut into pieces of equal area."""
    ys, xs = np.nonzero(mask)
    if count < 2 or len(ys) < count:
        return [mask] if len(ys) else []
    order = np.argsort(xs if np.ptp(xs) > np.ptp(ys) else ys, kind="stable")
    pieces = []
    first = count // 2
    for part, number in ((order[: len(order) * first // count], first), (order[len(order) * first // count :], count - first)):
        piece = np.zeros_like(mask)
        piece[ys[part], xs[part]] = True
        pieces += halves(piece, number)
    return pieces


def places(region: np.ndarray, most: int) -> list[np.ndarray]:
    """As many pixels elsewhere."""
    rest, area = ~region, int(region.sum())
    if rest.sum() < area or area == 0:
        return []
    ys, xs = np.nonzero(rest)
    height, width = region.shape
    found = []
    for y, x in [(0, 0), (height - 1, width - 1), (0, width - 1), (height - 1, 0)][:most]:
        near = np.argpartition((ys - y) ** 2 + (xs - x) ** 2, area - 1)[:area]
        place = np.zeros_like(region)
        place[ys[near], xs[near]] = True
        found.append(place)
    return found


def spots(relevance: np.ndarray, region: np.ndarray) -> list[np.ndarray]:
    """The three squares with most positive relevance on the animal."""
    positive = np.maximum(relevance.sum(0), 0)
    side = max(round((region.sum() * 0.08) ** 0.5), 3)
    found = []
    for _ in range(3):
        sums = cv2.boxFilter(positive, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
        y, x = np.unravel_index(np.argmax(np.where(region, sums, 0)), sums.shape)
        spot = np.zeros_like(region)
        spot[max(y - side // 2, 0) : y + side // 2 + 1, max(x - side // 2, 0) : x + side // 2 + 1] = True
        positive[spot] = 0
        found.append(spot)
    return found


def share(values: np.ndarray, region: np.ndarray) -> float | None:
    positive = np.maximum(values, 0)
    total = float(positive.sum())
    return float(positive[region].sum()) / total if total > 0 else None


class Script:
    def __init__(self, arguments):
        openvino = arguments.forward == "openvino"
        self.network = Network(arguments.model, openvino)
        self.animal = Network(arguments.animal, openvino) if arguments.animal else None
        self.out = arguments.out
        self.own = local()

    def workers(self) -> tuple[Worker, Worker | None]:
        if not hasattr(self.own, "workers"):
            self.own.workers = (self.network.worker(), self.animal.worker() if self.animal else None)
        return self.own.workers

    def warm(self, path: Path):
        self.work(path, writes=False)

    def probabilities(self, worker: Worker, images: list[np.ndarray], index: int) -> list[tuple[float, float]]:
        """Score and probability of each image [C,H,W], in batches of one size."""
        size = min(BATCH, max(len(images), 1))
        readings = []
        for start in range(0, len(images), size):
            some = images[start : start + size]
            some += [np.zeros_like(some[0])] * (size - len(some))
            scores = worker.ask(torch.from_numpy(np.stack(some)).to(memory_format=torch.channels_last))
            readings += zip(scores[:, index].tolist(), softmax(scores)[:, index].tolist())
        return readings[: len(images)]

    def work(self, path: Path, writes: bool = True) -> dict:
        began = time.perf_counter()
        worker, animal = self.workers()
        network = self.network
        content = path.read_bytes()
        photo = Image.open(io.BytesIO(content))
        full = photo.size
        photo.draft("RGB", (max(PICTURE, 2 * network.size[0]),) * 2)
        photo = ImageOps.exif_transpose(photo).convert("RGB")
        picture = np.asarray(photo)[..., ::-1]
        height, width = picture.shape[:2]

        x = network.input(photo)
        with torch.enable_grad():
            leaf = x.clone(memory_format=torch.preserve_format).requires_grad_()
            scores = worker.module(leaf)
            index = int(scores[0].argmax())
            gradient = torch.autograd.grad(scores[0, index], leaf)[0]
        saliency = gradient[0].abs().amax(0).numpy()
        scores = scores.detach()[0].numpy()
        probability = softmax(scores)
        label = network.labels[index]
        # The head is linear, so the map is its weights' sum of the last convolution's maps (Zhou et al. 2016).
        cam = torch.einsum("k,khw->hw", worker.weights[index], worker.features[0]).numpy()
        heat = cv2.resize(cam, (width, height), interpolation=cv2.INTER_LINEAR)
        found = label not in network.settings.get("background_labels", [])
        boxes = []
        if found and heat.max() > 0:
            mask = (heat >= network.settings.get("cam_threshold", 0.2) * heat.max()).astype(np.uint8)
            _, _, regions, _ = cv2.connectedComponentsWithStats(mask)
            regions = sorted(regions[1:].tolist(), key=lambda region: -region[4])
            boxes = [region[:4] for region in regions if region[4] * 2 >= regions[0][4]]
        document = {
            "photo": {"file": path.name, "width": full[0], "height": full[1], "sha256": hashlib.sha256(content).hexdigest()},
            "predictions": [
                {"label": network.labels[i], "score": float(scores[i]), "probability": float(probability[i])}
                for i in np.argsort(-scores)[:5].tolist()],
            "boxes": [[round(edge * full[0] / width) for edge in box] for box in boxes],
        }
        outline = None
        if found:
            document["evidence"], outline = self.evidence(worker, animal, photo, x, index, float(scores[index]), boxes, cam, (width, height))
        overlay = self.overlay(picture, heat, boxes, outline, f"{label} {probability[index]:.0%}")
        grey = self.grey(picture, saliency)
        if writes:
            target = (self.out or path.parent) / path.name
            Path(f"{target}.overlay.jpg").write_bytes(overlay)
            Path(f"{target}.saliency.jpg").write_bytes(grey)
            Path(f"{target}.boxes.json").write_text(json.dumps(document, indent=1))
        return {"file": path.name, "label": label, "boxes": document["boxes"], "ms": (time.perf_counter() - began) * 1000}

    def evidence(self, worker, animal, photo, x, index, score, boxes, cam, size):
        """What the class's probability becomes with parts hidden."""
        image = x[0].contiguous().numpy()
        parts: list[tuple[str, np.ndarray, str]] = []
        if boxes:
            box = np.zeros(image.shape[1:], bool)
            left, top, wide, high = boxes[0]
            across, down = image.shape[2] / size[0], image.shape[1] / size[1]
            box[int(top * down) : int((top + high) * down) + 1, int(left * across) : int((left + wide) * across) + 1] = True
            parts += [("box", box, "mean"), ("onlyBox", ~box, "mean")]
            parts += [("elsewhereThanBox", place, "mean") for place in places(box, 1)]
        region, answer = None, {}
        if animal:
            sight = animal.ask(animal.network.input(photo))[0, 0]
            mask = (cv2.resize(sight, image.shape[:0:-1]) > 0.5).astype(np.uint8)
            if mask.any():
                outline = mask
                rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
                region = cv2.dilate(mask, rim).astype(bool)
                relevance = worker.relevance(x, index)
                on = min(max(round(8 * region.mean()), 1), 7)
                parts += [("without", region, how) for how in ("blurred", "mean", "inpainted")]
                parts += [("only", ~region, how) for how in ("blurred", "mean", "inpainted")]
                parts += [("elsewhere", place, "blurred") for place in places(region, 4)]
                parts += [("spot", spot, "blurred") for spot in spots(relevance, region)]
                parts += [("on", piece, "mean") for piece in halves(region, on)]
                parts += [("beside", piece, "mean") for piece in halves(~region, 8 - on)]
        readings = self.probabilities(worker, [fill(image, hidden, how) for _, hidden, how in parts], index)
        for (name, _, _), (lost, probability) in zip(parts, readings):
            answer.setdefault(name, []).append(score - lost if name in ("on", "beside") else probability)
        if region is not None:
            lost = [sum(max(value, 0) for value in answer.pop(name, [])) for name in ("on", "beside")]
            answer["shares"] = {
                "expected": float(region.mean()), "lrp": share(relevance.sum(0), region),
                "cam": share(cv2.resize(cam, image.shape[:0:-1], interpolation=cv2.INTER_NEAREST), region),
                "hiding": lost[0] / sum(lost) if sum(lost) > 0 else None,
            }
            return answer, outline
        return answer, None

    @staticmethod
    def overlay(picture, heat, boxes, outline, words):
        span = max(float(heat.max()), 1e-6)
        strength = np.clip(heat / span, 0, 1)
        colours = cv2.applyColorMap((strength * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
        opacity = (strength * 0.6)[..., None]
        drawn = (picture * (1 - opacity) + colours * opacity).astype(np.uint8)
        levels = (strength * 4).astype(np.uint8)
        for level in (1, 2, 3):
            contours, _ = cv2.findContours((levels >= level).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            cv2.drawContours(drawn, contours, -1, (255, 255, 255), 1, cv2.LINE_AA)
        if outline is not None:
            mask = cv2.resize(outline, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
            contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            cv2.drawContours(drawn, contours, -1, (0, 220, 0), 2, cv2.LINE_AA)
        for left, top, wide, high in boxes:
            cv2.rectangle(drawn, (left, top), (left + wide, top + high), (0, 0, 255), 3)
        cv2.rectangle(drawn, (0, 0), (drawn.shape[1], 36), (0, 0, 0), -1)
        cv2.putText(drawn, words, (8, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
        return cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()

    @staticmethod
    def grey(picture, saliency):
        high = max(float(np.quantile(saliency, 0.99)), 1e-12)
        light = cv2.resize(np.clip(saliency / high, 0, 1), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        dimmed = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) * 0.35
        drawn = np.maximum(dimmed, light * 255).astype(np.uint8)
        return cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--animal", type=Path)
    parser.add_argument("--forward", choices=["torch", "openvino"], default="torch")
    parser.add_argument("--out", type=Path, help="where to write; beside the photos by default")
    parser.add_argument("--singly", action="store_true", help="one photo at a time with both threads, for its latency")
    arguments = parser.parse_args()
    workers = 1 if arguments.singly else WORKERS
    torch.set_num_threads(2 if arguments.singly else 1)
    cv2.setNumThreads(2 if arguments.singly else 1)
    script = Script(arguments)
    with ThreadPoolExecutor(workers) as pool:
        # The first of each thread is compiled, allocated and thrown away.
        list(pool.map(script.warm, arguments.photos[:1] * workers))
        print(json.dumps({"ready": True}), flush=True)
        began = time.perf_counter()
        for result in pool.map(script.work, arguments.photos):
            print(json.dumps(result), flush=True)
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main()
