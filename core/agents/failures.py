"""What becomes of the errors of providers: each its own code and words, and none that repeats a key or a prompt."""

from collections.abc import Iterator
from typing import Final

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelOverloadedError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)

from blocks.errors import ActionError, InvalidInput, Retryable

NO_PROVIDER: Final = (
    "The workspace has no provider of language models: add one under Connections (POST /api/connections with the kind"
    " openai, anthropic or openai_compatible), then run this again."
)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def translated(error: Exception, model: str, timeout_s: float) -> ActionError:  # noqa: PLR0911 - one for each
    """The error of a turn as an action's."""
    for each in causes(error):
        if isinstance(each, ActionError):
            return _of_network(each, model, timeout_s)
    if isinstance(error, ModelAPIError):
        return _of_provider(error, model, timeout_s)
    match error:
        case ContentFilterError():
            return InvalidInput(
                "model_refused", f"The model {model} refused: its provider's filter let no answer through."
            )
        case OutputTokenLimitExceeded():
            return InvalidInput(
                "model_answer_cut",
                f"The answer of {model} was longer than the limit (max_tokens of the agent): raise it, or ask for"
                " less.",
            )
        case UsageLimitExceeded():
            return InvalidInput("agent_limit", f"The turn reached a limit of the agent: {error.message}")
        case UnexpectedModelBehavior() | AgentRunError():
            return _not_understood(model)
    return _not_understood(model)


def _not_understood(model: str) -> Retryable:
    return Retryable(
        "model_answer_invalid", f"{model} answered in a way that can't be understood.", cause="server_error"
    )


def _of_network(error: ActionError, model: str, timeout_s: float) -> ActionError:
    """Those of the way out, in the words of models where that says more."""
    if isinstance(error, Retryable) and error.code == "timeout":
        return _timeout(model, timeout_s)
    if isinstance(error, Retryable) and error.code == "connection_failed":
        return Retryable("model_unreachable", f"The provider can't be reached: {error.message}", cause="connection")
    return error


def _timeout(model: str, timeout_s: float) -> Retryable:
    return Retryable(
        "model_timeout", f"{model} did not answer within {timeout_s:g} s (timeout_s of the agent).", cause="timeout"
    )


def _of_provider(error: ModelAPIError, model: str, timeout_s: float) -> ActionError:  # noqa: PLR0911 - one for each
    status = f" (status {error.status_code})" if isinstance(error, ModelHTTPError) else ""
    match error:
        case ModelRateLimitError():
            return Retryable(
                "model_rate_limited", f"The provider takes no more requests for {model} for now{status}.",
                after=error.retry_after, cause="rate_limited",
            )  # fmt: skip
        case ModelQuotaExceededError():
            return InvalidInput(
                "model_quota", f"The account with the provider has no credit left{status}: top it up there."
            )
        case ModelAuthenticationError():
            return InvalidInput(
                "model_unauthorized", f"The provider refused the key{status}: enter a new one in the connection."
            )
        case ModelNotFoundError():
            return InvalidInput(
                "model_not_found", f"The provider has no model {model}{status}: choose another one for the agent."
            )
        case ModelContextWindowExceededError():
            return InvalidInput(
                "model_context_too_long",
                f"Prompt, instructions and history are longer than {model} can read: shorten them, or choose a model"
                " with a larger context.",
            )
        case ModelTimeoutError() | ModelRequestTimeout():
            return _timeout(model, timeout_s)
        case ModelConnectionError():
            return Retryable("model_unreachable", "The provider closed the connection early.", cause="connection")
        case ModelOverloadedError():
            return Retryable(
                "model_overloaded",
                f"The provider is overloaded{status}.",
                after=error.retry_after,
                cause="server_error",
            )
        case ModelUnavailableError() | ModelServerError():
            return Retryable(
                "model_failed", f"The provider has trouble of its own{status}.", after=error.retry_after,
                cause="server_error",
            )  # fmt: skip
        case ModelRequestRejectedError():
            said = str(error.provider_error_code or error.provider_error_type or "")[:100]
            because = f" It says: {said}." if said else ""
            return InvalidInput("model_rejected", f"The provider refused the request for {model}{status}.{because}")
    if status:
        return Retryable("model_failed", f"The provider failed{status}.", cause="server_error")
    return _not_understood(model)
