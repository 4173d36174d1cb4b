"""Plain values where the outside world knows only text: headers, queries, forms."""

import json

Scalar = str | int | float | bool | None  # None leaves the entry out


def text(value: Scalar) -> str:
    """A text as it is, anything else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)
