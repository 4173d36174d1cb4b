"""What an agent reads of the channel in which it is asked, and what its tools may say elsewhere."""

from typing import Any
from uuid import UUID

import pytest

from core.channels.posting import Posts
from core.ids import new_id
from core.runs.accept import NewRun, accept
from tests.agents.conftest import Office
from tests.agents.test_tools import told, tool
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Say

ADA, BOB = "ada", "bob"


class Room:
    """A thread in a channel, and runs that its messages start."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.id = new_id()
        self.root: UUID | None = None

    async def make(self) -> None:
        async with self.office.db.connection() as connection:
            await connection.execute(
                "INSERT INTO channels (id, workspace_id, name, kind) VALUES ($1, $2, 'leads', 'room')",
                self.id, self.office.workspace,
            )  # fmt: skip

    async def say(self, author: str, text: str, kind: str = "user") -> UUID:
        message = new_id()
        async with self.office.db.connection() as connection:
            await connection.execute(
                "INSERT INTO messages (id, workspace_id, channel_id, thread_id, author_kind, author_id, author_name,"
                " text, sent_at) VALUES ($1, $2, $3, $4, $5, $6, initcap($6), $7, now())",
                message, self.office.workspace, self.id, self.root, kind, author, text,
            )  # fmt: skip
        self.root = self.root or message
        return message

    def data(self, message: UUID, author: str, text: str) -> Any:
        return {
            "id": str(message), "text": text, "author": {"id": author, "name": author.title(), "kind": "user"},
            "channel": str(self.id), "thread": str(self.root), "conversation": f"{self.id}/{self.root}",
        }  # fmt: skip

    async def start(self, rule: UUID, data: Any) -> UUID:
        new = NewRun(self.office.workspace, rule, 1, "message", data)
        async with self.office.db.connection() as connection:
            return (await accept(connection, new)).run_id


@pytest.fixture
async def room(office: Office) -> Room:
    made = Room(office)
    await made.make()
    return made


async def answering(office: Office, **policy: Any) -> UUID:
    step = {
        "id": "answer", "type": "agent",
        "config": {
            "agent": "code_bot", "prompt": "{{ trigger.data.text }}",
            "conversation": "{{ trigger.data.conversation }}",
        },
    }  # fmt: skip
    return await office.workshop.automation(step, **policy)


def asked(models: OpenAIServer) -> list[tuple[str, str]]:
    messages = models.script.asked[-1]["messages"]
    return [(each["role"], each["content"]) for each in messages if each["role"] not in ("system", "developer")]


async def test_it_reads_the_thread_that_it_is_asked_in(office: Office, models: OpenAIServer, room: Room) -> None:
    await office.provider(models.url)
    rule = await answering(office)
    async with office.db.connection() as connection:
        agent = await connection.fetchval("SELECT id FROM agents WHERE slug = 'code_bot'")
    await room.say(ADA, "How much is a pen?")
    await room.say(str(agent), "12 euros.", kind="agent")
    await room.say(BOB, "That is a lot.")
    message = await room.say(ADA, "And two?")
    async with office.engine():
        run = await office.workshop.ended(await room.start(rule, room.data(message, ADA, "And two?")))
    assert run["status"] == "success", run["error"]
    assert asked(models) == [
        ("user", "How much is a pen?"), ("assistant", "12 euros."), ("user", "Bob: That is a lot.\n\nAnd two?"),
    ]  # fmt: skip


async def test_messages_that_came_meanwhile_are_answered_together(
    office: Office, models: OpenAIServer, room: Room
) -> None:
    await office.provider(models.url)
    await office.set("code_bot", settings={"while_busy": "merge"})
    rule = await answering(office, overlap="queue", concurrency_key="trigger.data.conversation")
    texts = ["One", "Two", "Three"]
    messages = [(text, await room.say(ADA, text)) for text in texts]
    runs = [await room.start(rule, room.data(message, ADA, text)) for text, message in messages]
    async with office.engine():
        ended = [await office.workshop.wait_for(each, "success", "skipped", "failed") for each in runs]
    assert [each["status"] for each in ended] == ["success", "skipped", "skipped"], ended[0]["error"]
    assert [each["error_code"] for each in ended[1:]] == ["merged", "merged"]
    assert asked(models) == [("user", "One\n\nTwo\n\nThree")]
    assert len(models.script.asked) == 1


@pytest.mark.proves("S6.2 (4)")
async def test_the_tool_posts_in_the_channels_of_its_author_alone(
    office: Office, models: OpenAIServer, room: Room
) -> None:
    await office.provider(models.url)
    await office.set("code_bot", tools=[tool("channel_post", channels=["leads"])])
    office.posts = Posts(office.workshop.worker)
    models.script.answers = [
        CallTools([("channel_post", {"channel": "leads", "text": "First"})]),
        CallTools([("channel_post", {"channel": "leads", "text": "Second"})]),
        CallTools([("channel_post", {"channel": "general", "text": "Third"})]),
        Say("Done."),
    ]
    async with office.engine():
        run = await office.ask("code_bot", "Tell them")
    assert run["status"] == "success", run["error"]
    assert "Only these may be posted in: leads." in told(models)["error"]
    assert [(each["channel_id"], each["text"]) for each in await office.rows("messages")] == [
        (room.id, "First"), (room.id, "Second"),
    ]  # fmt: skip
