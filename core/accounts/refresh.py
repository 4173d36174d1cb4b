"""Refresh tokens: opaque, signed, each good for one rotation of its session.

A token is the session's id and its counter (20 bytes) with their HMAC-SHA256 (RFC 2104). It is a function of the two,
so that two tabs which refresh at once are given the same next token, and a session never has two that live; and as it
is signed, one with a lower counter was certainly used before: reuse is told from a guess (RFC 9700, 4.14.2).
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.errors import Unauthenticated

_PREFIX: Final = "vur_"
_BODY: Final = 20  # bytes
_MAC: Final = 32
_LENGTH: Final = len(_PREFIX) + (_BODY + _MAC + 2) // 3 * 4


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a token of ours says."""

    session_id: UUID
    counter: int


class RefreshTokens:
    """Makes and checks tokens with one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, said: Refresh) -> str:
        body = said.session_id.bytes + said.counter.to_bytes(4, "big")
        return _PREFIX + base64.urlsafe_b64encode(body + self._mac(body)).decode()

    def read(self, token: str) -> Refresh:
        """Raises `Unauthenticated` (`session_invalid`) for what this installation did not make."""
        if len(token) != _LENGTH or not token.startswith(_PREFIX) or not token.isascii():
            raise _invalid()
        try:
            raw = base64.b64decode(token.removeprefix(_PREFIX), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise _invalid() from error
        if not hmac.compare_digest(raw[_BODY:], self._mac(raw[:_BODY])):
            raise _invalid()
        return Refresh(UUID(bytes=raw[:16]), int.from_bytes(raw[16:_BODY], "big"))

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def _invalid() -> Unauthenticated:
    return Unauthenticated("session_invalid", "This is no session of this installation; sign in again.")
