"""Compares maps of networks whose layers are no planes [N,C,h,w]: tokens, windows, channels last.

    python Conformance/attention_maps.py
    python Conformance/attention_maps.py --report --bin .build/debug/interpretd

Networks are timm's with seeded weights, exported by torch.onnx. Grad-CAM and its family are compared with pytorch-grad-cam
with a `reshape_transform`, at the layer that the daemon chooses by itself; attention rollout (Abnar and Zuidema 2020) and
transformer attribution (Chefer et al. 2021) with a few lines of PyTorch each, which read the attention by hooks. The figure
is the largest difference by the largest magnitude of the reference's map.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torchvision_models  # noqa: F401  (first: it makes torchvision importable)
import numpy as np
import pytorch_grad_cam as cams
import timm
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from daemon import Daemon, RequestFailed, add_arguments
from report import write_section

TOLERANCE = 2e-3
METHODS = {"grad-cam": cams.GradCAM, "grad-cam++": cams.GradCAMPlusPlus, "layer-cam": cams.LayerCAM,
           "eigen-cam": cams.EigenCAM}


def tokens(prefix: int):
    def transform(x):
        x = x[:, prefix:]
        side = int(round(x.shape[1] ** 0.5))
        return x.reshape(x.shape[0], side, side, -1).permute(0, 3, 1, 2)
    return transform


def pixels(x):
    return x.permute(0, 3, 1, 2)


# name, options, image side, where pytorch-grad-cam looks, how that becomes planes, whether attention is over the image
SUBJECTS = [
    ("vit_tiny_patch16_224", {}, 224, lambda m: m.blocks[-2], tokens(1), True),
    ("deit3_small_patch16_224", {"depth": 4}, 224, lambda m: m.blocks[-2], tokens(1), True),
    ("vit_small_patch16_dinov3", {"depth": 3, "num_classes": 10}, 224, None, None, True),
    ("vit_base_patch16_siglip_gap_224", {"depth": 3, "num_classes": 10, "embed_dim": 192, "num_heads": 3}, 224,
     lambda m: m.norm, tokens(0), True),
    ("swin_tiny_patch4_window7_224", {"depths": (2, 2, 2, 2)}, 224, lambda m: m.norm, pixels, False),
    ("convnext_atto", {}, 224, lambda m: m.stages[-1], None, False),
    ("convnextv2_atto", {}, 160, lambda m: m.stages[-1], None, False),
]


timm.layers.set_fused_attn(False)


def network(name: str, options: dict) -> torch.nn.Module:
    return shake(timm.create_model(name, pretrained=False, **options), seed=1)


def shake(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Seeded weights that reach the scores: timm begins with scales of 1e-6 and heads of 0."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "gamma" in name or "ls" in name:
                parameter.uniform_(0.2, 0.6)
            elif parameter.ndim >= 2:
                parameter.normal_(0, 1.5 / parameter[0].numel() ** 0.5)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval().requires_grad_(False)


def cam(kind, model, layer, transform, x, class_index):
    """pytorch-grad-cam's map before it is scaled and enlarged, rectified as its methods do it."""
    model.requires_grad_(True)
    extractor = kind(model=model, target_layers=[layer], reshape_transform=transform)
    with torch.enable_grad():
        kept = extractor.activations_and_grads
        kept(x)[0, class_index].backward()
        result = extractor.get_cam_image(x, layer, [ClassifierOutputTarget(class_index)], kept.activations[0].numpy(),
                                         kept.gradients[0].numpy(), False)[0]
    kept.release()
    model.requires_grad_(False)
    return np.asarray(result if kind is cams.EigenCAM else np.maximum(result, 0), np.float32)


def attentions(model, x, class_index):
    """The softmax matrices [heads,T,T] and the class score's gradient by them."""
    found = []
    for block in model.blocks:
        block.attn.fused_attn = False

    def keep(module, inputs, output):
        output.requires_grad_(True)
        output.retain_grad()
        found.append(output)

    hooks = [block.attn.attn_drop.register_forward_pre_hook(
        lambda module, inputs: keep(module, inputs, inputs[0])) for block in model.blocks]
    score = model(x.clone().requires_grad_(True))[0, class_index]
    score.backward()
    for hook in hooks:
        hook.remove()
    return [(a.detach()[0], a.grad[0]) for a in found]


