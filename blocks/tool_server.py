"""What a server of tools (Model Context Protocol) can do for actions and agents. A connection of it gives one of these
by `Connection.service`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from blocks.services import Attachment
from blocks.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool as its server describes it; all of it is the server's own word.

    `schema` is the JSON Schema of its arguments. `only_reads` and `repeatable` are its hints: that it changes nothing,
    or that calling it twice does the same as calling it once.
    """

    name: str
    title: str
    description: str
    schema: JsonObject
    only_reads: bool = False
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class ToolList:
    """`revision` changes whenever anything in `tools` does."""

    revision: str
    tools: tuple[ServerTool, ...]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave. `text` is all of its text; `structured` is null where it gave none.

    `links` are addresses that it named; nobody has looked at them.
    """

    text: str
    structured: Json = None
    attachments: Sequence[Attachment] = ()
    links: Sequence[str] = field(default_factory=tuple)


class ToolServer(ABC):
    """A server of tools."""

    @abstractmethod
    async def tools(self, *, timeout_s: float, fresh: bool = False) -> ToolList:
        """Its tools, as they were a few minutes ago at most; `fresh` asks now.

        Raises `InvalidInput` (`connection_refused`, `not_a_tool_server`, `blocked_address` ...) and `Retryable`.
        """

    @abstractmethod
    async def call(self, tool: str, arguments: JsonObject, *, timeout_s: float) -> ToolResult:
        """Call a tool, whose arguments are checked before anything is sent.

        Raises as `tools`, and `InvalidInput` (`tool_not_found`, `tool_arguments`, `tool_refused`, `tool_failed` with
        the tool's own words). A `Retryable` has `answered=False` exactly where the tool may have done its work and is
        none that may be called twice.
        """
