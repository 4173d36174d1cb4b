"""Reading a URL strictly: one meaning only, the same for the check and for the connection.

Everything that parsers disagree on is refused rather than repaired: credentials, backslashes, control characters,
numbers in place of addresses (`127.1`, `0x7f.1`, `2130706433`), zones, empty labels.
"""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from yarl import URL

from blocks.errors import InvalidInput
from core.outgoing.addresses import PORTS, Address, Policy, parsed

MAX_URL = 8192  # characters

_SHAPE = re.compile(r"(?i:https?)://(?P<authority>[^/?#\\]+)(?:[/?#].*)?", re.DOTALL)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff\u2028\u2029]")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for. `literal` is its address where the host is one."""

    url: URL
    host: str
    port: int
    literal: Address | None
    trusted: bool

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.url.scheme, self.host, self.port


def _invalid(why: str) -> InvalidInput:
    return InvalidInput("invalid_url", f"The URL can't be used: {why}.")


def _parsed(text: str) -> URL:
    if len(text) > MAX_URL:
        raise _invalid(f"it has more than {MAX_URL} characters")
    if _FORBIDDEN.search(text):
        raise _invalid("it contains a line break, a backslash or a control character")
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise _invalid("it must start with http:// or https:// and a host name")
    authority = shape["authority"]
    if "@" in authority:
        raise _invalid("user name and password do not belong into it, send an Authorization header instead")
    if "%" in authority or " " in authority:
        raise _invalid("its host name contains a character that host names can't have")
    try:
        url = URL(text)
        _ = url.port  # yarl reads it late
    except ValueError:
        raise _invalid("its host name or port is malformed") from None
    if authority.startswith("[") and ":" not in (url.raw_host or ""):
        raise _invalid("only IPv6 addresses stand in brackets")
    return url.with_fragment(None)


def _host(url: URL) -> tuple[str, Address | None]:
    """The host name in ASCII without its final dot, and the address that it is, if it is one."""
    raw = (url.raw_host or "").lower()
    if ":" in raw:
        literal = parsed(raw)
        if literal is None:
            raise _invalid("its IPv6 address is malformed")
        return raw, literal
    host = raw.removesuffix(".")
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise _invalid("its host name is malformed")
    literal = parsed(host)
    if literal is None and _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise _invalid("its host is a number, write the address as four decimal numbers")
    return host, literal


class BadHost(ValueError):
    """The text is no host name and no address."""


def read_host(text: str) -> tuple[str, bool]:
    """A host as `Target.host` has it, and whether it is an address. Raises `BadHost`."""
    bare = text.removeprefix("[").removesuffix("]")
    try:
        url = _parsed(f"https://[{bare}]/" if ":" in bare else f"https://{text}/")
        if url.explicit_port is not None or url.path != "/":
            raise BadHost
        host, literal = _host(url)
    except InvalidInput as error:
        raise BadHost(error.message) from error
    return host, literal is not None


def target(text: str, policy: Policy, ports: frozenset[int] = PORTS) -> Target:
    """Read `text` and check all of it that can be checked without asking the DNS.

    Raises `InvalidInput`: `invalid_url`, or `blocked_address` when the host is an address that is refused.
    """
    url = _parsed(text)
    host, literal = _host(url)
    port = url.port or 0
    if not 1 <= port <= 65535:
        raise _invalid("its port must be a number from 1 to 65535")
    if policy.is_own(host, port):
        raise blocked("it is Vutler itself")
    trusted = policy.trusts(host, port)
    if literal is not None and (why := policy.objection(literal, port, trusted=trusted, ports=ports)):
        raise blocked(why)
    return Target(url.with_host(host), host, port, literal, trusted)


def blocked(why: str) -> InvalidInput:
    return InvalidInput(
        "blocked_address",
        f"Automations may not call this address: {why}. An operator can allow it with VUTLER_HTTP_ALLOW_HOSTS.",
    )


def next_target(current: Target, location: str, policy: Policy) -> Target:
    """Where a redirect leads. Raises as `target` does."""
    try:
        joined = urljoin(str(current.url), location)
    except ValueError:
        raise _invalid("the redirect's target is malformed") from None
    return target(joined, policy)


def finding(text: str, policy: Policy) -> str | None:
    """What is wrong with a URL as far as can be told without asking the DNS, for validation on save."""
    try:
        target(text, policy)
    except InvalidInput as error:
        return error.message
    return None
