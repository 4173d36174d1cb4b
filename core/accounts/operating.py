"""What operators do with the users of an installation, over the API. The console does the same (administration.py)."""

from collections.abc import Sequence
from uuid import UUID

from core.accounts import administration, repository
from core.accounts.callers import Callers
from core.accounts.model import User
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Forbidden, NotFound


class Operating:
    """The service of one process; `db` asks for everyone."""

    def __init__(self, db: Database, callers: Callers, public_url: str) -> None:
        self._db = db
        self._callers = callers
        self._public_url = public_url

    async def users(self, operator: Caller, *, after: UUID | None, limit: int, search: str | None) -> Sequence[User]:
        """The oldest account first. Raises `Forbidden`."""
        _require_operator(operator)
        async with self._db.connection() as connection:
            return await repository.users_page(connection, after, limit, search)

    async def change(self, operator: Caller, user_id: UUID, *, disabled: bool | None, is_operator: bool | None) -> User:
        """None leaves it as it is. Raises `Forbidden`, `NotFound` and `Conflict` (`last_operator`)."""
        _require_operator(operator)
        async with self._db.transaction() as connection:
            found = await _found(connection, user_id)
            if disabled is not None and disabled != (found.disabled_at is not None):
                await (administration.disable if disabled else administration.enable)(
                    connection, found, operator.user_id
                )
            if is_operator is not None and is_operator != found.is_operator:
                await administration.set_operator(connection, found, is_operator=is_operator, by=operator.user_id)
            changed = await _found(connection, user_id)
        self._callers.forget(user_id)
        return changed

    async def reset_link(self, operator: Caller, user_id: UUID) -> str:
        """Raises `Forbidden`, `NotFound` and `Conflict` (`account_disabled`)."""
        _require_operator(operator)
        async with self._db.transaction() as connection:
            found = await _found(connection, user_id)
            return await administration.reset_link(connection, found, self._public_url, operator.user_id)


def _require_operator(caller: Caller) -> None:
    if not caller.is_operator:
        raise Forbidden("operator_only", "This is for the operators of this installation.")


async def _found(connection: Connection, user_id: UUID) -> User:
    found = await repository.user(connection, user_id, lock=True)
    if found is None:
        raise NotFound("user_not_found", "There is no such user in this installation.")
    return found
