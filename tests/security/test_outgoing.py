"""Nothing that users configure reaches an address that is not public: by name, number, redirect, rebinding or cache."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import Handler

from blocks.errors import ActionError, InvalidInput, Retryable
from core.outgoing.addresses import BadAllowance, Policy, refused
from core.outgoing.client import Outgoing
from core.outgoing.decoding import decoder
from core.outgoing.urls import finding
from tests.echo import Echo
from tests.security.hostile_urls import HOSTILE

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "name.to.metadata": ["169.254.169.254"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"],  # one good address does not excuse a bad one
    "mapped.example": ["::ffff:127.0.0.1"],
}


async def lookup(host: str, port: int) -> list[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


@dataclass
class Canary:
    """Counts connections, on 127.0.0.1 and ::1."""

    port: int = 0
    hits: int = 0
    servers: list[asyncio.Server] = field(default_factory=list)

    async def _count(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits += 1
        writer.close()

    async def open(self) -> None:
        # a port that the port rule lets through, so that the address alone decides
        for port in range(8100, 9000):
            try:
                self.servers = [await asyncio.start_server(self._count, "0.0.0.0", port, reuse_port=False)]
                break
            except OSError:
                continue
        self.port = port
        if socket.has_ipv6:
            self.servers.append(await asyncio.start_server(self._count, "::1", self.port))

    async def close(self) -> None:
        for server in self.servers:
            server.close()
            await server.wait_closed()


@asynccontextmanager
async def served(handler: Handler, path: str) -> AsyncIterator[str]:
    """A server with one route; gives its URL."""
    app = web.Application()
    app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    found = Canary()
    await found.open()
    yield found
    await found.close()


async def failure(http: Outgoing, url: str, method: str = "GET", timeout_s: float = 3) -> ActionError:
    with pytest.raises(ActionError) as caught:
        await http.request(method, url, headers={}, content=None, timeout_s=timeout_s)
    return caught.value


async def test_no_hostile_url_reaches_the_canary(canary: Canary) -> None:
    assert len(HOSTILE) >= 60
    async with Outgoing(Policy(), lookup=lookup) as http:
        for template in HOSTILE:
            error = await failure(http, template.replace("{port}", str(canary.port)))
            assert isinstance(error, InvalidInput), template
            assert error.code in ("blocked_address", "invalid_url"), (template, error)
    assert canary.hits == 0


@pytest.mark.parametrize(
    "path", ["/a\r\nX-Evil: 1", "/a\nb", "/\x00", "/a?b=\r\n", "/\\evil", "/\ud800", "/\u2028", "/" + "x" * 9000]
)
async def test_an_allowed_host_does_not_excuse_a_broken_url(path: str) -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        assert (await failure(http, echo.url + path)).code == "invalid_url"
        assert not echo.hits


async def test_the_canary_counts(canary: Canary) -> None:
    """Otherwise the zero above would prove nothing."""
    async with Outgoing(Policy.of([f"127.0.0.1:{canary.port}"])) as http:
        error = await failure(http, f"http://127.0.0.1:{canary.port}/")
    assert canary.hits >= 1
    assert isinstance(error, Retryable)
    assert error.answered is False


async def test_a_redirect_to_a_private_address_is_refused(canary: Canary) -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address]), lookup=lookup) as http:
        for status in (301, 302, 303, 307, 308):
            for to in (
                f"http://127.0.0.1:{canary.port}/",
                f"//127.0.0.2:{canary.port}/",
                f"http://localhost:{canary.port}",
            ):
                error = await failure(http, f"{echo.url}/redirect?status={status}&to={to}")
                assert error.code == "blocked_address"
        assert (await failure(http, f"{echo.url}/redirect?to=file:///etc/passwd")).code == "invalid_url"
    assert canary.hits == 0


async def test_a_name_that_changes_its_address_is_checked_again(canary: Canary) -> None:
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    async with Echo("127.0.0.2") as echo:
        policy = Policy.of(["127.0.0.2"])
        async with Outgoing(policy, lookup=rebinding, dns_cache_s=0) as http:
            first = await http.request(
                "GET", f"http://rebinding.example:{echo.port}/", headers={}, content=None, timeout_s=3
            )
            error = await failure(http, f"http://rebinding.example:{canary.port}/")
    assert first.status == 200
    assert error.code == "blocked_address"
    assert canary.hits == 0


class Lying(AbstractResolver):
    """A resolver that checks nothing, as if aiohttp had found a way around ours."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)
            for address, kind in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))
        ]

    async def close(self) -> None:
        pass


