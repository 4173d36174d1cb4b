"""One real Prefect server for a whole test run, started when the first test asks for it.

The workers of pytest-xdist share it: whoever asks first starts it under a file lock. It runs under a watcher of its own
(`python -m tests.prefect_server`), which ends it when the test run is over, however that ended.
"""

import base64
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).parent.parent
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, and the `user:password` it asks for."""

    url: str
    auth: str
    pid: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shared() -> Server:
    """The server of this test run."""
    folder = Path(os.environ[postgres.HOME])
    note = folder / "prefect.json"
    with (folder / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            note.write_text(json.dumps(start(folder / "prefect-shared", "shared")))
        return Server(**json.loads(note.read_text()))


def start(home: Path, database: str, *, module: str = "deployments.prefect_server") -> dict[str, str | int]:
    """Start a server of ours with a database of its own; waits until it answers."""
    home.mkdir()
    port = free_port()
    auth = "vutler:secret-of-the-tests"
    dsn = postgres.create(f"{database}", "template1")
    environment = {
        "PATH": os.environ["PATH"],
        "VUTLER_HOME": str(home),
        "VUTLER_DATABASE_URL": dsn,
        "VUTLER_PREFECT_PORT": str(port),
        "VUTLER_PREFECT_AUTH": auth,
    }
    with (home / "server.log").open("wb") as log:
        watcher = subprocess.Popen(
            [sys.executable, "-m", "tests.prefect_server", str(_test_run()), module],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}/api", auth, watcher.pid)
    end = time.monotonic() + 90
    while not _answers(server):
        if watcher.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"Prefect did not start:\n{(home / 'server.log').read_text()[-3000:]}")
        time.sleep(0.2)
    return {"url": server.url, "auth": server.auth, "pid": server.pid}


def _test_run() -> int:
    """The process whose end is the end of the test run: the controller of pytest-xdist, else this one."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _answers(server: Server) -> bool:
    request = urllib.request.Request(f"{server.url}/ready")
    request.add_header("Authorization", "Basic " + base64.b64encode(server.auth.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def stop(pid: int) -> None:
    """Stop a server that a test started for itself."""
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)


def _watch(test_run: int, module: str) -> None:
    def die_with_watcher() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    child = subprocess.Popen([sys.executable, "-m", module], preexec_fn=die_with_watcher)  # noqa: PLW1509
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while child.poll() is None and Path(f"/proc/{test_run}").exists():
        time.sleep(0.2)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), sys.argv[2])
