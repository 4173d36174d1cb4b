"""The folder is the registry: every class in `blocks/actions/*.py` is an action, found by looking.

A new action is one new file. No list names it anywhere. Packages that are installed beside bring their own by entry
points: `vutler.actions`, `vutler.triggers`, `vutler.connections`, `vutler.tools`.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
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


def _installed(kind: str, base: type) -> Iterator[type[Any]]:
    """What packages bring. Raises `TypeError` where it is none of these."""
    for point in entry_points(group=f"vutler.{kind}"):
        found = point.load()
        if not (inspect.isclass(found) and issubclass(found, base)) or inspect.isabstract(found):
            raise TypeError(f"The entry point {point.name} of vutler.{kind} ({point.value}) is no {base.__name__}.")
        yield found


def _found(package: ModuleType, base: type) -> Mapping[str, Any]:
    """One of each, by its permanent name. Raises `ValueError` where two have the same."""
    kind = package.__name__.rpartition(".")[2]
    known: dict[str, Any] = {}
    for found in (*_classes(package, base), *_installed(kind, base)):
        if found.name in known:
            other = type(known[found.name]).__module__
            raise ValueError(f"Two of vutler.{kind} are called {found.name!r}: of {other} and {found.__module__}.")
        known[found.name] = found()
    return MappingProxyType(known)


@cache
def actions() -> Mapping[str, Action[Any]]:
    """Every action by its permanent name."""
    return _found(blocks.actions, Action)


@cache
def triggers() -> Mapping[str, Trigger[Any]]:
    """Every trigger kind by its permanent name."""
    return _found(blocks.triggers, Trigger)


@cache
def connections() -> Mapping[str, Connection[Any]]:
    """Every connection kind by its permanent name."""
    return _found(blocks.connections, Connection)


@cache
def tools() -> Mapping[str, AnyTool]:
    """Every tool that an agent may be given, by its permanent name."""
    return _found(blocks.tools, Tool)


def connections_for(purpose: str | None) -> Mapping[str, Connection[Any]]:
    """The kinds that an action with this `connection` may name."""
    return {name: kind for name, kind in connections().items() if kind.purpose == purpose}
