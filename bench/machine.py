"""What the kernel says: CPU seconds and memory of a tree of processes, and what machine this is."""

import os
import platform
import re
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def _stat(pid: str) -> tuple[int, float] | None:
    """Read a process's parent, and its CPU seconds with those of its children that have ended."""
    try:
        text = (_PROC / pid / "stat").read_text()
    except OSError:
        return None
    words = text[text.rindex(")") + 2 :].split()
    return int(words[1]), sum(int(word) for word in words[11:15]) / _TICKS


def tree(root: int) -> dict[int, float]:
    """Find a process and all that descend from it, with the CPU seconds of each."""
    known = {int(each.name): _stat(each.name) for each in _PROC.iterdir() if each.name.isdigit()}
    children: dict[int, list[int]] = {}
    for pid, found in known.items():
        if found:
            children.setdefault(found[0], []).append(pid)
    seen: dict[int, float] = {}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        found = known.get(pid)
        if found:
            seen[pid] = found[1]
            waiting += children.get(pid, [])
    return seen


def cpu_seconds(root: int) -> float:
    """Add up the CPU seconds of a tree."""
    return sum(tree(root).values())


def resident_megabytes(root: int) -> float:
    """Add up the tree's proportional set sizes: pages that processes share count once."""
    total = 0
    for pid in tree(root):
        try:
            found = re.search(r"^Pss:\s+(\d+)", (_PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total / 1024


def busy_seconds() -> float:
    """Say how long the cores have worked since the machine started, whoever for."""
    words = [int(word) for word in (_PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(words) - words[3] - words[4]) / _TICKS


def description() -> dict[str, str]:
    """Describe the machine."""
    model = re.search(r"^model name\s*:\s*(.+)$", (_PROC / "cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+)", (_PROC / "meminfo").read_text(), re.MULTILINE)
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory[1]) / 1048576:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
