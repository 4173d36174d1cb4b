"""What was said in Slack while nobody listened, and the cursor that tells it.

The cursor is `{"since": ts, "rooms": {id: ts}}`: the last message that was taken of each room, and for rooms that it
does not know the time since which we listen. At the very beginning nothing was missed. Threads are read one after the
other while people go on writing, so that what is caught up with moves the cursor no further than to the latest message
that was there when reading began.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import Final, TypeVar

from blocks.errors import ActionError, Retryable
from blocks.listening import Ear, Heard
from blocks.slack import hearing
from blocks.slack.web import Arguments, Refused, Web, inside, seen, text
from blocks.values import Json, JsonObject

_ROOMS: Final = 1_000  # that the cursor remembers, the latest ones
_PAGE: Final = 200
_PAGES: Final = 20  # of a room's history
_LONGEST_WAIT_S: Final = 120.0
_PATIENCE: Final = 10  # times
_SKEW_S: Final = 60.0  # between Slack's clock and ours
_KINDS: Final = ("public_channel", "private_channel", "mpim", "im")


AnswerT = TypeVar("AnswerT")


class Missed:
    """For one session of a listener."""

    def __init__(self, web: Web, ear: Ear) -> None:
        self._web = web
        self._ear = ear
        self._names: dict[str, str] = {}
        self._cursor: JsonObject = dict(ear.cursor or {})
        self._began = time.time()

    async def begin(self) -> None:
        """Learn which rooms there are; at the very beginning, note that we listen from now on."""
        with suppress(Refused):  # without the scopes to list rooms: those that speak are heard all the same
            self._names = await self._patiently(self._rooms)
        if not self._cursor:
            self._cursor = {"since": f"{self._began:.6f}", "rooms": {}}
            await self._ear.take([], self._cursor)

    async def events(self) -> AsyncIterator[tuple[str, list[JsonObject], float]]:
        """What was missed: a room's name, what was said there, in order, and how far the cursor may move by it."""
        known = inside(self._cursor, "rooms")
        rooms = [room for room, name in self._names.items() if self.wanted(room, name)]
        for room in sorted(rooms, key=lambda each: -_number(known.get(each))):
            oldest = self._oldest(room, known)
            try:
                events, complete = await self._patiently(partial(self._said, room, oldest))
                yield self._names[room], events, complete
            except Refused as error:  # one room that may not be read is no reason to hear none
                if error.code == "connection_refused":
                    raise

    async def end(self) -> None:
        """From here on a room that nobody knows yet is missing nothing older."""
        since = max(_number(self._cursor.get("since")), self._began - _SKEW_S)
        self._cursor = {**self._cursor, "since": f"{since:.6f}"}

    def moved(self, heard: Sequence[Heard], most: float = inf) -> JsonObject:
        """The cursor when these are taken; `most`: of what is later, something may be missing yet."""
        rooms: dict[str, Json] = dict(inside(self._cursor, "rooms"))
        for each in heard:
            latest = max(_number(rooms.pop(each.channel, None)), min(_number(each.id), most))
            rooms[each.channel] = f"{latest:.6f}"
        while len(rooms) > _ROOMS:
            del rooms[min(rooms, key=lambda room: _number(rooms[room]))]
        self._cursor = {**self._cursor, "rooms": rooms}
        return self._cursor

    def wanted(self, room: str, name: str) -> bool:
        """Direct messages always: nobody can name them before they are there."""
        channels = self._ear.channels
        return not channels or room.startswith("D") or bool({room, name, f"#{name}"} & channels)

    async def name_of(self, room: str) -> str:
        if room not in self._names:
            try:
                said = await self._web.read("conversations.info", {"channel": room})
                self._names[room] = text(inside(said, "channel").get("name"))
            except ActionError:  # a room is a room without a name, too
                return ""
        return self._names[room]

    # inside -----------------------------------------------------------------------------------------------------------

    def _oldest(self, room: str, known: JsonObject) -> float:
        """The last message that was taken. A room that somebody listens to for the first time has no past."""
        if room in known:
            return _number(known[room])
        fresh = bool(self._ear.channels) and not room.startswith("D")
        return self._began if fresh else _number(self._cursor.get("since"))

    async def _rooms(self) -> dict[str, str]:
        rooms = await seen(self._web, "users.conversations", _KINDS)
        return {text(each.get("id")): text(each.get("name")) for each in rooms}

    async def _said(self, room: str, oldest: float) -> tuple[list[JsonObject], float]:
        """In the room and in those of its threads that went on since, and until when nothing is missing."""
        found: dict[str, JsonObject] = {}
        complete: float | None = None
        threads: list[str] = []
        given: Arguments = {"channel": room, "limit": _PAGE}
        async for page in self._web.pages("conversations.history", given, "messages", most=_PAGES):
            if complete is None:
                complete = max([oldest, *(_number(each.get(name)) for each in page for name in ("ts", "latest_reply"))])
            for each in page:
                ts = text(each.get("ts"))
                if _number(ts) > oldest:
                    found[ts] = each
                if _number(each.get("latest_reply")) > oldest:
                    threads.append(ts)
            if not page or _number(page[-1].get("ts")) <= oldest:
                break
        for thread in threads:
            more: Arguments = {"channel": room, "ts": thread, "oldest": f"{oldest:.6f}", "limit": _PAGE}
            async for page in self._web.pages("conversations.replies", more, "messages", most=_PAGES):
                found |= {ts: each for each in page if _number(ts := text(each.get("ts"))) > oldest}
        kind = "im" if room.startswith("D") else "channel"
        events = [{**found[ts], "channel": room, "channel_type": kind} for ts in sorted(found, key=float)]
        return [event for event in events if hearing.worth_hearing(event)], oldest if complete is None else complete

    async def _patiently(self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """Ask, and wait as long as Slack wants when it is asked too often (a room or two a second, at most)."""
        for _ in range(_PATIENCE):
            try:
                return await ask()
            except Retryable as error:
                if error.cause != "rate_limited":
                    raise
                await asyncio.sleep(min(error.after or 30.0, _LONGEST_WAIT_S))
        return await ask()


def _number(value: Json) -> float:
    try:
        return float(value) if isinstance(value, str) else 0.0
    except ValueError:
        return 0.0
