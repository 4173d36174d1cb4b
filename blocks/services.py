"""What a connection can offer to actions beyond signed requests, by what it is for.

A kind gives one of these by `Connection.service`; an action asks for it by `ActionContext.service`. No secret is told.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from blocks.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail or a message; `content` is held in memory, so it is bounded by who makes it."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be sent. Addresses are `name <local@domain>` or bare, without line breaks; one of the bodies is given.

    `message_id` is the sender's own (`<...@...>`), the same over all attempts. `sender` None: the account's own.
    """

    message_id: str
    to: tuple[str, ...]
    subject: str
    text: str | None = None
    html: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    sender: str | None = None
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """What a template of a mail gives: `html` is escaped wherever a value stands in it."""

    subject: str
    text: str
    html: str


class Mailer(ABC):
    """An account that sends mail."""

    @abstractmethod
    async def send(self, mail: Mail, *, key: str, timeout_s: float) -> JsonObject:
        """Hand it over; gives what the service said of it, `message_id` at least.

        `key` is the same over all attempts, for services that know repeats. Raises `InvalidInput` where it will never
        be taken (a refused recipient), `Retryable` else, `answered=False` exactly where it may have been taken.
        """


@dataclass(frozen=True, slots=True)
class Post:
    """A message for a channel. `channel` is the service's id or name, `thread` the id of the message that began it.

    `key` is the same over all attempts: a service that takes ids from its clients makes the message's from it.
    `blocks` is the service's own rich form, where it has one. `again`: it may have been posted before, so that who
    is not `repeatable` looks for it first.
    """

    channel: str | None
    text: str
    key: str
    thread: str | None = None
    blocks: list[Json] | None = None
    again: bool = False


class Chat(ABC):
    """An account that posts into channels."""

    @property
    @abstractmethod
    def repeatable(self) -> bool:
        """Whether posting the same `key` twice gives one message."""

    @property
    def looks(self) -> bool:
        """Whether it can look for a post that may have been made before (`Post.again`), so that none is made twice."""
        return False

    @abstractmethod
    async def post(self, post: Post, *, timeout_s: float) -> JsonObject:
        """Post it; gives `message_id` and `channel`. Errors as those of `Mailer.send`."""


class Llm(ABC):
    """An account with a provider of language models.

    `protocol` is how it is spoken to: "openai" (chat completions), "anthropic" (messages) or "cli". `base_url` is
    where. `provider` is its name in price lists, null where its prices are its own.
    """

    protocol: str
    provider: str | None
    base_url: str
    default_model: str | None

    @abstractmethod
    async def models(self) -> list[str]:
        """The names of the models that it offers. Raises the classes of `blocks/errors.py`."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room of an account, by the service's id. `is_member`: the account is in it, where the service says so."""

    id: str
    name: str
    direct: bool = False
    is_member: bool | None = None


class Rooms(ABC):
    """An account that can say which rooms there are; what `Connection.service` gives may be one besides a `Chat`."""

    @abstractmethod
    async def rooms(self) -> Sequence[Room]:
        """Those that the account may see, as far as a bounded number of requests tells. Errors as of `Chat.post`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. `name` comes back when it is pressed."""

    name: str
    label: str
    style: Literal["primary", "danger"] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something that people are asked in a channel. All texts are plain; `link` is a page where it can be answered."""

    id: str
    title: str
    text: str
    link: str
    link_label: str
    details: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Put:
    """Where a question goes. `key` and `again` as in `Post`."""

    channel: str
    key: str
    again: bool = False


class Asker(ABC):
    """An account that can put questions with buttons into a channel."""

    @abstractmethod
    async def ask(self, question: Question, put: Put, *, timeout_s: float) -> JsonObject:
        """Gives `message_id` and `channel`. Errors as those of `Chat.post`."""

    @abstractmethod
    async def answered(self, question: Question, channel: str, message_id: str, said: str, *, timeout_s: float) -> None:
        """Take the buttons away and say what became of it. Doing it twice is doing it once."""
