"""Mailboxes, against a real server: each mail once, whatever happens in between."""

import asyncio
import contextlib
import imaplib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from blocks import registry
from blocks.connections.imap import Imap
from blocks.errors import InvalidInput, Retryable
from blocks.listening import Heard
from blocks.values import JsonObject
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.accounts import account
from tests.vendors.certificates import Authority
from tests.vendors.dovecot import PASSWORD, Dovecot, dovecot
from tests.waiting import until

IMAP = registry.connections()["imap"]


@pytest.fixture
async def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dovecot]:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    async with dovecot(authority) as server:
        yield server


@dataclass
class Inbox:
    """An ear that keeps what it was given, as `core/listening` does in the database; `fails` before it is kept."""

    cursor: JsonObject | None = None
    heard: list[Heard] = field(default_factory=list)
    works: asyncio.Event = field(default_factory=asyncio.Event)
    fails: Callable[[Heard], bool] = lambda _: False
    taken: int = 0

    @property
    def channels(self) -> frozenset[str]:
        return frozenset()

    async def take(self, heard: Sequence[Heard], cursor: JsonObject) -> None:
        for each in heard:
            if self.fails(each):
                raise ConnectionError("the worker died here")
            self.taken += 1
            if each.id not in {known.id for known in self.heard}:
                self.heard.append(each)
        self.cursor = cursor

    def working(self, account: str) -> None:
        self.works.set()

    async def holds(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.heard) >= count

        await until(enough, seconds=30)


@contextlib.asynccontextmanager
async def listening(server: Dovecot, inbox: Inbox, **fields: Any) -> AsyncIterator["asyncio.Task[None]"]:
    """The kind at work, from where the inbox's cursor stands."""
    values = {
        "host": "localhost", "port": server.implicit, "user": "ada", "password": PASSWORD,
        "address": "ada@example.org",
    } | fields  # fmt: skip
    async with Outgoing(Policy.of([f"localhost:{values['port']}"])) as out:
        signed = account(out, "imap", **values)
        assert isinstance(IMAP, Imap)
        inbox.works.clear()
        task = asyncio.create_task(IMAP.listen(signed.fields, signed, inbox))  # type: ignore[arg-type]
        works = asyncio.create_task(inbox.works.wait())
        try:
            await asyncio.wait((task, works), timeout=30, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield task
        finally:
            for each in (task, works):
                each.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await each


def written(number: int, **headers: str) -> bytes:
    message = EmailMessage()
    message["Message-ID"] = f"<{number}@x.example>"
    message["From"], message["To"] = "Bob <bob@x.example>", "ada@example.org"
    message["Subject"] = f"Number {number}"
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(f"This is {number}.\n")
    return message.as_bytes()


async def test_an_independent_client_finds_what_was_put_there(mailbox: Dovecot) -> None:
    await mailbox.deliver(written(1))

    def look() -> list[Any]:
        with mailbox.client() as client:
            client.select("INBOX", readonly=True)
            return client.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]

    assert b"Number 1" in (await asyncio.to_thread(look))[0][1]
    with pytest.raises(imaplib.IMAP4.error, match=r"(?i)auth"):  # noqa: PT012
        client = imaplib.IMAP4_SSL("localhost", mailbox.implicit, ssl_context=mailbox.authority.trusting())
        client.login("ada", "wrong")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_what_comes_is_heard_and_what_lay_there_is_not(mailbox: Dovecot, tls: str) -> None:
    await mailbox.deliver(written(1))
    inbox = Inbox()
    async with listening(mailbox, inbox, tls=tls, port=getattr(mailbox, tls)):
        assert inbox.cursor is not None
        await mailbox.deliver(written(2), written(3, References="<1@x.example> <2@x.example>"))
        await inbox.holds(2)  # far sooner than the next look: the server tells of it
    first, second = inbox.heard
    assert (first.id, first.channel, first.text, first.thread) == ("<2@x.example>", "INBOX", "This is 2.", None)
    assert (first.sender_id, first.sender_name) == ("bob@x.example", "Bob")
    assert (second.thread, second.more["references"]) == ("<1@x.example>", ["<1@x.example>", "<2@x.example>"])

    def flags() -> Any:
        with mailbox.client() as client:
            client.select("INBOX", readonly=True)
            return client.search(None, "SEEN")[1]

    assert await asyncio.to_thread(flags) == [b""]  # nothing was marked


