"""What the connection kinds of language models have in common: a list of models, and a test that asks for it."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from blocks.action import Http, HttpResponse
from blocks.connection import Connection, FieldsT, Lender, Way
from blocks.errors import InvalidInput, Retryable
from blocks.services import Llm
from blocks.values import Json, read_json

ASK_S: Final = 15.0
MOST_MODELS: Final = 1000


def host_of(url: str) -> tuple[str, ...]:
    """The host of a base address, as a connection's allowed hosts are written; none where it is no address."""
    try:
        place = urlsplit(url)
        port = place.port
    except ValueError:
        return ()
    name = place.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return (host if port is None else f"{host}:{port}",)


class HttpLlm(Llm):
    """A provider whose models stand at `{base_url}/models`, as OpenAI and Anthropic have them."""

    def __init__(
        self, http: Http, *, protocol: str, provider: str | None, base_url: str, default_model: str | None, listed: str
    ) -> None:
        self._http = http
        self._listed = listed
        self.protocol = protocol
        self.provider = provider
        self.base_url = base_url
        self.default_model = default_model

    async def models(self) -> list[str]:
        answer = await self._http.request(
            "GET", self._listed, headers={"Accept": "application/json"}, content=None, timeout_s=ASK_S
        )
        require_success(answer)
        found = _data(answer.body)
        names = [each["id"] for each in found if isinstance(each, dict) and isinstance(each.get("id"), str)]
        return sorted(str(name) for name in names)[:MOST_MODELS]


def require_success(answer: HttpResponse) -> None:
    """Raises what the status of a refusal means; no text of the provider is repeated."""
    if answer.status in (401, 403):
        raise InvalidInput(
            "model_unauthorized",
            f"The provider refused the key (status {answer.status}): enter a new one in the connection.",
        )
    if answer.status == 429:
        raise Retryable("model_rate_limited", "The provider takes no more requests for now.", cause="rate_limited")
    if answer.status >= 500:
        raise Retryable(
            "model_failed", f"The provider has trouble of its own (status {answer.status}).", cause="server_error"
        )
    if answer.status >= 400:
        raise InvalidInput(
            "model_not_found",
            f"The provider has no list of models at this address (status {answer.status}): look at the base address.",
        )


def _data(body: bytes) -> list[Json]:
    try:
        said = read_json(body)
    except ValueError:
        said = None
    found = said.get("data") if isinstance(said, dict) else None
    if not isinstance(found, list):
        raise InvalidInput(
            "model_answer_invalid", "What stands at the base address does not answer as a provider of models does."
        )
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. `model` is the one that gave it, where that is told; `tokens_in` holds those of the caches."""

    text: str
    model: str | None
    tokens_in: int
    tokens_out: int
    cache_read: int = 0
    cache_write: int = 0


class AskedLlm(Llm):
    """A provider that is asked for whole answers, without tools and without streams."""

    @abstractmethod
    async def ask(self, instructions: str, prompt: str, *, model: str, timeout_s: float) -> Said:
        """Raises the classes of `blocks/errors.py`."""


class LlmConnection(Connection[FieldsT]):
    """Base of the kinds for providers of language models."""

    purpose = "model"

    @abstractmethod
    def service(self, fields: FieldsT, way: Way) -> Llm: ...

    async def test(self, fields: FieldsT, http: Http, lender: Lender) -> str:
        raise InvalidInput("connection_not_testable", "This kind is tested by its list of models.")

    async def test_by(self, fields: FieldsT, way: Way, lender: Lender) -> str:
        llm = self.service(fields, way)
        names = await llm.models()
        if llm.default_model and llm.default_model not in names:
            some = ", ".join(names[:5]) or "none"
            raise InvalidInput(
                "model_not_found", f"The key works, but there is no model {llm.default_model}; there are: {some}."
            )
        return f"The provider answered and offers {len(names)} models."
