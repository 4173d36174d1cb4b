"""The supervisor with its real PostgreSQL and small stand-ins for the other children.

`python -m tests.deployments.standins` is to the supervisor what `vutler up` is; `... api` and `... worker` are the
stand-ins themselves.
"""

import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from core import settings as core_settings
from core.keys import Keys
from core.settings import Settings, inherited
from deployments import up
from deployments.children import Program, command, python_program
from deployments.programs import Plan, database

# A child of a child: never ends by itself, and does not notice when its parent is gone.
GRANDCHILD = "import time\nwhile True: time.sleep(1)"


def plan(settings: Settings, keys: Keys) -> Plan:
    def standin(name: str, title: str) -> Program:
        run = command("tests.deployments.standins", name.partition("-")[0])
        return python_program(name, title, run, home=settings.home, environment=inherited())

    migrate = command("deployments.migrate")
    return Plan(
        database=database(settings),
        migrate=python_program("migrate", "migrations", migrate, home=settings.home, environment=inherited()),
        api=standin("api", "API"),
        workers=(standin("worker-1", "worker 1"),),
        prefect=None,
    )


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"database": "ready", "worker": "ready", "prefect": "ready"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def api() -> None:
    HTTPServer(("127.0.0.1", core_settings.load().port), _Ready).serve_forever()


def worker() -> None:
    started = subprocess.Popen([sys.executable, "-c", GRANDCHILD])
    Path("grandchild").write_text(str(started.pid))
    sys.stderr.write("WARNING the stand-in is only a stand-in\n")
    sys.stderr.flush()
    while True:
        time.sleep(1)


def main() -> int:
    if sys.argv[1:]:
        {"api": api, "worker": worker}[sys.argv[1]]()
        return 0
    return up.main(plan)


if __name__ == "__main__":
    sys.exit(main())
