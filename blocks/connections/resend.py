"""Mail through Resend (https://resend.com/docs/api-reference/emails/send-email)."""

from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field, SecretStr

from blocks import sentences
from blocks.action import Http, HttpResponse
from blocks.connection import TEST_S, Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput, Retryable
from blocks.mail.addresses import parse
from blocks.mail.composing import addresses, check, file_name, headers, media_type, recipients, texts
from blocks.mail.kind import MailAddress
from blocks.mail.web_service import answer_of, body, checked_base, encoded, host_of, refusal
from blocks.services import Mail, Mailer
from blocks.values import Json, JsonObject

_KEY_LENGTH: Final = 256  # characters of an Idempotency-Key, which is remembered for 24 hours


class ResendFields(ConnectionFields):
    api_key: SecretStr = Field(min_length=1, max_length=512, title="API key")
    sender: MailAddress = Field(title="Sender", description="Of a domain that is verified there.")
    api_url: Annotated[str, Field(max_length=300), AfterValidator(checked_base)] = Field(
        default="https://api.resend.com", title="Address of the service", json_schema_extra={"advanced": True}
    )


class Resend(Connection[ResendFields]):
    name = "resend"
    title: ClassVar[dict[str, str]] = {"en": "Resend", "fr": "Resend"}
    description: ClassVar[dict[str, str]] = {"en": "Send mail through Resend.", "fr": "Envoyer du courrier par Resend."}
    purpose = "mail_out"
    Fields = ResendFields
    hosts = ("api.resend.com",)
    example: ClassVar[dict[str, Json]] = {"api_key": "re_the_key", "sender": "Ada <ada@example.org>"}

    def hosts_of(self, fields: ResendFields) -> tuple[str, ...]:
        return (host_of(fields.api_url),)

    async def sign(self, fields: ResendFields, lender: Lender) -> dict[str, str]:
        return {"Authorization": f"Bearer {fields.revealed('api_key')}"}

    def service(self, fields: ResendFields, way: Way) -> Mailer:
        return ResendMailer(fields, way)

    async def test(self, fields: ResendFields, http: Http, lender: Lender) -> str:
        answer = await http.request("GET", f"{fields.api_url}/domains", headers={}, content=None, timeout_s=TEST_S)
        said = answer_of(answer)
        if answer.status == 401 and said.get("name") == "restricted_api_key":
            return "Resend knows the key; it is one for sending alone."
        if answer.status != 200:
            raise refusal("Resend", answer, str(said.get("message", "")))
        return "Resend knows the key."


class ResendMailer(Mailer):
    """A mail whose answer was lost is asked for again under the same key, which Resend carries out only once."""

    def __init__(self, fields: ResendFields, way: Way) -> None:
        self._fields = fields
        self._http = way.http

    async def send(self, mail: Mail, *, key: str, timeout_s: float) -> JsonObject:
        check(mail)
        to = recipients(mail)
        content = body(_request(mail, mail.sender or self._fields.sender))
        try:
            answer = await self._ask(content, key, timeout_s / 2)
        except Retryable as error:
            if error.answered:
                raise
            answer = await self._ask(content, key, timeout_s / 2)
        said = answer_of(answer)
        if answer.status == 200 and isinstance(said.get("id"), str):
            return {"message_id": said["id"], "answer": "Resend took it.", "recipients": len(to)}
        if 200 <= answer.status < 300:
            raise Retryable(
                "mail_delayed",
                sentences.said(
                    "Resend answered something else than it says. Whether it took the mail is not known."
                ),
                answered=False, cause="server_error",
            )  # fmt: skip
        if said.get("name") == "concurrent_idempotent_requests":
            raise Retryable("mail_delayed", "Resend is still at the first attempt of this mail.", cause="server_error")
        if said.get("name") == "daily_quota_exceeded" or said.get("name") == "monthly_quota_exceeded":
            raise InvalidInput("mail_quota", f"Resend: {said.get('message')}")
        raise refusal("Resend", answer, str(said.get("message", "")))

    async def _ask(self, content: bytes, key: str, timeout_s: float) -> HttpResponse:
        return await self._http.request(
            "POST",
            f"{self._fields.api_url}/emails",
            headers={"Content-Type": "application/json", "Idempotency-Key": key[-_KEY_LENGTH:]},
            content=content,
            timeout_s=timeout_s,
        )


def _request(mail: Mail, sender: str) -> JsonObject:
    text, html = texts(mail)
    request: JsonObject = {
        "from": str(parse(sender)),
        "to": [str(each) for each in addresses(mail.to)],
        "subject": mail.subject,
        "text": text,
        "headers": {**headers(mail)},
    }
    for name, value in (("cc", mail.cc), ("bcc", mail.bcc)):
        if value:
            request[name] = [str(each) for each in addresses(value)]
    if mail.reply_to:
        request["reply_to"] = str(parse(mail.reply_to))
    if html is not None:
        request["html"] = html
    if mail.attachments:
        request["attachments"] = [
            {"filename": file_name(each.name), "content_type": media_type(each.media_type), "content": encoded(each)}
            for each in mail.attachments
        ]
    return request
