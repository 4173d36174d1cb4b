"""Passwords: Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), at most four hashes at once.

Source: OWASP Password Storage Cheat Sheet. Hashing is slow and hungry on purpose, so an open door to it would be a
lever against the whole process: who comes while many wait is asked to come back.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core.errors import RateLimited

AT_ONCE: Final = 4
_MOST_WAITING: Final = 64


class Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1),))
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        # What an unknown user's password is compared with, so that the answer takes as long as for a known one.
        self._nobody = self._hasher.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        """Raises `RateLimited` when too many wait already."""
        return await self._queued(password, None)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether `password` made `stored`; with None the same time passes and the answer is no."""
        matches = await self._queued(password, stored or self._nobody)
        return matches == "yes" and stored is not None

    async def _queued(self, password: str, stored: str | None) -> str:
        if self._waiting >= _MOST_WAITING:
            raise RateLimited("too_many_logins", "Too many people sign in at this moment; try again shortly.", after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, password, stored)
        finally:
            self._waiting -= 1

    def _work(self, password: str, stored: str | None) -> str:
        if stored is None:
            return self._hasher.hash(password)
        return "yes" if self._hasher.verify(password, stored) else "no"

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
