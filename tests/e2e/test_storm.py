"""The storm in its short version, and with the epoch check off: then its judge must find out.

`make storm` is the long one. What is judged: bench/README.md.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from deployments import process
from tests.e2e.product import ROOT

pytestmark = pytest.mark.e2e

SHORT_WITHIN_S = 600  # it takes two and a half minutes on a machine that does nothing else
STALE = "writes under a lease that was over"


def storm(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VUTLER_", "PREFECT_"))}
    return subprocess.run(
        [sys.executable, "-m", "bench.storm", *arguments], cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SHORT_WITHIN_S, check=False,
        preexec_fn=process.dies_with_parent(signal.SIGTERM),
    )  # fmt: skip


def broken(output: str, promise: str) -> int:
    """How often it was broken, by the judge's table."""
    line = next(line for line in output.splitlines() if line.strip().startswith(promise))
    return int(line.split()[-2])


def test_every_promise_is_kept_in_a_storm(record_property: Callable[[str, object], None]) -> None:
    done = storm("--short", "--seed", "3")
    assert done.returncode == 0, done.stdout
    record_property("storm", next(line for line in done.stdout.splitlines() if " kills in " in line))


def test_the_judge_sees_a_worker_that_writes_under_a_lost_lease() -> None:
    """Without the epoch check a worker that was stopped for longer than its lease writes what is not its own."""
    done = storm("--unfenced", "--faults", "pause worker", "--minutes", "0.45", "--rate", "3", "--seed", "3")
    assert done.returncode == 1, done.stdout
    assert broken(done.stdout, STALE) > 0, done.stdout
