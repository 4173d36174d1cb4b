"""What the storm prints: what was done, how the product recovered, what was kept, and whether that was enough."""

import statistics
from dataclasses import dataclass

from bench.storm.faults import Faults
from bench.storm.installation import Installation
from bench.storm.judge import Verdict
from bench.storm.recovery import PROMISE_S, Watch
from bench.storm.up import POINTS


@dataclass(frozen=True, slots=True)
class Floors:
    """Below these the storm shows nothing. `each_point`: kills at each of the points of `up.POINTS`."""

    kills: int
    each_point: int
    runs: int


_HELD = """
SELECT state, owner, lane, count(*) AS runs, (min(lease_until) - now())::text AS lease, max(epoch) AS epoch
FROM run_queue WHERE state <> 'done' GROUP BY state, owner, lane ORDER BY state, owner
"""
_SESSIONS = """
SELECT application_name, state, wait_event, count(*) AS sessions, left(min(query), 80) AS query
FROM pg_stat_activity WHERE datname = 'vutler' GROUP BY application_name, state, wait_event ORDER BY application_name
"""


async def standstill(installation: Installation) -> None:
    """Who holds what, when it does not become quiet."""
    async with installation.connection() as connection:
        for query in (_HELD, _SESSIONS):
            for row in await connection.fetch(query):
                print("  ", dict(row))


def late(watch: Watch) -> int:
    return sum(1 for fault in watch.faults if fault.seconds > PROMISE_S or (fault.left and fault.is_over))


def show(
    watch: Watch, faults: Faults, verdict: Verdict, *, stormed_s: float, quiet_s: float | None, answered: int
) -> None:
    points = ", ".join(f"{point} {times}" for point, times in sorted(watch.installation.crashes.items())) or "none"
    print(f"\n{watch.kills} kills in {stormed_s / 60:.1f} minutes; by crash points: {points}")
    print(f"done: {', '.join(f'{kind} {times}' for kind, times in sorted(faults.done.items()))}")
    print(f"quiet {'NOT: nothing moved for a minute' if quiet_s is None else f'after {quiet_s:.1f} s'}; "
          f"runs: {', '.join(f'{status} {count}' for status, count in sorted(verdict.runs.items()))}; "
          f"questions answered: {answered}")  # fmt: skip
    print(f"\n{'recovery':32} {'faults':>7} {'runs under way':>16} {'p50 s':>8} {'max s':>8}")
    for kind, found in watch.by_kind().items():
        seconds = [fault.seconds for fault in found]
        print(
            f"  {kind:30} {len(found):7} {sum(fault.begun for fault in found):16}"
            f" {statistics.median(seconds):8.1f} {max(seconds):8.1f}"
        )
    print()
    for fact, value in verdict.facts.items():
        print(f"  {fact:40} {value}")
    print(f"\n{'must be 0':70}")
    for promise, count in verdict.broken.items():
        print(f"  {promise:76} {count:6}  {'ok' if not count else 'BROKEN'}")
    for trouble in faults.failed:
        print(f"  {trouble}")


def passes(watch: Watch, verdict: Verdict, floors: Floors) -> bool:
    """Whether every promise was kept, and enough was tried to say so."""
    least, rarest = min((watch.installation.crashes[point], point) for point in POINTS)
    enough = [
        (watch.kills, floors.kills, "kills"),
        (least, floors.each_point, f"kills at the crash point {rarest}, the rarest"),
        (verdict.completed, floors.runs, "runs completed"),
    ]
    print()
    for count, floor, what in enough:
        if count < floor:
            print(f"NOT ENOUGH: {count} {what}; the floor is {floor}")
    good = verdict.is_good and all(count >= floor for count, floor, _ in enough)
    points = ", ".join(POINTS)
    print(f"floors: {floors.kills} kills, {floors.each_point} at each point ({points}), {floors.runs} runs completed")
    print("PASSED" if good else "FAILED", flush=True)
    return good
