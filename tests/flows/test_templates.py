"""Each template of the catalogue, deployed by the API and run by a worker, judged by what the outside world got."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from blocks import registry
from core import keys as core_keys
from core.agents.turns import Turns
from core.channels.posting import Posts
from core.connections.opening import Door
from core.connections.signed import Tokens
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.listening.listeners import Hears, Listeners
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs.record import Writer
from core.seal import Sealer
from core.settings import Settings
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.agents.served import HERE, models, settings
from tests.api.conftest import Tenant, ada, api, client, keys, register, served
from tests.echo import Echo
from tests.vendors.anthropic import KEY as ANTHROPIC_KEY
from tests.vendors.anthropic import AnthropicServer
from tests.vendors.certificates import Authority
from tests.vendors.dovecot import PASSWORD, dovecot
from tests.vendors.google import Google
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.script import CallTools, Say
from tests.vendors.slack import Slack
from tests.vendors.smtp import SmtpServer
from tests.waiting import until

__all__ = ["ada", "api", "client", "keys", "models", "register", "served", "settings"]

FILM = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 1000


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.root))
    return made


@pytest.fixture
async def worker(authority: Authority, worker_db: Database, settings: Settings, keys: Keys) -> AsyncIterator[None]:
    """Executes runs and listens to accounts, as `vutler worker` does."""
    identity, stop = Identity("testhost", "1", new_id().hex), asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        out = await stack.enter_async_context(Outgoing(Policy.of(HERE.split(","))))
        renderer = await stack.enter_async_context(Renderer(children=1))
        writer = await stack.enter_async_context(Writer(worker_db, identity.owner))
        door = Door(Sealer(core_keys.sealing(settings, keys)))
        talks = Turns(worker_db, door, out, Tokens(), quota=10_000_000)
        ledger = DatabaseLedger(worker_db, door=door)
        tools = Tools(
            ledger, writer, renderer, out, settings.public_url, Tokens(), talks, Posts(worker_db)
        )  # fmt: skip
        engine = Engine(identity, worker_db, tools, registry.actions(), 100)
        listeners = Listeners(Hears(worker_db.for_everyone(), door, out), identity.owner)
        tasks = [asyncio.create_task(engine.run(stop, drain_s=2)), asyncio.create_task(listeners.run(stop))]
        yield
        stop.set()
        await asyncio.gather(*tasks)


async def sent(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def connect(api: httpx.AsyncClient, kind: str, fields: dict[str, Any], *hosts: str) -> None:
    body = {"kind": kind, "name": f"My {kind}", "fields": fields, "allowed_hosts": [*hosts]}
    await sent(await api.post("/api/connections", json=body), 201)


async def think(api: httpx.AsyncClient, models: OpenAIServer) -> None:
    fields = {"api_key": KEY, "base_url": models.url, "default_model": "gpt-5-mini"}
    await connect(api, "openai", fields)


async def deploy(api: httpx.AsyncClient, slug: str, **inputs: Any) -> Any:
    body = {"template_slug": slug, "overrides": {"inputs": inputs}}
    made = await sent(await api.post("/api/agents/from-template", json=body), 201)
    assert (made["missing"], made["agent"]["enabled"]) == ([], True)
    return made


async def ended(api: httpx.AsyncClient, run_id: str, *statuses: str) -> Any:
    async def over() -> bool:
        run = await sent(await api.get(f"/api/automations/logs/{run_id}"), 200)
        return run["status"] in (statuses or ("success", "failed", "cancelled"))

    await until(over, seconds=60)
    return await sent(await api.get(f"/api/automations/logs/{run_id}"), 200)


async def run(api: httpx.AsyncClient, made: Any) -> Any:
    """Run it now, as its schedule would."""
    (rule,) = made["automations"]
    assert (await sent(await api.get(f"/api/automations/{rule['id']}"), 200))["next_run_at"] is not None
    started = await sent(await api.post(f"/api/agents/{made['agent']['id']}/run", json={}), 202)
    return await ended(api, started["run_id"])


async def said(api: httpx.AsyncClient, room: str) -> list[tuple[str, str]]:
    """Who wrote what in a channel, the oldest first."""
    rooms = (await sent(await api.get("/api/channels"), 200))["items"]
    ident = next(each["id"] for each in rooms if each["name"] == room)
    items = (await sent(await api.get(f"/api/channels/{ident}/messages"), 200))["items"]
    return [(each["author"]["kind"], each["text"]) for each in items[::-1]]


def shaped(value: Any) -> CallTools:
    """An answer in the shape that was asked for."""
    return CallTools([("final_result", value)])


@pytest.fixture
def mail_server(authority: Authority) -> Callable[[], SmtpServer]:
    return lambda: SmtpServer("starttls", authority.context("localhost"), user="ada@example.org")


def smtp(server: SmtpServer) -> dict[str, Any]:
    return {
        "host": "localhost", "port": server.port, "tls": "starttls", "user": "ada@example.org",
        "password": server.password, "sender": "Vutler <bot@example.org>",
    }  # fmt: skip


@pytest.mark.proves("R-TPL-1", "I-27")
async def test_daily_digest(
    api: httpx.AsyncClient, worker: None, models: OpenAIServer, mail_server: Callable[[], SmtpServer]
) -> None:
    await think(api, models)
    async with mail_server() as server, Echo() as echo:
        await connect(api, "smtp", smtp(server))
        source = f"{echo.url}/raw?type=text/plain&body=Rust%202.0%20is%20out%20https://example.org/rust"
        made = await deploy(api, "daily-digest", source=source, email="team@example.org", focus="compilers")
        models.script.answers = [Say("Compilers: - Rust 2.0 is out https://example.org/rust")]
        done = await run(api, made)
        assert done["status"] == "success", done
        (mail,) = server.delivered
    asked = json.dumps(models.script.asked[0]["messages"])
    assert "They care about: compilers." in asked
    assert "Rust 2.0 is out https://example.org/rust" in asked
    assert [hit.path.partition("?")[0] for hit in echo.hits] == ["/raw"]
    assert await said(api, "general") == [("agent", "Compilers: - Rust 2.0 is out https://example.org/rust")]
    assert mail.to == ("team@example.org",)
    assert mail.message["Subject"].startswith("Digest of ")
    assert "Rust 2.0 is out" in mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.proves("R-TPL-1", "I-27")
async def test_lead_finder(api: httpx.AsyncClient, worker: None) -> None:
    async with AnthropicServer() as thinker, Echo() as echo:
        fields = {"api_key": ANTHROPIC_KEY, "base_url": thinker.url, "default_model": "claude-sonnet-5"}
        await connect(api, "anthropic", fields)
        made = await deploy(api, "lead-finder", source=f"{echo.url}/anything/jobs", offer="bread", score=60)
        leads = [
            {"name": "Café Un", "url": "https://example.org/1", "why": "asks for bread", "score": 65},
            {"name": "Tyres Ltd", "url": "", "why": "sells tyres", "score": 10},
            {"name": "Hotel Deux", "url": "https://example.org/2", "why": "its baker left", "score": 95},
        ]
        thinker.script.answers = [shaped({"leads": leads}), shaped({"leads": leads[1:2]})]
        done = await run(api, made)
        assert done["status"] == "success", done
        nothing = await run(api, made)
        assert nothing["status"] == "success", nothing
    assert "We sell: bread." in json.dumps(thinker.script.asked[0]["system"])
    told = (
        "2 new leads:\n- 95 Hotel Deux https://example.org/2\n  its baker left\n"
        "- 65 Café Un https://example.org/1\n  asks for bread"
    )
    assert [text.strip() for _, text in await said(api, "leads")] == [told], "and nothing where nobody is good enough"


@pytest.mark.proves("R-TPL-1", "I-27")
async def test_status_page_checker(api: httpx.AsyncClient, worker: None) -> None:
    async with Slack() as slack, Echo() as echo:
        room = slack.channel("outages")
        tokens = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        await connect(api, "slack", tokens, "127.0.0.1")
        up = await deploy(api, "status-page-checker", url=f"{echo.url}/status/200", slack_channel="#outages")
        done = await run(api, up)
        assert done["status"] == "success", done
        assert slack.said(room) == []
        down = await deploy(
            api, "status-page-checker", url=f"{echo.url}/status/503", minutes=1, slack_channel="#outages"
        )
        assert down["automations"][0]["trigger_config"]["schedules"][0]["cron"] == "*/1 * * * *"
        done = await run(api, down)
        assert done["status"] == "success", done
        (alarm,) = slack.said(room)
    assert alarm.startswith(f"{echo.url}/status/503 does not answer well: ")
    assert "503" in alarm.partition("well")[2]
    assert await said(api, "general") == [("agent", alarm)]


@pytest.mark.proves("R-TPL-1", "I-27", "PHASE-3")
async def test_youtube_poster(api: httpx.AsyncClient, worker: None, models: OpenAIServer) -> None:
    await think(api, models)
    async with Google() as google:
        fields = {
            "client_id": google.client_id, "client_secret": google.client_secret, "base_url": google.url,
            "refresh_token": google.refresh_token(),
        }  # fmt: skip
        await connect(api, "google_oauth", fields, "127.0.0.1")
        made = await deploy(api, "youtube-poster", privacy="unlisted")
        headers = {"Content-Type": "video/mp4"}
        film = await sent(await api.post("/api/files?name=film.mp4", content=FILM, headers=headers), 201)
        texts = {"title": "A build in four minutes", "description": "How we did it.", "tags": ["ci", "build time"]}
        models.script.answers = [shaped(texts), shaped(texts)]
        hook = made["automations"][0]["webhook"]
        runs = []
        for notes in ("From 40 to 4 minutes.", "The same once more."):
            arrived = await api.post(
                f"/api/webhooks/{hook['id']}", json={"file": film["id"], "notes": notes},
                headers={"X-Webhook-Secret": hook["secret"], "Authorization": ""},
            )  # fmt: skip
            runs.append(await sent(arrived, 202))
        assert [each["status"] for each in runs] == ["accepted", "duplicate"], "a video is uploaded once"
        run_id = runs[0]["run_id"]
        await ended(api, run_id, "waiting", "failed")
        (asked,) = (await sent(await api.get(f"/api/approvals?run_id={run_id}"), 200))["items"]
        assert "A build in four minutes" in asked["message"]
        assert google.youtube.videos == {}, "nothing goes out that nobody looked at"
        await sent(await api.post(f"/api/approvals/{asked['id']}/approve", json={}), 200)
        done = await ended(api, run_id)
        assert done["status"] == "success", done
        ((ident, video),) = google.youtube.videos.items()
    assert video["snippet"]["title"] == "A build in four minutes"
    assert video["snippet"]["tags"] == ["ci", "build time"]
    assert video["status"]["privacyStatus"] == "unlisted"
    assert google.youtube.digests[ident] == hashlib.sha256(FILM).hexdigest()
    ((_, told),) = await said(api, "general")
    assert f"watch?v={ident}" in told


@pytest.mark.proves("R-TPL-1", "I-27", "R-INTG-6")
async def test_inbox_summarizer(
    api: httpx.AsyncClient, worker: None, models: OpenAIServer, authority: Authority,
    mail_server: Callable[[], SmtpServer],
) -> None:  # fmt: skip
    await think(api, models)
    async with mail_server() as server, dovecot(authority) as mailbox:
        fields = {"host": "localhost", "port": mailbox.implicit, "user": "ada", "password": PASSWORD}
        await connect(api, "imap", fields)
        await connect(api, "smtp", smtp(server))
        made = await deploy(api, "inbox-summarizer", to="phone@example.org")
        accounts = (await sent(await api.get("/api/connections"), 200))["items"]
        imap = next(each["id"] for each in accounts if each["kind"] == "imap")

        async def listens() -> bool:
            row = await sent(await api.get(f"/api/connections/{imap}"), 200)
            return (row["listening"] or {}).get("state") == "listening"

        await until(listens, seconds=60)
        models.script.answers = [
            shaped({"summary": "Grace asks for Friday.", "urgency": "high", "next_step": "Call Grace."})
        ]
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Grace <grace@example.org>", "ada@example.org", "Delivery"
        mail["Message-ID"] = "<one@example.org>"
        mail.set_content("Can the delivery come on Friday instead?")
        await mailbox.deliver(mail.as_bytes())

        async def told() -> bool:
            return bool(server.delivered)

        await until(told, seconds=60)
        (summary,) = server.delivered
        (done,) = (await sent(await api.get(f"/api/agents/{made['agent']['id']}/runs"), 200))["items"]
        await ended(api, done["run_id"], "success")
    assert "Can the delivery come on Friday instead?" in json.dumps(models.script.asked[0]["messages"])
    assert summary.to == ("phone@example.org",)
    assert summary.message["Subject"] == "[high] Delivery"
    body = summary.message.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert body.split("\n\n")[:2] == ["From: Grace <grace@example.org>", "Grace asks for Friday."]
    assert "Next step: Call Grace." in body


async def test_answer_customers_in_chat(
    api: httpx.AsyncClient, worker: None, models: OpenAIServer, ada: Tenant
) -> None:
    await think(api, models)
    made = await deploy(api, "answer-customers-in-chat", business="Returns within 30 days. Open 9 to 5.")
    models.script.answers = [Say("Within 30 days.")]
    place = f"/api/channels/{made['agent']['channels'][0]}/messages"
    asked = await sent(await api.post(place, json={"text": "Until when can I send it back?"}), 201)

    async def answered() -> bool:
        thread = await sent(await api.get(f"{place}?thread={asked['id']}"), 200)
        return ("agent", "Within 30 days.") in [(each["author"]["kind"], each["text"]) for each in thread["items"]]

    await until(answered, seconds=60)
    told = json.dumps(models.script.asked[0]["messages"])
    assert "Returns within 30 days. Open 9 to 5." in told
    assert "Until when can I send it back?" in told
