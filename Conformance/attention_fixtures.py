"""Makes Tests/Fixtures/attention: small networks of timm whose layers are no planes, an image each, and what
pytorch-grad-cam and PyTorch say of them; see attention_maps.py, which compares whole networks.

    python Conformance/attention_fixtures.py
"""

from pathlib import Path

import attention_maps as maps
import numpy as np
import pytorch_grad_cam as cams
import torch
from timm.models.convnext import ConvNeXt
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "attention"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    vit = dict(img_size=32, patch_size=8, embed_dim=24, depth=3, num_heads=2, num_classes=5)
    subjects = {
        "vit": (VisionTransformer(**vit), 32, lambda m: m.blocks[-2], maps.tokens(1), True),
        "vit-pooled": (VisionTransformer(**vit, class_token=False, global_pool="avg", fc_norm=False), 32,
                       lambda m: m.norm, maps.tokens(0), True),
        "swin": (SwinTransformer(img_size=32, patch_size=2, embed_dim=8, depths=(2, 2), num_heads=(2, 2), window_size=4,
                                 num_classes=5), 32, lambda m: m.norm, maps.pixels, False),
        "convnext": (ConvNeXt(depths=(1, 1, 1, 2), dims=(8, 8, 12, 16), num_classes=5), 64, lambda m: m.stages[-1], None, False),
    }
    for name, (model, side, target, transform, is_global) in subjects.items():
        maps.shake(model, seed=3)
        x = torch.nn.functional.interpolate(
            torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(5)), size=(side, side), mode="bicubic")
        torch.onnx.export(model, (x,), FOLDER / f"{name}.onnx", dynamo=False, opset_version=17, input_names=["x"])
        np.save(FOLDER / f"{name}.x.npy", x.numpy())
        class_index = int(model(x)[0].argmax())
        np.save(FOLDER / f"{name}.grad-cam.npy", maps.cam(cams.GradCAM, model, target(model), transform, x, class_index))
        if is_global:
            pairs = maps.attentions(model, x, class_index)
            np.save(FOLDER / f"{name}.attention-rollout.npy", maps.rollout(pairs, model))
            np.save(FOLDER / f"{name}.transformer-attribution.npy", maps.attribution(pairs, model))
    print(f"wrote {FOLDER}")


if __name__ == "__main__":
    main()
