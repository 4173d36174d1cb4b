"""Calling a web service: the author fixes the hosts, the account and the headers, the model fills the rest."""

from typing import ClassVar, Final, Literal
from urllib.parse import urlencode

from pydantic import Field, JsonValue

from blocks.action import Effect
from blocks.tool import Tool, ToolContext, ToolModel
from blocks.values import Json, JsonObject, read_json

_REPEATABLE: Final = ("GET", "HEAD", "PUT", "DELETE")
_MOST_SHOWN: Final = 20_000  # characters of an answer

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class HttpArguments(ToolModel):
    method: Method = "GET"
    url: str = Field(min_length=1, max_length=4096, description="https://...")
    query: dict[str, str | int | float | bool] = Field(default_factory=dict, description="added to the URL")
    json_body: JsonValue = Field(default=None, description="sent as JSON")
    text_body: str | None = Field(default=None, description="sent as plain text, instead of json_body")


class HttpSettings(ToolModel):
    hosts: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="the only hosts that it reaches, such as api.example.com; empty: every public one, and then each"
        " call needs an approval once the agent has read something from outside",
    )
    methods: list[Method] = Field(default=["GET", "POST"], min_length=1)
    headers: dict[str, str] = Field(default_factory=dict, max_length=20, description="sent with every request")
    connection: str | None = Field(
        default=None, max_length=200, description="a saved account that signs the requests",
        json_schema_extra={"format": "connection", "purpose": "http"},
    )  # fmt: skip


class Http(Tool[HttpArguments, HttpSettings]):
    name = "http"
    title: ClassVar[dict[str, str]] = {"en": "Web requests", "fr": "Requêtes web"}
    description: ClassVar[dict[str, str]] = {
        "en": "Calls web services on the hosts that you allow.",
        "fr": "Appelle des services web sur les hôtes que vous autorisez.",
    }
    guide = "Send an HTTP request and read the answer."
    Arguments = HttpArguments
    Settings = HttpSettings
    sends_out = True
    brings_in = True
    connection = "http"
    example: ClassVar[JsonObject] = {"hosts": ["api.example.com"], "methods": ["GET"]}

    def effect(self, arguments: HttpArguments) -> Effect:
        return Effect.IDEMPOTENT if arguments.method in _REPEATABLE else Effect.UNSAFE

    def listed(self, arguments: HttpArguments, settings: HttpSettings) -> bool:
        return bool(settings.hosts or settings.connection)

    def described(self, settings: HttpSettings) -> str:
        where = f" Hosts: {', '.join(settings.hosts)}." if settings.hosts else ""
        return f"{self.guide} Methods: {', '.join(settings.methods)}.{where}"

    async def run(self, arguments: HttpArguments, settings: HttpSettings, context: ToolContext) -> Json:
        if arguments.method not in settings.methods:
            return {"error": f"Only these methods are allowed: {', '.join(settings.methods)}."}
        url = arguments.url
        if arguments.query:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(arguments.query)}"
        headers, content = dict(settings.headers), None
        if arguments.text_body is not None:
            content = arguments.text_body.encode()
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        elif "json_body" in arguments.model_fields_set:
            content = arguments.model_dump_json(include={"json_body"})[len('{"json_body":') : -1].encode()
            headers.setdefault("Content-Type", "application/json")
        if arguments.method not in ("GET", "HEAD"):
            headers.setdefault("Idempotency-Key", context.idempotency_key)
        http = await context.within(settings.hosts, settings.connection)
        answer = await http.request(
            arguments.method, url, headers=headers, content=content, timeout_s=min(context.timeout_s, 30.0)
        )
        text = answer.body.decode("utf-8", "replace").replace("\0", "\ufffd")
        body: Json = text[:_MOST_SHOWN]
        if "json" in answer.headers.get("content-type", "") and len(text) <= _MOST_SHOWN and "\\u0000" not in text:
            try:
                body = read_json(answer.body)
            except ValueError:
                body = text
        return {"status": answer.status, "body": body, "cut": len(text) > _MOST_SHOWN}
