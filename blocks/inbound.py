"""What a service of the outside world sends to an account: the kinds that are called instead of listening.

Repeats, runs and answers are the business of `core/inbound`; a kind tells whether its service really sent this, and
what it means.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from blocks.connection import FieldsT, Way
from blocks.listening import Heard, Pressed
from blocks.values import JsonObject


class Unproven(Exception):
    """Nobody who knows the account's secret sent this; the text says what is missing, without any secret."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request. Header names are in lower case; `body` is as it came; `at` is when, by our clock."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """What it means: messages, and what the service wants to be answered (None: nothing). `account` is the own user's
    id, where it is known."""

    heard: tuple[Heard, ...] = ()
    reply: JsonObject | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the service, as it vouches for them. `email` is None where it is not known or not to be trusted."""

    name: str
    email: str | None


class Receives(ABC, Generic[FieldsT]):
    """A connection kind that is called by its service."""

    @abstractmethod
    async def receive(self, fields: FieldsT, incoming: Incoming, way: Way, names: MutableMapping[str, str]) -> Received:
        """Judge and read a request. `names` keeps people's names between requests.

        Raises `Unproven`, `InvalidInput` for what can't be read.
        """


class HasButtons(ABC, Generic[FieldsT]):
    """A connection kind whose service tells of presses."""

    @abstractmethod
    async def press(self, fields: FieldsT, incoming: Incoming) -> Pressed | None:
        """Judge and read a press; None where nothing is to be done. Raises as `Receives.receive`."""

    @abstractmethod
    async def person(self, fields: FieldsT, way: Way, user_id: str) -> Person:
        """Who that is. Raises the classes of `blocks/errors.py`."""

    @abstractmethod
    async def whisper(self, fields: FieldsT, way: Way, pressed: Pressed, text: str) -> None:
        """Tell something to whoever pressed, and to nobody else. Raises the classes of `blocks/errors.py`."""
