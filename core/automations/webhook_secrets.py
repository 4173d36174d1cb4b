"""The address and the secret of a webhook. A secret is shown once; what is kept is its SHA-256."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "whs_"


def new_webhook_id() -> str:
    """192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def new_secret() -> str:
    """256 random bits behind a prefix that scanners for leaked secrets can look for."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """The column `webhook_secret`: SHA-256, hex. A random secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
