"""The one way out to the network for everything that users configure. Implements `blocks.action.Http`.

An address is checked twice: by the resolver, which refuses a name when any of its addresses is refused, and by the
fence, which sees the very address that a socket is about to be connected to, so that neither a literal, nor a changing
DNS answer, nor a cache can lead around the check.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from blocks.errors import InvalidInput, Retryable
from blocks.program import Program
from core.outgoing import headers as outgoing_headers
from core.outgoing.addresses import PORTS, Policy, parsed
from core.outgoing.decoding import decoder, too_large
from core.outgoing.exchange import CONNECT_S, Admit, Exchange, Refused, readable, translated
from core.outgoing.lasting import MAX_TEXT, Streamed, Texts
from core.outgoing.urls import Target, blocked, next_target, target

MAX_BODY = 5_000_000  # bytes of an answer, unpacked
MAX_REDIRECTS = 5
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
KEEP_ALIVE_S = 4.0  # below the 5 s after which many servers close: a request on a closing connection is in doubt
HEARTBEAT_S = 30.0  # between pings on a WebSocket: an unanswered one ends it
DNS_THREADS = 16  # of our own, so that slow name servers hold up nothing else

Lookup = Callable[[str, int], Awaitable[list[str]]]

_exchange: ContextVar[Exchange] = ContextVar("outgoing_exchange")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: lower-case header names, repeated headers joined by ", ", the body unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes
    charset: str | None


class CheckedResolver(AbstractResolver):
    """Resolves names through `lookup` and refuses a name if any of its addresses is refused."""

    def __init__(self, policy: Policy, lookup: Lookup) -> None:
        self._policy = policy
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host, port)
        if not addresses:
            raise OSError("the name has no address")
        trusted = self._policy.trusts(host, port)
        for text in addresses:
            address = parsed(text)
            why = self._policy.objection(address, port, trusted=trusted) if address else "it has no valid address"
            if why:
                raise Refused(why)
        return [
            ResolveResult(
                hostname=host,
                host=text,
                port=port,
                family=socket.AF_INET6 if ":" in text else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for text in addresses
        ]

    async def close(self) -> None:
        pass


class Outgoing:
    """`async with Outgoing(Policy.of(settings.http_allow_hosts, settings.public_url)) as http`: one for a process.

    `lookup` and `resolver` replace the system's name resolution; `max_body` is in bytes.
    `programs` are those of this machine that the operator allows.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        lookup: Lookup | None = None,
        resolver: AbstractResolver | None = None,
        dns_cache_s: int = 10,
        max_body: int = MAX_BODY,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        self._programs = programs or {}
        self._policy = policy
        self._threads = ThreadPoolExecutor(DNS_THREADS, "vutler-dns")
        self._lookup = lookup or self._system_lookup
        self._resolver = resolver or CheckedResolver(policy, self._lookup)
        self._dns_cache_s = dns_cache_s
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_headers_sent.append(_mark_sent)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._resolver,
                socket_factory=self._fence,
                ttl_dns_cache=self._dns_cache_s,
                keepalive_timeout=KEEP_ALIVE_S,
                limit=500,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Content-Type",),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            trace_configs=[tracing],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: bytes | None,
        timeout_s: float,
        admit: Admit | None = None,
    ) -> Response:
        """Ask, following at most five redirects, all within `timeout_s` seconds.

        `admit` is asked about each target before anything is sent to it, and raises where that may not be.
        Raises `InvalidInput` (`invalid_url`, `blocked_address`, `invalid_header`, `invalid_method`,
        `too_many_redirects`, `response_too_large`, `invalid_response`) and `Retryable` (`connection_failed`,
        `timeout`), whose `answered` is False exactly when the request may have been sent and carried out.
        """
        if method not in METHODS:
            raise InvalidInput("invalid_method", f"The method must be one of {', '.join(sorted(METHODS))}.")
        exchange = self._begin(url, admit)
        token = _exchange.set(exchange)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(exchange, method, outgoing_headers.prepared(headers), content)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise translated(error, exchange, timeout_s) from error
        finally:
            _exchange.reset(token)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: bytes | None,
        timeout_s: float,
        admit: Admit | None = None,
    ) -> AsyncIterator[Streamed]:
        """The same for an answer that is read as it comes; `timeout_s` is for all of it. A redirect is an answer.

        Raises as `request`, on entering and while the pieces are read.
        """
        if method not in METHODS:
            raise InvalidInput("invalid_method", f"The method must be one of {', '.join(sorted(METHODS))}.")
        exchange = self._begin(url, admit)
        prepared = outgoing_headers.prepared(headers) | {"Accept-Encoding": "identity"}
        token = _exchange.set(exchange)
        try:
            answer = await self._opened.request(
                method, exchange.target.url, headers=prepared, data=content, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S),
            )  # fmt: skip
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise translated(error, exchange, timeout_s) from error
        finally:
            _exchange.reset(token)
        try:
            yield Streamed(answer, exchange, self._max_body, timeout_s)
        finally:
            answer.close()

    def program(self, name: str) -> Program:
        """Raises `InvalidInput` (`program_off`)."""
        try:
            return self._programs[name]
        except KeyError:
            raise InvalidInput(
                "program_off",
                f"The {name} program is off in this installation: the operator turns it on with"
                f" VUTLER_{name.upper()}_CLI, or choose another provider.",
            ) from None

    async def websocket(
        self, url: str, *, headers: dict[str, str], timeout_s: float, admit: Admit | None = None
    ) -> Texts:
        """Open `ws://` or `wss://` within `timeout_s` seconds. Raises as `request`; the caller closes it."""
        if not url.startswith(("ws://", "wss://")):
            raise InvalidInput("invalid_url", "The URL can't be used: it must start with ws:// or wss://.")
        exchange = self._begin(f"http{url.removeprefix('ws')}", admit)
        token = _exchange.set(exchange)
        try:
            async with asyncio.timeout(timeout_s):
                opened = await self._opened.ws_connect(
                    exchange.target.url,
                    headers=outgoing_headers.prepared(headers),
                    max_msg_size=MAX_TEXT,
                    heartbeat=HEARTBEAT_S,
                )
        except aiohttp.WSServerHandshakeError as error:
            text = f"{exchange.target.host} refused the WebSocket with status {error.status}."
            raise Retryable("connection_failed", text, cause="connection") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise translated(error, exchange, timeout_s) from error
        finally:
            _exchange.reset(token)
        return Texts(opened, exchange.target.host)

    async def connect(
        self, host: str, port: int, *, ports: frozenset[int], timeout_s: float, admit: Admit | None = None
    ) -> socket.socket:
        """A socket that is connected to a checked address of `host`, non-blocking, without TLS; the caller closes it.

        Raises `InvalidInput` (`invalid_url`, `blocked_address`) and `Retryable` (`connection_failed`, `timeout`).
        """
        exchange = self._begin(f"https://{f'[{host}]' if ':' in host else host}:{port}", admit, ports)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._connected(exchange.target, ports)
        except (TimeoutError, OSError) as error:
            if isinstance(error, Refused):
                raise blocked(error.why) from error
            why = f"did not answer within {timeout_s:g} s" if isinstance(error, TimeoutError) else "took no connection"
            raise Retryable("connection_failed", f"{host} {why}.", answered=True, cause="connection") from error

    async def _connected(self, where: Target, ports: frozenset[int]) -> socket.socket:
        """To the first of its addresses that takes us; none of them is refused."""
        found = [str(where.literal)] if where.literal else await self._lookup(where.host, where.port)
        if not found:
            raise OSError("the name has no address")
        for text in found:
            address = parsed(text)
            why = self._policy.objection(address, where.port, trusted=where.trusted, ports=ports) if address else "?"
            if why:
                raise Refused(why)
        failure: OSError | None = None
        for text in found:
            made = socket.socket(socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM)
            made.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(made, (text, where.port))
            except BaseException as error:
                made.close()
                if not isinstance(error, OSError):
                    raise
                failure = error
            else:
                return made
        raise failure or OSError("no address")

    def _begin(self, url: str, admit: Admit | None, ports: frozenset[int] = PORTS) -> Exchange:
        exchange = Exchange(target(url, self._policy, ports), admit)
        exchange.admitted()
        return exchange

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Outgoing is used outside of its `async with`")
        return self._session

    async def _follow(
        self, exchange: Exchange, method: str, headers: dict[str, str], content: bytes | None
    ) -> Response:
        done_before = False  # a POST that answered "see other" has been carried out
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._once(exchange.target, method, headers, content)
            if isinstance(answer, Response):
                return answer
            status, location = answer
            origin = exchange.target.origin
            exchange.target = next_target(exchange.target, location, self._policy)
            exchange.admitted()
            if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
                done_before = done_before or method not in ("GET", "OPTIONS")
                method, content, headers = "GET", None, outgoing_headers.without_body(headers)
            if exchange.target.origin != origin:
                headers = outgoing_headers.for_other_origin(headers)
            exchange.sent = done_before
        raise InvalidInput("too_many_redirects", f"The server redirected more than {MAX_REDIRECTS} times.")

    async def _once(
        self, where: Target, method: str, headers: dict[str, str], content: bytes | None
    ) -> Response | tuple[int, str]:
        """One request: its answer, or the status and target of a redirect."""
        async with self._opened.request(
            method, where.url, headers=headers, data=content, allow_redirects=False
        ) as answer:
            location = answer.headers.get("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                return answer.status, location
            return Response(answer.status, readable(answer.headers), await self._body(answer), answer.charset)

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        if answer.method == "HEAD":
            return b""
        if (answer.content_length or 0) > self._max_body:
            raise too_large(self._max_body)
        body = decoder(answer.headers.get("Content-Encoding", ""), self._max_body)
        async for chunk in answer.content.iter_any():
            body.feed(chunk)
        return body.finish()

    def _fence(self, info: AddrInfoType) -> socket.socket:
        """Make the socket for a connection, if its address may be reached."""
        family, kind, protocol, _, place = info
        address = parsed(str(place[0]))
        trusted = _exchange.get().target.trusted
        why = self._policy.objection(address, int(place[1]), trusted=trusted) if address else "it is no address"
        if why:
            raise Refused(why)
        return socket.socket(family, kind, protocol)

    async def _system_lookup(self, host: str, port: int) -> list[str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host, port)


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


async def _mark_sent(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    _exchange.get().sent = True
