"""The supervisor over real processes and a real PostgreSQL, with stand-ins for API and worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import home, leftovers, process
from deployments.child_log import ChildLog
from deployments.postgres import Embedded
from tests.deployments.standins import GRANDCHILD
from tests.e2e.product import Product, wait_for

PROGRAM = ("-m", "tests.deployments.standins")


def _lives(pid: int) -> bool:
    return process.look_up(pid) is not None


def _grandchild(product: Product) -> int:
    file = product.home / "grandchild"
    wait_for("the worker has started its child", lambda: file.exists() and file.read_text() != "", 10)
    return int(file.read_text())


@pytest.fixture
def product() -> Iterator[Product]:
    with Product(program=PROGRAM) as started:
        yield started


@pytest.fixture
def idle() -> Iterator[Product]:
    """One that is not started yet."""
    made = Product(program=PROGRAM)
    yield made
    made.remove()


@pytest.mark.e2e
def test_starts_tells_and_stops_in_order(product: Product) -> None:
    wait_for("it says that it is ready", lambda: "Vutler is ready" in product.console(), 10)
    said = product.console()
    assert f"curl {product.url}/healthz" in said
    assert f"demo --url {product.url}" in said
    children = product.children()
    assert set(children) == {"postgres", "api", "worker-1"}
    grandchild = _grandchild(product)

    began = time.monotonic()
    assert product.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10
    assert not [name for name, pid in children.items() if _lives(pid)]
    assert not _lives(grandchild)
    assert not leftovers.find(product.home, None).everyone
    assert "database system is shut down" in (product.home / "logs" / "postgres.log").read_text()
    assert not (product.home / leftovers.FILE).exists()
    assert product.console().rstrip().endswith("stopped")


@pytest.mark.e2e
def test_a_second_one_on_the_same_folder_says_so_and_leaves_the_first_alone(product: Product) -> None:
    second = Product(home=product.home, program=PROGRAM)
    second.output = product.home.with_name(product.home.name + ".second")
    status, said = second.run()
    second.output.unlink()
    assert status == 1
    assert "runs already on the data folder" in said
    assert str(product.pid) in said
    assert "Traceback" not in said
    assert product.is_ready()


@pytest.mark.e2e
def test_each_child_that_dies_is_restarted(product: Product) -> None:
    for name in ("api", "worker-1", "postgres"):
        before = product.children()[name]
        os.kill(before, signal.SIGKILL)
        assert product.wait_restarted(name, before) != before
    server = Embedded(product.home)
    wait_for("PostgreSQL takes connections again", lambda: _answers(server), 30)
    wait_for("the API answers again", product.is_ready, 10)
    assert "PostgreSQL 18.6 ended (signal SIGKILL); it starts again in 0.2 s" in product.console()


def _answers(server: Embedded) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(server.sockets / ".s.PGSQL.5432"))
        except OSError:
            return False
    return True


@pytest.mark.e2e
def test_a_child_of_a_dead_child_does_not_stay(product: Product) -> None:
    worker, grandchild = product.children()["worker-1"], _grandchild(product)
    (product.home / "grandchild").unlink()
    os.kill(worker, signal.SIGKILL)
    product.wait_restarted("worker-1", worker)
    wait_for("the first worker's child is gone", lambda: not _lives(grandchild), 5)
    assert _lives(_grandchild(product))


@pytest.mark.e2e
def test_a_killed_supervisor_takes_everybody_along(product: Product) -> None:
    everybody = [*product.children().values(), _grandchild(product)]
    product.kill()
    wait_for("nobody is left", lambda: not [pid for pid in everybody if _lives(pid)], 15)
    wait_for("no backend is left", lambda: not leftovers.find(product.home, None).everyone, 15)


def _watchman(product: Product) -> int:
    """The supervisor's fork: its one child that is no program."""
    named = set(product.children().values())
    found = [int(pid) for pid in _children_of(product.pid) if int(pid) not in named]
    assert len(found) == 1
    return found[0]


def _children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.e2e
def test_without_the_watchman_the_kernel_takes_the_children_and_the_next_start_the_rest(product: Product) -> None:
    children, grandchild = list(product.children().values()), _grandchild(product)
    os.kill(_watchman(product), signal.SIGKILL)
    product.kill()
    wait_for("no child is left", lambda: not [pid for pid in children if _lives(pid)], 15)
    assert _lives(grandchild), "the kernel does not know children of children"
    (product.home / "grandchild").unlink()
    product.start()
    product.wait_ready()
    assert not _lives(grandchild)
    assert "stopping what a killed start left behind (1 processes)" in product.console()


