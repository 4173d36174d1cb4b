"""What a plan allows of an automation."""

from typing import Final
from uuid import UUID

from blocks.sentences import said
from blocks.values import Json
from core import jsontext
from core.automations.containers import Actions, bodies
from core.automations.definition import Definition
from core.db import Connection
from core.errors import Finding, TooLarge

_MOST_PAYLOAD: Final = """
SELECT p.name, p.payload_kb FROM workspaces w JOIN plans p ON p.name = w.plan
WHERE w.id = $1 AND p.payload_kb IS NOT NULL
"""
_MOST_STEPS: Final = """
SELECT p.name, p.max_steps FROM workspaces w JOIN plans p ON p.name = w.plan
WHERE w.id = $1 AND p.max_steps IS NOT NULL
"""


async def findings(
    connection: Connection, workspace_id: UUID, definition: Definition, actions: Actions
) -> list[Finding]:
    """An error when it has more steps, those inside loops included, than the workspace's plan allows."""
    row = await connection.fetchrow(_MOST_STEPS, workspace_id)
    steps = sum(len(body.steps) for body in bodies(definition.actions, actions)) if row is not None else 0
    if row is None or steps <= row["max_steps"]:
        return []
    message = said(
        "The plan {plan} allows {most} steps in an automation, inner ones included; this has {count}: take some away,"
        " or change the plan.",
        plan=row["name"], most=row["max_steps"], count=steps,
    )  # fmt: skip
    return [Finding("actions", message)]


async def require_payload(connection: Connection, workspace_id: UUID, payload: Json) -> None:
    """Raises `TooLarge` when what a run is given is over what the workspace's plan allows."""
    row = await connection.fetchrow(_MOST_PAYLOAD, workspace_id)
    if row is not None:
        require_size(len(jsontext.dump(payload)), row["payload_kb"], row["name"])


def require_size(size: int, most_kb: int, plan: str | None) -> None:
    """`size` in bytes. Raises `TooLarge` (`payload_too_large`)."""
    if size > most_kb * 1024:
        raise TooLarge(
            "payload_too_large",
            f"The plan {plan} takes payloads of up to {most_kb} KiB, and this one has {-(-size // 1024)} KiB: send"
            " less, or change the plan.",
        )
