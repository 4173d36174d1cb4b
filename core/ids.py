"""UUIDv7: ids that sort by the time they were made, so that history can be cut by id."""

from datetime import datetime
from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    return uuid_utils.compat.uuid7()


def first_id_at(moment: datetime) -> UUID:
    """The smallest UUIDv7 of `moment` (aware): the bound of a partition or of a time filter over ids."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))
