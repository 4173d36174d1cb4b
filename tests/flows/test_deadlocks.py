"""Work that two runs do crosswise: PostgreSQL breaks one of them off, and it is done all the same."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from core.db import Database
from flows.execution import Execution

_PUT = "INSERT INTO installation (key, value) VALUES ('one', ''), ('two', '')"
_ADD = "UPDATE installation SET value = value || $2 WHERE key = $1"


async def test_the_victim_of_a_deadlock_tries_again(db: Database) -> None:
    async with db.connection() as connection:
        await connection.execute(_PUT)
    execution = cast(Any, SimpleNamespace(require_lease=lambda: None))
    met, tries = asyncio.Barrier(2), []

    async def crosswise(name: str, first: str, second: str) -> None:
        tries.append(name)
        async with db.transaction() as connection:
            await connection.execute(_ADD, first, name)
            if tries.count(name) == 1:
                await met.wait()
            await connection.execute(_ADD, second, name)

    await asyncio.gather(
        Execution.patiently(execution, lambda: crosswise("a", "one", "two")),
        Execution.patiently(execution, lambda: crosswise("b", "two", "one")),
    )
    assert len(tries) == 3, "one of them was broken off"
    async with db.connection() as connection:
        found = await connection.fetch("SELECT value FROM installation WHERE key IN ('one', 'two')")
    assert ["".join(sorted(row["value"])) for row in found] == ["ab", "ab"]
