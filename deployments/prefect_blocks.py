"""Connection kinds as block types of Prefect, for flows that operators write themselves.

The classes are derived from the fields of the kinds. Registering them tells Prefect what they look like; no
connection of a tenant is ever stored there.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar

import structlog
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from pydantic import create_model

from blocks import registry
from blocks.action import Http
from blocks.connection import Connection, Token
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing

_LONGEST_PAUSE_S = 60.0

log = structlog.get_logger(__name__)


class _Unkept:
    """A lender that keeps no token (`blocks.connection.Lender`)."""

    def __init__(self, http: Http) -> None:
        self.http = http

    async def token(self, fetch: Callable[[], Awaitable[Token]]) -> str:
        return (await fetch()).text

    def mask(self, secret: str) -> None:
        """Nothing is told here."""


class ConnectionBlock(Block):
    """Base of the derived classes."""

    kind: ClassVar[Connection[Any]]

    async def headers(self) -> dict[str, str]:
        """The headers that prove who asks, to send with a request. Raises the classes of `blocks/errors.py`."""
        given = {name: value for name in self.kind.Fields.model_fields if (value := getattr(self, name)) is not None}
        async with Outgoing(Policy()) as http:
            return await self.kind.sign(self.kind.read(given), _Unkept(http))


@cache
def block_classes() -> Mapping[str, type[ConnectionBlock]]:
    """A block class for each kind, by the kind's name."""
    return MappingProxyType({name: _derived(kind) for name, kind in registry.connections().items()})


def _derived(kind: Connection[Any]) -> type[ConnectionBlock]:
    fields: dict[str, Any] = {name: (each.annotation, each) for name, each in kind.Fields.model_fields.items()}
    made: type[ConnectionBlock] = create_model(
        f"Vutler{type(kind).__name__}", __base__=ConnectionBlock, __module__=__name__, **fields
    )
    made.kind = kind
    made._block_type_name = f"Vutler: {kind.title['en']}"
    made._block_type_slug = f"vutler-{kind.name.replace('_', '-')}"
    made._description = kind.description["en"]
    made._documentation_url = None
    return made


async def register(client: PrefectClient) -> None:
    """Tell Prefect of every kind. Raises what its client raises."""
    for each in block_classes().values():
        await each.aregister_type_and_schema(client=client)


async def keep_registered(stop: asyncio.Event) -> None:
    """Register once, as soon as Prefect is there."""
    pause = 1.0
    while not stop.is_set():
        try:
            async with get_client() as client:
                await register(client)
            return
        except Exception as error:  # away, starting, or not ours: nothing waits for it
            log.info("blocks.waiting", error=str(error) or type(error).__name__, seconds=pause)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)
