"""A running `interpretd` for the conformance scripts: starts it on a folder of models and asks it questions.

    with Daemon(models, binary) as daemon:
        outputs = daemon.run("resnet18", {"input": x})
        answer = daemon.explain("resnet18", x, method="gradient", class_index=3)

The daemon gets a temporary inbox, socket and home folder, so that it neither reads nor leaves anything elsewhere, and
is terminated when the `with` block ends, however it ends.

Needs Python's own library alone; numpy for tensors, and onnx where no model says that it is the default.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_BINARY = ROOT / ".build" / "release" / "interpretd"


DEFAULT_MODEL = """
    <ir_version: 8, opset_import: ["" : 13]>
    small (float[N,3,H,W] image) => (float[N,2] scores)
    <float[2,3,1,1] w = {1.0, 0.0, 0.0, 0.0, 0.0, 1.0}, float[2,2] m = {1.0, 0.0, 0.0, 1.0}, float[2] b = {0.0, 0.0}> {
        features = Conv(image, w)
        active = Relu(features)
        pooled = GlobalAveragePool(active)
        flat = Flatten(pooled)
        scores = Gemm(flat, m, b)
    }
"""


DEFAULT_SETTINGS = {
    "interpret.json": {"default": True},
    "config.json": {"id2label": {"0": "one", "1": "two"}},
    "preprocessor_config.json": {
        "do_resize": True, "size": {"height": 32, "width": 32}, "resample": 2, "do_center_crop": False,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    },
}


class RequestFailed(Exception):
    """The daemon answered with an error; `code` is the protocol's stable word for it."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


class DaemonDied(Exception):
    """The daemon ended, closed the connection, or did not answer in time; the message ends with its last log lines."""


