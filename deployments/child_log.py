"""The log file of one child: bounded in size, and read for what an operator should see at once."""

import contextlib
import os
import re
import shutil
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path

LARGEST = 20 * 1024**2  # bytes; then the file becomes `<name>.log.1`
_READ_AT_ONCE = 1024**2
_LINE_SHOWN = 200  # characters
_WORTH_TELLING = re.compile(rb"\b(WARNING|WARN|ERROR|CRITICAL|FATAL|PANIC)\b|\"level\": ?\"(warning|error|critical)\"")

# PostgreSQL's word for whoever knocks while it starts or stops, ourselves included.
_EXPECTED = re.compile(rb"the database system is (starting up|shutting down|not yet accepting connections)")


@dataclass(frozen=True, slots=True)
class Warnings:
    """How many lines told of trouble since the last look, and the newest of them."""

    count: int
    newest: str


@dataclass(slots=True)
class ChildLog:
    """Children append to the file themselves (O_APPEND), so that they never wait for the supervisor."""

    file: Path
    _seen: int = field(default=0, init=False)

    def open(self) -> BufferedRandom:
        """For a child to write to, and for nobody else to read. Raises `OSError`."""
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.bound()
        if not self.file.exists():
            self._seen = 0
        stream = self.file.open("a+b")
        self._seen = self._seen or stream.seek(0, os.SEEK_END)
        return stream

    def bound(self) -> None:
        """Keep the newest 20 to 40 MB. A running child goes on at the beginning of the emptied file."""
        with contextlib.suppress(OSError):  # a full disk must not stop the supervisor
            if self.file.stat().st_size > LARGEST:
                shutil.copyfile(self.file, self.file.with_suffix(".log.1"))
                os.truncate(self.file, 0)
                self._seen = 0

    def warnings(self) -> Warnings | None:
        """What was written since the last call that an operator should know of; None when it was nothing."""
        try:
            with self.file.open("rb") as stream:
                if stream.seek(0, os.SEEK_END) < self._seen:
                    self._seen = 0
                stream.seek(self._seen)
                new = stream.read(_READ_AT_ONCE)
        except OSError:
            return None
        whole = new[: new.rfind(b"\n") + 1] or (new if len(new) == _READ_AT_ONCE else b"")
        self._seen += len(whole)
        telling = [line for line in whole.splitlines() if _WORTH_TELLING.search(line) and not _EXPECTED.search(line)]
        if not telling:
            return None
        return Warnings(len(telling), telling[-1].decode(errors="replace").strip()[:_LINE_SHOWN])

    def tail(self, characters: int = 800) -> str:
        try:
            with self.file.open("rb") as stream:
                stream.seek(max(0, stream.seek(0, os.SEEK_END) - characters))
                return stream.read().decode(errors="replace").strip()
        except OSError:
            return ""
