"""An incoming webhook of Slack: its address is the secret.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from blocks.action import Http
from blocks.connection import Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput
from blocks.slack.posting import HookChat
from blocks.values import Json


class SlackWebhookFields(ConnectionFields):
    webhook_url: SecretStr = Field(min_length=12, max_length=2048, title="Address of the webhook")

    @model_validator(mode="after")
    def _address(self) -> Self:
        if not self.revealed("webhook_url").startswith(("https://", "http://")):
            raise ValueError("the address of an incoming webhook begins with https://")
        return self


class SlackWebhook(Connection[SlackWebhookFields]):
    name = "slack_webhook"
    title: ClassVar[dict[str, str]] = {"en": "Slack incoming webhook", "fr": "Webhook entrant Slack"}
    description: ClassVar[dict[str, str]] = {
        "en": "An address of Slack’s that posts into one channel; it needs no app token and hears nothing.",
        "fr": "Une adresse Slack qui publie dans un seul canal ; sans jeton d’application, elle n’écoute rien.",
    }
    purpose = "slack"
    Fields = SlackWebhookFields
    hosts = ("hooks.slack.com",)
    example: ClassVar[dict[str, Json]] = {"webhook_url": "https://hooks.slack.com/services/T000/B000/the-secret"}

    def service(self, fields: SlackWebhookFields, way: Way) -> HookChat:
        return HookChat(way.plain, fields.revealed("webhook_url"))

    async def sign(self, fields: SlackWebhookFields, lender: Lender) -> dict[str, str]:
        return {}

    async def test(self, fields: SlackWebhookFields, http: Http, lender: Lender) -> str:
        """Slack has no way to ask without posting: a webhook that works refuses an empty message with `no_text`."""
        content, headers = b'{"text": ""}', {"Content-Type": "application/json"}
        url = fields.revealed("webhook_url")
        answer = await http.request("POST", url, headers=headers, content=content, timeout_s=15.0)
        if answer.body.strip() in (b"no_text", b"missing_text_or_fallback_or_attachments"):
            return "Slack knows the webhook."
        raise InvalidInput("connection_refused", f"Slack does not know the webhook (status {answer.status}).")
