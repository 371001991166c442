"""The whole way, from a photo's file to the files beside it: the daemon and a careful Python script, in turns.

    .venv-conformance/bin/python Benchmarks/whole_way.py [--photos DIR] [--networks bundled first-edition] [--rounds 3]
    .venv-conformance/bin/python Benchmarks/whole_way.py --growth 100 1000 10000
    .venv-conformance/bin/python Benchmarks/whole_way.py --megapixels 1 3 12 24 48
    .venv-conformance/bin/python Benchmarks/whole_way.py --copies 1 2 4

Photos are DIR's (the demo photo's where none is named), enlarged to 12 megapixels with a camera's noise, quality 90. The peer is
`careful_script.py`, once with PyTorch alone and once with OpenVINO for what needs no gradient; it starts warm, with the photos known,
while the daemon finds them through inotify. Both sides get two threads and write the same files.

    photos a second   all photos dropped at once, until the last is done
    seconds           of processor time a photo, which other work on the machine touches least
    median latency    one photo at a time: from its name's appearance to its document's (the daemon's `settle` of 10 ms included)
    first result      from the program's start to the first document, a photo being there; at the second start
    resident          at most, while all photos are done
    idle CPU          of a core, over ten seconds in which nothing happens

Needs what `make conformance` installs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from marks import write_between
from processes import processor_seconds, resident_mib
from verdict import intersection_over_union

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(__file__).resolve().parent / "careful_script.py"
NETWORKS = {"bundled": ROOT / "Models", "first-edition": ROOT / "Tests/Fixtures/first-edition"}
COLUMNS = ["photos a second", "processor s a photo", "median latency ms", "first result s", "resident MiB", "idle CPU %"]


def camera_photos(sources: list[Path], folder: Path, count: int, megapixels: float) -> list[Path]:
    """Enlarged, with noise, as large in bytes as a camera's."""
    generator = np.random.default_rng(1)
    photos = []
    for index in range(count):
        photo = Image.open(sources[index % len(sources)]).convert("RGB")
        scale = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
        large = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.BICUBIC)
        noise = generator.normal(0, 4, (large.height, large.width, 1)).astype(np.int16)
        pixels = (np.asarray(large, np.int16) + noise).clip(0, 255).astype(np.uint8)
        photos.append(folder / f"{index:05}.jpg")
        Image.fromarray(pixels).save(photos[-1], quality=90)
    return photos


class Watch(threading.Thread):
    """The most memory that a process has while it works."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0.0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.05):
            try:
                self.most = max(self.most, resident_mib(self.pid))
            except OSError:
                return

    def end(self) -> float:
        self.ended.set()
        self.join()
        return self.most


@dataclass
class Figures:
    """Of one side: a list a column, one entry a round, and what it found in the photos."""

    values: dict[str, list[float]] = field(default_factory=dict)
    found: dict[str, tuple[str, list]] = field(default_factory=dict)

    def add(self, column: str, value: float):
        self.values.setdefault(column, []).append(value)

    def median(self, column: str) -> float | None:
        return statistics.median(self.values[column]) if column in self.values else None


def until(path: Path, process: subprocess.Popen):
    while not path.exists():
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode} before {path.name} was there")
        time.sleep(0.001)


class Daemon:
    """interpretd on an inbox of its own."""

    def __init__(self, binary: Path, models: list[Path], state: Path):
        self.folder = Path(tempfile.mkdtemp())
        self.inbox = self.folder / "inbox"
        self.inbox.mkdir()
        self.command = [
            binary, "serve", "--inbox", self.inbox, "--socket", self.folder / "socket", "--state", state, "--settle", "0.01",
            *(word for folder in models for word in ("--models", folder))]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)

    def drop(self, photo: Path, name: str | None = None) -> Path:
        """As a camera's program does: written under another name, then renamed."""
        target = self.inbox / (name or photo.name)
        shutil.copy(photo, self.folder / "coming")
        os.rename(self.folder / "coming", target)
        return Path(f"{target}.boxes.json")

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        shutil.rmtree(self.folder)


def learn(arguments, models: list[Path], photos: list[Path], state: Path):
    """A first start, until everything is measured that a daemon measures on a machine that it does not know; an
    administrator's has done that long ago."""
    daemon = Daemon(arguments.bin, models, state)
    try:
        daemon.start()
        for photo in photos:
            until(daemon.drop(photo), daemon.process)
        used = 1.0
        while used > 0.02:
            before = processor_seconds(daemon.process.pid)
            time.sleep(3)
            used = processor_seconds(daemon.process.pid) - before
    finally:
        daemon.close()


