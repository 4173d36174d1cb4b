"""Headers that leave: nothing that could split a request or change how it is framed, no secrets to another origin."""

import re

from blocks.errors import InvalidInput
from blocks.headers import OURS
from core.outgoing.decoding import ACCEPTED

MAX_HEADERS = 32_768  # bytes of all names and values together

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, token
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
# Any other header may carry a key under a name of its own (X-Api-Key, PRIVATE-TOKEN ...), so these alone travel on.
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "idempotency-key", "user-agent"})


def _invalid(why: str) -> InvalidInput:
    return InvalidInput("invalid_header", f"A header can't be sent: {why}.")


def prepared(headers: dict[str, str]) -> dict[str, str]:
    """The headers to send, spelled as they were given. Raises `InvalidInput` (`invalid_header`)."""
    by_name = {"user-agent": ("User-Agent", "Vutler")}
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise _invalid(f"{name[:40]!r} is no valid header name")
        if not _VALUE.fullmatch(value):
            raise _invalid(f"the value of {name[:40]} contains a line break or a control character")
        if name.lower() in OURS:
            raise _invalid(f"{name} is set by Vutler itself, leave it out")
        by_name[name.lower()] = (name, value.strip(" \t"))
    by_name["accept-encoding"] = ("Accept-Encoding", ACCEPTED)
    result = dict(by_name.values())
    if sum(len(name) + len(value.encode()) for name, value in result.items()) > MAX_HEADERS:
        raise _invalid(f"all of them together are larger than {MAX_HEADERS} bytes")
    return result


def for_other_origin(headers: dict[str, str]) -> dict[str, str]:
    """What of `prepared` headers may follow a redirect to another scheme, host or port."""
    return {name: value for name, value in headers.items() if name.lower() in _HARMLESS}


def without_body(headers: dict[str, str]) -> dict[str, str]:
    """For a redirect that turns into a GET (RFC 9110, 15.4.4)."""
    return {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
