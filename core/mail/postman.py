"""Sends the installation's own mails: links for accounts, invitations, questions and other notifications.

At most one mail a notification. That it is being sent is committed before it is; who dies in between leaves a row that
says so, which is not sent again, since nobody knows whether it was. What was refused for now is tried again.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from blocks.errors import ActionError, Retryable
from blocks.services import Mail, Mailer
from blocks.values import JsonObject
from blocks.words import Language
from core import clock, outbox
from core.accounts import repository as people
from core.accounts.recovery import make_link
from core.approvals import asking
from core.approvals import repository as questions
from core.approvals.links import Links
from core.db import AWAY, Connection, Database
from core.listen import Listener
from core.mail import letters, posting
from core.notifications.sending import TOPIC as NOTIFY
from core.notifications.words import Telling, in_language
from core.outbox import Errand
from core.runs.channels import OUTBOX
from core.seal import SealBroken, Sealer

TICK_S: Final = 5.0
SEND_S: Final = 45.0  # below outbox.HELD_S, so that nobody else takes what is being sent
MOST_ATTEMPTS: Final = 12
_OLDEST: Final = timedelta(days=1)  # of news that are still worth a mail

_LANGUAGE: Final = """
SELECT u.locale FROM users u WHERE lower(u.email) = lower($1)
UNION ALL SELECT u.locale FROM approvals q JOIN automation_rules r ON r.id = q.rule_id
    JOIN users u ON u.id = coalesce(r.updated_by, r.created_by) WHERE q.id = $2
LIMIT 1
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail before its template is filled in."""

    to: str
    language: str
    template: str
    values: JsonObject


@dataclass(frozen=True, slots=True)
class _Recipient:
    """`ident` is a member's id, or the address of somebody who is none."""

    ident: str
    email: str
    language: str


