"""Mails that the installation is to send, as rows of the outbox: written in the transaction that decided them, sent by
the postman (`postman.py`). No link lies in a row: it is made, or unsealed, when it is sent."""

from typing import Final
from uuid import UUID, uuid5

from core import outbox
from core.accounts.model import User
from core.accounts.recovery import Kind
from core.db import Connection
from core.ids import new_id
from core.seal import Sealer

TOPIC: Final = "letter"
_KEYS: Final = UUID("5b0f2f4e-7c53-4c7b-9d5e-6b1a1f0a9a10")  # any of our own


class ByMail:
    """Implements `Letters` of `core/accounts/recovery.py` and `Invites` of `core/accounts/invitations.py`."""

    by_mail = True

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def wanted(self, connection: Connection, kind: Kind, user: User) -> None:
        key = uuid5(_KEYS, f"{kind} {user.id}")  # asked twice before it is sent: one mail
        await outbox.put(connection, topic=TOPIC, key=key, payload={"kind": kind, "user": str(user.id)})

    async def invited(self, connection: Connection, workspace_id: UUID, invitation_id: UUID, token: str) -> None:
        sealed = self._sealer.seal(workspace_id, invitation_id, {"token": token}).decode()
        await outbox.put(
            connection,
            topic=TOPIC,
            key=new_id(),
            payload={"kind": "invitation", "invitation": str(invitation_id), "sealed": sealed},
        )
