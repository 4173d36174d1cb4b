"""The doctor says what is wrong and how to mend it; it never falls over what it examines."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from core import settings
from core.db import Database
from core.settings import Settings
from deployments import doctor
from deployments.doctor import Finding
from deployments.prefect_server import wrong_versions
from tests.e2e.product import free_port
from tests.postgres import durable

SECRET = "0123456789abcdef" * 2


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="vutler-doctor-") as home:
        yield {
            "VUTLER_HOME": home,
            "VUTLER_PORT": str(free_port()),
            "VUTLER_PREFECT_PORT": str(free_port()),
            "VUTLER_SECRET_KEY": SECRET,
        }


def _levels(findings: list[Finding], word: str) -> list[str]:
    found = [finding.level for finding in findings if word in finding.what]
    assert found, f"nothing is said of {word}:\n" + "\n".join(map(str, findings))
    return found


def _load(environment: dict[str, str], **more: str) -> Settings:
    return settings.load(environment | more)


async def test_nothing_runs(environment: dict[str, str]) -> None:
    findings = await doctor.examine(_load(environment))
    assert not [finding for finding in findings if finding.level == "fail"], "not running is no fault"
    for word in ("database", "API at", "Prefect at"):
        assert _levels(findings, word) == ["warn"]
    assert all(finding.mend for finding in findings if finding.level != "ok")
    assert _levels(findings, "are free") == ["ok"]


@pytest.fixture(scope="module")
def kept() -> Iterator[str]:
    with durable() as dsn:
        yield dsn


async def test_a_database_in_order(environment: dict[str, str], kept: str) -> None:
    findings = await doctor.examine(_load(environment, VUTLER_DATABASE_URL=kept))
    for word in ("PostgreSQL 18", "on the disk", "schema"):
        assert _levels(findings, word) == ["ok"]
    assert _levels(findings, "no worker was seen") == ["warn"]


async def test_a_database_that_could_lose_events(environment: dict[str, str], kept: str) -> None:
    connection = await asyncpg.connect(kept)
    await connection.execute("ALTER DATABASE kept SET synchronous_commit = off")
    await connection.close()
    findings = await doctor.examine(_load(environment, VUTLER_DATABASE_URL=kept))
    assert not [finding for finding in findings if "fsync is off" in finding.what]
    assert _levels(findings, "synchronous_commit is off") == ["fail"]


async def test_a_schema_that_is_behind(environment: dict[str, str], superuser: Database) -> None:
    async with superuser.connection() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = 'older'")
    findings = await doctor.examine(_load(environment, VUTLER_DATABASE_URL=superuser.dsn))
    assert _levels(findings, "the schema is at older") == ["fail"]
    assert any(finding.mend == "vutler migrate" for finding in findings)


async def test_a_worker_is_seen(environment: dict[str, str], db: Database) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workers (owner, host, slot, concurrency) VALUES ('a', 'h', '1', 1), ('b', 'h', '2', 1)"
        )
        await connection.execute("UPDATE workers SET seen_at = now() - interval '11 seconds' WHERE owner = 'b'")
    findings = await doctor.examine(_load(environment, VUTLER_DATABASE_URL=db.dsn))
    assert _levels(findings, "1 worker alive, 0 runs queued") == ["ok"]


async def test_a_database_of_somebody_else_must_answer(environment: dict[str, str]) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/x"
    findings = await doctor.examine(_load(environment, VUTLER_DATABASE_URL=url))
    assert _levels(findings, "does not answer") == ["fail"] * 3
    assert "hunter2" not in "\n".join(map(str, findings))


async def test_a_key_that_others_can_read(environment: dict[str, str]) -> None:
    del environment["VUTLER_SECRET_KEY"]
    file = Path(environment["VUTLER_HOME"]) / "secret-key"
    file.write_text(SECRET)
    file.chmod(0o644)
    findings = await doctor.examine(_load(environment))
    assert _levels(findings, "secret key") == ["fail"]


def test_versions_that_break_prefect_are_named() -> None:
    assert wrong_versions() == []
    installed = {"prefect": "3.9.0", "sqlalchemy": "2.1.9", "fastapi": "0.151.0"}
    found = wrong_versions(installed.__getitem__)
    assert len(found) == 3
    assert "sqlalchemy 2.1.9 does not work with this Prefect server: it needs >=2.0,<2.1" in found[1]
    assert wrong_versions({"prefect": "3.8.8", "sqlalchemy": "2.0.58", "fastapi": "0.139.0"}.__getitem__) == []
