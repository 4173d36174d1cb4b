"""A real IMAP server: Debian's dovecot (`dovecot-imapd`) as a private instance in a folder, on ports of its own.

Its settings: https://doc.dovecot.org/2.3/settings/core/. Everybody's password is the same; a mailbox exists as soon as
somebody signs in.
"""

import asyncio
import getpass
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.vendors.certificates import Authority
from tests.waiting import until

PASSWORD = 's3cr3t "canary" \\ 9'
PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = test
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = yes
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={{PLAIN.HEX}}{password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {implicit}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    folder: Path
    implicit: int
    starttls: int
    authority: Authority

    def client(self, user: str = "ada") -> imaplib.IMAP4_SSL:
        """An independent client, signed in. It blocks."""
        made = imaplib.IMAP4_SSL("localhost", self.implicit, ssl_context=self.authority.trusting())
        made.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
        return made

    async def deliver(self, *mails: bytes, user: str = "ada", folder: str = "INBOX") -> None:
        """Put mails into a mailbox."""

        def append() -> None:
            with self.client(user) as client:
                for mail in mails:
                    status, said = client.append(folder, "", imaplib.Time2Internaldate(1_795_000_000), mail)
                    assert status == "OK", said

        await asyncio.to_thread(append)

    async def renumber(self, user: str = "ada") -> None:
        """Give the mails new numbers, as a server does that was restored: another UIDVALIDITY, which is the second."""
        begun = int(time.time())

        async def later() -> bool:
            return int(time.time()) > begun

        await until(later)
        for file in (self.folder / "mail" / user).glob("dovecot*"):
            file.unlink()


def _started(made: Dovecot) -> "subprocess.Popen[bytes]":
    folder = made.folder
    chain, key = made.authority.files("localhost", "imap")
    mine = getpass.getuser()
    users = ("dovecot", "dovenull", "mail") if os.getuid() == 0 else (mine, mine, mine)
    owner = pwd.getpwnam(users[2])
    (folder / "mail").mkdir()
    if os.getuid() == 0:
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    folder.chmod(0o755)
    config = folder / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder, chain=chain, key=key, internal=users[0], login=users[1], user=owner.pw_uid,
            internal_group=grp.getgrgid(pwd.getpwnam(users[0]).pw_gid).gr_name,
            group=owner.pw_gid, implicit=made.implicit, starttls=made.starttls, password=PASSWORD.encode().hex(),
        )
    )  # fmt: skip
    assert PROGRAM is not None, "There is no dovecot: apt-get install dovecot-imapd"
    return subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@asynccontextmanager
async def dovecot(authority: Authority) -> AsyncIterator[Dovecot]:
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    made = Dovecot(folder, _free_port(), _free_port(), authority)
    process = _started(made)

    async def answers() -> bool:
        if process.poll() is not None:
            error = process.stderr.read().decode() if process.stderr else ""
            raise AssertionError(f"dovecot ended: {error} {_log(folder)}")
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", made.implicit), 1)):
            return True
        return False

    try:
        await until(answers, seconds=20)
        yield made
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr:
            process.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
    return port


def _log(folder: Path) -> str:
    log = folder / "log"
    return log.read_text()[-2000:] if log.exists() else ""
