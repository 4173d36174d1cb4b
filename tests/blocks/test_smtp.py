"""Mail over SMTP, against a real server: what arrives, what is refused, and what is not known."""

import asyncio
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.services import Attachment
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.redaction import Redactor
from tests.blocks.accounts import account, mail, mailer
from tests.vendors.certificates import Authority
from tests.vendors.smtp import SmtpServer

LOGIN = {"user": "ada@example.org", "password": "s3cr3t-canary"}
SENDER = {"sender": "Vutler <bot@example.org>"}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.root))
    return made


def open_to(server: SmtpServer) -> Outgoing:
    return Outgoing(Policy.of([f"127.0.0.1:{server.port}", f"localhost:{server.port}"]))


async def test_the_server_takes_what_an_independent_client_sends(authority: Authority) -> None:
    context = authority.context("localhost")
    async with SmtpServer("starttls", context, user=LOGIN["user"]) as server:

        def talk() -> None:
            with smtplib.SMTP("localhost", server.port) as client:
                with pytest.raises(smtplib.SMTPSenderRefused):
                    client.sendmail("bot@example.org", ["ada@example.org"], b"Subject: x\r\n\r\nx")
                client.starttls(context=authority.trusting())
                with pytest.raises(smtplib.SMTPAuthenticationError):
                    client.login(LOGIN["user"], "wrong")
                client.login(**LOGIN)
                message = EmailMessage()
                message["Subject"] = "independent"
                client.send_message(message, "bot@example.org", ["ada@example.org"])

        await asyncio.to_thread(talk)
        assert [each.message["Subject"] for each in server.delivered] == ["independent"]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_mail_arrives_whole(authority: Authority, tls: Any) -> None:
    async with SmtpServer(tls, authority.context("localhost"), user=LOGIN["user"]) as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls=tls, **LOGIN, **SENDER)
        done = await sends.send(
            mail(
                subject="Grüße – ça va ?",
                text="Zeile\n.\n..Punkt\n",
                html="<p>Zeile</p>",
                cc=("Bö <b@münchen.example>",),
                bcc=("secret@example.org", "ADA@example.org"),
                in_reply_to="<root@x>",
                references=("<root@x>",),
                attachments=[Attachment('a"b\r\n/.pdf', "application/pdf", b"%PDF" + bytes(range(256)) * 40)],
            ),
            key="run/step/0",
            timeout_s=10,
        )
        (found,) = server.delivered
        message = found.message
        assert done == {
            "message_id": "<one@vutler.test>", "answer": "250 2.0.0 OK queued as 4F2A", "recipients": 3,
        }  # fmt: skip
        assert server.logins == [(LOGIN["user"], LOGIN["password"])]
        assert found.sender == "bot@example.org"
        assert sorted(found.to) == ["ada@example.org", "b@xn--mnchen-3ya.example", "secret@example.org"]
        assert "secret@example.org" not in str(message)
        assert message["Subject"] == "Grüße – ça va ?"
        assert message["Cc"].addresses[0].display_name == "Bö"
        assert (message["Message-ID"], message["In-Reply-To"]) == ("<one@vutler.test>", "<root@x>")
        assert message["References"] == "<root@x>"
        assert message["Auto-Submitted"] == "auto-replied"
        assert message.get_body(("plain",)).get_content().splitlines() == ["Zeile", ".", "..Punkt"]  # type: ignore[union-attr]
        (attachment,) = message.iter_attachments()
        assert attachment.get_filename() == "a_b___.pdf"
        assert attachment.get_content() == b"%PDF" + bytes(range(256)) * 40


async def test_a_long_thread_keeps_its_ids_as_they_are(authority: Authority) -> None:
    ids = tuple(f"<{'a' * 90}.{number}@a-rather-long-domain.example.org>" for number in range(60))
    async with SmtpServer() as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        await sends.send(mail(in_reply_to=ids[-1], references=ids), key="k", timeout_s=10)
        (found,) = server.delivered
        assert str(found.message["References"]).split() == [ids[0], *ids[-29:]]
        assert b"=?" not in found.raw


async def test_a_refused_recipient_stops_the_mail_for_all(authority: Authority) -> None:
    async with SmtpServer(refused=frozenset({"gone@example.org"})) as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        with pytest.raises(InvalidInput, match=r"gone@example\.org: 550") as caught:
            await sends.send(mail(cc=("gone@example.org",)), key="k", timeout_s=10)
        assert caught.value.code == "recipient_refused"
        assert server.seen == ["ada@example.org", "gone@example.org"]
        assert server.delivered == []


async def test_greylisting_is_tried_again_and_sends_nothing_meanwhile() -> None:
    async with SmtpServer(greylist=True) as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        with pytest.raises(Retryable) as caught:
            await sends.send(mail(), key="k", timeout_s=10)
        assert (caught.value.answered, server.delivered) == (True, [])
        await sends.send(mail(), key="k", timeout_s=10)
        assert len(server.delivered) == 1


