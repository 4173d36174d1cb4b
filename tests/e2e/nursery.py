"""Workers in a moment: a process that has imported everything a worker needs, and forks one for each that is wanted.

    python -m tests.e2e.nursery     reads one JSON object a line: {"slot", "environment", "log"}; answers its pid

What is forked runs `deployments.serve_worker` to its letter. It has no children but those that it makes itself, and
ends with the nursery.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from core import settings as core_settings
from deployments import process

ROOT = Path(__file__).parents[2]


class Nursery:
    """`with Nursery(environment) as nursery: worker = nursery.start({...}, log)`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.nursery"], cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=process.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no worker outlives its test
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, environment: Mapping[str, str], log: Path, slot: str = "1") -> "Worker":
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"slot": slot, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Worker(int(self._process.stdout.readline()), log)


class Worker:
    """A worker process of the nursery."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log
        self._descriptor = os.pidfd_open(pid)

    def has_ended(self) -> bool:
        return bool(select.select([self._descriptor], [], [], 0)[0])

    def kill(self) -> None:
        if not self.has_ended():
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
            select.select([self._descriptor], [], [], 10)
        os.close(self._descriptor)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def _be_worker(order: Mapping[str, str], environment: Mapping[str, str]) -> None:
    process.dies_with_parent(signal.SIGKILL)()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    core_settings.replace_environment({**os.environ, **environment})
    sys.argv = ["serve_worker", "--slot", order["slot"], "--no-presence"]
    os._exit(serve_worker.main())


def _serve() -> None:
    assert threading.active_count() == 1, "a process with threads can't be forked"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_worker(order, order["environment"])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    import core.agents.turns  # noqa: F401 - what a worker loads when its first agent speaks
    from deployments import serve_worker  # here alone: who starts a nursery must not import Prefect

    _serve()
