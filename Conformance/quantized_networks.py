"""Networks that ONNX Runtime's quantizer made, through the daemon and through ONNX Runtime.

    python Conformance/quantized_networks.py [--bin FILE] [--size 128]

Torchvision's networks with random weights are quantized statically, in both forms that the quantizer writes (QDQ:
numbers between pairs of QuantizeLinear and DequantizeLinear; QOperator: QLinearConv and the like), per tensor and per
channel, and dynamically (DynamicQuantizeLinear, ConvInteger, MatMulInteger). ONNX Runtime runs them without its
optimizations.

Two things are compared: the scores, and every tensor of integers on the way. QLinearConv and its like must agree to the
last integer where their inputs do; where a network computes in numbers between its integers (QDQ), single precision
may round a value that lies between two integers either way: then a few differ by one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx

from daemon import Daemon, add_arguments


def export(name: str, size: int, file: Path) -> None:
    import torch

    import torchvision_models

    network = torchvision_models.classifier(name).eval()
    torch.onnx.export(network, (torchvision_models.image((1, 3, size, size)),), file, input_names=["image"],
                      output_names=["scores"], opset_version=18, dynamo=False)


def quantize(source: Path, target: Path, kind: str, per_channel: bool, size: int) -> None:
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quant_pre_process,
                                          quantize_dynamic, quantize_static)

    class Noise(CalibrationDataReader):
        def __init__(self):
            generator = np.random.default_rng(1)
            self.images = iter(
                [{"image": generator.standard_normal((1, 3, size, size)).astype(np.float32)} for _ in range(2)])

        def get_next(self):
            return next(self.images, None)

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    if kind == "dynamic":
        quantize_dynamic(prepared, target, weight_type=QuantType.QUInt8)
    else:
        quantize_static(prepared, target, Noise(), per_channel=per_channel, quant_format=getattr(QuantFormat, kind),
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    prepared.unlink()


def with_integers(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every tensor of integers among its outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    makers = {"QuantizeLinear", "QLinearConv", "QLinearMatMul", "QLinearAdd", "QGemm", "QLinearGlobalAveragePool",
              "QLinearConcat", "QLinearMul", "QLinearSigmoid", "DynamicQuantizeLinear"}
    known = {o.name for o in copy.graph.output}
    for node in copy.graph.node:
        if node.op_type in makers and node.output[0] not in known:
            copy.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.output[0]))
    return copy


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--size", type=int, default=128, help="rows and columns of the image")
    arguments = parser.parse_args()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    folder = Path(tempfile.mkdtemp(prefix="quantized-"))
    failures = 0
    try:
        forms = [("QDQ", False), ("QDQ", True), ("QOperator", False), ("QOperator", True), ("dynamic", False)]
        names = []
        for network in ("resnet18", "mobilenet_v2"):
            export(network, arguments.size, folder / "plain.onnx")
            for kind, per_channel in forms:
                name = f"{network}.{kind}.{'channel' if per_channel else 'tensor'}"
                (folder / name).mkdir()
                quantize(folder / "plain.onnx", folder / name / "model.onnx", kind, per_channel, arguments.size)
                model = with_integers(onnx.load(folder / name / "model.onnx"))
                onnx.save(model, folder / name / "model.onnx")
                names.append(name)
        (folder / "plain.onnx").unlink()
        image = np.random.default_rng(5).standard_normal((1, 3, arguments.size, arguments.size)).astype(np.float32)
        print("| network | integers | differ | by at most | scores differ | ours | ONNX Runtime |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        with Daemon(folder, arguments.bin, timeout=arguments.timeout) as daemon:
            for name in names:
                session = onnxruntime.InferenceSession(str(folder / name / "model.onnx"), options,
                                                       providers=["CPUExecutionProvider"])
                made = [o for n in onnx.load(folder / name / "model.onnx").graph.node for o in n.output]
                outputs = sorted((o.name for o in session.get_outputs()), key=made.index)
                began = time.perf_counter()
                expected = dict(zip(outputs, session.run(outputs, {"image": image})))
                theirs = time.perf_counter() - began
                daemon.run(name, {"image": image})
                began = time.perf_counter()
                found = daemon.run(name, {"image": image})
                ours = time.perf_counter() - began
                total = different = worst = beginning = 0
                for output in outputs:
                    if expected[output].dtype.kind in "iu":
                        gap = np.abs(found[output].astype(np.int64) - expected[output].astype(np.int64))
                        total, different = total + gap.size, different + int((gap > 0).sum())
                        worst = max(worst, int(gap.max()))
                        if beginning == 0:
                            beginning = int(gap.max())
                scores = np.abs(found["scores"] - expected["scores"]).max() / np.abs(expected["scores"]).max()
                print(f"| {name} | {total} | {different} | {worst} | {scores:.1e} | {ours:.2f} s | {theirs:.2f} s |",
                      flush=True)
                # One value that was rounded the other way spreads; what must agree is everything before it.
                failures += different > 0 if ".QDQ." not in name else beginning > 1 or scores > 0.2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