def measure_daemon(arguments, models: list[Path], photos: list[Path], state: Path, figures: Figures, idles: bool):
    daemon = Daemon(arguments.bin, models, state)
    try:
        first = daemon.drop(photos[0], "first.jpg")
        began = time.monotonic()
        daemon.start()
        until(first, daemon.process)
        figures.add("first result s", time.monotonic() - began)
        if idles:
            time.sleep(1)
            before = processor_seconds(daemon.process.pid)
            time.sleep(10)
            figures.add("idle CPU %", (processor_seconds(daemon.process.pid) - before) * 10)
        for index, photo in enumerate(photos[:arguments.singly]):
            began = time.monotonic()
            until(daemon.drop(photo, f"single{index}.jpg"), daemon.process)
            figures.add("median latency ms", (time.monotonic() - began) * 1000)
        watch, before = Watch(daemon.process.pid), processor_seconds(daemon.process.pid)
        began = time.monotonic()
        documents = [daemon.drop(photo) for photo in photos]
        for document in documents:
            until(document, daemon.process)
        seconds = time.monotonic() - began
        figures.add("photos a second", len(photos) / seconds)
        figures.add("processor s a photo", (processor_seconds(daemon.process.pid) - before) / len(photos))
        figures.add("resident MiB", watch.end())
        for photo, document in zip(photos, documents):
            answer = json.loads(document.read_text())
            figures.found[photo.name] = (answer["predictions"][0]["label"], [box["bbox"] for box in answer["boxes"]])
    finally:
        daemon.close()


