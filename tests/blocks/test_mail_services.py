"""Mail through Resend and SendGrid: what they take, what they refuse, and what is known when they are silent."""

import base64
import json
import urllib.error
import urllib.request
from asyncio import to_thread
from typing import Any

import pytest

from blocks.errors import InvalidInput, Retryable
from blocks.services import Attachment
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.redaction import Redactor
from tests.blocks.accounts import account, mail, mailer
from tests.vendors.resend import Resend
from tests.vendors.sendgrid import SendGrid

SENDER = "Vutler <bot@example.org>"
FULL: dict[str, Any] = {
    "cc": ("Bö; Inc, Ltd <b@example.org>", "ADA@example.org"), "bcc": ("c@example.org",), "html": "<p>x</p>",
    "subject": "Grüße", "in_reply_to": "<2@x>", "references": ("<1@x>", "<2@x>"), "reply_to": "desk@example.org",
    "attachments": [Attachment("a.pdf", "application/pdf", b"%PDF")],
}  # fmt: skip


def resend(out: Outgoing, service: Resend, **changes: Any) -> Any:
    return mailer(out, "resend", **({"api_key": service.key, "api_url": service.url, "sender": SENDER} | changes))


def sendgrid(out: Outgoing, service: SendGrid, **changes: Any) -> Any:
    return mailer(out, "sendgrid", **({"api_key": service.key, "api_url": service.url, "sender": SENDER} | changes))


def asked(url: str, body: Any, **headers: str) -> tuple[int, Any]:
    """By an independent client."""
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


async def test_resend_does_what_its_pages_say() -> None:
    good = {"from": "a@example.org", "to": ["b@x.example"], "subject": "s", "text": "t"}
    async with Resend() as service:
        url, key = f"{service.url}/emails", {"Authorization": f"Bearer {service.key}"}
        assert (await to_thread(asked, url, good))[1]["name"] == "missing_api_key"
        assert (await to_thread(asked, url, good, Authorization="Bearer x"))[0] == 403
        status, first = await to_thread(asked, url, good, **key, **{"Idempotency-Key": "k"})
        assert (status, (await to_thread(asked, url, good, **key, **{"Idempotency-Key": "k"}))[1]) == (200, first)
        other = good | {"subject": "other"}
        assert (await to_thread(asked, url, other, **key, **{"Idempotency-Key": "k"}))[0] == 409
        assert (await to_thread(asked, url, {"to": ["b@x.example"]}, **key))[1]["name"] == "missing_required_field"
        assert (await to_thread(asked, url, good | {"from": "a@other.example"}, **key))[0] == 403
        assert len(service.sent) == 1


async def test_sendgrid_does_what_its_pages_say() -> None:
    good: dict[str, Any] = {
        "personalizations": [{"to": [{"email": "b@x.example"}]}], "from": {"email": "bot@example.org"},
        "subject": "s", "content": [{"type": "text/plain", "value": "t"}],
    }  # fmt: skip
    async with SendGrid() as service:
        url, key = f"{service.url}/v3/mail/send", {"Authorization": f"Bearer {service.key}"}
        assert (await to_thread(asked, url, good))[0] == 401
        assert (await to_thread(asked, url, good, **key))[0] == 202
        twice = good | {"personalizations": [{"to": [{"email": "b@x.example"}] * 2}]}
        assert (await to_thread(asked, url, twice, **key))[0] == 400
        assert (await to_thread(asked, url, good | {"headers": {"Subject": "x"}}, **key))[0] == 400
        assert (await to_thread(asked, url, good | {"from": {"email": "x@example.org"}}, **key))[0] == 403
        assert len(service.sent) == 1


async def test_resend_gets_the_whole_mail() -> None:
    async with Resend() as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        done = await resend(out, service).send(mail(**FULL), key="run/step/0", timeout_s=5)
        (sent,) = service.sent
        assert (done["recipients"], service.asked) == (3, [("/emails", "run/step/0")])
        assert (sent["from"], sent["to"]) == (SENDER, ["Ada Lovelace <ada@example.org>"])
        assert (sent["subject"], sent["html"], sent["reply_to"]) == ("Grüße", "<p>x</p>", "desk@example.org")
        assert sent["headers"] == {
            "Auto-Submitted": "auto-replied", "In-Reply-To": "<2@x>", "References": "<1@x> <2@x>",
        }  # fmt: skip
        (attachment,) = sent["attachments"]
        assert base64.b64decode(attachment["content"]) == b"%PDF"


async def test_sendgrid_gets_the_whole_mail_with_each_address_once() -> None:
    async with SendGrid() as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        done = await sendgrid(out, service).send(mail(**FULL), key="k", timeout_s=5)
        (sent,) = service.sent
        assert done == {"message_id": "msg-1", "answer": "SendGrid took it.", "recipients": 3}
        (people,) = sent["personalizations"]
        assert people["cc"] == [{"email": "b@example.org", "name": "Bö  Inc  Ltd"}]
        assert [part["type"] for part in sent["content"]] == ["text/plain", "text/html"]


