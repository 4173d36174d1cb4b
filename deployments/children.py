"""The programs that make up Vutler, and one running child: started, watched, restarted, stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployments import process
from deployments.child_log import ChildLog
from deployments.process import Identity

SHORTEST_DELAY = 0.2  # seconds before a restart, doubled at each death
LONGEST_DELAY = 10.0
_POLL_SECONDS = 0.02
_LAST_SECONDS = 3.0
HEALTHY_AFTER = 30.0  # seconds of life after which the delay starts over


@dataclass(frozen=True, slots=True)
class Program:
    """What is to run: `title` for people, `start` makes the process, which leads a session of its own."""

    name: str
    title: str
    start: Callable[[ChildLog], "subprocess.Popen[bytes]"]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 3.0
    last_signal: signal.Signals = signal.SIGKILL  # for one that did not stop in time
    before_restart: Callable[[], None] | None = None


def command(module: str, *arguments: str) -> tuple[str, ...]:
    """A module of ours as a program, whatever lies in its working folder (`-P`)."""
    return (sys.executable, "-P", "-m", module, *arguments)


def python_program(
    name: str, title: str, run: tuple[str, ...], *, home: Path, environment: Mapping[str, str]
) -> Program:
    """A program that works in the data folder and is killed when the supervisor ends, however that ends."""

    def start(log: ChildLog) -> "subprocess.Popen[bytes]":
        with log.open() as output:
            return subprocess.Popen(
                run,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=home,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                preexec_fn=process.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one call; the supervisor has no threads
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops its children in order
            )

    return Program(name, title, start)


@dataclass(frozen=True, slots=True)
class Running:
    """The process of a child; `started_at` is of the monotonic clock, in seconds."""

    process: "subprocess.Popen[bytes]"
    identity: Identity | None  # None: it died before we could look
    started_at: float

    def has_ended(self) -> bool:
        """Looks without reaping, so that the id stays ours until the group is dealt with."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, end: float) -> bool:
        while not (ended := self.has_ended()) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        return ended

    def bury(self) -> int:
        """End what it started and left, and itself; gives its exit status."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


@dataclass(slots=True)
class Child:
    """One program that is to run, and when it is to start again."""

    program: Program
    log: ChildLog
    running: Running | None = None
    restart_at: float | None = None  # on the monotonic clock
    _delay: float = field(default=SHORTEST_DELAY, init=False)

    def start(self) -> Running:
        """Raises `OSError` when there is no process to be had."""
        started = self.program.start(self.log)
        self.restart_at = None
        self.running = Running(started, process.identity_of(started.pid), time.monotonic())
        return self.running

    def look(self, now: float) -> int | None:
        """If it has died: bury it, set the time of its next start, and give its exit status."""
        if self.running is None or not self.running.has_ended():
            return None
        if now - self.running.started_at >= HEALTHY_AFTER:
            self._delay = SHORTEST_DELAY
        self.restart_at = now + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        status = self.running.bury()
        self.running = None
        return status

    def ask_to_stop(self) -> None:
        if self.running is not None and not self.running.has_ended():
            self.running.process.send_signal(self.program.stop_signal)

    def finish(self, end: float) -> bool:
        """Wait until it has ended, at most until `end`, then make it. Gives whether it ended by itself."""
        if self.running is None:
            return True
        by_itself = self.running.wait(end)
        if not by_itself:
            self.running.process.send_signal(self.program.last_signal)
            self.running.wait(time.monotonic() + _LAST_SECONDS)
        self.running.bury()
        self.running = None
        return by_itself


def status_in_words(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"
