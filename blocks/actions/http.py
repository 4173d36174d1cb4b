"""The http step: one request to a web service, its answer as the output."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlencode, urlsplit

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from blocks import scalars
from blocks.action import Action, ActionContext, Effect, HttpResponse, Level, StepModel
from blocks.errors import InvalidInput, Retryable
from blocks.outcomes import Done
from blocks.retry_after import retry_after
from blocks.scalars import Scalar
from blocks.sentences import joined, said
from blocks.values import Json, JsonObject, read_json
from blocks.words import Language, shortened, written_out

MAX_INLINE = 65_536  # bytes of a body that the output holds itself
MAX_TOLD = 300  # characters of an answer in an error

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REPEATABLE = _SAFE | {"PUT", "DELETE"}
_JSON_TYPE = re.compile(r"application/json|[\w.+-]+/[\w.+-]+\+json")
_NO_CHARSETS = frozenset({"punycode", "idna"})  # Python's, not the web's; the first takes quadratic time
_TEXT_TYPE = re.compile(r"text/.*|application/(?:xml|javascript|x-www-form-urlencoded|x-ndjson|yaml|[\w.+-]+\+xml)")
# The host of a URL, when it is written out: whatever may be filled in stands behind it.
_HOST = re.compile(r"https?://(?:[^/?#@{]*@)?([^/?#:@{}\s]+)(?::[0-9]+)?(?=[/?#]|$)", re.IGNORECASE)
_SOME_HOST: dict[Language, str] = {"en": "an address from the data", "fr": "une adresse tirée des données"}
_SOME_METHOD: dict[Language, str] = {"en": "request", "fr": "message"}


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Method = Annotated[Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"], BeforeValidator(_upper)]


class HttpInput(StepModel):
    method: Method = "GET"
    url: str = Field(min_length=1, max_length=8192, description="http:// or https://", title="URL")
    headers: dict[str, Scalar] = Field(default_factory=dict)
    query: dict[str, Scalar | list[Scalar]] = Field(
        default_factory=dict, description="Added to the URL's own; a list repeats the name."
    )
    json_value: JsonValue = Field(
        default=None, alias="json", description="Sent as application/json.", title="JSON body"
    )
    form: dict[str, Scalar | list[Scalar]] | None = Field(
        default=None, description="Sent as a web form.", title="Form body"
    )
    text: str | None = Field(
        default=None, description="Sent as it is.", title="Text body", json_schema_extra={"format": "multiline"}
    )
    idempotent: bool = Field(
        default=False,
        description="The service does a repeated request with the same Idempotency-Key only once.",
        json_schema_extra={"advanced": True},
    )
    fail_on_status: int = Field(
        default=400,
        ge=100,
        le=600,
        description="Answers with this status or a higher one fail; 600: none does.",
        json_schema_extra={"advanced": True},
    )
    connection: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="A saved account that signs the request, by id or name. Its hosts are the only ones reached.",
        json_schema_extra={"format": "connection", "purpose": "http"},
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [
            name
            for name, present in (
                ("json", "json_value" in self.model_fields_set),
                ("form", self.form is not None),
                ("text", self.text is not None),
            )
            if present
        ]
        if len(given) > 1:
            raise ValueError(said("Give only one body, not {given}.", given=joined(given)))
        return self


class HttpOutput(StepModel):
    status: int
    headers: dict[str, str] = Field(description="By lower-case name.")
    body: JsonValue = Field(
        description="The value of a JSON answer, the text of another; null when empty; a reference "
        '{"$blob", "size", "media_type"} when it is binary or larger than 64 KiB.'
    )


class Http(Action[HttpInput]):
    name = "http"
    title: ClassVar[dict[str, str]] = {"en": "HTTP request", "fr": "Requête HTTP"}
    description: ClassVar[dict[str, str]] = {
        "en": "Call a web service and use its answer.",
        "fr": "Appeler un service web et utiliser sa réponse.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "send a {method} to {host}", "fr": "envoyer un {method} à {host}"}
    Input = HttpInput
    Output = HttpOutput
    connection = "http"
    brings_in = True
    credits = 1
    timeout_s = 30.0
    retry_attempts = 2
    example: ClassVar[dict[str, Json]] = {
        "method": "POST",
        "url": "https://api.example.com/leads",
        "headers": {"X-Source": "vutler"},
        "json": {"name": "{{ trigger.data.name }}"},
    }

    def effect(self, given: HttpInput) -> Effect:
        return Effect.IDEMPOTENT if given.method in _REPEATABLE or given.idempotent else Effect.UNSAFE

    def only_reads(self, given: HttpInput) -> bool:
        return given.method in _SAFE

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        method, url = written_out(config.get("method", "GET"), 10), config.get("url")
        host = _HOST.match(url) if isinstance(url, str) else None
        return {
            "method": method.upper() if method else _SOME_METHOD[language],
            "host": shortened(host[1], 60) if host else _SOME_HOST[language],
        }

    async def run(self, given: HttpInput, context: ActionContext) -> Done:
        media_type, content = _body(given)
        http = context.http if given.connection is None else await context.connected(given.connection)
        answer = await http.request(
            given.method,
            _url(given),
            headers=_headers(given, media_type, context.idempotency_key),
            content=content,
            timeout_s=context.timeout_s,
        )
        host = urlsplit(given.url).hostname
        context.log(f"{given.method} {host}: {answer.status}, {len(answer.body)} bytes")
        if answer.status >= given.fail_on_status:
            context.log(f"{host} answered: {_told(answer)}", Level.WARNING)
            raise _failure(answer)
        output: dict[str, Json] = {
            "status": answer.status,
            "headers": {**answer.headers},
            "body": await _output_body(answer, context),
        }
        return Done(output)


def _pairs(values: Mapping[str, Scalar | list[Scalar]]) -> list[tuple[str, str]]:
    return [
        (name, scalars.text(item))
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _url(given: HttpInput) -> str:
    pairs = _pairs(given.query)
    if not pairs:
        return given.url
    url, _, _ = given.url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


def _body(given: HttpInput) -> tuple[str | None, bytes | None]:
    """The media type and the bytes to send. A JSON null that was written out is sent as `null`."""
    if "json_value" in given.model_fields_set:
        text = json.dumps(given.json_value, ensure_ascii=False, separators=(",", ":"))
        return "application/json", text.encode()
    if given.form is not None:
        return "application/x-www-form-urlencoded", urlencode(_pairs(given.form)).encode()
    if given.text is not None:
        return "text/plain; charset=utf-8", given.text.encode()
    return None, None


def _headers(given: HttpInput, media_type: str | None, idempotency_key: str) -> dict[str, str]:
    headers = {name: scalars.text(value) for name, value in given.headers.items() if value is not None}
    present = {name.lower() for name in headers}
    if media_type and "content-type" not in present:
        headers["Content-Type"] = media_type
    if given.method not in _SAFE and "idempotency-key" not in present:
        headers["Idempotency-Key"] = idempotency_key
    return headers


def _failure(answer: HttpResponse) -> InvalidInput | Retryable:
    message = f"The server answered with status {answer.status}: {_told(answer)}"
    if answer.status == 429 or answer.status >= 500:
        after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        return Retryable(
            "http_status", message, after=after, cause="rate_limited" if answer.status == 429 else "server_error"
        )
    return InvalidInput("http_status", message)


def _told(answer: HttpResponse) -> str:
    """The beginning of an answer, on one line."""
    text = _decoded(answer.body[: MAX_TOLD * 4], answer.charset).strip()
    return " ".join(text.split())[:MAX_TOLD] or "(no content)"


def _media_type(answer: HttpResponse) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _output_body(answer: HttpResponse, context: ActionContext) -> Json:
    """The body as a value, or the reference that stands for it."""
    if not answer.body:
        return None
    media_type = _media_type(answer)
    if len(answer.body) > MAX_INLINE:
        return await context.store(answer.body, media_type or "application/octet-stream")
    if _JSON_TYPE.fullmatch(media_type):
        try:
            value = read_json(answer.body)
        except ValueError:  # it only says that it is JSON
            return _decoded(answer.body, answer.charset)
        return _without_nul(value) if b"\\u0000" in answer.body else value
    if _TEXT_TYPE.fullmatch(media_type) or (not media_type and _is_text(answer.body)):
        return _decoded(answer.body, answer.charset)
    return await context.store(answer.body, media_type or "application/octet-stream")


def _is_text(body: bytes) -> bool:
    try:
        return b"\0" not in body and body.decode() is not None
    except UnicodeDecodeError:
        return False


def _decoded(body: bytes, charset: str | None) -> str:
    """The text of a body; U+0000 and what is not in the charset become U+FFFD."""
    try:
        text = body.decode("utf-8" if not charset or charset.lower() in _NO_CHARSETS else charset, "replace")
    except (LookupError, ValueError):  # a charset that does not exist, or is no text encoding
        text = body.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd")


def _without_nul(value: Json) -> Json:
    """U+0000 in texts, which PostgreSQL can't store, becomes U+FFFD."""
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {key.replace("\0", "\ufffd"): _without_nul(item) for key, item in value.items()}
    return value
