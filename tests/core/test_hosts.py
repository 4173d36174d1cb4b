"""Which hosts a pattern allows, and which texts are no patterns."""

import pytest

from core.connections import hosts
from core.connections.hosts import BadPattern
from core.connections.wrong import static_host


@pytest.mark.parametrize(
    ("pattern", "host", "port", "allowed"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("api.example.com", "api.example.com", 8443, True),
        ("API.Example.com.", "api.example.com", 443, True),
        ("api.example.com:8443", "api.example.com", 8443, True),
        ("api.example.com:8443", "api.example.com", 443, False),
        ("api.example.com", "x.api.example.com", 443, False),
        ("api.example.com", "api.example.com.evil.org", 443, False),
        ("example.com", "notexample.com", 443, False),
        ("*.example.com", "a.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("*.example.com", ".example.com", 443, False),
        ("*.example.com:8443", "a.example.com", 443, False),
        ("bücher.example", "xn--bcher-kva.example", 443, True),
        ("127.0.0.1:9000", "127.0.0.1", 9000, True),
        ("[2001:db8::1]:8443", "2001:db8::1", 8443, True),
        ("2001:db8::1", "2001:db8::1", 443, True),
        ("2001:db8::1", "2001:db8::2", 443, False),
    ],
)
def test_what_a_pattern_allows(pattern: str, host: str, port: int, allowed: bool) -> None:
    assert hosts.allows([hosts.normal(pattern)], host, port) is allowed
    assert not hosts.allows([], host, port)


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.com", "*.*.example.com", "a.*.com", "https://example.com", "example.com/x", "example.com:0",
     "example.com:99999", "example.com:x", "user@example.com", "exa mple.com", "*.127.0.0.1", "127.1", "[::1", "a\nb"],
)  # fmt: skip
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(BadPattern):
        hosts.normal(text)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://api.example.com/x", ("api.example.com", 443)),
        ("http://API.example.com", ("api.example.com", 80)),
        ("https://api.example.com:8443/{{ x }}", ("api.example.com", 8443)),
        ("https://api.example.com?x={{ x }}", ("api.example.com", 443)),
        ("https://api.example.com{{ x }}", None),
        ("https://{{ x }}.example.com/", None),
        ("{{ x }}", None),
        ("https://api.example.com:{{ x }}/", None),
        ("nonsense", None),
    ],
)
def test_where_a_written_out_address_leads(url: str, where: tuple[str, int] | None) -> None:
    assert static_host(url) == where
