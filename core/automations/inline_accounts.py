"""Secrets that people write into a step instead of naming a connection: they become one when the automation is saved.

Source: the slack step of the product documents, with `webhook_url` or `token`. Only who may make connections may write
one that way; for others `shortforms.py` says what to do instead. Nothing of it is kept in the automation.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from blocks.values import Json, JsonObject
from core.caller import Caller
from core.connections.service import Connections, Given
from core.errors import Conflict

# By the type of the step: which field is a secret of which kind of connection.
_KINDS: Final = {"slack": {"webhook_url": ("slack_webhook", "webhook_url"), "token": ("slack", "bot_token")}}
_DEEPEST: Final = 10  # loops in loops
_TRIES: Final = 20  # names


@dataclass(slots=True)
class _Found:
    """What was written, by kind, field and secret: the same one twice is one connection."""

    accounts: dict[tuple[str, str, str], str] = field(default_factory=dict, repr=False)


class InlineAccounts:
    """The service of one process."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @asynccontextmanager
    async def moved(self, caller: Caller, raw: Json, *, repeated: bool = False) -> AsyncIterator[Json]:
        """The document that names connections where `raw` held their secrets. Where what is done with it fails, they
        are gone again, and where it was done before (`repeated`: that may be). Raises as `Connections.create`."""
        if not isinstance(raw, dict) or not _may(caller) or not _holds(raw.get("actions"), _DEEPEST):
            yield raw
            return
        name = raw.get("name")
        made: list[UUID] = []
        try:
            found = _Found()
            _replaced(raw.get("actions"), found, _DEEPEST)  # only to find them
            for kind, own, secret in found.accounts:
                ident = await self._make(caller, name if isinstance(name, str) else "", kind, {own: secret})
                made.append(ident)
                found.accounts[kind, own, secret] = str(ident)
            yield {**raw, "actions": _replaced(raw.get("actions"), found, _DEEPEST)}
            for ident in made if repeated else ():
                with suppress(Conflict):  # it is used
                    await self._connections.delete(caller, ident, force=False)
        except BaseException:
            for ident in made:
                await self._connections.delete(caller, ident, force=True)
            raise

    async def _make(self, caller: Caller, automation: str, kind: str, fields: JsonObject) -> UUID:
        wanted = " ".join(automation.translate({ord("{"): " ", ord("}"): " "}).split())[:150]
        base = f"{wanted} (Slack)" if wanted else "Slack"
        address = fields.get("webhook_url")
        host = urlsplit(address).hostname if isinstance(address, str) else None
        for number in range(1, _TRIES + 1):
            name = base if number == 1 else f"{base} {number}"
            given = Given(name=name, fields=fields, allowed_hosts=[host] if host else None)
            try:
                return (await self._connections.create(caller, kind, given)).id
            except Conflict as error:
                if error.code != "connection_name_taken" or number == _TRIES:
                    raise
        raise AssertionError("unreachable")


def _may(caller: Caller) -> bool:
    """Whether they could make the connection by hand."""
    return caller.may("admin") and (caller.scopes is None or "admin" in caller.scopes)


def _secret(step: JsonObject, name: str) -> str | None:
    """What stands there in clear, in the step itself or in its config; templates are nobody's secret."""
    config = step.get("config")
    places = (step, config) if isinstance(config, dict) else (step,)
    given = [place[name] for place in places if isinstance(place.get(name), str)]
    return next((each for each in given if isinstance(each, str) and each.strip() and "{{" not in each), None)


def _wanted(step: Json) -> tuple[str, str, str, str] | None:
    """(field, kind, the kind's field, secret) of a step that holds exactly one and names no connection."""
    if not isinstance(step, dict) or not isinstance(step.get("type"), str):
        return None
    config = step.get("config")
    if "connection" in step or (isinstance(config, dict) and "connection" in config):
        return None
    fields = _KINDS.get(str(step["type"]), {})
    found = [(name, *kind, secret) for name, kind in fields.items() if (secret := _secret(step, name)) is not None]
    return found[0] if len(found) == 1 else None


def _holds(steps: Json, depth: int) -> bool:
    if not isinstance(steps, list) or depth == 0:
        return False
    return any(
        _wanted(step) is not None
        or (isinstance(step, dict) and any(_holds(inner, depth - 1) for inner in _inner(step)))
        for step in steps
    )


def _inner(step: JsonObject) -> list[Json]:
    config = step.get("config")
    return [step.get("steps"), config.get("steps") if isinstance(config, dict) else None]


def _replaced(steps: Json, found: _Found, depth: int) -> Json:
    if not isinstance(steps, list) or depth == 0:
        return steps
    return [_step(step, found, depth) if isinstance(step, dict) else step for step in steps]


def _step(step: JsonObject, found: _Found, depth: int) -> JsonObject:
    changed = dict(step)
    config = step.get("config")
    if isinstance(config, dict):
        changed["config"] = config = dict(config)
    wanted = _wanted(step)
    if wanted is not None:
        name, kind, own, secret = wanted
        changed.pop(name, None)
        if isinstance(config, dict):
            config.pop(name, None)
        target = config if isinstance(config, dict) else changed
        target["connection"] = found.accounts.setdefault((kind, own, secret), "")
    for holder in (changed, config):
        if isinstance(holder, dict) and "steps" in holder:
            holder["steps"] = _replaced(holder["steps"], found, depth - 1)
    return changed
