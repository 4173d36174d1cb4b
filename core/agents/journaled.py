"""A model whose answers are journaled: what was said before is not asked again, and every call is paid for."""

from decimal import Decimal
from time import monotonic
from typing import Final
from uuid import UUID

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.llm import AskedLlm
from blocks.services import Llm
from blocks.values import Json, JsonObject
from core import crash, jsontext
from core.agents import journal, spending
from core.agents.failures import translated
from core.agents.journal import Call, Came
from core.agents.models import price
from core.agents.session import Session
from core.ids import new_id

_FREE: Final = Decimal(0)


class Journaled(WrapperModel):
    """`wrapped` is asked for what the journal does not hold."""

    def __init__(self, wrapped: Model, session: Session, llm: Llm, connection_id: UUID) -> None:
        super().__init__(wrapped)
        self._session = session
        self._llm = llm
        self._connection_id = connection_id

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        session = self._session
        part = session.next_part()
        hashed = session.hashed([_asked(messages), model_request_parameters.output_mode])
        if part is not None:
            session.check(part, hashed)
            answer = _read(part.content)
            self._count(answer, self._price(answer))
            return answer
        call = await self._begin(messages, model_request_parameters)
        crash.point("model_begun")
        began = monotonic()
        try:
            answer = await self._answer(messages, model_settings, model_request_parameters)
        except Exception as error:
            failure = translated(error, self.model_name, session.settings.timeout_s)
            await self._failed(call, failure, round((monotonic() - began) * 1000))
            raise session.halt(failure) from error
        await self._finish(call, answer, hashed, round((monotonic() - began) * 1000))
        crash.point("model_done")
        return answer

    async def _answer(
        self, messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
    ) -> ModelResponse:
        if isinstance(self._llm, AskedLlm) or not self._session.turn.streamed:
            answer = await self.wrapped.request(messages, settings, parameters)
            if self._session.turn.streamed:
                self._tell(answer.text or "")
            return answer
        async with self.wrapped.request_stream(messages, settings, parameters) as stream:
            async for event in stream:
                text = ""
                if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                    text = event.part.content
                elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    text = event.delta.content_delta
                if text:
                    self._tell(text)
            return stream.get()

    def _tell(self, text: str) -> None:
        host = self._session.host
        for start in range(0, len(text), 1000):
            host.tells({"kind": "text", "text": host.redactor.text(text[start : start + 1000])})

    async def _begin(self, messages: list[ModelMessage], parameters: ModelRequestParameters) -> Call:
        session = self._session
        budget = session.settings.budget
        if session.requests >= budget.requests:
            raise session.halt(_limit(f"{budget.requests} calls of the model", "requests"))
        usd, tokens = spending.most(self._llm, self.model_name, messages, parameters, session.settings.max_tokens)
        used = session.tokens_in + session.tokens_out
        if budget.tokens is not None and used + tokens > budget.tokens:
            raise session.halt(_limit(f"{budget.tokens} tokens (it has used {used})", "tokens"))
        credits = spending.credits_of(usd)
        if not await session.host.reserve(spending.whole(credits)):
            raise session.halt(
                InvalidInput(
                    "credits_exhausted",
                    f"The next call of the model may cost {spending.whole(credits)} credits, and the workspace has too"
                    " few left; it was not made. Replay the run from here when there are credits again.",
                )
            )
        call = Call(
            new_id(), session.seq, self._connection_id, self._llm.provider or self._llm.protocol, self.model_name, usd,
            credits,
        )  # fmt: skip
        limits = (budget.run_usd, budget.day_usd)
        run, step = session.host.run, session.host.step_id
        verdict, spent = await session.work(
            lambda connection: journal.begin_call(
                connection, run, call, step_id=step, turn_id=session.turn_id, agent_id=session.agent.id, limits=limits
            )
        )
        if verdict != "ok":
            session.host.spend(spending.whole(credits), 0)
            raise session.halt(spending.refusal(verdict, limits[verdict == "day_budget"], spent))
        return call

    async def _finish(self, call: Call, answer: ModelResponse, hashed: str, latency_ms: int) -> None:
        session = self._session
        usd = self._price(answer)
        came = Came(answer.usage.input_tokens, answer.usage.output_tokens, latency_ms, usd, spending.credits_of(usd))
        content: JsonObject = {"answer": session.host.redactor.json(_written(answer))}
        content["usd"] = None if usd is None else str(usd)
        await session.work(
            lambda connection: journal.finish_call(
                connection, session.host.run, call, turn_id=session.turn_id, came=came, hashed=hashed, content=content
            )
        )
        session.host.spend(spending.whole(call.most_credits), spending.whole(came.credits))
        self._count(answer, usd)

    async def _failed(self, call: Call, failure: ActionError, latency_ms: int) -> None:
        """What was refused costs nothing; of what was cut off nobody knows."""
        session = self._session
        answered = not (isinstance(failure, Retryable) and failure.cause in ("timeout", "connection"))
        why = session.host.redactor.text(failure.message)
        await session.work(
            lambda connection: journal.fail_call(connection, call, failure.code, why, latency_ms, answered=answered)
        )
        most = spending.whole(call.most_credits)
        session.host.spend(most, 0 if answered else most)

    def _price(self, answer: ModelResponse) -> Decimal | None:
        usd = price(self._llm.provider, answer.model_name or self.model_name, answer.usage)
        if usd is None and answer.model_name not in (None, self.model_name):
            usd = price(self._llm.provider, self.model_name, answer.usage)
        return usd

    def _count(self, answer: ModelResponse, usd: Decimal | None) -> None:
        session = self._session
        session.requests += 1
        session.tokens_in += answer.usage.input_tokens
        session.tokens_out += answer.usage.output_tokens
        session.cost_usd = None if usd is None or session.cost_usd is None else session.cost_usd + float(usd)
        answer.usage.cost = usd or _FREE  # else pydantic-ai looks for the price again, by address and by name


def _limit(what: str, name: str) -> InvalidInput:
    return InvalidInput(
        "agent_limit",
        f"The turn may take {what}, and stopped there. Raise budget.{name} of the agent, or ask for less.",
    )


def _asked(messages: list[ModelMessage]) -> list[list[object]]:
    """What is asked, without the times and ids of this very asking."""
    return [
        [type(part).__name__, getattr(part, "content", None), getattr(part, "args", None)]
        for message in messages
        for part in message.parts
    ]


def _written(answer: ModelResponse) -> Json:
    found: Json = jsontext.load(ModelMessagesTypeAdapter.dump_json([answer]))
    return found


def _read(content: JsonObject) -> ModelResponse:
    found = ModelMessagesTypeAdapter.validate_python(content.get("answer"))[0]
    if not isinstance(found, ModelResponse):
        raise TypeError("the journal holds something else than an answer of a model")
    return found
