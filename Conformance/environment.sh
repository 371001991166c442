#!/bin/sh
# Makes the Python environment of the conformance scripts, .venv-conformance beside Package.swift, or brings it up to
# date. Usage: Conformance/environment.sh [PYTHON]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
environment="$root/.venv-conformance"
python=${1:-python3}

[ -x "$environment/bin/python" ] || "$python" -m venv "$environment"
pip() { "$environment/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

# The CPU build satisfies torch==2.13.0 of requirements.txt, so it must be there before the rest asks for it.
pip install "torch==2.13.0+cpu"
# The packages' own wishes would pull in the CUDA build's libraries: torchvision's wheel is made for it, and works
# without (see torchvision_models.py).
pip install --no-deps "$(grep '^torchvision==' "$root/Conformance/requirements.txt")"
# Quantus asks for the OpenCV that opens windows, beside the one that does not.
pip install --no-deps "$(grep '^quantus==' "$root/Conformance/requirements.txt")"
grep -v -e '^#' -e '^torch' -e '^quantus' "$root/Conformance/requirements.txt" > "$environment/requirements.rest"
pip install --requirement "$environment/requirements.rest" --constraint "$root/Conformance/requirements.txt"
"$environment/bin/python" -c 'import torch, onnxruntime; print("torch", torch.__version__, "onnxruntime", onnxruntime.__version__)'
