"""The email step: what becomes of its configuration, and what can't be said in it."""

from typing import Any

import pytest
from pydantic import ValidationError

from blocks import registry
from blocks.action import Effect
from blocks.errors import InvalidInput
from blocks.services import Mail, Mailer
from blocks.values import JsonObject
from core.mail import letters
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from tests.blocks.accounts import account
from tests.blocks.context import Context
from tests.vendors.smtp import SmtpServer

EMAIL = registry.actions()["email"]


class Recorder(Mailer):
    def __init__(self) -> None:
        self.sent: list[tuple[Mail, str]] = []

    async def send(self, mail: Mail, *, key: str, timeout_s: float) -> JsonObject:
        self.sent.append((mail, key))
        return {"message_id": mail.message_id, "recipients": len(mail.to), "answer": "OK"}


async def sent(renderer: Renderer | None = None, **config: Any) -> Mail:
    """What a mailer is given by such a step."""
    recorder = Recorder()

    class Lending(Context):
        async def service(self, connection: str, kind: type[Any]) -> Any:
            assert (connection, kind) == ("Mail", Mailer)
            return recorder

        async def letter(self, template: str, values: JsonObject, language: str) -> Any:
            assert renderer is not None
            return await letters.write(renderer, template, values, language, workspace="w")

    given = EMAIL.Input.model_validate({"connection": "Mail", **config})
    assert EMAIL.effect(given) is Effect.UNSAFE
    async with Outgoing(Policy()) as out:
        await EMAIL.run(given, Lending(out))
    ((mail, key),) = recorder.sent
    assert key == "0190/s1/0"
    return mail


async def test_a_plain_mail() -> None:
    mail = await sent(to="ada@example.org", cc=["b@example.org"], subject="Hi", text="x")
    assert (mail.to, mail.cc, mail.bcc) == (("ada@example.org",), ("b@example.org",), ())
    assert (mail.subject, mail.text, mail.html, mail.in_reply_to) == ("Hi", "x", None, None)
    again = await sent(to="ada@example.org", subject="other", text="y")
    assert mail.message_id == again.message_id  # it belongs to the step, whatever its attempt says


