"""What a sampling profile (`bench/sampling`) says: the share of the time in each function, all that it calls included."""

import asyncio
from collections import Counter
from pathlib import Path

from tests.waiting import until

_SHOWN = 60


async def show(file: Path) -> None:
    async def is_there() -> bool:
        return file.exists()

    await until(is_there, seconds=10)
    within: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    total = 0
    for line in (await asyncio.to_thread(file.read_text)).splitlines():
        count, _, stack = line.partition(" ")
        frames = [_short(each) for each in stack.split(";")]
        total += int(count)
        alone[frames[-1]] += int(count)
        for each in set(frames):
            within[each] += int(count)
    asleep = alone[frames_of_waiting(alone)]
    print(f"engine: {total} looks, of which waiting {100 * asleep / total:.0f} %; % of the rest, with what it calls | alone")
    busy = max(total - asleep, 1)
    for name, count in within.most_common(_SHOWN):
        print(f"  {100 * count / busy:5.1f} % {100 * alone[name] / busy:5.1f} %  {name}")


def frames_of_waiting(alone: Counter[str]) -> str:
    """uvloop waits in `run_until_complete`, which is the innermost Python frame then."""
    return next((name for name in alone if name.endswith("Runner.run") or name.endswith(":run")), "")


def _short(frame: str) -> str:
    path, _, name = frame.rpartition(":")
    for mark in ("/site-packages/", "/lib/python3.11/"):
        if mark in path:
            return f"{path.rpartition(mark)[2]}:{name}"
    return f"{'/'.join(path.split('/')[-3:])}:{name}"