async def test_a_restart_in_the_middle_reads_each_mail_once(mailbox: Dovecot) -> None:
    inbox = Inbox()
    async with listening(mailbox, inbox):
        await mailbox.deliver(*[written(number) for number in range(5)])
        await inbox.holds(5)
    await mailbox.deliver(*[written(number) for number in range(5, 25)])  # while nobody listens
    for stop in ("<9@x.example>", "<17@x.example>"):
        inbox.fails = lambda heard, stop=stop: heard.id == stop  # type: ignore[misc]
        async with listening(mailbox, inbox) as task:
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(task, 30)
    inbox.fails = lambda _: False
    async with listening(mailbox, inbox):
        await inbox.holds(25)
    assert [each.id for each in inbox.heard] == [f"<{number}@x.example>" for number in range(25)]
    assert inbox.taken == 25  # not one was given twice


async def test_a_mailbox_that_is_numbered_anew_gives_nothing_twice(mailbox: Dovecot) -> None:
    inbox = Inbox()
    async with listening(mailbox, inbox):
        await mailbox.deliver(written(1), written(2))
        await inbox.holds(2)
    before = inbox.cursor
    await mailbox.renumber()
    await mailbox.deliver(written(3))
    async with listening(mailbox, inbox):
        await inbox.holds(3)
    assert [each.id for each in inbox.heard] == [f"<{number}@x.example>" for number in (1, 2, 3)]
    assert before is not None
    assert inbox.cursor is not None
    assert before["validity"] != inbox.cursor["validity"]


async def test_a_mail_that_is_too_large_is_named_and_cut(mailbox: Dovecot) -> None:
    message = EmailMessage()
    message["Message-ID"], message["From"] = "<big@x.example>", "bob@x.example"
    message.set_content("Look at this.")
    message.add_attachment(b"x" * 20_000_000, "application", "pdf", filename="big.pdf")
    small = EmailMessage()
    small["Message-ID"], small["From"] = "<small@x.example>", "bob@x.example"
    small.set_content("Attached.")
    small.add_attachment(b"%PDF" * 100, "application", "pdf", filename="Äpfel.pdf")
    inbox = Inbox()
    async with listening(mailbox, inbox):
        await mailbox.deliver(message.as_bytes(), small.as_bytes())
        await inbox.holds(2)
    big, other = inbox.heard
    assert (big.text, big.attachments) == ("Look at this.", [])
    assert big.more["left_out"] == [
        {"name": "big.pdf", "media_type": "application/pdf", "why": "The mail is too large."}
    ]
    assert [(each.name, each.content) for each in other.attachments] == [("Äpfel.pdf", b"%PDF" * 100)]


async def test_what_keeps_it_from_listening_has_its_own_words(mailbox: Dovecot, tmp_path: Path) -> None:
    async with Outgoing(Policy.of([f"localhost:{mailbox.implicit}", f"localhost:{mailbox.starttls}"])) as out:

        async def tested(**changes: Any) -> str:
            values = {"host": "localhost", "port": mailbox.implicit, "user": "ada", "password": PASSWORD}
            return await account(out, "imap", **(values | changes)).test()

        assert await tested() == "localhost signed in behind TLS; INBOX holds 0 mails."
        assert await tested(tls="starttls", port=mailbox.starttls) == (
            "localhost signed in behind TLS; INBOX holds 0 mails."
        )
        with pytest.raises(InvalidInput, match="refused user name or password") as caught:
            await tested(password="wrong-canary")
        assert "canary" not in str(caught.value)
        with pytest.raises(InvalidInput, match="no folder Nowhere"):
            await tested(folder="Nowhere")
        with pytest.raises(InvalidInput, match="speaks no TLS"):
            await tested(port=mailbox.starttls)
        with pytest.raises(InvalidInput, match="may not call"):
            await tested(host="127.0.0.1")
        (tmp_path / "other").mkdir()
        foreign = Authority(tmp_path / "other")
        async with dovecot(foreign) as other, Outgoing(Policy.of([f"localhost:{other.implicit}"])) as way:
            values = {"host": "localhost", "port": other.implicit, "user": "ada", "password": PASSWORD}
            with pytest.raises(InvalidInput, match="not valid for it"):
                await account(way, "imap", **values).test()


