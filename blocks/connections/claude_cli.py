"""The Claude Code CLI on the machine of the operator, who has to allow it (`VUTLER_CLAUDE_CLI`).

Its flags: https://code.claude.com/docs/en/cli-reference. What it prints with `--output-format json`:
https://code.claude.com/docs/en/headless. Its tools, its settings and its memory are off: it answers, and does nothing.
"""

from typing import ClassVar, Final

from pydantic import Field

from blocks.connection import ConnectionFields, Lender, Way
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.llm import AskedLlm, LlmConnection, Said
from blocks.program import Program, Ran
from blocks.values import Json, JsonObject, read_json

PROGRAM: Final = "claude"
DEFAULT: Final = "sonnet"
_MODELS: Final = ("haiku", "opus", "sonnet")  # its own names for the newest of each
_FLAGS: Final = (
    "--print", "--output-format", "json", "--tools", "", "--strict-mcp-config", "--setting-sources", "",
    "--disable-slash-commands", "--no-session-persistence", "--max-turns", "1", "--system-prompt-file",
    "{instructions}", "--model",
)  # fmt: skip
_TEST_S: Final = 60.0


class ClaudeCliFields(ConnectionFields):
    default_model: str = Field(
        default=DEFAULT, min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][\w.\[\]-]*$", title="Default model"
    )


class ClaudeCli(LlmConnection[ClaudeCliFields]):
    name = "claude_cli"
    title: ClassVar[dict[str, str]] = {"en": "Claude Code CLI", "fr": "Claude Code en ligne de commande"}
    description: ClassVar[dict[str, str]] = {
        "en": "The claude program of this installation, where the operator allows it. Without tools.",
        "fr": "Le programme claude de cette installation, si l’opérateur l’autorise. Sans outils.",
    }
    hosts = ("api.anthropic.com",)  # what the program itself speaks to
    Fields = ClaudeCliFields
    example: ClassVar[dict[str, Json]] = {"default_model": DEFAULT}

    async def sign(self, fields: ClaudeCliFields, lender: Lender) -> dict[str, str]:
        return {}

    def service(self, fields: ClaudeCliFields, way: Way) -> "CliLlm":
        return CliLlm(way.program(PROGRAM), fields.default_model)

    async def test_by(self, fields: ClaudeCliFields, way: Way, lender: Lender) -> str:
        said = await self.service(fields, way).ask(
            "Answer with the word yes.", "Are you there?", model=fields.default_model, timeout_s=_TEST_S
        )
        return f"The program answered by {said.model or fields.default_model}."


class CliLlm(AskedLlm):
    """One answer a process."""

    protocol = "cli"
    provider = "anthropic"
    base_url = ""

    def __init__(self, program: Program, default_model: str) -> None:
        self._program = program
        self.default_model = default_model

    async def models(self) -> list[str]:
        """Those that it always has; the program is not started for that."""
        return [*_MODELS]

    async def ask(self, instructions: str, prompt: str, *, model: str, timeout_s: float) -> Said:
        ran = await self._program.run([*_FLAGS, model], text=prompt, instructions=instructions, timeout_s=timeout_s)
        return _read(ran)


def _read(ran: Ran) -> Said:
    """Raises the classes of `blocks/errors.py`; no text of the program is repeated."""
    try:
        found = read_json(ran.output)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("type") != "result":
        if ran.status != 0:
            raise Retryable(
                "model_failed", f"The Claude Code CLI ended with status {ran.status} and no answer.",
                cause="server_error",
            )  # fmt: skip
        raise _not_understood()
    text = found.get("result")
    if found.get("is_error") or ran.status != 0 or found.get("subtype") != "success":
        raise _failure(text.lower() if isinstance(text, str) else "", str(found.get("subtype"))[:40])
    if not isinstance(text, str):
        raise _not_understood()
    usage = found.get("usage")
    told = usage if isinstance(usage, dict) else {}
    cached = _count(told, "cache_read_input_tokens"), _count(told, "cache_creation_input_tokens")
    return Said(text, _model(found), _count(told, "input_tokens") + sum(cached), _count(told, "output_tokens"), *cached)


def _failure(text: str, subtype: str) -> ActionError:
    """What it says when it can't answer, told apart by the words that it has for it."""
    if "/login" in text or "api key" in text or "authentication" in text or "oauth token" in text:
        return InvalidInput(
            "model_unauthorized", "The Claude Code CLI is not signed in: the operator has to give VUTLER_CLAUDE_TOKEN."
        )
    if "credit balance" in text:
        return InvalidInput("model_quota", "The account of the Claude Code CLI has no credit left.")
    if "limit" in text or "429" in text or "overloaded" in text:
        return Retryable(
            "model_rate_limited", "The Claude Code CLI takes no more requests for now.", cause="rate_limited"
        )
    if "model" in text and ("not exist" in text or "not found" in text or "access" in text):
        return InvalidInput("model_not_found", "The Claude Code CLI has no such model: choose another for the agent.")
    return Retryable("model_failed", f"The Claude Code CLI failed ({subtype}).", cause="server_error")


def _not_understood() -> Retryable:
    return Retryable(
        "model_answer_invalid", "The Claude Code CLI answered in a way that can't be understood.", cause="server_error"
    )


def _count(usage: JsonObject, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _model(found: JsonObject) -> str | None:
    """The model that really answered, where it says so."""
    used = found.get("modelUsage")
    return next(iter(used), None) if isinstance(used, dict) else None
