"""Listening to Rocket.Chat by its realtime API, which is Meteor's DDP over a WebSocket.

https://developer.rocket.chat/apidocs/realtimeapi · https://github.com/meteor/meteor/blob/devel/packages/ddp/DDP.md

The server tells a message once and never again, so each connection begins by catching up over REST from the last one
that was taken, a little before it (several servers may overtake each other). What comes twice is taken once.
The cursor is `{"began": ms, "since": ms, "rooms": {id: ms}}`; at the very beginning nothing was missed.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from blocks.connection import Way, WebSocket
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.listening import Ear, Heard
from blocks.rocketchat import hearing
from blocks.rocketchat.hearing import Files, Place, moment_ms
from blocks.rocketchat.posting import room_name
from blocks.rocketchat.web import Web, inside, rows, text
from blocks.values import Json, JsonObject, read_json

CONNECT_S: Final = 15.0
IDLE_S: Final = 60.0  # without a word of the server's, its own pings included
_STREAM: Final = "stream-room-messages"
_MINE: Final = "__my_messages__"  # all rooms that the account is in
_AT_ONCE: Final = 50  # messages in one commit
_HELD: Final = 1_000  # that wait while others are taken
_OVERLAP_MS: Final = 5_000
_ROOMS: Final = 1_000  # that the cursor remembers, the latest ones
_LONGEST_WAIT_S: Final = 120.0
_PATIENCE: Final = 10  # times


@dataclass(frozen=True, slots=True)
class Account:
    """`login` is the parameter of the method of that name."""

    url: str
    login: JsonObject


async def listen(account: Account, web: Web, way: Way, ear: Ear) -> None:
    """Until cancelled. Raises the classes of `blocks/errors.py`, and `LookupError` when somebody else listens now."""
    base = account.url.rstrip("/")
    socket = await way.websocket(f"ws{base.removeprefix('http')}/websocket", timeout_s=CONNECT_S)
    session = _Session(socket, web, Files(way.http, base), ear)
    try:
        await session.begin(account.login)
        await session.run()
    finally:
        await session.close()


class _Session:
    """One connection."""

    def __init__(self, socket: WebSocket, web: Web, files: Files, ear: Ear) -> None:
        self._socket = socket
        self._web = web
        self._files = files
        self._ear = ear
        self._own_id = ""
        self._cursor: JsonObject = dict(ear.cursor or {})
        self._places: dict[str, Place] = {}
        self._said: asyncio.Queue[JsonObject | Exception] = asyncio.Queue(_HELD)
        self._reader: asyncio.Task[None] | None = None

    async def begin(self, login: JsonObject) -> None:
        """Connect, sign in, subscribe. Raises `InvalidInput` (`connection_refused`) and `Retryable`."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._enter(login)
        except TimeoutError:
            raise Retryable("connection_failed", f"Rocket.Chat did not let us in within {CONNECT_S:g} s.") from None
        self._reader = asyncio.create_task(self._read_all(), name="Rocket.Chat realtime")

    async def _enter(self, login: JsonObject) -> None:
        await self._send({"msg": "connect", "version": "1", "support": ["1"]})
        await self._until("connected")
        await self._send({"msg": "method", "method": "login", "id": "login", "params": [login]})
        self._own_id = text(inside(await self._until("result", "login"), "result").get("id"))
        options: JsonObject = {"useCollection": False, "args": []}
        await self._send({"msg": "sub", "id": "messages", "name": _STREAM, "params": [_MINE, options]})
        await self._until("ready", "messages")

    async def run(self) -> None:
        self._ear.working(self._own_id)
        await self._catch_up()
        while True:
            await self._take(await self._some())

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        await self._socket.close()

    # the connection ---------------------------------------------------------------------------------------------------

    async def _send(self, said: JsonObject) -> None:
        await self._socket.send(json.dumps(said))

    async def _receive(self) -> JsonObject:
        """The next object that means something here; pings are answered."""
        while True:
            received = await self._socket.receive()
            if received is None:
                raise Retryable("connection_failed", "Rocket.Chat closed the connection.", cause="connection")
            try:
                said = read_json(received.encode())
            except ValueError:
                continue
            if not isinstance(said, dict):
                continue
            if said.get("msg") != "ping":
                return said
            await self._send({**said, "msg": "pong"})

    async def _until(self, kind: str, ident: str | None = None) -> JsonObject:
        """What answers us, past everything else."""
        while True:
            said = await self._receive()
            told = said.get("msg")
            subs = said.get("subs")
            about = ident is None or said.get("id") == ident or (isinstance(subs, list) and ident in subs)
            if told in ("failed", "error") or (told in ("result", "nosub") and about and said.get("error")):
                raise _refusal(said)
            if told == kind and about:
                return said

    async def _read_all(self) -> None:
        """At once, whatever is at work: who does not read answers no pings."""
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    said = await self._receive()
                if said.get("msg") == "nosub":
                    raise _refusal(said)
                if said.get("msg") == "changed" and said.get("collection") == _STREAM:
                    await self._said.put(said)
        except TimeoutError:
            await self._said.put(Retryable("connection_failed", f"Rocket.Chat was silent for {IDLE_S:g} s."))
        except Exception as error:
            await self._said.put(error)

    async def _some(self) -> list[Heard]:
        """All that waits, at least one frame. Raises where the connection ended, when the rest was given."""
        found: list[Heard] = []
        count = 0
        while count < _AT_ONCE and not (count and self._said.empty()):
            said = await self._said.get()
            if isinstance(said, Exception):
                if not count:
                    raise said
                await self._said.put(said)
                break
            count += 1
            found += await self._heard(said)
        return found

    async def _heard(self, said: JsonObject) -> list[Heard]:
        args = rows(inside(said, "fields").get("args"))
        if not args:
            return []
        message, about = args[0], args[1] if len(args) > 1 else {}
        if not hearing.worth_hearing(message) or not hearing.is_new(message):
            return []
        room = text(message.get("rid"))
        if about.get("roomType"):
            self._places[room] = Place(text(about.get("roomName")), about.get("roomType") == "d")
        place = self._places.get(room, Place())
        if not self._wanted(room, place):
            return []
        return [await hearing.heard(message, place, self._own_id, self._files)]

    # the cursor -------------------------------------------------------------------------------------------------------

    async def _take(self, heard: Sequence[Heard]) -> None:
        if not heard:
            return
        known: dict[str, Json] = dict(inside(self._cursor, "rooms"))
        for each in heard:
            known[each.channel] = max(_number(known.pop(each.channel, 0)), round(each.sent_at.timestamp() * 1000))
        while len(known) > _ROOMS:
            del known[min(known, key=lambda room: _number(known[room]))]
        self._cursor = {**self._cursor, "rooms": known}
        await self._ear.take(heard, self._cursor)

    async def _catch_up(self) -> None:
        began = round(time.time() * 1000)
        if not self._cursor:
            self._cursor = {"began": began, "since": began, "rooms": {}}
            await self._ear.take([], self._cursor)
            return
        since = _number(self._cursor.get("since")) - _OVERLAP_MS
        said = await self._patiently("rooms.get", {"updatedSince": _iso(since)})
        for room in sorted(rows(said.get("update")), key=lambda each: moment_ms(each.get("lm"))):
            ident, place = text(room.get("_id")), Place(room_name(room), room.get("t") == "d")
            self._places[ident] = place
            oldest = self._oldest(ident, place, began)
            if self._wanted(ident, place) and moment_ms(room.get("lm")) >= oldest:
                await self._catch_up_with(ident, place, oldest)
        self._cursor = {**self._cursor, "since": began}

    async def _catch_up_with(self, room: str, place: Place, oldest: int) -> None:
        given = {"roomId": room, "lastUpdate": _iso(oldest - 1)}
        try:
            said = await self._patiently("chat.syncMessages", given)
        except InvalidInput as error:  # one room that may not be read is no reason to hear none
            if error.code == "connection_refused":
                raise
            return
        found = [
            each for each in rows(inside(said, "result").get("updated"))
            if hearing.worth_hearing({**each, "rid": room}) and moment_ms(each.get("ts")) >= oldest
        ]  # fmt: skip
        found.sort(key=lambda each: moment_ms(each.get("ts")))
        for first in range(0, len(found), _AT_ONCE):
            some = found[first : first + _AT_ONCE]
            await self._take(
                [await hearing.heard({**each, "rid": room}, place, self._own_id, self._files) for each in some]
            )

    def _oldest(self, room: str, place: Place, now_ms: int) -> int:
        """From when on. A room that somebody listens to for the first time has no past."""
        known = inside(self._cursor, "rooms")
        if room in known:
            return max(_number(known[room]) - _OVERLAP_MS, _number(self._cursor.get("began")))
        if self._ear.channels and not place.direct:
            return now_ms
        return _number(self._cursor.get("since"))

    def _wanted(self, room: str, place: Place) -> bool:
        """Direct messages always: nobody can name them before they are there."""
        channels = self._ear.channels
        return not channels or place.direct or bool({room, place.name, f"#{place.name}"} & channels)

    async def _patiently(self, endpoint: str, given: dict[str, str]) -> JsonObject:
        """As slowly as the server wants: by default it answers ten questions of a kind a minute."""
        for _ in range(_PATIENCE):
            try:
                return await self._web.read(endpoint, given)
            except Retryable as error:
                if error.cause != "rate_limited":
                    raise
                await asyncio.sleep(min(error.after or 30.0, _LONGEST_WAIT_S))
        return await self._web.read(endpoint, given)


def _refusal(said: JsonObject) -> ActionError:
    error = inside(said, "error")
    if error.get("error") in (403, "403", "totp-required") or error.get("error") == 401:
        return InvalidInput("connection_refused", "Rocket.Chat refuses the credentials.")
    return Retryable("rocketchat_refused", "Rocket.Chat does not let us listen at the moment.", cause="server_error")


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(max(ms, 0) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{max(ms, 0) % 1000:03d}Z"


def _number(value: Json) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
