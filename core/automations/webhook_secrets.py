"""The address and the secret of a webhook. A secret that we make is shown once.

Of a `secret`-style webhook its SHA-256 is kept; a signature needs the secret itself, which is sealed
(`signing_secrets.py`).
"""

import base64
import hashlib
import secrets
from typing import Final

from blocks.triggers.webhook import SENDERS_SECRET, WebhookConfig
from core.deliveries import signatures
from core.errors import Finding, Invalid

PREFIX: Final = "whs_"


def new_webhook_id() -> str:
    """192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def new_secret(style: str | None = None) -> str:
    """256 random bits behind a prefix that scanners for leaked secrets can look for."""
    if style == "standard":
        return signatures.STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    return PREFIX + secrets.token_urlsafe(32)


def is_made_here(config: WebhookConfig) -> bool:
    """Whether we make the secret, and not the system that sends."""
    return config.style not in SENDERS_SECRET


def is_takeable(secret: str) -> bool:
    """Whether a secret that somebody gives can be sent as a header or in a URL, and is no mere word."""
    return 8 <= len(secret) <= 256 and secret.isascii() and secret.isprintable()


def require_usable(config: WebhookConfig, secret: str, at: str) -> None:
    """Raises `Invalid` (at `at`) where `secret` can't be one of this style."""
    if config.style is None:
        return
    try:
        signatures.key(config.style, secret)
    except signatures.BadKey as error:
        finding = Finding(at, str(error))
        raise Invalid("webhook_secret_invalid", "This secret can't be used.", (finding,)) from error


def digest(secret: str) -> str:
    """The column `webhook_secret`: SHA-256, hex. A random secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
