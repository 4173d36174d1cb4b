"""Turns, loaded before the first agent speaks: the libraries of the providers take seconds and some 80 MB to import,
which an installation without a provider never pays. They are imported in a thread, so that runs go on meanwhile."""

import asyncio
import gc
import importlib
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any, Final

from blocks import registry
from blocks.conversing import Turn, TurnDone
from blocks.outcomes import Wait
from core.agents.hosting import Host, Talks
from core.db import AWAY, Database

LOOK_S: Final = 10.0  # for the first provider
_SWITCH_S: Final = 0.0005  # the event loop waits so long for the importing thread, not Python's 5 ms
_PROVIDERS: Final = "SELECT EXISTS (SELECT FROM connections WHERE kind = ANY ($1))"


class LoadedOnUse:
    """`core.agents.hosting.Talks`; `make` makes the real one out of the module `core.agents.turns`."""

    def __init__(self, make: Callable[[Any], Talks]) -> None:
        self._make = make
        self._talks: Talks | None = None
        self._loading = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        return self._talks is not None

    async def converse(self, turn: Turn, host: Host) -> TurnDone | Wait:
        return await (await self.load()).converse(turn, host)

    async def load(self) -> Talks:
        """The real one; who asks while it is imported waits for that."""
        async with self._loading:
            if self._talks is None:
                self._talks = self._make(await _imported("core.agents.turns"))
            return self._talks

    async def preload(self, db: Database, stop: asyncio.Event) -> None:
        """Load as soon as anybody has a provider of models, so that no answer waits for it; until `stop` is set.

        `db` asks across workspaces.
        """
        kinds = [*registry.connections_for("model")]
        while not stop.is_set() and not self.loaded:
            with suppress(*AWAY):
                async with db.connection() as connection:
                    wanted = await connection.fetchval(_PROVIDERS, kinds)
                if wanted:
                    await self.load()
                    return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_S)


async def _imported(name: str) -> ModuleType:
    """The module, imported in a thread that no end of the process waits for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[ModuleType] = loop.create_future()

    def work() -> None:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        try:
            tell = partial(_settle, done, importlib.import_module(name))
        except Exception as error:
            tell = partial(_fail, done, error)
        finally:
            sys.setswitchinterval(usual)
            gc.freeze()  # what was imported lives for ever: nobody needs to look through it for garbage
        with suppress(RuntimeError):  # the loop has closed meanwhile
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=work, name=f"import {name}", daemon=True).start()
    return await done


def _settle(done: "asyncio.Future[ModuleType]", module: ModuleType) -> None:
    if not done.done():
        done.set_result(module)


def _fail(done: "asyncio.Future[ModuleType]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