@pytest.mark.parametrize(
    ("behaviour", "answered", "kept"),
    [
        ({"cut": "greeting"}, True, 0),
        ({"cut": "before"}, False, 0),  # nobody can tell it from the next one
        ({"cut": "after"}, False, 1),
        ({"silent": True}, False, 1),
        ({"answer": "451 4.3.0 later"}, True, 0),
        ({"answer": "nonsense"}, False, 1),
    ],
)
async def test_whether_it_may_have_been_taken(behaviour: dict[str, Any], answered: bool, kept: int) -> None:
    async with SmtpServer(**behaviour) as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        with pytest.raises(Retryable) as caught:
            await sends.send(mail(), key="k", timeout_s=1)
        assert (caught.value.answered, len(server.delivered)) == (answered, kept)


async def test_what_the_server_refuses_for_good() -> None:
    async with SmtpServer(answer="554 5.7.1 spam") as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        with pytest.raises(InvalidInput, match="554"):
            await sends.send(mail(), key="k", timeout_s=10)
    async with SmtpServer(size=10_000) as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        with pytest.raises(InvalidInput, match="takes mails of 10000 bytes"):
            await sends.send(mail(text="x" * 20_000), key="k", timeout_s=10)


async def test_a_wrong_password_says_so_and_is_not_told(authority: Authority) -> None:
    redactor = Redactor()
    async with SmtpServer("implicit", authority.context("localhost"), user="ada") as server, open_to(server) as out:
        wrong = account(
            out, "smtp", redactor, host="localhost", port=server.port, tls="implicit", user="ada",
            password="wrong-canary", **SENDER,
        )  # fmt: skip
        with pytest.raises(InvalidInput, match="refused user name or password") as caught:
            await wrong.test()
        assert "canary" not in redactor.text(str(caught.value)) + repr(wrong.fields)
        right = account(out, "smtp", host="localhost", port=server.port, tls="implicit", user="ada",
                        password="s3cr3t-canary", **SENDER)  # fmt: skip
        assert await right.test() == "localhost signed in behind TLS."


async def test_a_certificate_of_another_host_or_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    async with (
        SmtpServer("implicit", authority.context("mail.example.org"), user="ada") as server,
        open_to(server) as out,
    ):
        sends = account(out, "smtp", host="localhost", port=server.port, tls="implicit", **LOGIN, **SENDER)
        with pytest.raises(InvalidInput, match="not valid for it"):
            await sends.test()
    (tmp_path / "other").mkdir()
    foreign = Authority(tmp_path / "other")
    async with SmtpServer("starttls", foreign.context("localhost"), user="ada") as server, open_to(server) as out:
        sends = account(out, "smtp", host="localhost", port=server.port, tls="starttls", **LOGIN, **SENDER)
        with pytest.raises(InvalidInput, match="not valid for it"):
            await sends.test()
        assert server.logins == []


async def test_a_server_without_starttls_gets_neither_mail_nor_password() -> None:
    async with SmtpServer(user="ada") as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="starttls", **LOGIN, **SENDER)
        with pytest.raises(InvalidInput, match="no STARTTLS"):
            await sends.send(mail(), key="k", timeout_s=5)
        assert (server.logins, server.delivered) == ([], [])


async def test_without_tls_only_to_what_the_operator_allows() -> None:
    async with Outgoing(Policy()) as out:
        public = mailer(out, "smtp", host="93.184.216.34", tls="none", **SENDER)
        with pytest.raises(InvalidInput, match="without TLS only to a host that the operator allows"):
            await public.send(mail(), key="k", timeout_s=5)
        for host in ("127.0.0.1", "169.254.169.254", "10.1.2.3"):
            with pytest.raises(InvalidInput, match="may not call") as caught:
                await mailer(out, "smtp", host=host, tls="starttls", **SENDER).send(mail(), key="k", timeout_s=5)
            assert caught.value.code == "blocked_address"


async def test_a_password_without_tls_can_not_be_saved() -> None:
    async with Outgoing(Policy()) as out:
        with pytest.raises(ActionError, match="lacks a field"):
            account(out, "smtp", hosts=[], host="localhost", tls="none", **LOGIN, **SENDER)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a\r\nBcc: evil@example.org"},
        {"subject": "a\u2028b"},
        {"to": ("ada@example.org\r\nRCPT TO:<evil@example.org>",)},
        {"to": ("ada@example.org, evil@example.org",)},
        {"to": ("x\n <ada@example.org>",)},
        {"to": ("ada@example.org> SIZE=1 <evil@example.org",)},
        {"cc": ("@",)},
        {"to": ()},
        {"reply_to": "a@b\nX: y"},
        {"in_reply_to": "<a b@c>"},
        {"in_reply_to": "<a@b>\r\nBcc: evil@example.org"},
        {"references": ("<a@b>", "c@d")},
        {"message_id": "<a\r\n@b>"},
        {"sender": "a@b\r\nX: y"},
        {"text": None},
        {"attachments": [Attachment("big", "text/plain", b"x" * 25_000_001)]},
    ],
)
async def test_nothing_becomes_another_header_or_recipient(changes: dict[str, Any]) -> None:
    async with SmtpServer() as server, open_to(server) as out:
        sends = mailer(out, "smtp", host="localhost", port=server.port, tls="none", **SENDER)
        with pytest.raises((InvalidInput, ValueError)):
            await sends.send(mail(**changes), key="k", timeout_s=5)
        assert server.sessions == 0
