"""Who is asked whether they want a message: those that may, of however many listen in the workspace."""

from typing import Any
from uuid import UUID

from core.channels import hearing
from core.channels.model import Channel
from core.clock import now
from core.db import Database
from core.ids import new_id


def _channel(workspace: UUID, **more: Any) -> Channel:
    facts: dict[str, Any] = {
        "id": new_id(), "workspace_id": workspace, "connection_id": None, "external_id": None, "name": "Leads",
        "kind": "room", "topic": "", "is_open": True, "created_by": None, "created_at": now(), "archived_at": None,
    }  # fmt: skip
    return Channel(**facts | more)


class House:
    """A workspace of listeners."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.workspace = new_id()

    async def build(self) -> None:
        async with self.db.connection() as connection:
            await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", self.workspace)

    async def listens(self, kind: str = "message", **config: Any) -> UUID:
        rule = new_id()
        async with self.db.transaction() as connection:
            await connection.execute(
                "INSERT INTO automation_rules (id, workspace_id, name, live_version, enabled)"
                " VALUES ($1, $2, 'Test', 1, true)",
                rule, self.workspace,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, '{}')", rule
            )
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active)"
                " VALUES ($1, $2, $3, $4, $5, 0, true)",
                new_id(), rule, self.workspace, kind, config,
            )  # fmt: skip
        return rule

    async def agent(self, slug: str, **columns: Any) -> UUID:
        async with self.db.connection() as connection:
            agent: UUID = await connection.fetchval(
                "INSERT INTO agents (id, workspace_id, slug, name, settings, channels) VALUES ($1, $2, $3, $3, $4, $5)"
                " RETURNING id",
                new_id(), self.workspace, slug, columns.get("settings", {}), columns.get("channels", []),
            )  # fmt: skip
        return agent

    async def asked(self, channel: Channel, *, people: bool = True) -> set[UUID]:
        async with self.db.connection() as connection:
            found = await hearing.listeners_of(connection, self.workspace, [channel], people=people)
        return {each.rule_id for each in found}


async def test_of_many_only_those_who_may_want_it(db: Database) -> None:
    house = House(db)
    await house.build()
    room = _channel(house.workspace, external_id="C1")
    for number in range(20):
        await house.listens(channels=[f"room {number}", str(new_id())])
        await house.agent(f"away-{number}")
        await house.listens(agent=f"away-{number}")
    await house.agent("here", channels=[str(room.id)])
    named = await house.agent("by-id", channels=[str(room.id)])
    wanted = {
        await house.listens(channels=["#LEADS"]), await house.listens(channels=["x", str(room.id)]),
        await house.listens(channels=["C1"]), await house.listens(agent="here"), await house.listens(agent=str(named)),
        await house.listens(agent="away-1", channels=["leads"]), await house.listens(),
        await house.listens(connection="Team chat"),
    }  # fmt: skip
    assert await house.asked(room) == wanted


async def test_letters_beyond_ascii_are_left_to_python(db: Database) -> None:
    house = House(db)
    await house.build()
    upper, sharp = await house.listens(channels=["#STRASSE"]), await house.listens(channels=["Straße"])
    assert await house.asked(_channel(house.workspace, name="straße")) == {upper, sharp}
    assert await house.asked(_channel(house.workspace, name="Strasse")) == {upper, sharp}


async def test_what_bots_say_is_for_those_who_want_it(db: Database) -> None:
    house = House(db)
    await house.build()
    room = _channel(house.workspace)
    await house.agent("shy", channels=[str(room.id)])
    await house.agent("keen", channels=[str(room.id)], settings={"answer_bots": True})
    shy = {await house.listens(agent="shy"), await house.listens(), await house.listens(channels=["leads"])}
    keen = {
        await house.listens(agent="keen"), await house.listens(bots=True),
        await house.listens(agent="shy", bots=True), await house.listens(channels=["leads"], bots=True),
    }  # fmt: skip
    assert await house.asked(room) == shy | keen
    assert await house.asked(room, people=False) == keen
