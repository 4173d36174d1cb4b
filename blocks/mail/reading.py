"""A mail that came in, as a message of a channel. Whatever its bytes are, something readable comes out, and no more of
it than the limits allow: mails are written by strangers."""

import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from blocks.listening import Heard
from blocks.mail import plain
from blocks.mail.addresses import Address, BadAddress, message_ids, parse
from blocks.mail.composing import file_name, media_type
from blocks.services import Attachment
from blocks.values import Json, JsonObject

MOST_BYTES: Final = 25_000_000  # of a mail that is read as a whole
MOST_ATTACHMENTS: Final = 50
_MOST_PARTS: Final = 1_000
_LONGEST_HEADER: Final = 20_000  # characters that are looked at
_MOST_PEOPLE: Final = 100
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "base64", "hex", "rot13", "zlib", "bz2", "uu", "quopri"})
_OF_AUTOMATS: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
_SENDERS_OF_BOUNCES: Final = frozenset({"mailer-daemon", "postmaster"})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a mail was found: `own` are the addresses of its owner; `cut` says that only its beginning was read."""

    folder: str
    own: frozenset[str]
    cut: bool = False


def read(raw: bytes, mailbox: Mailbox, arrived: datetime) -> Heard:
    """`arrived` (aware) is when the server got it. `thread` is the Message-ID that began it; in `more` stand `subject`,
    `from`, `reply_to`, `to`, `cc`, `message_id`, `in_reply_to`, `references`, `automatic` (why it counts as written by
    a machine, or null), `left_out` (attachments that were not kept: name, type and why)."""
    message = _parsed(raw)
    ids = message_ids(_header(message, "Message-ID"))
    replied = message_ids(_header(message, "In-Reply-To"))
    references = message_ids(_header(message, "References")) or replied
    sender = next(iter(_people(message, "From")), Address("unknown@unknown.invalid"))
    automatic = _automatic(message)
    body, attachments, left_out = _contents(message, mailbox.cut)
    thread = next((each for each in references if each not in ids), None)
    more: JsonObject = {
        "subject": _text_of_header(message, "Subject")[:1000],
        "from": str(sender),
        "reply_to": next((str(each) for each in _people(message, "Reply-To")), None),
        "to": [str(each) for each in _people(message, "To")],
        "cc": [str(each) for each in _people(message, "Cc")],
        "message_id": ids[0] if ids else None,
        "in_reply_to": replied[0] if replied else None,
        "references": [*references[:1], *references[1:][-29:]],
        "automatic": automatic,
        "left_out": left_out,
    }
    return Heard(
        # The same mail has the same id wherever it lies; one without an id is known by what it is.
        id=ids[0] if ids else f"<sha256.{hashlib.sha256(raw).hexdigest()}>",
        channel=mailbox.folder,
        channel_name=mailbox.folder,
        text=body,
        sender_id=sender.email,
        sender_name=sender.name or sender.email,
        sent_at=_date(message) or arrived,
        thread=thread,
        from_bot=automatic is not None,
        own=sender.email.lower() in mailbox.own,
        attachments=attachments,
        more=more,
    )


def _parsed(raw: bytes) -> Message:
    """The mail; one that is nested beyond sense is a text like any other."""
    try:
        return message_from_bytes(raw, policy=email.policy.compat32)
    except RecursionError:
        head, _, rest = raw.partition(b"\r\n\r\n")
        message = message_from_bytes(head, policy=email.policy.compat32)
        del message["Content-Type"], message["Content-Transfer-Encoding"]
        message.set_payload(rest.decode("latin-1")[: plain.MOST])
        return message


def _automatic(message: Message) -> str | None:
    """Why nobody should answer this mail by a machine (RFC 3834), None where somebody may."""
    said = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    precedence = _header(message, "Precedence").strip().lower()
    listed = next((name for name, _ in message.raw_items() if name.lower().startswith("list-")), None)
    why: str | None = None
    if said and said != "no":
        why = f"Auto-Submitted: {said[:60]}"
    elif listed is not None:
        why = f"{listed[:60]}: it comes from a list"
    elif precedence in ("bulk", "junk", "list", "auto_reply"):
        why = f"Precedence: {precedence}"
    elif answered := next((name for name in _OF_AUTOMATS if _header(message, name).strip()), None):
        why = answered
    elif (
        _header(message, "Return-Path").strip() == "<>"
        or message.get_content_type() == "multipart/report"
        or any(each.email.partition("@")[0].lower() in _SENDERS_OF_BOUNCES for each in _people(message, "From"))
    ):
        why = "it is the report of a mail server"
    return why


def _contents(message: Message, cut: bool) -> tuple[str, list[Attachment], list[Json]]:
    """The text, the attachments that are kept, and those that are only named."""
    plain_text, html, kept = "", "", list[Attachment]()
    left_out: list[Json] = []
    for part in _parts(message):
        name = _text_of_header(part, "Content-Disposition", "filename") or _text_of_header(part, "Content-Type", "name")
        kind = part.get_content_type()
        is_file = bool(name) or str(part.get_content_disposition()) == "attachment"
        if not is_file and kind in ("text/plain", "text/html"):
            text = _decoded(part)
            if kind == "text/plain" and len(plain_text) < plain.MOST:
                plain_text = f"{plain_text}\n{text}" if plain_text else text
            elif kind == "text/html" and not html:
                html = text
            continue
        if kind.startswith("multipart/"):
            continue
        named = file_name(name or "attachment")
        if cut or len(kept) >= MOST_ATTACHMENTS:
            why = "The mail is too large." if cut else f"Only {MOST_ATTACHMENTS} attachments are kept."
            if len(left_out) < MOST_ATTACHMENTS:
                left_out.append({"name": named, "media_type": media_type(kind), "why": why})
            continue
        kept.append(Attachment(named, media_type(kind), _payload(part)))
    text = plain_text if plain_text.strip() else plain.text_of(html)
    return _clean(text).strip()[: plain.MOST], kept, left_out


def _parts(message: Message) -> Iterator[Message]:
    """The parts of a mail, those of a mail inside of it left together; at most so many."""
    queue = [message]
    count = 0
    while queue and count < _MOST_PARTS:
        part = queue.pop(0)
        count += 1
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            queue = [each for each in inner[:_MOST_PARTS] if isinstance(each, Message)] + queue
        else:
            yield part


def _payload(part: Message) -> bytes:
    """The bytes of a part; those of a mail inside of it are that mail."""
    try:
        if part.get_content_maintype() == "message" and isinstance(part.get_payload(), list):
            return b"".join(each.as_bytes() for each in part.get_payload() if isinstance(each, Message))
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, UnicodeError, AttributeError, KeyError):
        content = str(part.get_payload()).encode(errors="replace")
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message) -> str:
    """The text of a part in whatever charset it says, or in the one that it has."""
    content = _payload(part)
    try:
        said = str(part.get_content_charset() or "utf-8")
    except (ValueError, LookupError, UnicodeError):
        said = "utf-8"
    return _in_charset(content, said)


def _in_charset(content: bytes, said: str) -> str:
    if said.replace("_", "-").lower().removesuffix("-codec") not in _NO_CHARSETS:
        try:
            return content.decode(said)
        except (LookupError, UnicodeError, ValueError):
            pass
    return content.decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    """A header as it stands there, on one line; empty where it is missing."""
    value = next((str(value) for each, value in message.raw_items() if each.lower() == name.lower()), "")
    raw = value[:_LONGEST_HEADER].encode("utf-8", "surrogateescape")  # bytes above ASCII are as they came
    return _clean(" ".join(_in_charset(raw, "utf-8").split()))


def _text_of_header(message: Message, name: str, parameter: str | None = None) -> str:
    """A header, or a parameter of one, its encoded words decoded (RFC 2047, RFC 2231)."""
    try:
        if parameter is None:
            return _words(_header(message, name))
        value = message.get_param(parameter, header=name)
        if isinstance(value, tuple):
            charset, _, text = value
            return _clean(_in_charset(str(text).encode("latin-1", "replace"), str(charset or "utf-8")))[:1000]
        return _words(_clean(str(value or ""))[:1000])
    except (ValueError, UnicodeError, LookupError, TypeError, AttributeError):
        return ""


def _words(text: str) -> str:
    if "=?" not in text:
        return text
    try:
        parts = decode_header(text)
    except (ValueError, UnicodeError, LookupError):
        return text
    found = "".join(
        part if isinstance(part, str) else _in_charset(part, charset or "raw-unicode-escape") for part, charset in parts
    )
    return " ".join(_clean(found).split())


def _people(message: Message, name: str) -> list[Address]:
    """The addresses of a header that can be written to, with their names."""
    found: list[Address] = []
    for shown, address in getaddresses([_header(message, name)])[:_MOST_PEOPLE]:
        try:
            parsed = parse(address)
        except BadAddress:
            continue
        found.append(Address(parsed.email, re.sub(r'["<>\\]', "", _words(shown)).strip()[:200]))
    return found


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if 1990 <= found.year <= 2200 else None


def _clean(text: str) -> str:
    """Without what PostgreSQL or JSON can't hold: U+0000 and halves of surrogate pairs."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text).replace("\r\n", "\n")
