"""Automations that follow others: the end of a run starts runs of those whose trigger names its automation.

The end of a run and the word of it (a row of the outbox, topic `ended`) are one commit, written by the trigger
`tell_followers` of the table of runs; here the rows are worked off. Where a run failed, so is what its automation asks
for then: an error automation, an alert. What goes on for ever is stopped by the circuit breaker (core/runs/breaker.py).
"""

import asyncio
from dataclasses import replace
from typing import Final

from blocks.triggers.automation import AutomationConfig
from core.automations import ended, failures, subscribers
from core.db import Connection, Database
from core.errands import Errands
from core.outbox import Errand
from core.runs import breaker
from core.runs.accept import accept
from core.runs.breaker import DEFAULT, Limits

KIND: Final = "automation"
TOPIC: Final = "ended"


class Following:
    """`run(stop)` until `stop` is set, in every worker: each end is worked off once."""

    def __init__(self, db: Database, *, public_url: str, limits: Limits = DEFAULT) -> None:
        self._errands = Errands(db, TOPIC, self._follow)
        self._public_url = public_url
        self._limits = limits

    async def run(self, stop: asyncio.Event) -> None:
        await self._errands.run(stop)

    async def drain(self) -> int:
        """Work off what stands in the outbox now; gives how many ends that were."""
        return await self._errands.drain()

    async def _follow(self, connection: Connection, errand: Errand) -> None:
        """One transaction: the runs are accepted and the word of the end is taken away, or neither."""
        end = await ended.read(connection, errand.key)
        if end is None:
            return
        data = end.data(self._public_url)
        runs = {}
        for each in await subscribers.of_kind(connection, end.workspace_id, KIND, follows=end.rule_id):
            if end.status in AutomationConfig.model_validate(each.config).on:
                # The key keeps an end that is worked off twice from starting it twice.
                runs[each.rule_id] = replace(end.child(each.run(end.workspace_id, KIND, data)), key=str(end.id))
        if end.status == "failed":
            wanted = await failures.error_run(connection, end, data)
            if wanted is not None:
                runs.setdefault(wanted.rule_id, wanted)
        for rule_id in sorted(runs):  # everybody in one order, as the breaker asks
            if await breaker.check(connection, runs[rule_id], self._limits) is None:
                await accept(connection, runs[rule_id])
        if end.status == "failed":
            await failures.alert_when_failing(connection, end, self._public_url)
