"""Secrets at rest: sealed with Fernet (AES-128-CBC with HMAC-SHA256), bound to the row they belong to.

The workspace and the connection stand inside the sealed text, so that a row copied to another place does not open.
"""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from blocks.values import JsonObject
from core import jsontext


class SealBroken(Exception):
    """The sealed text can't be opened: another key made it, it was changed, or it belongs to another row."""


class Ring(Protocol):
    """Keys that may change while the process runs (`core/keyring.py`)."""

    def keys(self) -> tuple[bytes, ...]: ...


class Sealer:
    """`keys` are Fernet keys, the newest first: it seals, all of them open."""

    def __init__(self, keys: Sequence[bytes] | Ring) -> None:
        self._ring = keys
        self._made: tuple[tuple[bytes, ...], MultiFernet, Fernet] | None = None

    def _fernets(self) -> tuple[MultiFernet, Fernet]:
        """All keys, and the newest alone."""
        keys = tuple(self._ring) if isinstance(self._ring, Sequence) else self._ring.keys()
        if self._made is None or self._made[0] != keys:
            fernets = [Fernet(key) for key in keys]
            self._made = keys, MultiFernet(fernets), fernets[0]
        return self._made[1:]

    @property
    def _fernet(self) -> MultiFernet:
        return self._fernets()[0]

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""
        try:
            self._fernets()[1].decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def seal(self, workspace_id: UUID, connection_id: UUID, secrets: JsonObject) -> bytes:
        """The secret fields of a connection as bytes for `connections.sealed`."""
        bound = {"workspace": str(workspace_id), "connection": str(connection_id), "secrets": secrets}
        return self._fernet.encrypt(jsontext.dump(bound))

    def open(self, workspace_id: UUID, connection_id: UUID, sealed: bytes) -> JsonObject:
        """The secret fields again. Raises `SealBroken`."""
        try:
            bound = jsontext.load(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise SealBroken("The secret key of this installation does not open it.") from error
        if not isinstance(bound, dict) or bound.get("workspace") != str(workspace_id):
            raise SealBroken("It was sealed for another workspace.")
        secrets = bound.get("secrets")
        if bound.get("connection") != str(connection_id) or not isinstance(secrets, dict):
            raise SealBroken("It was sealed for another connection.")
        return secrets

    def renewed(self, sealed: bytes) -> bytes:
        """The same, sealed with the newest key. Raises `SealBroken`."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise SealBroken("The secret key of this installation does not open it.") from error
