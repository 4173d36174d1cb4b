"""Writing the audit log: in the transaction of the change, so that there is never one without the other.

    await audit.note(connection, caller, "member.role_changed", "member", user_id, before="editor", after="admin")

Actions are `noun.verb_in_the_past`. `before` and `after` are short; fields that name a secret are masked.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.values import Json
from core import jsontext
from core.caller import Caller
from core.db import Connection
from core.ids import new_id
from core.journal import MASK, client_address, masked_text, names_a_secret, request_id

LARGEST: Final = 4096  # bytes of JSON of `before` and `after` each
_LONGEST_TEXT: Final = 300
_DEEPEST: Final = 6
_LONGEST_OBJECT: Final = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. `workspace_id` None: it concerns the installation. `name` is for those without an account here."""

    workspace_id: UUID | None
    user_id: UUID | None = None
    token_id: UUID | None = None
    name: str | None = None


async def note(
    connection: Connection,
    caller: Caller,
    action: str,
    object_type: str,
    object_id: UUID | str | None = None,
    *,
    before: Json = None,
    after: Json = None,
) -> None:
    """Add a row about what `caller` did. `connection` is the one that the change was made with."""
    actor = Actor(caller.workspace_id, caller.user_id, caller.token_id)
    await note_as(connection, actor, action, object_type, object_id, before=before, after=after)


async def note_as(
    connection: Connection,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: UUID | str | None = None,
    *,
    before: Json = None,
    after: Json = None,
) -> None:
    """The same of somebody who is no `Caller`: who answered by a link, who tried to sign in."""
    await connection.execute(
        "SELECT note_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new_id(),
        actor.workspace_id,
        actor.user_id,
        actor.token_id,
        None if actor.name is None else actor.name[:320],
        client_address.get(),
        request_id.get(),
        action,
        object_type,
        None if object_id is None else str(object_id)[:_LONGEST_OBJECT],
        short(before),
        short(after),
    )


def short(value: Json) -> Json:
    """The value without secrets, cut where it is long."""
    masked = _masked(value, 0)
    size = len(jsontext.dump(masked))
    return masked if size <= LARGEST else f"({size} bytes)"


def _masked(value: Json, depth: int) -> Json:
    if isinstance(value, str):
        text = masked_text(value)
        return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    if depth >= _DEEPEST and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        return {
            name: MASK if each is not None and names_a_secret(name) else _masked(each, depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each, depth + 1) for each in value]
    return value
