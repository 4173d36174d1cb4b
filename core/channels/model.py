"""Channels, members and messages as their rows tell them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from blocks.values import Json, JsonObject

Kind: TypeAlias = Literal["room", "direct", "mail"]
AuthorKind: TypeAlias = Literal["user", "agent", "outside"]


@dataclass(frozen=True, slots=True)
class Channel:
    """`connection_id` None: one of our own. `external_id` is the service's id of it."""

    id: UUID
    workspace_id: UUID
    connection_id: UUID | None
    external_id: str | None
    name: str
    kind: Kind
    topic: str
    is_open: bool
    created_by: UUID | None
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedChannel:
    """A channel as one person sees it. `unread` counts to `MOST_UNREAD`."""

    channel: Channel
    member: bool
    unread: int
    last_read_at: datetime | None
    last_message_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """A person or an agent; one of the two ids is None."""

    id: UUID
    channel_id: UUID
    user_id: UUID | None
    agent_id: UUID | None
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Author:
    """`id` is a user's or an agent's, or what the service calls the sender. `is_bot`: no person wrote it."""

    kind: AuthorKind
    id: str | None
    name: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """`thread_id` is the message that began the thread, None at the top level. `run_id` is the run that posted it,
    `answered_by` the first run that answered it."""

    id: UUID
    channel_id: UUID
    external_id: str | None
    thread_id: UUID | None
    author_kind: AuthorKind
    author_id: str | None
    author_name: str
    is_bot: bool
    text: str
    attachments: list[Json]
    more: JsonObject
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    run_id: UUID | None
    answered_by: UUID | None
    replies: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that is new, as those who listen are told of it. `mentions` are ids and slugs of whom it addresses;
    `to_account`: among them the account that heard it. `subject` is a mail's."""

    id: UUID
    channel: Channel
    author: Author
    text: str
    thread_id: UUID | None
    sent_at: datetime
    mentions: tuple[str, ...] = ()
    to_account: bool = False
    own: bool = False
    attachments: list[Json] = field(default_factory=list)
    more: JsonObject = field(default_factory=dict)

    @property
    def answered_under(self) -> UUID | None:
        """The message that an answer goes under; None in a direct conversation, which is one thread itself."""
        if self.thread_id is not None:
            return self.thread_id
        return None if self.channel.kind == "direct" else self.id

    @property
    def conversation(self) -> str:
        """The same for all messages of a thread."""
        under = self.answered_under
        return str(self.channel.id) if under is None else f"{self.channel.id}/{under}"

    @property
    def data(self) -> JsonObject:
        """What is `trigger.data` for the runs that it starts."""
        thread = self.answered_under
        return {
            "id": str(self.id),
            "text": self.text,
            "author": {"id": self.author.id, "name": self.author.name, "kind": self.author.kind},
            "channel": str(self.channel.id),
            "channel_name": self.channel.name,
            "thread": None if thread is None else str(thread),
            "conversation": self.conversation,
            "mentions": list(self.mentions),
            "attachments": self.attachments,
            "sent_at": self.sent_at.isoformat(),
            "more": self.more,
            **(_mail(self) if self.channel.kind == "mail" else {}),
        }


def _mail(arrived: Arrived) -> JsonObject:
    """What a mail has besides, at hand for templates."""
    more = arrived.more
    return {
        "subject": more.get("subject", ""),
        "from": {"name": arrived.author.name, "address": arrived.author.id},
        "to": more.get("to", []),
        "cc": more.get("cc", []),
        "message_id": more.get("message_id"),
        "references": more.get("references", []),
        "folder": arrived.channel.external_id,
    }
