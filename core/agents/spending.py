"""What a call of a model may come to, and what it came to: money by the price lists, credits by the money."""

from decimal import ROUND_UP, Decimal
from math import ceil
from typing import Final

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.usage import RequestUsage

from blocks.errors import InvalidInput
from blocks.services import Llm
from core.agents.models import price

CREDITS_PER_USD: Final = 100  # a credit is a cent
_BYTES_PER_TOKEN: Final = 2  # fewer than in any common text, so that an estimate is rather too high


def credits_of(usd: Decimal | None) -> Decimal:
    """Credits for so much money; none where no price is known."""
    return Decimal(0) if usd is None else (usd * CREDITS_PER_USD).quantize(Decimal("0.0001"), ROUND_UP)


def whole(credits: Decimal) -> int:
    return ceil(credits)


def most(
    llm: Llm, name: str, messages: list[ModelMessage], parameters: ModelRequestParameters, max_tokens: int
) -> tuple[Decimal | None, int]:
    """The most that a call may cost in US dollars (None: no price is known), and the most tokens that it may take."""
    size = len(ModelMessagesTypeAdapter.dump_json(messages))
    size += sum(
        len(str(tool.parameters_json_schema)) + len(tool.description or "") for tool in parameters.function_tools
    )
    tokens = ceil(size / _BYTES_PER_TOKEN)
    usage = RequestUsage(input_tokens=tokens, output_tokens=max_tokens)
    return price(llm.provider, name, usage), tokens + max_tokens


def refusal(verdict: str, limit: float | None, spent: Decimal | None) -> InvalidInput:
    """Of a call that a budget forbids."""
    when = "in this run" if verdict == "run_budget" else "today"
    name = "run_usd" if verdict == "run_budget" else "day_usd"
    return InvalidInput(
        "agent_budget",
        f"The agent has spent {spent or 0:.4f} of the {limit:g} US dollars that it may spend {when}, and this call"
        f" might go beyond: it was not made. Raise budget.{name} of the agent, or ask it for less.",
    )
