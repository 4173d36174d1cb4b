"""Random tokens that are shown once: 256 bits behind a prefix that says what they are; we keep their SHA-256.

So many random bits need no slow hash, and a hash of fixed length is looked up by an index without a timing worth
measuring.
"""

import hashlib
import re
import secrets
from typing import Final

API_TOKEN: Final = "vut_"  # noqa: S105 - a prefix
INVITATION: Final = "vui_"
LINK: Final = "vul_"
_BYTES: Final = 32
_SHAPE: Final = re.compile(r"vu[til]_[A-Za-z0-9_-]{43}")


def make(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(_BYTES)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def is_shaped(token: str, prefix: str) -> bool:
    """Whether it can be a token of this kind at all."""
    return token.startswith(prefix) and _SHAPE.fullmatch(token) is not None
