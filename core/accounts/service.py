"""Accounts: who may come in, and as whom."""

from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import email_validator
from email_validator import EmailNotValidError, validate_email

from core import legacy
from core.accounts import repository
from core.accounts.model import SignedIn, User, Workspace
from core.accounts.passwords import Passwords
from core.accounts.tokens import Access, AccessTokens
from core.audit import noting as audit
from core.buckets import Buckets
from core.caller import Caller
from core.db import Database
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from core.ids import new_id

# Addresses of a house without a public domain (me@office.local, admin@localhost) are fine on a self-hosted product.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_MEMBERSHIP_TTL_S: Final = 5.0
_MOST_MEMBERSHIPS: Final = 10_000

# Attempts at once and per second after that: of one address from one place, of one place, of one address.
_PAIR: Final = (10, 1 / 30)
_PLACE: Final = (60, 1.0)
_ADDRESS: Final = (100, 1 / 10)


@dataclass(frozen=True, slots=True)
class Registration:
    """Lengths are checked at the door (`api/accounts.py`)."""

    email: str
    password: str
    name: str
    workspace_name: str | None = None


class Accounts:
    """Registration, login, and the caller behind a token."""

    def __init__(self, db: Database, tokens: AccessTokens, passwords: Passwords, *, signup_open: bool) -> None:
        self._db = db
        self._tokens = tokens
        self._passwords = passwords
        self._signup_open = signup_open
        self._attempts = Buckets()
        self._memberships: dict[tuple[UUID, UUID], tuple[float, Caller]] = {}

    async def register(self, wanted: Registration) -> SignedIn:
        """Raises `Invalid` (address), `Forbidden` (`signup_closed`), `Conflict` (`email_taken`), `RateLimited`."""
        email = normalised_email(wanted.email)
        async with self._db.connection() as connection:
            self._require_open(await repository.any_user(connection))
        password_hash = await self._passwords.hash(wanted.password)
        async with self._db.transaction() as connection:
            await repository.lock_registration(connection)
            first = not await repository.any_user(connection)
            self._require_open(not first)
            user = await repository.add_user(
                connection, email=email, name=wanted.name, password_hash=password_hash, is_operator=first
            )
            if user is None:
                raise Conflict("email_taken", "There is an account with this e-mail address; sign in instead.")
            workspace = await repository.add_workspace(
                connection, name=wanted.workspace_name or f"{wanted.name}'s workspace", owner=user.id
            )
            if first:
                await legacy.hand_over(connection, user.id)
            actor = audit.Actor(workspace.id, user.id)
            await audit.note_as(connection, actor, "user.registered", "user", user.id, after={"operator": first})
        return SignedIn(self._tokens.issue(user.id, workspace.id), user, workspace)

    async def login(self, email: str, password: str, *, remote: str) -> SignedIn:
        """Raises `Unauthenticated` (`wrong_credentials`), whether or not the address is known, and `RateLimited`."""
        address = email.strip().lower()[:320]
        self._count_attempt(address, remote)
        async with self._db.connection() as connection:
            found = await repository.credentials(connection, address)
        if not await self._passwords.verify(password, found[1] if found else None) or found is None:
            await self._note_failure(address, found[0] if found else None)
            raise Unauthenticated("wrong_credentials", "The e-mail address or the password is wrong.")
        self._attempts.reset(f"pair {remote} {address}")
        user = found[0]
        async with self._db.connection() as connection:
            workspaces = await repository.workspaces_of(connection, user.id)
            if workspaces:
                actor = audit.Actor(workspaces[0].id, user.id)
                await audit.note_as(connection, actor, "user.signed_in", "user", user.id)
        if not workspaces:
            raise Forbidden("no_workspace", "You are a member of no workspace; ask for an invitation to one.")
        return SignedIn(self._tokens.issue(user.id, workspaces[0].id), user, workspaces[0])

    async def caller(self, token: str, workspace_id: UUID | None = None) -> tuple[Caller, Access]:
        """The caller behind a token, in the workspace asked for or the token's own.

        Raises `Unauthenticated`, and `NotFound` for a workspace that is not theirs.
        """
        access = self._tokens.read(token)
        wanted = workspace_id or access.workspace_id
        key = (access.user_id, wanted)
        known = self._memberships.get(key)
        if known is not None and known[0] > monotonic():
            return known[1], access
        async with self._db.connection() as connection:
            caller = await repository.caller(connection, access.user_id, wanted)
            if caller is None and await repository.user(connection, access.user_id) is None:
                raise Unauthenticated("token_invalid", "The account of this token is gone; sign in again.")
        if caller is None:
            self._memberships.pop(key, None)
            raise NotFound("workspace_not_found", "You are a member of no such workspace.")
        if len(self._memberships) >= _MOST_MEMBERSHIPS:
            self._memberships.clear()
        self._memberships[key] = (monotonic() + _MEMBERSHIP_TTL_S, caller)
        return caller, access

    async def me(self, caller: Caller) -> tuple[User, list[Workspace]]:
        async with self._db.connection() as connection:
            user = await repository.user(connection, caller.user_id)
            workspaces = await repository.workspaces_of(connection, caller.user_id)
        if user is None:
            raise NotFound("user_not_found", "The account is gone.")
        return user, workspaces

    async def rename(self, caller: Caller, name: str) -> User:
        async with self._db.transaction() as connection:
            user = await repository.rename(connection, caller.user_id, name)
        if user is None:
            raise NotFound("user_not_found", "The account is gone.")
        return user

    async def _note_failure(self, address: str, user: User | None) -> None:
        """With as many statements for a known address as for an unknown one, so that the time tells nothing."""
        async with self._db.connection() as connection:
            workspaces = await repository.workspaces_of(connection, user.id if user else new_id())
            actor = audit.Actor(
                workspaces[0].id if workspaces else None,
                user.id if user else None,
                name=address if "@" in address else None,  # else it may be a password, typed into the wrong field
            )
            await audit.note_as(connection, actor, "user.sign_in_failed", "user", user.id if user else None)

    def _require_open(self, taken: bool) -> None:
        if taken and not self._signup_open:
            raise Forbidden(
                "signup_closed",
                "Sign-up is closed: this Vutler has its first user. Its operator opens it with VUTLER_SIGNUP=open.",
            )

    def _count_attempt(self, address: str, remote: str) -> None:
        for key, (burst, per_second) in (
            (f"pair {remote} {address}", _PAIR),
            (f"place {remote}", _PLACE),
            (f"address {address}", _ADDRESS),
        ):
            if wait := self._attempts.take(key, burst=burst, per_second=per_second):
                raise RateLimited("too_many_logins", "Too many attempts to sign in; wait a little.", after=wait)


def normalised_email(text: str) -> str:
    """The address in its normal form, without asking the network. Raises `Invalid`."""
    try:
        return validate_email(text.strip(), check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError as error:
        raise Invalid(
            "invalid_email", "This is no e-mail address.", findings=(Finding("email", str(error)),)
        ) from error
