"""The automations that the steps of an automation call, by id or by name."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from core.automations.containers import Actions, Body, bodies
from core.automations.definition import Definition
from core.automations.model import Rule
from core.automations.templates import is_template
from core.db import Connection
from core.errors import Finding

_FIND: Final = """
SELECT id, legacy_id, name, live_version FROM automation_rules
WHERE workspace_id = $1 AND deleted_at IS NULL AND (id = ANY($2) OR legacy_id = ANY($2) OR name = ANY($3))
ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Callee:
    """An automation of the workspace. `live_version` is None until it is published."""

    id: UUID
    legacy_id: UUID | None
    name: str
    live_version: int | None


async def callees(connection: Connection, workspace_id: UUID, called: Collection[str]) -> dict[str, list[Callee]]:
    """Whom each of `called` (ids, names) means: none where there is no such automation in the workspace, several where
    some have the same name."""
    ids = {text: found for text in called if (found := _id(text)) is not None}
    names = [text for text in called if text not in ids]
    rows = await connection.fetch(_FIND, workspace_id, [*ids.values()], names)
    known = [Callee(**row) for row in rows]
    return {
        text: [each for each in known if (ids[text] in (each.id, each.legacy_id) if text in ids else each.name == text)]
        for text in called
    }


async def wrong_calls(connection: Connection, rule: Rule, definition: Definition, actions: Actions) -> list[Finding]:
    """What is wrong with whom the steps call: a foreign automation is as unknown as none."""
    calls = list(_calls(bodies(definition.actions, actions), actions))
    if not calls:
        return []
    known = await callees(connection, rule.workspace_id, {called for _, called in calls})
    return [
        Finding(at, message, severity)
        for at, called in calls
        for message, severity in _complaints(rule, called, known[called])
    ]


def _calls(lists: Sequence[Body], actions: Actions) -> Iterator[tuple[str, str]]:
    """Every automation that is written out, with its place."""
    for body in lists:
        for index, step in enumerate(body.steps):
            field = actions[step.type].calls if step.type in actions else None
            called = step.config.get(field) if field is not None else None
            if field is not None and isinstance(called, str) and not is_template(called):
                yield body.place(index, "config", field), called


def _complaints(rule: Rule, called: str, found: Sequence[Callee]) -> Iterator[tuple[str, Literal["error", "warning"]]]:
    if not found:
        yield f"There is no automation {called} in this workspace.", "error"
    elif len(found) > 1:
        yield f"{len(found)} automations are called {called}: give the id of the one that you mean.", "error"
    elif found[0].id == rule.id:
        yield "An automation can't call itself: each of its runs would start the next.", "error"
    elif found[0].live_version is None:
        yield f"The automation {called} is a draft: until it is published this step fails.", "warning"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
