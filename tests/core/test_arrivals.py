"""What an account heard: kept once, threads told right, and answered by whoever wants it, and by nobody for ever."""

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from blocks.listening import Heard
from blocks.services import Attachment
from core.channels import arrivals, hearing, merging
from core.channels.arrivals import Taken
from core.db import Database
from core.ids import new_id
from core.runs import queue
from core.runs.breaker import Limits
from tests.core.talker import installed

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Account:
    id: UUID
    workspace_id: UUID
    name: str = "Team chat"
    kind: str = "talker"


@dataclass
class Desk:
    """A workspace with an account."""

    db: Database
    account: Account

    @property
    def workspace(self) -> UUID:
        return self.account.workspace_id

    async def arrive(self, *heard: Heard, **options: Any) -> list[Taken]:
        async with self.db.for_workspace(self.workspace).transaction() as connection:
            return await arrivals.arrive(connection, self.account, heard, **options)

    async def automation(self, config: dict[str, Any], kind: str = "message", **policy: Any) -> UUID:
        rule = new_id()
        async with self.db.transaction() as connection:
            await connection.execute(
                "INSERT INTO automation_rules (id, workspace_id, name, live_version, enabled)"
                " VALUES ($1, $2, 'Test', 1, true)",
                rule, self.workspace,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)",
                rule, {
                    "name": "Test", "trigger_type": kind, "trigger_config": config, "policy": policy,
                    "actions": [{"id": "a", "type": "transform", "config": {"value": 1}}],
                },
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active)"
                " VALUES ($1, $2, $3, $4, $5, 0, true)",
                new_id(), rule, self.workspace, kind, config,
            )  # fmt: skip
        return rule

    async def agent(self, slug: str = "sales_pro", **columns: Any) -> UUID:
        async with self.db.connection() as connection:
            agent: UUID = await connection.fetchval(
                "INSERT INTO agents (id, workspace_id, slug, name, settings, channels, email)"
                " VALUES ($1, $2, $3, $3, $4, $5, $6)"
                " ON CONFLICT (workspace_id, slug) WHERE deleted_at IS NULL DO UPDATE SET name = excluded.name,"
                " settings = excluded.settings, channels = excluded.channels, email = excluded.email RETURNING id",
                new_id(), self.workspace, slug, columns.get("settings", {}), columns.get("channels", []),
                columns.get("email"),
            )  # fmt: skip
        return agent

    async def data(self) -> list[dict[str, Any]]:
        """What the runs were given, in the order in which they were made."""
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT trigger_data FROM automation_logs WHERE workspace_id = $1 AND status = 'queued' ORDER BY id",
                self.workspace,
            )
        return [row["trigger_data"] for row in rows]

    async def texts(self) -> list[str]:
        return [each["text"] for each in await self.data()]

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.db.connection() as connection:
            rows = await connection.fetch(f"SELECT * FROM {table} WHERE workspace_id = $1 ORDER BY id", self.workspace)
        return [dict(row) for row in rows]


@pytest.fixture
async def desk(db: Database) -> Desk:
    workspace, account = new_id(), new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workspace)
        await connection.execute(
            "INSERT INTO connections (id, workspace_id, kind, name) VALUES ($1, $2, 'talker', 'Team chat')",
            account, workspace,
        )  # fmt: skip
    return Desk(db, Account(account, workspace))


def said(number: int, text: str | None = None, **more: Any) -> Heard:
    facts: dict[str, Any] = {
        "id": f"m{number}", "channel": "C1", "channel_name": "leads", "text": text or f"text {number}",
        "sender_id": "U1", "sender_name": "Ada", "sent_at": NOON + timedelta(seconds=number),
    }  # fmt: skip
    return Heard(**facts | more)


