"""The models that a provider offers, with what they cost."""

import asyncio
import importlib
from dataclasses import dataclass
from uuid import UUID

from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.services import Llm
from core.caller import Caller
from core.connections.service import Connections
from core.errors import Conflict, OthersFailed, OthersSlow
from core.redaction import Redactor


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """US dollars for a million tokens; None where the price lists do not know it."""

    name: str
    usd_in: float | None
    usd_out: float | None


class Offered:
    """The service of one process."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def models(self, caller: Caller, connection_id: UUID) -> list[OfferedModel]:
        """Really asks the provider. Raises `NotFound`, `Forbidden`, `RateLimited`, `Conflict` where the connection is
        for something else or refused, `OthersFailed`, `OthersSlow`."""
        redactor = Redactor()
        try:
            signed = await self._connections.opened(caller, connection_id, redactor)
            llm = signed.service(Llm)  # type: ignore[type-abstract]
            names = await llm.models()
        except ActionError as error:
            raise _refused(error, redactor.text(error.message)) from error
        prices = await asyncio.to_thread(importlib.import_module, "core.agents.prices")
        found = [(name, prices.per_million(llm.provider, name)) for name in names]
        return [OfferedModel(name, *(None if each is None else float(each) for each in usd)) for name, usd in found]


def _refused(error: ActionError, message: str) -> Conflict | OthersFailed | OthersSlow:
    if isinstance(error, Retryable):
        return (OthersSlow if error.cause == "timeout" else OthersFailed)(error.code, message)
    if isinstance(error, InvalidInput):
        return Conflict(error.code, message)
    return OthersFailed(error.code, message)
