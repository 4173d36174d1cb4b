"""Children that render templates (`child.py`), watched from here: a deadline for each question, a new child after harm.

A workspace has at most one question in work, so that one that sends bombs holds up nobody but itself.
"""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from blocks.values import Json
from core import jsontext

WALL_S = 2.0  # for one question
START_S = 30.0
NICE = 5  # of a child, from its first moment: starting costs more than most questions
LAST = 19
EACH_S = 0.1  # between two looks at a question
SLOW_S = 0.1  # of CPU: such a question goes on as the last in line
MAX_QUESTIONS = 1000  # before a child is replaced
MAX_FRAME = 16_000_000  # bytes, either way
_TICKS = os.sysconf("SC_CLK_TCK")


class Breach(Exception):
    """A child ran out of time or memory, or died; the text says which."""


class Died(Breach):
    """A child ended by itself, perhaps before it saw the question."""


class StartFailed(Exception):
    """No child can be started at the moment."""


class Child:
    """One process. Unusable after any error."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - opened in start
        assert process.stdout is not None  # noqa: S101
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._asked = 0
        self._nice = 0

    @classmethod
    async def start(cls) -> Self:
        command = (sys.executable, "-I", "-m", "core.rendering.child")
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/", start_new_session=True
            )
        except OSError as error:
            raise StartFailed(f"a process can't be started: {error.strerror}") from error
        child = cls(process)
        child._stand_back(NICE)
        try:
            async with asyncio.timeout(START_S):
                await child._read()
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await child.end()
            raise StartFailed("the process for them does not start") from error
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def usable(self) -> bool:
        return self._process.returncode is None and self._asked < MAX_QUESTIONS and self._nice < LAST

    async def ask(self, question: bytes) -> Json:
        """Raises `Breach`; the child must be ended then."""
        self._asked += 1
        self._watching = asyncio.get_running_loop().call_later(EACH_S, self._watch)
        try:
            async with asyncio.timeout(WALL_S):
                try:
                    self._input.write(struct.pack(">I", len(question)) + question)
                    await self._input.drain()
                    return await self._read()
                except (asyncio.IncompleteReadError, OSError):
                    code = await self._process.wait()
        except TimeoutError:
            raise Breach("it takes too long") from None
        finally:
            self._watching.cancel()
        raise (Breach if code == -signal.SIGXCPU else Died)("it takes too much time or memory")

    def _watch(self, before: float | None = None) -> None:
        """It is the CPU since the first look that tells: on a busy machine a quick question takes long, too."""
        used = self._cpu_s()
        if before is not None and used - before >= SLOW_S:
            self._stand_back(LAST)
        else:
            again = used if before is None else before
            self._watching = asyncio.get_running_loop().call_later(EACH_S, self._watch, again)

    def _cpu_s(self) -> float:
        """Used in its life (proc(5), `utime` and `stime`); 0 once it is gone."""
        try:
            fields = Path("/proc", str(self._process.pid), "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _stand_back(self, nice: int) -> None:
        """Let others go first. There is no way back without privileges, so a child that was made last is replaced.

        Linux may weigh sessions before it weighs their processes (sched(7), "The autogroup feature"): the child has a
        session of its own, which stands back as a whole.
        """
        self._nice = nice
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, nice)
        with contextlib.suppress(OSError):
            Path("/proc", str(self._process.pid), "autogroup").write_text(str(nice))

    async def _read(self) -> Json:
        size = struct.unpack(">I", await self._output.readexactly(4))[0]
        if size > MAX_FRAME:
            raise Breach("it makes too much")
        return jsontext.load(await self._output.readexactly(size))

    async def end(self) -> None:
        """Kill it, and wait until nothing of it is left."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._input.close()
        with contextlib.suppress(OSError):
            await self._input.wait_closed()
        await self._output.read()


class Pool:
    """`size` children, started when first needed or by `warm`."""

    def __init__(self, size: int = 2) -> None:
        self._size = size
        self._closed = False
        self._idle: asyncio.LifoQueue[Child | None] = asyncio.LifoQueue()  # None: a place without a child
        self._children: set[Child] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        for _ in range(self._size):
            self._idle.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for child in list(self._children):
            self._drop(child)
        await asyncio.gather(*self._ending)

    async def warm(self) -> None:
        """Start every child that is not there yet."""
        places = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        for place in places:
            self._idle.put_nowait(place) if place else self._refill()
        await asyncio.gather(*self._starting)

    async def ask(self, question: Json, workspace: str) -> Json:
        """The child's answer. Raises `Breach`, `StartFailed`."""
        raw = jsontext.dump(question)
        if len(raw) > MAX_FRAME:
            raise Breach("it works on too much data")
        turn = self._turns.setdefault(workspace, asyncio.Lock())
        async with turn:
            try:
                return await self._ask_child(raw)
            except Died:  # of something else, for all we know: a question that kills does it again
                return await self._ask_child(raw)

    async def _ask_child(self, raw: bytes) -> Json:
        child = await self._idle.get()
        try:
            if child is None or not child.usable:
                child = await self._exchange(child)
            result = await child.ask(raw)
        except BaseException:
            self._give_up(child)
            raise
        if child.usable and not _worn(result):
            self._idle.put_nowait(child)
        else:
            self._give_up(child)
        return result

    def _give_up(self, child: Child | None) -> None:
        """Put a fresh child in its place, without anybody waiting for it who was not the cause."""
        if child is not None:
            self._drop(child)
        self._refill()

    async def _exchange(self, old: Child | None) -> Child:
        if old is not None:
            self._drop(old)
        if self._closed:
            raise StartFailed("Vutler is stopping")
        child = await Child.start()
        self._children.add(child)
        return child

    def _drop(self, child: Child) -> None:
        self._children.discard(child)
        _keep(self._ending, asyncio.create_task(child.end()))

    def _refill(self) -> None:
        _keep(self._starting, asyncio.create_task(self._fill_place()))

    async def _fill_place(self) -> None:
        child: Child | None = None
        try:
            child = await self._exchange(None)
        except StartFailed:
            pass  # whoever takes the place next tries again and is told
        finally:
            self._idle.put_nowait(child)


def _keep(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _worn(result: Json) -> bool:
    """Whether the child asks to be replaced: it came to the end of its memory or stack."""
    return isinstance(result, dict) and result.get("worn") is True
