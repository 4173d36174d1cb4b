"""The youtube step: upload a video, at once or to be published later.

https://developers.google.com/youtube/v3/docs/videos/insert
"""

import re
import time
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, model_validator

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput, Retryable
from blocks.google.account import Google
from blocks.google.uploading import Source, Upload
from blocks.outcomes import Done
from blocks.pieces import Piece
from blocks.sentences import said
from blocks.values import Json, JsonObject
from blocks.words import Language, shortened, written_out

_LONGEST_TITLE: Final = 100  # characters
_LONGEST_DESCRIPTION: Final = 5_000  # bytes
_LONGEST_TAGS: Final = 500  # characters of all, quotes and commas included
_ENDS_EARLY_S: Final = 10.0  # so that the attempt ends by itself, knowing what it knows, and not by its time-out
_ID: Final = re.compile(r"[A-Za-z0-9_-]{5,64}")
_TYPE: Final = re.compile(r"video/[\w.+-]+|application/octet-stream")
_SOME_VIDEO: dict[Language, str] = {"en": "a video", "fr": "une vidéo"}


def _plain(text: str) -> str:
    if "<" in text or ">" in text:
        raise ValueError("YouTube does not allow < and > here")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("a video needs a title")
    return text


def _short(text: str) -> str:
    if len(text.encode("utf-8", "replace")) > _LONGEST_DESCRIPTION:
        raise ValueError(said("A description has at most {most:,} bytes.", most=_LONGEST_DESCRIPTION))
    return text


def _few(tags: list[str]) -> list[str]:
    """Tags are counted as they would be written in a line: with commas, and in quotes where they hold a space."""
    if sum(len(each) + (2 if " " in each else 0) for each in tags) + max(len(tags) - 1, 0) > _LONGEST_TAGS:
        raise ValueError(said("The tags have more than {most} characters together.", most=_LONGEST_TAGS))
    return tags


Tag = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]


class YoutubeInput(StepModel):
    connection: str = Field(
        min_length=1,
        max_length=200,
        description="The Google account of the channel, by id or name.",
        json_schema_extra={"format": "connection", "purpose": "google"},
    )
    operation: Literal["upload", "schedule"] = "upload"
    file: dict[str, JsonValue] = Field(description='The video: {"$file": id} or {"$blob": id}.')
    title: Annotated[str, Field(max_length=_LONGEST_TITLE), AfterValidator(_plain), AfterValidator(_filled)]
    description: Annotated[str, AfterValidator(_plain), AfterValidator(_short)] = Field(
        default="", json_schema_extra={"format": "multiline"}
    )
    tags: Annotated[list[Tag], AfterValidator(_few)] = Field(default_factory=list, json_schema_extra={"advanced": True})
    category: str = Field(
        default="22",
        pattern="^[0-9]{1,3}$",
        description="YouTube's number; 22: people and blogs.",
        json_schema_extra={"advanced": True},
    )
    privacy: Literal["private", "unlisted", "public"] = Field(
        default="private", description="Of an upload; what is scheduled is private until it is published."
    )
    publish_at: AwareDatetime | None = Field(
        default=None, description="For schedule: when, with its zone, such as 2030-01-31T18:00:00+01:00."
    )
    made_for_kids: bool = Field(default=False, json_schema_extra={"advanced": True})

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.operation == "schedule":
            if self.publish_at is None:
                raise ValueError("schedule needs publish_at")
            if self.privacy != "private":
                raise ValueError("what is scheduled is private until it is published: leave privacy out")
        elif self.publish_at is not None:
            raise ValueError("an upload has no publish_at: choose schedule")
        return self


class YoutubeOutput(StepModel):
    video_id: str
    url: str
    privacy: str = Field(description="As YouTube says; projects that Google has not verified may upload private ones.")
    publish_at: str | None


