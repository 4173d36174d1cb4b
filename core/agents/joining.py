"""People and agents come into channels; an agent that comes answers there, or nobody came."""

from uuid import UUID

from core.agents.agents import Agents
from core.caller import Caller
from core.channels.model import ListedChannel, Member
from core.channels.rooms import Channels, Wanted
from core.db import Database


class Joining:
    """The service of one process. Each of its methods is one transaction."""

    def __init__(self, db: Database, agents: Agents) -> None:
        self._db = db
        self._agents = agents

    async def create(self, caller: Caller, wanted: Wanted) -> ListedChannel:
        """Raises as `Channels.create`, and `Invalid` where an agent can't answer there."""
        async with self._db.transaction() as connection:
            made = await Channels(self._db.within(connection)).create(caller, wanted)
            await self._agents.within(connection).be_heard(caller, wanted.members)
            return made

    async def add_member(self, caller: Caller, channel_id: UUID, member_id: UUID) -> Member:
        """Raises as `Channels.add_member`, and `Invalid` where an agent can't answer there."""
        async with self._db.transaction() as connection:
            added = await Channels(self._db.within(connection)).add_member(caller, channel_id, member_id)
            await self._agents.within(connection).be_heard(caller, [member_id])
            return added