HELLO = b"* OK hello\r\n"
CAPABILITIES = b"* CAPABILITY IMAP4rev1\r\n"


@contextlib.asynccontextmanager
async def hostile(tmp_path: Path, *answers: bytes) -> AsyncIterator[int]:
    """A server that answers the n-th command with the n-th of these, `TAG` standing for the command's tag."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.write(answers[0])
            for answer in answers[1:]:
                line = await reader.readline()
                if not line:
                    break
                writer.write(answer.replace(b"TAG", line.split(b" ")[0]))
                await writer.drain()
            await reader.read()
        writer.close()

    context = Authority(tmp_path).context("localhost")
    server = await asyncio.start_server(talk, "localhost", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


SIGNED_IN = (HELLO, CAPABILITIES + b"TAG OK done\r\n", b"TAG OK in\r\n")
OPENED = (*SIGNED_IN, b"* 9 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\nTAG OK [READ-ONLY] open\r\n")
FOUND = (*OPENED, b"TAG OK done\r\n", b"* SEARCH 10\r\nTAG OK done\r\n")
SIZED = (*FOUND, b'* 1 FETCH (UID 10 RFC822.SIZE 5 INTERNALDATE "x")\r\nTAG OK done\r\n')


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((b"",), ""),
        ((b"\x00\xff\xfe garbage\r\n",), "unexpected response"),
        ((b"* BYE go away\r\n",), "go away"),
        ((HELLO, b"* CAPABILITY NOTHING\r\nTAG OK done\r\n"), "not IMAP4 compliant"),
        ((HELLO, b"* " + b"x" * 5_000_000 + b"\r\n"), "more than 4000000 bytes"),
        ((*SIZED, b"* 1 FETCH (UID 10 BODY[] {4000000000}\r\nabc"), "more than 40000000 bytes"),
        ((*SIZED, b"* 1 FETCH (UID 10 BODY[] {99999999999999999999}\r\nabc"), "more than 40000000 bytes"),
        ((*SIZED, b"* 1 FETCH (UID 10 BODY[] {30000000}\r\n" + b"x" * 1000), ""),
        ((*FOUND, b"* 1 EXPUNGE\r\n" * 150_000), "more than 100000 lines"),
        ((*FOUND[:-1], b"* SEARCH " + b"9" * 5_000 + b"\r\nTAG OK done\r\n"), "answered nonsense"),
    ],
    ids=["silence", "garbage", "bye", "no imap", "line", "literal", "literal of nonsense", "torn", "flood", "number"],
)
async def test_a_hostile_server_costs_an_attempt_and_nothing_else(
    answers: tuple[bytes, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hostile(tmp_path, *answers) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
        async with Outgoing(Policy.of([f"localhost:{port}"])) as out:
            signed = account(out, "imap", host="localhost", port=port, user="ada", password="p")
            assert isinstance(IMAP, Imap)
            inbox = Inbox(cursor={"validity": 7, "uid": 9, "at": "2026-11-20T00:00:00+00:00"})
            listen = IMAP.listen(signed.fields, signed, inbox)  # type: ignore[arg-type]
            # Where it says nothing more, the test's own time ends the wait, and its thread.
            with pytest.raises(Retryable if told else TimeoutError, match=told):
                await asyncio.wait_for(listen, 30 if told else 1)
        assert inbox.heard == []
