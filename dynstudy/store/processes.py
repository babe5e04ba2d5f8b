"""Which process runs a launch, told so that another process can find out whether it is there.

The number of a process means something within one boot of one machine and one namespace of Linux
alone: two containers may have one name and the same numbers. When it began is counted from that
boot, which no step of the clock moves.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

PROC = Path("/proc")
STATE, STARTED = 0, 19  # of /proc/PID/stat, behind the name in brackets: fields 3 and 22 of proc(5)


def this_process() -> dict[str, Any]:
    """What tells this process from all others, for `is_there`."""
    pid = os.getpid()
    stat = _stat(pid)
    return {"pid": pid, "namespace": _namespace(), "ticks": int(stat[STARTED]) if stat else None}


def is_there(process: Mapping[str, Any]) -> bool | None:
    """Return whether a process, as it told itself, is still there; None where one cannot tell.

    Besides, it takes the name of its host; and of an older dynstudy, when it began by the clock.
    """
    pid, namespace = process["pid"], process.get("namespace")
    if process["host"] != socket.gethostname():
        return None
    if namespace is None:
        return _is_there_by_clock(process)
    if namespace != _namespace():
        return None
    stat = _stat(pid)
    if stat is None:
        return _is_hidden(pid)
    return stat[STATE] not in {"Z", "X"} and int(stat[STARTED]) == process["ticks"]


def _namespace() -> str | None:
    """This boot and namespace; None where they are not to be had, as on another system."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        numbers = str((PROC / "self/ns/pid").readlink())
        shows_us = str((PROC / "self").readlink()) == str(os.getpid())
    except OSError:
        return None
    return f"{boot} {numbers}" if shows_us else None  # else it is that of another namespace


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _is_hidden(pid: int) -> bool | None:
    """False where there is no such process; None where it may only not be shown to us."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return None
    return None


def _is_there_by_clock(process: Mapping[str, Any]) -> bool | None:
    try:
        began = psutil.Process(process["pid"]).create_time()
    except psutil.Error:
        return None
    return True if abs(began - process["process_started"]) < 2 else None
