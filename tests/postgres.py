"""One real PostgreSQL for a whole test run, and a database of its own for each test that wants one."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.migrations.run import migrate
from deployments import postgres

HOME = "VUTLER_TEST_POSTGRES"  # tells the xdist workers where the run's server lives
TEMPLATE = "template_vutler"
_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 2 * 1024**3


def start() -> "subprocess.Popen[bytes]":
    """The run's server, with the template of its databases."""
    home = Path(tempfile.mkdtemp(prefix="vutler-test-", dir=_in_memory()))
    os.environ[HOME] = str(home)
    return begin(postgres.Embedded(home), TEMPLATE, durable=False)


def _in_memory() -> Path | None:
    """Where a database of a thousand files is made four times as fast as on a disk, if this machine has it."""
    has = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if has else None


def begin(server: postgres.Embedded, database: str, *, durable: bool = True) -> "subprocess.Popen[bytes]":
    """Set up and start a server as the product does, with one migrated database."""
    postgres.prepare(server)
    if not durable:
        _without_care_for_power_cuts(server)
    process = postgres.start(server)
    postgres.wait_ready(server, process)
    postgres.create_databases(server, (database,))
    migrate(server.dsn(database))
    return process


@contextmanager
def durable() -> Iterator[str]:
    """A migrated database of a server as the product sets it up; the run's own is not made to last."""
    with tempfile.TemporaryDirectory(prefix="vutler-kept-") as home:
        server = postgres.Embedded(Path(home))
        process = begin(server, "kept")
        try:
            yield server.dsn("kept")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _without_care_for_power_cuts(server: postgres.Embedded) -> None:
    """Thousands of databases are made and dropped: no test needs them to outlive the machine. Crashes of processes
    lose nothing all the same; what is durable, the end-to-end tests show with the product's own servers."""
    with (server.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    process.wait(30)
    shutil.rmtree(os.environ.pop(HOME), ignore_errors=True)


def server() -> postgres.Embedded:
    return postgres.Embedded(Path(os.environ[HOME]))


def create(name: str, template: str = TEMPLATE) -> str:
    postgres.psql(server(), "postgres", f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY FILE_COPY')
    return server().dsn(name)


def name_of(dsn: str) -> str:
    return dsn.partition("@/")[2].partition("?")[0]


def dsn_as(role: str, dsn: str) -> str:
    """The same database as this role (core/tenancy.py)."""
    return dsn.replace(f"//{postgres.SUPERUSER}@", f"//{role}@", 1)


def run(name: str, script: str) -> str:
    """Run a script in that database; gives its output."""
    return postgres.psql(server(), name, script)


def drop(name: str) -> None:
    postgres.psql(server(), "postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
