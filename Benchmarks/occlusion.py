"""Times occlusion against Captum's, in one run, and shows where the time goes.

    python Benchmarks/occlusion.py --swift-bench EXECUTABLE [--only NETWORK …] [--grid 16/4 32/8]
                                   [--adaptive [NETWORK …]] [--check]

Both sides get the same network, the same photo, windows filled with zeros and two threads. Captum's `Occlusion` is
given what it likes best: parameters without gradients, inference mode, the faster of PyTorch's two memory layouts, and
the fastest `perturbations_per_eval` of 1, 8, 32 and 128, each tried here. What one position costs Captum does not
depend on where it is, and a whole run takes up to half an hour, so only some of its evaluations are timed, some before
the engine's turn and some after it; the clock runs inside of Captum's own loop, which is left after that many. The
engine sweeps the whole grid, twice: the first time it compiles, and the second time counts (the first is shown too).
The ratio is positions per second over positions per second. Beside it stands the ratio of processor times, which other
programs on the machine change less.

At some places the engine's scores are compared with PyTorch's for the image hidden there.

The second table says where the engine's time goes: the share of the multiplications of a whole pass that is saved, how
fast those that are left are done, as a share of the rate of a large matrix product (sgemm), both per second of
processor time, and what part of the time is spent on putting clean neighbours beside what has changed (grafting). The third, with
--growth, how the cost grows with the side of the image and with the number of windows.

--adaptive times `--precision adaptive` as well, on the demo photo and, where SHARED is there, on eleven others, and
compares every map with the exact one. Its networks are trained (see trained_networks.py), since rounding and distance matter
less or more by what a network has learned; those with seeded weights may be asked for by name.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))
sys.path.insert(0, str(ROOT / "Benchmarks"))

import captum.attr  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from forward_and_gradient import model_file  # noqa: E402
from networks import cache, export  # noqa: E402
from sgemm import product  # noqa: E402
from method_subjects import petshop  # noqa: E402
from torchvision_models import CLASSIFIERS, classifier  # noqa: E402
from trained_networks import LESSONS, SHARED, trained  # noqa: E402

PETSHOP = ROOT / "Tests/Fixtures/first-edition/petshop"
PHOTO = ROOT / "Documentation" / "demo" / "cat.jpg"
# How many times as many positions a second as Captum.
WANTED = {"vgg16": 6, "resnet18": 4, "resnet50": 3, "inception_v3": 2.5, "mobilenet_v2": 3, "petshop": 4}
WANTED_ADAPTIVE = {"vgg16-trained": 20, "resnet18-trained": 10}
WANTED_CORRELATION = 0.98
TRAINED = [f"{name}-trained" for name in LESSONS]
EVALUATIONS = (1, 8, 32, 128)
# Of the largest score, between the engine's scores and PyTorch's.
TOLERANCE = 1e-4


class Enough(Exception):
    pass


@dataclass
class Captum:
    """Captum's occlusion of one image, left after some evaluations."""

    model: torch.nn.Module
    x: torch.Tensor
    window: int
    stride: int

    def seconds_per_position(self, together: int, evaluations: int) -> np.ndarray:
        """By the clock and of processor time, over `evaluations` evaluations of `together` positions each."""
        times: list[tuple[float, float]] = []

        def forward(x: torch.Tensor) -> torch.Tensor:
            times.append((time.perf_counter(), time.process_time()))
            # The first evaluation is that of the image as it is, the second warms up.
            if len(times) > evaluations + 2:
                raise Enough
            return self.model(x)

        try:
            with torch.inference_mode():
                captum.attr.Occlusion(forward).attribute(
                    self.x, target=0, sliding_window_shapes=(3, self.window, self.window),
                    strides=(3, self.stride, self.stride), baselines=0, perturbations_per_eval=together)
            times.append((time.perf_counter(), time.process_time()))
        except Enough:
            pass
        if len(times) < 4:
            raise ValueError("the grid has too few positions to time")
        return (np.array(times[-1]) - np.array(times[2])) / (len(times) - 3) / together


def photo(path: Path, side: int) -> torch.Tensor:
    """The photo's middle square, normalized as torchvision's networks want it, [1,3,side,side]."""
    picture = Image.open(path).convert("RGB")
    edge = min(picture.size)
    left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
    picture = picture.crop((left, top, left + edge, top + edge)).resize((side, side), Image.Resampling.BILINEAR)
    x = torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255).permute(2, 0, 1)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((x - mean[:, None, None]) / deviation[:, None, None]).unsqueeze(0).contiguous()


