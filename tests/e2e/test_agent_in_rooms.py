"""An agent that listens in a room of Rocket.Chat and in one of Slack, in the product as it is started by hand.

Messages arrive by WebSocket, are answered in their threads by REST, and once each: when the connection is cut, and
when the worker is killed and something is said while nobody listens.
"""

import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from tests.e2e.person import Person
from tests.e2e.product import Product, free_port
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.rocketchat import RocketChat
from tests.vendors.script import Say
from tests.vendors.slack import Slack
from tests.waiting import until

pytestmark = pytest.mark.e2e
ADA = "U0ADA00001"


@pytest.fixture(scope="module")
def ports() -> tuple[int, int, int]:
    return free_port(), free_port(), free_port()


@pytest.fixture(scope="module")
def product(ports: tuple[int, ...]) -> Iterator[Product]:
    with Product({"VUTLER_HTTP_ALLOW_HOSTS": ",".join(f"127.0.0.1:{port}" for port in ports)}) as product:
        yield product


@pytest.fixture
async def person(product: Product) -> AsyncIterator[Person]:
    async with Person(product.url) as person:
        yield person


class Place(Protocol):
    """A room of some service. `said` gives what stands below a message, and by whom: "us" or "them"."""

    kind: str
    room_id: str

    def fields(self) -> dict[str, Any]: ...
    def say(self, text: str) -> str: ...
    def said(self, thread: str) -> list[tuple[str, str]]: ...
    def listened_to(self) -> bool: ...
    def cut(self) -> None: ...


@dataclass
class RocketChatRoom:
    chat: RocketChat
    kind: str = "rocketchat"

    def __post_init__(self) -> None:
        self.room = self.chat.room("sales")
        self.room_id = self.room.id

    def fields(self) -> dict[str, Any]:
        return {"server_url": self.chat.url, "user_id": self.chat.user_id, "auth_token": self.chat.token}

    def say(self, text: str) -> str:
        return str(self.chat.say(self.room, ADA, text)["_id"])

    def said(self, thread: str) -> list[tuple[str, str]]:
        below = [each for each in self.room.messages if each.get("tmid") == thread]
        return [("us" if each["u"]["_id"] == self.chat.user_id else "them", each["msg"]) for each in below]

    def listened_to(self) -> bool:
        return bool(self.chat.sockets)

    def cut(self) -> None:
        self.chat.drop()


@dataclass
class SlackRoom:
    slack: Slack
    kind: str = "slack"

    def __post_init__(self) -> None:
        self.slack.user(ADA, "Ada")
        self.room = self.slack.channel("sales")
        self.room_id = self.room.id

    def fields(self) -> dict[str, Any]:
        return {"bot_token": self.slack.bot_token, "app_token": self.slack.app_token, "api_url": self.slack.api_url}

    def say(self, text: str) -> str:
        return str(self.slack.say(self.room, ADA, text)["ts"])

    def said(self, thread: str) -> list[tuple[str, str]]:
        below = [each for each in self.room.messages if each.get("thread_ts") == thread != each["ts"]]
        return [("them" if each.get("user") == ADA else "us", each["text"]) for each in below]

    def listened_to(self) -> bool:
        return bool(self.slack.sockets.open)

    def cut(self) -> None:
        self.slack.sockets.drop()


@asynccontextmanager
async def a_place(kind: str, port: int) -> AsyncIterator[Place]:
    if kind == "rocketchat":
        async with RocketChat(port=port) as chat:
            chat.users[ADA] = "ada"
            yield RocketChatRoom(chat)
    else:
        async with Slack(port=port) as slack:
            yield SlackRoom(slack)


async def make_agent(person: Person, place: Place, models: OpenAIServer) -> dict[str, Any]:
    async def connect(kind: str, fields: dict[str, Any]) -> str:
        hosts = [] if kind == "openai" else ["127.0.0.1"]
        name = f"{kind} for {place.kind}"
        body = {"kind": kind, "name": name, "fields": fields, "allowed_hosts": hosts}
        status, made = await person.send("POST", "/api/connections", body)
        assert status == 201, made
        return str(made["id"])

    provider = await connect("openai", {"api_key": KEY, "base_url": models.url, "default_model": "gpt-5-mini"})
    account = await connect(place.kind, place.fields())
    room = {"name": f"sales-{place.kind}", "connection_id": account, "external_id": place.room_id}
    status, channel = await person.send("POST", "/api/channels", room)
    assert status == 201, channel
    agent = {"name": f"Seller in {place.kind}", "provider": provider, "channels": [channel["id"]]}
    status, made = await person.send("POST", "/api/agents", agent | {"instructions": "Sell."})
    assert status == 201, made
    return dict(made)


@pytest.mark.proves("S6.1", "S6.1 (1)", "S6.1 (2)", "S6.1 (3)")
@pytest.mark.parametrize("kind", ["rocketchat", "slack"])
async def test_each_message_is_answered_once_in_its_thread(
    product: Product, person: Person, ports: tuple[int, int, int], kind: str
) -> None:
    async with OpenAIServer(port=ports[0]) as models, a_place(kind, ports[1 + (kind == "slack")]) as place:
        agent = await make_agent(person, place, models)

        async def listened_to() -> bool:
            return place.listened_to()

        await until(listened_to, seconds=60)
        models.script.answers = [Say(f"Answer {number}") for number in range(8)]
        threads: list[str] = []

        async def answered() -> bool:
            return all(len(place.said(thread)) >= 1 for thread in threads)

        threads += [place.say(f"question {number}") for number in range(2)]
        await until(answered, seconds=60)
        place.cut()
        threads += [place.say(f"question {number}") for number in range(2, 5)]
        await until(answered, seconds=60)
        worker = product.children()["worker-1"]
        os.kill(worker, signal.SIGKILL)
        threads += [place.say(f"question {number}") for number in range(5, 8)]
        await until(answered, seconds=120)
        said = [place.said(thread) for thread in threads]
        assert [len(each) for each in said] == [1] * 8, said
        assert Counter(text for each in said for _, text in each) == Counter(f"Answer {n}" for n in range(8))
        assert {who for each in said for who, _ in each} == {"us"}
        assert len(models.script.asked) == 8

        async def ended() -> bool:
            runs = (await person.get(f"/api/agents/{agent['id']}/runs"))["items"]
            failed = [await person.run(run["run_id"]) for run in runs if run["status"] == "failed"]
            assert not failed, json.dumps(failed)
            return [run["status"] for run in runs] == ["success"] * 8

        await until(ended, seconds=90)
