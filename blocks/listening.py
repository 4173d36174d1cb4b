"""What an account hears: the kinds that can listen, and what they are lent to do it.

Leases, restarts, back-off, repeats and the runs that start are the business of `core/listening`; a kind speaks its
service's protocol, and keeps in the cursor what it needs to miss nothing while it was away.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, runtime_checkable

from blocks.connection import FieldsT, Way
from blocks.services import Attachment
from blocks.values import JsonObject


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button under a question (`blocks.services.Question`).

    `question` and `choice` are what the question was put with; `foreign`: they belong to another workspace of the
    service. `response_url` takes an answer that only they see.
    """

    question: str
    choice: str
    user_id: str
    foreign: bool
    channel: str
    message_id: str
    response_url: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that arrived. `id` is the service's own for it, the same however often it is delivered.

    `channel` is where: the service's id of the room, or the folder of a mailbox. `thread` is the id of the message
    that began the thread, None at the top level. `mentions` are the ids of those who are addressed; `more` is what
    belongs to the kind (a mail's `subject`, `to`, `message_id`, `references`).
    """

    id: str
    channel: str
    text: str
    sender_id: str
    sender_name: str
    sent_at: datetime
    channel_name: str = ""
    direct: bool = False
    thread: str | None = None
    from_bot: bool = False
    own: bool = False  # the account wrote it itself
    mentions: tuple[str, ...] = ()
    attachments: Sequence[Attachment] = ()
    more: JsonObject = field(default_factory=dict)


class Ear(Protocol):
    """What a kind is lent while it listens."""

    @property
    def cursor(self) -> JsonObject | None:
        """What it kept last; None at the very beginning."""
        ...

    @property
    def channels(self) -> frozenset[str]:
        """The rooms that somebody listens to, by id or name; empty: all that the account is in. It may change."""
        ...

    async def take(self, heard: Sequence[Heard], cursor: JsonObject) -> None:
        """Commit the messages and the cursor together; what was taken before is no second message.

        Acknowledge to the service only when this has returned. Raises `LookupError` when somebody else listens now.
        """
        ...

    def working(self, account: str) -> None:
        """The connection stands; `account` is the own user's id. Ends the back-off."""
        ...


@runtime_checkable
class TakesPresses(Protocol):
    """An ear that also takes presses of buttons, where the service tells of them by the same connection."""

    async def press(self, pressed: Pressed) -> None:
        """Decide what the press decides, and tell whoever pressed. Raises nothing of the service's."""
        ...


class Listens(ABC, Generic[FieldsT]):
    """A connection kind that can listen."""

    @abstractmethod
    async def listen(self, fields: FieldsT, way: Way, ear: Ear) -> None:
        """Listen until cancelled. Whatever it raises ends this attempt: `Retryable` is tried again after a growing
        pause, `InvalidInput` when somebody has changed the connection. `fields` are the kind's own."""
