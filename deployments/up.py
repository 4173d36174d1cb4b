"""The supervisor behind `vutler up`: starts the programs of Vutler, keeps them running, stops them in order.

One process, one thread: a child dies with the thread that started it (PR_SET_PDEATHSIG), and that is this one.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator

from core import keys as core_keys
from core import settings as core_settings
from core.keys import Keys
from core.settings import VERSION, BadSetting, Settings
from deployments import guard, home, leftovers, ports, postgres, process, readiness
from deployments.child_log import ChildLog
from deployments.children import Child, Program, Running, status_in_words
from deployments.console import Console
from deployments.home import StartTrouble
from deployments.postgres import PostgresTrouble
from deployments.prefect_settings import write_auth
from deployments.programs import Plan, plan

_TICK = 0.25  # seconds
_MIGRATE_WITHIN = 600.0
_LOOK_AT_LOGS_EVERY = 15.0
_LOOK_AT_DISK_EVERY = 60.0


class Stopping(Exception):
    """Somebody asked us to stop (Ctrl-C, SIGTERM, a closed terminal)."""


class Supervisor:
    """Runs a plan. Use `main`; tests give a plan of their own."""

    def __init__(self, settings: Settings, programs: Plan, console: Console) -> None:
        self.settings = settings
        self.plan = programs
        self.console = console
        self.children: list[Child] = []
        self._told_disk = False
        self._next_look = {"logs": 0.0, "disk": 0.0}
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._asked_to_stop = 0

    # start -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start everything and watch it until somebody asks to stop. Raises `StartTrouble`, `PostgresTrouble`."""
        with self._signals():
            try:
                self._start_all()
                self._watch()
            except Stopping:
                self.console.say("stopping")
            finally:
                self._stop_all()

    def _start_all(self) -> None:
        self._clear_leftovers()
        ports.require_free(self.settings)
        if self.plan.database is not None:
            self._start_database(self.plan.database)
        home.write_version(self.settings.home)
        self._migrate()
        for program in self.plan.starts():
            self._start(program)

    def _clear_leftovers(self) -> None:
        folder = self.settings.home
        found = leftovers.find(folder, leftovers.load(folder))
        if not found.everyone:
            return
        self.console.say(f"stopping what a killed start left behind ({len(found.everyone)} processes)")
        if left := leftovers.stop(found):
            pids = ", ".join(str(one.pid) for one in left)
            raise StartTrouble(
                f"Processes of an earlier start of Vutler still run and can't be stopped by this user: {pids}."
                " Stop them by hand (kill), or start Vutler as the user that started them."
            )

    def _start_database(self, program: Program) -> None:
        server = postgres.Embedded(self.settings.home)
        first = not server.data.exists()
        self.console.say(f"{program.title} is starting" + (" (making the database: first start)" if first else ""))
        postgres.prepare(server)
        postgres.wait_ready(server, self._start(program, quiet=True).process)
        postgres.create_databases(server)
        self.console.say(f"{program.title} is ready")

    def _start(self, program: Program, *, quiet: bool = False) -> Running:
        child = Child(program, self._log(program))
        self.children.append(child)
        running = child.start()
        self._save()
        if not quiet:
            self.console.say(f"{program.title} is starting")
        return running

    def _log(self, program: Program) -> ChildLog:
        return ChildLog(self.settings.home / "logs" / f"{program.name}.log")

    def _migrate(self) -> None:
        """Bring the schema up to date, in a process of its own: the supervisor stays small."""
        self.console.say("bringing the database schema up to date")
        child = Child(self.plan.migrate, self._log(self.plan.migrate))
        running = child.start()
        end = time.monotonic() + _MIGRATE_WITHIN
        try:
            while not running.has_ended() and time.monotonic() < end:
                self._pause()
            ended = running.has_ended()
        finally:
            status = running.bury()
        if status != 0:
            how = "failed" if ended else "took too long"
            raise StartTrouble(f"Bringing the database schema up to date {how}:\n{child.log.tail()}")

    def _save(self) -> None:
        """Note who runs, for the next start should this one be killed."""
        own = process.identity_of(os.getpid())
        living = {
            child.program.name: child.running.identity
            for child in self.children
            if child.running is not None and child.running.identity is not None
        }
        if own is not None:
            leftovers.save(self.settings.home, leftovers.Record(process.boot_id(), own, living))

    # watch -------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        progress = readiness.Progress(self.settings, self.console)
        while True:
            self._pause()
            now = time.monotonic()
            for child in self.children:
                self._tend(child, now)
            progress.look(now)
            self._look_around(now, quiet=progress.is_coming(now))

    def _tend(self, child: Child, now: float) -> None:
        status = child.look(now)
        if status is not None:
            delay = (child.restart_at or now) - now
            self.console.say(
                f"{child.program.title} ended ({status_in_words(status)}); it starts again in {delay:.1f} s."
                f" Its log: {child.log.file}"
            )
        elif child.restart_at is not None and now >= child.restart_at:
            self._restart(child)

    def _restart(self, child: Child) -> None:
        try:
            if child.program.before_restart is not None:
                child.program.before_restart()
            child.start()
        except OSError as error:  # no memory, no process, a full disk: try again
            self.console.say(f"{child.program.title} can't start now: {error.strerror}")
            child.restart_at = time.monotonic() + 5
            return
        with contextlib.suppress(OSError):  # the record must not keep a child from starting on a full disk
            self._save()

    def _look_around(self, now: float, *, quiet: bool) -> None:
        """Tell of warnings in the logs (not while the parts still wait for each other), keep these in bounds, tell of a
        disk that fills up."""
        if now >= self._next_look["logs"]:
            self._next_look["logs"] = now + _LOOK_AT_LOGS_EVERY
            for child in self.children:
                child.log.bound()
                if (told := child.log.warnings()) is not None and not quiet:
                    many = f"{told.count} warnings, the newest: " if told.count > 1 else ""
                    self.console.say(f"{child.program.title}: {many}{told.newest}  [{child.log.file}]")
        if now >= self._next_look["disk"]:
            self._next_look["disk"] = now + _LOOK_AT_DISK_EVERY
            short = home.free_bytes(self.settings.home) < home.LEAST_FREE
            if short and not self._told_disk:
                self.console.say(f"the disk of {self.settings.home} is almost full: free some space soon")
            self._told_disk = short

    # stop --------------------------------------------------------------------------------------------------------

    def _stop_all(self) -> None:
        """Workers, API, Prefect and at last PostgreSQL."""
        for group in self.plan.stops():
            names = {program.name for program in group}
            children = [child for child in self.children if child.program.name in names]
            for child in children:
                child.ask_to_stop()
            for child in children:
                seconds = 0.2 if self._asked_to_stop > 1 else child.program.stop_seconds
                if not child.finish(time.monotonic() + seconds):
                    self.console.say(f"{child.program.title} did not stop in {seconds:.0f} s and was ended")
        self.children.clear()
        leftovers.forget(self.settings.home)
        self.console.say("stopped")

    # signals -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def ask(number: int, frame: object) -> None:
            self._asked_to_stop += 1

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers[:3]:
            signal.signal(number, ask)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # so that a death wakes us
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _pause(self) -> None:
        """Sleep until something happens, at most a tick. Raises `Stopping`."""
        if not self._asked_to_stop:
            select.select([self._wake], [], [], _TICK)
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 4096)
        if self._asked_to_stop:
            raise Stopping


def supervise(settings: Settings, console: Console, make_plan: Callable[[Settings, Keys], Plan]) -> None:
    """Run Vutler until somebody asks to stop. Raises `BadSetting`, `StartTrouble`, `PostgresTrouble`, `OSError`."""
    console.plain(f"Vutler {VERSION}, data in {settings.home}")
    home.open_folder(settings.home)
    with home.hold(settings.home), guard.posted(settings.home):
        keys = core_keys.load(settings)
        write_auth(settings, keys)
        Supervisor(settings, make_plan(settings, keys), console).run()


def main(make_plan: Callable[[Settings, Keys], Plan] = plan) -> int:
    """`make_plan` says which programs are to run; tests have stand-ins."""
    console = Console()
    try:
        supervise(core_settings.load(), console, make_plan)
    except BadSetting as error:
        console.plain(f"Vutler can't start with these settings: {error}")
        return 2
    except (StartTrouble, PostgresTrouble) as error:
        console.plain(f"Vutler can't start. {error}")
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        console.plain(f"Vutler can't start: {error.strerror}{where}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
