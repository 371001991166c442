"""What a daemon with one network keeps in memory: after it has loaded it, and after the first explanation.

    python Benchmarks/resident.py [--bin FILE] [--only NETWORK …] [--report]

The network's weights are seeded; its file stays in the cache of the conformance scripts. A daemon is started with that
network for its inbox, which takes a photo through it at start, forward and back; then it is asked for a gradient and a
Grad-CAM of an image of noise. What counts is the resident memory (VmRSS) once the daemon has come to rest, by its processor
time: what is fastest is measured after the first answer. *at most* is VmHWM. Of the resident memory, *of files* (RssFile) is what the kernel takes back when somebody else needs it, the
program itself among it. With --report the table goes into Documentation/Performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Conformance"))

import numpy as np  # noqa: E402
from daemon import DEFAULT_SETTINGS, Daemon, add_arguments  # noqa: E402
from marks import write_between  # noqa: E402
from networks import CACHE  # noqa: E402
from processes import most_resident_mib, processor_seconds, resident_mib, resident_of_files_mib  # noqa: E402
from torchvision_models import exported, torchvision  # noqa: E402

NETWORKS = ("mobilenet_v2", "resnet18", "resnet50", "densenet121", "convnext_tiny", "vit_b_16", "vgg16")
SIDE = 224
SIZE = {"height": SIDE, "width": SIDE}
# The daemon rests once it has used less than this of a processor for so many seconds.
IDLE_SHARE, REST = 0.05, 3.0


def rest(pid: int) -> None:
    """Waits until the process does nothing."""
    used = processor_seconds(pid)
    while True:
        time.sleep(REST)
        now = processor_seconds(pid)
        if now - used < IDLE_SHARE * REST:
            return
        used = now


def exported_network(name: str) -> Path:
    """Its file, of seeded weights, in the cache."""
    return exported(getattr(torchvision.models, name), CACHE / "resident" / f"{name}.onnx", SIDE)


def model_folder(folder: Path, file: Path) -> None:
    """A model folder for photos of SIDE by SIDE pixels."""
    folder.mkdir()
    (folder / "model.onnx").symlink_to(file)
    for settings, content in DEFAULT_SETTINGS.items():
        (folder / settings).write_text(json.dumps(content | {"size": SIZE} if "size" in content else content))


def measured(name: str, arguments: argparse.Namespace) -> tuple[float, ...]:
    """Mebibytes of the file, then of memory after loading, of that of files, after an explanation, of files, at most."""
    file = exported_network(name)
    x = np.random.default_rng(7).uniform(-1, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        model_folder(models / name, file)
        with Daemon(models, arguments.bin, timeout=arguments.timeout) as daemon:
            if name not in daemon.loaded():
                raise SystemExit(f"{name} is refused: {daemon.refused()}")
            pid = daemon.process.pid
            rest(pid)
            loaded = resident_mib(pid), resident_of_files_mib(pid)
            for method in ("gradient", "grad-cam"):
                daemon.explain(name, x, method=method, class_index=3)
            rest(pid)
            return (file.stat().st_size / 2**20, *loaded, resident_mib(pid), resident_of_files_mib(pid),
                    most_resident_mib(pid))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--report", action="store_true", help="write the table into Documentation/Performance.md")
    arguments = parser.parse_args()
    lines = ["| network | file MiB | loaded | of files | explained | of files | at most |", "|---|" + "---:|" * 6]
    for name in arguments.only:
        lines.append(f"| {name} | " + " | ".join(f"{value:.0f}" for value in measured(name, arguments)) + " |")
        print(lines[-1], flush=True)
    if arguments.report:
        write_between(ROOT / "Documentation" / "Performance.md", "resident.py", "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