@dataclass
class Explanation:
    """An answer to `explain`. `map` is [rows, columns], `attribution` [C,H,W]; either may be absent."""

    scores: np.ndarray
    map: np.ndarray | None
    attribution: np.ndarray | None
    warnings: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options every script that starts a daemon has."""
    parser.add_argument("--bin", type=Path, default=DEFAULT_BINARY, help="the interpretd to test (%(default)s)")
    parser.add_argument("--timeout", type=float, default=300, help="longest wait for one answer, in seconds")


def encode_npy(array: np.ndarray) -> str:
    """The array as an .npy file in base64. Its type is kept; only the byte order and the axis order are fixed."""
    import numpy as np

    buffer = io.BytesIO()
    # ascontiguousarray would turn a scalar into [1].
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def decode_npy(text: str) -> np.ndarray:
    import numpy as np

    return np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)


def stage(models: Path, folder: Path) -> Path:
    """A folder with links to all the models, and a small one of its own for the photos of the inbox, of which there
    are none: a daemon with several models wants to be told which one those are for."""
    folder.mkdir()
    children = [child for child in models.iterdir() if (child / "model.onnx").exists()]
    for child in children:
        (folder / child.name).symlink_to(child.resolve(), target_is_directory=True)

    def is_default(child: Path) -> bool:
        settings = child / "interpret.json"
        return settings.exists() and json.loads(settings.read_text()).get("default", False)

    if not any(is_default(child) for child in children):
        own = folder / "default-of-the-conformance-scripts"
        own.mkdir()
        import onnx

        onnx.save(onnx.parser.parse_model(DEFAULT_MODEL), own / "model.onnx")
        for name, content in DEFAULT_SETTINGS.items():
            (own / name).write_text(json.dumps(content))
    return folder


class Daemon:
    """One `interpretd serve` process and one connection to it."""

    def __init__(self, models: Path, binary: Path = DEFAULT_BINARY, *, timeout: float = 300,
                 environment: dict[str, str] | None = None):
        self.models, self.binary, self.timeout = Path(models).resolve(), Path(binary).resolve(), timeout
        self.environment = environment or {}
        self.process: subprocess.Popen | None = None
        self.connection: socket.socket | None = None
        self.folder: Path | None = None
        self.lines = b""
        self.next_id = 1

    def __enter__(self) -> "Daemon":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the daemon and waits until it accepts a connection."""
        if not self.binary.exists():
            raise SystemExit(f"{self.binary} is not there: build it with 'swift build -c release', or name it by --bin")
        # Socket paths are limited to about a hundred bytes: a short folder of the system's own.
        self.folder = Path(tempfile.mkdtemp(prefix="interpretd-"))
        inbox, home, path = self.folder / "inbox", self.folder / "home", self.folder / "socket"
        inbox.mkdir()
        home.mkdir()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        environment |= {"HOME": str(home), **self.environment}
        models = stage(self.models, self.folder / "models")
        # Nobody else reaches it: it may open what the script names, wherever that is.
        command = [self.binary, "serve", "--models", models, "--inbox", inbox, "--socket", path, "--roots", "/"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, cwd=self.folder)
        deadline = time.monotonic() + self.timeout
        while True:
            candidate = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                candidate.connect(str(path))
                break
            except OSError:
                candidate.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise self.death("the daemon did not open its socket") from None
                time.sleep(0.02)
        candidate.settimeout(self.timeout)
        self.connection, self.lines = candidate, b""

    def stop(self) -> None:
        """Ends the daemon: a polite signal first, as systemd would send it."""
        if self.connection:
            self.connection.close()
            self.connection = None
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def death(self, what: str) -> DaemonDied:
        """The error that says what happened, how the process ended, and what it last wrote."""
        status = None
        if self.process:
            try:
                status = self.process.wait(1)
            except subprocess.TimeoutExpired:
                pass
        ending = "it is still running" if status is None else f"it ended with status {status}"
        log = (self.folder / "log").read_bytes()[-1500:].decode("utf-8", "replace").strip() if self.folder else ""
        return DaemonDied(f"{what} ({ending})" + (f"\n{log}" if log else ""))

    def call(self, method: str, /, **parameters):
        """Sends one request and waits for its answer; notifications in between are passed over."""
        if not self.connection:
            raise DaemonDied("the daemon is not running")
        request_id, self.next_id = self.next_id, self.next_id + 1
        request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": parameters}
        try:
            self.connection.sendall(json.dumps(request).encode() + b"\n")
            while True:
                answer = json.loads(self.read_line())
                if answer.get("id") == request_id:
                    break
        except TimeoutError:
            raise self.death(f"no answer to '{method}' within {self.timeout:g} s") from None
        except (ConnectionError, EOFError):
            raise self.death(f"the connection closed during '{method}'") from None
        if "error" in answer:
            error = answer["error"]
            raise RequestFailed((error.get("data") or {}).get("code", str(error["code"])), error["message"])
        return answer["result"]

    def read_line(self) -> bytes:
        chunks = [self.lines]
        while b"\n" not in chunks[-1]:
            chunk = self.connection.recv(1 << 20)
            if not chunk:
                raise EOFError
            chunks.append(chunk)
        line, self.lines = b"".join(chunks).split(b"\n", 1)
        return line

    def loaded(self) -> dict[str, dict]:
        """The description of every model in memory, by name."""
        result = self.call("models")
        return {m["name"]: m for m in (result["models"] if isinstance(result, dict) else result)}

    def refused(self) -> dict[str, str]:
        """Why each model folder that is not in memory was refused, by name."""
        result = self.call("models")
        entries = result.get("refused", []) if isinstance(result, dict) else []
        return {entry["name"]: entry["error"] for entry in entries}

    def methods(self) -> set[str]:
        """The names of the explanation methods the daemon has."""
        return {m["name"] for m in self.call("methods")}

    def run(self, model: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A plain forward pass: every output by name."""
        encoded = {name: encode_npy(value) for name, value in inputs.items()}
        result = self.call("run", model=model, inputs=encoded)
        return {name: decode_npy(text) for name, text in result["outputs"].items()}

    def explain(self, model: str, x: np.ndarray, *, method: str, class_index: int | None = None,
                raw: bool = True, raw_attribution: bool = True, **parameters: float | str) -> Explanation:
        """One explanation of the normalized input x [1,C,H,W]; `parameters` are the method's own."""
        import numpy as np

        request = {"npy": encode_npy(x), "model": model, "method": method, "raw": raw,
                   "rawAttribution": raw_attribution, "images": False}
        if class_index is not None:
            request["class"] = str(class_index)
        if parameters:
            request["parameters"] = parameters
        result = self.call("explain", **request)

        def tensor(name: str) -> np.ndarray | None:
            return decode_npy(result[name]["npy"]) if result.get(name) else None

        return Explanation(np.array(result["scores"], dtype=np.float32), tensor("map"), tensor("attribution"),
                           result.get("warnings", []))
