"""Where a request comes from: the peer, or whom a trusted proxy names in `X-Forwarded-For`.

The header is believed from the right to the left as long as the hops are trusted; what anybody else wrote into it is
ignored, so nobody chooses an address for themselves.
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.types import Scope

Network = IPv4Network | IPv6Network

UNKNOWN: Final = "unknown"
_LONGEST_CHAIN: Final = 20


class Origin:
    """`trusted` are the networks of proxies whose word counts."""

    def __init__(self, trusted: tuple[Network, ...] = ()) -> None:
        self._trusted = trusted

    def of(self, scope: Scope) -> str:
        """The address of the client, as text."""
        peer = scope.get("client")
        address: str = peer[0] if peer else UNKNOWN
        if not self._trusted or not self._is_trusted(address):
            return address
        hops = [
            hop.strip()
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
            for hop in str(value, "latin-1").split(",")
        ]
        for hop in reversed(hops[-_LONGEST_CHAIN:]):
            if _canonical(hop) is None:
                break
            address = hop
            if not self._is_trusted(hop):
                break
        return _canonical(address) or address

    def _is_trusted(self, text: str) -> bool:
        canonical = _canonical(text)
        return canonical is not None and any(ip_address(canonical) in network for network in self._trusted)


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str | None:
    """The address in its usual form, an IPv4 one without its IPv6 wrapping; None where it is none."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


@lru_cache(maxsize=4096)
def counted_as(address: str) -> str | None:
    """Whom an address is counted for: an IPv6 subscriber has a whole /64. None: this machine, which is not counted."""
    canonical = _canonical(address)
    if canonical is None:
        return address
    found = ip_address(canonical)
    if found.is_loopback:
        return None
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return canonical
