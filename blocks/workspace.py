"""What a workspace offers to the tools of its agents: its files, its history, its automations."""

from typing import Protocol

from blocks.values import Json, JsonObject


class Workspace(Protocol):
    """Everything here stays inside one workspace, and raises `InvalidInput` where something is not there."""

    async def list_files(self, search: str | None, limit: int) -> list[JsonObject]:
        """`{"id", "name", "media_type", "size", "created_at"}` each, the newest first."""
        ...

    async def read_file(self, reference: str, most: int) -> JsonObject:
        """A file by id, or the newest of that name, as text of at most `most` characters: `{"name", "text", "cut"}`."""
        ...

    async def write_file(self, name: str, text: str, media_type: str, key: str) -> JsonObject:
        """Keep a text; `key` is the same over all attempts, and makes one file. Gives `{"id", "name", "size"}`."""
        ...

    async def search_history(self, words: str, limit: int) -> list[JsonObject]:
        """Runs in whose inputs, outputs or errors the words stand, the newest first."""
        ...

    async def start_automation(self, reference: str, payload: Json, key: str) -> JsonObject:
        """Start a run of an automation (id or name); `key` makes one run of all attempts. Gives `{"run_id"}`."""
        ...
