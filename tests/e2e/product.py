"""The product as a stranger starts it: `vutler up` in a fresh data folder on free ports."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deployments import leftovers, process

ROOT = Path(__file__).parents[2]
UP = ("-m", "deployments.cli", "up")
READY_WITHIN = 90.0  # seconds; the promise is 40, on a machine that does nothing else
STOPPED_WITHIN = 25.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, condition: Callable[[], bool], seconds: float) -> None:
    """Poll until it is true. Raises `AssertionError` with `what` when it is not in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


class Product:
    """One installation. Use it as a context: it starts, is ready, is stopped and removed.

    `program` are the arguments of Python; tests of the supervisor give one with stand-ins for the children.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        home: Path | None = None,
        program: Sequence[str] = UP,
        ready_within: float = READY_WITHIN,
    ) -> None:
        self.home = home or Path(tempfile.mkdtemp(prefix="vutler-e2e-"))
        self.port = free_port()
        self.prefect_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.prefect_url = f"http://127.0.0.1:{self.prefect_port}/api"
        self.program = program
        self.ready_within = ready_within
        self.output = self.home.with_name(self.home.name + ".console")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VUTLER_", "PREFECT_"))},
            "VUTLER_HOME": str(self.home),
            "VUTLER_PORT": str(self.port),
            "VUTLER_PREFECT_PORT": str(self.prefect_port),
            "PYTHONPATH": str(ROOT),
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    # the supervisor ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.program],
                env=self.environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                preexec_fn=process.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no product outlives its test
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"vutler up ended:\n{self.console()}"
        return self.status("/readyz") == 200

    def wait_ready(self, seconds: float | None = None) -> float:
        """Wait until the API accepts and a worker is there; gives the seconds it took."""
        began = time.monotonic()
        within = seconds or self.ready_within
        try:
            wait_for("/readyz is 200", self.is_ready, within)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.console()}\n{self.logs()}") from late
        return time.monotonic() - began

    def wait_prefect(self, seconds: float = READY_WITHIN) -> None:
        wait_for("the Prefect server answers", lambda: self._status(f"{self.prefect_url}/health") == 200, seconds)

    def run(self, seconds: float = 60) -> tuple[int, str]:
        """Start one that is to end by itself; gives its exit status and what it said."""
        self.start()
        assert self.process is not None
        try:
            return self.process.wait(seconds), self.console()
        except subprocess.TimeoutExpired:
            self.stop()
            raise

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop and wait; gives its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(STOPPED_WITHIN)

    def kill(self) -> None:
        """`kill -9` of the supervisor alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def remove(self) -> None:
        """Stop it however it stands, and leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        leftovers.stop(leftovers.find(self.home, leftovers.load(self.home)))
        shutil.rmtree(self.home, ignore_errors=True)
        self.output.unlink(missing_ok=True)

    # its children ------------------------------------------------------------------------------------------------

    def children(self) -> dict[str, int]:
        """The process ids of the running programs: `postgres`, `prefect`, `api`, `worker-1` ..."""
        record = leftovers.load(self.home)
        return {name: child.pid for name, child in record.children.items()} if record else {}

    def wait_restarted(self, name: str, before: int, seconds: float = 40) -> int:
        """Wait until the program runs as another process than `before`; gives that."""
        wait_for(f"{name} is restarted", lambda: self.children().get(name, before) != before, seconds)
        return self.children()[name]

    # what it says ------------------------------------------------------------------------------------------------

    def status(self, path: str) -> int | None:
        """The HTTP status of a GET; None when nothing answers."""
        return self._status(self.url + path)

    @staticmethod
    def _status(url: str) -> int | None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except (OSError, http.client.HTTPException):
            return None

    def console(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def logs(self, characters: int = 2000) -> str:
        """The end of each program's log, for the message of a failed test."""
        found = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-characters:]}" for file in found)

    def record(self) -> dict[str, object]:
        content = json.loads((self.home / leftovers.FILE).read_text())
        assert isinstance(content, dict)
        return content
