"""A Slack app: posts with its bot token, listens by Socket Mode or by the Events API.

https://docs.slack.dev/authentication/tokens · https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hmac
import re
from collections.abc import MutableMapping
from typing import ClassVar, Final

from pydantic import Field, SecretStr

from blocks.action import Http
from blocks.connection import Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput
from blocks.inbound import HasButtons, Incoming, Person, Received, Receives, Unproven
from blocks.listening import Ear, Listens, Pressed
from blocks.slack import hearing, questions, socket_mode
from blocks.slack.posting import SlackChat
from blocks.slack.web import Web, inside, text
from blocks.values import Json, read_json
from blocks.words import shortened

_TOLERANCE_S: Final = 300
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_PERSON_S: Final = 2.0  # whoever pressed waits at most 3 s in all


class SlackFields(ConnectionFields):
    bot_token: SecretStr = Field(
        min_length=5, max_length=500, title="Bot token", description="xoxb-…, from “OAuth & Permissions”."
    )
    app_token: SecretStr | None = Field(
        default=None, min_length=5, max_length=500, title="App-level token",
        description="xapp-…, with the scope connections:write: to listen by Socket Mode.",
        json_schema_extra={"writeOnly": True},
    )  # fmt: skip
    signing_secret: SecretStr | None = Field(
        default=None, min_length=8, max_length=500, title="Signing secret",
        description="From “Basic Information”: for events and buttons that Slack sends by HTTP.",
        json_schema_extra={"writeOnly": True},
    )  # fmt: skip
    api_url: str = Field(
        default="https://slack.com/api",
        max_length=500,
        pattern=r"^https?://",
        title="Address of the API",
        description="Another one for a proxy; its host must be among the allowed hosts.",
        json_schema_extra={"advanced": True},
    )


class Slack(Connection[SlackFields], Listens[SlackFields], Receives[SlackFields], HasButtons[SlackFields]):
    name = "slack"
    title: ClassVar[dict[str, str]] = {"en": "Slack app", "fr": "Application Slack"}
    description: ClassVar[dict[str, str]] = {
        "en": "A Slack app with a bot token: posts, listens in channels, asks with buttons.",
        "fr": "Une application Slack avec un jeton de bot : publie, écoute des canaux, pose des questions à boutons.",
    }
    purpose = "slack"
    Fields = SlackFields
    hosts = ("slack.com", "*.slack.com")
    example: ClassVar[dict[str, Json]] = {
        "bot_token": "xoxb-the-token",
        "app_token": "xapp-the-token",
        "signing_secret": "the signing secret",
        "api_url": "https://slack.com/api",
    }

    def service(self, fields: SlackFields, way: Way) -> SlackChat:
        return SlackChat(_web(fields, way.http))

    async def sign(self, fields: SlackFields, lender: Lender) -> dict[str, str]:
        return {"Authorization": f"Bearer {fields.revealed('bot_token')}"}

    async def test(self, fields: SlackFields, http: Http, lender: Lender) -> str:
        said = await _web(fields, http).read("auth.test")
        return f"Slack knows the app as {_told(said.get('user'))} in the workspace {_told(said.get('team'))}."

    async def test_by(self, fields: SlackFields, way: Way, lender: Lender) -> str:
        found = await self.test(fields, way.http, lender)
        if fields.app_token is None:
            return found
        await socket_mode.address(fields.api_url, fields.revealed("app_token"), way)
        return f"{found} It can listen by Socket Mode."

    async def listen(self, fields: SlackFields, way: Way, ear: Ear) -> None:
        """By Socket Mode. Without an app-level token the events come by HTTP (`receive`), and only what did not arrive
        that way is looked for. Raises `InvalidInput` (`slack_no_way_in`) where there is neither token nor secret."""
        web = _web(fields, way.http)
        if fields.app_token is not None:
            app_token = fields.revealed("app_token")
            await socket_mode.listen(web, lambda: _opened(fields.api_url, app_token, way), way, ear)
        elif fields.signing_secret is not None:
            await socket_mode.follow(web, way, ear)
        else:
            raise InvalidInput(
                "slack_no_way_in",
                "To listen the connection needs an app-level token (xapp-…) for Socket Mode, or a signing secret for"
                " events that Slack sends to its inbound address.",
            )

    async def receive(
        self, fields: SlackFields, incoming: Incoming, way: Way, names: MutableMapping[str, str]
    ) -> Received:
        _require_signed(fields.revealed("signing_secret"), incoming)
        try:
            payload = read_json(incoming.body)
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            raise InvalidInput("invalid_request", "The body is no JSON object.")
        if payload.get("type") == "url_verification":
            return Received(reply={"challenge": text(payload.get("challenge"))[:1_000]})
        event = inside(payload, "event")
        if not hearing.worth_hearing(event):
            return Received()
        me = hearing.me_of(payload)
        listener = hearing.Listener(_web(fields, way.http), way.http, me, names, patience_s=hearing.HURRIED_S)
        return Received((await listener.heard(event),), account=me.user_id or None)

    async def press(self, fields: SlackFields, incoming: Incoming) -> Pressed | None:
        _require_signed(fields.revealed("signing_secret"), incoming)
        return questions.pressed(incoming.body)

    async def person(self, fields: SlackFields, way: Way, user_id: str) -> Person:
        said = await _web(fields, way.http).read("users.info", {"user": user_id}, timeout_s=_PERSON_S)
        return hearing.person(inside(said, "user"))

    async def whisper(self, fields: SlackFields, way: Way, pressed: Pressed, text: str) -> None:
        message: dict[str, Json] = {
            "response_type": "ephemeral", "replace_original": False, "text": questions.escaped(text)
        }  # fmt: skip
        await questions.send(way.plain, pressed.response_url, message, timeout_s=_PERSON_S)


def _web(fields: SlackFields, http: Http) -> Web:
    return Web(http, fields.api_url)


async def _opened(api_url: str, app_token: str, way: Way) -> socket_mode.Opened:
    return await socket_mode.opened(await socket_mode.address(api_url, app_token, way), way)


def _told(value: Json) -> str:
    return shortened(text(value), 80) or "?"


def _require_signed(secret: str, incoming: Incoming) -> None:
    """Raises `Unproven`."""
    time = incoming.headers.get("x-slack-request-timestamp", "")
    given = incoming.headers.get("x-slack-signature", "")
    if not secret:
        raise Unproven("The connection has no signing secret.")
    if not _TIME.fullmatch(time) or not given.startswith("v0=") or not given.isascii():
        raise Unproven("The request carries no signature of Slack's.")
    digest = hmac.digest(secret.encode(), f"v0:{time}:".encode() + incoming.body, "sha256").hex()
    if not hmac.compare_digest(f"v0={digest}", given):
        raise Unproven("The signature does not fit the body and the signing secret.")
    if abs(incoming.at.timestamp() - int(time)) > _TOLERANCE_S:
        raise Unproven("The signature is more than 5 minutes old or ahead.")
