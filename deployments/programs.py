"""Which programs make up this installation, by its settings, in the order in which they start."""

import signal
import subprocess
from dataclasses import dataclass

from core.keys import Keys
from core.settings import Settings, inherited
from deployments import leftovers, postgres
from deployments.child_log import ChildLog
from deployments.children import Program, command, python_program
from deployments.prefect_settings import client_environment


@dataclass(frozen=True, slots=True)
class Plan:
    """`database` and `prefect` are None where somebody else runs them."""

    database: Program | None
    migrate: Program
    api: Program
    workers: tuple[Program, ...]
    prefect: Program | None

    def starts(self) -> tuple[Program, ...]:
        """In this order, once the database is there; Prefect last, since nobody waits for it."""
        return (self.api, *self.workers, *_present(self.prefect))

    def stops(self) -> tuple[tuple[Program, ...], ...]:
        """Groups, each stopped together: who works first, what they stand on last."""
        return (self.workers, (self.api,), _present(self.prefect), _present(self.database))


def _present(program: Program | None) -> tuple[Program, ...]:
    return () if program is None else (program,)


def plan(settings: Settings, keys: Keys) -> Plan:
    def ours(name: str, title: str, module: str, *arguments: str) -> Program:
        environment = client_environment(settings, keys) if name.startswith("worker") else inherited()
        return python_program(name, title, command(module, *arguments), home=settings.home, environment=environment)

    return Plan(
        database=None if settings.database_url else database(settings),
        migrate=ours("migrate", "migrations", "deployments.migrate"),
        api=ours("api", "API", "deployments.serve_api"),
        workers=tuple(
            ours(f"worker-{slot}", f"worker {slot}", "deployments.serve_worker", "--slot", str(slot))
            for slot in range(1, settings.workers + 1)
        ),
        prefect=ours("prefect", "Prefect server", "deployments.prefect_server") if settings.owns_prefect else None,
    )


def database(settings: Settings) -> Program:
    """The embedded PostgreSQL. Its output goes to its own log."""
    server = postgres.Embedded(settings.home)

    def start(log: ChildLog) -> "subprocess.Popen[bytes]":
        log.open().close()
        return postgres.start(server)

    return Program(
        name="postgres",
        title=f"PostgreSQL {postgres.VERSION}",
        start=start,
        stop_signal=signal.SIGINT,  # fast shutdown: roll back, write everything, end
        last_signal=signal.SIGQUIT,  # at once; recovers at the next start
        before_restart=lambda: leftovers.stop_orphaned_backends(server),
    )
