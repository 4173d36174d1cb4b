"""Mail in the product as it is started by hand: an agent with a mailbox, the letters of accounts, over real servers.

What is sent by mail is an unsafe effect: after a crash of which nobody knows whether the mail went out, the run asks.
"""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from tests.e2e.person import Person
from tests.e2e.product import Product, free_port
from tests.vendors.certificates import Authority
from tests.vendors.dovecot import PASSWORD, Dovecot, dovecot
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.script import Say
from tests.vendors.smtp import Delivered, SmtpServer
from tests.waiting import until

pytestmark = pytest.mark.e2e
NEW = "another battery staple"
HELP = "Help <help@example.org>"


@dataclass(frozen=True)
class Place:
    """What the product is told at its start: the port of its own mail server, and whom to trust."""

    port: int
    authority: Authority


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(free_port(), Authority(tmp_path_factory.mktemp("authority")))


@pytest.fixture(scope="module")
def product(place: Place) -> Iterator[Product]:
    environment = {
        "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1,localhost", "VUTLER_SIGNUP": "open",
        "SSL_CERT_FILE": str(place.authority.root), "VUTLER_SMTP_URL": f"smtp://127.0.0.1:{place.port}?tls=none",
        "VUTLER_MAIL_FROM": "Vutler <bot@vutler.test>",
    }  # fmt: skip
    with Product(environment) as product:
        yield product


@pytest.fixture
async def server(place: Place) -> AsyncIterator[SmtpServer]:
    """The one server that takes mail: the installation's and the agents'."""
    async with SmtpServer(port=place.port) as server:
        yield server


@pytest.fixture
async def mailbox(place: Place) -> AsyncIterator[Dovecot]:
    async with dovecot(place.authority) as mailbox:
        yield mailbox


@pytest.fixture
async def models() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as models:
        yield models


@pytest.fixture
async def person(product: Product, server: SmtpServer) -> AsyncIterator[Person]:
    async with Person(product.url) as person:
        yield person


