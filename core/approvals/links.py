"""Signed links: whoever holds one answers a question without signing in.

A token is base64url of the question's id, its expiry, its recipient and an HMAC-SHA256 of the three under a key of the
installation. It can't be listed or taken back, but it dies with its question: the first answer, whoever gives it, ends
every link to it.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.approvals import repository
from core.approvals.answering import Approvals, closed_because, found, require_allowed
from core.approvals.model import Answerer, Question, Reply
from core.audit import noting as audit
from core.buckets import Buckets
from core.caller import Caller
from core.clock import Clock, now
from core.db import Database
from core.errors import Conflict, Finding, Forbidden, Gone, Invalid, NotFound, RateLimited

LIFETIME: Final = timedelta(days=7)
LONGEST: Final = 800  # characters of a token
_HEAD: Final = struct.Struct(">B16sQ")  # version, question, expiry (seconds since 1970)
_VERSION: Final = 1
_SIGNATURE: Final = 32  # bytes

# Attempts at once and per second after that: from one place, and of one token.
_PLACE: Final = (60, 1.0)
_TOKEN: Final = (20, 0.5)


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says: `recipient` is a user id or a mail address."""

    question_id: UUID
    expires_at: datetime
    recipient: str

    @property
    def user_id(self) -> UUID | None:
        return None if "@" in self.recipient else UUID(self.recipient)


class Tokens:
    """Makes and reads tokens with one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, claim: Claim) -> str:
        head = _HEAD.pack(_VERSION, claim.question_id.bytes, int(claim.expires_at.timestamp()))
        body = head + claim.recipient.encode()
        return base64.urlsafe_b64encode(body + self._sign(body)).decode().rstrip("=")

    def read(self, token: str) -> Claim:
        """Raises `NotFound` for what this installation did not make. Whether it has expired is not looked at."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _unknown() from error
        body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        if not hmac.compare_digest(self._sign(body), signature) or len(body) < _HEAD.size:
            raise _unknown()
        version, question, expiry = _HEAD.unpack_from(body)
        if (
            version != _VERSION
            or self.make(
                claim := Claim(UUID(bytes=question), datetime.fromtimestamp(expiry, UTC), body[_HEAD.size :].decode())
            )
            != token
        ):
            raise _unknown()  # another spelling of the same bytes
        return claim

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


class Links:
    """The service of one process. `public_url` is where people reach the pages."""

    def __init__(
        self, db: Database, approvals: Approvals, tokens: Tokens, public_url: str, *, clock: Clock = now
    ) -> None:
        self._db = db
        self._approvals = approvals
        self._tokens = tokens
        self._public_url = public_url
        self._clock = clock
        self._attempts = Buckets()

    async def make(self, caller: Caller, question_id: UUID, recipient: str) -> Link:
        """A link for somebody whom the question is put to: a member's id or address, or an outsider's address that the
        question names. Raises `NotFound`, `Forbidden`, `Conflict`, `Invalid` (no such person)."""
        async with self._db.connection() as connection:
            question = await found(connection, caller, question_id)
            require_allowed(question)
            if not question.answerable:
                raise Conflict("question_closed", "This question is closed; nobody can answer it any more.")
            wanted = recipient.strip().lower()
            member = await repository.member_by_mail(connection, caller.workspace_id, wanted) or _id(wanted)
            theirs = await repository.one(connection, question.id, member)
        if member is not None and theirs is not None and theirs.may_answer:
            wanted = str(member)
        elif (theirs is not None and theirs.role is not None) or "@" not in wanted or wanted not in question.who:
            raise Invalid(
                "invalid_request",
                "The request is not valid; `errors` says where.",
                (
                    Finding(
                        "for", "This person is not asked; a question names whom it is put to, and viewers never are."
                    ),
                ),
            )
        async with self._db.transaction() as connection:
            after: JsonObject = {"run": str(question.run_id), "step": question.step_id, "for": wanted}
            await audit.note(connection, caller, "approval.link_created", "approval", question.id, after=after)
        return self.made(question, wanted)

    def made(self, question: Question, recipient: str) -> Link:
        """A link for somebody of whom it is known that they are asked: a member's id, or an outsider's address."""
        expires_at = (self._clock() + LIFETIME).replace(microsecond=0)
        if question.deadline is not None:
            expires_at = min(expires_at, question.deadline)
        token = self._tokens.make(Claim(question.id, expires_at, recipient))
        return Link(f"{self._public_url}/approvals/{token}", expires_at)

    async def look(self, token: str, *, remote: str) -> tuple[Question, Claim]:
        """What is asked. Decides nothing.

        Raises `RateLimited`, `NotFound` (no token of ours), `Gone` (`link_expired`), `Forbidden` (the recipient is not
        asked any more), and `Conflict` where the question is closed.
        """
        self._count_attempt(token, remote)
        claim = self._tokens.read(token)
        async with self._db.connection() as connection:
            reader = claim.user_id
            question = await repository.one(connection, claim.question_id, reader)
            if question is not None and reader is None:
                # Outside when it was made, a member now: then what holds for members holds for them.
                reader = await repository.member_by_mail(connection, question.workspace_id, claim.recipient)
                question = await repository.one(connection, claim.question_id, reader)
        if question is None:
            raise _unknown()
        if (claim.user_id is not None or question.role is not None) and not question.may_answer:
            raise Forbidden("not_asked", "This link's owner is not among those who may answer any more.")
        if question.state != "pending":
            raise closed_because(question)
        if claim.expires_at <= self._clock() or question.late:
            raise Gone("link_expired", "This link has expired; ask for a new one, or sign in to answer.")
        return question, claim

    async def answer(self, token: str, reply: Reply, *, remote: str) -> Question:
        """Answer as the link's recipient. Raises what `look` and `Approvals.answer` raise."""
        question, claim = await self.look(token, remote=remote)
        name = (question.reader_name if claim.user_id is not None else None) or claim.recipient
        return await self._approvals.settle(question, Answerer(claim.recipient, name, "link"), reply, claim.user_id)

    def _count_attempt(self, token: str, remote: str) -> None:
        for key, (burst, per_second) in ((f"place {remote}", _PLACE), (f"token {hash(token)}", _TOKEN)):
            if wait := self._attempts.take(key, burst=burst, per_second=per_second):
                raise RateLimited("too_many_requests", "Too many attempts; wait a little.", after=wait)


def _unknown() -> NotFound:
    return NotFound("link_unknown", "This link is not valid. Was it copied whole?")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
