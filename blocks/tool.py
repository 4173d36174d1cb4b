"""The contract of an agent's tool: one file in `blocks/tools/`, one class, nothing to register by hand.

The author of an agent fixes what stands in `Settings` (hosts, recipients, a channel, an account); the model fills
`Arguments`, which are data and never more than that.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from blocks.action import ActionContext, Effect, Http
from blocks.values import Json, JsonObject
from blocks.workspace import Workspace


class ToolContext(ActionContext, Protocol):
    """What a tool is lent: as an action, with an `idempotency_key` of this very call, and the workspace."""

    @property
    def workspace(self) -> Workspace: ...

    async def within(self, hosts: Sequence[str], connection: str | None = None) -> Http:
        """A way out to these hosts alone, by redirects too, signed by that account; without hosts, to all that may be
        reached."""
        ...


class ToolModel(BaseModel):
    """Base of arguments and settings: unknown fields are errors, never silence."""

    model_config = ConfigDict(extra="forbid")


class NoSettings(ToolModel):
    """Of a tool whose author has nothing to fix."""


ArgumentsT = TypeVar("ArgumentsT", bound=BaseModel)
SettingsT = TypeVar("SettingsT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Offer:
    """A function as the model sees it.

    `schema` is the JSON Schema of what it fills; with `target`, which the model does not see, `Tool.into` makes
    `Arguments` of that. All of it is JSON, so that a turn which goes on later finds what it began with.
    """

    name: str
    description: str
    schema: JsonObject
    target: JsonObject = field(default_factory=dict)


class Tool(ABC, Generic[ArgumentsT, SettingsT]):
    """One kind of tool. `name` is permanent.

    `sends_out`: it carries what the model wrote out of the workspace. `brings_in`: what it gives may come from outside,
    so that from then on the turn is tainted. `changing`: what it offers is somebody else's word, which taints the turn
    as soon as the model reads it, and is kept for the turn. `connection` is the purpose of the account that
    `settings.connection` names. `guide` is what the model reads.
    """

    name: ClassVar[str]
    title: ClassVar[Mapping[str, str]]  # by language: {"en": ..., "fr": ...}
    description: ClassVar[Mapping[str, str]]
    guide: ClassVar[str]
    Arguments: ClassVar[type[BaseModel]]
    Settings: ClassVar[type[BaseModel]] = NoSettings
    sends_out: ClassVar[bool] = False
    brings_in: ClassVar[bool] = False
    changing: ClassVar[bool] = False
    connection: ClassVar[str | None] = None
    example: ClassVar[JsonObject] = {}  # of `Settings`

    @abstractmethod
    def effect(self, arguments: ArgumentsT) -> Effect:
        """What this very call does to the world."""

    def listed(self, arguments: ArgumentsT, settings: SettingsT) -> bool:
        """Whether the author has named the destination of this call."""
        return False

    async def offers(self, settings: SettingsT, context: ToolContext) -> Sequence[Offer]:
        """The functions that the model sees; one, where a tool does not say otherwise."""
        return [Offer(self.name, self.described(settings), self.Arguments.model_json_schema())]

    def into(self, target: JsonObject, filled: JsonObject) -> JsonObject:
        """`Arguments` of what the model filled into the offer with this `target`."""
        return filled

    def described(self, settings: SettingsT) -> str:
        """What the model reads of it, with what the author has fixed."""
        return self.guide

    @abstractmethod
    async def run(self, arguments: ArgumentsT, settings: SettingsT, context: ToolContext) -> Json:
        """Do it. Raises the classes of `blocks/errors.py`; the model is told of `InvalidInput` and may go on."""


AnyTool = Tool[Any, Any]
