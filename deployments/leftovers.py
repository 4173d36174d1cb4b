"""What a killed start left behind: found without doubt, and stopped.

A supervisor notes its children in `<home>/children.json`. Nothing is signalled on the strength of a process id alone:
see `find`.
"""

import contextlib
import json
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments import process
from deployments.postgres import Embedded
from deployments.process import Identity

FILE = "children.json"
_POSTGRES_SECONDS = 8
_LAST_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Record:
    """The supervisor of a data folder and its children, each the leader of a session of its own."""

    boot_id: str
    supervisor: Identity
    children: Mapping[str, Identity]  # by the program's name


def save(home: Path, record: Record) -> None:
    """Write it whole or not at all."""
    draft = home / f"{FILE}.new"
    content = {
        "boot_id": record.boot_id,
        "supervisor": [record.supervisor.pid, record.supervisor.started],
        "children": {name: [child.pid, child.started] for name, child in record.children.items()},
    }
    draft.write_text(json.dumps(content))
    draft.replace(home / FILE)


def load(home: Path) -> Record | None:
    """The last supervisor's note; None when there is none or a full disk left half of one."""
    try:
        content = json.loads((home / FILE).read_text())
        return Record(
            boot_id=content["boot_id"],
            supervisor=Identity(*content["supervisor"]),
            children={name: Identity(*child) for name, child in content["children"].items()},
        )
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return None


def forget(home: Path) -> None:
    (home / FILE).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Processes that still live: PostgreSQL's main one, its backends, ours."""

    postmasters: tuple[Identity, ...]
    backends: tuple[Identity, ...]
    ours: tuple[Identity, ...]

    @property
    def everyone(self) -> tuple[Identity, ...]:
        return self.postmasters + self.backends + self.ours


def find(home: Path, record: Record | None) -> Leftovers:
    """A process is a leftover only

    - as PostgreSQL: when it runs `postgres` inside our database's own folder, where nobody else's does; or
    - as ours: when it is a child that the record names by id, start time and boot; or when it belongs to the session
      of such a child, began after it and works in our data folder (a child's children).
    """
    data = str(Embedded(home).data)
    started = {}
    if record is not None and record.boot_id == process.boot_id():
        started = {child.pid: child.started for child in record.children.values()}
    postgres: list[Identity] = []
    ours: list[Identity] = []
    for found in process.everybody():
        leader = started.get(found.session)
        if found.identity.pid == os.getpid():
            continue
        if found.cwd == data and Path(found.executable).name == "postgres":
            postgres.append(found.identity)
        elif leader is None:
            continue
        elif found.identity.pid == found.session:
            if found.identity.started == leader:
                ours.append(found.identity)
        elif found.cwd == str(home) and found.identity.started >= leader:
            ours.append(found.identity)
    main = _postmaster_pid(home)
    return Leftovers(
        postmasters=tuple(one for one in postgres if one.pid == main),
        backends=tuple(one for one in postgres if one.pid != main),
        ours=tuple(ours),
    )


def _postmaster_pid(home: Path) -> int | None:
    """By the first line of PostgreSQL's own lock file."""
    try:
        return int((Embedded(home).data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def stop(leftovers: Leftovers) -> list[Identity]:
    """Stop exactly these: ours at once, PostgreSQL by its fast shutdown and, when it does not obey, at once.

    Gives those that could not be stopped (another user's).
    """
    with contextlib.suppress(PermissionError):
        process.send(leftovers.ours, signal.SIGKILL)
        process.send(leftovers.postmasters, signal.SIGINT)
        if not leftovers.postmasters:
            process.send(leftovers.backends, signal.SIGQUIT)
        process.wait_gone(leftovers.postmasters + leftovers.backends, _POSTGRES_SECONDS)
        for number in (signal.SIGQUIT, signal.SIGKILL):
            if left := _living(leftovers.everyone):
                process.send(left, number)
                process.wait_gone(left, _LAST_SECONDS)
    return _living(leftovers.everyone)


def _living(processes: Iterable[Identity]) -> list[Identity]:
    return [one for one in processes if process.is_alive(one)]


def stop_orphaned_backends(server: Embedded) -> None:
    """After a kill of the postmaster: end the backends that have not noticed yet, or it can't start again."""
    found = find(server.home, None)
    process.send((*found.postmasters, *found.backends), signal.SIGQUIT)
    process.wait_gone((*found.postmasters, *found.backends), _LAST_SECONDS)
