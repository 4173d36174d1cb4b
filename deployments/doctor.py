"""`vutler doctor`: looks at everything that must be right and says how to mend what is not."""

import base64
import platform
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import aiohttp
import asyncpg

from core import db
from core import keys as core_keys
from core.migrations import run as migrations
from core.settings import BadSetting, Settings
from deployments import databases, home, ports
from deployments.home import StartTrouble
from deployments.prefect_server import wrong_versions
from deployments.prefect_settings import prefect_auth

_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
_SAFE = ("on", "remote_apply", "remote_write", "local")  # of synchronous_commit: committed is on our disk at least
_LOWEST_POSTGRES = 15
_FRESH = "10 seconds"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do; empty when all is well."""

    level: Literal["ok", "warn", "fail"]
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level:<5} {self.what}" + (f"\n      mend: {self.mend}" if self.mend else "")


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; never raises for what is wrong with the installation."""
    runs = home.is_held(settings.home)
    absent: Literal["warn", "fail"] = "fail" if runs or settings.database_url else "warn"
    findings = [*_program(), *_folder(settings, runs), *_ports(settings, runs)]
    findings += await _database(settings, absent)
    checks: tuple[Callable[[aiohttp.ClientSession, Settings], Awaitable[Finding]], ...] = (_api, _prefect)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        for check in checks:
            finding = await check(session, settings)
            if finding.level == "fail" and absent == "warn":
                finding = Finding("warn", finding.what, "Vutler is not running on this data folder: start it (make up)")
            findings.append(finding)
    return findings


def _program() -> list[Finding]:
    found = platform.python_version()
    right = sys.version_info >= (3, 11)
    findings = [
        Finding("ok", f"Python {found}") if right else Finding("fail", f"Python {found} is too old", "use Python 3.11")
    ]
    wrong = wrong_versions()
    findings += [Finding("fail", sentence, "make clean up") for sentence in wrong]
    return findings if wrong else [*findings, Finding("ok", "Prefect, SQLAlchemy and FastAPI fit together")]


def _folder(settings: Settings, runs: bool) -> list[Finding]:
    try:
        home.open_folder(settings.home)
        free = home.free_bytes(settings.home)
        state = "in use by a running Vutler" if runs else "not in use"
        findings = [Finding("ok", f"data folder {settings.home}, {free // 1024**2} MB free, {state}")]
    except StartTrouble as trouble:
        return [Finding("fail", f"data folder {settings.home}", str(trouble))]
    try:
        core_keys.load(settings)
    except (BadSetting, OSError) as error:
        return [*findings, Finding("fail", "secret key", str(error))]
    return [*findings, Finding("ok", "secret key")]


def _ports(settings: Settings, runs: bool) -> list[Finding]:
    if runs:
        return []  # they are taken, by ourselves; the API and Prefect are asked below
    try:
        ports.require_free(settings)
    except StartTrouble as trouble:
        return [Finding("fail", "ports", str(trouble))]
    return [Finding("ok", f"ports {settings.port} and {settings.prefect_port} are free")]


async def _database(settings: Settings, absent: Literal["warn", "fail"]) -> list[Finding]:
    try:
        dsn = databases.vutler_dsn(settings)
    except BadSetting as error:
        return [Finding("fail", "database", str(error))]
    where = databases.shown(dsn)
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (*db.AWAY, asyncpg.PostgresError) as error:
        mend = "start Vutler (make up)" if settings.database_url is None else "check VUTLER_DATABASE_URL and its server"
        return [Finding(absent, f"database {where} does not answer: {error}", mend)]
    try:
        return [*await _server(connection, where), *await _schema(connection, settings)]
    except asyncpg.PostgresError as error:
        return [Finding("fail", f"database {where}: {error}", "give Vutler's user the rights on its database")]
    finally:
        await connection.close()


async def _server(connection: "asyncpg.Connection[asyncpg.Record]", where: str) -> list[Finding]:
    version = await connection.fetchval("SHOW server_version")
    if connection.get_server_version().major < _LOWEST_POSTGRES:
        return [Finding("fail", f"PostgreSQL {version} is too old", f"use PostgreSQL {_LOWEST_POSTGRES} or newer")]
    findings = [Finding("ok", f"PostgreSQL {version} at {where}")]
    for name in _DURABLE:
        value = await connection.fetchval("SELECT current_setting($1)", name)
        if value not in (_SAFE if name == "synchronous_commit" else ("on",)):
            findings.append(
                Finding(
                    "fail",
                    f"{name} is {value}: accepted events can be lost",
                    f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();",
                )
            )
    return findings if len(findings) > 1 else [*findings, Finding("ok", "what is committed is on the disk")]


async def _schema(connection: "asyncpg.Connection[asyncpg.Record]", settings: Settings) -> list[Finding]:
    head = migrations.head()
    if await connection.fetchval("SELECT to_regclass($1)", f"{db.SCHEMA}.alembic_version") is None:
        return [Finding("fail", "the database has no schema yet", "vutler migrate")]
    at = await connection.fetchval(f"SELECT version_num FROM {db.SCHEMA}.alembic_version")
    if at != head:
        return [Finding("fail", f"the schema is at {at}, this Vutler needs {head}", "vutler migrate")]
    seen = await connection.fetchval(
        f"SELECT count(*) FROM {db.SCHEMA}.workers WHERE seen_at > now() - interval '{_FRESH}'"
    )
    waiting = await connection.fetchval(f"SELECT count(*) FROM {db.SCHEMA}.run_queue WHERE state = 'queued'")
    workers = (
        Finding("ok", f"{seen} worker{'s' if seen != 1 else ''} alive, {waiting} runs queued")
        if seen
        else Finding(
            "fail" if home.is_held(settings.home) and settings.workers else "warn",
            f"no worker was seen in the last {_FRESH}; {waiting} runs are queued",
            f"start Vutler (make up) or a worker (vutler worker); why one died: {settings.home}/logs/worker-1.log",
        )
    )
    return [Finding("ok", f"schema {at}"), workers]


async def _api(session: aiohttp.ClientSession, settings: Settings) -> Finding:
    url = f"{settings.local_url}/readyz"
    mend = f"look into {settings.home}/logs/api.log"
    try:
        async with session.get(url) as answer:
            body = (await answer.text())[:300]
            if answer.status == 200:
                return Finding("ok", f"API at {settings.local_url} is ready")
            return Finding("fail", f"API at {settings.local_url} is not ready: {body}", mend)
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding("fail", f"API at {settings.local_url} does not answer ({type(error).__name__})", mend)


async def _prefect(session: aiohttp.ClientSession, settings: Settings) -> Finding:
    url = settings.prefect_url
    try:
        auth = prefect_auth(settings, core_keys.load(settings))
    except (BadSetting, OSError):
        auth = None  # told already, with the secret key
    headers = {"Authorization": "Basic " + base64.b64encode(auth.encode()).decode()} if auth else {}
    mend = (
        f"look into {settings.home}/logs/prefect.log; runs go on without it"
        if settings.owns_prefect
        else "check VUTLER_PREFECT_API_URL and VUTLER_PREFECT_AUTH; runs go on without it"
    )
    try:
        async with session.post(f"{url}/flow_runs/count", json={}, headers=headers) as answer:
            if answer.status == 200:
                return Finding("ok", f"Prefect at {url} answers; it knows {await answer.text()} runs")
            what = "refuses our password" if answer.status == 401 else f"answers {answer.status}"
            return Finding("fail", f"Prefect at {url} {what}", mend)
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding("fail", f"Prefect at {url} does not answer ({type(error).__name__})", mend)
