"""One-run tokens: what a job of an isolated lane proves itself with, instead of the database's address or a key.

A token is 36 bytes (the run's id, when it expires, 12 random bytes) and their HMAC-SHA256 (RFC 2104) by a key that is
derived for this purpose alone. It opens the doors of this one run (`core/jobs/service.py`) and nothing else. The same
key signs what the job carries back unread.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core import jsontext
from core.clock import Clock, now
from core.errors import Unauthenticated

LIFETIME: Final = timedelta(hours=48)  # a job may wait a day for its pool, and a run may work for a day
_PREFIX: Final = "vrt_"
_BODY: Final = 36  # bytes
_MAC: Final = 32
_LENGTH: Final = len(_PREFIX) + (_BODY + _MAC + 2) // 3 * 4


@dataclass(frozen=True, slots=True)
class RunToken:
    """What a valid token says. Everything done with it is done as `owner`."""

    run_id: UUID
    expires_at: datetime
    nonce: str

    @property
    def owner(self) -> str:
        """Whom the run belongs to while the job holds it (`run_queue.owner`)."""
        return f"isolated/{self.nonce}"


class RunTokens:
    """Makes and checks tokens with one key (at least 32 bytes)."""

    def __init__(self, key: bytes, *, clock: Clock = now) -> None:
        self._key = key
        self._clock = clock

    def issue(self, run_id: UUID) -> str:
        expires = int((self._clock() + LIFETIME).timestamp())
        body = run_id.bytes + expires.to_bytes(8, "big") + secrets.token_bytes(12)
        return _PREFIX + base64.urlsafe_b64encode(body + self._mac(b"token", body)).decode()

    def read(self, token: str) -> RunToken:
        """Raises `Unauthenticated` (`run_token_expired` where that alone is wrong, else `run_token_invalid`)."""
        if len(token) != _LENGTH or not token.startswith(_PREFIX) or not token.isascii():
            raise _invalid()
        try:
            raw = base64.b64decode(token.removeprefix(_PREFIX), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise _invalid() from error
        body, mac = raw[:_BODY], raw[_BODY:]
        if not hmac.compare_digest(mac, self._mac(b"token", body)):
            raise _invalid()
        expires_at = datetime.fromtimestamp(int.from_bytes(body[16:24], "big"), UTC)
        if expires_at <= self._clock():
            raise Unauthenticated("run_token_expired", "The token of this job has expired; a new job is made.")
        return RunToken(UUID(bytes=body[:16]), expires_at, body[24:].hex())

    def sign(self, run_id: UUID, facts: JsonObject) -> str:
        """The signature of something that the job of this run is given and brings back."""
        return self._mac(b"facts", run_id.bytes + jsontext.dump(facts)).hex()

    def signed(self, run_id: UUID, facts: JsonObject, signature: str) -> bool:
        return hmac.compare_digest(signature.encode(), self.sign(run_id, facts).encode())

    def _mac(self, purpose: bytes, body: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + body, "sha256")


def _invalid() -> Unauthenticated:
    return Unauthenticated("run_token_invalid", "This is no token of a run.")
