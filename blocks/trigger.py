"""The contract of a trigger kind: one file in `blocks/triggers/`.

A kind says what its configuration looks like and what an arrival means. Cursors, repeats, secrets and the start of
runs are the engine's business.
"""

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from blocks.values import Json
from blocks.words import Described


class TriggerModel(BaseModel):
    """Base of trigger configurations: unknown fields are errors, never silence."""

    model_config = ConfigDict(extra="forbid")


ConfigT = TypeVar("ConfigT", bound=TriggerModel)


class Trigger(Described, ABC, Generic[ConfigT]):
    """One kind of trigger. `name` is permanent: it is `trigger_type` in stored definitions."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()  # other spellings accepted on the way in ("schedule" for "cron")
    title: ClassVar[dict[str, str]]  # by language
    description: ClassVar[dict[str, str]]
    phrase: ClassVar[Mapping[str, str]] = {"en": "when “{title}” starts it", "fr": "quand « {title} » la déclenche"}
    Config: ClassVar[type[TriggerModel]]
    example: ClassVar[dict[str, Json]]