def letter(number: int, text: str = "Where is it?", **headers: str) -> bytes:
    mail = EmailMessage()
    given = {
        "From": "Bob <bob@example.net>",
        "To": HELP,
        "Subject": "My order",
        "Message-ID": f"<{number}@example.net>",
    }
    for name, value in {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        mail[name] = value
    mail.set_content(text)
    return bytes(mail)


def with_file() -> bytes:
    mail = EmailMessage()
    for name, value in {"From": "Bob <bob@example.net>", "To": HELP, "Subject": "My order"}.items():
        mail[name] = value
    mail["Message-ID"] = "<1@example.net>"
    mail.set_content("Where is it?")
    mail.add_attachment(b"%PDF-order", maintype="application", subtype="pdf", filename="order.pdf")
    return bytes(mail)


async def connect(person: Person, kind: str, name: str, fields: dict[str, Any]) -> str:
    status, made = await person.send("POST", "/api/connections", {"kind": kind, "name": name, "fields": fields})
    assert status == 201, made
    return str(made["id"])


async def helper(
    person: Person, slug: str, mailbox: Dovecot, server: SmtpServer, models: OpenAIServer
) -> dict[str, Any]:
    """An agent that answers the mails of a mailbox of its own, once it listens to it."""
    inbox = await connect(person, "imap", f"{slug} in", {
        "host": "localhost", "port": mailbox.implicit, "user": slug, "password": PASSWORD, "address": HELP,
    })  # fmt: skip
    account = await connect(person, "smtp", f"{slug} out", {
        "host": "127.0.0.1", "port": server.port, "tls": "none", "sender": HELP,
    })  # fmt: skip
    provider = await connect(person, "openai", f"{slug} models", {
        "api_key": KEY, "base_url": models.url, "default_model": "gpt-5-mini",
    })  # fmt: skip
    await mailbox.deliver(letter(0, "Written before there was an agent"), user=slug)
    status, made = await person.send("POST", "/api/agents", {
        "name": slug, "slug": slug, "provider": provider, "instructions": "Answer.",
        "email": {"inbox": inbox, "account": account, "from": HELP},
    })  # fmt: skip
    assert (status, made["trigger_type"]) == (201, "email"), made

    async def listens() -> bool:
        seen = await person.get(f"/api/connections/{inbox}")
        return bool(seen["listening"] and seen["listening"]["state"] == "listening")

    await until(listens, seconds=60)
    return dict(made)


async def found(look: Callable[[], Awaitable[Any]]) -> Any:
    """What it gives as soon as that is something."""
    seen: list[Any] = []

    async def there() -> bool:
        seen[:] = [await look()]
        return bool(seen[0])

    await until(there, seconds=60)
    return seen[0]


async def sent(server: SmtpServer, to: str, count: int) -> list[Delivered]:
    """The mails to somebody, once there are so many."""

    async def there() -> list[Delivered]:
        to_them = [each for each in server.delivered if to in each.to]
        return to_them if len(to_them) >= count else []

    return list(await found(there))


def text_of(mail: Delivered) -> str:
    body = mail.message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def runs(person: Person, agent: dict[str, Any], *statuses: str) -> list[dict[str, Any]]:
    async def there() -> list[dict[str, Any]]:
        all_ = await person.runs(agent["automation_id"])
        return all_ if all_ and all(each["status"] in statuses for each in all_) else []

    return list(await found(there))


@pytest.mark.proves("S6.5", "S6.5 (2)", "R-INTG-6")
async def test_an_agent_answers_its_mail_in_the_thread(
    person: Person, server: SmtpServer, mailbox: Dovecot, models: OpenAIServer
) -> None:
    models.script.answers = [Say("It is on its way."), Say("Tomorrow.")]
    agent = await helper(person, "threads", mailbox, server, models)
    nobody_answers = [
        letter(90, Auto_Submitted="auto-replied"), letter(91, List_Id="<news.example.net>"),
        letter(92, Precedence="bulk"), letter(93, Return_Path="<>"), letter(94, From="mailer-daemon@example.net"),
        letter(95, From=HELP),
    ]  # fmt: skip
    await mailbox.deliver(*nobody_answers, with_file(), user="threads")
    (first,) = await sent(server, "bob@example.net", 1)
    mail = first.message
    assert (mail["From"], mail["To"], mail["Subject"]) == (HELP, "Bob <bob@example.net>", "Re: My order")
    assert (mail["In-Reply-To"], mail["References"]) == ("<1@example.net>", "<1@example.net>")
    assert mail["Auto-Submitted"] == "auto-replied"
    assert text_of(first).strip() == "It is on its way."
    (run,) = await runs(person, agent, "success")
    full = await person.run(run["id"])
    (attachment,) = full["trigger_data"]["attachments"]
    assert (attachment["name"], attachment["media_type"]) == ("order.pdf", "application/pdf")
    asked = str(models.script.asked[0]["messages"])
    assert attachment["$file"] in asked
    assert "Subject: My order" in asked

    ours = str(mail["Message-ID"])
    await mailbox.deliver(
        letter(2, "When?", Subject="Re: My order", In_Reply_To=ours, References=f"<1@example.net> {ours}"),
        user="threads",
    )
    second = (await sent(server, "bob@example.net", 2))[1].message
    assert (second["In-Reply-To"], second["Subject"]) == ("<2@example.net>", "Re: My order")
    assert str(second["References"]).split() == ["<1@example.net>", ours, "<2@example.net>"]
    told = [(each["role"], str(each["content"])) for each in models.script.asked[1]["messages"]]
    assert ("assistant", "It is on its way.") in told  # it knows what it answered before
    assert len(await runs(person, agent, "success")) == 2  # one a mail of a person, none of the others
    assert len(server.delivered) == 2 + len([each for each in server.delivered if "bob@example.net" not in each.to])


async def test_a_worker_that_dies_neither_loses_a_mail_nor_answers_twice(
    product: Product, person: Person, server: SmtpServer, mailbox: Dovecot, models: OpenAIServer
) -> None:
    agent = await helper(person, "killed", mailbox, server, models)

    def kill() -> int:
        pid = product.children()["worker-1"]
        os.kill(pid, signal.SIGKILL)
        return pid

    # while the model thinks: it is asked again, and answered once
    models.script.answers = [Say("Never heard", hold=True)]
    models.script.otherwise = lambda _: Say("Here it is.")
    await mailbox.deliver(letter(1), user="killed")

    async def asked() -> bool:
        return len(models.script.asked) == 1

    await until(asked, seconds=60)
    before = kill()
    # while nobody listens
    await mailbox.deliver(letter(2, From="Eve <eve@example.net>"), user="killed")
    product.wait_restarted("worker-1", before)
    (answer,) = await sent(server, "bob@example.net", 1)
    assert text_of(answer).strip() == "Here it is."
    await sent(server, "eve@example.net", 1)
    await runs(person, agent, "success")

    # while the mail is handed over: nobody knows, so somebody is asked
    server.silent = True
    await mailbox.deliver(letter(3, From="Zoe <zoe@example.net>"), user="killed")
    await sent(server, "zoe@example.net", 1)
    before = kill()
    server.silent = False
    product.wait_restarted("worker-1", before)

    async def in_doubt() -> Any:
        newest = (await person.runs(agent["automation_id"]))[0]
        return await person.run(newest["id"]) if newest["status"] == "waiting" else None

    waiting = await found(in_doubt)
    assert "doubt" in str(waiting["waiting_for"]), waiting["waiting_for"]
    questions = (await person.get("/api/approvals"))["items"]
    (doubt,) = [each for each in questions if each["run_id"] == waiting["id"]]
    status, _ = await person.send("POST", f"/api/approvals/{doubt['id']}/answer", {"decision": "done"})
    assert status == 200
    assert len(await runs(person, agent, "success")) == 3
    assert sorted(each.to[0] for each in server.delivered if each.to[0].endswith("example.net")) == [
        "bob@example.net", "eve@example.net", "zoe@example.net",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "subjects"),
    [("en", ("Confirm your e-mail address", "Set a new password")),
     ("fr", ("Confirmez votre adresse e-mail", "Choisir un nouveau mot de passe"))],
)  # fmt: skip
async def test_the_letters_of_an_account(
    person: Person, server: SmtpServer, language: str, subjects: tuple[str, str]
) -> None:
    """Register -> mail -> link -> verified; forgotten -> mail -> link -> a new password."""
    email = f"new-{language}@example.org"
    body = {"email": email, "password": "correct horse battery", "name": "New"}
    status, made = await person.send(
        "POST", "/api/auth/register", body, anonymous=True, headers={"Accept-Language": f"{language}-CH"}
    )
    assert (status, made["user"]["locale"]) == (201, language)
    (first,) = await sent(server, email, 1)
    assert first.message["Subject"] == subjects[0]
    token = text_of(first).split("/verify/")[1].split()[0]
    session = {"Authorization": f"Bearer {made['access_token']}"}
    _, me = await person.send("GET", "/api/me", headers=session)
    assert me["user"]["email_verified_at"] is None
    assert (await person.send("POST", "/api/auth/email/verify", {"token": token}, anonymous=True))[0] == 204
    _, me = await person.send("GET", "/api/me", headers=session)
    assert me["user"]["email_verified_at"] is not None

    assert (await person.send("POST", "/api/auth/password/forgot", {"email": email}, anonymous=True))[0] == 202
    second = (await sent(server, email, 2))[1]
    assert second.message["Subject"] == subjects[1]
    token = text_of(second).split("/password/")[1].split()[0]
    reset = {"token": token, "password": NEW}
    assert (await person.send("POST", "/api/auth/password/reset", reset, anonymous=True))[0] == 204
    login = {"email": email, "password": NEW}
    assert (await person.send("POST", "/api/auth/login", login, anonymous=True))[0] == 200


