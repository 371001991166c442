"""Compares outputs and input gradients of torchvision's classifiers, and outputs of three image-making networks, with
PyTorch's. Weights are seeded, batch statistics are the networks' own, shaken; see torchvision_models.py.

    python Conformance/networks.py [--bin FILE] [--only NAME …] [--exporter NAME] [--report]
    python Conformance/networks.py --self-check      PyTorch in single precision and ONNX Runtime in the daemon's place

Every network is asked for its outputs on a square image of the size it is meant for and on a batch of two images of
another shape, and for the gradient of one class score with respect to an image. The truth is PyTorch in double
precision. An error is the largest difference relative to the largest magnitude of the truth; the bound is 1e-4.
Beside it stands the error of PyTorch in single precision, which is what rounding costs.

A gradient beyond the bound is looked into: where moving units that stand within rounding of a kink across it gives the
daemon's gradient to the bound, the error is the one after that, and "moved" is their number (see kinks.py).

Exported models and references are kept in .conformance-cache (3 GB for all networks).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import kinks
from comparison import (
    ALIGNMENT, BOUND, EXPORTERS, HEAD, Row, cell, first_cause, one_line, plainest, relative_error)
from daemon import Daemon, DaemonDied, RequestFailed, add_arguments
from decoders import DECODERS, decoder, write_seg_net
from fixture import export
from report import write_section
from torchvision_models import CLASSIFIERS, FIXED_SIZE, classifier, image, scores_and_gradient

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".conformance-cache"
CLASS = 3
OPSETS = {"torchscript": 17, "dynamo": 18, "handwritten": 17}


def fingerprint() -> str:
    """Changes with everything the cached files depend on: PyTorch's version and the scripts that make them."""
    digest = hashlib.sha256(torch.__version__.encode())
    for name in ("torchvision_models.py", "decoders.py", "fixture.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:12]


def image_shapes(name: str) -> list[tuple[int, ...]]:
    """The images outputs are asked for."""
    if name in DECODERS:
        return [DECODERS[name][1]]
    side = CLASSIFIERS[name]
    return [(1, 3, side, side), (2, 3, side, side) if name in FIXED_SIZE else (2, 3, side * 5 // 7, side)]


def gradient_shape(name: str) -> tuple[int, ...]:
    """A small image, not square: the fewer ReLUs, the fewer of them within rounding of zero."""
    side = CLASSIFIERS[name]
    return (1, 3, side, side) if name in FIXED_SIZE else (1, 3, 96, 128)


def cache() -> Path:
    """The folder of files that may be made again, which git is told to leave alone."""
    folder = CACHE / fingerprint()
    folder.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    return folder


def exported(name: str, exporter: str, network: torch.nn.Module) -> Path:
    """The model folder of the network, from the cache where it is there."""
    folder = cache() / f"{name}.{exporter}"
    if not (folder / "model.onnx").exists():
        shape = image_shapes(name)[0]
        if exporter == "handwritten":
            model = write_seg_net(network, shape)
        else:
            # Two images for tracing: of an extent of 1, the dynamo exporter concludes that it never changes.
            example = torch.zeros(2, *shape[1:])
            dynamic = "" if name in DECODERS else "N" if name in FIXED_SIZE else "NHW"
            model = export(network, [example if dynamic else torch.zeros(shape)], exporter=exporter,
                           opset=OPSETS[exporter], dynamic=dynamic)
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        onnx.save(model, partial / "model.onnx")
        partial.rename(folder)
    return folder


def exporters(name: str) -> tuple[str, ...]:
    return ("handwritten",) if name == "segnet" else EXPORTERS


class DaemonAnswers:
    """The daemon as the one who is asked."""

    def __init__(self, arguments, folder: Path):
        self.models = Path(tempfile.mkdtemp(prefix="networks-"))
        (self.models / folder.name).symlink_to(folder, target_is_directory=True)
        self.name = folder.name
        self.daemon = Daemon(self.models, arguments.bin, timeout=arguments.timeout)

    def __enter__(self):
        self.daemon.start()
        refused = self.daemon.refused().get(self.name)
        if refused:
            self.__exit__()
            raise RequestFailed("refused", refused)
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        shutil.rmtree(self.models, ignore_errors=True)

    def output(self, x: torch.Tensor) -> np.ndarray:
        return self.daemon.run(self.name, {"input": x.numpy()})["output"]

    def gradient(self, x: torch.Tensor) -> np.ndarray:
        answer = self.daemon.explain(self.name, x.numpy(), method="gradient", class_index=CLASS)
        if answer.attribution is None:
            raise RequestFailed("no-attribution", "the answer to 'explain' has no attribution")
        return answer.attribution[None]


class PeerAnswers:
    """ONNX Runtime's outputs and single-precision PyTorch's gradients, to check this script and the exported files."""

    def __init__(self, folder: Path, network: torch.nn.Module):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.network = network
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def output(self, x: torch.Tensor) -> np.ndarray:
        return self.session.run(["output"], {"input": x.numpy()})[0]

    def gradient(self, x: torch.Tensor) -> np.ndarray:
        return scores_and_gradient(self.network, x, CLASS, double=False)[1]


@torch.no_grad()
def reference_outputs(network: torch.nn.Module, images: list[torch.Tensor], name: str) -> list[tuple[np.ndarray, ...]]:
    """Outputs in double and in single precision, from the cache where they are there."""
    path = cache() / f"{name}.reference.npz"
    if not path.exists():
        arrays = {f"single{i}": network(x).numpy() for i, x in enumerate(images)}
        network.double()
        arrays |= {f"double{i}": network(x.double()).numpy() for i, x in enumerate(images)}
        network.float()  # exact: the weights were single precision before
        np.savez(path, **arrays)
    stored = np.load(path)
    return [(stored[f"double{i}"], stored[f"single{i}"]) for i in range(len(images))]


def gradient_question(name: str, network: torch.nn.Module) -> tuple[torch.Tensor, np.ndarray, float]:
    """An image, the gradient there in double precision, and single precision's error; see ``plainest``."""
    images = (image(gradient_shape(name), seed) for seed in range(4, 10))
    error, x, (_, gradient), _ = plainest(
        images, lambda x: [scores_and_gradient(network, x, CLASS, double=double) for double in (True, False)])
    return x, gradient, error


def compare(name: str, exporter: str, network: torch.nn.Module, ask: Callable) -> Row:
    """One row: `ask(folder, network)` opens whoever is asked."""
    row = Row(name, exporter)
    images = [torch.randn(s, generator=torch.Generator().manual_seed(2)) if s[1] != 3 else image(s)
              for s in image_shapes(name)]
    references = reference_outputs(network, images, name)
    row.output_reference = max(relative_error(single, double) for double, single in references)
    try:
        folder = exported(name, exporter, network)
    except Exception as error:  # the exporters raise whatever their depths raise
        row.problem = f"not exported: {one_line(first_cause(error))}"
        return row
    try:
        with ask(folder, network) as answers:
            row.output = max(relative_error(answers.output(x), double) for x, (double, _) in zip(images, references))
            if name in CLASSIFIERS:
                x, double, row.gradient_reference = gradient_question(name, network)
                gradient = answers.gradient(x)
                row.gradient = relative_error(gradient, double)
                if row.gradient > BOUND:
                    # The large images of FIXED_SIZE make every unit looked at expensive.
                    most = 64 if name in FIXED_SIZE else 256
                    right = kinks.GradientSum(network, [x], [1.0], CLASS)
                    explained = kinks.explain(right, gradient[0], BOUND, most)
                    row.gradient, row.moved = explained.error, explained.moved
    except (RequestFailed, DaemonDied, ValueError) as error:
        row.problem = one_line(error)
    return row


def table(rows: list[Row]) -> str:
    lines = [f"| {HEAD} | |", f"|{ALIGNMENT}|---|"]
    for r in rows:
        is_failure = not r.passed and not r.problem.startswith("not exported")
        verdict = "pass" if r.passed else ("**fail** " if is_failure else "") + cell(r.problem)
        lines.append(f"| {r.cells} | {verdict} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these networks")
    parser.add_argument("--exporter", choices=EXPORTERS, help="only models of this exporter")
    parser.add_argument("--report", action="store_true", help="write the table into the documentation")
    parser.add_argument("--self-check", action="store_true", help="ask PyTorch and ONNX Runtime instead of the daemon")
    arguments = parser.parse_args()
    names = [*CLASSIFIERS, *DECODERS]
    if arguments.report and arguments.self_check:
        parser.error("the documentation is about the daemon: --report goes without --self-check")
    unknown = set(arguments.only or []) - set(names)
    if unknown:
        parser.error(f"no network is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    def ask(folder: Path, network: torch.nn.Module):
        return PeerAnswers(folder, network) if arguments.self_check else DaemonAnswers(arguments, folder)

    rows = []
    for name in names:
        if arguments.only and name not in arguments.only:
            continue
        network = (decoder(name) if name in DECODERS else classifier(name)).requires_grad_(False)
        for exporter in exporters(name):
            if arguments.exporter in (None, exporter) or exporter == "handwritten":
                rows.append(compare(name, exporter, network, ask))
                print(table(rows[-1:]).splitlines()[-1], flush=True)
        # After each network: a run of an hour that is cut short leaves what it found.
        if arguments.report:
            write_section("networks", "networks.py",
                          f"Errors are relative to the largest magnitude; the bound is {BOUND:.0e}.\n\n{table(rows)}")
    # A network that an exporter cannot export is the exporter's matter, as long as another one can.
    failed = [r for r in rows if not r.passed and not r.problem.startswith("not exported")]
    missing = {r.network for r in rows} - {r.network for r in rows if r.passed} - {r.network for r in failed}
    print(f"{sum(r.passed for r in rows)} of {len(rows)} pass")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
