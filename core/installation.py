"""Which installation of Vutler this is: where two share a Prefect server, each touches only what is its own."""

from core.db import Connection


async def installation_id(connection: Connection) -> str:
    """Twelve hexadecimal digits, made with the first question and kept in the database."""
    await connection.execute(
        "INSERT INTO installation (key, value) VALUES ('id', left(replace(gen_random_uuid()::text, '-', ''), 12))"
        " ON CONFLICT (key) DO NOTHING"
    )
    found: str = await connection.fetchval("SELECT value FROM installation WHERE key = 'id'")
    return found
