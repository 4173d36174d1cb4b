"""What templates give, while somebody writes them: from sample data, without a run or an automation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blocks.errors import InvalidInput
from blocks.values import Json
from core import clock
from core.automations.trial import Renders
from core.buckets import Buckets
from core.caller import Caller
from core.errors import RateLimited

_AT_ONCE: Final = 60  # previews of a workspace, and five a second after that
_PER_SECOND: Final = 5.0


@dataclass(frozen=True, slots=True)
class Preview:
    """The value, or why there is none."""

    value: Json = None
    error_code: str | None = None
    error: str | None = None


class Writing:
    """The service of one process."""

    def __init__(self, renderer: Renders) -> None:
        self._renderer = renderer
        self._rates = Buckets()

    async def preview(self, caller: Caller, value: Json, context: Mapping[str, Json]) -> Preview:
        """What is wrong with the template itself is told in the answer. Raises `Forbidden`, `RateLimited`."""
        caller.require("editor")
        if wait := self._rates.take(str(caller.workspace_id), burst=_AT_ONCE, per_second=_PER_SECOND):
            raise RateLimited(
                "too_many_previews", "These are many previews at once; try again in a moment.", after=wait
            )
        names = {"now": clock.now().isoformat(), **context}
        try:
            return Preview(await self._renderer.render(value, names, workspace=str(caller.workspace_id)))
        except InvalidInput as error:
            return Preview(None, error.code, error.message)
