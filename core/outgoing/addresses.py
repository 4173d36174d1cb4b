"""Which addresses and ports automations may reach: a table, and what an operator allows on top of it.

The table is the IANA special-purpose registries (RFC 6890 and successors), multicast, reserved space and the metadata
services of the clouds. `ipaddress.is_private` and `is_global` both miss entries of it, so neither is used.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443, *range(8000, 9000)})

_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, Oracle
        "169.254.170.2",  # AWS ECS
        "169.254.170.23",  # AWS EKS
        "168.63.129.16",  # Azure: a public address that is not
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
    )
)

_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this very machine"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier's private network"),
        ("127.0.0.0/8", "this very machine"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.31.196.0/24", "reserved for AS112"),
        ("192.52.193.0/24", "reserved for AMT"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("192.175.48.0/24", "reserved for AS112"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "reserved"),
    )
)

_GLOBAL_V6 = IPv6Network("2000::/3")
_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("2001::/23", "reserved for protocols"),  # Teredo, ORCHID, AMT, benchmarks among them
        ("2001:db8::/32", "reserved for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("2620:4f:8000::/48", "reserved for AS112"),
        ("3fff::/20", "reserved for documentation"),
        ("::1/128", "this very machine"),
        ("::/128", "this very machine"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private network"),
        ("ff00::/8", "a multicast address"),
        ("64:ff9b:1::/48", "a private translation prefix"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how IPv6-only networks reach public IPv4
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})  # RFC 5214: an IPv4 address as interface id, under any prefix


def parsed(text: str) -> Address | None:
    """The address that `text` is in canonical form (an IPv6 zone is left out), or None."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to `address` would end at."""
    low = int(address) & 0xFFFF_FFFF
    carries = address.ipv4_mapped is not None or address in _NAT64 or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP
    return IPv4Address(low) if carries else None


def refused(address: Address) -> str | None:
    """Why an automation must not reach `address`, as words after "is"; None when it is a public host's."""
    if address in _METADATA:
        return "a cloud's metadata service"
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _V4 if address in network), None)
    inner = _embedded(address)
    if inner is not None and (reason := refused(inner)):
        return reason
    if address.ipv4_mapped is not None or address in _NAT64:
        return None
    special = next((reason for network, reason in _V6 if address in network), None)
    return special or (None if address in _GLOBAL_V6 else "outside the public address space")


class BadAllowance(ValueError):
    """An entry of the allow list can't be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class _Allowance:
    """One entry: a host name or a network, and the port it is limited to (None: every port)."""

    host: str | None
    network: Network | None
    port: int | None

    @classmethod
    def read(cls, entry: str) -> Self:
        """`host`, `host:port`, `address`, `address:port`, `[v6]:port` or a CIDR network."""
        host, port = _split_port(entry)
        try:
            return cls(None, ip_network(host, strict=False), port)
        except ValueError:
            pass
        if "/" in host or not host or not all(part.isalnum() for part in host.replace("-", "a").split(".")):
            raise BadAllowance(
                f"{entry!r} in VUTLER_HTTP_ALLOW_HOSTS is neither host[:port] nor a network such as 10.0.0.0/8."
            )
        return cls(host.lower(), None, port)

    def covers(self, address: Address, port: int) -> bool:
        return self.network is not None and address in self.network and self.port in (None, port)


def _split_port(entry: str) -> tuple[str, int | None]:
    bracketed = entry.startswith("[")
    host, colon, port = entry.rpartition("]" if bracketed else ":")
    if bracketed:
        host, colon, port = host[1:], port[:1], port[1:]
    elif not colon or ":" in host:  # no port, or a bare IPv6 address or network
        return entry, None
    if not colon:
        return host, None
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise BadAllowance(f"{entry!r} in VUTLER_HTTP_ALLOW_HOSTS has no valid port after the colon.")
    return host, int(port)


@dataclass(frozen=True, slots=True)
class Policy:
    """What automations may reach: public addresses on the usual web ports, and what the operator allows.

    An allowance with a port opens that port of the host, one without opens every port of it. The product's `own`
    origin (host, port) stays closed unless an allowance names it with its port.
    """

    allowed: tuple[_Allowance, ...] = field(default=())
    own: tuple[str, int] | None = None

    @classmethod
    def of(cls, entries: Iterable[str], own_url: str | None = None) -> Self:
        """From `Settings.http_allow_hosts` and `Settings.public_url`. Raises `BadAllowance`."""
        own = urlsplit(own_url) if own_url else None
        port = (own.port or (443 if own.scheme == "https" else 80)) if own else 0
        return cls(tuple(_Allowance.read(entry) for entry in entries), (own.hostname or "", port) if own else None)

    def trusts(self, host: str, port: int) -> bool:
        """Whether the operator allows this very host name, whatever its address."""
        return any(entry.host == host and entry.port in (None, port) for entry in self.allowed)

    def is_own(self, host: str, port: int) -> bool:
        """Whether this is the product itself, and not opened by name and port."""
        address = parsed(host)
        return (host, port) == self.own and not any(
            entry.port == port and (entry.host == host or (address is not None and entry.covers(address, port)))
            for entry in self.allowed
        )

    def objection(
        self, address: Address, port: int, *, trusted: bool = False, ports: frozenset[int] = PORTS
    ) -> str | None:
        """Why a connection to `address` is refused, as a clause; None when it may be made."""
        if trusted or any(entry.covers(address, port) for entry in self.allowed):
            return None
        if reason := refused(address):
            return f"{address} is {reason}"
        named = "80, 443 and 8000-8999" if ports is PORTS else ", ".join(str(each) for each in sorted(ports))
        return None if port in ports else f"port {port} is none of {named}"
