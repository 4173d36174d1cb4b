"""Fixtures of every test: the run's PostgreSQL and a fresh database."""

import uuid
from collections.abc import AsyncIterator, Iterator
from subprocess import Popen

import pytest

from core.db import Database
from tests import postgres

_server: "list[Popen[bytes]]" = []


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        _server.append(postgres.start())


def pytest_sessionfinish(session: pytest.Session) -> None:
    while _server:
        postgres.stop(_server.pop())


@pytest.fixture
def dsn() -> Iterator[str]:
    """A fresh, migrated database."""
    name = f"t_{uuid.uuid4().hex}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    database = Database(dsn, application="test", size=5)
    await database.open()
    yield database
    await database.close()