async def test_an_invitation_and_a_question_to_an_outsider(person: Person, server: SmtpServer) -> None:
    """Both come by mail, in the language of whoever sends them, and their links work without an account."""
    status, _ = await person.send("PATCH", "/api/me", {"locale": "fr"})
    assert status == 200
    _, _ = await person.send(
        "POST", f"/api/workspaces/{person.workspace}/invitations", {"email": "joins@example.org", "role": "editor"}
    )
    (invitation,) = await sent(server, "joins@example.org", 1)
    token = text_of(invitation).split("/invitations/")[1].split()[0]
    joining = {"email": "joins@example.org", "password": NEW, "name": "Joins", "invitation": token}
    status, joined = await person.send("POST", "/api/auth/register", joining, anonymous=True)
    assert (status, joined["workspace"]["id"]) == (201, person.workspace)

    rule = await person.create({
        "name": "Offre", "trigger_type": "manual",
        "actions": [{
            "id": "ask", "type": "approval",
            "config": {"message": "Envoyer ?", "who": ["joins@example.org", "outside@example.net"]},
        }],
    })  # fmt: skip
    status, run = await person.send("POST", f"/api/automations/{rule['id']}/run")
    assert status == 202, run
    (asked,) = await sent(server, "outside@example.net", 1)
    await sent(server, "joins@example.org", 3)  # the invitation, the verification, the question
    assert asked.message["Subject"] == "Offre : votre approbation est demandée"
    token = text_of(asked).split("/approvals/")[1].split("?")[0]
    link = f"/api/approvals/by-token/{token}"
    status, looked = await person.send("GET", link, anonymous=True)
    assert (status, looked["state"]) == (200, "pending")  # looking decides nothing
    status, answered = await person.send("POST", link, {"decision": "approve"}, anonymous=True)
    assert (status, answered["state"]) == (200, "approved"), answered

    async def over() -> bool:
        return bool((await person.run(run["run_id"]))["status"] == "success")

    await until(over, seconds=30)
