"""Doing a POST once, however often it is sent: the `Idempotency-Key` of requests that make something.

One transaction does the work and remembers its answer, so a crash leaves neither half. An advisory lock held by that
transaction is what "in flight" means: nothing has to be cleaned up after a process that died.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken

from blocks.values import JsonObject
from core import jsontext
from core.caller import Caller
from core.db import Connection
from core.errors import Conflict, Invalid

KEPT_HOURS: Final = 24
LONGEST_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class Once:
    """What makes two requests the same: who, where to, the key. `body` must be the same too. `box` seals what only the
    answer shows."""

    caller: Caller
    route: str
    key: str
    body: bytes = field(repr=False)
    box: Fernet = field(repr=False)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


Made = tuple[UUID, str | None]  # the id of a new thing, and the secret of it that is shown once


_KNOWN = f"""SELECT fingerprint, response FROM idempotency_keys
WHERE workspace_id = $1 AND user_id = $2 AND route = $3 AND key = $4
  AND created_at > now() - interval '{KEPT_HOURS} hours'"""
_REMEMBER = """INSERT INTO idempotency_keys (workspace_id, user_id, route, key, fingerprint, status, response)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace_id, user_id, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,
    status = excluded.status, response = excluded.response, created_at = now()"""


async def once(
    connection: Connection, asked: Once | None, status: int, work: Callable[[], Awaitable[JsonObject]]
) -> tuple[JsonObject, bool]:
    """Do `work` in the transaction of `connection`, or give what it gave the first time: (answer, replayed).

    `status` is the HTTP status that belongs to the answer. Without a key (`asked` is None) the work is just done.
    Raises `Conflict` while the first request is in flight, `Invalid` when the body is another one.
    """
    if asked is None:
        return await work(), False
    if not 0 < len(asked.key) <= LONGEST_KEY or not asked.key.isprintable():
        raise Invalid("idempotency_key_invalid", f"Idempotency-Key is a text of 1 to {LONGEST_KEY} characters.")
    place = (asked.caller.workspace_id, asked.caller.user_id, asked.route, asked.key)
    ours: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _lock_number(asked))
    if not ours:
        raise Conflict("idempotency_in_flight", "The first request with this Idempotency-Key is not done yet.")
    known = await connection.fetchrow(_KNOWN, *place)
    if known is None:
        answer = await work()
        await connection.execute(_REMEMBER, *place, asked.fingerprint, status, answer)
        return answer, False
    if known["fingerprint"] != asked.fingerprint:
        raise Invalid("idempotency_key_reused", "This Idempotency-Key came with another body before; use a new key.")
    answer = known["response"]
    return answer, True


async def made_once(connection: Connection, asked: Once | None, work: Callable[[], Awaitable[Made]]) -> Made:
    """Make a thing in the transaction of `connection`, or give what was made the first time, its secret too.

    Raises what `once` raises, and `Conflict` (`idempotency_answer_lost`) where the key of answers changed meanwhile.
    """
    if asked is None:
        return await work()

    async def kept() -> JsonObject:
        made, secret = await work()
        return {"id": str(made), "sealed": None if secret is None else asked.box.encrypt(secret.encode()).decode()}

    answer, _ = await once(connection, asked, 201, kept)
    made, sealed = UUID(str(answer["id"])), answer["sealed"]
    if sealed is None:
        return made, None
    try:
        return made, asked.box.decrypt(str(sealed)).decode()
    except InvalidToken as error:
        message = f"This made {made} before, and its secret can't be shown again; delete it and use a new key."
        raise Conflict("idempotency_answer_lost", message) from error


def _lock_number(asked: Once) -> int:
    place = [str(asked.caller.workspace_id), str(asked.caller.user_id), asked.route, asked.key]
    return int.from_bytes(hashlib.sha256(jsontext.dump(place)).digest()[:8], signed=True)


async def forget(connection: Connection) -> int:
    """Remove the keys that are too old to be replayed; gives their number. For the housekeeping."""
    done = await connection.execute(
        f"DELETE FROM idempotency_keys WHERE created_at <= now() - interval '{KEPT_HOURS} hours'"
    )
    return int(done.rpartition(" ")[2])
