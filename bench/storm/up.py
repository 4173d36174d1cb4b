"""`vutler up` as the storm has it: each worker reaches PostgreSQL through a proxy, and each start has a crash point.

Only the plan differs; the supervisor is the product's own. `STORM` in the environment is what `installation.py` says.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.keys import Keys
from core.settings import Settings, inherited
from deployments import children, up
from deployments.child_log import ChildLog
from deployments.children import Program, command, python_program
from deployments.prefect_settings import client_environment
from deployments.programs import Plan, plan

LONGEST_DELAY = 2.0  # seconds before a restart; a supervisor that waits ten makes a calm
POINTS = ("claimed", "before_effect", "after_effect", "before_end")
_ROUND = (*POINTS, *POINTS, "recorded", *POINTS, "before_intent", *POINTS, "before_told", *POINTS)


def crash_at(chance: random.Random, start: int, runs: tuple[int, int]) -> str:
    """The points take turns. One that each step passes comes up about four times as often as one that each run does."""
    point = _ROUND[start % len(_ROUND)]
    steps = 4 if point in ("before_effect", "after_effect", "before_intent") else 1
    return f"{point}:{chance.randint(runs[0] * steps, runs[1] * steps)}"


def storm_plan(settings: Settings, keys: Keys) -> Plan:
    storm: dict[str, Any] = json.loads(os.environ["STORM"])
    made = plan(settings, keys)
    calm = settings.home / "calm"

    def program(
        name: str, title: str, module: str, environment: dict[str, str], armed: Callable[[int], str]
    ) -> Program:
        starts = random.Random(f"{storm['seed']} {name}").randrange(len(_ROUND))

        def start(log: ChildLog) -> "subprocess.Popen[bytes]":
            nonlocal starts
            starts += 1
            crash = {"VUTLER_CRASH_AT": armed(starts)} if storm["points"] and not calm.exists() else {}
            run = command(module, *(("--slot", name[-1]) if name.startswith("worker") else ()))
            with_point = python_program(name, title, run, home=settings.home, environment={**environment, **crash})
            return with_point.start(log)

        return Program(name, title, start)

    workers = []
    for number, port in enumerate(storm["ports"], 1):
        name = f"worker-{number}"
        chance = random.Random(f"{storm['seed']} {name} points")
        dsn = f"postgresql://postgres@127.0.0.1:{port}/vutler?sslmode=disable"
        environment = {**client_environment(settings, keys), "VUTLER_DATABASE_URL": dsn}
        workers.append(
            program(
                name, f"worker {number}", "deployments.serve_worker", environment,
                lambda start, chance=chance: crash_at(chance, start, storm["runs"]),
            )
        )  # fmt: skip
    chance = random.Random(f"{storm['seed']} api points")
    api = program(
        "api", "API", "deployments.serve_api", inherited(), lambda _: f"accepted:{chance.randint(50, 500)}"
    )  # fmt: skip
    return replace(made, workers=tuple(workers), api=api)


def main() -> int:
    children.LONGEST_DELAY = LONGEST_DELAY
    return up.main(storm_plan)


if __name__ == "__main__":
    sys.exit(main())
