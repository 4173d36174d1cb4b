"""A worker as a process: `python -m deployments.serve_worker --slot 1`, which `vutler worker` becomes.

Prefect's settings must stand in the environment before this module is imported (`prefect_settings.client_environment`).
"""

import argparse
import sys

from core import crash
from core import settings as core_settings
from core.settings import BadSetting
from deployments import worker


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a warm worker of Vutler.")
    parser.add_argument("--slot", default="1", help="the name of this worker on its host")
    parser.add_argument("--no-presence", action="store_true", help="somebody else shows this worker in Prefect")
    arguments = parser.parse_args()
    try:
        settings = core_settings.load()
    except BadSetting as error:
        sys.stderr.write(f"ERROR The worker can't start: {error}\n")
        return 2
    crash.arm(settings.crash_at)
    worker.main(settings, arguments.slot, presence=not arguments.no_presence)
    return 0


if __name__ == "__main__":
    sys.exit(main())
