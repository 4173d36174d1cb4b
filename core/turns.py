"""Work that one process of many does every so often: whoever asks first gets the turn."""

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
