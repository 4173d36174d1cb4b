"""Print the published schema, without a server or a database: `python -m deployments.openapi > openapi.json`."""

import json
import sys

from api.app import create_app
from core import keys, settings
from core.db import Database


def main() -> None:
    app = create_app(settings.load({}), keys.from_secret("x" * 32), Database("postgresql:///none", application="none"))
    json.dump(app.openapi(), sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
