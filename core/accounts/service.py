"""Accounts: who may come in, and what they say of themselves."""

from dataclasses import dataclass
from uuid import UUID

from blocks.values import JsonObject
from core import legacy
from core.accounts import invitations, repository
from core.accounts.addresses import normalised_email
from core.accounts.attempts import Attempts
from core.accounts.callers import Callers
from core.accounts.model import SignedIn, User, Workspace
from core.accounts.noting import note_user, note_workspace
from core.accounts.passwords import Passwords
from core.accounts.recovery import Letters
from core.accounts.sessions import Renewed, Sessions, revoke_all
from core.accounts.tokens import AccessTokens
from core.audit import noting as audit
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound, Stale, Unauthenticated


@dataclass(frozen=True, slots=True)
class Registration:
    """Lengths are checked at the door (`api/accounts.py`)."""

    email: str
    password: str
    name: str
    workspace_name: str | None = None
    invitation: str | None = None
    locale: str | None = None  # None: English


@dataclass(frozen=True, slots=True)
class Changes:
    """Of a profile; None leaves a value as it is. A new `password` needs the `current_password`."""

    read: str | None = None  # the revision that was seen; None: whichever there is
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    mail_notifications: str | None = None
    onboarded: bool | None = None
    password: str | None = None
    current_password: str | None = None