async def test_what_is_heard_again_is_no_second_message(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    (first,) = await desk.arrive(said(1))
    assert first.runs
    assert await desk.arrive(said(1)) == []
    again = await desk.arrive(said(1), said(2), said(2))
    assert len(again) == 1
    assert await desk.texts() == ["text 1", "text 2"]
    (channel,) = [each for each in await desk.rows("channels") if each["connection_id"] is not None]
    assert (channel["name"], channel["kind"], channel["is_open"]) == ("leads", "room", True)
    assert {each["channel_id"] for each in await desk.rows("messages")} == {channel["id"]}


async def test_nothing_is_left_when_the_transaction_fails(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    with contextlib.suppress(RuntimeError):
        async with desk.db.for_workspace(desk.workspace).transaction() as connection:
            assert await arrivals.arrive(connection, desk.account, [said(1)])
            raise RuntimeError
    assert await desk.texts() == []
    assert await desk.rows("messages") == []
    await desk.arrive(said(1))
    assert await desk.texts() == ["text 1"]


async def test_a_thread_is_one_conversation_also_when_its_beginning_is_heard_late(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    await desk.arrive(said(5, thread="m1"))
    await desk.arrive(said(6, thread="m1"), said(7, thread="m7"))
    await desk.arrive(said(1, "the beginning"))
    await desk.arrive(said(8, thread="m6"))  # under an answer, as some services tell it
    data = await desk.data()
    assert [each["text"] for each in data] == ["text 5", "text 6", "text 7", "the beginning", "text 8"]
    talks = [each["conversation"] for each in data]
    assert talks[0] == talks[1] == talks[3] == talks[4] != talks[2]
    assert data[0]["thread"] == data[3]["id"]
    assert [each["sent_at"] is None for each in await desk.rows("messages")] == [False] * 5


async def test_what_nobody_heard_of_a_thread_is_shown_to_nobody(desk: Desk) -> None:
    await desk.arrive(said(5, thread="m1"))
    unheard = [each for each in await desk.rows("messages") if each["sent_at"] is None]
    assert [each["external_id"] for each in unheard] == ["m1"]


async def test_direct_conversations_are_one_and_closed(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    await desk.arrive(said(1, direct=True))
    assert await desk.texts() == [], "nobody named this channel"
    channel = next(each for each in await desk.rows("channels") if each["kind"] == "direct")
    assert channel["is_open"] is False
    await desk.automation({"channels": [str(channel["id"])]})
    await desk.arrive(said(2, direct=True), said(3, direct=True))
    data = await desk.data()
    assert [(each["thread"], each["conversation"]) for each in data] == [(None, str(channel["id"]))] * 2


async def test_filters(desk: Desk) -> None:
    agent = await desk.agent()
    await desk.automation({"channels": ["#LEADS"], "keyword": "Invoice"})
    await desk.automation({"channels": ["elsewhere"]})
    await desk.automation({})  # our own channels
    await desk.automation({"connection": str(desk.account.id), "regex": "(?i)^please"})
    await desk.automation({"connection": "Team chat", "mention": True})
    await desk.automation({"agent": "sales_pro"})  # is nowhere
    taken = await desk.arrive(
        said(1, "the invoices"), said(2, "PLEASE"), said(3, "to you", mentions=("U9",)), said(4, "nothing"),
        own_id="U9",
    )  # fmt: skip
    assert [len(each.runs) for each in taken] == [1, 1, 1, 0]
    channel = taken[0].channel_id
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE agents SET channels = $2 WHERE id = $1", agent, [str(channel)])
    (heard,) = await desk.arrive(said(5, "nothing"))
    assert len(heard.runs) == 1
    (event,) = await desk.rows("agent_events")
    assert (event["type"], event["agent"], event["content"]) == ("agent.message.received", "sales_pro", "nothing")
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE agents SET deleted_at = now()")
    assert (await desk.arrive(said(6, "nothing")))[0].runs == []


async def test_own_and_bots_messages_start_nothing_unless_asked_for(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    taken = await desk.arrive(said(1, own=True), said(2, from_bot=True))
    assert [each.runs for each in taken] == [[], []]
    await desk.automation({"connection": "Team chat", "bots": True})
    taken = await desk.arrive(said(3, own=True), said(4, from_bot=True), said(5))
    assert [len(each.runs) for each in taken] == [0, 1, 2]


async def test_bots_do_not_talk_among_themselves_for_ever(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat", "bots": True})
    await desk.arrive(said(1))
    taken = [
        (await desk.arrive(said(n, thread="m1", from_bot=True)))[0] for n in range(2, hearing.MOST_HOPS + 5)
    ]  # fmt: skip
    assert [bool(each.runs) for each in taken] == [True] * hearing.MOST_HOPS + [False] * 3
    await desk.arrive(said(100, thread="m1"))
    (after,) = await desk.arrive(said(101, thread="m1", from_bot=True))
    assert after.runs, "a person has spoken"


async def test_what_another_account_hears_of_a_run_counts_as_its_own(desk: Desk) -> None:
    """Two accounts in one room: what a run posted with one of them is the other one's news, and deeper."""
    await desk.automation({"connection": "Team chat", "bots": True})
    (first,) = await desk.arrive(said(1))
    ((_, run_id),) = first.runs
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE messages SET run_id = $2 WHERE id = $1", first.message_id, run_id)
        await connection.execute("UPDATE messages SET external_id = 'm2'")
        elsewhere = new_id()
        await connection.execute(
            "INSERT INTO connections (id, workspace_id, kind, name) VALUES ($1, $2, 'talker', 'Second')",
            elsewhere, desk.workspace,
        )  # fmt: skip
    await desk.automation({"connection": "Second", "bots": True})
    second = Desk(desk.db, replace(desk.account, id=elsewhere, name="Second"))
    (heard,) = await second.arrive(said(2, from_bot=True))
    async with desk.db.connection() as connection:
        row = await connection.fetchrow("SELECT parent_id, depth FROM automation_logs WHERE id = $1", heard.runs[0][1])
    assert row is not None
    assert tuple(row) == (run_id, 2)


async def test_a_flood_opens_the_circuit(desk: Desk) -> None:
    rule = await desk.automation({"connection": "Team chat"})
    moment = datetime.now(UTC)
    taken = await desk.arrive(*[said(n) for n in range(8)], limits=Limits(runs_per_min=5))
    assert sum(len(each.runs) for each in taken) == 8, "what was missed for a while is no flood"
    await desk.arrive(said(10, sent_at=moment), limits=Limits(runs_per_min=8))
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET enabled = true")
        await connection.execute("UPDATE automation_triggers SET active = true")
        await connection.execute("UPDATE automation_logs SET created_at = now() - interval '1 hour'")
    taken = await desk.arrive(*[said(n, sent_at=moment) for n in range(20, 28)], limits=Limits(runs_per_min=5))
    assert sum(len(each.runs) for each in taken) == 5
    assert len(taken) == 8, "they are kept all the same"
    row = next(each for each in await desk.rows("automation_rules") if each["id"] == rule)
    assert row["enabled"] is False


async def test_attachments_are_files_while_there_is_room(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    files = [Attachment("a.txt", "text/plain", b"x" * 2_500_000), Attachment("../b.txt", "text/plain", b"y" * 600_000)]
    await desk.arrive(said(1, attachments=files), files_quota=3_000_000)
    (data,) = await desk.data()
    first, second = data["attachments"]
    assert (first["name"], first["size"]) == ("a.txt", 2_500_000)
    assert second == {"name": "b.txt", "size": 600_000, "media_type": first["media_type"], "left_out": "files_quota"}
    (file,) = await desk.rows("files")
    assert (str(file["id"]), file["size"]) == (first["$file"], 2_500_000)
    (message,) = await desk.rows("messages")
    assert message["attachments"] == data["attachments"]
    await desk.arrive(said(1, attachments=files))
    assert len(await desk.rows("files")) == 1, "what is heard again is not kept again"


async def test_hostile_messages(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    await desk.arrive(
        said(1, "nul\x00nul", sender_name="x\x00" * 300), said(2, "x" * 200_000), said(3, "{{ 7 * 7 }}"),
        said(4, "'; DROP TABLE messages; --", sender_id="y" * 900), said(5, "", channel_name="z" * 900),
    )  # fmt: skip
    texts = await desk.texts()
    assert [texts[0], len(texts[1]), texts[2]] == ["nulnul", arrivals.LONGEST_TEXT, "{{ 7 * 7 }}"]
    assert len(texts) == 5


async def test_mail(desk: Desk) -> None:
    with installed():
        await _mails_arrive(Desk(desk.db, replace(desk.account, kind="mailbox")))


async def _mails_arrive(desk: Desk) -> None:
    await desk.automation({"connection": "Team chat"})
    await desk.automation({"connection": "Team chat", "from": "ada@", "subject": "INVOICE"}, "email")
    await desk.automation({"connection": "Team chat", "folder": "Spam"}, "email")
    await desk.agent("mailer", email={"inbox": str(desk.account.id)})
    await desk.automation({"agent": "mailer", "from": "bob"}, "email")
    more: dict[str, Any] = {"subject": "An invoice", "message_id": "<1@x>", "to": ["b@x.org"], "references": []}
    ada = {"channel": "INBOX", "sender_id": "ada@x.org", "more": more}
    bob = ada | {"sender_id": "bob@x.org", "more": {"subject": "Hello"}}
    taken = await desk.arrive(said(1, **ada), said(2, **bob), said(3, **ada, from_bot=True))
    assert [len(each.runs) for each in taken] == [1, 1, 0]
    data = (await desk.data())[0]
    assert (data["subject"], data["message_id"], data["to"]) == ("An invoice", "<1@x>", ["b@x.org"])
    assert data["from"] == {"name": "Ada", "address": "ada@x.org"}
    (channel,) = [each for each in await desk.rows("channels") if each["connection_id"]]
    assert (channel["kind"], channel["is_open"]) == ("mail", False)


async def test_messages_of_a_conversation_wait_for_each_other_and_may_be_merged(desk: Desk) -> None:
    policy = {"overlap": "queue", "concurrency_key": "trigger.data.conversation"}
    await desk.automation({"connection": "Team chat"}, **policy)
    await desk.arrive(said(1), *[said(n, thread="m1") for n in (2, 3)], said(4))

    async def claim() -> list[Any]:
        async with desk.db.connection() as connection:
            return await queue.claim(connection, owner="w", lane="warm", limit=10, rotation=queue.Rotation())

    runs = await claim()
    assert [each.trigger_data["text"] for each in runs] == ["text 1", "text 4"]
    async with desk.db.for_workspace(desk.workspace).transaction() as connection:
        along = await merging.take_along(connection, runs[0].id)
    assert [each["text"] for each in along] == ["text 2", "text 3"]
    await desk.arrive(said(5, thread="m1"))
    async with desk.db.for_workspace(desk.workspace).transaction() as connection:
        assert await merging.taken_along(connection, runs[0].id) == along, "the same after a crash"
        assert await merging.take_along(connection, runs[1].id) == []
    async with desk.db.connection() as connection:
        skipped = await connection.fetch("SELECT error_code, error FROM automation_logs WHERE status = 'skipped'")
        await connection.execute("UPDATE run_queue SET state = 'done' WHERE run_id = $1", runs[0].id)
    assert [each["error_code"] for each in skipped] == ["merged"] * 2
    assert str(runs[0].id) in skipped[0]["error"]
    assert [each.trigger_data["text"] for each in await claim()] == ["text 5"]
