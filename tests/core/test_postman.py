"""The installation's own mails, over a real server: to whom, in which words, and never twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from blocks import registry
from core import outbox
from core.accounts import repository as people
from core.accounts.callers import Callers
from core.accounts.invitations import Invitations
from core.accounts.recovery import Recovery
from core.accounts.tokens import AccessTokens
from core.approvals.answering import Approvals
from core.approvals.asking import Asking
from core.approvals.links import Links, Tokens
from core.approvals.model import Reply
from core.caller import Caller
from core.db import Database
from core.ids import new_id
from core.mail import own
from core.mail.posting import ByMail
from core.mail.postman import Postman
from core.notifications.sending import News, notify
from core.notifications.words import Message
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.seal import Sealer
from core.settings import BadSetting, SmtpSettings, load
from tests import questions
from tests.vendors.smtp import SmtpServer
from tests.waiting import until

URL = "https://vutler.test"


@dataclass
class Office:
    db: Database
    server: SmtpServer
    postman: Postman
    links: Links
    sealer: Sealer
    lab: UUID

    async def person(self, name: str, role: str = "owner", **columns: Any) -> Caller:
        user = await questions.add_member(self.db, self.lab, role, name)
        async with self.db.connection() as connection:
            for column, value in columns.items():
                await connection.execute(f"UPDATE users SET {column} = $2 WHERE id = $1", user, value)
        return Caller(user, self.lab, role)  # type: ignore[arg-type]

    async def waiting(self) -> list[dict[str, Any]]:
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM outbox WHERE topic IN ('notify', 'letter') ORDER BY id")
        return [dict(row) for row in rows]

    async def due_now(self) -> None:
        async with self.db.connection() as connection:
            await connection.execute("UPDATE outbox SET available_at = now()")

    def to(self) -> list[str]:
        return [each.to[0] for each in self.server.delivered]


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Office]:
    async with SmtpServer() as server, contextlib.AsyncExitStack() as stack:
        out = await stack.enter_async_context(Outgoing(Policy.of([f"127.0.0.1:{server.port}"])))
        renderer = await stack.enter_async_context(Renderer(children=1))
        smtp = SmtpSettings("127.0.0.1", server.port, "none", "Vutler <bot@vutler.test>", None, None)
        links = Links(db, Approvals(db, registry.actions()), Tokens(b"k" * 32), URL)
        sealer = Sealer([Fernet.generate_key()])
        postman = Postman(db, own.mailer(smtp, out), renderer, links=links, sealer=sealer, public_url=URL)
        yield Office(db, server, postman, links, sealer, await questions.add_workspace(db))


async def asked(office: Office, *who: str, owner: UUID | None = None, kind: Any = "gate") -> Any:
    """A question that was put to these, and told of."""
    rule = await questions.add_automation(office.db, office.lab, owner)
    run = await questions.begin(office.db, office.lab, rule)
    await run.write(run.step(ask=questions.question(kind, *who)))
    await Asking(office.db).drain()
    return run


async def test_an_approval_comes_by_mail_with_a_link_that_answers(office: Office) -> None:
    ada = await office.person("ada", locale="fr")
    await office.person("eve", "viewer")
    run = await asked(office, "ada@example.org", "outside@example.org", owner=ada.user_id)
    await office.postman.drain()
    assert sorted(office.to()) == ["ada@Example.org".lower(), "outside@example.org"] or sorted(
        each.lower() for each in office.to()
    ) == ["ada@example.org", "outside@example.org"]
    first = next(each for each in office.server.delivered if each.to[0].lower() == "ada@example.org").message
    assert first["Subject"] == "Offer : l’étape ask attend votre approbation"
    assert first["Auto-Submitted"] == "auto-generated"
    text = first.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "decision=approve" in text
    assert "Refuser :" in text
    token = text.split("/approvals/")[1].split("?")[0]
    looked, claim = await office.links.look(token, remote="127.0.0.1")
    assert (looked.state, claim.recipient) == ("pending", str(ada.user_id))  # looking decided nothing
    answered = await office.links.answer(token, Reply("approve"), remote="127.0.0.1")
    assert (answered.state, answered.decided_how) == ("approved", "link")
    assert await office.waiting() == []
    assert run.run.id == looked.run_id


async def test_who_wants_none_gets_none_and_who_wants_all_gets_all(office: Office) -> None:
    none = await office.person("none", mail_notifications="none")
    some = await office.person("some")
    everything = await office.person("everything", mail_notifications="all", locale="fr")
    gone = await office.person("gone", mail_notifications="all", disabled_at=(await _now(office)))
    news = News("alert", Message("failed", {"automation": "<Offer>", "error": "No route."}), "/alerts", new_id())
    async with office.db.transaction() as connection:
        made = await notify(connection, office.lab, [each.user_id for each in (none, some, everything, gone)], news)
        read = await notify(connection, office.lab, [everything.user_id], news)
        await connection.execute("UPDATE notifications SET read_at = now() WHERE id = ANY ($1)", read)
        old = await notify(connection, office.lab, [everything.user_id], news)
        await connection.execute(
            "UPDATE notifications SET created_at = now() - interval '2 days' WHERE id = ANY ($1)", old
        )
    await office.postman.drain()
    (found,) = office.server.delivered
    assert found.to[0].lower() == "everything@example.org"
    assert found.message["Message-ID"] == f"<{made[2]}@mail.vutler>"
    html = found.message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert found.message["Subject"] == "<Offer> a échoué"
    assert "La dernière exécution de &lt;Offer&gt; a échoué. Dernière erreur : No route." in html
    assert f"{URL}/alerts" in html
    assert await office.waiting() == []


async def test_an_answered_question_is_no_mail_any_more(office: Office) -> None:
    ada = await office.person("ada")
    run = await asked(office, owner=ada.user_id)
    async with office.db.connection() as connection:
        await connection.execute("UPDATE approvals SET state = 'approved' WHERE run_id = $1", run.run.id)
    await office.postman.drain()
    assert (office.server.delivered, await office.waiting()) == ([], [])


async def test_a_mail_that_is_refused_for_now_is_sent_later_and_once(office: Office) -> None:
    await office.person("ada", mail_notifications="all")
    await asked(office)
    office.server.greylist = True
    await office.postman.drain()
    (row,) = await office.waiting()
    assert office.server.delivered == []
    assert "takes mail for a recipient later" in row["last_error"]
    await office.due_now()
    await office.postman.drain()
    assert (len(office.server.delivered), await office.waiting()) == (1, [])


@pytest.mark.parametrize("behaviour", [{"cut": "after"}, {"cut": "before"}, {"answer": "554 5.7.1 no"}])
async def test_what_may_have_been_sent_or_never_will_be_is_not_tried_again(
    office: Office, behaviour: dict[str, Any]
) -> None:
    await office.person("ada")
    await asked(office)
    for name, value in behaviour.items():
        setattr(office.server, name, value)
    await office.postman.drain()
    assert await office.waiting() == []
    sessions = office.server.sessions
    await office.due_now()
    await office.postman.drain()
    assert office.server.sessions == sessions == 1


async def test_a_postman_who_dies_while_he_sends_leaves_no_second_mail(office: Office) -> None:
    await office.person("ada")
    await asked(office)
    office.server.silent = True  # it has the mail and says nothing
    sending = asyncio.create_task(office.postman.drain())

    async def there() -> bool:
        return len(office.server.delivered) == 1

    await until(there)
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    office.server.silent = False
    (row,) = await office.waiting()
    assert row["payload"]["begun"] is True
    await office.due_now()
    await office.postman.drain()
    assert (len(office.server.delivered), await office.waiting()) == (1, [])


async def test_two_postmen_send_each_mail_once(office: Office) -> None:
    ada = await office.person("ada", mail_notifications="all")
    async with office.db.transaction() as connection:
        for number in range(10):
            message = Message("switched_on", {"automation": f"Number {number}"})
            news = News("switched", message, "/", new_id())
            await notify(connection, office.lab, [ada.user_id], news)
    await asyncio.gather(office.postman.drain(), office.postman.drain())
    assert sorted(each.message["Subject"] for each in office.server.delivered) == sorted(
        f"Number {number} was switched on" for number in range(10)
    )


async def test_links_for_accounts_are_made_when_they_are_sent(office: Office) -> None:
    ada = await office.person("ada", locale="fr")
    letters = ByMail(office.sealer)
    recovery = Recovery(office.db, None, Callers(office.db, AccessTokens(b"k" * 32)), letters)  # type: ignore[arg-type]
    await recovery.forgot("ada@example.org", remote="1")
    await recovery.forgot("ada@example.org", remote="1")
    await recovery.forgot("nobody@example.org", remote="1")
    await recovery.ask_to_verify(ada.user_id)
    assert all("/password/" not in str(row) and "token" not in str(row["payload"]) for row in await office.waiting())
    await office.postman.drain()
    subjects = [each.message["Subject"] for each in office.server.delivered]
    assert subjects == ["Choisir un nouveau mot de passe", "Confirmez votre adresse e-mail"]
    body = office.server.delivered[1].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    await recovery.verify(body.split("/verify/")[1].split()[0])
    async with office.db.connection() as connection:
        user = await people.user(connection, ada.user_id)
    assert user is not None
    assert user.email_verified_at is not None
    await recovery.ask_to_verify(ada.user_id)
    assert await office.waiting() == []


async def test_an_invitation_reaches_whom_it_is_for(office: Office) -> None:
    ada = await office.person("ada")
    callers = Callers(office.db, AccessTokens(b"k" * 32))
    invitations = Invitations(office.db, callers, URL, ByMail(office.sealer))
    made, link = await invitations.create(ada, "new@example.org", "editor")
    _, withdrawn = await invitations.create(ada, "late@example.org", "editor")
    async with office.db.connection() as connection:
        await connection.execute("UPDATE invitations SET revoked_at = now() WHERE email = 'late@example.org'")
    token = link.rpartition("/")[2]
    assert all(token not in str(row) for row in await office.waiting())
    await office.postman.drain()
    (found,) = office.server.delivered
    assert found.to == ("new@example.org",)
    assert found.message["Subject"] == "ada invites you to Lab"
    assert link in found.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert made.email == "new@example.org"
    assert withdrawn != link


async def test_it_works_off_what_comes_while_it_runs(office: Office) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(office.postman.run(stop))
    await office.person("ada")
    await asked(office)

    async def there() -> bool:
        return len(office.server.delivered) == 1

    await until(there)
    stop.set()
    await running


async def test_rows_that_are_marked_keep_what_they_said(db: Database) -> None:
    key = new_id()
    async with db.transaction() as connection:
        await outbox.put(connection, topic="x", key=key, payload={"a": 1})
        (errand,) = await outbox.take(connection, "x")
        await outbox.mark(connection, errand, {"begun": True})
        assert await connection.fetchval("SELECT payload FROM outbox WHERE key = $1", key) == {"a": 1, "begun": True}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://u%40x:p%2Fw@mail.example", ("mail.example", 587, "starttls", "u@x", "p/w")),
        ("smtps://u:p@mail.example", ("mail.example", 465, "implicit", "u", "p")),
        ("smtp://relay:2525?tls=none", ("relay", 2525, "none", None, None)),
    ],
)
def test_the_setting_is_an_account(url: str, expected: tuple[Any, ...]) -> None:
    smtp = load({"VUTLER_SMTP_URL": url, "VUTLER_MAIL_FROM": "bot@x.example"}).smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.tls, smtp.user, smtp.password) == expected
    assert "p/w" not in repr(smtp)


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://u@x", "smtp://u:p@x?tls=none", "smtps://x?tls=none", "smtp://x/y"],
)
def test_a_setting_that_is_no_account_says_so(url: str) -> None:
    with pytest.raises(BadSetting, match="VUTLER_SMTP_URL"):
        load({"VUTLER_SMTP_URL": url, "VUTLER_MAIL_FROM": "bot@x.example"})
    with pytest.raises(BadSetting, match="VUTLER_MAIL_FROM"):
        load({"VUTLER_SMTP_URL": "smtp://x"})


async def _now(office: Office) -> Any:
    async with office.db.connection() as connection:
        return await connection.fetchval("SELECT now()")
