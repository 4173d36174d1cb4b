"""The version that a run is pinned to."""

from uuid import UUID

from core.automations.definition import Definition, stored
from core.db import Connection

_DEFINITION = """
SELECT definition FROM automation_versions WHERE rule_id = $1 AND number = $2
UNION ALL SELECT definition FROM draft_snapshots WHERE rule_id = $1 AND number = $2
"""


async def load_definition(connection: Connection, rule_id: UUID, version: int) -> Definition:
    """The published definition, or the draft as it was when it was run (a negative number).

    Raises `LookupError` when there is none.
    """
    document = await connection.fetchval(_DEFINITION, rule_id, version)
    if document is None:
        raise LookupError(f"Version {version} of automation {rule_id} does not exist.")
    return stored(document)
