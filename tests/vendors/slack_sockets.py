"""Slack's Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode

An address is good for one connection; `hello` comes first; each envelope wants its id back; `disconnect` says that the
connection will end; an app has at most ten. An event that is not acknowledged within 3 s comes again at once, after one
minute and after five, by whichever connection is there: https://docs.slack.dev/apis/events-api#retries
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web


@dataclass(eq=False)
class Delivery:
    """An envelope on its way. `lost`: its acknowledgement never arrives."""

    done: "asyncio.Future[None]"
    lost: bool


@dataclass
class Sockets:
    """`cut` says by the number of a delivery whether the connection ends `before` it is received, `after` that, or
    with its acknowledgement `unacknowledged`."""

    ack_s: float = 3.0
    retry_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    most: int = 10
    cut: Callable[[int], str | None] = lambda _: None
    acknowledged: list[str] = field(default_factory=list)  # ids of events
    given_up: list[str] = field(default_factory=list)
    deliveries: int = 0
    opened: int = 0  # ever
    open: list[web.WebSocketResponse] = field(default_factory=list)
    _waiting: dict[str, Delivery] = field(default_factory=dict)
    _tickets: set[str] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _transports: dict[int, Any] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def busy(self) -> int:
        """Events that are still on their way."""
        return len(self._tasks)

    def ticket(self) -> str:
        ticket = f"ticket-{next(self._numbers)}-canary"
        self._tickets.add(ticket)
        return ticket

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.drop()

    def drop(self) -> None:
        """Cut every connection, without a word."""
        for socket in list(self.open):
            self._abort(socket)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        for socket in list(self.open):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})

    def tell(self, payload: dict[str, Any], kind: str = "events_api") -> None:
        task = asyncio.create_task(self._deliver(payload, kind))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket")
        if ticket not in self._tickets:
            raise web.HTTPUnauthorized
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        if len(self.open) >= self.most:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self._transports[id(socket)] = request.transport
        self.opened += 1
        about = {"num_connections": len(self.open) + 1, "connection_info": {"app_id": "A0APP00001"}}
        await socket.send_json({"type": "hello", "debug_info": {"approximate_connection_time": 18060}} | about)
        self.open.append(socket)
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(socket, json.loads(frame.data))
        finally:
            self.open.remove(socket)
            del self._transports[id(socket)]
        return socket

    def _acknowledge(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        waiting = self._waiting.get(str(said.get("envelope_id")))
        if waiting is not None and waiting.lost:
            self._abort(socket)
        elif waiting is not None and not waiting.done.done():
            waiting.done.set_result(None)

    async def _deliver(self, payload: dict[str, Any], kind: str) -> None:
        told = str(payload.get("event_id", ""))
        for attempt, pause in enumerate((0.0, *self.retry_s)):
            if pause:
                await asyncio.sleep(pause)
            if self.open and await self._send(payload, kind, attempt):
                self.acknowledged.append(told)
                return
        self.given_up.append(told)

    async def _send(self, payload: dict[str, Any], kind: str, attempt: int) -> bool:
        """By the newest connection; whether it was acknowledged in time."""
        socket = self.open[-1]
        self.deliveries += 1
        how = self.cut(self.deliveries)
        if how == "before":
            self._abort(socket)
            return False
        ident = f"envelope-{next(self._numbers)}"
        envelope = {"envelope_id": ident, "payload": payload, "type": kind, "accepts_response_payload": False}
        if attempt:
            envelope |= {"retry_attempt": attempt, "retry_reason": "timeout"}
        self._waiting[ident] = Delivery(asyncio.get_running_loop().create_future(), how == "unacknowledged")
        try:
            async with asyncio.timeout(self.ack_s):
                await socket.send_json(envelope)
                if how == "after":
                    self._abort(socket)
                    return False
                await self._waiting[ident].done
        except (TimeoutError, ConnectionError, RuntimeError):
            return False
        finally:
            del self._waiting[ident]
        return True

    def _abort(self, socket: web.WebSocketResponse) -> None:
        transport = self._transports.get(id(socket))
        if transport is not None:
            transport.abort()
