"""Dataset search against brute force, through the real daemon: exact after a kill, after deletions, after a rebuild.

    python3 Benchmarks/dataset_search.py PHOTOS [--count 1000] [--bin .build/release/interpretd]

PHOTOS is any folder of JPEG photos; the first COUNT below it (by path) are copied. Brute force reads what every unit answers
to every photo from indexes of a hundred photos each, where the peaks lie unmerged, and sorts. The daemon is killed in the
middle of `index`, started again, asked about every unit of every layer; then a tenth of the photos is deleted behind its
back, then the 200 strongest of one unit, so that the lists have to be built anew. Values are compared to the last bit.
Needs numpy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PEAK = np.dtype([("value", "<f4"), ("y", "<u2"), ("x", "<u2")])
CHUNK = 100
ASKED = 10


class Daemon:
    """A daemon whose state outlives it."""

    def __init__(self, folder: Path, binary: Path):
        self.folder, self.path = folder, str(folder / "socket")
        (folder / "inbox").mkdir(parents=True, exist_ok=True)
        Path(self.path).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [binary, "serve", "--inbox", folder / "inbox", "--socket", self.path, "--state", folder / "state", "--models",
             ROOT / "Tests/Fixtures/first-edition", "--roots", "/"], stderr=open(folder / "log", "a"))
        while not os.path.exists(self.path):
            if self.process.poll() is not None:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.05)
        self.connect()

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.file = self.socket.makefile("rw")
        self.id = 0

    def send(self, method: str, **parameters):
        self.id += 1
        self.file.write(json.dumps({"jsonrpc": "2.0", "id": self.id, "method": method, "params": parameters}) + "\n")
        self.file.flush()

    def call(self, method: str, **parameters) -> dict:
        self.send(method, **parameters)
        while True:
            message = json.loads(self.file.readline())
            if message.get("id") == self.id:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                return message["result"]

    def progress(self) -> float:
        message = json.loads(self.file.readline())
        return message["params"]["fraction"] if "params" in message else 1.0

    def end(self, how: int = signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(next((folder / "state").glob("units-*.sqlite")))


def layers(folder: Path) -> list[tuple[str, int]]:
    return database(folder).execute("SELECT name, units FROM layer WHERE generation = 0 ORDER BY number").fetchall()


def brute_force(photos: list[Path], work: Path, binary: Path) -> tuple[list[tuple[str, int]], dict[str, list[np.ndarray]]]:
    """By digest, the peaks of each layer."""
    peaks: dict[str, list[np.ndarray]] = {}
    names: list[tuple[str, int]] = []
    for start in range(0, len(photos), CHUNK):
        folder = work / f"chunk{start}"
        archive = folder / "archive"
        archive.mkdir(parents=True)
        for photo in photos[start:start + CHUNK]:
            os.link(photo, archive / photo.name)
        daemon = Daemon(folder, binary)
        daemon.call("index", folder=str(archive.resolve()))
        daemon.end()
        names = layers(folder)
        rows = database(folder).execute("SELECT key, peaks FROM fresh").fetchall()
        digests = dict(database(folder).execute("SELECT id, sha256 FROM photo"))
        for key, data in rows:
            digest = digests[key & 0xFFFFFFFF]
            peaks.setdefault(digest, [None] * len(names))[key >> 32] = np.frombuffer(data, PEAK)
        shutil.rmtree(folder)
    return names, peaks


def compare(daemon: Daemon, names, peaks, archive: Path, title: str) -> tuple[int, list[float]]:
    """Asks about every unit. Of equal values the photo that was indexed first comes first."""
    order = database(daemon.folder).execute("SELECT sha256 FROM photo ORDER BY id").fetchall()
    order = [digest for digest, in order]
    held = {hashlib.sha256(path.read_bytes()).hexdigest() for path in archive.glob("*.jpg")}
    order = [digest for digest in order if digest in held]
    wrong, asked, times, left = 0, 0, [], 0
    for layer, (name, units) in enumerate(names):
        table = np.stack([peaks[digest][layer] for digest in order])
        for unit in range(units):
            start = time.perf_counter()
            answer = daemon.call("units", layer=name, unit=unit, count=ASKED)
            times.append((time.perf_counter() - start) * 1000)
            left += len(answer["left"])
            best = np.argsort(-table["value"][:, unit].astype(np.float64), kind="stable")[:ASKED]
            expected = [(order[i], float(table["value"][i, unit]), [int(table["y"][i, unit]), int(table["x"][i, unit])])
                        for i in best]
            found = [(m["sha256"], m["value"], m["position"]) for m in answer["strongest"]]
            # What the daemon writes as a decimal number reads back as the same float32.
            same = len(found) == len(expected) and all(
                a == x and np.float32(b) == np.float32(y) and c == z for (a, b, c), (x, y, z) in zip(found, expected))
            wrong += not same
            asked += 1
    print(f"{title}: {len(order)} photos, {asked} units, {wrong} differ from brute force, "
          f"{left} files left on the way; a question takes {np.median(times):.1f} ms (median), "
          f"{np.percentile(times, 99):.1f} (99 %), {max(times):.1f} (longest)", flush=True)
    return wrong, times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    arguments = parser.parse_args()
    found = sorted(arguments.photos.rglob("*.jpg"))[:arguments.count]
    if len(found) < 400:
        parser.error(f"{arguments.photos} has {len(found)} photos; at least 400 are needed")
    work = Path(tempfile.mkdtemp(prefix="dataset-search-"))
    wrong = 0
    try:
        archive = work / "archive"
        archive.mkdir()
        for number, path in enumerate(found):
            shutil.copy(path, archive / f"{number:05d}.jpg")
        photos = sorted(archive.glob("*.jpg"))
        names, peaks = brute_force(photos, work, arguments.bin)

        home = work / "home"
        daemon = Daemon(home, arguments.bin)
        daemon.send("index", folder=str(archive.resolve()))
        while daemon.progress() < 0.4:
            pass
        daemon.end(signal.SIGKILL)
        daemon = Daemon(home, arguments.bin)
        result = daemon.call("index", folder=str(archive.resolve()))
        print(f"killed at 40 %, gone on: {result['known']} photos were known, {result['indexed']} were read, "
              f"{result['copied']} are copies, in {result['seconds']} s; {result['bytes'] / 1e6:.1f} MB", flush=True)
        wrong += result["known"] == 0
        wrong += compare(daemon, names, peaks, archive, "killed and resumed")[0]

        shuffled = sorted(archive.glob("*.jpg"))
        random.Random(0).shuffle(shuffled)
        for path in shuffled[:len(found) // 10]:
            path.unlink()
        # The index has not been told; each question finds out for itself.
        wrong += compare(daemon, names, peaks, archive, "a tenth deleted, not told")[0]
        result = daemon.call("index", folder=str(archive.resolve()))
        wrong += compare(daemon, names, peaks, archive, f"told ({result['removed']} removed)")[0]

        # More photos than a list holds, so that it has to be built anew.
        layer = len(names) - 2
        digests = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in archive.glob("*.jpg")}
        for digest in sorted(digests, key=lambda d: -peaks[d][layer]["value"][0])[:200]:
            digests[digest].unlink()
        daemon.call("index", folder=str(archive.resolve()))
        start = time.perf_counter()
        daemon.call("units", layer=names[layer][0], unit=0, count=ASKED)
        print(f"the 200 strongest photos of one unit deleted: its question takes {time.perf_counter() - start:.1f} s",
              flush=True)
        with database(home) as state:
            built = state.execute("SELECT generation FROM state").fetchone()[0]
        print(f"the lists {'were' if built else 'were NOT'} built anew", flush=True)
        wrong += not built
        wrong += compare(daemon, names, peaks, archive, "built anew")[0]
        daemon.end()
    finally:
        shutil.rmtree(work)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