def read(relevance, model):
    """What the class token has of the patches, or the patches on the average where they are pooled."""
    prefix = model.num_prefix_tokens
    rows = relevance[:1] if model.global_pool == "token" else relevance[prefix:]
    row = rows[:, prefix:].mean(0)
    side = int(round(row.numel() ** 0.5))
    return row.reshape(side, side).numpy()


def rollout(pairs, model):
    result = torch.eye(pairs[0][0].shape[-1])
    for attention, _ in pairs:
        mixed = attention.mean(0) / 2 + torch.eye(attention.shape[-1]) / 2
        result = mixed @ result
    return read(result, model)


def attribution(pairs, model):
    result = torch.eye(pairs[0][0].shape[-1])
    for attention, gradient in pairs:
        result = result + (attention * gradient).clamp(min=0).mean(0) @ result
    return read(result, model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--report", action="store_true", help="write the table into Documentation/Conformance.md")
    parser.add_argument("--only", help="names of networks that hold this")
    arguments = parser.parse_args()
    subjects = [s for s in SUBJECTS if not arguments.only or arguments.only in s[0]]
    rows, failures = [], 0
    with tempfile.TemporaryDirectory(prefix="attention-") as folder:
        models = {}
        for name, options, side, *_ in subjects:
            model = models[name] = network(name, options)
            place = Path(folder) / name
            place.mkdir()
            torch.onnx.export(model, (torch.zeros(1, 3, side, side),), place / "model.onnx", dynamo=False,
                              opset_version=17, input_names=["x"])
        with Daemon(Path(folder), arguments.bin, timeout=arguments.timeout) as daemon:
            refused = daemon.refused()
            for name, options, side, target, transform, is_global in subjects:
                if name in refused:
                    rows.append((name, "-", None, refused[name][:160]))
                    continue
                model, generator = models[name], torch.Generator().manual_seed(7)
                x = torch.nn.functional.interpolate(
                    torch.randn(1, 3, 28, 28, generator=generator), size=(side, side), mode="bicubic")
                scores = model(x)[0]
                class_index = int(scores.argmax())

                def compare(method, reference, either_sign=False):
                    nonlocal failures
                    try:
                        ours = daemon.explain(name, x.numpy(), method=method, class_index=class_index,
                                              raw_attribution=False)
                    except RequestFailed as error:
                        failures += reference is not None
                        rows.append((name, method, None, f"refused: {error}"[:200]))
                        return
                    if reference is None:
                        failures += 1
                        rows.append((name, method, None, "FAILS: it should be refused"))
                        return
                    if ours.map.shape != reference.shape:
                        failures += 1
                        rows.append((name, method, None, f"FAILS: {ours.map.shape} instead of {reference.shape}"))
                        return
                    scale = np.abs(reference).max()
                    error = np.abs(ours.map - reference).max() / scale if scale else np.abs(ours.map).max()
                    if either_sign:
                        error = min(error, np.abs(ours.map + reference).max() / scale)
                    failures += bool(error > TOLERANCE)
                    rows.append((name, method, float(error), "" if error <= TOLERANCE else "FAILS"))

                if target is not None:
                    for method, kind in METHODS.items():
                        map_ = cam(kind, model, target(model), transform, x, class_index)
                        compare(method, map_, method == "eigen-cam")
                if is_global:
                    pairs = attentions(model, x, class_index)
                    compare("attention-rollout", rollout(pairs, model))
                    compare("transformer-attribution", attribution(pairs, model))
                elif target is not None:
                    compare("attention-rollout", None)
                    compare("transformer-attribution", None)
    lines = ["| network | method | largest difference | |", "|---|---|---|---|"]
    for name, method, error, remark in rows:
        lines.append(f"| {name} | `{method}` | {'' if error is None else f'{error:.1e}'} | {remark} |")
    text = "\n".join(lines)
    print(text)
    if arguments.report:
        write_section("attention", "attention_maps.py", f"Tolerance {TOLERANCE:g}.\n\n{text}")
    raise SystemExit(failures > 0)


if __name__ == "__main__":
    main()
