"""Mail through Twilio SendGrid (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)."""

import re
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field, SecretStr

from blocks.action import Http
from blocks.connection import TEST_S, Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput
from blocks.mail.addresses import Address, parse
from blocks.mail.composing import addresses, check, file_name, headers, media_type, recipients, texts
from blocks.mail.kind import MailAddress
from blocks.mail.web_service import answer_of, body, checked_base, encoded, host_of, refusal
from blocks.services import Mail, Mailer
from blocks.values import Json, JsonObject

_SCOPE: Final = "mail.send"


class SendgridFields(ConnectionFields):
    api_key: SecretStr = Field(min_length=1, max_length=512, title="API key")
    sender: MailAddress = Field(title="Sender", description="An address, or of a domain, that is verified there.")
    api_url: Annotated[str, Field(max_length=300), AfterValidator(checked_base)] = Field(
        default="https://api.sendgrid.com",
        title="Address of the service",
        description="https://api.eu.sendgrid.com for accounts of the European Union.",
        json_schema_extra={"advanced": True},
    )


class Sendgrid(Connection[SendgridFields]):
    name = "sendgrid"
    title: ClassVar[dict[str, str]] = {"en": "SendGrid", "fr": "SendGrid"}
    description: ClassVar[dict[str, str]] = {
        "en": "Send mail through SendGrid.",
        "fr": "Envoyer du courrier par SendGrid.",
    }
    purpose = "mail_out"
    Fields = SendgridFields
    hosts = ("api.sendgrid.com",)
    example: ClassVar[dict[str, Json]] = {"api_key": "SG.the.key", "sender": "Ada <ada@example.org>"}

    def hosts_of(self, fields: SendgridFields) -> tuple[str, ...]:
        return (host_of(fields.api_url),)

    async def sign(self, fields: SendgridFields, lender: Lender) -> dict[str, str]:
        return {"Authorization": f"Bearer {fields.revealed('api_key')}"}

    def service(self, fields: SendgridFields, way: Way) -> Mailer:
        return SendgridMailer(fields, way)

    async def test(self, fields: SendgridFields, http: Http, lender: Lender) -> str:
        answer = await http.request(
            "GET", f"{fields.api_url}/v3/scopes", headers=_ACCEPT, content=None, timeout_s=TEST_S
        )
        said = answer_of(answer)
        if answer.status != 200:
            raise refusal("SendGrid", answer, _told(said))
        scopes = said.get("scopes")
        if not isinstance(scopes, list) or _SCOPE not in scopes:
            raise InvalidInput("connection_refused", f"SendGrid knows the key, but it may not send: give it {_SCOPE}.")
        return "SendGrid knows the key, and it may send."


class SendgridMailer(Mailer):
    """SendGrid knows no repeats: a lost answer is a doubt."""

    def __init__(self, fields: SendgridFields, way: Way) -> None:
        self._fields = fields
        self._http = way.http

    async def send(self, mail: Mail, *, key: str, timeout_s: float) -> JsonObject:
        check(mail)
        to = recipients(mail)
        answer = await self._http.request(
            "POST",
            f"{self._fields.api_url}/v3/mail/send",
            headers=_ACCEPT | {"Content-Type": "application/json"},
            content=body(_request(mail, parse(mail.sender or self._fields.sender))),
            timeout_s=timeout_s,
        )
        if not 200 <= answer.status < 300:
            raise refusal("SendGrid", answer, _told(answer_of(answer)))
        theirs = answer.headers.get("x-message-id") or mail.message_id
        return {"message_id": theirs, "answer": "SendGrid took it.", "recipients": len(to)}


_ACCEPT: Final = {"Accept": "application/json"}


def _request(mail: Mail, sender: Address) -> JsonObject:
    text, html = texts(mail)
    # Each address may stand there once, whichever of the three lists it is in.
    seen: set[str] = set()
    people: JsonObject = {}
    for name, given in (("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc)):
        listed: list[Json] = []
        for each in addresses(given):
            if each.email.lower() not in seen:
                seen.add(each.email.lower())
                listed.append(_person(each))
        if listed:
            people[name] = listed
    content: list[Json] = [{"type": "text/plain", "value": text or " "}]  # it takes no empty part
    if html:
        content.append({"type": "text/html", "value": html})
    request: JsonObject = {
        "personalizations": [people],
        "from": _person(sender),
        "subject": mail.subject,
        "content": content,
        "headers": {**headers(mail)},
    }
    if mail.reply_to:
        request["reply_to"] = _person(parse(mail.reply_to))
    if mail.attachments:
        request["attachments"] = [
            {
                "filename": file_name(each.name), "type": media_type(each.media_type), "content": encoded(each),
                "disposition": "attachment",
            }
            for each in mail.attachments
        ]  # fmt: skip
    return request


def _person(address: Address) -> JsonObject:
    name = re.sub("[;,]", " ", address.name)  # which names may not hold there
    return {"email": address.email, "name": name} if name else {"email": address.email}


def _told(said: JsonObject) -> str:
    errors = said.get("errors")
    return "; ".join(
        str(each.get("message")) for each in (errors if isinstance(errors, list) else [])[:5] if isinstance(each, dict)
    )
