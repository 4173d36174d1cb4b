"""Questions to people through the API: the inbox, the answers, signed links, the bell, the live stream."""

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from core.approvals import links
from core.approvals.asking import Asking
from core.approvals.links import Claim, Tokens
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.settings import Settings
from tests import questions
from tests.api.conftest import Register, Served, Tenant, problem
from tests.api.test_stream import Watch
from tests.questions import question

OUTSIDER = "grace@elsewhere.example"


@pytest.fixture
async def rule(db: Database, ada: Tenant) -> UUID:
    return await questions.add_automation(db, ada.workspace_id, ada.user_id)


@pytest.fixture
async def asked(db: Database, ada: Tenant, rule: UUID) -> UUID:
    return await questions.ask(db, ada.workspace_id, rule, question("approval", "owner", OUTSIDER))


async def member(db: Database, ada: Tenant, register: Register, role: str) -> dict[str, str]:
    """The headers of somebody new in Ada's workspace."""
    other = await register()
    await questions.join(db, ada.workspace_id, other.user_id, role)
    return other.headers | {"X-Workspace-Id": str(ada.workspace_id)}


async def test_the_inbox_and_an_answer(api: httpx.AsyncClient, db: Database, ada: Tenant, rule: UUID) -> None:
    ids = [await questions.ask(db, ada.workspace_id, rule) for _ in range(3)]
    page = (await api.get("/api/approvals", params={"state": "pending", "mine": True, "limit": 2})).json()
    assert [item["id"] for item in page["items"]] == [str(ids[2]), str(ids[1])]
    rest = (await api.get("/api/approvals", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == [str(ids[0])]
    assert rest["next_cursor"] is None
    shown = (await api.get(f"/api/approvals/{ids[0]}")).json()
    assert (shown["kind"], shown["message"], shown["asked"], shown["may_answer"]) == (
        "approval",
        "Publish?",
        True,
        True,
    )
    assert (shown["automation_name"], shown["input"]) == ("Offer", {"message": "Publish?"})
    answered = await api.post(f"/api/approvals/{ids[0]}/approve", json={"comment": "Fine."})
    assert answered.status_code == 200, answered.text
    assert (answered.json()["state"], answered.json()["comment"]) == ("approved", "Fine.")
    assert answered.json()["decided_by"] == str(ada.user_id)
    left = (await api.get("/api/approvals", params={"state": "pending"})).json()
    assert {item["id"] for item in left["items"]} == {str(ids[1]), str(ids[2])}
    run_id = shown["run_id"]
    assert [item["id"] for item in (await api.get("/api/approvals", params={"run_id": run_id})).json()["items"]] == [
        shown["id"]
    ]
    problem(await api.get("/api/approvals", params={"state": "maybe"}), 422, "invalid_request")
    problem(await api.get("/api/approvals", params={"cursor": "x"}), 422, "invalid_request")
    problem(await api.get(f"/api/approvals/{new_id()}"), 404, "approval_not_found")


async def test_an_automation_with_an_approval_is_saved_or_told_what_is_wrong(api: httpx.AsyncClient) -> None:
    def document(needs: str, **config: Any) -> dict[str, Any]:
        ask = {"id": "ask", "type": "approval", "config": {"message": "Publish {{ trigger.data.title }}?", **config}}
        return {
            "name": "Offer", "trigger_type": "manual",
            "actions": [ask, {"id": "b", "type": "transform", "needs": [needs], "config": {"value": 1}}],
        }  # fmt: skip

    good = document("ask:rejected", who=["owner", "{{ trigger.data.boss }}"], deadline="{{ trigger.data.until }}")
    answer = await api.post("/api/automations", json=good)
    assert answer.status_code == 201, answer.text
    assert answer.json()["step_sentences"]["ask"] == "ask the owner and somebody for approval"
    trial = (await api.post(f"/api/automations/{answer.json()['id']}/steps/ask/test", json={"data": TRIED})).json()
    assert trial["waits"] == "Waits for an approval: Publish Spring?", trial
    path = f"/api/automations/{answer.json()['id']}/steps/ask/test"
    french = await api.post(path, json={"data": TRIED}, headers={"Accept-Language": "fr"})
    assert french.json()["waits"] == "Attend une approbation : Publish Spring?"
    assert (await api.get("/api/approvals")).json()["items"] == []
    hostile = {"type": "object", "$ref": "http://169.254.169.254/"}
    bad = document("ask:maybe", who=["everybody"], deadline="soon", form=hostile)
    found = problem(await api.post("/api/automations", json=bad), 422, "automation_invalid")
    places = [each["at"] for each in found["errors"]]
    config = "actions[0].config"
    assert set(places) == {f"{config}.who[0]", f"{config}.deadline", f"{config}.form", "actions[1].needs[0]"}


TRIED = {"title": "Spring", "boss": "ada@example.org", "until": "2d"}


async def test_rejecting(api: httpx.AsyncClient, asked: UUID) -> None:
    answered = await api.post(f"/api/approvals/{asked}/reject", json={"comment": "Too dear."})
    assert (answered.status_code, answered.json()["state"]) == (200, "rejected")
    again = problem(await api.post(f"/api/approvals/{asked}/approve", json={}), 409, "already_answered")
    name = (await api.get("/api/me")).json()["user"]["name"]
    assert re.match(rf"{name} rejected this at \d{{4}}-", again["detail"])


async def test_twenty_at_once_through_the_api(api: httpx.AsyncClient, asked: UUID) -> None:
    answers = await asyncio.gather(*(api.post(f"/api/approvals/{asked}/approve", json={}) for _ in range(20)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 19


async def test_answering_a_doubt(api: httpx.AsyncClient, db: Database, ada: Tenant, rule: UUID) -> None:
    doubt = await questions.ask(db, ada.workspace_id, rule, question("doubt"), action_type="http")
    problem(await api.post(f"/api/approvals/{doubt}/approve", json={}), 409, "other_question")
    problem(await api.post(f"/api/approvals/{doubt}/answer", json={"decision": "no"}), 422, "invalid_request")
    answered = await api.post(f"/api/approvals/{doubt}/answer", json={"decision": "done", "output": {"id": 7}})
    assert (answered.status_code, answered.json()["state"]) == (200, "done")
    assert answered.json()["answer"]["output"] == {"id": 7}


async def test_an_edited_input_and_a_form(api: httpx.AsyncClient, db: Database, ada: Tenant, rule: UUID) -> None:
    form = {"type": "object", "properties": {"eur": {"type": "integer"}}, "required": ["eur"]}
    gate = await questions.ask(
        db, ada.workspace_id, rule, question("gate", form=form), action_type="http",
        input={"method": "GET", "url": "https://example.org/"},
    )  # fmt: skip
    path = f"/api/approvals/{gate}/approve"
    body = problem(
        await api.post(path, json={"input": {"method": "GET"}, "values": {"eur": "x"}}), 422, "invalid_request"
    )
    assert {each["at"] for each in body["errors"]} == {"input.url", "values.eur"}
    problem(await api.post(path, json={"comment": "x" * 2001, "values": {"eur": 1}}), 422, "invalid_request")
    problem(await api.post(path, content=b'{"comment": "' + b"x" * 2_000_000 + b'"}'), 413, "body_too_large")
    edited = {"method": "GET", "url": "https://example.org/{{ run.id }}"}
    answered = await api.post(path, json={"input": edited, "values": {"eur": 3}})
    assert answered.status_code == 200, answered.text
    assert (answered.json()["answer"]["input"], answered.json()["answer"]["values"]) == (edited, {"eur": 3})


async def test_roles_and_workspaces(
    api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, *, register: Register, asked: UUID
) -> None:
    viewer = await member(db, ada, register, "viewer")
    editor = await member(db, ada, register, "editor")
    for verb, body in (
        ("approve", {}),
        ("reject", {}),
        ("answer", {"decision": "approve"}),
        ("link", {"for": OUTSIDER}),
    ):
        path = f"/api/approvals/{asked}/{verb}"
        problem(await api.post(path, json=body, headers=viewer), 403, "role_missing")
        problem(await api.post(path, json=body, headers=editor), 403, "not_asked")
        problem(await api.post(path, json=body, headers=eve.headers), 404, "approval_not_found")
    seen = (await api.get(f"/api/approvals/{asked}", headers=viewer)).json()
    assert (seen["asked"], seen["may_answer"], seen["state"]) == (False, False, "pending")
    assert (await api.get("/api/approvals", params={"mine": True}, headers=viewer)).json()["items"] == []


@pytest.mark.proves("I-18")
async def test_answering_by_the_run(api: httpx.AsyncClient, db: Database, ada: Tenant, rule: UUID) -> None:
    run = await questions.begin(db, ada.workspace_id, rule)
    path = f"/api/agents/runs/{run.run.id}"
    problem(await api.post(f"{path}/approve", json={}), 409, "nothing_waits")
    await run.write(run.step("a", ask=question(message="A?")), run.step("b", ask=question(message="B?")))
    several = problem(await api.post(f"{path}/reject", json={}), 409, "several_wait")
    assert {(each["at"], each["message"]) for each in several["errors"]} == {("step_id=a", "A?"), ("step_id=b", "B?")}
    approved = await api.post(f"{path}/approve", json={"step_id": "b", "comment": "Fine."})
    assert (approved.status_code, approved.json()["step_id"], approved.json()["state"]) == (200, "b", "approved")
    rejected = await api.post(f"{path}/reject", json={})
    assert (rejected.status_code, rejected.json()["step_id"]) == (200, "a")
    problem(await api.post(f"{path}/approve", json={"step_id": "a"}), 409, "already_answered")
    problem(await api.post(f"/api/agents/runs/{new_id()}/approve", json={}), 404, "run_not_found")


# signed links ---------------------------------------------------------------------------------------------------------


async def link(api: httpx.AsyncClient, asked: UUID, recipient: str = OUTSIDER) -> str:
    """The path of a new link's API."""
    made = await api.post(f"/api/approvals/{asked}/link", json={"for": recipient})
    assert made.status_code == 200, made.text
    found: str = made.json()["url"].rpartition("/approvals/")[2]
    return f"/api/approvals/by-token/{found}"


@asynccontextmanager
async def outside(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False) as found:
        yield found


async def test_a_link_answers_once_and_without_signing_in(
    api: httpx.AsyncClient, served: Served, settings: Settings, asked: UUID
) -> None:
    made = (await api.post(f"/api/approvals/{asked}/link", json={"for": OUTSIDER})).json()
    assert made["url"].startswith(f"{settings.public_url}/approvals/")
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left < timedelta(days=7)
    path = await link(api, asked)
    async with outside(served) as grace:
        for _ in range(3):
            shown = await grace.get(path)
            assert (shown.status_code, shown.json()["message"], shown.json()["recipient"]) == (
                200,
                "Publish?",
                OUTSIDER,
            )
        assert (await api.get(f"/api/approvals/{asked}")).json()["state"] == "pending"
        answered = await grace.post(path, json={"decision": "approve", "comment": "From the train."})
        assert (answered.status_code, answered.json()["state"]) == (200, "approved")
        problem(await grace.get(path), 409, "already_answered")
        problem(await grace.post(path, json={"decision": "reject"}), 409, "already_answered")
    found = (await api.get(f"/api/approvals/{asked}")).json()
    assert (found["decided_by"], found["decided_how"], found["comment"]) == (OUTSIDER, "link", "From the train.")
    problem(await api.post(f"/api/approvals/{asked}/link", json={"for": OUTSIDER}), 409, "question_closed")


async def test_a_link_is_tied_to_its_question_its_recipient_and_its_time(
    api: httpx.AsyncClient, keys: Keys, asked: UUID
) -> None:
    path = await link(api, asked)
    base, _, token = path.rpartition("/")
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    wrong = [token[:-4], token + "A", token.swapcase(), "x", "%00", "é", "." * 200, f"{token}="]
    for place in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[place] ^= 1
        wrong.append(urlsafe_b64encode(changed).decode().rstrip("="))
    later = datetime.now(UTC) + timedelta(hours=1)
    wrong.append(Tokens(b"another key of thirty-two bytes!").make(Claim(asked, later, OUTSIDER)))
    for number, each in enumerate(wrong):
        answer = await (
            api.get(f"{base}/{each}") if number % 2 else api.post(f"{base}/{each}", json={"decision": "approve"})
        )
        problem(answer, 404, "link_unknown")
    problem(await api.get(f"{base}/{'x' * 801}"), 422, "invalid_request")
    ours = Tokens(keys.links)
    expired = ours.make(Claim(asked, datetime.now(UTC) - timedelta(seconds=1), OUTSIDER))
    problem(await api.get(f"{base}/{expired}"), 410, "link_expired")
    problem(await api.post(f"{base}/{expired}", json={"decision": "approve"}), 410, "link_expired")
    problem(await api.get(f"{base}/{ours.make(Claim(new_id(), later, OUTSIDER))}"), 404, "link_unknown")
    assert (await api.get(f"/api/approvals/{asked}")).json()["state"] == "pending"


async def test_whom_a_link_may_be_for(
    api: httpx.AsyncClient, db: Database, ada: Tenant, *, eve: Tenant, register: Register, asked: UUID, served: Served
) -> None:
    viewer, editor = await register("vera@example.org"), await register("erna@example.org")
    await questions.join(db, ada.workspace_id, viewer.user_id, "viewer")
    await questions.join(db, ada.workspace_id, editor.user_id, "editor")
    for nobody in (eve.email, str(eve.user_id), viewer.email, editor.email, "somebody@example.org", "nonsense"):
        refused = await api.post(f"/api/approvals/{asked}/link", json={"for": nobody})
        assert problem(refused, 422, "invalid_request")["errors"][0]["at"] == "for"
    path = await link(api, asked, ada.email.upper())
    async with outside(served) as mail:
        shown = (await mail.get(path)).json()
        assert shown["recipient"] == str(ada.user_id)
        await questions.join(db, ada.workspace_id, ada.user_id, "viewer")
        problem(await mail.get(path), 403, "not_asked")
        problem(await mail.post(path, json={"decision": "approve"}), 403, "not_asked")
        await questions.join(db, ada.workspace_id, ada.user_id, "editor")
        assert (await mail.post(path, json={"decision": "approve"})).status_code == 200
    name = (await api.get("/api/me")).json()["user"]["name"]
    assert (await api.get(f"/api/approvals/{asked}")).json()["decided_by_name"] == name


async def test_a_link_ends_with_the_deadline(api: httpx.AsyncClient, db: Database, ada: Tenant, rule: UUID) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    asked = await questions.ask(db, ada.workspace_id, rule, until=until)
    made = (await api.post(f"/api/approvals/{asked}/link", json={"for": ada.email})).json()
    assert datetime.fromisoformat(made["expires_at"]) <= until
    path = f"/api/approvals/by-token/{made['url'].rpartition('/')[2]}"
    async with db.connection() as connection:
        await connection.execute("UPDATE approvals SET deadline = now() WHERE id = $1", asked)
    problem(await api.get(path), 410, "link_expired")
    problem(await api.post(path, json={"decision": "approve"}), 410, "link_expired")
    problem(await api.post(f"/api/approvals/{asked}/approve", json={}), 409, "deadline_passed")


async def test_attempts_are_limited(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_PLACE", (5, 0.01))
    answers = [await api.get(f"/api/approvals/by-token/nonsense{number}") for number in range(7)]
    assert [each.status_code for each in answers] == [404] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 1


async def test_a_token_is_in_no_log(api: httpx.AsyncClient, asked: UUID) -> None:
    path = await link(api, asked)
    with capture_logs() as logs:
        await api.get(path)
        await api.get(path.removeprefix("/api").replace("/by-token", ""))
        await api.post(path, json={"decision": "approve"})
    told = [each["path"] for each in logs if each["event"] == "request"]
    assert told == ["/api/approvals/by-token/***", "/approvals/***", "/api/approvals/by-token/***"]
    assert path.rpartition("/")[2] not in str(logs)


# the bell -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def watching(client: httpx.AsyncClient, headers: dict[str, str]) -> AsyncIterator[Watch]:
    async with client.stream("GET", "/api/events/stream", headers=headers) as response:
        assert response.status_code == 200
        yield Watch(response)


async def test_the_bell(api: httpx.AsyncClient, db: Database, ada: Tenant, *, register: Register, rule: UUID) -> None:
    """Those asked are told, on the stream too; others see neither."""
    editor = await member(db, ada, register, "editor")
    async with watching(api, ada.headers) as mine, watching(api, editor) as theirs:
        asked = await questions.ask(db, ada.workspace_id, rule)
        assert await Asking(db).drain() == 1
        mark = await questions.ask(db, ada.workspace_id, rule)
        for watch, kinds in ((mine, {"approval", "notification"}), (theirs, {"approval"})):
            seen: list[tuple[str, dict[str, Any]]] = []
            while not seen or seen[-1][1].get("id") != str(mark):
                kind, _, data = await watch.next()
                seen.append((kind, data))
            assert {kind for kind, _ in seen} >= kinds
            assert ("notification" in {kind for kind, _ in seen}) == ("notification" in kinds)
            assert not [data for _, data in seen if "workspace" in data or "user" in data]
    assert await Asking(db).drain() == 1
    page = (await api.get("/api/notifications", params={"unread": True})).json()
    assert page["unread_count"] == 2
    assert [item["subject"] for item in page["items"]] == [str(mark), str(asked)]
    assert page["items"][1]["title"] == "Offer: your approval is asked for"
    assert (await api.get("/api/notifications", headers=editor)).json() == {
        "items": [], "next_cursor": None, "unread_count": 0,
    }  # fmt: skip
    path = f"/api/notifications/{page['items'][0]['id']}/read"
    problem(await api.post(path, headers=editor), 404, "notification_not_found")
    first, again = [(await api.post(path)).json() for _ in range(2)]
    assert first["read_at"]
    assert first == again
    assert len((await api.get("/api/notifications", params={"unread": True})).json()["items"]) == 1
    assert (await api.post("/api/notifications/read")).json() == {"read": 1}
    after = (await api.get("/api/notifications", params={"limit": 1})).json()
    assert (after["unread_count"], len(after["items"]), bool(after["next_cursor"])) == (0, 1, True)
    more = (await api.get("/api/notifications", params={"limit": 1, "cursor": after["next_cursor"]})).json()
    assert (more["items"][0]["subject"], more["next_cursor"]) == (str(asked), None)
    for refused in (
        await api.get("/api/notifications", params={"limit": 0}),
        await api.get("/api/notifications?cursor=x"),
    ):
        problem(refused, 422, "invalid_request")


async def test_the_bell_and_the_stream_need_a_token(client: httpx.AsyncClient) -> None:
    for path in ("/api/notifications", "/api/events/stream"):
        problem(await client.get(path), 401, "token_missing")
    problem(await client.post("/api/notifications/read"), 401, "token_missing")
