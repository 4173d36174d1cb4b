"""Connections as their rows tell them, and as a run has them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from blocks.values import JsonObject
from core.revisions import revision_of

UsedBy: TypeAlias = Literal["editors", "admins"]
ROLES: Final = {"editors": "editor", "admins": "admin"}  # the lowest role that may name it in an automation


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """What everybody may see of it who may use it: no secret is in here."""

    id: UUID
    workspace_id: UUID
    name: str
    kind: str
    settings: JsonObject
    secret_names: list[str]
    hosts: list[str]
    used_by: UsedBy
    created_by: UUID | None
    updated_by: UUID | None
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None
    last_tested_at: datetime | None
    last_failed_at: datetime | None
    last_error: str | None
    listening: JsonObject | None = None  # `{"state", "since", "error", "account"}` where somebody needs it to listen

    @property
    def revision(self) -> str:
        """Changes with every edit, and with nothing else."""
        return revision_of(str(self.id), self.updated_at.isoformat())


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection that a step may use now, its secrets in clear. `revision` changes with every edit of it."""

    id: UUID
    name: str
    kind: str
    hosts: list[str]
    revision: str
    values: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class Use:
    """A step that names a connection: in the `live` version, in the `draft`, or in both."""

    automation_id: UUID
    automation_name: str
    step: str
    named: str  # the reference as it is written: the id, or the name
    version: int | None  # the live one; None where only the draft has it
    draft: bool
