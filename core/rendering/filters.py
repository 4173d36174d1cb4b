"""The filters, tests and functions that templates have: none calls, opens or imports what it is given."""

import json
from datetime import UTC, datetime

from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from core.rendering.words import compact

MAX_RANGE = 1000

_JINJA_FILTERS = (
    "abs batch capitalize count d default dictsort e escape first float groupby indent int items join last length "
    "list lower map max min reject rejectattr replace reverse round select selectattr slice sort string striptags sum "
    "title trim truncate unique upper urlencode wordcount"
)
_JINJA_TESTS = (
    "!= < <= == > >= boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable le "
    "lessthan lower lt mapping ne none number odd sameas sequence string true undefined upper"
)


def to_json(value: object, indent: int | None = None) -> str:
    """`{{ trigger.data | tojson }}`: JSON text; with an indent of 1 to 8 on several lines."""
    if indent is None:
        return compact(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=min(max(int(indent), 0), 8))


def from_json(text: str) -> object:
    """`{{ steps.ask.output.text | fromjson }}`: the value that a JSON text stands for."""
    value: object = json.loads(text)
    return value


def date(value: object, pattern: str = "%Y-%m-%d") -> str:
    """`{{ now | date("%d.%m.%Y") }}`: an ISO 8601 text or seconds since 1970, written by a strftime pattern."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime(pattern)
    return datetime.fromisoformat(str(value)).strftime(pattern)


def bounded_range(*limits: int) -> range:
    """`range` with at most 1,000 items."""
    numbers = range(*limits)
    if len(numbers) > MAX_RANGE:
        raise OverflowError(f"range gives at most {MAX_RANGE} items")
    return numbers


ALLOWED_FILTERS = {name: FILTERS[name] for name in _JINJA_FILTERS.split()} | {
    "tojson": to_json,
    "fromjson": from_json,
    "date": date,
}
ALLOWED_TESTS = {name: TESTS[name] for name in _JINJA_TESTS.split()}