class Postman:
    """`run(stop)` until `stop` is set, in every worker; each mail is sent by one of them."""

    def __init__(
        self,
        db: Database,
        mailer: Mailer,
        renderer: letters.Documents,
        *,
        links: Links,
        sealer: Sealer,
        public_url: str,
    ) -> None:
        self._db = db
        self._mailer = mailer
        self._renderer = renderer
        self._links = links
        self._sealer = sealer
        self._public_url = public_url
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        listener = Listener(self._db.dsn, application=self._db.application)
        listener.on(OUTBOX, lambda _: self._wake.set())
        listener.on_connected(self._wake.set)
        listening = asyncio.create_task(listener.run(), name="postman listener")
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                try:
                    await self.drain()
                except AWAY as error:
                    log.warning("postman.waiting", error=str(error))
                except Exception:
                    log.exception("postman.trouble")
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait((waking, stopping), timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for task in (listening, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def drain(self) -> int:
        """Send what stands in the outbox now; gives how many rows were looked at."""
        count = 0
        for topic in (posting.TOPIC, NOTIFY):
            while await self._next(topic):
                count += 1
        return count

    async def _next(self, topic: str) -> bool:
        """False when there is none."""
        async with self._db.transaction() as connection:
            errand = next(iter(await outbox.take(connection, topic, most=1)), None)
            if errand is None:
                return False
            draft = None
            if errand.payload.get("begun"):
                log.warning("mail.in_doubt", topic=topic, key=str(errand.key))
            elif errand.attempts <= MOST_ATTEMPTS:
                draft = await (self._letter if topic == posting.TOPIC else self._news)(connection, errand)
            if draft is None:
                await outbox.done(connection, errand)
                return True
            await outbox.mark(connection, errand, {"begun": True})
        await self._deliver(topic, errand, draft)
        return True

    async def _deliver(self, topic: str, errand: Errand, draft: Draft) -> None:
        failure: ActionError | None = None
        try:
            await self._send(errand, draft)
        except ActionError as error:
            failure = error
            log.warning("mail.failed", topic=topic, key=str(errand.key), error=error.message)
        async with self._db.transaction() as connection:
            if isinstance(failure, Retryable) and failure.answered:
                await outbox.mark(connection, errand, {"begun": False})
                await outbox.failed(connection, errand, failure.message)
            else:  # sent; refused for good; or nobody knows
                await outbox.done(connection, errand)

    async def _send(self, errand: Errand, draft: Draft) -> None:
        letter = await letters.write(
            self._renderer, draft.template, draft.values, draft.language, workspace="installation"
        )
        mail = Mail(
            message_id=f"<{errand.key}@mail.vutler>", to=(draft.to,), subject=letter.subject[:300], text=letter.text,
            html=letter.html,
        )  # fmt: skip
        await self._mailer.send(mail, key=str(errand.key), timeout_s=SEND_S)

    # what it says -------------------------------------------------------------------------------------------------

    async def _letter(self, connection: Connection, errand: Errand) -> Draft | None:
        """A link for an account, made now, or an invitation; None where it is not wanted any more."""
        kind = errand.payload.get("kind")
        if kind == "invitation":
            return await self._invitation(connection, errand.payload)
        user = await people.user(connection, UUID(str(errand.payload["user"])))
        if user is None or user.disabled_at is not None or kind not in ("password", "email"):
            return None
        if kind == "email" and user.email_verified_at is not None:
            return None
        link = await make_link(connection, "password" if kind == "password" else "email", user, self._public_url)
        return Draft(user.email, user.locale, str(kind), {"name": user.name, "link": link})

    async def _invitation(self, connection: Connection, payload: JsonObject) -> Draft | None:
        row = await connection.fetchrow(
            """SELECT i.id, i.email, i.workspace_id, w.name AS workspace, coalesce(u.name, w.name) AS inviter,
                   coalesce(u.locale, 'en') AS language
               FROM invitations i JOIN workspaces w ON w.id = i.workspace_id LEFT JOIN users u ON u.id = i.invited_by
               WHERE i.id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()""",
            UUID(str(payload["invitation"])),
        )
        if row is None:
            return None
        try:
            secrets = self._sealer.open(row["workspace_id"], row["id"], str(payload["sealed"]).encode())
        except SealBroken:
            return None  # another key by now; whoever invited has the link
        link = f"{self._public_url}/invitations/{secrets['token']}"
        values: JsonObject = {"inviter": row["inviter"], "workspace": row["workspace"], "link": link}
        return Draft(row["email"], row["language"], "invitation", values)

    async def _news(self, connection: Connection, errand: Errand) -> Draft | None:
        """A notification for who wants such by mail; None where they do not, or know it already."""
        if "address" in errand.payload:
            return await self._asked_outside(connection, errand.payload)
        row = await connection.fetchrow(
            """SELECT n.kind, n.title, n.text, n.link, n.subject, n.user_id, n.what, n.args, n.reminder, u.email,
                   u.locale, u.mail_notifications
               FROM notifications n JOIN users u ON u.id = n.user_id
               WHERE n.id = $1 AND n.read_at IS NULL AND n.created_at > $2 AND u.disabled_at IS NULL""",
            errand.key,
            clock.now() - _OLDEST,
        )
        if row is None or row["mail_notifications"] == "none":
            return None
        if row["kind"] == "approval":
            asked = _Recipient(str(row["user_id"]), row["email"], row["locale"])
            return await self._asked(connection, row["subject"], asked, row["reminder"])
        if row["mail_notifications"] != "all":
            return None
        title, text = in_language(
            row["what"], row["args"], reminder=row["reminder"], stored=Telling(row["title"], row["text"]),
            language=_spoken(row["locale"]),
        )  # fmt: skip
        values: JsonObject = {"title": title, "text": text, "link": f"{self._public_url}{row['link']}"}
        return Draft(row["email"], row["locale"], "notification", values)

    async def _asked_outside(self, connection: Connection, payload: JsonObject) -> Draft | None:
        """Somebody whom a question names by address and who is no member: in their language where they have an account,
        else in that of whoever wrote the automation."""
        address = str(payload["address"])
        language: str | None = await connection.fetchval(_LANGUAGE, address, UUID(str(payload["question"])))
        asked = _Recipient(address, address, language or "en")
        return await self._asked(connection, UUID(str(payload["question"])), asked, bool(payload.get("again")))

    async def _asked(self, connection: Connection, question_id: UUID, asked: _Recipient, again: bool) -> Draft | None:
        question = await questions.one(connection, question_id, None)
        if question is None or not question.answerable:
            return None
        link = self._links.made(question, asked.ident).url
        language = _spoken(asked.language)
        title = asking.saying(question, again=again).told(language).title
        values: JsonObject = {"title": title, "text": question.asking(language), "link": link}
        # What is in doubt is neither approved nor rejected: the page offers what it is.
        return Draft(asked.email, asked.language, "notification" if question.kind == "doubt" else "approval", values)


def _spoken(language: str) -> Language:
    return "fr" if language == "fr" else "en"
