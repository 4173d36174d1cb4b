"""Places inside JSON documents, in words: `actions[1].config.url`."""

from collections.abc import Iterable


def place(parts: Iterable[str | int]) -> str:
    """Names joined by dots, list positions in brackets; "" is the document itself."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
