"""The data folder: who may use it, whether there is room, and which version made it."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from core.settings import VERSION
from deployments import leftovers
from deployments.postgres import VERSION as POSTGRES_VERSION

DATA_VERSION = 1  # of the folder's layout; a newer one can't be read by an older product
LEAST_FREE = 200 * 1024**2  # bytes
LOCK_FILE = "vutler.lock"
VERSION_FILE = "version.json"


class StartTrouble(RuntimeError):
    """Vutler can't start, for a reason that its operator can mend; the text says which and how."""


def open_folder(home: Path) -> None:
    """Make the data folder and see that it can be used. Raises `StartTrouble`."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o755)
        require_room(home)
        probe = home / ".writable"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except FileExistsError:
        raise StartTrouble(f"VUTLER_HOME names {home}, which is a file. Name a folder.") from None
    except OSError as error:
        raise StartTrouble(
            f"The data folder {home} can't be written: {error.strerror}."
            " Give it to the user that runs Vutler (chown), or set VUTLER_HOME to another folder."
        ) from error
    _check_version(home)


def free_bytes(home: Path) -> int:
    return shutil.disk_usage(home).free


def require_room(home: Path) -> None:
    if (free := free_bytes(home)) < LEAST_FREE:
        raise StartTrouble(
            f"The disk of {home} is full: {free // 1024**2} MB are free and Vutler needs {LEAST_FREE // 1024**2} MB to"
            " start. Free some space, or set VUTLER_HOME to a folder on a larger disk."
        )


def _check_version(home: Path) -> None:
    file = home / VERSION_FILE
    if not file.exists():
        return
    try:
        made_by = json.loads(file.read_text())
        data, product = int(made_by["data"]), str(made_by["product"])
    except (ValueError, TypeError, KeyError):
        raise StartTrouble(
            f"{file} can't be read. Put it back from your backup, or remove it if you are sure."
        ) from None
    if data > DATA_VERSION:
        raise StartTrouble(
            f"The data folder {home} was made by Vutler {product} (data version {data}); this is Vutler {VERSION}"
            f" (data version {DATA_VERSION}). Start that version, or set VUTLER_HOME to another folder."
        )


def write_version(home: Path) -> None:
    draft = home / f"{VERSION_FILE}.new"
    content = {"data": DATA_VERSION, "product": VERSION, "postgres": POSTGRES_VERSION}
    draft.write_text(json.dumps(content, indent=2) + "\n")
    draft.replace(home / VERSION_FILE)


@contextlib.contextmanager
def hold(home: Path) -> Iterator[None]:
    """Be the only supervisor of this data folder; the kernel gives the lock back when we end, however we end.

    Raises `StartTrouble` when another one holds it.
    """
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            record = leftovers.load(home)
            whose = f" (process {record.supervisor.pid})" if record else ""
            raise StartTrouble(
                f"Vutler runs already on the data folder {home}{whose}. Stop that one first, or start a second one"
                " beside it with another VUTLER_HOME, VUTLER_PORT and VUTLER_PREFECT_PORT."
            ) from None
        yield
    finally:
        os.close(descriptor)


def is_held(home: Path) -> bool:
    """Whether a supervisor runs on this data folder."""
    try:
        with hold(home):
            return False
    except StartTrouble:
        return True
    except OSError:
        return False
