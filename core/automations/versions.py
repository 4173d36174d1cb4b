"""Looking at versions: one of them, and what makes it another than its neighbours, the draft or the live one."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from uuid import UUID

from blocks.sentences import said
from blocks.values import JsonObject
from core.automations import reading, repository
from core.automations.definition import Definition, stored
from core.automations.differences import Difference, differences
from core.automations.model import Rule, Version
from core.automations.service import Automations
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, NotFound

Against: TypeAlias = int | Literal["draft", "live"]
_UNREADABLE: Final = said("The draft can't be read as an automation: validate it, and mend what is wrong.")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`differences` lead from `against` to the version. `against` is a number, or None for the draft."""

    number: int
    against: int | None
    differences: list[Difference]


class Versions:
    """The service of one process."""

    def __init__(self, db: Database, automations: Automations) -> None:
        self._db = db
        self._automations = automations

    async def get(self, caller: Caller, rule_id: UUID, number: int) -> tuple[Version, JsonObject]:
        """A version and its definition. Raises `NotFound`."""
        async with self._db.connection() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
            found = await repository.version(connection, rule.id, number)
        if found is None:
            raise _no_version(number)
        return found

    async def compare(self, caller: Caller, rule_id: UUID, number: int, against: Against) -> Comparison:
        """What one would have to change in `against` to get this version. Raises `NotFound`, and `Conflict` where the
        draft can't be read."""
        async with self._db.connection() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
            after = await _published(connection, rule, number)
            other = rule.live_version if against == "live" else against
            before = draft_of(rule) if other == "draft" else await _published(connection, rule, other or 0)
        return Comparison(number, other if isinstance(other, int) else None, differences(before, after))


async def _published(connection: Connection, rule: Rule, number: int) -> Definition:
    document = await repository.definition_of(connection, rule.id, number)
    if document is None:
        raise _no_version(number)
    return stored(document)


def draft_of(rule: Rule) -> Definition:
    """The draft as publishing would read it. Raises `Conflict` where it can't be read."""
    read = reading.read(rule.document)
    if read.definition is None or read.findings:  # an adopted one; what is saved here can be read
        raise Conflict("draft_unreadable", _UNREADABLE)
    return read.definition


def _no_version(number: int) -> NotFound:
    return NotFound("version_not_found", f"This automation has no version {number}.")
