"""What travels between a job of an isolated lane and the API: the engine's own records, as JSON.

`jsontext.dump` writes a dataclass; `read` makes it again. The values are checked by PostgreSQL when they are recorded.
"""

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from blocks.values import Json, JsonObject
from core.runs.queue import ClaimedRun
from core.runs.record import Entry, LineRecord, RunRecord, StepRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

_STATUSES: Final = frozenset({None, "success", "failed", "cancelled", "waiting"})  # in which a job leaves its run
_IDS: Final = (UUID, UUID | None)
_TIMES: Final = (datetime, datetime | None)
_NUMBERS: Final = (int, int | None)
_NEVER_NONE: Final = (UUID, datetime, int)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a job is told when it has claimed its run: all that it needs to execute it."""

    run: ClaimedRun
    definition: JsonObject
    http_allow_hosts: tuple[str, ...]
    public_url: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """`held`: the lease goes on. `cancel`: somebody wants the run to stop. `answers`: how many waiting steps have
    been answered."""

    held: bool
    cancel: bool = False
    answers: int = 0


def read(kind: type[T], facts: Json) -> T:
    """A flat dataclass of ids, times and JSON. Raises `ValueError` when it is none."""
    if not isinstance(facts, dict):
        raise ValueError(f"a {kind.__name__} is an object")
    values: dict[str, Any] = {}
    for each in fields(kind):
        if each.name in facts:
            values[each.name] = _value(each.type, facts[each.name])
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"a {kind.__name__} has {each.name}")
    return kind(**values)


def _value(declared: object, value: Json) -> object:
    if value is None:
        if declared in _NEVER_NONE:
            raise ValueError("null is none of these")
        return None
    if declared in _IDS:
        return UUID(str(value))
    if declared in _TIMES:
        return datetime.fromisoformat(str(value))
    if declared in _NUMBERS and type(value) is not int:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value


def read_claim(answer: Json) -> Claim:
    """Raises `ValueError`."""
    if not isinstance(answer, dict) or not isinstance(answer.get("definition"), dict):
        raise ValueError("this is no claim")
    claim = read(Claim, answer)
    return replace(claim, run=read(ClaimedRun, answer["run"]), http_allow_hosts=tuple(claim.http_allow_hosts))


def read_entry(facts: Json, run: ClaimedRun) -> Entry:
    """What a job wants written of its run. Whatever it says, it speaks of this run. Raises `ValueError`."""
    if not isinstance(facts, dict):
        raise ValueError("an entry is an object")
    about = read(RunRecord, _object(facts.get("run")) | {"run_id": str(run.id), "rule_id": str(run.rule_id)})
    if about.status not in _STATUSES:
        raise ValueError(f"a job does not leave its run {about.status}")
    of_run: JsonObject = {"run_id": str(run.id), "workspace_id": str(run.workspace_id), "epoch": about.epoch}
    return Entry(
        about,
        [read(StepRecord, each | of_run) for each in objects(facts.get("steps"))],
        [read(LineRecord, each | of_run) for each in objects(facts.get("lines"))],
        own_events(facts.get("events"), run),
        list(objects(facts.get("calls"))),
    )


def own_events(events: Json, run: ClaimedRun) -> list[JsonObject]:
    """Changes for the live streams, all of this run."""
    own: JsonObject = {"run": str(run.id), "workspace": str(run.workspace_id), "rule": str(run.rule_id)}
    return [each | own for each in objects(events)]


def objects(value: Json) -> Iterable[JsonObject]:
    """The members of a list of objects. Raises `ValueError`."""
    if not isinstance(value, list | None):
        raise ValueError("a list is expected")
    return [_object(each) for each in value or ()]


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError("an object is expected")
    return value