def engine(executable: str, request: list[str], x: torch.Tensor, threads: int) -> dict:
    environment = {"INTERPRETD_ALGORITHMS": str(cache() / "kernel-speeds.json"), **os.environ,
                   "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([executable, *request], input=x.numpy().astype("<f4").tobytes(), capture_output=True,
                          env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr.decode().strip())
    return json.loads(done.stdout)


def network(name: str) -> tuple[torch.nn.Module, Path, int]:
    if name == "petshop":
        return petshop(PETSHOP).network, PETSHOP / "model.onnx", 224
    if name in TRAINED:
        model = trained(name.removesuffix("-trained"))
        return model, model_file(name, model, 224), 224
    model = classifier(name).requires_grad_(False)
    return model, model_file(name, model, CLASSIFIERS[name]), CLASSIFIERS[name]


def sgemm_rate() -> float:
    """Operations of a large matrix product per second of one core's time."""
    run, operations = product(1536, 1)
    best = float("inf")
    for _ in range(8):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return operations / best


def best_captum(model: torch.nn.Module, x: torch.Tensor, window: int, stride: int,
                positions: int) -> tuple[Captum, int, str]:
    """Captum as fast as it gets here: with which memory layout, and how many positions at once."""
    best = None
    for layout, label in ((torch.contiguous_format, "nchw"), (torch.channels_last, "nhwc")):
        side = Captum(copy.deepcopy(model).to(memory_format=layout), x.contiguous(memory_format=layout), window, stride)
        for together in EVALUATIONS:
            if positions < 3 * together:
                continue
            seconds = side.seconds_per_position(together, max(1, 16 // together))[0]
            if best is None or seconds < best[0]:
                best = (seconds, side, together, label)
    return best[1], best[2], best[3]


def hidden_scores(model: torch.nn.Module, x: torch.Tensor, window: int, stride: int, indices: list[int],
                  columns: int) -> np.ndarray:
    rows = []
    with torch.inference_mode():
        for index in indices:
            y = x.clone()
            top, left = index // columns * stride, index % columns * stride
            y[:, :, top : top + window, left : left + window] = 0
            rows.append(model(y)[0].numpy())
    return np.stack(rows)


@dataclass
class Result:
    name: str
    window: int
    stride: int
    positions: int
    captum: float
    captum_processor: float
    setting: str
    engine: dict
    error: float
    peak: float

    @property
    def milliseconds(self) -> float:
        return self.engine["seconds"] / self.engine["places"] * 1e3

    @property
    def ratio(self) -> float:
        return self.captum * 1e3 / self.milliseconds

    @property
    def processor_ratio(self) -> float:
        return self.captum_processor * self.engine["places"] / self.engine["processor"]


def bench(name: str, window: int, stride: int, arguments) -> Result:
    torch.set_num_threads(arguments.threads)
    model, path, side = network(name)
    model = model.eval()
    x = photo(arguments.photo, side)
    columns = -(-(side - window) // stride) + 1
    captum_side, together, layout = best_captum(model, x, window, stride, columns * columns)
    evaluations = max(2, arguments.evaluations // together)
    peak = sgemm_rate()
    captum_times = [captum_side.seconds_per_position(together, evaluations)]
    request = ["occlusion", str(path.resolve()), str(window), str(stride), str(side), str(side), "automatic", "scores"]
    answer = engine(arguments.swift_bench, request, x, arguments.threads)
    captum_times.append(captum_side.seconds_per_position(together, evaluations))
    scores = np.array(answer.pop("scores"))
    indices = [int(i) for i in np.linspace(0, len(scores) - 1, 12)]
    expected = hidden_scores(model, x, window, stride, indices, columns)
    error = float(np.abs(scores[indices] - expected).max() / np.abs(expected).max())
    return Result(name, window, stride, columns * columns, *map(float, np.mean(captum_times, axis=0)), f"{together}, {layout}",
                  answer, error, peak)


def line(r: Result) -> str:
    wanted = WANTED.get(r.name, 0)
    ratio = f"{r.ratio:.1f}×" if r.ratio >= wanted else f"**{r.ratio:.1f}×**"
    cells = [r.name, f"{r.window}/{r.stride}", str(r.positions), f"{r.captum * 1e3:.2f} ms ({r.setting})",
             f"{r.milliseconds:.2f} ms", f"{r.engine['first'] + r.engine['preparing']:.1f} s",
             f"{r.engine['seconds']:.1f} s", ratio, f"{r.processor_ratio:.1f}×", f"{wanted}×", f"{r.error:.1e}"]
    return "| " + " | ".join(cells) + " |"


def table(results: list[Result]) -> str:
    head = ["network", "window/stride", "positions", "Captum, per position", "engine", "first run", "engine, whole grid",
            "ratio", "of processor time", "wanted", "error"]
    return "\n".join(["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1), *map(line, results)]) + "\n"


@dataclass
class Adaptive:
    """One adaptive map: `answer` as AdaptiveBench prints it, `captum` in seconds a position."""

    name: str
    window: int
    stride: int
    photo: str
    captum: float
    answer: dict

    @property
    def ratio(self) -> float:
        return self.captum * self.answer["places"] / self.answer["seconds"]

    @property
    def missed(self) -> bool:
        return self.ratio < WANTED_ADAPTIVE.get(self.name, 0) or self.answer["correlation"] < WANTED_CORRELATION

    @property
    def line(self) -> str:
        a = self.answer
        ratio = f"{self.ratio:.1f}×" if self.ratio >= WANTED_ADAPTIVE.get(self.name, 0) else f"**{self.ratio:.1f}×**"
        close = a["correlation"] >= WANTED_CORRELATION
        correlation = f"{a['correlation']:.3f}" if close else f"**{a['correlation']:.3f}**"
        return (f"| {self.name} | {self.window}/{self.stride} | {self.photo} | {a['first']:.1f} s | {a['seconds']:.2f} s | "
                f"{ratio} | {a['computed'] / a['places']:.0%} | {correlation} | "
                f"{a['largestError'] / a['range']:.2f} |")


def adaptive_photos(shared: Path, usual: Path) -> list[Path]:
    """The usual one, six that an animal fills, and five where it is small in a scene."""
    photos = shared / "photos"
    return [usual, *sorted((photos / "pets").glob("*.jpg"))[1::7], *sorted((photos / "scenes").glob("*.jpg"))[2::8]]


def adaptive(name: str, window: int, stride: int, arguments) -> list[Adaptive]:
    torch.set_num_threads(arguments.threads)
    model, path, side = network(name)
    columns = -(-(side - window) // stride) + 1
    x = photo(arguments.photo, side)
    captum_side, together, _ = best_captum(model.eval(), x, window, stride, columns * columns)
    evaluations = max(2, arguments.evaluations // together)
    times = [captum_side.seconds_per_position(together, evaluations)[0]]
    request = ["adaptive", str(path.resolve()), str(window), str(stride), str(side), str(side)]
    answers = []
    for one in adaptive_photos(arguments.shared, arguments.photo):
        answers.append((one.stem, engine(arguments.swift_bench, request, photo(one, side), arguments.threads)))
    times.append(captum_side.seconds_per_position(together, evaluations)[0])
    return [Adaptive(name, window, stride, stem, float(np.mean(times)), answer) for stem, answer in answers]


def adaptive_table(results: list[Adaptive]) -> str:
    lines = ["| network | window/stride | photo | first run | adaptive | ratio | computed | correlation | largest error, of "
             "the range |", "|---|---|---|" + "---:|" * 6, *(r.line for r in results)]
    for key in dict.fromkeys((r.name, r.window, r.stride) for r in results):
        own = [r for r in results if (r.name, r.window, r.stride) == key]
        ratios, correlations = [r.ratio for r in own], [r.answer["correlation"] for r in own]
        lines.append(f"| {key[0]} | {key[1]}/{key[2]} | median of {len(own)} | | | {np.median(ratios):.1f}× | "
                     f"{np.median([r.answer['computed'] / r.answer['places'] for r in own]):.0%} | "
                     f"{np.median(correlations):.3f} | |")
    return "\n".join(lines) + "\n"


def where_time_goes(results: list[Result]) -> str:
    lines = ["| network | window/stride | multiplications saved | of the sgemm peak | grafting | compiling, once |",
             "|---|" + "---:|" * 5]
    for r in results:
        e = r.engine
        busy = e["computing"] + e["grafting"]
        operations = 2 * e["multiplications"] * (1 - e["saved"]) * e["items"]
        lines.append(f"| {r.name} | {r.window}/{r.stride} | {e['saved']:.0%} | "
                     f"{operations / busy / r.peak:.0%} | {e['grafting'] / busy:.1%} | {e['compiling']:.2f} s |")
    return "\n".join(lines) + "\n"


def any_size(name: str) -> Path:
    """The network's file for images of any size."""
    model, path, side = network(name)
    if name == "petshop":
        return path
    path = cache() / f"bench-{name}-any.onnx"
    if not path.exists():
        onnx.save(export(model, [torch.zeros(1, 3, side, side)], exporter="torchscript", opset=17, dynamic="NHW"), path)
    return path


def growth(arguments) -> str:
    """Milliseconds per position by the image's side, whole and incremental, and seconds by the number of windows."""
    lines = ["| network | side | window/stride | positions | whole | incremental | ratio | grid |", "|---|" + "---:|" * 7]
    for name in arguments.growth:
        path = any_size(name)
        cases = [(side, side // 7, side // 14) for side in (224, 448, 896)] + [(224, 32, 16), (224, 32, 8), (224, 32, 4)]
        for side, window, stride in cases:
            x = photo(arguments.photo, side)
            request = ["occlusion", str(path.resolve()), str(window), str(stride), str(side), str(side)]
            own = engine(arguments.swift_bench, [*request, "automatic", "-"], x, arguments.threads)
            whole = own["expected"][1] / arguments.threads * 1e3
            each = own["seconds"] / own["places"] * 1e3
            lines.append(f"| {name} | {side} | {window}/{stride} | {own['places']} | {whole:.1f} ms | {each:.1f} ms | "
                         f"{whole / each:.1f}× | {own['seconds']:.1f} s |")
    return "\n".join(lines) + "\n"


def grid(text: str) -> tuple[int, int]:
    window, stride = map(int, text.split("/"))
    return window, stride


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swift-bench", metavar="EXECUTABLE", required=True, help="EngineBench")
    parser.add_argument("--only", nargs="*", choices=sorted(WANTED), metavar="NETWORK", default=list(WANTED))
    parser.add_argument("--grid", nargs="+", type=grid, metavar="WINDOW/STRIDE", default=[(32, 8), (16, 4)])
    parser.add_argument("--adaptive", nargs="*", metavar="NETWORK", choices=sorted([*WANTED, *TRAINED]),
                        help="time the adaptive mode as well; of the trained networks where none is named")
    parser.add_argument("--shared", type=Path, default=SHARED, help="the folder that holds photos and data/retrain")
    parser.add_argument("--growth", nargs="*", default=[], metavar="NETWORK", help="cost by image side and window count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--evaluations", type=int, default=64, help="positions that Captum is timed at in each turn")
    parser.add_argument("--photo", type=Path, default=PHOTO)
    parser.add_argument("--output", type=Path, help="write the results there as JSON")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bound is missed")
    arguments = parser.parse_args()

    results = []
    for name in arguments.only:
        for window, stride in arguments.grid:
            results.append(bench(name, window, stride, arguments))
            print(line(results[-1]), flush=True)
    if results:
        print("\n" + table(results) + "\n" + where_time_goes(results))
    maps = []
    if arguments.adaptive is not None:
        for name in arguments.adaptive or TRAINED:
            for window, stride in arguments.grid:
                maps += adaptive(name, window, stride, arguments)
        print(adaptive_table(maps))
    if arguments.growth:
        print(growth(arguments))
    print(f"{arguments.threads} threads; PyTorch {torch.__version__}, Captum {captum.__version__}.")
    if arguments.output:
        arguments.output.write_text(json.dumps([vars(r) for r in [*results, *maps]], indent=1) + "\n")
    missed = [f"{r.name} {r.window}/{r.stride}" for r in results if r.ratio < WANTED[r.name] or r.error > TOLERANCE]
    missed += [f"{r.name} {r.window}/{r.stride} adaptive on {r.photo}" for r in maps if r.missed]
    if missed:
        print("missed: " + ", ".join(missed))
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
