"""The API as a job of an isolated lane sees it: the engine's ledger and writer over HTTP, with the token of one run.

JobRefused          an answer that will not change by asking again; `status` is the HTTP status
ConnectionError     not reachable, restarting, or without its database: try again (one of `core.db.AWAY`)
"""

import asyncio
import base64
import contextlib
from collections import deque
from dataclasses import replace
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import aiohttp
import structlog

from blocks.errors import InvalidInput
from blocks.outcomes import Call
from blocks.pieces import Piece
from blocks.services import Attachment
from blocks.values import Json, JsonObject
from core import jsontext
from core.connections.model import Opened
from core.credits.reserving import Charge, Charged
from core.jobs import wire
from core.jobs.wire import Claim, Renewal
from core.runs.calling import Called
from core.runs.queue import ClaimedRun
from core.runs.record import Entry, RunRecord, StepRecord
from core.runs.resume import RecordedStep

_RETRY_S: Final = 0.25
_TRY_LATER: Final = frozenset({408, 429})
PORTION: Final = 2_000_000  # bytes of steps in one request; the API takes 16 MiB
_MOST_HINTS: Final = 200

log = structlog.get_logger(__name__)


class JobRefused(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class JobApi:
    """One run's doors at `url`, the API's address. Use it as an asynchronous context manager."""

    def __init__(self, url: str, run_id: str, token: str, *, timeout_s: float = 30) -> None:
        self._base = f"{url.rstrip('/')}/api/internal/runs/{run_id}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=5)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, door: str, body: bytes = b"", media_type: str = "application/json") -> Json:
        """One request; gives the JSON of its answer. Raises `JobRefused` and `ConnectionError`."""
        if self._session is None:
            raise ConnectionError("The connection to the API is not open.")
        try:
            async with self._session.post(
                f"{self._base}/{door}", data=body, headers={"Content-Type": media_type}
            ) as answer:
                text = await answer.read()
                if answer.status >= 500 or answer.status in _TRY_LATER:
                    raise ConnectionError(f"The API answered {answer.status}.")
                if answer.status >= 400:
                    raise _refusal(answer.status, text)
                return jsontext.load(text) if text else None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError(f"The API can't be reached at {self._base}: {error!r}") from error

    async def claim(self) -> Claim:
        return wire.read_claim(await self.send("claim"))

    async def renew(self, hints: list[JsonObject]) -> Renewal:
        return wire.read(Renewal, await self.send("renew", jsontext.dump({"hints": hints})))

    async def release(self) -> None:
        await self.send("release")


def _refusal(status: int, text: bytes) -> JobRefused:
    try:
        problem = jsontext.load(text)
    except ValueError:
        problem = None
    said = problem if isinstance(problem, dict) else {}
    return JobRefused(status, str(said.get("code", "refused")), str(said.get("detail", f"The API answered {status}.")))


class HttpLedger:
    """`flows.ledger.Ledger` over the API."""

    def __init__(self, api: JobApi) -> None:
        self._api = api

    async def steps(self, run: ClaimedRun) -> list[RecordedStep]:
        found = await self._api.send("steps")
        return [wire.read(RecordedStep, each) for each in wire.objects(found)]

    async def woken(self, run: ClaimedRun) -> dict[tuple[str, str], JsonObject]:
        found = await self._api.send("woken")
        rows = [row for row in found if isinstance(row, list)] if isinstance(found, list) else []
        return {(str(step), str(iteration)): answer for step, iteration, answer in rows if isinstance(answer, dict)}

    async def keep(self, run: ClaimedRun, content: bytes, media_type: str) -> JsonObject:
        reference = await self._api.send("keep", content, media_type)
        return reference if isinstance(reference, dict) else {}

    async def file(self, run: ClaimedRun, reference: JsonObject, most: int) -> Attachment:
        try:
            found = await self._api.send("file", jsontext.dump({"reference": reference, "most": most}))
        except JobRefused as refusal:
            if refusal.status != 422:
                raise
            raise InvalidInput(refusal.code, refusal.detail) from refusal
        (said,) = wire.objects([found])
        content = base64.b64decode(str(said["content"]))
        return Attachment(str(said["name"]), str(said["media_type"]), content)

    async def at_deadline(self, run: ClaimedRun, place: tuple[str, str]) -> JsonObject | None:
        said = await self._api.send("deadline", jsontext.dump({"step": place[0], "iteration": place[1]}))
        answer = said.get("answer") if isinstance(said, dict) else None
        return answer if isinstance(answer, dict) else None

    async def reserve(self, run: ClaimedRun, least: int, most: int) -> int:
        said = await self._api.send("credits", jsontext.dump({"least": least, "most": most}))
        reserved = said.get("reserved") if isinstance(said, dict) else None
        return reserved if isinstance(reserved, int) else 0

    async def charge(self, run: ClaimedRun, made: Charge) -> Charged:
        return wire.read(Charged, await self._api.send("charge", jsontext.dump(made)))

    async def prepare(self, run: ClaimedRun, call: Call) -> Called:
        wanted = {"automation": call.automation, "payload": call.payload, "wait": call.wait}
        try:
            made = await self._api.send("prepare", jsontext.dump(wanted))
        except JobRefused as refusal:
            if refusal.status != 422:
                raise
            raise InvalidInput(refusal.code, refusal.detail) from refusal
        (called,) = wire.objects([made])
        (facts,) = wire.objects([called["facts"]])
        return Called(UUID(str(called["run_id"])), str(called["name"]), facts)

    async def connection(self, run: ClaimedRun, reference: str) -> Opened:
        try:
            return wire.read(Opened, await self._api.send("connection", jsontext.dump({"reference": reference})))
        except JobRefused as refusal:
            if refusal.status != 422:
                raise
            raise InvalidInput(refusal.code, refusal.detail) from refusal

    async def connection_failed(self, run: ClaimedRun, connection_id: UUID, why: str) -> None:
        await self._api.send("connection-failed", jsontext.dump({"id": connection_id, "why": why}))

    async def piece(self, run: ClaimedRun, reference: JsonObject, start: int, length: int) -> Piece:
        wanted = {"reference": reference, "start": start, "length": length}
        try:
            (said,) = wire.objects([await self._api.send("piece", jsontext.dump(wanted))])
        except JobRefused as refusal:
            if refusal.status != 422:
                raise
            raise InvalidInput(refusal.code, refusal.detail) from refusal
        size, content = said["size"], base64.b64decode(str(said["content"]))
        return Piece(str(said["name"]), str(said["media_type"]), size if isinstance(size, int) else 0, content)


class HttpWriter:
    """`flows.execution.Writes` over the API: one entry after the other. `async with` it; `write` from any task."""

    def __init__(self, api: JobApi) -> None:
        self._api = api
        self._entries: deque[tuple[Entry, asyncio.Future[bool]]] = deque()
        self._hints: deque[JsonObject] = deque(maxlen=_MOST_HINTS)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._loop(), name="writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def write(self, entry: Entry) -> "asyncio.Future[bool]":
        """Have the entry committed; the answer is False when the run is not ours any more and nothing was written."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._entries.append((entry, done))
        self._wake.set()
        return done

    def hint(self, event: JsonObject) -> None:
        """Tell the live streams of something provisional; goes along with the next renewal of the lease."""
        self._hints.append(event)

    def take_hints(self) -> list[JsonObject]:
        hints = list(self._hints)
        self._hints.clear()
        return hints

    async def _loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._entries:
                entry, done = self._entries[0]
                try:
                    held = await self._record(entry)
                except Exception as error:
                    log.exception("record.failed")
                    if not done.done():
                        done.set_exception(error)
                else:
                    if not done.done():
                        done.set_result(held)
                self._entries.popleft()

    async def _record(self, entry: Entry) -> bool:
        for part in portions(entry):
            if not await self._send(jsontext.dump(part)):
                return False
        return True

    async def _send(self, body: bytes) -> bool:
        while True:
            try:
                answer = await self._api.send("record", body)
            except ConnectionError as error:
                log.warning("record.retry", error=str(error))
                await asyncio.sleep(_RETRY_S)
            else:
                return isinstance(answer, dict) and answer.get("held") is True


def portions(entry: Entry) -> list[Entry]:
    """The entry in parts that a request can carry. What the run itself becomes stands in the last one, so that a part
    which is lost leaves the run as it was."""
    parts: list[Entry] = []
    steps: list[StepRecord] = []
    size = 0
    for step in entry.steps:
        length = len(jsontext.dump(step))
        if steps and size + length > PORTION:
            parts.append(Entry(RunRecord(entry.run.run_id, entry.run.rule_id, entry.run.epoch, entry.run.seq), steps))
            steps, size = [], 0
        steps.append(step)
        size += length
    return [*parts, replace(entry, steps=steps)]
