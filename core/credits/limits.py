"""What a plan allows of an automation."""

from typing import Final
from uuid import UUID

from core.automations.containers import Actions, bodies
from core.automations.definition import Definition
from core.db import Connection
from core.errors import Finding

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
    message = (
        f"The plan {row['name']} allows {row['max_steps']} steps in an automation, inner ones included; this has"
        f" {steps}: take some away, or change the plan."
    )
    return [Finding("actions", message)]
