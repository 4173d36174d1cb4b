"""Automations as their rows tell them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blocks.values import Json, JsonObject
from blocks.words import Language
from core.said import CAUSES, filled


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an automation was paused: a code of `core/said.py` with the arguments of its sentence."""

    code: str
    args: JsonObject

    def told(self, language: Language) -> str:
        """Raises `KeyError` where there is no such code or an argument is missing."""
        sentence = filled(CAUSES[self.code][language], self.args, language)
        return sentence[:1].upper() + sentence[1:]


@dataclass(frozen=True, slots=True)
class Paused:
    """`stored` is the reason in English; `code` of older rows is null."""

    at: datetime
    stored: str
    code: str | None
    args: JsonObject

    def reason(self, language: Language) -> str:
        try:
            return self.stored if self.code is None else Reason(self.code, self.args).told(language)
        except KeyError:
            return self.stored


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list."""

    id: UUID
    workspace_id: UUID
    name: str
    description: str | None
    trigger_type: str | None
    enabled: bool
    live_version: int | None
    last_run_at: datetime | None
    last_run_status: str | None
    last_run_id: UUID | None
    run_count: int
    created_at: datetime
    updated_at: datetime
    created_by: UUID | None
    updated_by: UUID | None
    deleted_at: datetime | None
    paused_at: datetime | None
    paused_reason: str | None
    paused_code: str | None
    paused_args: JsonObject
    switched_at: datetime | None
    switched_by: str | None

    @property
    def status(self) -> str:
        """`draft` until first published, then `active` or `inactive`; `deleted` while it can still be restored."""
        if self.deleted_at is not None:
            return "deleted"
        if self.live_version is None:
            return "draft"
        return "active" if self.enabled else "inactive"

    @property
    def paused(self) -> Paused | None:
        """Since when and why the circuit breaker has it switched off; None once somebody switched it on again."""
        if self.paused_at is None:
            return None
        return Paused(self.paused_at, self.paused_reason or "", self.paused_code, self.paused_args)


@dataclass(frozen=True, slots=True)
class Rule(Summary):
    """The whole row. What is in it was saved last; what runs is the live version."""

    trigger_config: JsonObject
    actions: list[Json]
    policy: JsonObject
    layout: JsonObject
    revision: int
    draft_changed: bool

    @property
    def document(self) -> JsonObject:
        """The draft in the definition language."""
        return {
            "name": self.name,
            "description": self.description,
            "trigger_type": self.trigger_type,
            "trigger_config": self.trigger_config,
            "actions": self.actions,
            "policy": self.policy,
            "layout": self.layout,
        }


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """`active`: part of the live version of an automation that is switched on."""

    id: UUID
    type: str
    config: JsonObject
    position: int
    active: bool
    webhook_id: str | None
    webhook_secret: str | None  # SHA-256, hex


@dataclass(frozen=True, slots=True)
class Version:
    """A published, immutable definition."""

    number: int
    note: str | None
    created_by: UUID | None
    created_at: datetime
    live: bool