class Accounts:
    """Registration, login, refresh, and the profile."""

    def __init__(
        self,
        db: Database,
        tokens: AccessTokens,
        passwords: Passwords,
        sessions: Sessions,
        callers: Callers,
        *,
        letters: Letters,
        signup_open: bool,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._passwords = passwords
        self._sessions = sessions
        self._callers = callers
        self._letters = letters
        self._signup_open = signup_open
        self._attempts = Attempts()
        self._is_empty = True  # until somebody was seen

    async def register(self, wanted: Registration) -> SignedIn:
        """With an invitation the user joins its workspace, also where sign-up is closed, and has none of their own.

        Raises `Invalid` (address), `Forbidden` (`signup_closed`), `Conflict` (`email_taken`), `RateLimited`, and what
        `invitations.redeem` raises.
        """
        email = normalised_email(wanted.email)
        async with self._db.connection() as connection:
            await self.require_open(connection, wanted.invitation)
        password_hash = await self._passwords.hash(wanted.password)
        async with self._db.transaction() as connection:
            return await self.admit(
                connection,
                email=email,
                name=wanted.name,
                password_hash=password_hash,
                workspace_name=wanted.workspace_name,
                invitation=wanted.invitation,
                locale=wanted.locale,
            )

    async def admit(
        self,
        connection: Connection,
        *,
        email: str,
        name: str,
        password_hash: str | None,
        workspace_name: str | None = None,
        invitation: str | None = None,
        verified: bool = False,
        locale: str | None = None,
    ) -> SignedIn:
        """Make a user by the rules of sign-up, and sign them in, in the caller's transaction. Where mail is set up, an
        address that is not `verified` gets a link that does so."""
        await repository.lock_registration(connection)
        first = not await repository.any_user(connection)
        await self.require_open(connection, invitation)
        user = await repository.add_user(
            connection, email=email, name=name, password_hash=password_hash, is_operator=first, verified=verified,
            locale=locale or "en",
        )  # fmt: skip
        if user is None:
            raise Conflict("email_taken", "There is an account with this e-mail address; sign in instead.")
        if invitation is not None:
            await invitations.redeem(connection, invitation, user.id, email)
        else:
            made = await repository.add_workspace(
                connection, name=workspace_name or f"{name}'s workspace", owner=user.id
            )
            await note_workspace(connection, made.id, user.id, made.name)
        if first:
            await legacy.hand_over(connection, user.id)
        if self._letters.by_mail and not verified:
            await self._letters.wanted(connection, "email", user)
        signed_in = await self._open_session(connection, user)
        actor = audit.Actor(signed_in.workspace.id, user.id)
        await audit.note_as(connection, actor, "user.registered", "user", user.id, after={"operator": first})
        return signed_in

    async def login(self, email: str, password: str, *, remote: str, invitation: str | None = None) -> SignedIn:
        """`invitation` is accepted on the way, so that somebody without a workspace can come in.

        Raises `Unauthenticated` (`wrong_credentials`), whether or not the address is known, `RateLimited`, `Forbidden`
        (`account_disabled`, `no_workspace`), and with an invitation what `invitations.redeem` raises.
        """
        address = email.strip().lower()[:320]
        self._attempts.count(address, remote)
        async with self._db.connection() as connection:
            found = await repository.credentials(connection, address)
        if not await self._passwords.verify(password, found[1] if found else None) or found is None:
            await self._note_failure(address, found[0] if found else None)
            raise Unauthenticated("wrong_credentials", "The e-mail address or the password is wrong.")
        self._attempts.forgive(address, remote)
        async with self._db.transaction() as connection:
            if invitation is not None:
                await invitations.redeem(connection, invitation, found[0].id, found[0].email)
            return await self.sign_in(connection, found[0])

    async def refresh(self, token: str) -> SignedIn:
        """Raises what `Sessions.renew` raises, and `Forbidden` (`no_workspace`)."""
        renewed = await self._sessions.renew(token)
        async with self._db.connection() as connection:
            user = await repository.user(connection, renewed.user_id)
            if user is None:
                raise Unauthenticated("session_over", "This session is over; sign in again.")
            return await self._signed_in(connection, user, renewed)

    async def sign_in(self, connection: Connection, user: User) -> SignedIn:
        """A new session for somebody who proved who they are, in the caller's transaction."""
        if user.disabled_at is not None:
            raise Forbidden("account_disabled", "This account is disabled; ask the operator of this installation.")
        signed_in = await self._open_session(connection, user)
        await audit.note_as(connection, audit.Actor(signed_in.workspace.id, user.id), "user.signed_in", "user", user.id)
        return signed_in

    async def me(self, caller: Caller) -> tuple[User, list[Workspace]]:
        async with self._db.connection() as connection:
            user = await repository.user(connection, caller.user_id)
            workspaces = await repository.workspaces_of(connection, caller.user_id)
        if user is None:
            raise _gone()
        return user, workspaces

    async def change(self, caller: Caller, session_id: UUID | None, changes: Changes, *, remote: str) -> User:
        """Change the profile. A new password ends every other session of the user.

        Raises `Invalid` (`current_password` is wrong), `RateLimited`, and `Stale` where it is not as it was read.
        """
        password_hash = None
        if changes.password is not None:
            await self._require_password(caller, changes.current_password, remote)
            password_hash = await self._passwords.hash(changes.password)
        async with self._db.transaction() as connection:
            before = await repository.user(connection, caller.user_id, lock=True)
            if before is not None and changes.read not in (None, before.revision):
                raise Stale("profile_stale", "Your profile was changed elsewhere; read it again and redo the change.")
            user = await repository.change_profile(
                connection,
                caller.user_id,
                name=changes.name,
                locale=changes.locale,
                timezone=changes.timezone,
                mail_notifications=changes.mail_notifications,
                onboarded=bool(changes.onboarded),
            )
            if user is None:
                raise _gone()
            if password_hash is not None:
                await repository.set_password(connection, user.id, password_hash)
                await revoke_all(connection, user.id, "password", but=session_id)
            await _note_change(connection, caller, changes)
        if password_hash is not None:
            self._callers.forget(user.id)
        return user

    async def is_empty(self) -> bool:
        """Whether this installation has no user yet. Asks the database only as long as it has none."""
        if self._is_empty:
            async with self._db.connection() as connection:
                self._is_empty = not await repository.any_user(connection)
        return self._is_empty

    async def require_open(self, connection: Connection, invitation: str | None) -> None:
        """Whether somebody new may come in. Raises `Forbidden` (`signup_closed`) and what `invitations.look` raises."""
        if invitation is not None:
            await invitations.look(connection, invitation)
        elif not self._signup_open and await repository.any_user(connection):
            raise Forbidden(
                "signup_closed",
                "Sign-up is closed: this Vutler has its first user. Its operator opens it with VUTLER_SIGNUP=open, and"
                " the admins of a workspace can invite you.",
            )

    async def _note_failure(self, address: str, user: User | None) -> None:
        """With as many statements for a known address as for an unknown one, so that the time tells nothing."""
        async with self._db.connection() as connection:
            name = address if "@" in address else None  # else it may be a password, typed into the wrong field
            await note_user(connection, user.id if user else None, "user.sign_in_failed", name=name)

    async def _require_password(self, caller: Caller, current: str | None, remote: str) -> None:
        """Users of another issuer have none, and make their first one by a link (`core/accounts/recovery.py`)."""
        self._attempts.count(str(caller.user_id), remote)
        async with self._db.connection() as connection:
            stored = await repository.password_hash(connection, caller.user_id)
        if not await self._passwords.verify(current or "", stored):
            finding = Finding("current_password", "This is not your current password.")
            raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))

    async def _open_session(self, connection: Connection, user: User) -> SignedIn:
        return await self._signed_in(connection, user, await self._sessions.open(connection, user.id))

    async def _signed_in(self, connection: Connection, user: User, session: Renewed) -> SignedIn:
        workspaces = await repository.workspaces_of(connection, user.id)
        if not workspaces:
            raise Forbidden("no_workspace", "You are a member of no workspace; ask for an invitation to one.")
        token = self._tokens.issue(user.id, workspaces[0].id, session.session_id)
        return SignedIn(token, session.refresh, user, workspaces[0])


async def _note_change(connection: Connection, caller: Caller, changes: Changes) -> None:
    shown: JsonObject = {"name": changes.name, "locale": changes.locale, "timezone": changes.timezone}
    after: JsonObject = {name: value for name, value in shown.items() if value is not None}
    if after:
        await audit.note(connection, caller, "user.profile_changed", "user", caller.user_id, after=after)
    if changes.password is not None:
        await audit.note(connection, caller, "user.password_changed", "user", caller.user_id)


def _gone() -> NotFound:
    return NotFound("user_not_found", "The account is gone.")