@pytest.mark.e2e
def test_the_next_start_stops_what_a_killed_one_left(idle: Product) -> None:
    """As if the kernel and the watchman had taken nobody along: a record, its processes, and a stranger."""
    idle.start()
    idle.wait_ready()
    stranger = subprocess.Popen([sys.executable, "-c", GRANDCHILD], cwd=idle.home, start_new_session=True)
    grandchild = _grandchild(idle)
    record = leftovers.load(idle.home)
    assert record is not None
    assert idle.stop() == 0
    assert not _lives(grandchild)

    left = subprocess.Popen([sys.executable, "-c", GRANDCHILD], cwd=idle.home, start_new_session=True)
    identity = process.identity_of(left.pid)
    recycled = process.identity_of(stranger.pid)
    assert identity is not None
    assert recycled is not None
    children = {"api": identity, "worker-1": process.Identity(recycled.pid, recycled.started - 1)}
    leftovers.save(idle.home, leftovers.Record(process.boot_id(), record.supervisor, children))
    idle.start()
    idle.wait_ready()
    assert left.wait(5) == -signal.SIGKILL
    assert stranger.poll() is None, "a process whose id was given away again was killed"
    assert "stopping what a killed start left behind (1 processes)" in idle.console()
    stranger.kill()
    stranger.wait()


def test_a_record_of_another_boot_names_nobody(idle: Product) -> None:
    left = subprocess.Popen([sys.executable, "-c", GRANDCHILD], cwd=idle.home, start_new_session=True)
    try:
        identity = process.identity_of(left.pid)
        assert identity is not None
        children = {"api": identity}
        assert leftovers.find(idle.home, leftovers.Record(process.boot_id(), identity, children)).ours == (identity,)
        assert not leftovers.find(idle.home, leftovers.Record("another boot", identity, children)).everyone
    finally:
        left.kill()
        left.wait()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"boot_id": "x"}', '{"boot_id": 1, "supervisor": 2, "children": 3}']
)
def test_a_damaged_record_is_none(idle: Product, content: str) -> None:
    (idle.home / leftovers.FILE).write_text(content)
    assert leftovers.load(idle.home) is None


# expected troubles, in plain words -----------------------------------------------------------------------------------


def _refusal(product: Product) -> str:
    status, said = product.run()
    assert status in (1, 2)
    assert "Traceback" not in said
    return said


def test_a_taken_port_is_told_before_anything_is_started(idle: Product) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", idle.port))
        other.listen()
        said = _refusal(idle)
    assert f"port {idle.port} on 127.0.0.1 is taken by another program" in said
    assert "VUTLER_PORT" in said
    assert not (idle.home / "postgres").exists()


def test_an_address_of_another_machine(idle: Product) -> None:
    idle.environment["VUTLER_HOST"] = "192.0.2.1"
    assert "Set VUTLER_HOST to one that is" in _refusal(idle)


def test_the_same_port_twice(idle: Product) -> None:
    idle.environment["VUTLER_PREFECT_PORT"] = str(idle.port)
    assert "two different ports" in _refusal(idle)


def test_a_folder_of_a_newer_version_is_left_alone(idle: Product) -> None:
    content = json.dumps({"data": home.DATA_VERSION + 1, "product": "9.9.9"})
    (idle.home / home.VERSION_FILE).write_text(content)
    said = _refusal(idle)
    assert "was made by Vutler 9.9.9" in said
    assert (idle.home / home.VERSION_FILE).read_text() == content
    assert not (idle.home / "postgres").exists()


def test_a_folder_with_another_postgresql_is_left_alone(idle: Product) -> None:
    (idle.home / "postgres").mkdir()
    (idle.home / "postgres" / "PG_VERSION").write_text("14\n")
    assert "holds a PostgreSQL 14 database" in _refusal(idle)


def test_a_file_for_a_folder(idle: Product) -> None:
    idle.environment["VUTLER_HOME"] = str(idle.output.with_suffix(".file"))
    idle.output.with_suffix(".file").write_text("")
    try:
        assert "is a file" in _refusal(idle)
    finally:
        idle.output.with_suffix(".file").unlink()


def test_settings_that_can_not_be_used(idle: Product) -> None:
    idle.environment["VUTLER_WORKERS"] = "many"
    assert "VUTLER_WORKERS must be a whole number from 0 to 64, not 'many'" in _refusal(idle)


def test_a_short_secret_key(idle: Product) -> None:
    idle.environment["VUTLER_SECRET_KEY"] = "hunter2"
    said = _refusal(idle)
    assert "needs at least 32" in said
    assert "hunter2" not in said


def test_logs_are_for_their_owner_alone(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "logs" / "api.log")
    log.open().close()
    assert log.file.parent.stat().st_mode & 0o777 == 0o700
