"""Which operations the tests have seen succeed and refuse: every one of `openapi.json` needs a 2xx and a 4xx test.

The test client notes its answers in `.pytest_cache/api-coverage/`, one file a process, so it works under xdist too.
`make test` forgets the old notes first and checks the new ones last:

    python -m tests.api.coverage reset
    pytest ...
    python -m tests.api.coverage check
"""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote, unquote

from fastapi import FastAPI
from starlette.routing import Match, Route

from api.app import create_app
from api.openapi import operations
from core import keys, settings
from core.db import Database

FOLDER = Path(__file__).parents[2] / ".pytest_cache" / "api-coverage"

# Operations that can refuse nothing: probes, and what the sign-in page asks.
NEVER_REFUSE = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/api/auth/options")}

Seen = set[tuple[str, str, int]]  # method, path template, first digit of the status


def note(method: str, path: str, status: int) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{os.getpid()}.txt").open("a") as file:
        file.write(f"{method} {quote(path, errors='replace')} {status}\n")


def missing(app: FastAPI, noted: list[str]) -> list[str]:
    """What was not seen, in words."""
    seen = _seen(app, noted)
    wanted = [
        (method, path, kind)
        for method, path, _ in operations(app.openapi())
        for kind in (2, 4)
        if kind == 2 or (method, path) not in NEVER_REFUSE
    ]
    return [
        f"{method} {path}: no test saw a {kind}xx" for method, path, kind in wanted if (method, path, kind) not in seen
    ]


def application() -> FastAPI:
    """The application, not started."""
    return create_app(settings.load({}), keys.from_secret("x" * 32), Database("postgresql:///none", application="none"))


def _seen(app: FastAPI, noted: list[str]) -> Seen:
    seen: Seen = set()
    for line in set(noted):
        method, path, status = line.split(" ")
        scope = {"type": "http", "method": method, "path": unquote(path), "root_path": "", "headers": []}
        for route in app.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                seen.add((method, _published(route.path), int(status[0])))
                break
    return seen


def _published(template: str) -> str:
    """`/runs/{id:uuid}` as OpenAPI writes it: `/runs/{id}`."""
    return "/".join(
        part.split(":")[0] + "}" if part.startswith("{") and ":" in part else part for part in template.split("/")
    )


def lines() -> list[str]:
    return [line for file in FOLDER.glob("*.txt") for line in file.read_text().splitlines()]


def main(command: str) -> int:
    if command == "reset":
        shutil.rmtree(FOLDER, ignore_errors=True)
        return 0
    noted = lines()
    found = missing(application(), noted)
    sys.stdout.write("\n".join(found) or f"Every operation has a 2xx and a 4xx test ({len(set(noted))} answers seen).")
    sys.stdout.write("\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
