"""What PostgreSQL was asked while its log said so: how often in a turn, and how long it took."""

import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

_LINE = re.compile(
    r"\] (?P<who>.*?) LOG:  duration: (?P<ms>[\d.]+) ms"
    r"(?:  (?P<phase>parse|bind|execute) [^:]*: |  statement: )(?P<sql>.*)"
)
_SHOWN = 45


@dataclass
class Log:
    file: Path
    since: int = 0
    text: str = field(default="", repr=False)


@asynccontextmanager
async def logged(connection: "asyncpg.Connection[asyncpg.Record]", file: Path) -> AsyncIterator[Log]:
    """Every statement with its time is in the log's `text` at the end."""
    log = Log(file, os.stat(file).st_size)
    await _set(connection, "0")
    try:
        yield log
    finally:
        await _set(connection, "-1")
        with file.open(errors="replace") as lines:
            lines.seek(log.since)
            log.text = lines.read()


async def _set(connection: "asyncpg.Connection[asyncpg.Record]", least: str) -> None:
    await connection.execute(f"ALTER SYSTEM SET log_min_duration_statement = {least}")
    await connection.execute("SELECT pg_reload_conf()")


def show(log: Log, turns: int) -> None:
    spent: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    entries = re.split(r"\n(?=\d{4}-\d\d-\d\d )", log.text)
    for entry in entries:
        found = _LINE.search(" ".join(entry.split("\n")))
        if found is None or "prefect" in found["who"].lower():
            continue
        row = spent[found["who"], " ".join(found["sql"].split())[:110]]
        row[0] += found["phase"] in (None, "execute")
        row[1] += float(found["ms"])
        row[2] += float(found["ms"]) if found["phase"] in ("parse", "bind") else 0
    print(f"a turn ({turns} of them): statements, ms in PostgreSQL (of it parse and bind)")
    for who in sorted({who for who, _ in spent}):
        mine = [row for (other, _), row in spent.items() if other == who]
        print(f"  {sum(row[0] for row in mine) / turns:6.2f}  {sum(row[1] for row in mine) / turns:6.2f}  all of {who}")
    for (who, sql), row in sorted(spent.items(), key=lambda each: -each[1][1])[:_SHOWN]:
        print(f"  {row[0] / turns:6.2f}  {row[1] / turns:6.2f} ({row[2] / turns:.2f})  {who}: {sql}")