class Youtube(Action[YoutubeInput]):
    name = "youtube"
    title: ClassVar[dict[str, str]] = {"en": "YouTube", "fr": "YouTube"}
    description: ClassVar[dict[str, str]] = {
        "en": "Upload a video, at once or to be published later.",
        "fr": "Mettre en ligne une vidéo, tout de suite ou à une date choisie.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "upload {video} to YouTube", "fr": "mettre {video} sur YouTube"}
    Input = YoutubeInput
    Output = YoutubeOutput
    connection = "google"
    credits = 1
    timeout_s = 600.0
    retry_attempts = 3
    example: ClassVar[dict[str, Json]] = {
        "connection": "YouTube",
        "operation": "schedule",
        "file": {"$file": "0190d7a0-0000-7000-8000-000000000000"},
        "title": "What is new",
        "description": "Written by {{ trigger.data.author }}.",
        "publish_at": "2030-01-31T18:00:00+01:00",
    }

    def effect(self, given: YoutubeInput) -> Effect:
        return Effect.UNSAFE

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        title = written_out(config.get("title"))
        quoted = {"en": f"“{title}”", "fr": f"« {title} »"}[language]
        return {"video": shortened(quoted, 60) if title else _SOME_VIDEO[language]}

    async def run(self, given: YoutubeInput, context: ActionContext) -> Done:
        google = await context.service(given.connection, Google)
        if not google.channel:
            raise InvalidInput(
                "connection_not_allowed", "A service account has no YouTube channel: use a connection by OAuth."
            )
        if given.publish_at is not None and given.publish_at <= datetime.now(UTC):
            raise InvalidInput("publish_at_past", "The time of publication (publish_at) is over: give a later one.")
        source = _source(given.file, await context.piece(given.file, 0, 0), context)
        until = time.monotonic() + max(context.timeout_s - _ENDS_EARLY_S, context.timeout_s / 2)
        upload = Upload(google, source, context.memory, until, _Progress(source.size, context))
        output = _output(await upload.run(_video(given)))
        context.log(f"YouTube has the video {output['video_id']}.")
        return Done(output)


def _source(reference: JsonObject, facts: Piece, context: ActionContext) -> Source:
    media_type = facts.media_type.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(media_type):
        raise InvalidInput("not_a_video", f"The file {facts.name[:100]} is no video but {media_type[:60]}.")
    if not facts.size:
        raise InvalidInput("not_a_video", f"The file {facts.name[:100]} is empty.")

    async def read(start: int, length: int) -> bytes:
        return (await context.piece(reference, start, length)).content

    return Source(facts.size, media_type, read)


class _Progress:
    """Tells the run's log of every tenth."""

    def __init__(self, size: int, context: ActionContext) -> None:
        self._size = size
        self._context = context
        self._told = 0

    def __call__(self, has: int) -> None:
        tenths = has * 10 // self._size
        if tenths > self._told:
            self._told = tenths
            self._context.log(f"YouTube has {has:,} of {self._size:,} bytes.")


def _video(given: YoutubeInput) -> JsonObject:
    """https://developers.google.com/youtube/v3/docs/videos#resource"""
    status: JsonObject = {"privacyStatus": given.privacy, "selfDeclaredMadeForKids": given.made_for_kids}
    if given.publish_at is not None:
        status["publishAt"] = given.publish_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    snippet: JsonObject = {"title": given.title, "description": given.description, "categoryId": given.category}
    if given.tags:
        snippet["tags"] = [*given.tags]
    return {"snippet": snippet, "status": status}


def _output(video: JsonObject) -> JsonObject:
    ident, status = str(video.get("id")), video.get("status")
    status = status if isinstance(status, dict) else {}
    if not _ID.fullmatch(ident):
        raise Retryable("youtube_answer", said("YouTube did not say which video it has made."), answered=False)
    publish_at = status.get("publishAt")
    return {
        "video_id": ident, "url": f"https://www.youtube.com/watch?v={ident}",
        "privacy": shortened(str(status.get("privacyStatus")), 40),
        "publish_at": shortened(publish_at, 40) if isinstance(publish_at, str) else None,
    }  # fmt: skip
