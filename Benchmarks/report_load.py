#!/usr/bin/python3
"""A report of many photos: how long it takes, how large it is, and what memory the daemon wants for it.

    Benchmarks/report_load.py [--count 5000] [--bin .build/release] [--models DIR] [--pdf]

The catalog is filled as for page_load.py. The first report makes every small picture, the second finds them.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from page_load import ROOT, fill, start, stop
from processes import resident_mib


def measure(name, process, command, file):
    before = peak = resident_mib(process.pid)
    begin = time.monotonic()
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    of_client = 0.0
    while client.poll() is None:
        peak = max(peak, resident_mib(process.pid))
        of_client = max(of_client, resident_mib(client.pid))
        time.sleep(0.05)
    seconds = time.monotonic() - begin
    if client.returncode:
        raise SystemExit(f"{name} failed")
    print(client.stdout.read().strip())
    print(f"{name}: {seconds:.1f} s, {file.stat().st_size / 1e6:.1f} MB; the daemon's memory {before:.0f} MiB before, {peak:.0f} MiB"
          f" at most; the client's {of_client:.0f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release", help="folder of the programs")
    parser.add_argument("--models", type=Path, default=ROOT / "Models")
    parser.add_argument("--pdf", action="store_true", help="have it printed, too")
    parser.add_argument("--keep", type=Path, help="where to put the last report")
    arguments = parser.parse_args()
    programs, arguments.bin = arguments.bin, arguments.bin / "interpretd"
    folder = Path(tempfile.mkdtemp(prefix="report-"))
    (folder / "inbox").mkdir()
    stop(start(arguments, folder)[0])
    fill(folder, arguments.count)
    process, _ = start(arguments, folder)
    try:
        time.sleep(5)
        command = [programs / "interpretctl", "report", "--socket", folder / "socket", "--timeout", "0", "--output"]
        for name in ["the first report", "the second"]:
            measure(name, process, [*command, folder / "report.html"], folder / "report.html")
        if arguments.pdf:
            measure("printed", process, [*command, folder / "report.pdf"], folder / "report.pdf")
        if arguments.keep:
            shutil.copy(folder / "report.html", arguments.keep)
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