async def test_the_fence_sees_every_connection(canary: Canary) -> None:
    """Fails when an aiohttp no longer makes its sockets through our factory."""
    async with Outgoing(Policy(), resolver=Lying()) as http:
        error = await failure(http, f"http://public.example:{canary.port}/")
    assert error.code in ("blocked_address", "connection_failed")
    assert canary.hits == 0


async def test_ports_other_than_the_webs_are_refused() -> None:
    async def public(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    async with Outgoing(Policy(), lookup=public) as http:
        for port in (22, 25, 5432, 6379, 4200, 7999, 9000):
            assert (await failure(http, f"http://public.example:{port}/")).code == "blocked_address"


async def test_proxies_of_the_environment_are_ignored(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{canary.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{canary.port}")
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        answer = await http.request("GET", echo.url, headers={}, content=None, timeout_s=3)
    assert answer.status == 200
    assert canary.hits == 0


async def test_what_the_operator_allows_is_reached_and_nothing_else() -> None:
    async with Echo() as echo, Echo("127.0.0.2") as other:
        for entries, reached in (
            ([echo.address], True), (["127.0.0.1"], True), (["127.0.0.0/8"], True), (["localhost"], False),
            (["127.0.0.1:1"], False), (["127.0.0.2"], False), ([], False),
        ):  # fmt: skip
            assert (finding(echo.url, Policy.of(entries)) is None) is reached, entries
        async with Outgoing(Policy.of([f"inner.example:{echo.port}"]), lookup=_to_loopback) as http:
            answer = await http.request(
                "GET", f"http://inner.example:{echo.port}/", headers={}, content=None, timeout_s=3
            )
            assert answer.status == 200
            assert (await failure(http, f"http://outer.example:{echo.port}/")).code == "blocked_address"
            assert (await failure(http, echo.url)).code == "blocked_address"
        assert not other.hits


async def _to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_the_products_own_origin_is_closed() -> None:
    policy = Policy.of(["127.0.0.1", "vutler.example"], "http://vutler.example:8000")
    assert finding("http://vutler.example:8000/api", policy)
    assert not finding("http://vutler.example:8001/", policy)
    assert not finding("http://vutler.example:8000/", Policy.of(["vutler.example:8000"], "http://vutler.example:8000"))
    assert finding("https://vutler.example/", Policy.of([], "https://vutler.example"))


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "host:port", "host:0", "ho st", "", "http://x", "[::1]x"])
def test_an_unreadable_allowance_says_so(entry: str) -> None:
    with pytest.raises(BadAllowance, match="VUTLER_HTTP_ALLOW_HOSTS"):
        Policy.of([entry])


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8",
             "64:ff9b::808:808", "2a00:1450:4001::200e", "2606:4700::5efe:808:808"]
)  # fmt: skip
def test_public_addresses_are_not_refused(text: str) -> None:
    assert refused(ip_address(text)) is None


@pytest.fixture
def secrets() -> dict[str, str]:
    return {"Authorization": "Bearer s3cret", "Cookie": "a=s3cret", "X-Api-Key": "s3cret", "Accept": "text/plain"}


async def test_secrets_do_not_follow_to_another_origin(secrets: dict[str, str]) -> None:
    async with Echo() as echo, Echo() as other, Outgoing(Policy.of(["127.0.0.1"])) as http:
        for status in (302, 307):
            url = f"{echo.url}/redirect?status={status}&to={other.url}/x"
            await http.request("POST", url, headers=secrets, content=b"body", timeout_s=3)
        assert [hit.method for hit in other.hits] == ["GET", "POST"]
        assert [hit.body for hit in other.hits] == [b"", b"body"]
        for hit in other.hits:
            assert "s3cret" not in str(hit.headers)
            assert hit.headers["accept"] == "text/plain"
        url = f"{echo.url}/redirect?to=/same"
        await http.request("GET", url, headers=secrets, content=None, timeout_s=3)
        assert echo.hits[-1].headers["authorization"] == "Bearer s3cret"


async def test_redirects_end() -> None:
    async def around(request: web.Request) -> web.Response:
        left = int(request.match_info["left"])
        return web.Response(status=307, headers={"Location": f"/{left - 1}"}) if left else web.Response()

    async with served(around, "/{left}") as url, Outgoing(Policy.of(["127.0.0.1"])) as http:
        answer = await http.request("GET", f"{url}/5", headers={}, content=None, timeout_s=3)
        assert answer.status == 200
        assert (await failure(http, f"{url}/6")).code == "too_many_redirects"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nX-B: 2"}, {"X-A": "1\n"}, {"X-A\r\nX-B": "1"}, {"X A": "1"}, {"": "1"}, {"X-A": "\x00"},
        {"Host": "inner"}, {"content-length": "5"}, {"Transfer-Encoding": "chunked"}, {"Connection": "upgrade"},
        {"X-A": "\ud800"}, {"Ü": "1"}, {"X-A": "x" * 40_000},
    ],
)  # fmt: skip
async def test_headers_that_split_or_frame_are_refused(headers: dict[str, str]) -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        with pytest.raises(InvalidInput) as caught:
            await http.request("POST", echo.url, headers=headers, content=b"", timeout_s=3)
        assert caught.value.code == "invalid_header"
        assert not echo.hits


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\n\r\n", ""])
async def test_other_methods_are_refused(method: str) -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        assert (await failure(http, echo.url, method)).code == "invalid_method"
        assert not echo.hits


