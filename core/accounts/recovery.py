"""Links for people who forgot their password, or who show that an address is theirs: good once, for a while."""

from datetime import timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

import structlog

from core.accounts import repository, secrets
from core.accounts.attempts import Attempts
from core.accounts.callers import Callers
from core.accounts.model import User
from core.accounts.noting import note_user
from core.accounts.passwords import Passwords
from core.accounts.sessions import revoke_all
from core.db import Connection, Database
from core.errors import Gone

_log = structlog.get_logger()

Kind = Literal["password", "email"]
LIFETIME: Final[dict[Kind, timedelta]] = {"password": timedelta(hours=1), "email": timedelta(days=1)}
_PAGE: Final[dict[Kind, str]] = {"password": "/password/", "email": "/verify/"}


class Letters(Protocol):
    """How a link reaches somebody. Called in a transaction: whoever sends later makes the link (`make_link`) then, so
    that none lies about. `by_mail`: people get it without the operator."""

    by_mail: bool

    async def wanted(self, connection: Connection, kind: Kind, user: User) -> None: ...


class NoLetters:
    """No mail is set up: the operator hands the link over (`vutler users reset-link`)."""

    by_mail = False

    async def wanted(self, connection: Connection, kind: Kind, user: User) -> None:
        _log.info("link_wanted", kind=kind, user_id=str(user.id), hint="vutler users reset-link <e-mail>")


async def make_link(connection: Connection, kind: Kind, user: User, public_url: str) -> str:
    """A link for the user, which takes the place of the former one of its kind."""
    token = secrets.make(secrets.LINK)
    await connection.execute(
        """WITH former AS (DELETE FROM user_links WHERE user_id = $2 AND (kind = $3 OR expires_at < now()))
           INSERT INTO user_links (hash, user_id, kind, email, expires_at) VALUES ($1, $2, $3, $4, now() + $5)""",
        secrets.digest(token),
        user.id,
        kind,
        user.email,
        LIFETIME[kind],
    )
    return f"{public_url}{_PAGE[kind]}{token}"


class Recovery:
    def __init__(self, db: Database, passwords: Passwords, callers: Callers, letters: Letters) -> None:
        self._db = db
        self._passwords = passwords
        self._callers = callers
        self._letters = letters
        self._attempts = Attempts()

    @property
    def by_mail(self) -> bool:
        """Whether a link reaches people by mail."""
        return self._letters.by_mail

    async def forgot(self, email: str, *, remote: str) -> None:
        """Does not tell whether there is such an account. Raises `RateLimited`."""
        address = email.strip().lower()[:320]
        self._attempts.count(address, remote)
        async with self._db.transaction() as connection:
            found = await repository.credentials(connection, address)
            name = address if "@" in address else None
            await note_user(connection, found[0].id if found else None, "user.password_forgotten", name=name)
            if found is not None and found[0].disabled_at is None:
                await self._letters.wanted(connection, "password", found[0])

    async def reset(self, token: str, password: str) -> None:
        """Set a new password and end every session of the user. Raises `Gone` (`link_over`), `RateLimited`."""
        async with self._db.connection() as connection:  # so that a hash is only made for a link of ours
            if await _owner(connection, token, "password") is None:
                raise _over()
        password_hash = await self._passwords.hash(password)
        async with self._db.transaction() as connection:
            user_id = await _take(connection, token, "password")
            await repository.set_password(connection, user_id, password_hash)
            await revoke_all(connection, user_id, "password")
            await note_user(connection, user_id, "user.password_reset")
        self._callers.forget(user_id)

    async def verify(self, token: str) -> None:
        """The address is the user's. Raises `Gone` (`link_over`)."""
        async with self._db.transaction() as connection:
            user_id = await _take(connection, token, "email")
            await connection.execute(
                "UPDATE users SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = $1", user_id
            )
            await note_user(connection, user_id, "user.email_verified")

    async def ask_to_verify(self, user_id: UUID) -> None:
        """Have a link sent to the user's own address, unless it is known to be theirs."""
        async with self._db.transaction() as connection:
            user = await repository.user(connection, user_id)
            if user is not None and user.email_verified_at is None:
                await self._letters.wanted(connection, "email", user)
                await note_user(connection, user_id, "user.verification_asked")


_OPEN: Final = """FROM user_links l JOIN users u ON u.id = l.user_id
WHERE l.hash = $1 AND l.kind = $2 AND l.expires_at > now() AND lower(u.email) = lower(l.email)
  AND u.disabled_at IS NULL"""


async def _owner(connection: Connection, token: str, kind: Kind) -> UUID | None:
    if not secrets.is_shaped(token, secrets.LINK):
        return None
    found: UUID | None = await connection.fetchval(f"SELECT l.user_id {_OPEN}", secrets.digest(token), kind)
    return found


async def _take(connection: Connection, token: str, kind: Kind) -> UUID:
    """Raises `Gone` where it is no link, or not any more."""
    user_id: UUID | None = None
    if secrets.is_shaped(token, secrets.LINK):
        user_id = await connection.fetchval(
            f"DELETE FROM user_links WHERE hash = (SELECT l.hash {_OPEN}) RETURNING user_id",
            secrets.digest(token),
            kind,
        )
    if user_id is None:
        raise _over()
    return user_id


def _over() -> Gone:
    return Gone("link_over", "This link is not valid, was used, or its time is over; ask for another one.")
