"""Sealing every secret at rest anew with the newest key, a batch at a time; it can be broken off and begun again.

Every table with a column `sealed` takes part, so that no new one is forgotten.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from core.db import SCHEMA, Database
from core.seal import SealBroken, Sealer

BATCH: Final = 500

_TABLES: Final = """
SELECT c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND a.attname = 'sealed' AND NOT a.attisdropped AND c.relkind = 'r' ORDER BY c.relname
"""


@dataclass(slots=True)
class Resealed:
    """What was done. `broken`: rows that none of the keys opens, as table and id."""

    done: int = 0
    left: int = 0  # sealed with the newest key already
    broken: list[str] = field(default_factory=list)


async def tables(db: Database) -> list[str]:
    """Those that hold sealed secrets."""
    async with db.connection() as connection:
        return [row["name"] for row in await connection.fetch(_TABLES, SCHEMA)]


async def reseal(db: Database, sealer: Sealer) -> Resealed:
    """Seal with the newest key what an older one sealed. Rows that are written meanwhile are seen, or new already."""
    result = Resealed()
    for table in await tables(db):
        after = UUID(int=0)
        while (last := await _batch(db, sealer, table, after, result)) is not None:
            after = last
    return result


async def _batch(db: Database, sealer: Sealer, table: str, after: UUID, result: Resealed) -> UUID | None:
    """One batch in a transaction of its own; gives the id to go on from, None at the end."""
    async with db.transaction() as connection:
        rows = await connection.fetch(
            f"SELECT id, sealed FROM {table} WHERE id > $1 AND sealed IS NOT NULL ORDER BY id LIMIT {BATCH} FOR UPDATE",
            after,
        )
        for row in rows:
            if sealer.is_newest(row["sealed"]):
                result.left += 1
                continue
            try:
                renewed = sealer.renewed(row["sealed"])
            except SealBroken:
                result.broken.append(f"{table} {row['id']}")
                continue
            await connection.execute(f"UPDATE {table} SET sealed = $2 WHERE id = $1", row["id"], renewed)
            result.done += 1
    return rows[-1]["id"] if rows else None
