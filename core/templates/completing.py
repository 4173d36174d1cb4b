"""What was deployed without an account, completed when that is there: the name that a template left in its place is
replaced by the only connection that will do."""

from collections.abc import Iterator, Mapping

from blocks.values import Json, JsonObject
from core.caller import Caller
from core.db import Connection
from core.templates import accounts
from core.templates.accounts import Account
from core.templates.model import NeededConnection, Template


class Completing:
    """Knows the names that the templates of a catalogue leave."""

    def __init__(self, known: Mapping[str, Template]) -> None:
        self._needed: dict[str, list[NeededConnection]] = {}
        for template in known.values():
            for each in template.connections.values():
                for name in (each.title.en, each.title.fr):
                    self._needed.setdefault(name, []).append(each)

    async def changes(self, connection: Connection, caller: Caller, document: JsonObject) -> JsonObject:
        """What of an automation's document changes, as a patch. A connection that has the very name stays named by it,
        and where several will do, somebody has to choose."""
        left = set(_named(document)) & self._needed.keys()
        if not left:
            return {}
        there = await accounts.usable(connection, caller)
        found: dict[str, str] = {}
        for name in left - {each.name for each in there}:
            usable = _usable(self._needed[name], there)
            if len(usable) == 1:
                found[name] = str(usable[0].id)
        if not found:
            return {}
        return {part: _replaced(document[part], found) for part in ("trigger_config", "actions")}


def _usable(needed: list[NeededConnection], there: list[Account]) -> list[Account]:
    """Those that will do for every template that leaves this name."""
    return [each for each in there if all(each.kind in one.usable for one in needed)]


def _named(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        named = value.get("connection")
        if isinstance(named, str):
            yield named
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def _replaced(value: Json, found: Mapping[str, str]) -> Json:
    if isinstance(value, dict):
        return {
            name: found.get(each, each) if name == "connection" and isinstance(each, str) else _replaced(each, found)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_replaced(each, found) for each in value]
    return value
