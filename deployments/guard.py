"""A watchman beside the supervisor: when that is killed, it stops what the kernel does not take along.

The kernel ends the children of a killed supervisor, but not their children. The watchman is a fork that waits on a
pipe whose other end only the supervisor holds; when it closes without a word, it does at once what the next start
would do (`leftovers.stop`). Should the watchman be killed too, the next start still does it.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from deployments import leftovers


@contextlib.contextmanager
def posted(home: Path) -> Iterator[None]:
    """Have the watchman stand by. Must be called while this process has one thread only."""
    watched, held = os.pipe()
    watchman = os.fork()
    if watchman == 0:
        os.close(held)
        _watch(watched, home)
    os.close(watched)
    try:
        yield
    finally:
        with contextlib.suppress(BrokenPipeError):
            os.write(held, b"done")
        os.close(held)
        os.waitpid(watchman, 0)


def _watch(watched: int, home: Path) -> None:
    """In the fork: never comes back."""
    try:
        os.setsid()  # Ctrl-C is not for us
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(3, watched)
        os.closerange(watched + 1, os.sysconf("SC_OPEN_MAX"))
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        if os.read(watched, 4) == b"":
            # What the record names now; a new start may write its own while we work.
            leftovers.stop(leftovers.find(home, leftovers.load(home)))
    finally:
        os._exit(0)
