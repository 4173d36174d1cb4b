"""Lists: `?limit=&cursor=` in, `{"items": [...], "next_cursor": ...}` out."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from core.errors import Finding, Invalid

DEFAULT: Final = 50
MOST: Final = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description=f"how many, at most {MOST}")]
Cursor = Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before")]


def id_cursor(text: str | None) -> UUID | None:
    """The id that a page starts after. Raises `Invalid`."""
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise _bad() from error


def number_cursor(text: str | None) -> int:
    """The number that a page starts after; 0 for the first page. Raises `Invalid`."""
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise _bad()
    return int(text)


def moment_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """The moment and the id that a page starts after; `moment_text` writes it. Raises `Invalid`."""
    if text is None:
        return None
    moment, _, id_ = text.partition("_")
    try:
        at = datetime.fromisoformat(moment)
        found = at, UUID(id_)
    except ValueError as error:
        raise _bad() from error
    if at.tzinfo is None:
        raise _bad()
    return found


def moment_text(moment: datetime, id_: UUID) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{id_}"


def item_cursor(text: str | None) -> tuple[str, int] | None:
    """The place in loops, such as `3.1`, and the number that a page starts after. Raises `Invalid`."""
    if text is None:
        return None
    place, _, seq = text.partition("_")
    if not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in (*place.split("."), seq)):
        raise _bad()
    return place, int(seq)


def _bad() -> Invalid:
    message = "This is no cursor; take next_cursor of the page before."
    return Invalid(
        "invalid_request", "The request is not valid; `errors` says where.", (Finding("query.cursor", message),)
    )
