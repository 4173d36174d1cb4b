"""Which of a workspace's connections a template works with: those that are named, else the only one that will do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.sentences import said
from core.caller import Caller
from core.connections.model import ROLES
from core.db import Connection
from core.errors import Finding
from core.templates.model import MODEL, NeededConnection, Template

_ALL: Final = "SELECT id, name, kind, used_by FROM connections WHERE workspace_id = $1 ORDER BY id"


@dataclass(frozen=True, slots=True)
class Account:
    """A connection of the workspace that the caller may use."""

    id: UUID
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Connections by the template's names for them; those that are in none of the two are optional and not there."""

    accounts: Mapping[str, Account]
    missing: tuple[str, ...]


async def usable(connection: Connection, caller: Caller) -> list[Account]:
    """The oldest first."""
    rows = await connection.fetch(_ALL, caller.workspace_id)
    return [Account(row["id"], row["name"], row["kind"]) for row in rows if caller.may(ROLES[row["used_by"]])]


def fitting(needed: NeededConnection, accounts: list[Account]) -> list[Account]:
    """Those that will do."""
    kinds = set(needed.usable)
    return [each for each in accounts if each.kind in kinds]


def choose(
    template: Template, accounts: list[Account], given: Mapping[str, str | None]
) -> tuple[Chosen, list[Finding]]:
    """What the template works with, and what is wrong with what was `given` (ids or names by the template's names;
    null: without it). Where several will do, somebody has to say which: but for models, where the workspace has a
    default."""
    findings = [
        Finding(
            f"overrides.connections.{key}",
            said("There is no such connection in it; there are {known}.", known=_listed(template)),
        )
        for key in given
        if key not in template.connections
    ]
    chosen: dict[str, Account] = {}
    missing: list[str] = []
    for key, needed in template.connections.items():
        found = list(_candidates(needed, fitting(needed, accounts), key, given))
        if len(found) == 1 or (found and needed.purpose == MODEL and key not in given):
            chosen[key] = found[0]
        elif len(found) > 1:
            told = ", ".join(f"{each.name} ({each.id})" for each in found)
            findings.append(
                Finding(
                    f"overrides.connections.{key}", said("Several connections will do: {told}. Name one.", told=told)
                )
            )
        elif given.get(key) is not None:
            message = said(
                "There is no connection {name} that will do; it takes {kinds}.",
                name=str(given[key])[:100], kinds=", ".join(needed.usable),
            )  # fmt: skip
            findings.append(Finding(f"overrides.connections.{key}", message))
        elif not needed.optional:
            missing.append(key)
    return Chosen(chosen, tuple(missing)), findings


def _candidates(
    needed: NeededConnection, accounts: list[Account], key: str, given: Mapping[str, str | None]
) -> Iterator[Account]:
    if key not in given:
        yield from accounts
        return
    reference = given[key]
    if reference is not None:
        by_id = [each for each in accounts if str(each.id) == reference.lower()]
        yield from by_id or [each for each in accounts if each.name.lower() == reference.lower()]


def _listed(template: Template) -> str:
    return ", ".join(template.connections) or "none"
