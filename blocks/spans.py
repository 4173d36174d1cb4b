"""Spans of time as people write them: `90` (seconds), "45m", "2d", "1w", "1d12h". Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field

LONGEST_S: Final = 366 * 86_400
_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN: Final = re.compile(r"(?:(\d{1,8})w)?(?:(\d{1,8})d)?(?:(\d{1,8})h)?(?:(\d{1,8})m)?(?:(\d{1,8})s)?", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def seconds(text: str | float) -> float:
    """How long it is. Raises `ValueError` with a sentence for what is no span, nothing, or more than 366 days."""
    length = read(text)
    if length is None:
        raise ValueError("Write a span of time in seconds (90) or like 45m, 2d, 1w or 1d12h.")
    if not 0 < length <= LONGEST_S:
        raise ValueError("A span of time is more than nothing and at most 366 days.")
    return length


def read(text: str | float) -> float | None:
    """The seconds that are written there; None for what is no span."""
    if not isinstance(text, str):
        return float(text)
    written = text.strip().lower()
    if _NUMBER.fullmatch(written):
        return float(written)
    found = _SPAN.fullmatch(written)
    if not written or found is None:
        return None
    return float(sum(int(count) * _UNITS[unit] for unit, count in zip(_UNITS, found.groups(), strict=True) if count))


def moment(text: str | float, now: datetime) -> datetime:
    """A span from `now` on, or the moment that is written there. Raises `ValueError`.

    A moment is ISO 8601 with its zone, such as 2030-01-31T18:00:00+01:00.
    """
    if not isinstance(text, str) or read(text) is not None:
        return now + timedelta(seconds=seconds(text))
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("Write a span (90, 45m, 2d, 1d12h) or a moment like 2030-01-31T18:00:00+01:00.") from None
    if found.tzinfo is None:
        raise ValueError("A moment needs its time zone; write it like 2030-01-31T18:00:00+01:00.")
    if found > now + timedelta(seconds=LONGEST_S):
        raise ValueError("A moment may be at most 366 days away.")
    return found


def _is_span(text: str | float) -> str | float:
    seconds(text)
    return text


def _is_moment(text: str | float) -> str | float:
    moment(text, datetime.now(UTC))
    return text


Span: TypeAlias = Annotated[str | float, Field(union_mode="left_to_right"), AfterValidator(_is_span)]
Moment: TypeAlias = Annotated[str | float, Field(union_mode="left_to_right"), AfterValidator(_is_moment)]