def measure_script(forward: str, models: Path, photos: list[Path], singly: int, figures: Figures):
    animal = ["--animal", models / "animal"] if (models / "animal").exists() else []
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, SCRIPT, models / "petshop", *animal, "--forward", forward, "--out", out]

        def run(photos: list[Path], *options: str):
            began = time.monotonic()
            process = subprocess.Popen(
                [*command, *options, *photos], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            watch = Watch(process.pid)
            lines, first, at_start = [], None, 0.0
            for line in process.stdout:
                lines.append(json.loads(line))
                if "ready" in lines[-1]:
                    at_start = processor_seconds(process.pid)
                elif "file" in lines[-1] and first is None:
                    first = time.monotonic() - began
                elif "seconds" in lines[-1]:
                    used = processor_seconds(process.pid) - at_start
            process.wait()
            if process.returncode:
                raise SystemExit(f"the script failed: {' '.join(map(str, command))}")
            return lines, first, used, watch.end()

        lines, first, _, _ = run(photos[:max(singly, 1)], "--singly")
        figures.add("first result s", first)
        for line in lines:
            if "ms" in line:
                figures.add("median latency ms", line["ms"])
        lines, _, used, most = run(photos)
        figures.add("photos a second", len(photos) / lines[-1]["seconds"])
        figures.add("processor s a photo", used / len(photos))
        figures.add("resident MiB", most)
        figures.found |= {line["file"]: (line["label"], line["boxes"]) for line in lines if "file" in line}


def agreement(ours: Figures, theirs: Figures) -> str:
    """How far two sides do the same thing."""
    labels = [ours.found[name][0] == theirs.found[name][0] for name in theirs.found]
    overlaps = [
        intersection_over_union(ours.found[name][1][0], theirs.found[name][1][0])
        for name in theirs.found if ours.found[name][1] and theirs.found[name][1]]
    box = f", first boxes' median IoU {statistics.median(overlaps):.2f}" if overlaps else ""
    return f"same label in {sum(labels)} of {len(labels)}{box}"


def compare(arguments, name: str, photos: list[Path]) -> str:
    """The table of one set of networks."""
    sides = {"interpretd": Figures(), "Python, PyTorch": Figures(), "Python, OpenVINO": Figures()}
    with tempfile.TemporaryDirectory() as state:
        learn(arguments, [NETWORKS[name]], photos[:4], Path(state))
        for round_ in range(arguments.rounds):
            print(f"{name}: round {round_ + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
            measure_daemon(arguments, [NETWORKS[name]], photos, Path(state), sides["interpretd"], idles=round_ == 0)
            for side, forward in (("Python, PyTorch", "torch"), ("Python, OpenVINO", "openvino")):
                measure_script(forward, NETWORKS[name], photos, arguments.singly, sides[side])
    lines = [f"| {name} | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for side, figures in sides.items():
        lines.append(f"| {side} | " + " | ".join(number(figures.median(column)) for column in COLUMNS) + " |")
    peers = [figures for side, figures in sides.items() if side != "interpretd"]
    ratios = []
    for column in COLUMNS:
        best = (max if column == "photos a second" else min)(
            (value for peer in peers if (value := peer.median(column)) is not None), default=None)
        ours = sides["interpretd"].median(column)
        ratios.append("" if not best or ours is None else f"**{ours / best:.2f}**")
    lines.append("| interpretd ÷ the better script | " + " | ".join(ratios) + " |")
    said = "; ".join(f"{side}: {agreement(sides['interpretd'], figures)}"
                     for side, figures in sides.items() if side != "interpretd")
    return "\n".join(lines) + f"\n\n{said}.\n"


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def series(arguments, title: str, cases: list[tuple[str, list[Path], list[Path]]]) -> str:
    """The daemon alone over cases of one kind: (name, model folders, photos)."""
    lines = [f"| {title} | photos a second | processor s a photo | resident MiB |", "|---|---:|---:|---:|"]
    for name, models, photos in cases:
        figures = Figures()
        with tempfile.TemporaryDirectory() as state:
            learn(arguments, models, photos[:4], Path(state))
            measure_daemon(arguments, models, photos, Path(state), figures, idles=False)
        cells = [number(figures.median(column)) for column in ("photos a second", "processor s a photo", "resident MiB")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="folder of .jpg files to make camera photos of")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--singly", type=int, default=10, help="photos whose latency is measured one by one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=["bundled", "first-edition"])
    parser.add_argument("--growth", type=int, nargs="+", metavar="COUNT", help="so many photos of one megapixel")
    parser.add_argument("--megapixels", type=float, nargs="+", help="photos so large")
    parser.add_argument("--copies", type=int, nargs="+", help="so many networks loaded")
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    parser.add_argument("--report", type=Path, help="put the tables into this page, between its marks")
    arguments = parser.parse_args()
    sources = sorted(arguments.photos.glob("*.jpg")) if arguments.photos else [ROOT / "Documentation/demo/cat.jpg"]
    if not sources:
        parser.error(f"no .jpg file in {arguments.photos}")

    first = NETWORKS["first-edition"]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if arguments.growth:
            made = camera_photos(sources, folder, min(max(arguments.growth), 40), 1)
            cases = []
            for count in arguments.growth:
                names = [folder / f"{count}-{index:05}.jpg" for index in range(count)]
                for index, name in enumerate(names):
                    os.link(made[index % len(made)], name)
                cases.append((str(count), [first], names))
            text = series(arguments, "photos of 1 megapixel", cases)
        elif arguments.megapixels:
            cases = []
            for size in arguments.megapixels:
                (folder / str(size)).mkdir()
                cases.append((f"{size:g}", [first], camera_photos(sources, folder / str(size), 20, size)))
            text = series(arguments, "megapixels", cases)
        elif arguments.copies:
            photos = camera_photos(sources, folder, 20, 12)
            cases = []
            for count in arguments.copies:
                copies = folder / f"models{count}"
                for index in range(count - 1):
                    shutil.copytree(first / "petshop", copies / f"copy{index}")
                    settings = copies / f"copy{index}" / "interpret.json"
                    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"default": False}))
                cases.append((str(count), [first] + ([copies] if count > 1 else []), photos))
            text = series(arguments, "networks", cases)
        else:
            photos = camera_photos(sources, folder, arguments.count, 12)
            text = "\n".join(compare(arguments, name, photos) for name in arguments.networks)
            text += f"\nMedians of {arguments.rounds} rounds of {arguments.count} photos of 12 megapixels, two threads.\n"
        load = f"At the end {os.getloadavg()[0]:.1f} were runnable on {os.cpu_count()} cores.\n"
        print(text + "\n" + load)
        if arguments.report:
            kind = next((name for name in ("growth", "megapixels", "copies") if getattr(arguments, name)), "comparison")
            write_between(arguments.report, f"whole_way.py {kind}", text + "\n" + load)


if __name__ == "__main__":
    main()
