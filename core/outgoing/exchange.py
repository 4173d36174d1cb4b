"""One request on its way, and what becomes of the errors of the network."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDictProxy

from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.sentences import said
from core.outgoing.urls import Target, blocked

CONNECT_S = 10.0

Admit = Callable[[Target], None]


@dataclass(slots=True)
class Exchange:
    """One request on its way. `sent`: its bytes may have left and have not been answered."""

    target: Target
    admit: Admit | None = None
    sent: bool = False

    def admitted(self) -> None:
        if self.admit is not None:
            self.admit(self.target)


class Refused(OSError):
    """An address that may not be reached; `why` is a clause."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def translated(error: Exception, exchange: Exchange, timeout_s: float) -> ActionError:
    """The error of the network as an error of an action. No text of it repeats a URL, a header or a body."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Refused):
        return blocked(error.os_error.why)
    where = exchange.target.host
    if isinstance(error, aiohttp.ClientResponseError):
        return InvalidInput("invalid_response", f"{where} sent an answer that is not valid HTTP.")
    code = "connection_failed"
    match error:
        case aiohttp.ConnectionTimeoutError():
            text = said("{host} did not take the connection within {seconds:g} s.", host=where, seconds=CONNECT_S)
        case TimeoutError():
            code, text = "timeout", said("{host} did not answer within {seconds:g} s.", host=where, seconds=timeout_s)
        case aiohttp.ClientConnectorDNSError():
            text = said("The name {host} can't be resolved.", host=where)
        case aiohttp.ClientConnectorError() | aiohttp.ClientSSLError():
            text = said("No connection to {host}: {reason}.", host=where, reason=_cause(error))
        case _:
            text = said("{host} closed the connection early.", host=where)
    return Retryable(code, text, answered=not exchange.sent, cause="timeout" if code == "timeout" else "connection")


def _cause(error: Exception) -> str:
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    code = getattr(inner, "errno", None)
    return str(
        getattr(inner, "verify_message", "") or (os.strerror(code) if isinstance(code, int) else type(inner).__name__)
    )


def readable(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Header bytes that are no UTF-8 become U+FFFD, so that every value can be stored."""
    result: dict[str, str] = {}
    for name, value in headers.items():
        text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        key = name.lower()
        result[key] = f"{result[key]}, {text}" if key in result else text
    return result
