"""The server process: uvicorn with time-outs of ours, since it has none for receiving a request."""

import asyncio
import socket
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from api import problems
from api.app import create_app
from api.gate import SECURITY_HEADERS
from core import journal
from core.db import Database
from core.errors import Unavailable
from core.ids import new_id
from core.keys import Keys
from core.settings import Settings

_log = structlog.get_logger()

RECEIVE_S: Final = 9.0  # for a whole request, headers and body; a longer body must go on at the slowest rate
PROGRESS_S: Final = 4.0  # how often that is looked at
SLOWEST: Final = 16 * 1024  # bytes a second
STALLED_S: Final = 12.0  # for a client that takes nothing of its answer
_MOST_HEADER_BYTES: Final = 64 * 1024
_MOST_CONNECTIONS: Final = 2000
_BUSY_S: Final = 5.0
_KEEP_ALIVE_S: Final = 20
_STOP_S: Final = 8
_POOL_SIZE: Final = 16

_LATE: Final = (408, "request_dripped", "The request came too slowly; send it again, faster.")
_TOO_LARGE: Final = (431, "headers_too_large", f"The headers are over the limit of {_MOST_HEADER_BYTES // 1024} KiB.")
_UNREADABLE: Final = (400, "not_http", "This is no HTTP request that can be read.")


class TimedProtocol(HttpToolsProtocol):
    """Cuts a client that drips its request or does not take its answer, and one whose headers never end."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._served = self.app
        self._receiving: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._in_headers = True
        self._header_bytes = 0
        self._came = 0  # bytes since the last look

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._received()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._receiving is None:
            self._expect()  # the first byte of the next request on this connection
        self._came += len(data)
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > _MOST_HEADER_BYTES:
            self._cut(_TOO_LARGE, "headers_too_large")

    def send_400_response(self, msg: str) -> None:
        self.transport.write(problems.without_app(*_UNREADABLE, SECURITY_HEADERS))
        self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self.app = _busy if len(self.connections) > _MOST_CONNECTIONS else self._served
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._received()
        self._in_headers = True
        self._header_bytes = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_S, self._cut, None, "answer_not_taken")

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        if self.flow is not None:
            super().resume_writing()

    def _expect(self) -> None:
        self._came = 0
        self._receiving = self.loop.call_later(RECEIVE_S, self._look, RECEIVE_S)

    def _look(self, seconds: float) -> None:
        """Headers have had their time; a body may take longer as long as it keeps coming, or we are the slow ones."""
        held_up = self.flow.read_paused
        if self._in_headers or not (held_up or self._came >= SLOWEST * seconds):
            self._cut(_LATE, "request_dripped")
            return
        self._came = 0
        self._receiving = self.loop.call_later(PROGRESS_S, self._look, PROGRESS_S)

    def _received(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _cut(self, answer: tuple[int, str, str] | None, reason: str) -> None:
        self._receiving = self._stalled = None
        if self.transport.is_closing():
            return
        _log.info("connection_cut", reason=reason)
        cycle: RequestResponseCycle | None = self.cycle  # None until the first request
        if answer and (cycle is None or cycle.response_complete or not cycle.response_started):
            self.transport.write(problems.without_app(*answer, SECURITY_HEADERS))
            self.transport.close()
        else:
            self.transport.abort()


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    """In the app's place, while more connections are open than we serve."""
    number = str(new_id())
    journal.request_id.set(number)
    answer = problems.answer(
        Unavailable("busy", "Too many connections are open; try again in a moment.", after=_BUSY_S)
    )
    answer.headers.update({**SECURITY_HEADERS, "X-Request-Id": number, "Connection": "close"})
    await answer(scope, receive, send)


class Server(uvicorn.Server):
    """Sends the live streams home before it waits for open requests."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.services.feed.close()
        await super().shutdown(sockets)


def server(app: FastAPI, host: str, port: int) -> Server:
    """A server for `app` that is ready to `run` or `serve`."""
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http=TimedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # api/origin.py knows whom to believe
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_S,
        )
    )


def main(settings: Settings, dsn: str, keys: Keys) -> None:
    """Serve the API until SIGTERM or SIGINT. `dsn` is the database (a libpq URL), which may still be coming."""
    journal.configure(settings.log_level)
    app = create_app(settings, keys, Database(dsn, application="vutler api", size=_POOL_SIZE))
    server(app, settings.host, settings.port).run()
