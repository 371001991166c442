"""One small network of each family of timm, exported by both of PyTorch's exporters: outputs and input gradients,
against PyTorch in double precision.

    python Conformance/timm_families.py [--bin FILE] [--only FAMILY …] [--limit SECONDS] [--anew] [--report]

Weights are seeded and shaken (see torchvision_models.py); where a family has no small network, the depth or the width of
one is cut down by its own options, named in FAMILIES. The TorchScript-based exporter gets a free batch axis, the other one
fixed extents. A network that an exporter does not export says so with the exporter's reason; every other one must load,
run, and give the gradient of one class score. An error is the largest difference relative to the largest magnitude of the
truth; the bound is 1e-4. A gradient beyond it is looked into as in networks.py ("moved"; see kinks.py).

Each network is a process of its own, with a limit on time and memory, and what it found is kept in .conformance-cache
beside the binary's fingerprint: a run that was cut short goes on where it was. The exported files are let go. A report of
some families leaves the rows of the others on the page.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import comparison
from comparison import ALIGNMENT, BOUND, EXPORTERS, HEAD, cell, first_cause, one_line, plainest, relative_error
from daemon import Daemon, DaemonDied, RequestFailed, add_arguments
from report import read_sections, write_section

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".conformance-cache" / "timm"
CLASS = 3
CLASSES = 10
# The image's side where the network does not demand one.
SIDE = 96
# Of one network's process: 12 GiB.
LARGEST_PROCESS = 12 << 30


@dataclass(frozen=True)
class Network:
    """A name of timm's, the image's side where neither SIDE nor the network's own will do, whether even the
    TorchScript-based exporter gets fixed extents, and options of its maker."""

    name: str
    side: int | None = None
    options: dict = field(default_factory=dict)
    is_fixed: bool = False


def small(name: str, side: int | None = None, **options) -> Network:
    return Network(name, side, options)


SHORT = {"depth": 3, "embed_dim": 192, "num_heads": 3}
# By timm's own module, or by the kind within a module that holds several.
FAMILIES: dict[str, Network] = {
    "beit": small("beit_base_patch16_224", **SHORT),
    "byoanet, bottleneck attention": small("eca_botnext26ts_256"),
    "byoanet, halo attention": small("halonet_h1", 256),
    "byoanet, lambda layers": small("lambda_resnet26t", 128),
    "byobnet, MobileOne": small("mobileone_s1"),
    "byobnet, RepVGG": small("repvgg_a0"),
    "cait": small("cait_xxs24_224", depth=4),
    "coat": small("coat_lite_tiny"),
    "convit": small("convit_tiny", depth=4, local_up_to_layer=3),
    "convmixer": small("convmixer_768_32", 56),
    "convnext": small("convnext_atto"),
    "convnext, second version": small("convnextv2_atto"),
    "cpubone": small("cpubone_nano", 128),
    "crossvit": small("crossvit_tiny_240"),
    "csatv2": small("csatv2", 256),
    "cspnet": small("cs3darknet_s"),
    "cspnext": small("cspnext_tiny", 128),
    "davit": small("davit_tiny", 224, depths=(1, 1, 1, 1), embed_dims=(24, 48, 96, 192), num_heads=(1, 2, 4, 8)),
    "deit": small("deit_tiny_distilled_patch16_224", depth=4),
    "deit, third version": small("deit3_small_patch16_224", **SHORT),
    "densenet": small("densenet121"),
    "dla": small("dla46x_c"),
    "dpn": small("dpn48b"),
    "edgenext": small("edgenext_xx_small", 128),
    "efficientformer": small("efficientformer_l1"),
    "efficientformer_v2": small("efficientformerv2_s0"),
    "efficientnet": small("efficientnet_b0"),
    "efficientnet, MixNet": small("mixnet_s"),
    "efficientnet, TensorFlow's padding": small("tf_efficientnet_lite0"),
    "efficientvim": small("efficientvim_m1", 224),
    "efficientvit_mit": small("efficientvit_b0", 128),
    "efficientvit_msra": small("efficientvit_m0"),
    "eva": small("eva02_tiny_patch14_224", depth=4),
    "fasternet": small("fasternet_t0"),
    "fastvit": small("fastvit_t8", 128),
    "focalnet": small("focalnet_tiny_srf", 128),
    "gcvit": small("gcvit_xxtiny"),
    "ghostnet": small("ghostnet_050"),
    "ghostnet, third version": small("ghostnetv3_050"),
    "hardcorenas": small("hardcorenas_a"),
    "hgnet": small("hgnetv2_b0"),
    "hiera": small("hiera_tiny_224", embed_dim=48),
    # With a free batch axis that exporter writes branches of different shapes.
    "hieradet_sam2": Network("hieradet_small", 256, {"embed_dim": 32}, is_fixed=True),
    "hrnet": small("hrnet_w18_small"),
    "iformer": small("iformer_t", 224),
    "inception_next": small("inception_next_atto"),
    "inception_resnet_v2": small("inception_resnet_v2", 112),
    "inception_v3": small("inception_v3", 112),
    "inception_v4": small("inception_v4", 112),
    "lcnetv2": small("lcnetv2_small"),
    "levit": small("levit_128s"),
    "lowformer": small("lowformer_b0", 128),
    "mambaout": small("mambaout_femto"),
    "maxxvit, CoAtNet": small("coatnet_nano_rw_224"),
    "maxxvit, MaxViT": small("maxvit_rmlp_pico_rw_256"),
    "metaformer": small("poolformer_s12"),
    "metaformer, CAFormer": small("caformer_s18"),
    "mlp_mixer": small("mixer_s32_224"),
    "mlp_mixer, gMLP": small("gmlp_ti16_224"),
    "mlp_mixer, ResMLP": small("resmlp_12_224"),
    "mobilenetv3": small("mobilenetv3_small_050"),
    "mobilenetv3, fourth version": small("mobilenetv4_conv_small_050"),
    "mobilevit": small("mobilevit_xxs", 128),
    "mobilevit, second version": small("mobilevitv2_050", 128),
    "mvitv2": small("mvitv2_tiny", 224),
    "nasnet": small("nasnetalarge", 96),
    "nest": small("nest_tiny"),
    "nextvit": small("nextvit_small", 128),
    "nfnet": small("nfnet_l0", 128),
    "pit": small("pit_ti_224"),
    "pnasnet": small("pnasnet5large", 96),
    "pvt_v2": small("pvt_v2_b0"),
    "rdnet": small("rdnet_tiny", 96),
    "regnet": small("regnety_002"),
    "repghost": small("repghostnet_050"),
    "repvit": small("repvit_m0_9", 128),
    "res2net": small("res2net50_14w_8s"),
    "resnest": small("resnest14d"),
    "resnet": small("resnet10t"),
    "resnet, squeeze and excitation": small("seresnet33ts"),
    "resnetv2": small("resnetv2_18"),
    "resnetv2, BiT": small("resnetv2_50x1_bit"),
    "rexnet": small("rexnet_100"),
    "selecsls": small("selecsls42"),
    "senet": small("legacy_seresnet18"),
    "sequencer": small("sequencer2d_s", layers=(1, 1, 1, 1)),
    "shvit": small("shvit_s1"),
    "sknet": small("skresnet18"),
    "starnet": small("starnet_s050"),
    "swiftformer": small("swiftformer_xs", 224),
    "swin_transformer": small("swin_tiny_patch4_window7_224", depths=(1, 1, 2, 1), embed_dim=48),
    "swin_transformer_v2": small("swinv2_tiny_window8_256", depths=(1, 1, 2, 1), embed_dim=48),
    "swin_transformer_v2_cr": small("swinv2_cr_tiny_224", depths=(1, 1, 2, 1), embed_dim=48),
    "tiny_vit": small("tiny_vit_5m_224"),
    "tnt": small("tnt_s_patch16_224", depth=2),
    "tresnet": small("tresnet_m", 96),
    "twins": small("twins_svt_small"),
    "vgg": small("vgg11", 224),
    "visformer": small("visformer_tiny"),
    "vision_transformer": small("vit_tiny_patch16_224", depth=4),
    "vision_transformer, DINOv2 with registers": small("vit_small_patch14_reg4_dinov2", img_size=112, **SHORT),
    "vision_transformer_hybrid": small("vit_tiny_r_s16_p8_224", depth=3),
    "vision_transformer_relpos": small("vit_relpos_small_patch16_224", **SHORT),
    "vision_transformer_sam": small("samvit_base_patch16_224", **SHORT),
    "vitamin": small("vitamin_small_224", 224),
    "volo": small("volo_d1_224"),
    "vovnet": small("ese_vovnet19b_slim_dw"),
    "xception": small("legacy_xception"),
    "xception_aligned": small("xception41", 128),
    "xcit": small("xcit_nano_12_p16_224", depth=3),
}


@dataclass
class Row(comparison.Row):
    family: str = ""
    # The exporter's failure, not ours.
    is_exported: bool = True

    @property
    def passed(self) -> bool:
        return super().passed and None not in (self.output, self.gradient)

    @property
    def excuse(self) -> str:
        """Of a gradient beyond the bound where that of PyTorch in single precision is no nearer."""
        is_further = None not in (self.gradient, self.gradient_reference) and BOUND < self.gradient <= self.gradient_reference
        return "single precision comes no nearer, PyTorch's neither" if is_further else ""


# What follows until `main` runs in the process of one network; PyTorch is imported there alone.


def made(network: Network):
    """The network in evaluation mode, and the shape of its image."""
    from torchvision_models import image, shaken, torch  # before timm, which wants torchvision's operators
    import timm

    torch.manual_seed(1)
    model = timm.create_model(network.name, pretrained=False, num_classes=CLASSES, **network.options)
    for module in model.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    settings = model.pretrained_cfg
    own = settings["input_size"][-1]
    side = network.side or network.options.get("img_size") or (own if settings.get("fixed_input_size") else min(own, SIDE))
    return shaken(model, lambda seed: image((4, 3, side, side), seed)), (1, 3, side, side)


@contextlib.contextmanager
def orderly_signals(model):
    """PyTorch 2.13 takes a signal that is a transposed view wrongly back through batch normalization in evaluation mode:
    finite differences of its own scores, in double precision, differ from its gradient by a quarter (iformer). So the
    signals are copied into the usual order first, for which nothing may be changed in place (see `made`)."""
    from torchvision_models import nn

    def orderly(_, signals):
        return tuple(signal.contiguous() for signal in signals)

    hooks = [m.register_full_backward_pre_hook(orderly) for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def both_precisions(model, x) -> list[tuple[np.ndarray, np.ndarray]]:
    """Scores and gradient in double and in single precision."""
    from torchvision_models import scores_and_gradient

    try:
        with orderly_signals(model):
            return [scores_and_gradient(model, x, CLASS, double=double) for double in (True, False)]
    except RuntimeError as error:
        # A function, no layer, that changes a normalization's result in place; then none may look at the signals.
        if "inplace" not in str(error):
            raise
        return [scores_and_gradient(model, x, CLASS, double=double) for double in (True, False)]


def explanation(model, x, attribution: np.ndarray):
    """Whether units within rounding of a kink make the difference (kinks.py)."""
    import kinks

    def explained():
        # More units take minutes, and few are needed as a rule.
        for most in (128, 1024):
            found = kinks.explain(kinks.GradientSum(model, [x], [1.0], CLASS), attribution, BOUND, most)
            if found.error <= BOUND:
                break
        return found

    try:
        with orderly_signals(model):
            return explained()
    except RuntimeError as error:
        if "inplace" not in str(error):
            raise
        return explained()


def examine(family: str, binary: Path, timeout: float) -> list[Row]:
    """A row for each exporter."""
    from torchvision_models import image, torch

    torch.set_num_threads(1)
    network = FAMILIES[family]
    model, shape = made(network)
    model.requires_grad_(False)
    images = (image(shape, seed) for seed in range(4, 10))
    reference, x, (truth, gradient), (output, _) = plainest(images, lambda x: both_precisions(model, x))
    rows = []
    for exporter in EXPORTERS:
        row = Row(network.name, exporter, family=family, output_reference=relative_error(output, truth),
                  gradient_reference=reference)
        with tempfile.TemporaryDirectory() as folder:
            if write_model(row, model, shape, Path(folder) / "network"):
                with Daemon(Path(folder), binary, timeout=timeout) as daemon:
                    ask(row, daemon, model, x, truth, gradient)
        rows.append(row)
    return rows


def write_model(row: Row, model, shape: tuple[int, ...], folder: Path) -> bool:
    """The exported network in a folder of its own; false where the exporter does not export it."""
    from torchvision_models import torch
    import onnx

    from fixture import export

    folder.mkdir()
    try:
        dynamic = "N" if row.exporter == "torchscript" and not FAMILIES[row.family].is_fixed else ""
        example = torch.zeros(2 if dynamic else 1, *shape[1:])
        onnx.save(export(model, [example], exporter=row.exporter, opset=18, dynamic=dynamic), folder / "model.onnx")
        return True
    except Exception as error:  # the exporters raise whatever their depths raise
        error = first_cause(error)
        row.problem, row.is_exported = f"not exported: {type(error).__name__}: {one_line(error)}", False
        return False


def ask(row: Row, daemon: Daemon, model, x, truth: np.ndarray, gradient: np.ndarray) -> None:
    try:
        if refusal := daemon.refused().get("network"):
            raise RequestFailed("refused", refusal)
        row.output = relative_error(daemon.run("network", {"input": x.numpy()})["output"], truth)
        answer = daemon.explain("network", x.numpy(), method="gradient", class_index=CLASS)
        if answer.attribution is None:
            raise RequestFailed("no-attribution", "the answer to 'explain' has no attribution")
        row.gradient = relative_error(answer.attribution[None], gradient)
        if row.gradient > BOUND:
            explained = explanation(model, x, answer.attribution)
            row.gradient, row.moved = explained.error, explained.moved
    except (RequestFailed, DaemonDied, ValueError, KeyError) as error:
        row.problem = one_line(error)


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (LARGEST_PROCESS, LARGEST_PROCESS))


def rows_of(family: str, arguments: argparse.Namespace) -> list[Row]:
    """What the process of one network found, or how it ended."""
    command = [sys.executable, str(Path(__file__).resolve()), "--bin", str(arguments.bin), "--timeout",
               str(arguments.timeout), "--one", family]
    rows = [Row(FAMILIES[family].name, exporter, family=family) for exporter in EXPORTERS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=arguments.limit, preexec_fn=bounded)
    except subprocess.TimeoutExpired:
        for row in rows:
            row.problem = f"not done within {arguments.limit:g} s"
        return rows
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        for row in rows:
            row.problem = f"its process ended with {done.returncode}: {last[:200]}"
        return rows
    return [Row(**fields) for fields in json.loads(lines[-1])]


def fingerprint(binary: Path) -> str:
    """Changes with the program that is tested."""
    status = binary.stat()
    return hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:12]


def record(family: str, arguments: argparse.Namespace) -> Path:
    """Where the rows are kept that this program gave for this network."""
    network = hashlib.sha256(repr(FAMILIES[family]).encode()).hexdigest()[:8]
    return CACHE / fingerprint(arguments.bin) / f"{family}.{network}.json"


def kept(family: str, arguments: argparse.Namespace) -> list[Row]:
    """The rows, from the cache where they were found before."""
    file = record(family, arguments)
    if file.exists() and not arguments.anew:
        return [Row(**fields) for fields in json.loads(file.read_text())]
    rows = rows_of(family, arguments)
    # A machine that was too busy may be idle the next time.
    if not any(row.problem.startswith("not done within") for row in rows):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([dataclasses.asdict(row) for row in rows]))
    return rows


def table(rows: list[Row]) -> str:
    lines = [f"| family | {HEAD} | |", f"|---|{ALIGNMENT}|---|"]
    for r in rows:
        verdict = cell("pass" if r.passed else ("" if not r.is_exported else "**fail** ") + (r.problem or r.excuse))
        lines.append(f"| {r.family} | {r.cells} | {verdict} |")
    return "\n".join(lines) + "\n"


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def row_on_page(line: str) -> Row:
    """The row that `table` wrote as that line."""
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    family, name, exporter, *errors, moved, verdict = cells
    row = Row(name, exporter, *map(number, errors), moved=int(moved or 0), family=family)
    row.is_exported = verdict.startswith(("pass", "**fail**"))
    problem = verdict.removeprefix("pass").removeprefix("**fail**").strip().replace("\\|", "|")
    row.problem = "" if problem == row.excuse else problem
    return row


def with_page(rows: list[Row]) -> list[Row]:
    """The rows, and those of the page of which this run had none, in the order of FAMILIES."""
    lines = (line for line in read_sections().get("timm", "").splitlines() if line.startswith("| "))
    found = {row.family for row in rows}
    old = [row for row in map(row_on_page, list(lines)[1:]) if row.family in FAMILIES and row.family not in found]
    order = list(FAMILIES)
    return sorted(rows + old, key=lambda row: order.index(row.family))


def summary(rows: list[Row]) -> str:
    families = {r.family for r in rows}
    exported = [r for r in rows if r.is_exported]
    unexported = families - {r.family for r in exported}
    failed = {r.family for r in exported if not r.passed}
    return (f"{len(families)} families, {len(rows)} exports wanted: {len(exported)} exported, of which "
            f"{sum(r.passed for r in exported)} pass. {len({r.family for r in exported} - failed)} families pass in every form "
            f"that is exported, {len(unexported)} are exported by neither exporter. The bound is {BOUND:.0e}.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--limit", type=float, default=1800, help="the longest time for one network, in seconds")
    parser.add_argument("--anew", action="store_true", help="forget what was found before")
    parser.add_argument("--report", action="store_true", help="write the rows into the documentation's table")
    parser.add_argument("--one", metavar="FAMILY", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        rows = examine(arguments.one, arguments.bin, arguments.timeout)
        print(json.dumps([dataclasses.asdict(row) for row in rows]))
        return 0
    rows, families = [], arguments.only
    for count, family in enumerate(families, 1):
        rows += kept(family, arguments)
        for line in table(rows[-len(EXPORTERS):]).splitlines()[2:]:
            print(f"{count}/{len(families)} {line}", flush=True)
    print(summary(rows))
    if arguments.report:
        page = with_page(rows)
        write_section("timm", "timm_families.py", f"{summary(page)}\n\n{table(page)}", words=["--report"])
    return 1 if any(r.is_exported and not r.passed for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
