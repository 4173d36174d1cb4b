"""Switching an automation on or off from outside of a workspace: an operator did it in Prefect.

People do it in `core/automations/service.py`; both ways lead through the same rows.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from blocks.trigger import Trigger
from core.audit import noting as audit
from core.automations import publishing, repository
from core.db import Connection
from core.notifications.sending import News, notify, owners
from core.notifications.words import Message
from core.runs.door import BY


async def by_operator(
    connection: Connection, workspace_id: UUID, rule_id: UUID, *, enabled: bool, kinds: Mapping[str, Trigger[Any]]
) -> bool:
    """Switch it and tell whoever answers for it; False when it is so already, or gone."""
    rule = await repository.find_locked(connection, workspace_id, rule_id)
    if rule is None or rule.enabled is enabled:
        return False
    await repository.switch(connection, rule_id, enabled=enabled, by=BY)
    await audit.note_as(
        connection, audit.Actor(workspace_id, name=BY), "automation.switched", "automation", rule_id,
        before={"enabled": rule.enabled}, after={"enabled": enabled},
    )  # fmt: skip
    changed = await repository.find(connection, workspace_id, rule_id)
    if changed is not None:
        await publishing.follow_switch(connection, changed, kinds)
    message = Message("switched_on" if enabled else "switched_off", {"automation": rule.name})
    news = News(kind="switched", message=message, link=f"/automations/{rule_id}", subject=rule_id)
    await notify(connection, workspace_id, await owners(connection, workspace_id, rule_id), news)
    return True
