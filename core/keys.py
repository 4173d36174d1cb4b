"""The installation's secret and the keys derived from it.

One secret, from the setting `VUTLER_SECRET_KEY` or made once in `<home>/secret-key`; every use has a key of its own,
derived by HKDF-SHA256 (RFC 5869), so that no key tells anything about another.
"""

import base64
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core import keyring
from core.keyring import Keyring
from core.settings import BadSetting, Settings

FILE = "secret-key"
SHORTEST = 32  # characters; 32 random hexadecimal digits are 128 bits
_SALT = b"vutler/1"


@dataclass(frozen=True, slots=True)
class Keys:
    """`jwt` signs access tokens, `links` the links that answer for somebody, `jobs` one-run tokens and `sessions`
    refresh tokens (32 bytes each); `cookies`, `answers` (secrets in remembered answers), `seal` and
    `prefect_encryption` are Fernet keys; `prefect_auth` is the `user:password` of our own Prefect server."""

    jwt: bytes = field(repr=False)
    links: bytes = field(repr=False)
    jobs: bytes = field(repr=False)
    sessions: bytes = field(repr=False)
    cookies: bytes = field(repr=False)
    answers: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    prefect_encryption: str = field(repr=False)
    prefect_auth: str = field(repr=False)


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes that only this secret and this purpose give."""
    return HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=purpose.encode()).derive(secret.encode())


def from_secret(secret: str) -> Keys:
    def text(purpose: str) -> str:
        return base64.urlsafe_b64encode(derive(secret, purpose)).decode()

    return Keys(
        jwt=derive(secret, "jwt"),
        links=derive(secret, "links"),
        jobs=derive(secret, "jobs"),
        sessions=derive(secret, "sessions"),
        cookies=text("cookies").encode(),
        answers=text("answers").encode(),
        seal=text("seal").encode(),
        prefect_encryption=text("prefect-encryption"),
        prefect_auth=f"vutler:{text('prefect-auth').rstrip('=')}",
    )


def load(settings: Settings) -> Keys:
    """The keys of this installation; makes the secret in the data folder when there is none.

    Raises `BadSetting` when the secret can't be used, `OSError` when the data folder can't be written.
    """
    if settings.secret_key is not None:
        if len(settings.secret_key) < SHORTEST:
            raise BadSetting(
                f"VUTLER_SECRET_KEY has {len(settings.secret_key)} characters and needs at least {SHORTEST}."
                " Make one with: openssl rand -hex 32"
            )
        return from_secret(settings.secret_key)
    file = settings.home / FILE
    if not file.exists():
        _make(file)
    return from_secret(_read(file))


def sealing(settings: Settings, keys: Keys) -> Keyring:
    """The keys that seal secrets at rest. Raises `BadSetting`."""
    for secret in settings.seal_keys:
        if len(secret) < SHORTEST:
            raise BadSetting(f"Each key in VUTLER_SEAL_KEYS needs at least {SHORTEST} characters.")
    fixed = tuple(keyring.made(derive(secret, "seal")) for secret in settings.seal_keys)
    return Keyring(keys.seal, settings.home / keyring.FILE, fixed)


def _make(file: Path) -> None:
    """Several processes may do this at once: the first link wins, and everybody reads the winner's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(descriptor)
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(file: Path) -> str:
    if file.stat().st_mode & 0o077:
        raise BadSetting(f"The secret key {file} can be read by other users. Mend it with: chmod 600 {file}")
    secret = file.read_text().strip()
    if len(secret) < SHORTEST:
        raise BadSetting(
            f"The secret key {file} is damaged: it has {len(secret)} characters and needs at least {SHORTEST}."
            " Put it back from your backup: without it, what was sealed with it can't be read again."
        )
    return secret
