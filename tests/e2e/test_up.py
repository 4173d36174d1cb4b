"""One command starts Vutler: the real programs, as a stranger has them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import leftovers, process
from tests import postgres
from tests.e2e.product import Product, wait_for

pytestmark = pytest.mark.e2e
PROGRAMS = {"postgres", "prefect", "api", "worker-1"}


def _vutler(product: Product, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deployments.cli", *arguments],
        env=product.environment, cwd=product.home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def product() -> Iterator[Product]:
    with Product() as started:
        yield started


@pytest.mark.proves("I-25", "D1 (5)")
def test_from_nothing_to_a_finished_run_and_again(product: Product) -> None:
    """First start, demo, doctor, clean stop, second start with everything still there."""
    assert product.children().keys() == PROGRAMS
    demo = _vutler(product, "demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "ended as success" in demo.stdout
    assert "Hello Ada Lovelace! Your budget is 1200." in demo.stdout

    line = re.search(r"^  (curl -X POST .*\n.*\n.*)$", demo.stdout, re.MULTILINE)
    assert line is not None
    answer = subprocess.run(["bash", "-c", line[1] + " -sf"], capture_output=True, text=True, timeout=20, check=False)
    assert answer.returncode == 0, answer.stderr
    assert '"accepted"' in answer.stdout

    product.wait_prefect()
    doctor = _vutler(product, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert not re.search("^(warn|fail)", doctor.stdout, re.MULTILINE), doctor.stdout

    children = product.children()
    began = time.monotonic()
    assert product.stop() == 0
    assert time.monotonic() - began < 12
    assert not [name for name, pid in children.items() if process.look_up(pid)]

    product.start()
    product.wait_ready()
    refused = _vutler(product, "demo")
    assert refused.returncode == 1
    assert "Sign-up is closed" in refused.stderr
    assert "--email" in refused.stderr
    user = re.search(r"^User +(\S+)\nPassword +(\S+)$", demo.stdout, re.MULTILINE)
    assert user is not None
    again = _vutler(product, "demo", "--email", user[1], "--password", user[2])
    assert again.returncode == 0, again.stdout + again.stderr


def test_every_real_program_comes_back_from_kill(product: Product) -> None:
    product.wait_prefect()
    for name in sorted(PROGRAMS):
        before = product.children()[name]
        os.kill(before, signal.SIGKILL)
        product.wait_restarted(name, before)
    product.wait_ready()
    product.wait_prefect()
    demo = _vutler(product, "demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr


def test_two_installations_side_by_side_and_a_killed_one(product: Product) -> None:
    with Product() as other:
        everybody = list(other.children().values())
        other.kill()
        wait_for("nobody of it is left", lambda: not [pid for pid in everybody if process.look_up(pid)], 20)
        wait_for("its database is gone", lambda: not leftovers.find(other.home, None).everyone, 20)
        assert product.is_ready()
        other.start()
        other.wait_ready()
        assert _vutler(other, "demo").returncode == 0


def test_a_database_of_somebody_else() -> None:
    """With VUTLER_DATABASE_URL nothing is embedded, and Prefect's database lies beside ours."""
    with postgres.durable() as dsn, Product({"VUTLER_DATABASE_URL": dsn}) as product:
        assert product.children().keys() == PROGRAMS - {"postgres"}
        assert not (product.home / "postgres").exists()
        product.wait_prefect()
        assert _vutler(product, "demo").returncode == 0
        doctor = _vutler(product, "doctor")
        assert doctor.returncode == 0, doctor.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="making a small disk needs root")
def test_a_full_disk_is_told_in_plain_words() -> None:
    disk = Path(tempfile.mkdtemp(prefix="vutler-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=150m", "tmpfs", str(disk)], check=True)
    try:
        status, said = Product(home=disk / "home").run()
        assert status == 1
        assert "is full" in said
        assert "needs 200 MB" in said
        assert "Traceback" not in said
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        shutil.rmtree(disk)
