"""Asking an agent now: a run of the automation that it carries, with its one question."""

from dataclasses import dataclass
from uuid import UUID

from blocks import forms
from blocks.sentences import reason
from blocks.values import Json, JsonObject
from core import idempotency
from core.agents import carried, repository
from core.agents.agents import found
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid
from core.idempotency import Once
from core.ids import new_id
from core.runs.accept import NewRun, accept

NO_PROVIDER = (
    "The workspace has no provider of language models: add one under Connections (POST /api/connections with the kind"
    " openai, anthropic or openai_compatible), then ask again."
)


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent is asked. `streamed`: somebody watches the answer come."""

    prompt: str
    context: Json = None
    output_schema: JsonObject | None = None
    conversation: str | None = None
    streamed: bool = False


class Asking:
    """The service of one process."""

    def __init__(self, db: Database, *, fallback: bool = False) -> None:
        self._db = db
        self._fallback = fallback  # there is a provider for workspaces without one

    async def ask(
        self, caller: Caller, reference: str, question: Question, once: Once | None, run_id: UUID | None = None
    ) -> UUID:
        """Accept the run; gives its id, which is `run_id` where one is given and the question is new.

        Raises `Forbidden`, `NotFound`, `Conflict` (`agent_disabled`, `no_model_provider`), `Invalid`, and what
        `core.idempotency.once` and `core.runs.accept.accept` raise.
        """
        caller.require("editor")
        if question.output_schema is not None:
            _require_schema(question.output_schema)
        async with self._db.transaction() as connection:

            async def work() -> JsonObject:
                return {"run_id": str(await self._accept(connection, caller, reference, question, run_id))}

            answer, _ = await idempotency.once(connection, once, 202, work)
        return UUID(str(answer["run_id"]))

    async def _accept(
        self, connection: Connection, caller: Caller, reference: str, question: Question, run_id: UUID | None
    ) -> UUID:
        agent = await found(connection, caller, reference, lock=True)
        if not agent.enabled:
            raise Conflict("agent_disabled", f"{agent.name} is switched off: switch it on to ask it.")
        if not self._fallback and await repository.provider_of(connection, agent) is None:
            raise Conflict("no_model_provider", NO_PROVIDER)
        rule_id = await carried.ensure(connection, agent, caller.user_id)
        version = await carried.pin(connection, rule_id, carried.asking(agent, question.output_schema), caller.user_id)
        data: JsonObject = {
            "prompt": question.prompt, "context": question.context, "stream": question.streamed,
            "conversation": question.conversation,
        }  # fmt: skip
        if question.output_schema is not None:
            data["output_schema"] = question.output_schema
        new = NewRun(
            workspace_id=agent.workspace_id, rule_id=rule_id, version=version, trigger_type="api", data=data,
            triggered_by=str(caller.user_id), overlap="allow", priority=1, run_id=run_id or new_id(),
        )  # fmt: skip
        return (await accept(connection, new)).run_id


def _require_schema(schema: JsonObject) -> None:
    try:
        forms.check(schema)
    except forms.BadForm as error:
        raise Invalid(
            "invalid_request", "The request is not valid; `errors` says where.",
            (Finding("output_schema", reason(error)),),
        ) from error  # fmt: skip
