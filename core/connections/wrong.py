"""What is wrong with the connections that an automation names, found when it is saved."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from blocks import registry
from blocks.sentences import said
from blocks.values import Json
from core.automations.containers import Actions, bodies
from core.automations.definition import Definition
from core.automations.templates import is_template
from core.caller import Caller
from core.connections import hosts, repository
from core.connections.model import ROLES, ConnectionRow
from core.connections.opening import references
from core.db import Connection
from core.errors import Finding
from core.outgoing.urls import BadHost, read_host


async def wrong_connections(
    connection: Connection, caller: Caller, definition: Definition, actions: Actions
) -> list[Finding]:
    """A foreign connection is as unknown as none."""
    named = list(references(definition, actions))
    if not named:
        return []
    known = await repository.named(connection, caller.workspace_id, sorted({each for _, _, each in named}))
    steps = {step.id: step for body in bodies(definition.actions, actions) for step in body.steps}
    found: list[Finding] = []
    for at, step_id, reference in named:
        step = steps[step_id]
        purpose = actions[step.type].connection
        found += [
            Finding(f"{at.removesuffix('.connection')}.{field}", message)
            for field, message in _complaints(caller, reference, known.get(reference), purpose, step.config.get("url"))
        ]
    return found


def _complaints(
    caller: Caller, reference: str, row: ConnectionRow | None, purpose: str | None, url: Json
) -> Iterator[tuple[str, str]]:
    if is_template(reference):
        yield "connection", said("A connection is named as it is, by id or name: it can't come out of a template.")
        return
    if row is None:
        yield "connection", said("There is no connection {name} in this workspace.", name=reference[:100])
        return
    kinds = registry.connections_for(purpose)
    if row.kind not in kinds:
        pattern = "The connection {name} is of the kind {kind}; this step takes {kinds}."
        yield "connection", said(pattern, name=row.name, kind=row.kind, kinds=", ".join(kinds))
        return
    if not caller.may(ROLES[row.used_by]):
        pattern = "Only admins may use the connection {name}; ask one to save this automation."
        yield "connection", said(pattern, name=row.name)
    if isinstance(url, str) and (where := static_host(url)) and not hosts.allows(row.hosts, *where):
        yield (
            "url",
            said(
                "The connection {name} may not be used for {host}; its hosts are {hosts}.",
                name=row.name,
                host=f"{where[0]}:{where[1]}",
                hosts=", ".join(row.hosts),
            ),
        )


def static_host(url: str) -> tuple[str, int] | None:
    """Host and port of an address where they are written out, whatever is filled in behind them."""
    head = url.partition("{")[0]
    if is_template(url) and not any(mark in head.partition("://")[2] for mark in "/?#"):
        return None
    try:
        parts = urlsplit(head)
        port = parts.port or (80 if parts.scheme.lower() == "http" else 443)
        return read_host(parts.hostname or "")[0], port
    except (ValueError, BadHost):
        return None
