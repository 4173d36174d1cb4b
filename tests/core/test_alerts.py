"""Raising alerts: one row while it is open, whoever raises it."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from core.alerts.raising import Alarm, raise_alert
from core.alerts.service import Alerts
from core.caller import Caller
from core.db import Database
from core.ids import new_id
from core.listen import Listener
from core.runs.channels import EVENTS
from tests.alarms import STORM
from tests.core.chains import WORKSPACE, alerts, automation, member, told
from tests.waiting import until


def alarm(rule_id: UUID, root_id: UUID | None = None) -> Alarm:
    return Alarm(WORKSPACE, "rate", "error", STORM, rule_id, None, root_id, {"limit": 300})


async def raised(db: Database, what: Alarm, **how: bool) -> UUID:
    async with db.transaction() as connection:
        return await raise_alert(connection, what, **how)


async def test_the_same_alert_counts_up_while_it_is_open(db: Database) -> None:
    owner, rule_id = await member(db, WORKSPACE), await automation(db)
    ids = await asyncio.gather(*(raised(db, alarm(rule_id)) for _ in range(20)))
    assert len(set(ids)) == 1
    (row,) = await alerts(db)
    assert (row["count"], row["facts"], row["resolved_at"]) == (20, {"limit": 300}, None)
    assert row["last_at"] > row["created_at"]
    assert await told(db, owner) == ["Offer was paused"]
    await raised(db, alarm(rule_id), tell_again=True)
    assert len(await told(db, owner)) == 2
    await Alerts(db).resolve(Caller(owner, WORKSPACE, "owner"), ids[0])
    assert await raised(db, alarm(rule_id)) != ids[0]
    assert [row["count"] for row in await alerts(db)] == [21, 1]


async def test_another_kind_automation_root_or_workspace_is_another_alert(db: Database) -> None:
    first = alarm(await automation(db), new_id())
    other = await automation(db)
    variants = [
        first,
        replace(first, kind="too_many_runs"),
        replace(first, rule_id=other),
        replace(first, root_id=new_id()),
        replace(first, root_id=None),
        replace(first, workspace_id=new_id()),
    ]
    assert len({await raised(db, each) for each in variants}) == len(variants)


async def test_what_is_undone_was_never_raised(db: Database) -> None:
    owner, rule_id = await member(db, WORKSPACE), await automation(db)
    try:
        async with db.transaction() as connection:
            await raise_alert(connection, alarm(rule_id))
            raise LookupError
    except LookupError:
        pass
    assert await alerts(db) == []
    assert await told(db, owner) == []


async def test_the_event_stream_is_told(db: Database) -> None:
    heard: list[dict[str, Any]] = []
    listener = Listener(db.dsn, application="test")
    listener.on(EVENTS, lambda payload: heard.extend(json.loads(payload)))
    task = asyncio.create_task(listener.run())
    try:

        async def connected() -> bool:
            return listener.connected

        await until(connected)
        owner, rule_id = await member(db, WORKSPACE), await automation(db)
        alert_id = await raised(db, alarm(rule_id))
        await raised(db, alarm(rule_id))
        await Alerts(db).resolve(Caller(owner, WORKSPACE, "editor"), alert_id)

        async def all_heard() -> bool:
            return len([each for each in heard if each["kind"] == "alert"]) == 3

        await until(all_heard)
    finally:
        task.cancel()
    told_of = [each for each in heard if each["kind"] == "alert"]
    assert {(each["workspace"], each["id"], each["alert"]) for each in told_of} == {
        (str(WORKSPACE), str(alert_id), "rate")
    }
    assert [(each["count"], each["open"]) for each in told_of] == [(1, True), (2, True), (2, False)]
    assert [each["user"] for each in heard if each["kind"] == "notification"] == [str(owner)]
