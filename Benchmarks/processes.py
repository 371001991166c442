"""What the system says of a process."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Memory that it has now; 0 of one that has ended. Raises OSError where there is no such process."""
    return _status(pid).get("VmRSS", 0.0)


def resident_of_files_mib(pid: int) -> float:
    """The part of it that the kernel can take back, since it is in files as well. Raises OSError as above."""
    return _status(pid).get("RssFile", 0.0)


def most_resident_mib(pid: int) -> float:
    """The most memory that it ever had; 0 of one that has ended. Raises OSError where there is no such process."""
    return _status(pid).get("VmHWM", 0.0)


def _status(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("Vm", "Rss"))}


def processor_seconds(pid: int) -> float:
    """Of the process and of its children that have ended. Raises OSError where there is no such process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / TICK
