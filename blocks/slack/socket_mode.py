"""Listening to Slack by Socket Mode. https://docs.slack.dev/apis/events-api/using-socket-mode

Each connection begins by catching up over `conversations.history` from the last message that was taken; only then comes
what the connection brings, so that a thread stays in order. What comes twice is taken once by whoever takes it. Slack
is told that an event arrived when it was taken, and sends it again otherwise.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from blocks.connection import Way, WebSocket
from blocks.errors import InvalidInput, Retryable
from blocks.listening import Ear, Heard, TakesPresses
from blocks.slack import hearing, questions
from blocks.slack.missed import Missed
from blocks.slack.web import Web, inside, text
from blocks.values import JsonObject, read_json

CONNECT_S: Final = 15.0
_HELLO_S: Final = 15.0
_FOLLOW_S: Final = 600.0
_AT_ONCE: Final = 50  # messages in one commit
_HELD: Final = 1_000  # frames that wait while others are taken


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection that said hello."""

    socket: WebSocket


@dataclass(frozen=True, slots=True)
class _Frame:
    socket: WebSocket
    said: JsonObject


async def address(api_url: str, app_token: str, way: Way) -> str:
    """A new address, good for one connection. Raises the classes of `blocks/errors.py`."""
    signed = Web(way.plain, api_url, headers={"Authorization": f"Bearer {app_token}"})
    url = text((await signed.change("apps.connections.open", {}, timeout_s=CONNECT_S)).get("url"))
    if not url:
        raise Retryable("slack_answer", "Slack gave no address for Socket Mode.", cause="server_error")
    return url


async def opened(url: str, way: Way) -> Opened:
    """Raises `Retryable` where Slack does not say hello."""
    socket = await way.websocket(url, timeout_s=CONNECT_S)
    try:
        async with asyncio.timeout(_HELLO_S):
            said = _read(await socket.receive())
    except BaseException as error:
        await socket.close()
        if isinstance(error, TimeoutError):
            raise Retryable("connection_failed", f"Slack did not say hello within {_HELLO_S:g} s.") from None
        raise
    if said.get("type") != "hello":
        await socket.close()
        raise _ended(said)
    return Opened(socket)


async def listen(web: Web, open_one: Callable[[], Awaitable[Opened]], way: Way, ear: Ear) -> None:
    """Until cancelled. Raises the classes of `blocks/errors.py`, and `LookupError` when somebody else listens now."""
    session = _Session(web, open_one, way, ear, await _me(web))
    try:
        await session.run()
    finally:
        await session.close()


async def follow(web: Web, way: Way, ear: Ear) -> None:
    """Until cancelled, for an app whose events come by HTTP: look now and then for what did not arrive."""
    me = await _me(web)
    while True:
        await _catch_up(Missed(web, ear), hearing.Listener(web, way.http, me, {}, patience_s=hearing.PATIENT_S), ear)
        ear.working(me.user_id)
        await asyncio.sleep(_FOLLOW_S)


async def _me(web: Web) -> hearing.Me:
    about = await web.read("auth.test")
    return hearing.Me(text(about.get("user_id")), text(about.get("bot_id")), name=text(about.get("user")))


async def _catch_up(missed: Missed, listener: hearing.Listener, ear: Ear) -> None:
    await missed.begin()
    async for name, events, complete in missed.events():
        for first in range(0, len(events), _AT_ONCE):
            heard = [await listener.heard(each, name) for each in events[first : first + _AT_ONCE]]
            await ear.take(heard, missed.moved(heard, complete))
    await missed.end()


