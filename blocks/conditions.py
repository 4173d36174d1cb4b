"""Filters: paths and comparisons over what arrived. Pure, bounded, and without any template language.

    {"path": "trigger.data.type", "op": "equals", "value": "order.paid"}
    {"all": [..., ...]}   {"any": [..., ...]}   {"not": ...}

Text patterns are RE2 (linear time), at most 512 characters.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Self

import re2
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from blocks import paths
from blocks.sentences import said
from blocks.values import Json

MAX_PATTERN = 512
MAX_CONDITIONS = 100
MAX_DEPTH = 10
_GROUPS = ("all", "any", "not")


class Operator(StrEnum):
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    GREATER = "greater"
    AT_LEAST = "at_least"
    LESS = "less"
    AT_MOST = "at_most"
    CONTAINS = "contains"  # text in text, element in list, key in object
    IN = "in"  # the value is a list
    EXISTS = "exists"
    MISSING = "missing"
    MATCHES = "matches"  # the value is an RE2 pattern, found anywhere in the text


_NO_VALUE = (Operator.EXISTS, Operator.MISSING)
_ORDERED = (Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST)


class BadPattern(ValueError):
    """The text is no RE2 pattern that we take."""


@lru_cache(maxsize=1024)
def pattern(text: str) -> "re2._Regexp[str]":
    """Compile an RE2 pattern. Raises `BadPattern`."""
    if len(text) > MAX_PATTERN:
        long = said("A pattern has at most {most} characters; this one has {count}.", most=MAX_PATTERN, count=len(text))
        raise BadPattern(long)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "it can't be compiled"
        shown = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPattern(said("This is no RE2 pattern: {reason}.", reason=shown)) from error


class Condition(BaseModel):
    """A comparison (`path`, `op`, `value`) or a group (`all`, `any` or `not`)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, json_schema_extra={"format": "condition"})

    path: str | None = Field(default=None, description="Where to look, e.g. trigger.data.type")
    op: Operator | None = None
    value: JsonValue = None
    all_: "list[Condition] | None" = Field(default=None, alias="all", min_length=1)
    any_: "list[Condition] | None" = Field(default=None, alias="any", min_length=1)
    not_: "Condition | None" = Field(default=None, alias="not")

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, raw: object) -> object:
        _measure(raw)
        return raw

    @field_validator("path")
    @classmethod
    def _readable(cls, path: str | None) -> str | None:
        if path is not None:
            paths.into_trigger(path)
        return path

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        groups = [group for group in (self.all_, self.any_, self.not_) if group is not None]
        if self.path is None and self.op is None and len(groups) == 1:
            return self
        if groups or self.path is None or self.op is None:
            raise ValueError("Give either path and op, or exactly one of all, any, not.")
        if self.op is Operator.IN and not isinstance(self.value, list):
            raise ValueError("The operator in needs a list as value.")
        if self.op is Operator.MATCHES:
            if not isinstance(self.value, str):
                raise ValueError("The operator matches needs a pattern (text) as value.")
            pattern(self.value)
        if self.op in _NO_VALUE and self.value is not None:
            raise ValueError(said("The operator {name} takes no value.", name=self.op.value))
        if self.op in _ORDERED and (isinstance(self.value, bool) or not isinstance(self.value, int | float | str)):
            raise ValueError(said("The operator {name} needs a number or a text as value.", name=self.op.value))
        return self


def _measure(raw: object) -> None:
    """Refuse conditions that are too many or too deep before anything recurses into them."""
    level, count, depth = [raw], 0, 0
    while level:
        depth += 1
        count += len(level)
        if depth > MAX_DEPTH or count > MAX_CONDITIONS:
            most = said(
                "A filter has at most {most} conditions, {depth} levels deep.", most=MAX_CONDITIONS, depth=MAX_DEPTH
            )
            raise ValueError(most)
        groups = [item.get(name) for item in level if isinstance(item, dict) for name in _GROUPS]
        level = [each for group in groups if group for each in (group if isinstance(group, list) else [group])]


def holds(condition: Condition, context: Mapping[str, Json]) -> bool:
    """Whether `condition` is true of `context` (`{"trigger": {"data": ..., "headers": ..., "query": ...}}`).

    A comparison with something that is not there, or of another type, is false (`not_equals`: true).
    """
    if condition.all_ is not None:
        return all(holds(each, context) for each in condition.all_)
    if condition.any_ is not None:
        return any(holds(each, context) for each in condition.any_)
    if condition.not_ is not None:
        return not holds(condition.not_, context)
    if condition.path is None or condition.op is None:  # the model admits no such condition
        return False
    return _compare(paths.find(context, paths.parse(condition.path)), condition.op, condition.value)


def _compare(found: "Json | paths.Missing", op: Operator, value: JsonValue) -> bool:
    if isinstance(found, paths.Missing):
        return op in (Operator.MISSING, Operator.NOT_EQUALS)
    return _COMPARISONS[op](found, value)


def _same(one: object, other: object) -> bool:
    """JSON equality: true is not 1."""
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def _in(found: object, value: object) -> bool:
    return isinstance(value, list) and any(_same(found, each) for each in value)


def _contains(found: object, value: object) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    if isinstance(found, list):
        return any(_same(each, value) for each in found)
    return isinstance(found, dict) and isinstance(value, str) and value in found


def _matches(found: object, value: object) -> bool:
    return isinstance(found, str) and isinstance(value, str) and pattern(value).search(found) is not None


def _order(found: object, value: object) -> int | None:
    """-1, 0 or 1 for numbers with numbers and text with text (ISO times compare as text), else None."""
    if isinstance(found, bool) or isinstance(value, bool):
        return None
    if isinstance(found, str) and isinstance(value, str):
        return (found > value) - (found < value)
    if isinstance(found, int | float) and isinstance(value, int | float):
        return (found > value) - (found < value)
    return None


_COMPARISONS: Mapping[Operator, Callable[[object, object], bool]] = {
    Operator.EQUALS: _same,
    Operator.NOT_EQUALS: lambda found, value: not _same(found, value),
    Operator.GREATER: lambda found, value: _order(found, value) == 1,
    Operator.AT_LEAST: lambda found, value: _order(found, value) in (0, 1),
    Operator.LESS: lambda found, value: _order(found, value) == -1,
    Operator.AT_MOST: lambda found, value: _order(found, value) in (-1, 0),
    Operator.CONTAINS: _contains,
    Operator.IN: _in,
    Operator.EXISTS: lambda found, value: True,
    Operator.MISSING: lambda found, value: False,
    Operator.MATCHES: _matches,
}
