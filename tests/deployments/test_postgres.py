"""The embedded PostgreSQL: durable, reachable at any depth of folder, and careful with what it finds."""

import os
import pwd
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import postgres
from deployments.postgres import Embedded, PostgresTrouble


@pytest.fixture
def home() -> Iterator[Path]:
    """Not pytest's folder: that one is private, and PostgreSQL runs as a user of its own under root."""
    made = Path(tempfile.mkdtemp(prefix="vutler-pg-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_made_started_used_and_stopped_in_a_deep_folder(home: Path) -> None:
    server = Embedded(home / ("deep" * 10) / ("er" * 20) / ("and" * 10))
    postgres.prepare(server)
    process = postgres.start(server)
    try:
        postgres.wait_ready(server, process)
        postgres.create_databases(server)
        postgres.create_databases(server)  # again: nothing to do
        assert len(str(server.sockets)) < 80, "a socket's path has 107 bytes"
        names = postgres.psql(server, "postgres", "SELECT datname FROM pg_database ORDER BY 1").split()
        assert {"prefect", "vutler"} <= set(names)
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert postgres.psql(server, "vutler", f"SHOW {name}").strip() == "on"
        assert postgres.psql(server, "vutler", "SHOW listen_addresses").strip() == "", "no TCP port is open"
        with pytest.raises(PostgresTrouble, match="refused a command"):
            postgres.psql(server, "vutler", "SELECT nonsense")
        if os.geteuid() == 0:
            assert _connects(server, user=None)
            assert not _connects(server, user="nobody"), "no other user of this machine gets in"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        shutil.rmtree(server.sockets, ignore_errors=True)


def _connects(server: Embedded, user: str | None) -> bool:
    """Whether that user of this machine reaches the socket; tried in a fork, which can become the user."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if user is not None:
                os.setgroups([])
                os.setuid(pwd.getpwnam(user).pw_uid)
            with socket.socket(socket.AF_UNIX) as attempt:
                attempt.connect(str(server.sockets / ".s.PGSQL.5432"))
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def test_a_socket_folder_that_somebody_else_made_is_not_used(home: Path) -> None:
    server = Embedded(home / ("deep" * 30))
    server.home.mkdir()
    victim = home / "victim"
    victim.mkdir(mode=0o750)
    server.sockets.symlink_to(victim)
    try:
        with pytest.raises(PostgresTrouble, match="belongs to somebody else"):
            postgres.prepare(server)
        assert victim.stat().st_mode & 0o777 == 0o750
        assert victim.stat().st_uid == os.geteuid()
    finally:
        server.sockets.unlink()


def test_an_operators_own_settings_stay(home: Path) -> None:
    server = Embedded(home)
    postgres.prepare(server)
    main = server.data / "postgresql.conf"
    main.write_text(main.read_text() + "work_mem = 3MB\n")
    postgres.prepare(server)
    assert main.read_text().count("include = 'vutler.conf'") == 1
    assert main.read_text().endswith("work_mem = 3MB\n")


def test_another_version_is_left_alone(home: Path) -> None:
    server = Embedded(home)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresTrouble, match="holds a PostgreSQL 17 database, this Vutler brings 18"):
        postgres.prepare(server)
    assert [entry.name for entry in server.data.iterdir()] == ["PG_VERSION"]


def test_a_start_that_fails_shows_why(home: Path) -> None:
    server = Embedded(home)
    postgres.prepare(server)
    (server.data / "postgresql.auto.conf").write_text("shared_buffers = 'nonsense'\n")
    process = postgres.start(server)
    with pytest.raises(PostgresTrouble, match="invalid value for parameter"):
        postgres.wait_ready(server, process, 20)
    process.wait(10)


def test_a_home_that_nobody_else_may_enter_is_refused_to_root(home: Path) -> None:
    if postgres.system_user() is None:
        pytest.skip("only root starts PostgreSQL as another user")
    private = home / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(PostgresTrouble, match="Set VUTLER_HOME to a folder such as /var/lib/vutler"):
        postgres.prepare(Embedded(private / "home"))
