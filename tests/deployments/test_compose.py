"""docker-compose.yml: whom the containers are to PostgreSQL, on a server that its script has made ready."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from core.migrations.run import migrate
from core.tenancy import APP, ENGINE
from deployments import postgres
from deployments.postgres import Embedded

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OPERATE = (ROOT / "docs" / "operate.md").read_text()


@pytest.fixture(scope="module")
def prepared() -> Iterator[Embedded]:
    """A new server after the script of the image's first start."""
    home = Path(tempfile.mkdtemp(prefix="vutler-compose-"))
    home.chmod(0o755)
    server = Embedded(home)
    postgres.prepare(server)
    process = postgres.start(server)
    try:
        postgres.wait_ready(server, process)
        _run(server, ["sh", str(ROOT / "deployments" / "database-users.sh")], POSTGRES_PASSWORD="letters9'and:digits")
        migrate(server.dsn("vutler", user="vutler"))
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _run(server: Embedded, command: list[str], **environment: str) -> str:
    path = f"{postgres.binaries(server.home)}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env={"PATH": path, "PGHOST": str(server.sockets), **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _user(service: str) -> str:
    found = re.match(r"postgresql://(\w+):", SERVICES[service]["environment"]["VUTLER_DATABASE_URL"])
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("service", "role"), [("api", APP), ("worker-1", ENGINE), ("worker-2", ENGINE)])
async def test_a_container_logs_in_below_the_wall_and_stays_there(prepared: Embedded, service: str, role: str) -> None:
    connection = await asyncpg.connect(prepared.dsn("vutler", user=_user(service)))
    try:
        may = await connection.fetchrow(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = session_user"
        )
        assert may is not None
        assert tuple(may) == (role, False, False, False)
        await connection.execute("RESET ROLE")
        for other in {"postgres", "vutler", "vutler_owner", APP, ENGINE} - {role}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SET ROLE {other}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE tenant_vutler.connections NO FORCE ROW LEVEL SECURITY")
    finally:
        await connection.close()


async def test_who_migrates_makes_prefects_database_and_is_no_superuser(prepared: Embedded) -> None:
    assert {_user(service) for service in ("migrate", "prefect")} == {"vutler"}
    connection = await asyncpg.connect(prepared.dsn("vutler", user="vutler"))
    try:
        assert not await connection.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'vutler'")
        await connection.execute("CREATE DATABASE vutler_prefect")
    finally:
        await connection.close()
    connection = await asyncpg.connect(prepared.dsn("vutler_prefect", user="vutler"))
    try:
        await connection.execute("CREATE EXTENSION pg_trgm")  # Prefect's migrations need it
    finally:
        await connection.close()


def test_the_superuser_has_no_password_left(prepared: Embedded) -> None:
    users = "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL ORDER BY 1"
    assert postgres.psql(prepared, "postgres", users).split() == ["vutler", APP, ENGINE]


def test_nothing_is_dumped_or_restored_by_halves(prepared: Embedded, tmp_path: Path) -> None:
    """The documented options of pg_dump let a user who is no superuser save every row."""
    found = re.search(r"`pg_dump (--role=\S+ --enable-row-security)`", OPERATE)
    assert found is not None
    workspace = "INSERT INTO tenant_vutler.workspaces (id, name) VALUES (gen_random_uuid(), 'Kept')"
    postgres.psql(prepared, "vutler", workspace)
    dsn, dump = prepared.dsn("vutler", user="vutler"), str(tmp_path / "dump")
    _run(prepared, ["pg_dump", *found[1].split(), "--format=custom", f"--file={dump}", dsn])
    _run(prepared, ["psql", "-q", dsn, "-c", "DROP SCHEMA tenant_vutler CASCADE"])
    _run(prepared, ["pg_restore", "--single-transaction", "--exit-on-error", f"--dbname={dsn}", dump])
    kept = "SELECT (SELECT count(*) FROM tenant_vutler.workspaces), relforcerowsecurity FROM pg_class WHERE relname = "
    assert postgres.psql(prepared, "vutler", f"{kept}'workspaces'").strip() == "1|t"
