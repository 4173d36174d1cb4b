"""The storm.

    python -m bench.storm [--minutes 20] [--seed 1]          200 kills and more
    python -m bench.storm --short                            two minutes of it
    python -m bench.storm --faults "pause worker" --unfenced with the epoch check off: the judge must find out

As root PostgreSQL gets a small disk of its own (a tmpfs in a private mount namespace), which is filled and freed. See
bench/README.md. The exit status is 0 when every promise was kept and enough was tried.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.storm import audit, automations, judge, report
from bench.storm.doubts import answer_some
from bench.storm.faults import ROUND, Faults
from bench.storm.installation import Installation
from bench.storm.recovery import Watch
from bench.storm.report import Floors
from bench.storm.sender import Sender
from bench.storm.sink import Sink
from tests.e2e.person import Person

_PRIVATE = "STORM_PRIVATE_MOUNTS"
_ACCEPTED_WITHIN_S = 120.0  # what was sent before the storm ended


FULL, SHORT, NONE = Floors(200, 20, 1000), Floors(10, 1, 100), Floors(0, 0, 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.storm", description="Kill, pause, cut off and starve a real product.")
    parser.add_argument("--minutes", type=float, help="of faults under load; 20, or 1.25 with --short")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--rate", type=float, help="events a second; 5, or 3 with --short")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--faults", help=f"only these, separated by commas: {', '.join(ROUND)}")
    parser.add_argument("--unfenced", action="store_true", help="switch the epoch check off; the judge must find out")
    parser.add_argument("--logs", type=Path, help="a folder to which the logs of the processes are copied at the end")
    given = parser.parse_args()
    given.minutes = given.minutes or (1.25 if given.short else 20.0)
    given.rate = given.rate or (3.0 if given.short else 5.0)
    return given


def in_private_mounts() -> bool:
    """Go on in a mount namespace of our own, so that the small disk vanishes with us, however we end. False: can't."""
    if _PRIVATE in os.environ:
        return True
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None or shutil.which("mount") is None:
        return False
    command = [unshare, "--mount", "--propagation", "private", sys.executable, "-m", "bench.storm", *sys.argv[1:]]
    os.execve(unshare, command, {**os.environ, _PRIVATE: "1"})
    raise AssertionError("exec does not come back")


def kinds_of(given: argparse.Namespace, disk: bool) -> list[str]:
    kinds = [kind.strip() for kind in given.faults.split(",")] if given.faults else list(ROUND)
    unknown = [kind for kind in kinds if kind not in ROUND]
    if unknown:
        raise SystemExit(f"there are no such faults: {', '.join(unknown)}; there are {', '.join(ROUND)}")
    if not disk and "disk full" in kinds:
        print("no fault 'disk full': that takes root, mount and unshare", flush=True)
        kinds.remove("disk full")
    return kinds


async def storm(given: argparse.Namespace, kinds: list[str], disk_mb: int | None) -> bool:
    current = asyncio.current_task()
    assert current is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)
    runs = (2, 15) if given.short else (5, 50)
    async with Sink() as sink:
        installation = Installation(
            seed=given.seed, sink=sink.address, points=not given.faults, runs=runs, disk_mb=disk_mb
        )
        try:
            product = await installation.start()
            print(f"storm: seed {given.seed}, {given.minutes:g} minutes, {given.rate:g} events/s", flush=True)
            async with Person(product.url) as person:
                return await _storm(given, kinds, installation=installation, sink=sink, person=person)
        finally:
            if given.logs is not None:
                shutil.copytree(installation.home / "logs", given.logs, dirs_exist_ok=True)
            await installation.remove()


async def _storm(
    given: argparse.Namespace, kinds: list[str], *, installation: Installation, sink: Sink, person: Person
) -> bool:
    floors = NONE if given.faults else SHORT if given.short else FULL
    made = automations.kinds(sink.address, slow_only=given.unfenced)
    hooks: list[dict[str, Any]] = [(await person.create(kind.definition))["webhook"] for kind in made]
    async with installation.connection() as connection:
        await audit.install(connection)
        if given.unfenced:
            await audit.remove_fence(connection)
    sender = Sender(hooks, [kind.share for kind in made], random.Random(given.seed), given.rate)
    watch = Watch(installation)
    pauses_s = (2.0, 5.0) if given.short else (1.0, 5.0)
    faults = Faults(installation, watch, random.Random(given.seed + 1), kinds, pauses_s)
    stop = asyncio.Event()
    watching = asyncio.create_task(watch.run())
    sending = asyncio.create_task(sender.send(stop))
    breaking = asyncio.create_task(faults.run(stop))
    began = time.monotonic()
    await _until_enough(given, floors, watch, began, [watching, breaking])
    installation.calm()
    stop.set()
    await breaking
    try:
        async with asyncio.timeout(_ACCEPTED_WITHIN_S):
            await sending
    except TimeoutError:
        faults.failed.append("not all events were accepted within two minutes after the storm")
    stormed_s = time.monotonic() - began
    print(f"{stormed_s:6.0f} s: {watch.line()}; waiting until it is quiet", flush=True)
    quiet_s = await judge.quiet(installation)
    if quiet_s is None:
        await report.standstill(installation)
    answered = await answer_some(installation, person, random.Random(given.seed + 2))
    if answered:
        await judge.quiet(installation)
    verdict = await judge.judge(installation, sender, sink)
    verdict.broken["ended runs that Prefect does not know of"] = await judge.told(installation)
    verdict.broken["processes that did not come back"] = len(faults.failed)
    verdict.broken[f"faults with a recovery of more than {report.PROMISE_S:g} s"] = report.late(watch)
    watching.cancel()
    report.show(watch, faults, verdict, stormed_s=stormed_s, quiet_s=quiet_s, answered=answered)
    return report.passes(watch, verdict, floors)


async def _until_enough(
    given: argparse.Namespace, floors: Floors, watch: Watch, began: float, at_work: list["asyncio.Task[None]"]
) -> None:
    """The time that was asked for, and more when too little was tried by then: up to half as much again, of a short
    storm, which a busy machine makes shorter still, twice as much."""
    told, longest_s = 0.0, given.minutes * (180 if given.short else 90)
    while (gone := time.monotonic() - began) < longest_s:
        for task in at_work:
            if task.done():
                task.result()
        if gone > told:
            told += 15
            print(f"{gone:6.0f} s: {watch.line()}", flush=True)
        points = [watch.installation.crashes[point] for point in report.POINTS]
        if gone > given.minutes * 60 and watch.kills >= floors.kills and min(points) >= floors.each_point:
            return
        await asyncio.sleep(0.5)


def main() -> int:
    given = arguments()
    disk = in_private_mounts()
    kinds = kinds_of(given, disk)
    disk_mb = (600 if given.short else 2000) if "disk full" in kinds else None
    return 0 if uvloop.run(storm(given, kinds, disk_mb)) else 1


if __name__ == "__main__":
    sys.exit(main())
