"""The API as a process: `python -m deployments.serve_api`, which `vutler api` becomes."""

import sys

from api import server
from core import crash
from core import keys as core_keys
from core import settings as core_settings
from core.settings import BadSetting
from deployments.databases import vutler_dsn


def main() -> int:
    try:
        settings = core_settings.load()
        keys = core_keys.load(settings)
        dsn = vutler_dsn(settings)
    except (BadSetting, OSError) as error:
        sys.stderr.write(f"ERROR The API can't start: {error}\n")
        return 2
    crash.arm(settings.crash_at)
    server.main(settings, dsn, keys)
    return 0


if __name__ == "__main__":
    sys.exit(main())
