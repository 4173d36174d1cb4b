"""A mailbox over IMAP (RFC 3501, RFC 2177), over a socket that is connected already. Everything here blocks: it is
called in threads. What a server may send is bounded, in bytes and in time."""

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from typing import Any, Final, cast

from imap_tools.errors import ImapToolsError
from imap_tools.idle import IdleManager
from imap_tools.mailbox import BaseMailBox

from blocks.errors import InvalidInput, Retryable
from blocks.mail.kind import one_line

READ_WHOLE: Final = 25_000_000  # bytes of a mail; of a larger one the beginning is read
BEGINNING: Final = 1_000_000
_MOST_BYTES: Final = 40_000_000  # of all answers to one command
_MOST_LINES: Final = 100_000
_COMMAND_S: Final = 60.0  # for one command with its answers
_SILENCE_S: Final = 20.0  # without a single byte
_LONGEST_LINE: Final = 4_000_000
_MOST_MAILS: Final = 200  # of one look

_BROKEN = (imaplib.IMAP4.abort, OSError, EOFError)


@dataclass(frozen=True, slots=True)
class Account:
    host: str
    user: str
    folder: str
    implicit: bool  # TLS from the first byte, else by STARTTLS
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A mail as it lies there: `raw` is only its beginning where it is `cut`. `at` is when the server got it."""

    uid: int
    raw: bytes
    at: datetime
    cut: bool


class _Client(imaplib.IMAP4):
    """imaplib over our socket, within limits: it would make room for whatever size a server names."""

    def __init__(self, account: Account, connected: socket.socket) -> None:
        self._account = account
        self._connected = connected
        self._left, self._lines = _MOST_BYTES, 0
        self._until = time.monotonic() + _COMMAND_S
        super().__init__(account.host)

    def allow(self) -> None:
        """A new command begins: its answers may have so many bytes and take so long."""
        self._left, self._lines = _MOST_BYTES, 0
        self._until = time.monotonic() + _COMMAND_S

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self._connected.settimeout(_SILENCE_S)
        self.sock = self._connected
        if self._account.implicit:
            self.sock = ssl.create_default_context().wrap_socket(self._connected, server_hostname=host)
        self.file = self.sock.makefile("rb")

    def _simple_command(self, name: str, *args: object) -> tuple[str, list[Any]]:
        self.allow()
        answer: tuple[str, list[Any]] = super()._simple_command(name, *args)  # type: ignore[misc]
        return answer

    def read(self, size: int) -> bytes:
        self._count(size)
        reader = cast(BufferedReader, self.file)
        parts: list[bytes] = []
        while size > 0:  # never room for more than what is there
            part = reader.read1(min(size, 65_536))
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self._count(0)
        return b"".join(parts)

    def readline(self) -> bytes:
        reader = cast(BufferedReader, self.file)
        line = bytearray()
        while not line.endswith(b"\n"):
            there = reader.peek(1)
            part = reader.read1(there.find(b"\n") + 1 or len(there)) if there else b""
            if not part:
                break
            line += part
            self._count(len(part))
            if len(line) > _LONGEST_LINE:
                raise self.abort(f"a line has more than {_LONGEST_LINE} bytes")
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise self.abort(f"an answer has more than {_MOST_LINES} lines")
        return bytes(line)

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort(f"an answer has more than {_MOST_BYTES} bytes")
        if time.monotonic() > self._until:
            raise TimeoutError


class _MailBox(BaseMailBox):
    """imap_tools over that client."""

    def __init__(self, client: _Client) -> None:
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


class Session:
    """Signed in, with the folder open for reading alone: nothing in the mailbox is changed.

    Every method raises `InvalidInput` and `Retryable`.
    """

    def __init__(self, account: Account, connected: socket.socket) -> None:
        self._account = account
        self._connected: socket.socket = connected
        with self._told():
            client = _Client(account, connected)
            self._client = client
            self._connected = client.sock
            if not account.implicit:
                if "STARTTLS" not in client.capabilities:
                    raise InvalidInput(
                        "tls_missing", f"{account.host} offers no STARTTLS on this port. Try implicit TLS, port 993."
                    )
                client.starttls(ssl.create_default_context())
                self._connected = client.sock
            self._box = _MailBox(client)
            self._sign_in()
            try:
                self._box.folder.set(account.folder, readonly=True)
            except (ImapToolsError, imaplib.IMAP4.readonly) as error:
                raise InvalidInput("folder_missing", f"{account.host} has no folder {account.folder}.") from error
            self.validity = self._number("UIDVALIDITY")
            self.next_uid = self._number("UIDNEXT")
            self.count = self._number("EXISTS")

    @property
    def idles(self) -> bool:
        """Whether the server tells of new mail by itself."""
        return "IDLE" in self._client.capabilities

    @property
    def fileno(self) -> int:
        return self._client.sock.fileno()

    def begin_idle(self) -> None:
        with self._told():
            self._client.allow()
            self._idle().start()  # type: ignore[no-untyped-call]

    def end_idle(self) -> None:
        with self._told():
            self._client.allow()
            self._idle().stop()  # type: ignore[no-untyped-call]

    def after(self, uid: int) -> list[int]:
        """The mails behind `uid`, the oldest first; at most so many at once."""
        with self._told():
            self._client.noop()
            return [each for each in self._search("UID", f"{uid + 1}:*") if each > uid][:_MOST_MAILS]

    def since(self, day: datetime) -> list[int]:
        """The mails that came on that day or later, by the server's clock, the oldest first."""
        with self._told():
            return self._search("SINCE", f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year}")

    def fetch(self, uid: int) -> Found | None:
        """None where it is gone."""
        with self._told():
            facts = self._fetched(uid, "(RFC822.SIZE INTERNALDATE)")
            size = re.search(rb"RFC822\.SIZE ([0-9]{1,12})", facts)
            if size is None:
                return None
            cut = int(size[1]) > READ_WHOLE
            _, data = self._client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{BEGINNING}>)" if cut else "(BODY.PEEK[])")
            raw = next((each[1] for each in data if isinstance(each, tuple) and b"BODY[" in each[0]), None)
            return Found(uid, raw, _moment(facts), cut) if isinstance(raw, bytes) else None

    def close(self) -> None:
        """Break off; also from another thread, whose waiting ends with an error then."""
        with suppress(OSError):
            self._connected.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._connected.close()

    # inside -------------------------------------------------------------------------------------------------------

    def _idle(self) -> IdleManager:
        manager: IdleManager = self._box.idle
        return manager

    def _sign_in(self) -> None:
        account, client = self._account, self._client
        try:
            if "AUTH=PLAIN" in client.capabilities:
                self._box.login_utf8(account.user, account.password, initial_folder=None)
            elif "LOGINDISABLED" in client.capabilities or not f"{account.user}{account.password}".isascii():
                raise InvalidInput("sign_in_refused", f"{account.host} knows no way to sign in that is known here.")
            else:
                self._box.login(account.user, account.password, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            said = one_line(str(error))
            if "UNAVAILABLE" in said or "INUSE" in said or "LIMIT" in said:
                raise Retryable("connection_failed", f"{account.host} lets nobody in right now: {said}") from error
            raise InvalidInput("sign_in_refused", f"{account.host} refused user name or password: {said}") from error

    def _search(self, *criteria: str) -> list[int]:
        status, data = self._client.uid("SEARCH", *criteria)
        if status != "OK":
            raise self._client.abort("the search was refused")
        return sorted(int(each) for line in data if line for each in line.split() if each.isdigit())

    def _fetched(self, uid: int, what: str) -> bytes:
        _, data = self._client.uid("FETCH", str(uid), what)
        return b" ".join(each for each in data if isinstance(each, bytes))

    def _number(self, name: str) -> int:
        """A number that the server said of the folder; 0 where it said none."""
        data = self._client.untagged_responses.get(name) or [b""]
        last = data[-1]
        found = re.search(rb"[0-9]{1,12}", last) if isinstance(last, bytes) else None
        return int(found[0]) if found else 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What breaks, in our words."""
        host = self._account.host
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            text = f"The certificate of {host} is not valid for it: {error.verify_message}."
            raise InvalidInput("tls_refused", text) from error
        except ssl.SSLError as error:
            if self._told_before(error):
                raise Retryable("connection_failed", f"{host} broke the connection off.") from error
            raise InvalidInput("tls_refused", f"{host} speaks no TLS on this port: {error.reason}.") from error
        except TimeoutError as error:
            raise Retryable("timeout", f"{host} did not answer in time.", cause="timeout") from error
        except _BROKEN as error:
            raise Retryable("connection_failed", f"{host} broke off: {one_line(str(error))}") from error
        except (imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError) as error:
            raise Retryable("connection_failed", f"{host} answered nonsense: {one_line(str(error))}") from error

    def _told_before(self, error: ssl.SSLError) -> bool:
        """Whether TLS stood already when it broke."""
        return hasattr(self, "validity") or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _moment(facts: bytes) -> datetime:
    found = re.search(rb'INTERNALDATE "([^"]{1,40})"', facts)
    try:
        at = datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z") if found else None
    except ValueError:
        at = None
    return at.astimezone(UTC) if at is not None else datetime.now(UTC)


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
