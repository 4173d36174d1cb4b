"""Access tokens: JWT (RFC 7519, best practice RFC 8725) with one algorithm and a stated purpose.

The token says who, and in which session; what that person may do, and whether the session still lives, is read from
the database, so that a lost role and a sign-out count at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import jwt

from core.clock import Clock, now
from core.errors import Unauthenticated
from core.ids import new_id

LIFETIME: Final = timedelta(minutes=10)
_ALGORITHM: Final = "HS256"
_ISSUER: Final = "vutler"
_AUDIENCE: Final = "vutler-api"
_PURPOSE: Final = "access"
_LONGEST: Final = 4096  # characters


@dataclass(frozen=True, slots=True)
class Access:
    """What a valid token says. `workspace_id` is the one used where a request names none."""

    user_id: UUID
    workspace_id: UUID
    session_id: UUID
    expires_at: datetime


class AccessTokens:
    """Makes and checks tokens with one key (at least 32 bytes)."""

    def __init__(self, key: bytes, *, clock: Clock = now) -> None:
        self._key = key
        self._clock = clock

    def issue(self, user_id: UUID, workspace_id: UUID, session_id: UUID) -> str:
        issued = self._clock()
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "ws": str(workspace_id),
            "sid": str(session_id),
            "iat": int(issued.timestamp()),
            "exp": int((issued + LIFETIME).timestamp()),
            "jti": str(new_id()),
            "typ": _PURPOSE,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> Access:
        """Raises `Unauthenticated` (`token_expired` where that alone is wrong, else `token_invalid`)."""
        if len(token) > _LONGEST:
            raise _invalid()
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={
                    "require": ["iss", "aud", "sub", "iat", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            access = Access(UUID(claims["sub"]), UUID(claims["ws"]), UUID(claims["sid"]), expires_at)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise _invalid() from error
        if claims.get("typ") != _PURPOSE:
            raise _invalid()
        if expires_at <= self._clock():
            raise Unauthenticated("token_expired", "The access token has expired; sign in again.")
        return access


def _invalid() -> Unauthenticated:
    return Unauthenticated("token_invalid", "The access token is not valid; sign in again.")