class _Session:
    """One connection, or two while Slack renews it."""

    def __init__(self, web: Web, open_one: Callable[[], Awaitable[Opened]], way: Way, ear: Ear, me: hearing.Me) -> None:
        self._open_one = open_one
        self._ear = ear
        self._me = me
        self._frames: asyncio.Queue[_Frame | Exception] = asyncio.Queue(_HELD)
        self._readers: dict[WebSocket, asyncio.Task[None]] = {}
        self._current: WebSocket | None = None  # others are those whose place it has taken
        names = {me.user_id: me.name} if me.name else {}
        self._listener = hearing.Listener(web, way.http, me, names, patience_s=hearing.PATIENT_S)
        self._missed = Missed(web, ear)

    async def run(self) -> None:
        await self._connect()
        self._ear.working(self._me.user_id)
        await _catch_up(self._missed, self._listener, self._ear)
        while True:
            await self._handle(await self._some())

    async def close(self) -> None:
        for socket, reader in list(self._readers.items()):
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            await socket.close()

    async def _connect(self) -> None:
        self._current = socket = (await self._open_one()).socket
        self._readers[socket] = asyncio.create_task(self._read_all(socket), name="Slack Socket Mode")

    async def _read_all(self, socket: WebSocket) -> None:
        """Frames are read at once, whatever is at work: who does not read answers no pings."""
        try:
            while (received := await socket.receive()) is not None:
                await self._frames.put(_Frame(socket, _read(received)))
            failure: Exception = Retryable("connection_failed", "Slack closed the connection.", cause="connection")
        except Exception as error:
            failure = error
        if socket is self._current:
            await self._frames.put(failure)
        else:
            del self._readers[socket]
            await socket.close()

    async def _some(self) -> list[_Frame]:
        """Everything that waits, at least one frame. Raises where the connection ended, when the rest was given."""
        frames: list[_Frame] = []
        while len(frames) < _AT_ONCE and not (frames and self._frames.empty()):
            found = await self._frames.get()
            if isinstance(found, Exception):
                if not frames:
                    raise found
                await self._frames.put(found)
                break
            frames.append(found)
        return frames

    async def _handle(self, frames: Sequence[_Frame]) -> None:
        heard: list[Heard] = []
        for frame in frames:
            if frame.said.get("type") == "events_api":
                heard += await self._heard(inside(inside(frame.said, "payload"), "event"))
        if heard:
            await self._take(sorted(heard, key=lambda each: float(each.id)))
        for frame in frames:
            await self._other(frame)
            if envelope := text(frame.said.get("envelope_id")):
                await self._acknowledge(frame.socket, envelope)

    async def _heard(self, event: JsonObject) -> list[Heard]:
        if not hearing.worth_hearing(event):
            return []
        room = text(event.get("channel"))
        name = await self._missed.name_of(room)
        if not self._missed.wanted(room, name):
            return []
        return [await self._listener.heard(event, name)]

    async def _take(self, heard: list[Heard]) -> None:
        await self._ear.take(heard, self._missed.moved(heard))

    async def _other(self, frame: _Frame) -> None:
        said = frame.said
        if said.get("type") == "interactive" and isinstance(self._ear, TakesPresses):
            pressed = questions.read_press(inside(said, "payload"))
            if pressed is not None:
                await self._ear.press(pressed)
        elif said.get("type") == "disconnect" and frame.socket is self._current:
            if said.get("reason") not in ("warning", "refresh_requested"):
                raise _ended(said)
            await self._connect()

    async def _acknowledge(self, socket: WebSocket, envelope: str) -> None:
        try:
            await socket.send(json.dumps({"envelope_id": envelope}))
        except Retryable:
            if socket is self._current:
                raise


def _read(received: str | None) -> JsonObject:
    """What is no JSON object says nothing."""
    try:
        said = read_json((received or "").encode())
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _ended(said: JsonObject) -> Exception:
    if said.get("reason") == "link_disabled":
        return InvalidInput("slack_socket_mode_off", "Socket Mode is switched off in the settings of the Slack app.")
    if said.get("reason") == "too_many_websockets":
        return Retryable("slack_too_many", "The Slack app has ten connections open already.", after=30.0)
    return Retryable("connection_failed", "Slack ended the connection.", cause="connection")
