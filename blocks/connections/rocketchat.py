"""An account of a Rocket.Chat server. https://developer.rocket.chat/apidocs/authentication"""

import hashlib
import hmac
import json
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from blocks.action import Http
from blocks.connection import TEST_S, Connection, ConnectionFields, Lender, Token, Way
from blocks.errors import InvalidInput
from blocks.inbound import Incoming, Received, Receives, Unproven
from blocks.listening import Ear, Heard, Listens
from blocks.rocketchat import realtime
from blocks.rocketchat.hearing import moment_ms
from blocks.rocketchat.posting import RocketChat
from blocks.rocketchat.web import Refused, Web, inside, judged, text
from blocks.values import Json, JsonObject, read_json
from blocks.words import shortened


class RocketChatFields(ConnectionFields):
    server_url: str = Field(min_length=8, max_length=500, pattern=r"^https?://[^?#]+$", title="Address of the server")
    user_id: str | None = Field(
        default=None, max_length=100, title="User id", description="Of a personal access token, which is shown with it."
    )
    auth_token: SecretStr | None = Field(
        default=None, min_length=8, max_length=500, title="Personal access token",
        json_schema_extra={"writeOnly": True},
    )  # fmt: skip
    username: str | None = Field(default=None, max_length=200, title="User name")
    password: SecretStr | None = Field(
        default=None, min_length=1, max_length=500, title="Password", json_schema_extra={"writeOnly": True}
    )
    webhook_token: SecretStr | None = Field(
        default=None, min_length=8, max_length=500, title="Token of an outgoing webhook",
        description="For messages that Rocket.Chat sends to the connection's inbound address.",
        json_schema_extra={"writeOnly": True},
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        by_token = bool(self.user_id) and self.auth_token is not None
        by_password = bool(self.username) and self.password is not None
        if not by_token and not by_password:
            raise ValueError("give user_id and auth_token, or username and password")
        return self


class RocketChatServer(Connection[RocketChatFields], Listens[RocketChatFields], Receives[RocketChatFields]):
    name = "rocketchat"
    title: ClassVar[dict[str, str]] = {"en": "Rocket.Chat account", "fr": "Compte Rocket.Chat"}
    description: ClassVar[dict[str, str]] = {
        "en": "An account of a Rocket.Chat server: posts and listens in its rooms.",
        "fr": "Un compte d’un serveur Rocket.Chat : publie et écoute dans ses salons.",
    }
    purpose = "rocketchat"
    Fields = RocketChatFields
    renews = True
    told = frozenset({"x-user-id"})
    example: ClassVar[dict[str, Json]] = {
        "server_url": "https://chat.example.com",
        "user_id": "aobEdbYhXfu5hkeqG",
        "auth_token": "the access token",
        "username": "vutler",
        "password": "the password",
        "webhook_token": "the token of the webhook",
    }

    def endpoints(self, fields: RocketChatFields) -> tuple[str, ...]:
        return (fields.server_url,)

    def service(self, fields: RocketChatFields, way: Way) -> RocketChat:
        return RocketChat(Web(way.http, fields.server_url))

    async def sign(self, fields: RocketChatFields, lender: Lender) -> dict[str, str]:
        if fields.auth_token is not None and fields.user_id:
            return {"X-User-Id": fields.user_id, "X-Auth-Token": fields.revealed("auth_token")}
        user, _, token = (await lender.token(lambda: _login(fields, lender.http))).partition(" ")
        return {"X-User-Id": user, "X-Auth-Token": token}

    async def test(self, fields: RocketChatFields, http: Http, lender: Lender) -> str:
        said = await Web(http, fields.server_url).read("me")
        return f"Rocket.Chat knows the account as {shortened(text(said.get('username')), 80) or '?'}."

    async def listen(self, fields: RocketChatFields, way: Way, ear: Ear) -> None:
        account = realtime.Account(fields.server_url, _realtime_login(fields))
        await realtime.listen(account, Web(way.http, fields.server_url), way, ear)

    async def receive(
        self, fields: RocketChatFields, incoming: Incoming, way: Way, names: MutableMapping[str, str]
    ) -> Received:
        """An outgoing webhook: https://docs.rocket.chat/docs/create-a-new-outgoing-webhook"""
        try:
            payload = read_json(incoming.body)
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            raise InvalidInput("invalid_request", "The body is no JSON object.")
        token = fields.revealed("webhook_token")
        if not token or not hmac.compare_digest(token.encode(), text(payload.get("token")).encode()):
            raise Unproven("The token of the webhook is missing or wrong.")
        heard = _heard(payload, fields)
        return Received(() if heard is None else (heard,), reply={}, account=fields.user_id)


def _heard(payload: JsonObject, fields: RocketChatFields) -> Heard | None:
    """Edits and what is no message are passed over."""
    sent = moment_ms(payload.get("timestamp"))
    ident, room = text(payload.get("message_id")), text(payload.get("channel_id"))
    if not ident or not room or not sent or payload.get("isEdited"):
        return None
    sender = text(payload.get("user_id"))
    own = bool(fields.user_id and sender == fields.user_id) or (
        bool(fields.username) and payload.get("user_name") == fields.username
    )
    return Heard(
        id=ident,
        channel=room,
        channel_name=text(payload.get("channel_name")),
        text=text(payload.get("text")),
        sender_id=sender,
        sender_name=shortened(text(payload.get("alias")) or text(payload.get("user_name")), 200),
        sent_at=datetime.fromtimestamp(sent / 1000, UTC),
        direct=not text(payload.get("channel_name")),
        thread=text(payload.get("tmid")) or None,
        from_bot=own or bool(payload.get("bot")),
        own=own,
    )


def _realtime_login(fields: RocketChatFields) -> JsonObject:
    if fields.auth_token is not None and fields.user_id:
        return {"resume": fields.revealed("auth_token")}
    digest = hashlib.sha256(fields.revealed("password").encode()).hexdigest()
    return {"user": {"username": fields.username}, "password": {"digest": digest, "algorithm": "sha-256"}}


async def _login(fields: RocketChatFields, http: Http) -> Token:
    """Raises `InvalidInput` (`connection_refused`) and `Retryable`."""
    content = json.dumps({"user": fields.username, "password": fields.revealed("password")}).encode()
    url = f"{fields.server_url.rstrip('/')}/api/v1/login"
    answer = await http.request(
        "POST", url, headers={"Content-Type": "application/json"}, content=content, timeout_s=TEST_S
    )
    data = inside(judged(answer), "data")
    if not text(data.get("authToken")):
        raise Refused("unauthorized", "Rocket.Chat gave no token.", "connection_refused")
    return Token(f"{text(data.get('userId'))} {text(data.get('authToken'))}", lives_s=86_400.0)
