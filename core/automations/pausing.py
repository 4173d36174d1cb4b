"""Switching an automation off because it runs wild: the circuit breaker's hand on the switch."""

from dataclasses import replace
from uuid import UUID

from blocks import registry
from core.automations import publishing, repository
from core.automations.model import Reason
from core.db import Connection


async def pause(connection: Connection, workspace_id: UUID, rule_id: UUID, reason: Reason) -> bool:
    """Switch it off as its owner would (triggers, schedules, deployments, caches), with the reason beside the switch.

    In the transaction of `connection`. False where it is gone or switched off already: then nothing changes.
    """
    rule = await repository.find_locked(connection, workspace_id, rule_id)
    if rule is None or not rule.enabled:
        return False
    await repository.pause(connection, rule.id, reason)
    await publishing.follow_switch(connection, replace(rule, enabled=False), registry.triggers())
    return True
