"""The folder is the registry: every class in `blocks/actions/*.py` is an action, found by looking.

A new action is one new file. No list names it anywhere.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

import blocks.actions
import blocks.connections
import blocks.tools
import blocks.triggers
from blocks.action import Action
from blocks.connection import Connection
from blocks.tool import AnyTool, Tool
from blocks.trigger import Trigger


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        yield importlib.import_module(found.name)


def _classes(package: ModuleType, base: type) -> Iterator[type[Any]]:
    for module in _modules(package):
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, base) and not inspect.isabstract(found) and found.__module__ == module.__name__:
                yield found


@cache
def actions() -> Mapping[str, Action[Any]]:
    """Every action by its permanent name."""
    return MappingProxyType({found.name: found() for found in _classes(blocks.actions, Action)})


@cache
def triggers() -> Mapping[str, Trigger[Any]]:
    """Every trigger kind by its permanent name."""
    return MappingProxyType({found.name: found() for found in _classes(blocks.triggers, Trigger)})


@cache
def connections() -> Mapping[str, Connection[Any]]:
    """Every connection kind by its permanent name."""
    return MappingProxyType({found.name: found() for found in _classes(blocks.connections, Connection)})


@cache
def tools() -> Mapping[str, AnyTool]:
    """Every tool that an agent may be given, by its permanent name."""
    return MappingProxyType({found.name: found() for found in _classes(blocks.tools, Tool)})


def connections_for(purpose: str | None) -> Mapping[str, Connection[Any]]:
    """The kinds that an action with this `connection` may name."""
    return {name: kind for name, kind in connections().items() if kind.purpose == purpose}
