"""A daemon that can be hurt, and the photos that must survive it."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "Tests/Fixtures/first-edition"


@dataclass
class Row:
    """What became of the photos under one fault."""

    fault: str
    how: str
    times: int
    photos: int
    lost: int = 0
    set_aside: int = 0
    twice: int = 0
    remark: str = ""
    # Whether it answered when it was asked.
    is_alive: bool = True

    @property
    def is_good(self) -> bool:
        return self.is_alive and self.lost == self.set_aside == self.twice == 0


class Control:
    """What Tests/Torture/faults.c looks at while the daemon runs."""

    def __init__(self, file: Path):
        file.write_bytes(bytes(24))
        with file.open("r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), 24)
        self.file = file

    def set(self, error: int = 0, clock: int = 0) -> None:
        self.memory[:16] = struct.pack("qq", error, clock)

    @property
    def calls(self) -> int:
        return struct.unpack("q", self.memory[16:24])[0]


class Room:
    """A daemon, its inbox and its state in a folder that goes away."""

    def __init__(self, programs: Path):
        self.programs, self.models = programs, MODELS
        self.folder = Path(tempfile.mkdtemp(prefix="torture-"))
        self.inbox, self.state = self.folder / "inbox", self.folder / "state"
        self.inbox.mkdir()
        self.socket = self.folder / "s"
        self.log = self.folder / "log"
        self.control = Control(self.folder / "control")
        self.process: subprocess.Popen | None = None
        self.photos: list[str] = []
        # What the document of a finished photo was when it was first seen: another one later means that it was done twice.
        self.seen: dict[str, tuple[int, int]] = {}
        self.twice: set[str] = set()
        # Of folders that have been left.
        self.noted: list[str] = []
        self.gone_wrong: list[str] = []
        self.aside: list[str] = []

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # MARK: The daemon

    def environment(self, kill_at: int = 0, has_faults: bool = False) -> dict[str, str]:
        environment = dict(os.environ)
        if kill_at or has_faults:
            environment |= {
                "LD_PRELOAD": str(faults_library(self.folder)), "TORTURE_FOLDER": str(self.folder),
                "TORTURE_CONTROL": str(self.control.file), "TORTURE_KILL_AT": str(kill_at),
            }
        return environment

    def arguments(self, command: str) -> list[str]:
        where = ["--inbox", str(self.inbox), "--socket", str(self.socket)] if command == "serve" else [str(self.inbox)]
        return [str(self.programs / "interpretd"), command, *where, "--state", str(self.state), "--models", str(self.models),
                "--settle", "0.1"]

    def start(self, wait: bool = True, has_faults: bool = False, prefix: list[str] = []) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                prefix + self.arguments("serve"), stdout=log, stderr=log, env=self.environment(has_faults=has_faults))
        if wait:
            self.wait("the daemon to answer", lambda: self.status() is not None)

    def process_once(self, kill_at: int = 0) -> int:
        with self.log.open("ab") as log:
            return subprocess.run(
                self.arguments("process"), stdout=log, stderr=log, env=self.environment(kill_at, has_faults=True)
            ).returncode

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def status(self, timeout: float = 5) -> dict | None:
        """The answer to `status`, or nothing."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                # Waits where more connect than are accepted at once; a timeout of Python's would have it fail then.
                for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                    client.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(timeout), 0))
                client.connect(str(self.socket))
                client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
                line = b""
                while not line.endswith(b"\n"):
                    piece = client.recv(65536)
                    if not piece:
                        return None
                    line += piece
            return json.loads(line).get("result")
        except (OSError, ValueError):
            return None

    @property
    def resident(self) -> int:
        """MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) // 1024

    # MARK: The photos

    def add(self, count: int) -> list[str]:
        """New photos, each with other bytes, renamed into the inbox."""
        original = (ROOT / "Documentation/demo/cat.jpg").read_bytes()
        names = []
        for _ in range(count):
            name = f"{len(self.photos) + len(self.noted):06}.jpg"
            comment = f"photo {name} {random.random()}".encode()
            # Beside its place, which may be another file system.
            temporary = self.inbox / ".new"
            temporary.write_bytes(original[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + original[2:])
            temporary.rename(self.inbox / name)
            self.photos.append(name)
            names.append(name)
        return names

    def document(self, name: str) -> Path:
        return self.inbox / f"{name}.boxes.json"

    def is_done(self, name: str) -> bool:
        return self.document(name).exists()

    def look(self) -> int:
        """Notes which photos are done.

        Returns: how many."""
        for name in self.photos:
            try:
                status = self.document(name).stat()
            except OSError:
                continue
            mark = (status.st_ino, status.st_mtime_ns)
            if self.seen.setdefault(name, mark) != mark:
                self.twice.add(name)
                self.seen[name] = mark
        return len(self.seen)

    def wait(self, what: str, condition, limit: float = 120) -> bool:
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if condition():
                return True
            if self.process and not self.is_running:
                break
            time.sleep(0.05)
        print(f"  gave up waiting for {what}; the end of the log:\n" + self.log.read_text(errors="replace")[-1500:])
        return False

    def wait_for_all(self, limit: float = 300) -> None:
        self.wait("all photos", lambda: all(self.is_done(name) for name in self.photos), limit)

    def note(self, names: list[str]) -> None:
        """Looks at these photos now, because their folder will not be looked at again."""
        self.gone_wrong += [name for name in names if not self.is_whole(name)]
        self.aside += [name for name in names if (self.inbox / f"{name}.error.json").exists()]
        self.noted += names
        self.photos = [name for name in self.photos if name not in names]

    def row(self, fault: str, how: str, times: int, remark: str = "", is_alive: bool = True) -> Row:
        """Looks whether everything is there and whole."""
        self.look()
        lost = len(self.gone_wrong) + sum(1 for name in self.photos if not self.is_whole(name))
        set_aside = len(self.aside) + sum(1 for name in self.photos if (self.inbox / f"{name}.error.json").exists())
        left = [file.name for file in self.inbox.rglob("*") if file.name.startswith(".") and file.is_file()
                and not file.name.startswith(".interpretd")]
        remark = "; ".join(part for part in [remark, f"left behind: {', '.join(left[:3])}" if left else ""] if part)
        return Row(fault, how, times, len(self.photos) + len(self.noted), lost, set_aside, len(self.twice), remark, is_alive)

    def is_whole(self, name: str) -> bool:
        try:
            files = json.loads(self.document(name).read_text())["files"].values()
            pictures = [(self.inbox / file).read_bytes() for file in files]
        except (OSError, ValueError, KeyError):
            return False
        return all(picture[:2] == b"\xff\xd8" and picture[-2:] == b"\xff\xd9" for picture in pictures)


def faults_library(folder: Path) -> Path:
    library = folder / "faults.so"
    if not library.exists():
        compiler = shutil.which("clang") or shutil.which("cc")
        if not compiler:
            raise SystemExit("torture needs a C compiler: clang comes with Swift; or install gcc")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, ROOT / "Tests/Torture/faults.c", "-ldl"], check=True)
    return library


def mount(*arguments: str) -> bool:
    """Whether that could be done: only root may."""
    return os.geteuid() == 0 and subprocess.run(["mount", *arguments], stderr=subprocess.DEVNULL).returncode == 0


def unmount(folder: Path) -> None:
    # Even where it is busy.
    ctypes.CDLL(None, use_errno=True).umount2(str(folder).encode(), 2)
