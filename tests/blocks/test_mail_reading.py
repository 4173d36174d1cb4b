"""Mails that strangers write, read without harm: broken, hostile, in any charset, by machines and by people."""

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from blocks import registry
from blocks.listening import Heard
from blocks.mail.plain import text_of
from blocks.mail.reading import MOST_ATTACHMENTS, Mailbox, read
from core import jsontext
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.accounts import account
from tests.blocks.context import Context
from tests.vendors.smtp import SmtpServer

ARRIVED = datetime(2026, 11, 21, 9, tzinfo=UTC)
MAILBOX = Mailbox("INBOX", frozenset({"ada@example.org"}))
EMAIL = registry.actions()["email"]


def parsed(raw: bytes) -> Heard:
    heard = read(raw, MAILBOX, ARRIVED)
    text = jsontext.dump([heard.text, heard.more, heard.sender_name, heard.id, heard.thread]).decode()
    assert "\\u0000" not in text
    assert "\0" not in heard.text
    assert not any("\r" in each or "\n" in each for each in (heard.id, heard.sender_id, heard.sender_name))
    return heard


def headed(**headers: str) -> bytes:
    lines = {"From": "Bob <bob@x.example>", "Message-ID": "<1@x>"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\nHello\r\n"


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ({}, False),
        ({"Auto_Submitted": "no"}, False),
        ({"Auto_Submitted": "auto-replied (vacation)"}, True),
        ({"List_Id": "<list.example>"}, True),
        ({"list_unsubscribe": "<mailto:x@y>"}, True),
        ({"Precedence": "bulk"}, True),
        ({"X_Autoreply": "yes"}, True),
        ({"Return_Path": "<>"}, True),
        ({"From": "Mail Delivery <MAILER-DAEMON@x.example>"}, True),
        ({"Content_Type": "multipart/report; boundary=x"}, True),
    ],
)
def test_what_a_machine_wrote_is_told(headers: dict[str, str], automatic: bool) -> None:
    heard = parsed(headed(**headers))
    assert heard.from_bot is automatic
    assert (heard.more["automatic"] is not None) is automatic


def test_ones_own_mail_is_told_whatever_its_name() -> None:
    assert parsed(headed(From="Somebody <ADA@Example.org>")).own
    assert not parsed(headed()).own


@pytest.mark.parametrize(
    ("headers", "thread", "references"),
    [
        ({"References": "<a@x> <b@x>", "In_Reply_To": "<b@x>"}, "<a@x>", ["<a@x>", "<b@x>"]),
        ({"In_Reply_To": "<b@x>"}, "<b@x>", ["<b@x>"]),
        ({"References": "<a@x>,<b@x>\r\n\t<c@x> nonsense <d"}, "<a@x>", ["<a@x>", "<b@x>", "<c@x>"]),
        ({"References": "<1@x>"}, None, ["<1@x>"]),  # itself
        ({}, None, []),
    ],
)
def test_threads_by_references(headers: dict[str, str], thread: str | None, references: list[str]) -> None:
    heard = parsed(headed(**headers))
    assert (heard.thread, heard.more["references"]) == (thread, references)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 1000,
        b"From: \xff\xfe\r\nSubject: =?utf-8?b?////?= =?nonsense?q?x?= =?idna?q?x?=\r\n\r\n\xff\xfe\0",
        b"Content-Type: text/plain; charset=idna\r\n\r\n" + b"x" * 100_000,
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xc3\xa9",
        b"Content-Type: text/plain; charset*=utf-16''%00\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n--x--",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n" * 50,
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!",
        b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 666 x\n\xff\xff\nend",
        b"Date: Fri, 99 Foo 99999 99:99:99 +9999\r\n\r\nx",
        b"Date: Fri, 01 Jan 0001 00:00:00 +2359\r\n\r\nx",
        b"From: " + b"a@b.example, " * 10_000 + b"\r\n\r\nx",
        b"Message-ID: <a b>\r\nReferences: " + b"<x@y> " * 100_000 + b"\r\n\r\nx",
        b'Content-Disposition: attachment; filename="../../etc/passwd\0"\r\n\r\nx',
    ],
)
def test_whatever_comes_something_is_read(raw: bytes) -> None:
    heard = parsed(raw)
    assert heard.id
    assert all("/" not in each.name for each in heard.attachments)
    assert heard.id == parsed(raw).id  # the same mail, the same id


def test_a_mail_that_is_nested_beyond_sense_is_read_as_text() -> None:
    raw = b"Message-ID: <deep@x>\r\nFrom: bob@x.example\r\n"
    for number in range(3000):
        raw += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
    assert parsed(raw + b"\r\nHello").id == "<deep@x>"


def test_attachments_are_counted() -> None:
    message = EmailMessage()
    message["From"] = "bob@x.example"
    message.set_content("see files")
    for number in range(MOST_ATTACHMENTS + 3):
        message.add_attachment(b"x", "text", "plain", filename=f"{number}.txt")
    heard = parsed(message.as_bytes())
    assert (heard.text, len(heard.attachments)) == ("see files", MOST_ATTACHMENTS)
    assert [each["name"] for each in heard.more["left_out"]] == ["50.txt", "51.txt", "52.txt"]  # type: ignore[union-attr,index,call-overload]


def test_names_and_subjects_are_decoded() -> None:
    heard = parsed(headed(From="=?iso-8859-1?q?J=F6rg?= <j@x.example>", Subject="=?utf-8?b?w6k=?= ça\u202e"))
    assert heard.sender_name == "Jörg"
    assert str(heard.more["subject"]).startswith("é ça")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello <b>you</b></p><p>Bye</p>", "Hello you\n\nBye"),
        ("<script>alert(1)</script><style>p{}</style>x", "x"),
        ('<a href="https://x.example/a">here</a>', "here (https://x.example/a)"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("a &lt;b&gt; &amp; &#0; c", "a <b> & \ufffd c"),
        ("<scr<script>ipt>x", None),
        ("<" * 200_000, None),
        ("<div>" * 100_000 + "x", None),
        ("<!--" * 100_000, None),
        ("<a href='" + "x" * 100_000, None),
    ],
)
def test_html_becomes_text_and_nothing_runs(html: str, text: str | None) -> None:
    found = text_of(html)
    assert text is None or found == text


async def test_an_answer_goes_back_into_its_thread() -> None:
    """What a mailbox heard, given to the email step, is an answer that every mail program puts in the right place."""
    heard = parsed(headed(References="<0@x>", Subject="Order 17", Reply_To="Desk <desk@x.example>"))
    async with SmtpServer() as server, Outgoing(Policy.of([f"127.0.0.1:{server.port}"])) as out:
        signed = account(out, "smtp", host="127.0.0.1", port=server.port, tls="none", sender="Ada <ada@example.org>")

        class Lending(Context):
            async def service(self, connection: str, kind: type[Any]) -> Any:
                return signed.service(kind)

        config = {"connection": "Mail", "reply_to_message": heard.more, "text": "On its way."}
        await EMAIL.run(EMAIL.Input.model_validate(config), Lending(out))
        (answer,) = server.delivered
    assert answer.to == ("desk@x.example",)
    message = answer.message
    assert (message["Subject"], message["In-Reply-To"]) == ("Re: Order 17", "<1@x>")
    assert str(message["References"]).split() == ["<0@x>", "<1@x>"]
    back = parsed(answer.raw)  # in our own mailbox it is ours, and no machine answers it
    assert (back.own, back.from_bot, back.thread) == (True, True, "<0@x>")
