"""The keys that seal secrets at rest, the newest first: it seals, all of them open.

The oldest is derived from the installation's secret. `vutler secrets rotate-key` puts newer ones into
`<home>/seal-keys`, one line each; `VUTLER_SEAL_KEYS` gives them by environment instead. The file is looked at before
each use, so that running processes seal with a new key from the moment it is there.
"""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

FILE: Final = "seal-keys"


class Keyring:
    """`first` is the Fernet key derived from the installation's secret; it opens what no newer key has sealed.

    `fixed` are Fernet keys given by environment; they come before those of the file.
    """

    def __init__(self, first: bytes, file: Path, fixed: tuple[bytes, ...] = ()) -> None:
        self._first = first
        self._file = file
        self._fixed = fixed
        self._seen: tuple[int, int] | None = None
        self._of_file: tuple[bytes, ...] = ()

    @property
    def is_fixed(self) -> bool:
        """Whether the environment gives the keys."""
        return bool(self._fixed)

    def keys(self) -> tuple[bytes, ...]:
        """Fernet keys, the newest first. Raises `OSError` and `ValueError` where the file can't be used."""
        return (*self._fixed, *self._read(), self._first)

    def _read(self) -> tuple[bytes, ...]:
        try:
            facts = self._file.stat()
        except FileNotFoundError:
            self._seen, self._of_file = None, ()
            return ()
        if self._seen != (facts.st_mtime_ns, facts.st_ino):
            if facts.st_mode & 0o077:
                raise ValueError(
                    f"The keys {self._file} can be read by other users. Mend it with: chmod 600 {self._file}"
                )
            self._of_file = tuple(self._file.read_bytes().split())
            self._seen = (facts.st_mtime_ns, facts.st_ino)
        return self._of_file

    def add(self) -> None:
        """A new key, made here, that seals from now on."""
        self._write([made(secrets.token_bytes(32)), *self._read()])

    def keep_newest(self) -> None:
        """Forget every key of the file but the newest. The derived one stays: it can't be taken away."""
        self._write(list(self._read()[:1]))

    def _write(self, keys: list[bytes]) -> None:
        draft = self._file.with_name(f"{FILE}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(b"".join(key + b"\n" for key in keys))
            stream.flush()
            os.fsync(descriptor)
        draft.replace(self._file)


def made(raw: bytes) -> bytes:
    """A Fernet key of 32 bytes."""
    return base64.urlsafe_b64encode(raw)
