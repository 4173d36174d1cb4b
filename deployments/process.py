"""Linux processes: who is who, whose child dies with whom.

A process id alone means nothing, since the kernel gives it away again; together with the start time and the boot it
names one process for ever. Source of the formats: proc_pid_stat(5), prctl(2).
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_PROC = Path("/proc")
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """One process: its id and its start, in clock ticks since the boot."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Process:
    """What /proc tells of a process; `cwd` and `executable` are empty where we may not look."""

    identity: Identity
    session: int
    cwd: str
    executable: str


def boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def look_up(pid: int) -> Process | None:
    """The living process of this id; None when there is none (a zombie is none)."""
    try:
        # The name, in brackets, may itself hold blanks and brackets.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in ("Z", "X"):
        return None
    return Process(
        identity=Identity(pid, int(fields[19])),
        session=int(fields[3]),
        cwd=_link(pid, "cwd"),
        executable=_link(pid, "exe"),
    )


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(_PROC / str(pid) / name).removesuffix(" (deleted)")
    except OSError:
        return ""


def identity_of(pid: int) -> Identity | None:
    found = look_up(pid)
    return found.identity if found else None


def everybody() -> Iterator[Process]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (found := look_up(int(entry.name))) is not None:
            yield found


def is_alive(process: Identity) -> bool:
    return identity_of(process.pid) == process


def send(processes: Iterable[Identity], number: signal.Signals) -> None:
    """Signal those that still live. The process descriptor closes the gap between looking and signalling."""
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            if is_alive(process):
                signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)


def wait_gone(processes: Iterable[Identity], seconds: float) -> list[Identity]:
    """Wait until they have ended, at most so long; gives those that still live."""
    left = list(processes)
    end = time.monotonic() + seconds
    while left := [process for process in left if is_alive(process)]:
        if time.monotonic() >= end:
            break
        time.sleep(_POLL_SECONDS)
    return left


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when the thread that started it ends, however it ends.

    Must be the last thing before exec: a change of user clears it.
    """

    def arm() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))

    return arm