@pytest.mark.parametrize("query", ["bytes=5000001", "bytes=5000001&gzip=1"])
async def test_an_answer_is_bounded_unpacked(query: str) -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        assert (await failure(http, f"{echo.url}/big?{query}")).code == "response_too_large"


def encoded() -> dict[str, tuple[bytes, str]]:
    """Bodies and what they say about their encoding."""
    deflate = zlib.compressobj(wbits=-15)
    return {
        "gzip": (gzip.compress(b"hello"), "gzip"),
        "members": (gzip.compress(b"hel") + gzip.compress(b"lo"), "gzip"),
        "zlib": (zlib.compress(b"hello"), "deflate"),
        "raw": (deflate.compress(b"hello") + deflate.flush(), "deflate"),
        "truncated": (gzip.compress(b"hello")[:-4], "gzip"),
        "garbage": (b"hello", "gzip"),
        "brotli": (b"hello", "br"),
        "stacked": (gzip.compress(gzip.compress(b"hello")), "gzip, gzip"),
        "thousand": (gzip.compress(b"") * 1000, "gzip"),
        "bomb": (gzip.compress(b"\0" * 50_000_000), "gzip"),
    }


async def test_only_bounded_encodings_are_unpacked() -> None:
    bodies = encoded()

    async def serve(request: web.Request) -> web.Response:
        body, encoding = bodies[request.match_info["name"]]
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    async with served(serve, "/{name}") as url, Outgoing(Policy.of(["127.0.0.1"])) as http:
        for name in ("gzip", "members", "zlib", "raw"):
            answer = await http.request("GET", f"{url}/{name}", headers={}, content=None, timeout_s=3)
            assert answer.body == b"hello", name
        for name in ("truncated", "garbage", "brotli", "stacked", "thousand"):
            assert (await failure(http, f"{url}/{name}")).code == "invalid_response", name
        assert (await failure(http, f"{url}/bomb")).code == "response_too_large"


def test_a_bomb_never_fills_the_memory() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput):
            decoder("gzip", 1_000_000).feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


async def test_one_deadline_for_everything() -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        for path in ("/slow?s=20", "/slow?s=20&drip=1"):
            clock = asyncio.get_running_loop()
            begin = clock.time()
            error = await failure(http, echo.url + path, timeout_s=0.3)
            assert clock.time() - begin < 2
            assert isinstance(error, Retryable)
            assert (error.code, error.answered) == ("timeout", False)


async def test_only_what_was_not_sent_may_be_repeated() -> None:
    async with Echo() as echo:
        closed = echo.url
    async with Outgoing(Policy.of(["127.0.0.1"]), lookup=lookup) as http:
        refusal = await failure(http, closed, "POST")
        unknown = await failure(http, "http://unknown.example/", "POST")
    for error in (refusal, unknown):
        assert isinstance(error, Retryable)
        assert (error.code, error.answered) == ("connection_failed", True)
    async with Echo() as echo, Outgoing(Policy.of(["127.0.0.1"])) as http:
        # the POST was carried out, what it redirected to is away: repeating would do it twice
        error = await failure(http, f"{echo.url}/redirect?status=303&to={closed}", "POST")
        assert isinstance(error, Retryable)
        assert error.answered is False
        moved = await failure(http, f"{echo.url}/redirect?status=307&to={closed}", "POST")
        assert isinstance(moved, Retryable)
        assert moved.answered is True


async def test_errors_do_not_repeat_secrets_of_the_url() -> None:
    async with Echo() as echo, Outgoing(Policy.of([echo.address])) as http:
        for url in (
            f"{echo.url}/slow?s=9&token=s3cret",
            "http://10.0.0.1/s3cret",
            "http://u:s3cret@host/",
            "http://[s3cret/",
        ):
            assert "s3cret" not in (await failure(http, url, timeout_s=0.1)).message


async def test_cookies_are_not_kept() -> None:
    seen: list[str | None] = []

    async def give(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "tenant=a"})

    async with served(give, "/") as url, Outgoing(Policy.of(["127.0.0.1"])) as http:
        for _ in range(2):
            await http.request("GET", url, headers={}, content=None, timeout_s=3)
    assert seen == [None, None]
