"""The API as a process: `python -m deployments.serve_api`, which `vutler api` becomes."""

import sys

from api import server
from core import crash
from core import keys as core_keys
from core import settings as core_settings
from core.settings import BadSetting
from core.tenancy import APP
from deployments.databases import dsn_as


def main() -> int:
    try:
        settings = core_settings.load()
        keys = core_keys.load(settings)
        dsn = dsn_as(settings, APP)
    except (BadSetting, OSError) as error:
        sys.stderr.write(f"ERROR The API can't start: {error}\n")
        return 2
    crash.arm(settings.crash_at)
    server.main(settings, dsn, keys)
    return 0


if __name__ == "__main__":
    sys.exit(main())
