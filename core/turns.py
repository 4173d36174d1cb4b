"""Work that one process of many does: every so often, by whoever asks first; or all of it, by the one that leads."""

from uuid import UUID

from core.db import Connection


async def take_turn(connection: Connection, name: str, *, every_s: float) -> bool:
    """Whether this caller is to do it now: true for one caller in `every_s` seconds, on the database's clock."""
    row = await connection.fetchrow(
        "INSERT INTO installation AS i (key, value) VALUES ('turn:' || $1, clock_timestamp()::text)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        " WHERE i.value::timestamptz <= clock_timestamp() - make_interval(secs => $2) RETURNING key",
        name,
        every_s,
    )
    return row is not None


async def lead(connection: Connection, name: str, holder: UUID, *, for_s: float) -> bool:
    """Whether `holder` does this work for the next `for_s` seconds, on the database's clock. Who leads asks again in
    time; who died is followed by another when its time is over."""
    row = await connection.fetchrow(
        "INSERT INTO installation AS i (key, value)"
        " VALUES ('lead:' || $1, $2::text || ' ' || clock_timestamp() + make_interval(secs => $3))"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE split_part(i.value, ' ', 1) = $2::text"
        " OR substr(i.value, 38)::timestamptz <= clock_timestamp() RETURNING key",
        name,
        str(holder),
        for_s,
    )
    return row is not None


async def step_down(connection: Connection, name: str, holder: UUID) -> None:
    """Let another lead at once; nothing happens where `holder` does not."""
    await connection.execute(
        "DELETE FROM installation WHERE key = 'lead:' || $1 AND split_part(value, ' ', 1) = $2", name, str(holder)
    )
