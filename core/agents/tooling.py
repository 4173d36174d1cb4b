"""The tools of an agent, as its model calls them: limits, approvals, the rule of taint, and the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_ai import RunContext
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from blocks import registry
from blocks.action import Effect
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.outcomes import Wait
from blocks.tool import AnyTool, Offer
from blocks.values import Json, JsonObject
from core import crash, jsontext
from core.agents import journal
from core.agents.journal import Part, State
from core.agents.lending import Lends, LentToTool
from core.agents.model import GivenTool
from core.agents.session import Session
from core.approvals import words

LONGEST_ARGUMENTS: Final = 20_000  # characters of JSON: what is approved is shown whole
LONGEST_RESULT: Final = 50_000  # characters of JSON that the model is given
_ANY: Final = SchemaValidator(core_schema.dict_schema())


@dataclass(frozen=True, slots=True)
class Function:
    """One function that the model sees."""

    offer: Offer
    tool: AnyTool
    given: GivenTool
    settings: BaseModel


async def functions(
    session: Session, lends: Lends, given: Sequence[GivenTool], kept: Json = None
) -> dict[str, Function]:
    """What the agent's tools offer, by name; of two with one name the second gets a number, and our own come first.

    What others offer (`Tool.changing`) is kept when it is first seen, and stays as it was then: `kept` is that. Else a
    turn that goes on might call another tool of the same name.
    """
    found: dict[str, Function] = {}
    tools = [(each, _tool(each)) for each in given]
    changing = [(each, tool) for each, tool in tools if tool.changing]
    earlier = _read_offers(kept, len(changing))
    fresh: list[list[Offer]] = []
    for each, tool in [*((each, tool) for each, tool in tools if not tool.changing), *changing]:
        settings = tool.Settings.model_validate(each.settings)
        if tool.changing and earlier is not None:
            offers: Sequence[Offer] = earlier[len(fresh)]
        else:
            offers = await tool.offers(settings, lends.to(session, tool, settings, "offers"))
        if tool.changing:
            fresh.append([*offers])
        for offer in offers:
            name, number = offer.name, 2
            while name in found:
                name, number = f"{offer.name}_{number}", number + 1
            found[name] = Function(offer, tool, each, settings)
    if changing:
        session.tainted = True
        if earlier is None:
            await _keep(session, fresh)
    return found


def _tool(given: GivenTool) -> AnyTool:
    tool = registry.tools().get(given.tool)
    if tool is None:
        raise InvalidInput("tool_unknown", f"The agent has the tool {given.tool!r}, which this installation lacks.")
    return tool


def _read_offers(kept: Json, most: int) -> list[list[Offer]] | None:
    """As `_keep` wrote them; None before that."""
    if not isinstance(kept, list) or len(kept) != most:
        return None
    written: list[list[dict[str, Any]]] = jsontext.load(jsontext.dump(kept))  # type: ignore[assignment]
    return [[Offer(**each) for each in some] for some in written]


async def _keep(session: Session, offers: list[list[Offer]]) -> None:
    offered = session.host.redactor.json([[asdict(each) for each in some] for some in offers])
    await session.work(lambda connection: journal.keep_offers(connection, session.host.run, session.turn_id, offered))


class Toolbox(AbstractToolset[None]):
    """What the model may call in one turn, one call after the other."""

    def __init__(self, session: Session, lends: Lends, functions: Mapping[str, Function]) -> None:
        self._session = session
        self._lends = lends
        self._functions = functions

    @property
    def id(self) -> str:
        return "tools"

    async def get_tools(self, ctx: RunContext[None]) -> dict[str, ToolsetTool[None]]:
        return {
            name: ToolsetTool(
                toolset=self,
                tool_def=ToolDefinition(
                    name=name, description=each.offer.description, parameters_json_schema=dict(each.offer.schema),
                    sequential=True,
                ),
                max_retries=0,
                args_validator=_ANY,
            )
            for name, each in self._functions.items()
        }  # fmt: skip

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[None], tool: ToolsetTool[None]
    ) -> Json:
        session, function = self._session, self._functions[name]
        part = session.next_part()
        session.tool_calls += 1
        if session.tool_calls > session.settings.budget.tool_calls:
            raise session.halt(
                InvalidInput(
                    "agent_limit",
                    f"The turn may call tools {session.settings.budget.tool_calls} times, and stopped there. Raise"
                    " budget.tool_calls of the agent, or ask for less.",
                )
            )
        call = _Call(session, function, name, filled=tool_args, lends=self._lends, part=part)
        if part is not None:
            session.check(part, call.hashed)
        result = part.content.get("result") if part is not None and part.state == "done" else await call.carry_out()
        session.tainted = session.tainted or function.tool.brings_in
        return result


class _Call:
    """One call of a tool, which may have been begun by a worker that was lost, or been asked for."""

    def __init__(
        self, session: Session, function: Function, name: str, *, filled: JsonObject, lends: Lends, part: Part | None
    ) -> None:
        self._session = session
        self._function = function
        self._name = name
        self._filled = filled
        self._part = part
        self.hashed = session.hashed([name, filled])
        self._shown: JsonObject = {"tool": name, "arguments": session.host.redactor.json(filled)}
        self._context: LentToTool = lends.to(session, function.tool, function.settings, str(session.seq))
        answer = session.turn.answer
        self._answer = answer if answer is not None and answer.get("seq") == session.seq else None

    async def carry_out(self) -> Json:
        """What the model is told of it. Raises `Stopped` where a person has to be asked first."""
        try:
            arguments = self._read()
        except InvalidInput as error:
            return await self._done({"error": error.message})
        session, tool = self._session, self._function.tool
        begun = self._part is not None and self._part.state == "begun"
        if begun and tool.effect(arguments) is Effect.UNSAFE:
            settled = await self._settle_doubt()
            if settled is not None:
                return settled
        elif not begun and self._needs_approval(arguments):
            refused = await self._ask_for_approval()
            if refused is not None:
                return refused
        await self._put("begun")
        crash.point("tool_begun")
        session.host.tells({"kind": "tool", "tool": self._name})
        result: Json
        try:
            result = session.host.redactor.json(await tool.run(arguments, self._function.settings, self._context))
        except Retryable as error:
            if not error.answered and tool.effect(arguments) is Effect.UNSAFE:
                raise session.halt(self._doubt(error.message)) from error
            result = {"error": session.host.redactor.text(error.message)}
        except ActionError as error:
            result = {"error": session.host.redactor.text(error.message)}
        crash.point("tool_acted")
        return await self._done(_bounded(result))

    def _read(self) -> BaseModel:
        if len(jsontext.dump_text(self._filled)) > LONGEST_ARGUMENTS:
            raise InvalidInput(
                "invalid_arguments", f"The arguments are too long: at most {LONGEST_ARGUMENTS} characters."
            )
        tool = self._function.tool
        try:
            return tool.Arguments.model_validate(tool.into(self._function.offer.target, self._filled))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)
            ]
            raise InvalidInput("invalid_arguments", f"The arguments are not valid: {'; '.join(faults[:5])}.") from error

    # asking -------------------------------------------------------------------------------------------------------

    def _needs_approval(self, arguments: BaseModel) -> bool:
        tool, given = self._function.tool, self._function.given
        if given.asks(self._filled):
            return True
        return self._session.tainted and tool.sends_out and not tool.listed(arguments, self._function.settings)

    async def _ask_for_approval(self) -> Json:
        """None when it is approved; what the model is told when it is not."""
        if self._answer is None or self._part is None:
            await self._put("asked")
            args: JsonObject = {"agent": self._session.agent.name, "call": self._called()}
            ask = words.ask("approval", "tool_call", args)
            raise self._session.halt(Wait(words.reason("tool_call", args), None, self._details, ask))
        if self._answer.get("decision") == "approve":
            return None
        comment = f" They say: {self._answer['comment']}" if self._answer.get("comment") else ""
        return await self._done({"error": f"A person refused this call; it was not made.{comment}"})

    async def _settle_doubt(self) -> Json:
        """None: do it again."""
        if self._answer is None:
            raise self._session.halt(self._doubt())
        if self._answer.get("decision") == "repeat":
            return None
        return await self._done({"note": "A person says that this was done.", "output": self._answer.get("output")})

    def _doubt(self, why: str | None = None) -> Wait:
        """Without a `why` the worker was lost."""
        code: words.Code = "tool_lost" if why is None else "tool_doubt"
        because: JsonObject = {"why": None} if why is None else words.because(why)
        args: JsonObject = {"agent": self._session.agent.name, "call": self._called(), **because}
        return Wait(words.reason(code, args), None, self._details, words.ask("doubt", code, args))

    def _called(self) -> str:
        fixed = self._function.given.settings
        call = jsontext.dump_text(self._shown["arguments"])
        settings = f"\nset by the author: {jsontext.dump_text(fixed)}" if fixed else ""
        target = self._function.offer.target
        which = f"\nwhich is: {jsontext.dump_text(target)}" if target else ""
        return f"{self._name} with\n{call}{which}{settings}"

    @property
    def _details(self) -> JsonObject:
        return {"turn": str(self._session.turn_id), "seq": self._session.seq, "call": self._shown}

    # the journal --------------------------------------------------------------------------------------------------

    async def _put(self, state: State, result: Json = None) -> None:
        session = self._session
        content = self._shown | ({"result": result} if state == "done" else {})
        await session.work(
            lambda connection: journal.put_tool(
                connection,
                session.host.run,
                session.turn_id,
                seq=session.seq,
                hashed=self.hashed,
                content=content,
                state=state,
            )
        )

    async def _done(self, result: Json) -> Json:
        await self._put("done", result)
        crash.point("tool_done")
        return result


def _bounded(result: Json) -> Json:
    text = jsontext.dump_text(result)
    if len(text) <= LONGEST_RESULT:
        return result
    return {
        "cut": True,
        "text": text[:LONGEST_RESULT],
        "note": f"It had {len(text)} characters; this is its beginning.",
    }
