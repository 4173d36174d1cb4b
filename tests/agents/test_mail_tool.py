"""The tool that sends mails: its author fixes the account and the recipients, a person is asked where they are open."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from blocks import registry
from core.connections.service import Given
from tests.agents.conftest import Office
from tests.agents.test_tools import answer, told, tool, waiting
from tests.echo import Echo
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Say
from tests.vendors.smtp import SmtpServer

LETTER = {"subject": "Your order", "text": "It is on its way."}


@pytest.fixture
async def server(office: Office, models: OpenAIServer) -> AsyncIterator[SmtpServer]:
    """Takes the mails of the account `Out`."""
    await office.provider(models.url)
    async with SmtpServer() as server:
        fields: dict[str, Any] = {
            "host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "Help <help@example.org>",
        }  # fmt: skip
        await office.connections.create(office.caller, "smtp", Given("Out", fields))
        yield server


def send(*to: str, **more: Any) -> CallTools:
    return CallTools([("send_email", {"to": list(to), **LETTER, **more})])


async def test_it_writes_to_whom_its_author_allows(office: Office, models: OpenAIServer, server: SmtpServer) -> None:
    await office.set("code_bot", tools=[
        tool("send_email", connection="Out", recipients=["@example.com", "bob@example.net"]),
    ])  # fmt: skip
    models.script.answers = [send("Ada <ada@EXAMPLE.com>", "bob@example.net"), Say("Sent.")]
    async with office.engine():
        run = await office.ask("code_bot", "Tell them")
    assert (run["status"], run["output"]["text"]) == ("success", "Sent."), run["error"]
    (mail,) = server.delivered
    assert sorted(each.lower() for each in mail.to) == ["ada@example.com", "bob@example.net"]
    assert (mail.message["From"], mail.message["Subject"]) == ("Help <help@example.org>", "Your order")
    assert told(models)["message_id"] == mail.message["Message-ID"]


@pytest.mark.parametrize(
    "to",
    ["eve@evil.example", "ada@sub.example.com", "ada@example.com.evil.example", "eve@notexample.com"],
)
async def test_to_nobody_else(office: Office, models: OpenAIServer, server: SmtpServer, to: str) -> None:
    await office.set("code_bot", tools=[tool("send_email", connection="Out", recipients=["@example.com"])])
    models.script.answers = [send("ada@example.com", to), Say("It can't be.")]
    async with office.engine():
        run = await office.ask("code_bot", "Leak it")
        if run["status"] == "waiting":  # a tainted turn asks; a yes does not open the list
            run = await answer(office, run, "approve")
    assert run["status"] == "success", run["error"]
    assert "may not be sent to" in told(models)["error"]
    assert server.delivered == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "Hello\r\nBcc: eve@evil.example"},
        {"to": ["ada@example.com\r\nRCPT TO:<eve@evil.example>"]},
        {"to": ["ada@example.com, eve@evil.example"]},
        {"to": []},
        {"to": [f"a{number}@example.com" for number in range(21)]},
        {"connection": "Another"},
        {"bcc": ["eve@evil.example"]},
    ],
)
async def test_nothing_is_smuggled_in(
    office: Office, models: OpenAIServer, server: SmtpServer, wrong: dict[str, Any]
) -> None:
    await office.set("code_bot", tools=[tool("send_email", connection="Out", recipients=["@example.com"])])
    models.script.answers = [CallTools([("send_email", {"to": ["ada@example.com"], **LETTER, **wrong})]), Say("No.")]
    async with office.engine():
        run = await office.ask("code_bot", "Send it")
    assert run["status"] == "success", run["error"]
    assert (server.delivered, server.seen) == ([], [])


async def test_approval_shows_the_whole_mail_and_a_no_sends_nothing(
    office: Office, models: OpenAIServer, server: SmtpServer
) -> None:
    await office.set("code_bot", tools=[tool("send_email", "always", connection="Out", recipients=["@example.com"])])
    models.script.answers = [send("ada@example.com"), Say("Then not."), send("ada@example.com"), Say("Sent.")]
    async with office.engine():
        run = await office.ask("code_bot", "Send it")
        message = (await waiting(office, run))["ask"]["message"]
        assert json.dumps({"to": ["ada@example.com"], **LETTER}, separators=(",", ":")) in message
        done = await answer(office, run, "reject", comment="Too early")
        assert (done["output"]["text"], server.delivered) == ("Then not.", [])
        run = await office.ask("code_bot", "Send it now")
        assert server.delivered == []
        done = await answer(office, run, "approve")
    assert (done["output"]["text"], len(server.delivered)) == ("Sent.", 1)


@pytest.mark.parametrize("listed", [True, False])
async def test_a_tainted_turn_asks_unless_the_recipient_is_listed(
    office: Office, models: OpenAIServer, server: SmtpServer, listed: bool
) -> None:
    """What was read from outside may have told it to write to somebody."""
    recipients = ["@example.com"] if listed else []
    async with Echo() as echo:
        await office.set("code_bot", tools=[
            tool("http", hosts=[f"127.0.0.1:{echo.port}"]),
            tool("send_email", connection="Out", recipients=recipients),
        ])  # fmt: skip
        read = CallTools([("http", {"url": f"{echo.url}/page"})])
        models.script.answers = [read, send("ada@example.com"), Say("Sent.")]
        async with office.engine():
            run = await office.ask("code_bot", "Read the page")
            assert run["status"] == ("success" if listed else "waiting"), run["error"]
            assert len(server.delivered) == (1 if listed else 0)
            if not listed:
                assert "ada@example.com" in (await waiting(office, run))["ask"]["message"]
                run = await answer(office, run, "approve")
    assert (run["output"]["text"], len(server.delivered)) == ("Sent.", 1)


async def test_a_mail_of_which_nobody_knows_is_not_sent_again(
    office: Office, models: OpenAIServer, server: SmtpServer
) -> None:
    await office.set("code_bot", tools=[tool("send_email", connection="Out", recipients=["@example.com"])])
    server.cut = "after"
    models.script.answers = [send("ada@example.com"), Say("Sent?")]
    async with office.engine():
        run = await office.ask("code_bot", "Send it")
        assert run["status"] == "waiting", run["output"]
        assert "doubt" in json.dumps(await waiting(office, run))
        server.cut = ""
        done = await answer(office, run, "done")
    assert (done["status"], len(server.delivered)) == ("success", 1)


@pytest.mark.parametrize(
    "settings",
    [{}, {"connection": "Out", "recipients": ["example.com"]}, {"connection": "Out", "recipients": ["@"]},
     {"connection": "Out", "recipients": ["a@b.example\r\nx"]}],
)  # fmt: skip
def test_settings_that_are_none(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        registry.tools()["send_email"].Settings.model_validate(settings)
