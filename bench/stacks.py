"""What a sampling profile (`bench/sampling`) says: the share of the time in each function, with all that it calls."""

from collections import Counter
from pathlib import Path

from tests.e2e.product import wait_for

_SHOWN = 70
_LOOP = "asyncio/runners.py:Runner.run"  # the innermost frame of Python while uvloop waits


def show(file: Path) -> None:
    wait_for("the profile is written", file.exists, 10)
    within: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    total = 0
    for line in file.read_text().splitlines():
        seen, _, stack = line.partition(" ")
        frames, count = [_short(each) for each in stack.split(";")], int(seen)
        total += count
        alone[frames[-1]] += count
        for each in set(frames):
            within[each] += count
    busy = max(total - alone[_LOOP], 1)  # what the loop does itself can't be told from its waiting
    print(f"engine: {total} looks, {100 * busy / total:.0f} % of them at work; % of these, with what it calls | alone")
    for name, times in within.most_common(_SHOWN):
        if times <= busy:
            print(f"  {100 * times / busy:5.1f} | {100 * alone[name] / busy:5.1f}  {name}")


def _short(frame: str) -> str:
    path, _, name = frame.rpartition(":")
    for mark in ("/site-packages/", "/lib/python3.11/"):
        if mark in path:
            return f"{path.rpartition(mark)[2]}:{name}"
    return f"{'/'.join(path.split('/')[-3:])}:{name}"
