"""Which version a replay runs: the one the run had then, the live one, or the draft as it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

from blocks.sentences import said
from blocks.trigger import Trigger
from core.automations import repository, subscribers
from core.automations.definition import Definition, canonical, stored
from core.automations.model import Rule
from core.automations.service import Automations, errors
from core.automations.versions import draft_of
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Invalid
from core.runs.pinned import load_definition

Which: TypeAlias = Literal["then", "live", "draft"]

_SNAPSHOT = """
INSERT INTO draft_snapshots (rule_id, number, definition, created_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A version to run. The number of a draft is the negative of its revision."""

    number: int
    definition: Definition

    @property
    def draft(self) -> bool:
        return self.number < 0

    def __str__(self) -> str:
        return f"the draft (revision {-self.number})" if self.draft else f"version {self.number}"


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A draft that could be published, as it was at that revision."""

    revision: int
    definition: Definition

    @property
    def pinned(self) -> Pinned:
        return Pinned(-self.revision, self.definition)


class Drafts:
    """Checks drafts as publishing does, before the transaction that runs them."""

    def __init__(self, db: Database, automations: Automations, kinds: Mapping[str, Trigger[Any]]) -> None:
        self._db = db
        self._automations = automations
        self._kinds = kinds

    async def checked(self, caller: Caller, rule: Rule) -> CheckedDraft:
        """Raises `Conflict` where the draft can't be read, `Invalid` with what would stop publishing it."""
        definition = draft_of(rule)
        found = await self._automations.validate(caller, rule.id, rule.document)
        async with self._db.connection() as connection:
            found = [*found, *await subscribers.missing(connection, rule, definition, self._kinds)]
        if wrong := errors(found):
            raise Invalid(
                "draft_invalid",
                said("The draft can't run as it is; `errors` says what is wrong with it."),
                tuple(wrong),
            )
        return CheckedDraft(rule.revision, definition)


class Chooser:
    """Finds versions within one transaction; what was found once is remembered."""

    def __init__(
        self, connection: Connection, caller: Caller, which: Which, drafts: Mapping[UUID, CheckedDraft]
    ) -> None:
        self._connection = connection
        self._caller = caller
        self._which = which
        self._drafts = drafts
        self._rules: dict[UUID, Rule | None] = {}
        self._then: dict[tuple[UUID, int], Definition | None] = {}
        self._live: dict[UUID, Pinned] = {}

    async def choose(self, rule_id: UUID, then: int) -> Pinned:
        """The version to run. Raises `Conflict` where there is none."""
        rule = await self._rule(rule_id)
        if self._which == "live":
            return await self._live_of(rule)
        if self._which == "draft":
            return self._draft_of(rule)
        definition = await self.then(rule_id, then)
        if definition is None:
            raise Conflict(
                "version_not_kept",
                said("The version that this run ran on is not kept any more: replay it on the version live or draft."),
            )
        return Pinned(then, definition)

    async def then(self, rule_id: UUID, number: int) -> Definition | None:
        """The definition that a former run ran on, if it is still there."""
        if (rule_id, number) not in self._then:
            try:
                self._then[rule_id, number] = await load_definition(self._connection, rule_id, number)
            except (LookupError, ValueError):  # gone, or written before a definition had its present shape
                self._then[rule_id, number] = None
        return self._then[rule_id, number]

    async def _rule(self, rule_id: UUID) -> Rule:
        if rule_id not in self._rules:
            self._rules[rule_id] = await repository.find(self._connection, self._caller.workspace_id, rule_id)
        rule = self._rules[rule_id]
        if rule is None:
            raise Conflict(
                "automation_deleted",
                said("The automation of this run is deleted: restore it first, then replay the run."),
            )
        return rule

    async def _live_of(self, rule: Rule) -> Pinned:
        if rule.id not in self._live:
            document = None
            if rule.live_version is not None:
                document = await repository.definition_of(self._connection, rule.id, rule.live_version)
            if rule.live_version is None or document is None:
                raise Conflict(
                    "automation_not_published",
                    said("This automation has no live version: publish it first, or replay the run on its draft."),
                )
            self._live[rule.id] = Pinned(rule.live_version, stored(document))
        return self._live[rule.id]

    def _draft_of(self, rule: Rule) -> Pinned:
        draft = self._drafts.get(rule.id)
        if draft is None or draft.revision != rule.revision:
            raise Conflict("draft_changed", said("Somebody changed the draft just now: look at it, and try again."))
        return draft.pinned


async def keep(connection: Connection, rule_id: UUID, version: Pinned, by: UUID) -> None:
    """See that a draft that is to run is kept; published versions are."""
    if version.draft:
        await connection.execute(_SNAPSHOT, rule_id, version.number, canonical(version.definition), by)
