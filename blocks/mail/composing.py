"""A mail as the bytes that are sent (RFC 5322, MIME). Ids stand in lines of their own, never folded or encoded."""

import email.policy
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from blocks.errors import InvalidInput
from blocks.mail.addresses import Address, BadAddress, has_control, is_message_id, parse
from blocks.mail.plain import text_of
from blocks.services import Mail

MOST_BYTES: Final = 25_000_000  # of attachments, before they are encoded
LONGEST_SUBJECT: Final = 500
_MOST_REFERENCES: Final = 30
_POLICY: Final = email.policy.SMTP.clone(cte_type="7bit")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,90}")


def recipients(mail: Mail) -> list[Address]:
    """Everybody it goes to, each once. Raises `InvalidInput` (`invalid_address`)."""
    found: dict[str, Address] = {}
    for each in addresses((*mail.to, *mail.cc, *mail.bcc)):
        found.setdefault(each.email.lower(), each)
    if not found:
        raise InvalidInput("invalid_address", "The mail has no recipient.")
    return list(found.values())


def addresses(texts: Sequence[str]) -> list[Address]:
    """Raises `InvalidInput` (`invalid_address`)."""
    try:
        return [parse(text) for text in texts]
    except BadAddress as error:
        raise InvalidInput("invalid_address", str(error)) from error


def headers(mail: Mail) -> dict[str, str]:
    """What says that a machine wrote it (RFC 3834), so that no other machine answers, and which mail it answers.

    Raises `InvalidInput` (`invalid_header`) for ids that no header can hold.
    """
    ids = {"In-Reply-To": mail.in_reply_to} if mail.in_reply_to else {}
    if mail.references:
        # The beginning of the thread and its newest mails, as RFC 5322 advises where a header grows too long.
        kept = list(dict.fromkeys(mail.references))
        kept = kept if len(kept) <= _MOST_REFERENCES else [kept[0], *kept[1 - _MOST_REFERENCES :]]
        ids["References"] = " ".join(kept)
    for name, text in ids.items():
        for each in text.split(" "):
            if not is_message_id(each):
                raise InvalidInput("invalid_header", f"{name} holds {each[:80]!r}, which is no message id.")
    return {"Auto-Submitted": "auto-replied" if mail.in_reply_to else "auto-generated", **ids}


def texts(mail: Mail) -> tuple[str, str | None]:
    """The plain body, made from the other one where there is none, and the HTML body."""
    if mail.text is None and mail.html is None:
        raise InvalidInput("invalid_mail", "The mail has no body: give text or html.")
    return text_of(mail.html or "") if mail.text is None else mail.text, mail.html


def check(mail: Mail) -> None:
    """What no service may be given. Raises `InvalidInput`."""
    if has_control(mail.subject) or len(mail.subject) > LONGEST_SUBJECT:
        raise InvalidInput(
            "invalid_header", f"The subject is one line of at most {LONGEST_SUBJECT} characters, without line breaks."
        )
    if sum(len(each.content) for each in mail.attachments) > MOST_BYTES:
        raise InvalidInput(
            "mail_too_large", f"The attachments have more than {MOST_BYTES // 1_000_000} MB together; send links."
        )


def media_type(text: str) -> str:
    """The type as a header may say it."""
    bare = text.partition(";")[0].strip().lower()
    # What is a message or has parts would be read as such, not as a file.
    if not _MEDIA_TYPE.fullmatch(bare) or bare.startswith(("multipart/", "message/")):
        return "application/octet-stream"
    return bare


def file_name(text: str) -> str:
    """The name of an attachment without what leads elsewhere."""
    cleaned = "".join("_" if has_control(each) or each in '/\\"' else each for each in text).strip(". ")
    return cleaned[-150:] or "attachment"


def compose(mail: Mail, sender: Address) -> bytes:
    """The whole message, in lines that end with CRLF, of ASCII alone. Raises `InvalidInput`."""
    check(mail)
    message = EmailMessage(_POLICY)
    message["From"] = sender.header
    message["To"] = [each.header for each in addresses(mail.to)]
    if mail.cc:
        message["Cc"] = [each.header for each in addresses(mail.cc)]
    if mail.reply_to:
        message["Reply-To"] = [each.header for each in addresses((mail.reply_to,))]
    message["Subject"] = mail.subject
    text, html = texts(mail)
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for each in mail.attachments:
        main, _, sub = media_type(each.media_type).partition("/")
        message.add_attachment(each.content, main, sub, filename=file_name(each.name))
    own = {"Message-ID": mail.message_id, "Date": format_datetime(datetime.now(UTC))} | headers(mail)
    if not is_message_id(mail.message_id):
        raise InvalidInput("invalid_header", f"{mail.message_id[:80]!r} is no message id.")
    own["References"] = own.get("References", "").replace(" ", "\r\n ")
    lines = [f"{name}: {value}" for name, value in own.items() if value]
    return "\r\n".join([*lines, ""]).encode("ascii") + message.as_bytes()
