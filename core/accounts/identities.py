"""Signing in as who somebody is at the issuer: known by issuer and subject, linked once by a verified address."""

from uuid import UUID

from blocks.values import JsonObject
from core.accounts import invitations, repository
from core.accounts.addresses import normalised_email
from core.accounts.callers import Callers
from core.accounts.model import SignedIn, User
from core.accounts.noting import note_user
from core.accounts.oidc import Identity
from core.accounts.service import Accounts
from core.accounts.sessions import revoke_all
from core.db import Connection, Database
from core.errors import Forbidden


class Identities:
    def __init__(self, db: Database, accounts: Accounts, callers: Callers) -> None:
        self._db = db
        self._accounts = accounts
        self._callers = callers

    async def sign_in(self, identity: Identity, invitation: str | None) -> SignedIn:
        """The user of an identity; else the one with its address, who is linked; else a new one, by the rules of
        sign-up.

        Raises `Forbidden` (`email_not_verified`, `signup_closed`, `account_disabled`, `no_workspace`), and what
        `invitations.redeem` raises.
        """
        async with self._db.transaction() as connection:
            user = await repository.user_of_identity(connection, identity.issuer, identity.subject)
            if user is None:
                user = await self._linked(connection, identity)
            if user is None:
                outcome = await self._accounts.admit(
                    connection,
                    email=_address(identity),
                    name=identity.name or _address(identity).partition("@")[0],
                    password_hash=None,
                    invitation=invitation,
                    verified=True,
                )
                await repository.add_identity(connection, identity.issuer, identity.subject, outcome.user.id)
                await _note_link(connection, outcome.user.id, identity, anew=False)
            else:
                if invitation is not None:
                    await invitations.redeem(connection, invitation, user.id, user.email)
                outcome = await self._accounts.sign_in(connection, user)
        self._callers.forget(outcome.user.id)
        return outcome

    async def _linked(self, connection: Connection, identity: Identity) -> User | None:
        """An account whose address was never verified may have been made by a stranger who waits for its owner: the
        password, the sessions, tokens and links from before the proof go."""
        found = await repository.credentials(connection, _address(identity))
        if found is None:
            return None
        user = found[0]
        if user.email_verified_at is None:
            await revoke_all(connection, user.id, "linked")
            await repository.start_anew(connection, user.id)
        await repository.add_identity(connection, identity.issuer, identity.subject, user.id)
        await _note_link(connection, user.id, identity, anew=user.email_verified_at is None)
        return user


async def _note_link(connection: Connection, user_id: UUID, identity: Identity, *, anew: bool) -> None:
    """`anew`: the password, sessions, API tokens and links from before went."""
    after: JsonObject = {"issuer": identity.issuer, "subject": identity.subject, "started_anew": anew}
    await note_user(connection, user_id, "user.identity_linked", after=after)


def _address(identity: Identity) -> str:
    if identity.email is None:
        raise Forbidden(
            "email_not_verified",
            "The sign-in service does not say that your e-mail address is verified; see to it there.",
        )
    return normalised_email(identity.email)
