"""Looking into a mailbox for what is new, again and again, from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, ParamSpec, TypeVar

from blocks.connection import Way
from blocks.errors import Retryable
from blocks.listening import Ear
from blocks.mail.imap_session import Account, Found, Session
from blocks.mail.reading import Mailbox, read
from blocks.values import JsonObject

LOOK_S: Final = 30.0  # between two looks, where the server tells nothing by itself
PORTS: Final = frozenset({143, 993})
_CONNECT_S: Final = 15.0
_AT_ONCE_S: Final = 120.0  # for one piece of work in a thread
# Of our own: mail servers that answer slowly hold up other mailboxes at most.
_threads: Final = ThreadPoolExecutor(16, "vutler-imap")

P = ParamSpec("P")
T = TypeVar("T")


class Watch:
    """A session that is used from the event loop. `async with` it."""

    def __init__(self, account: Account, port: int, way: Way) -> None:
        self._account = account
        self._port = port
        self._way = way
        self._session: Session | None = None

    async def __aenter__(self) -> Session:
        connected = await self._way.connect(self._account.host, self._port, ports=PORTS, timeout_s=_CONNECT_S)
        try:
            self._session = await self._in_thread(Session, self._account, connected)
        except BaseException:
            connected.close()
            raise
        return self._session

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            self._session.close()

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Something of the session. Raises what it raises, and `Retryable` when it takes too long."""
        return await self._in_thread(work, *args, **kwargs)

    async def quiet(self) -> None:
        """Until there may be something new."""
        session = self._opened
        if not session.idles:
            await asyncio.sleep(LOOK_S)
            return
        await self.do(session.begin_idle)
        await _readable(session.fileno, LOOK_S)
        await self.do(session.end_idle)

    @property
    def _opened(self) -> Session:
        if self._session is None:
            raise RuntimeError("the watch is used outside of its `async with`")
        return self._session

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        doing = asyncio.get_running_loop().run_in_executor(_threads, lambda: work(*args, **kwargs))
        try:
            async with asyncio.timeout(_AT_ONCE_S):
                return await asyncio.shield(doing)
        except TimeoutError as error:
            self._break_off(doing)
            raise Retryable("timeout", f"{self._account.host} did not answer in time.", cause="timeout") from error
        except asyncio.CancelledError:
            self._break_off(doing)
            raise

    def _break_off(self, doing: "asyncio.Future[T]") -> None:
        """The thread can't be stopped; its connection can, and with it what it waits for."""
        if self._session is not None:
            self._session.close()
        doing.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


async def listen(watch: Watch, own: frozenset[str], ear: Ear, *, account: Account) -> None:
    """Give every mail that came since the cursor, each with the cursor behind it, until cancelled."""
    async with watch as session:
        uid = await _begin(watch, session, ear)
        ear.working(account.user)
        while True:
            while uids := await watch.do(session.after, uid):
                for uid in uids:
                    found = await watch.do(session.fetch, uid)
                    if found is not None:
                        mailbox = Mailbox(account.folder, own, found.cut)
                        heard = await watch.do(read, found.raw, mailbox, found.at)
                        await ear.take([heard], _cursor(session.validity, found))
            await watch.quiet()


async def _begin(watch: Watch, session: Session, ear: Ear) -> int:
    """The uid behind which everything is new. The first time that is the end: what lies there is not answered."""
    kept = ear.cursor
    last = max(session.next_uid - 1, 0)
    if kept is None:
        if not session.next_uid:  # the server does not say: all that lies there
            last = max(await watch.do(session.after, 0), default=0)
        await ear.take([], {"validity": session.validity, "uid": last, "at": datetime.now(UTC).isoformat()})
        return last
    if kept.get("validity") == session.validity:
        return int(str(kept.get("uid", 0)))
    # The server numbers its mails anew: those of the last days are looked at again, and the known ones known again.
    day = datetime.fromisoformat(str(kept["at"])) - timedelta(days=2)
    return min(await watch.do(session.since, day), default=last + 1) - 1


def _cursor(validity: int, found: Found) -> JsonObject:
    return {"validity": validity, "uid": found.uid, "at": found.at.isoformat()}


async def _readable(fileno: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    loop.add_reader(fileno, there.set)
    try:
        async with asyncio.timeout(seconds):
            await there.wait()
    except TimeoutError:
        pass
    finally:
        loop.remove_reader(fileno)
