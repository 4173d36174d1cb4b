"""Our launcher of the Prefect server: `python -m deployments.prefect_server`.

It checks the versions that are known to work together, sets Prefect's settings and only then lets uvicorn import
Prefect (`deployments.prefect_app`), because Prefect reads its settings while it is imported.
"""

import asyncio
import re
import sys
from collections.abc import Callable
from importlib.metadata import version

import asyncpg
import uvicorn

from core import keys as core_keys
from core import settings as core_settings
from core.settings import BadSetting, Settings
from deployments.databases import create_prefect_database, shown, vutler_dsn
from deployments.prefect_settings import server_environment

_STOP_SECONDS = 2

# package, lowest, first one that no longer works; Prefect's own ranges admit versions that break it silently.
PINS = (
    ("prefect", (3, 8, 8), (3, 8, 9)),
    ("sqlalchemy", (2, 0), (2, 1)),
    ("fastapi", (0, 139), (0, 151)),
)


def wrong_versions(installed: Callable[[str], str] = version) -> list[str]:
    """A sentence for each package that has a version with which the Prefect server does not work."""
    findings = []
    for package, lowest, beyond in PINS:
        found = installed(package)
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:3])
        if not lowest <= numbers < beyond:
            low, high = (".".join(map(str, bound)) for bound in (lowest, beyond))
            findings.append(
                f"{package} {found} does not work with this Prefect server: it needs >={low},<{high}."
                " Install the locked versions: uv pip sync --require-hashes requirements.lock"
            )
    return findings


def serve(settings: Settings) -> None:
    """Run the server until it is told to stop. Raises `BadSetting` and what asyncpg raises."""
    keys = core_keys.load(settings)
    (settings.home / "prefect").mkdir(parents=True, exist_ok=True, mode=0o700)
    core_settings.replace_environment(server_environment(settings, keys))
    asyncio.run(create_prefect_database(settings))
    uvicorn.run(
        "deployments.prefect_app:create",
        factory=True,
        host=settings.prefect_host,
        port=settings.prefect_port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


def main() -> int:
    try:
        settings = core_settings.load()
        if findings := wrong_versions():
            raise BadSetting("\n".join(findings))
    except BadSetting as error:
        sys.stderr.write(f"ERROR {error}\n")
        return 1
    try:
        serve(settings)
    except (OSError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"ERROR The Prefect server can't use {shown(vutler_dsn(settings))}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