async def test_an_answer_goes_to_who_wrote_and_stays_in_the_thread() -> None:
    more = {
        "message_id": "<3@x>", "references": ["<1@x>", "<2@x>"], "subject": "Order 17", "from": "Ada <ada@example.org>",
        "reply_to": None, "automatic": None, "to": ["bot@example.org"],
    }  # fmt: skip
    mail = await sent(reply_to_message=more, text="Thanks")
    assert mail.to == ("Ada <ada@example.org>",)
    assert (mail.subject, mail.in_reply_to) == ("Re: Order 17", "<3@x>")
    assert mail.references == ("<1@x>", "<2@x>", "<3@x>")
    mail = await sent(reply_to_message={**more, "reply_to": "desk@example.org", "subject": "RE: x"}, text="T")
    assert (mail.to, mail.subject) == (("desk@example.org",), "RE: x")
    mail = await sent(reply_to_message="<9@x>", to="a@example.org", subject="s", text="T")
    assert (mail.in_reply_to, mail.references) == ("<9@x>", ("<9@x>",))
    mail = await sent(reply_to_message={**more, "message_id": "<a b>\r\n"}, text="T")  # an id that no header can hold
    assert (mail.in_reply_to, mail.references) == (None, ("<1@x>", "<2@x>"))
    with pytest.raises(InvalidInput, match="give to"):
        await sent(reply_to_message="<9@x>", text="T")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "needs a recipient"),
        ({"to": "ada@example.org"}, "needs a body"),
        ({"to": "ada", "text": "x"}, "no mail address"),
        ({"to": "a@b.example, c@d.example", "text": "x"}, "more than one"),
        ({"to": "a@b.example\r\nBcc: c@d.example", "text": "x"}, "line break"),
        ({"to": "a@b.example", "text": "x", "subject": "a\nBcc: c@d.example"}, "one line"),
        ({"to": "a@b.example", "text": "x", "from": "a@b\r\nX: y"}, "line break"),
        ({"to": "a@b.example", "text": "x", "template": "welcome"}, "either a body or a template"),
        ({"to": ["a@b.example"] * 30, "cc": ["a@b.example"] * 30, "text": "x"}, "50 recipients"),
        ({"to": ["a@b.example"] * 51, "text": "x"}, "at most 50"),
        ({"to": "a@b.example", "text": "x", "attachments": [{"$file": "x"}] * 21}, "at most 20"),
        ({"to": {"a": 1}, "text": "x"}, "valid string"),
        ({"to": "a@b.example", "text": "x", "subject": "x" * 501}, "500"),
    ],
)
def test_what_is_refused_on_save(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EMAIL.Input.model_validate({"connection": "Mail", **config})


async def test_templates_fill_in_and_escape() -> None:
    async with Renderer(children=1) as renderer:
        values = {"name": "<b>Ada</b>", "link": 'https://x.example/"><script>alert(1)</script>'}
        mail = await sent(renderer, to="a@b.example", template="welcome", values=values)
        assert mail.subject == "Welcome, <b>Ada</b>"
        assert mail.text is not None
        assert "Hello <b>Ada</b>" in mail.text
        assert mail.html is not None
        assert "&lt;b&gt;Ada" in mail.html
        assert "<script" not in mail.html
        french = await sent(renderer, to="a@b.example", template="welcome", values=values, language="fr", subject="Moi")
        assert (french.subject, "Bonjour" in str(french.text)) == ("Moi", True)
        reply = await sent(
            renderer, to="a@b.example", template="reply",
            values={"text": "{{ 7*7 }}", "quote": "a\nb", "author": "Ada", "subject": "x\r\nBcc: y"},
        )  # fmt: skip
        assert reply.subject == "Re: x Bcc: y"
        assert reply.text == "{{ 7*7 }}\n\nAda wrote:\n> a\n> b\n"
        with pytest.raises(InvalidInput, match="there is no 'name'"):
            await sent(renderer, to="a@b.example", template="welcome")
        with pytest.raises(InvalidInput, match="no mail template 'layout'"):
            await sent(renderer, to="a@b.example", template="layout")
        with pytest.raises(InvalidInput, match="no mail template"):
            await sent(renderer, to="a@b.example", template="../../secrets")


@pytest.mark.proves("S6.5 (4)")
@pytest.mark.parametrize("language", letters.LANGUAGES)
@pytest.mark.parametrize("name", ["welcome", "notification", "reply", "password", "email", "invitation", "approval"])
async def test_every_template_is_whole_in_every_language(name: str, language: str) -> None:
    values: JsonObject = {
        each: f"some {each}" for each in ("name", "title", "text", "link", "inviter", "workspace", "subject", "quote")
    }
    async with Renderer(children=1) as renderer:
        letter = await letters.write(renderer, name, values, language, workspace="w")
    assert letter.subject
    assert f'<html lang="{language}">' in letter.html
    assert "some" in letter.text
    assert letters.template(name, language) != letters.template(name, "en" if language == "fr" else "fr") or name == "x"


@pytest.mark.proves("S6.5 (1)", "R-INTG-2", "I-12", "R-ENG-3", "R-INT-4", "PHASE-3")
async def test_the_whole_step_over_a_real_server() -> None:
    async with (
        SmtpServer() as server,
        Outgoing(Policy.of([f"127.0.0.1:{server.port}"])) as out,
    ):
        signed = account(out, "smtp", host="127.0.0.1", port=server.port, tls="none", sender="bot@example.org")

        class Lending(Context):
            async def service(self, connection: str, kind: type[Any]) -> Any:
                return signed.service(kind)

        given = EMAIL.Input.model_validate({"connection": "Mail", "to": "ada@example.org", "text": "x", "subject": "S"})
        done = await EMAIL.run(given, Lending(out))
        (found,) = server.delivered
        assert done.output["message_id"] == found.message["Message-ID"]  # type: ignore[union-attr,index,call-overload]
