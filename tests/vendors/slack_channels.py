"""A channel of Slack, and what of its messages a question for its history means."""

from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass
class Channel:
    id: str
    name: str
    member: bool = True
    archived: bool = False
    private: bool = False
    im: str | None = None  # whose direct messages these are
    messages: list[Message] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        told = {"id": self.id, "is_im": self.im is not None, "is_archived": self.archived}
        more = {"name": self.name, "is_member": self.member, "is_channel": True, "is_private": self.private}
        return told | ({"user": self.im} if self.im else more)


def between(rows: list[Message], given: dict[str, Any]) -> list[Message]:
    oldest, latest = float(given.get("oldest") or 0), float(given.get("latest") or "inf")
    inclusive = str(given.get("inclusive", "")).lower() in ("1", "true")
    return [
        each for each in rows
        if oldest < float(each["ts"]) < latest or (inclusive and float(each["ts"]) in (oldest, latest))
    ]  # fmt: skip
