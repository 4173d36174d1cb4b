"""The one way out to the network for everything that users configure. Implements `blocks.action.Http`.

An address is checked twice: by the resolver, which refuses a name when any of its addresses is refused, and by the
fence, which sees the very address that a socket is about to be connected to, so that neither a literal, nor a changing
DNS answer, nor a cache can lead around the check.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from multidict import CIMultiDictProxy

from blocks.errors import ActionError, InvalidInput, Retryable
from core.outgoing import headers as outgoing_headers
from core.outgoing.addresses import Policy, parsed
from core.outgoing.decoding import decoder, too_large
from core.outgoing.urls import Target, blocked, next_target, target

MAX_BODY = 5_000_000  # bytes of an answer, unpacked
MAX_REDIRECTS = 5
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
KEEP_ALIVE_S = 4.0  # below the 5 s after which many servers close: a request on a closing connection is in doubt
CONNECT_S = 10.0
DNS_THREADS = 16  # of our own, so that slow name servers hold up nothing else

Lookup = Callable[[str, int], Awaitable[list[str]]]
Admit = Callable[[Target], None]


@dataclass(slots=True)
class _Exchange:
    """One request on its way. `sent`: its bytes may have left and have not been answered."""

    target: Target
    admit: Admit | None = None
    sent: bool = False

    def admitted(self) -> None:
        if self.admit is not None:
            self.admit(self.target)


_exchange: ContextVar[_Exchange] = ContextVar("outgoing_exchange")


class _Refused(OSError):
    """An address that may not be reached; `why` is a clause."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


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
                raise _Refused(why)
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
    """

    def __init__(
        self,
        policy: Policy,
        *,
        lookup: Lookup | None = None,
        resolver: AbstractResolver | None = None,
        dns_cache_s: int = 10,
        max_body: int = MAX_BODY,
    ) -> None:
        self._policy = policy
        self._threads = ThreadPoolExecutor(DNS_THREADS, "vutler-dns")
        self._resolver = resolver or CheckedResolver(policy, lookup or self._system_lookup)
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
        exchange = _Exchange(target(url, self._policy), admit)
        exchange.admitted()
        token = _exchange.set(exchange)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(exchange, method, outgoing_headers.prepared(headers), content)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _translated(error, exchange, timeout_s) from error
        finally:
            _exchange.reset(token)

    async def _follow(
        self, exchange: _Exchange, method: str, headers: dict[str, str], content: bytes | None
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
        if self._session is None:
            raise RuntimeError("Outgoing is used outside of its `async with`")
        async with self._session.request(
            method, where.url, headers=headers, data=content, allow_redirects=False
        ) as answer:
            location = answer.headers.get("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                return answer.status, location
            return Response(answer.status, _readable(answer.headers), await self._body(answer), answer.charset)

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
            raise _Refused(why)
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


def _translated(error: Exception, exchange: _Exchange, timeout_s: float) -> ActionError:
    """The error of the network as an error of an action. No text of it repeats a URL, a header or a body."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _Refused):
        return blocked(error.os_error.why)
    where = exchange.target.host
    if isinstance(error, aiohttp.ClientResponseError):
        return InvalidInput("invalid_response", f"{where} sent an answer that is not valid HTTP.")
    code = "connection_failed"
    match error:
        case aiohttp.ConnectionTimeoutError():
            text = f"{where} did not take the connection within {CONNECT_S:g} s."
        case TimeoutError():
            code, text = "timeout", f"{where} did not answer within {timeout_s:g} s."
        case aiohttp.ClientConnectorDNSError():
            text = f"The name {where} can't be resolved."
        case aiohttp.ClientConnectorError() | aiohttp.ClientSSLError():
            text = f"No connection to {where}: {_cause(error)}."
        case _:
            text = f"{where} closed the connection early."
    return Retryable(code, text, answered=not exchange.sent, cause="timeout" if code == "timeout" else "connection")


def _cause(error: Exception) -> str:
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    code = getattr(inner, "errno", None)
    return str(
        getattr(inner, "verify_message", "") or (os.strerror(code) if isinstance(code, int) else type(inner).__name__)
    )


def _readable(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Header bytes that are no UTF-8 become U+FFFD, so that every value can be stored."""
    result: dict[str, str] = {}
    for name, value in headers.items():
        text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        key = name.lower()
        result[key] = f"{result[key]}, {text}" if key in result else text
    return result
