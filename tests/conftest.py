"""Fixtures of every test: the run's PostgreSQL and a fresh database."""

import uuid
from collections.abc import AsyncIterator, Iterator
from subprocess import Popen
from typing import Any

import pytest

from core.db import Database
from core.tenancy import APP, ENGINE
from tests import postgres
from tests.scheduling import Scheduling

_server: "list[Popen[bytes]]" = []


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        _server.append(postgres.start())


@pytest.hookimpl(optionalhook=True)  # a run in one process has no use for it
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    while _server:
        postgres.stop(_server.pop())


@pytest.fixture
def dsn() -> Iterator[str]:
    """A fresh, migrated database, as its superuser sees it."""
    name = f"t_{uuid.uuid4().hex}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture
def app_dsn(dsn: str) -> str:
    """The same as the API sees it."""
    return postgres.dsn_as(APP, dsn)


@pytest.fixture
def engine_dsn(dsn: str) -> str:
    """The same as a worker sees it."""
    return postgres.dsn_as(ENGINE, dsn)


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[Database]:
    """A pool above every rule: for what a test does to the database itself."""
    database = Database(dsn, application="test superuser", size=2)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def worker_db(engine_dsn: str) -> AsyncIterator[Database]:
    """The pool of a worker, under row-level security."""
    database = Database(engine_dsn, application="test", size=5)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def db(worker_db: Database) -> Database:
    """The same pool, asking across workspaces: what a test looks with, and what the worker's services use."""
    return worker_db.for_everyone()
