"""Two hundred photos dropped at once: throughput, the socket's answer time all the while, and memory.

    python3 Benchmarks/inbox_load.py [--photos DIR] [--count 200] [--bin .build/release/interpretd]

Needs nothing but Python. Copies of the demo photo are used where no folder is named.
"""

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import resident_mib

ROOT = Path(__file__).resolve().parent.parent


def ask(connection, method: str) -> dict:
    connection.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode() + b"\n")
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1 << 16)
    return json.loads(line)["result"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of .jpg files to copy from")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    arguments = parser.parse_args()
    sources = sorted(arguments.photos.glob("*.jpg")) if arguments.photos else [ROOT / "Documentation/demo/cat.jpg"]
    if not sources:
        parser.error(f"no .jpg file in {arguments.photos}")

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        inbox, path = folder / "inbox", folder / "socket"
        inbox.mkdir()
        daemon = subprocess.Popen(
            [arguments.bin, "serve", "--inbox", inbox, "--socket", path, "--state", folder / "state",
             "--models", ROOT / "Models"], stderr=subprocess.DEVNULL)
        try:
            connection = socket.socket(socket.AF_UNIX)
            for _ in range(300):
                try:
                    connection.connect(str(path))
                    break
                except OSError:
                    time.sleep(0.1)
            idle = resident_mib(daemon.pid)
            start = time.monotonic()
            for index in range(arguments.count):
                shutil.copy(sources[index % len(sources)], inbox / f"photo{index:04}.jpg")
            latencies, memory = [], []
            while True:
                before = time.monotonic()
                status = ask(connection, "status")
                latencies.append((time.monotonic() - before) * 1000)
                memory.append(resident_mib(daemon.pid))
                counts = status["photos"]
                if counts["done"] + counts["failed"] == arguments.count:
                    break
                if daemon.poll() is not None:
                    print("the daemon has ended", file=sys.stderr)
                    return 1
                time.sleep(0.02)
            seconds = time.monotonic() - start
        finally:
            daemon.terminate()
            code = daemon.wait()
        missing = [p.name for p in inbox.glob("photo????.jpg")
                   for suffix in (".boxes.json", ".overlay.jpg", ".saliency.jpg")
                   if not Path(f"{p}{suffix}").exists()]
        latencies.sort()
        half = len(memory) // 2
        print(f"photos          {arguments.count} in {seconds:.1f} s, {arguments.count / seconds:.1f} a second")
        print(f"sidecars        {'all there' if not missing else f'{len(missing)} missing'}")
        print(f"status          median {statistics.median(latencies):.1f} ms, "
              f"99 % {latencies[int(len(latencies) * 0.99)]:.1f} ms, slowest {latencies[-1]:.1f} ms, "
              f"{len(latencies)} asked")
        print(f"memory          {idle:.0f} MiB idle, at most {max(memory[:half] or memory):.0f} MiB in the first half, "
              f"{max(memory[half:]):.0f} MiB in the second")
        print(f"exit code       {code}")
        return 0 if not missing and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