@pytest.mark.parametrize("fault", ["lost", "cut"])
async def test_a_lost_answer_of_resend_is_asked_for_again_and_sends_once(fault: str) -> None:
    async with Resend(fails=[fault]) as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        await resend(out, service).send(mail(), key="k", timeout_s=5)
        assert (len(service.sent), service.asked) == (1, [("/emails", "k")] * 2)


async def test_where_resend_stays_silent_it_is_not_known() -> None:
    async with Resend(fails=["lost", "cut"]) as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        with pytest.raises(Retryable) as caught:
            await resend(out, service).send(mail(), key="k", timeout_s=5)
        assert caught.value.answered is False
        await resend(out, service).send(mail(), key="k", timeout_s=5)  # a person said: again
        assert len(service.sent) == 1


@pytest.mark.parametrize("fault", ["lost", "cut", "slow"])
async def test_a_lost_answer_of_sendgrid_is_a_doubt(fault: str) -> None:
    async with SendGrid(fails=[fault]) as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        with pytest.raises(Retryable) as caught:
            await sendgrid(out, service).send(mail(), key="k", timeout_s=1)
        assert (caught.value.answered, service.asked) == (False, 1)


@pytest.mark.parametrize(
    ("fault", "after", "cause"),
    [
        ((429, "rate_limit_exceeded", "Too many requests.", {"retry_after": "7"}), 7.0, "rate_limited"),
        ((500, "internal_server_error", "An unexpected error occurred."), None, "server_error"),
        ((409, "concurrent_idempotent_requests", "Original request is in progress."), None, "server_error"),
    ],
)
async def test_what_resend_refuses_for_now(fault: Any, after: float | None, cause: str) -> None:
    async with Resend(fails=[fault]) as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        with pytest.raises(Retryable) as caught:
            await resend(out, service).send(mail(), key="k", timeout_s=5)
        assert (caught.value.answered, caught.value.after, caught.value.cause) == (True, after, cause)
        assert service.sent == []


async def test_what_they_refuse_for_good_and_garbage() -> None:
    quota = (429, "daily_quota_exceeded", "Quota reached.")
    async with Resend(fails=[quota]) as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        with pytest.raises(InvalidInput, match="Quota reached"):
            await resend(out, service).send(mail(), key="k", timeout_s=5)
        with pytest.raises(InvalidInput, match="not verified"):
            await resend(out, service, sender="a@other.example").send(mail(), key="k", timeout_s=5)
        service.fails = ["garbage"]
        with pytest.raises(Retryable, match="not known") as caught:
            await resend(out, service).send(mail(), key="k", timeout_s=5)
        assert caught.value.answered is False
    rate = (429, "too many requests", {"retry_after": "3"})
    async with SendGrid(fails=["garbage", rate]) as grid, Outgoing(Policy.of(["127.0.0.1"])) as out:
        with pytest.raises(Retryable) as caught:
            await sendgrid(out, grid).send(mail(), key="k", timeout_s=5)
        assert caught.value.answered is True
        with pytest.raises(Retryable) as caught:
            await sendgrid(out, grid).send(mail(), key="k", timeout_s=5)
        assert (caught.value.after, caught.value.cause) == (3.0, "rate_limited")
        with pytest.raises(InvalidInput, match="verified Sender"):
            await sendgrid(out, grid, sender="x@example.org").send(mail(), key="k", timeout_s=5)


@pytest.mark.parametrize("kind", ["resend", "sendgrid"])
async def test_the_test_button_really_asks_and_tells_no_key(kind: str) -> None:
    services: Any = {"resend": Resend, "sendgrid": SendGrid}
    async with services[kind]() as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        values = {"api_key": service.key, "api_url": service.url, "sender": SENDER}
        assert "knows the key" in await account(out, kind, **values).test()
        redactor = Redactor()
        with pytest.raises(InvalidInput) as caught:
            await account(out, kind, redactor, **(values | {"api_key": "wrong-canary"})).test()
        assert "canary" not in redactor.text(str(caught.value))
        with pytest.raises(InvalidInput, match="may not call"):
            await account(out, kind, **(values | {"api_url": "https://10.0.0.1"})).test()
        with pytest.raises(InvalidInput, match="lacks a field"):  # a key under TLS only
            account(out, kind, hosts=[], **(values | {"api_url": "http://api.example.com"}))
    async with SendGrid(scopes=("alerts.read",)) as service, Outgoing(Policy.of(["127.0.0.1"])) as out:
        with pytest.raises(InvalidInput, match=r"give it mail\.send"):
            await account(out, "sendgrid", api_key=service.key, api_url=service.url, sender=SENDER).test()
