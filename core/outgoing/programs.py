"""Running a program that the operator allows, within limits: time, memory, output, how many at once.

It gets an empty folder as its home and its place, an environment of its own, and a process group of its own,
which is killed as a whole however the call ends. Should our process die first, `timeout` ends it.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Final

from blocks.errors import InvalidInput, Retryable
from blocks.program import Ran

MOST_OUTPUT: Final = 4_000_000  # bytes
MEMORY_KB: Final = 4_000_000  # of data in one process
_CHUNK: Final = 65_536
_FILES: Final = 1_000_000  # blocks of 512 bytes that it may write into one file
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
# Limits before the program is there, and a clock that outlives us.
_LIMITED: Final = 'ulimit -c 0; ulimit -d "$1"; ulimit -f "$2"; shift 2; exec timeout -s KILL "$@"'


class LocalProgram:
    """Implements `blocks.program.Program`. `variables` and `secrets` are its environment; the secrets are masked in
    what it writes."""

    def __init__(
        self,
        path: Path,
        variables: Mapping[str, str],
        secrets: Mapping[str, str],
        *,
        at_once: int,
        memory_kb: int = MEMORY_KB,
    ) -> None:
        self._path = path
        self._variables = {**variables, **secrets}
        self._secrets = list(secrets.values())
        self._memory_kb = memory_kb
        self._free = asyncio.Semaphore(at_once)

    async def run(self, arguments: Sequence[str], *, text: str, instructions: str, timeout_s: float) -> Ran:
        if not os.access(self._path, os.X_OK):
            raise InvalidInput(
                "program_missing", f"The program {self._path.name} is not where the operator says; ask them to look."
            )
        try:
            async with asyncio.timeout(timeout_s):
                async with self._free:
                    return await self._run(arguments, text, instructions, timeout_s)
        except TimeoutError as error:
            message = f"{self._path.name} did not answer within {timeout_s:g} s."
            raise Retryable("timeout", message, cause="timeout") from error

    async def _run(self, arguments: Sequence[str], text: str, instructions: str, timeout_s: float) -> Ran:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="vutler-program-"))
        process: Process | None = None
        try:
            process = await self._begin(folder, arguments, instructions, timeout_s)
            output = await _talk(process, text.encode(errors="replace"), self._path.name)
            return Ran(await process.wait(), self._masked(output))
        finally:
            if process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await asyncio.shield(process.wait())
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _begin(self, folder: Path, arguments: Sequence[str], instructions: str, timeout_s: float) -> Process:
        home, told = folder / "home", folder / "instructions.txt"
        home.mkdir()
        told.write_text(instructions, errors="replace")
        given = [str(told) if each == "{instructions}" else each for each in arguments]
        limits = (str(self._memory_kb), str(_FILES), str(ceil(timeout_s) + 1))
        return await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _LIMITED, "sh", *limits, str(self._path), *given, stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
            cwd=home, env={"PATH": f"{self._path.parent}:{_PATH}", "HOME": str(home), **self._variables},
            start_new_session=True,
        )  # fmt: skip

    def _masked(self, output: bytes) -> bytes:
        for value in self._secrets:
            output = output.replace(value.encode(), b"***")
        return output


async def _talk(process: Process, text: bytes, name: str) -> bytes:
    """Give it its input and read what it writes, as far as the limit. Raises `InvalidInput`."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the program was started without pipes")
    writing = asyncio.create_task(_feed(process.stdin, text))
    found = bytearray()
    try:
        while chunk := await process.stdout.read(_CHUNK):
            found += chunk
            if len(found) > MOST_OUTPUT:
                raise InvalidInput("response_too_large", f"{name} wrote more than {MOST_OUTPUT} bytes.")
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
    return bytes(found)


async def _feed(stdin: asyncio.StreamWriter, text: bytes) -> None:
    """A program that ends without reading it all has its reasons."""
    with suppress(ConnectionError):
        stdin.write(text)
        await stdin.drain()
        stdin.close()
