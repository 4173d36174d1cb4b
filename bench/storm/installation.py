"""The product that is stormed: its processes, its database, its disk and its networks."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from bench.storm.proxy import Proxy
from core import db
from core.db import SCHEMA
from deployments import leftovers, process
from deployments.postgres import Embedded
from tests.e2e.product import Product

WORKERS = ("worker-1", "worker-2")
_CRASHED = re.compile(rb"^crash point (\w+)$", re.MULTILINE)
AWAY = (*db.AWAY, asyncpg.PostgresError)


class Installation:
    """`start`, then use, then `remove`. `disk_mb`: PostgreSQL gets a disk of its own of that size (root alone can)."""

    def __init__(self, *, seed: int, sink: str, points: bool, runs: tuple[int, int], disk_mb: int | None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="vutler-storm-"))
        self.database = Embedded(self.home)
        self.disk_mb = disk_mb
        self.proxies = {name: Proxy(str(self.database.sockets / ".s.PGSQL.5432")) for name in WORKERS}
        self.crashes: Counter[str] = Counter()  # by point
        self._read: dict[str, int] = {}
        self._options = {"seed": seed, "points": points, "runs": runs}
        self._sink = sink
        self.product: Product | None = None

    # start and end ------------------------------------------------------------------------------------------------

    async def start(self) -> Product:
        """Start it and wait until it is ready and all of it is there."""
        if self.disk_mb is not None:
            self.database.data.mkdir()
            _run("mount", "-t", "tmpfs", "-o", f"size={self.disk_mb}m,mode=0700", "storm", str(self.database.data))
        for proxy in self.proxies.values():
            await proxy.__aenter__()
        ports = [proxy.port for proxy in self.proxies.values()]
        environment = {
            "VUTLER_WORKERS": str(len(WORKERS)), "VUTLER_HTTP_ALLOW_HOSTS": self._sink,
            "STORM": json.dumps({**self._options, "ports": ports}),
        }  # fmt: skip
        self.product = Product(environment, home=self.home, program=("-m", "bench.storm.up"))
        self.product.start()  # in this very thread: it dies with the thread that starts it
        await asyncio.to_thread(self.product.wait_ready)
        await asyncio.to_thread(self.product.wait_prefect)
        if self.disk_mb is not None:
            async with self.connection() as connection:  # its log must not fill the small disk by itself
                await connection.execute("ALTER SYSTEM SET max_wal_size = '192MB'")
                await connection.execute("SELECT pg_reload_conf()")
        return self.product

    async def remove(self) -> None:
        if self.product is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self.product.process is not None and self.product.process.poll() is None:
                    await asyncio.to_thread(self.product.stop)
            leftovers.stop(leftovers.find(self.home, leftovers.load(self.home)))
        for proxy in self.proxies.values():
            await proxy.__aexit__(None, None, None)
        if self.disk_mb is not None:
            _run("umount", "-l", str(self.database.data))
        if self.product is not None:
            self.product.remove()
        shutil.rmtree(self.home, ignore_errors=True)

    def calm(self) -> None:
        """Whatever starts from now on has no crash point."""
        (self.home / "calm").touch()

    # processes ----------------------------------------------------------------------------------------------------

    def identities(self) -> dict[str, process.Identity]:
        record = leftovers.load(self.home)
        return dict(record.children) if record else {}

    def is_alive(self, name: str) -> bool:
        found = self.identities().get(name)
        return found is not None and process.is_alive(found)

    def send(self, name: str, number: signal.Signals) -> process.Identity | None:
        """Signal that very process; gives it, or None when it is not there just now."""
        found = self.identities().get(name)
        if found is None or not process.is_alive(found):
            return None
        process.send([found], number)
        return found

    async def restarted(self, name: str, before: process.Identity, seconds: float = 60) -> None:
        """Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while (now := self.identities().get(name)) is None or now == before:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    def look_for_crashes(self) -> list[tuple[str, str]]:
        """Who met which crash point since the last call, by what the dead left in their logs."""
        met: list[tuple[str, str]] = []
        for name in (*WORKERS, "api"):
            log = self.home / "logs" / f"{name}.log"
            with contextlib.suppress(OSError), log.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                begin = self._read.get(name, 0)
                stream.seek(begin if begin <= size else 0)
                new = stream.read()
                whole = new[: new.rfind(b"\n") + 1]
                self._read[name] = (begin if begin <= size else 0) + len(whole)
                met += [(name, point.decode()) for point in _CRASHED.findall(whole)]
        self.crashes.update(point for _, point in met)
        return met

    # the database -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """A connection past the proxies."""
        connection = await asyncpg.connect(
            self.database.dsn("vutler"), server_settings={"search_path": SCHEMA}, timeout=5, command_timeout=30
        )
        try:
            yield connection
        finally:
            connection.terminate()

    async def answers(self, seconds: float = 90) -> None:
        """Wait until PostgreSQL answers. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    async with self.connection() as connection:
                        await connection.fetchval("SELECT 1")
                    return
                except AWAY:
                    await asyncio.sleep(0.1)

    @property
    def ballast(self) -> Path:
        return self.database.data / "ballast"

    def fill_disk(self) -> None:
        """Not a byte is left."""
        with self.ballast.open("wb") as file, contextlib.suppress(OSError):
            status = os.fstatvfs(file.fileno())
            os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize)
            file.seek(0, os.SEEK_END)
            while True:
                file.write(b"\0" * 65536)
                file.flush()

    def free_disk(self) -> None:
        self.ballast.unlink(missing_ok=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
