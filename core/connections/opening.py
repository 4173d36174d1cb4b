"""The door to sealed values: a connection is opened for a step that may use it, and for nobody else.

What a step names was judged when its version was saved (`wrong.py`). It is judged again here, since connections, roles
and inputs change: the version itself must name it, it must be there, and whoever published the version must still be
allowed to use it. Its hosts are judged with every request (`signed.py`).
"""

from collections.abc import Collection, Iterator
from typing import Final, Protocol
from uuid import UUID

from blocks import registry
from blocks.errors import InvalidInput
from blocks.values import JsonObject
from core.automations.containers import Actions, bodies
from core.automations.definition import Definition
from core.automations.templates import is_template
from core.connections.model import Opened
from core.db import Connection
from core.runs.pinned import load_definition
from core.runs.queue import ClaimedRun
from core.seal import SealBroken, Sealer

_FOUND: Final = """
WITH found AS (
    SELECT id, name, kind, settings, sealed, hosts, used_by, updated_at, last_used_at FROM connections
    WHERE workspace_id = $1 AND (id::text = lower($2) OR lower(name) = lower($2))
    ORDER BY id::text = lower($2) DESC LIMIT 1
), used AS (
    UPDATE connections c SET last_used_at = now() FROM found f
    WHERE c.id = f.id AND coalesce(f.last_used_at < now() - interval '1 minute', true)
)
"""
_OPEN: Final = f"""{_FOUND}
SELECT f.*, (
    SELECT m.role FROM workspace_members m WHERE m.workspace_id = $1 AND m.user_id = (
        SELECT v.created_by FROM automation_versions v WHERE v.rule_id = $3 AND v.number = $4
        UNION ALL SELECT d.created_by FROM draft_snapshots d WHERE d.rule_id = $3 AND d.number = $4)
) AS role FROM found f
"""
_OPEN_FOR: Final = f"""{_FOUND}
SELECT f.*, (SELECT m.role FROM workspace_members m WHERE m.workspace_id = $1 AND m.user_id = $3) AS role FROM found f
"""
_ADMINS: Final = ("admin", "owner")


class Borrower(Protocol):
    """Who uses connections without a version that names them."""

    @property
    def workspace_id(self) -> UUID: ...
    @property
    def updated_by(self) -> UUID | None: ...


def references(definition: Definition, actions: Actions) -> Iterator[tuple[str, str, str]]:
    """Every connection that a step names: the place, the step's id and the reference."""
    for body in bodies(definition.actions, actions):
        for index, step in enumerate(body.steps):
            named = step.config.get("connection")
            if isinstance(named, str) and step.type in actions and actions[step.type].connection is not None:
                yield body.place(index, "config", "connection"), step.id, named


class Door:
    """Opens connections with the installation's key."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def for_run(self, connection: Connection, run: ClaimedRun, reference: str) -> Opened:
        """For a step of `run`, whose version must name it. Raises `InvalidInput`."""
        definition = await load_definition(connection, run.rule_id, run.version)
        require_named(reference, {named for _, _, named in references(definition, registry.actions())})
        return await self.for_version(connection, run, reference)

    async def for_version(self, connection: Connection, run: ClaimedRun, reference: str) -> Opened:
        """The same, for who knows that the run's version names it."""
        row = await connection.fetchrow(_OPEN, run.workspace_id, reference, run.rule_id, run.version)
        if row is None:
            raise not_found(reference)
        if row["used_by"] == "admins" and row["role"] not in _ADMINS:
            raise InvalidInput(
                "connection_not_allowed",
                f"The connection {row['name']} is for admins, and who published this version is none. Let an admin"
                " publish the automation, or open the connection to editors.",
            )
        values = self.opened(run.workspace_id, row["id"], row["sealed"])
        revision = row["updated_at"].isoformat()
        return Opened(row["id"], row["name"], row["kind"], row["hosts"], revision, row["settings"] | values)

    async def for_agent(self, connection: Connection, agent: Borrower, reference: str) -> Opened:
        """For an agent: what whoever saved it last may use. Raises `InvalidInput`."""
        row = await connection.fetchrow(_OPEN_FOR, agent.workspace_id, reference, agent.updated_by)
        if row is None:
            raise not_found(reference)
        if row["used_by"] == "admins" and row["role"] not in _ADMINS:
            raise InvalidInput(
                "connection_not_allowed",
                f"The connection {row['name']} is for admins, and who saved the agent last is none. Let an admin save"
                " the agent, or open the connection to editors.",
            )
        values = self.opened(agent.workspace_id, row["id"], row["sealed"])
        revision = row["updated_at"].isoformat()
        return Opened(row["id"], row["name"], row["kind"], row["hosts"], revision, row["settings"] | values)

    def opened(self, workspace_id: UUID, connection_id: UUID, sealed: bytes | None) -> JsonObject:
        """The secret fields. Raises `InvalidInput` (`connection_unreadable`)."""
        if sealed is None:
            return {}
        try:
            return self._sealer.open(workspace_id, connection_id, sealed)
        except SealBroken as error:
            raise InvalidInput(
                "connection_unreadable", f"The secrets of this connection can't be opened: {error} Enter them again."
            ) from error

    def seal(self, workspace_id: UUID, connection_id: UUID, secrets: JsonObject) -> bytes | None:
        return self._sealer.seal(workspace_id, connection_id, secrets) if secrets else None


def require_named(reference: str, known: Collection[str]) -> None:
    """Raises `InvalidInput` where a run asks for a connection that its version does not name: an edited input, say."""
    if reference not in known or is_template(reference):
        raise InvalidInput(
            "connection_not_allowed",
            f"No step of this version names the connection {reference[:100]}; a step may use only what its automation"
            " was published with.",
        )


def not_found(reference: str) -> InvalidInput:
    return InvalidInput("connection_not_found", f"There is no connection {reference[:100]} in this workspace.")
