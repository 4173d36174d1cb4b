"""The hosts that a connection may be used for: `api.example.com`, `api.example.com:8443`, `*.example.com`. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from blocks.sentences import said
from core.outgoing.urls import BadHost, read_host

MOST: Final = 50
_PORT: Final = re.compile(r"(?P<host>.+?)(?::(?P<port>[0-9]{1,5}))?", re.DOTALL)


class BadPattern(ValueError):
    """The text names no hosts; it says why."""


def normal(text: str) -> str:
    """The pattern in lower case and ASCII. Raises `BadPattern`."""
    host, port = _split(text.strip())
    wild = host.startswith("*.")
    bare = host.removeprefix("*.")
    try:
        name, is_address = read_host(bare)
        if port == 0 or (port or 0) > 65535:
            raise BadHost
    except BadHost as error:
        wrong = said(
            "{text} is no host such as api.example.com, api.example.com:8443 or *.example.com.", text=repr(text[:80])
        )
        raise BadPattern(wrong) from error
    if wild and (is_address or "." not in name):
        raise BadPattern(
            said("{text} would allow far too much; name a domain, such as *.example.com.", text=repr(text[:80]))
        )
    name = f"[{name}]" if ":" in name else name
    return f"{'*.' if wild else ''}{name}{f':{port}' if port else ''}"


def allows(patterns: Iterable[str], host: str, port: int) -> bool:
    """Whether a request to `host` (lower case, ASCII, IPv6 without brackets) may be signed. Without a port all are
    meant; a wildcard covers every name below its domain, and not the domain itself."""
    for pattern in patterns:
        name, wanted = _split(pattern)
        if wanted not in (None, port):
            continue
        if name.startswith("*."):
            if host.endswith(name[1:]) and len(host) > len(name) - 1:
                return True
        elif host == name.strip("[]"):
            return True
    return False


def narrowed(patterns: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Of `wanted`, those that `patterns` allow; a wildcard is allowed where it stands there itself."""
    known = list(patterns)
    found = []
    for each in wanted:
        host, port = _split(each)
        if each in known or (not host.startswith("*.") and allows(known, host.strip("[]"), port or 443)):
            found.append(each)
    return found


def _split(text: str) -> tuple[str, int | None]:
    if text.endswith("]") or (text.count(":") > 1 and not text.startswith("[")):
        return text, None
    found = _PORT.fullmatch(text)
    if found is None:
        return text, None
    port = found["port"]
    return found["host"], int(port) if port else None
