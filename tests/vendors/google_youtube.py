"""YouTube's Data API, version 3: uploads, and what became of them.

| behaviour | page |
|---|---|
| POST with `X-Upload-Content-Length` and `-Type` answers 200 and `Location`; PUT to it | https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol#Start_Resumable_Session |
| chunks are multiples of 256 KiB but for the last; 308 with `Range`, without it nothing arrived | https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol#Uploading_in_Chunks |
| `Content-Range: bytes */size` asks how far it is; 201 once it is whole | https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol#Check_Upload_Status |
| 404: the session is gone and the upload has to begin again; 5xx: it can be resumed | https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol#Complete_Upload |
| scopes, `part`, `invalidTitle`, `invalidDescription`, `invalidTags`, `invalidPublishAt`, `uploadLimitExceeded` | https://developers.google.com/youtube/v3/docs/videos/insert |
| title 100 characters, description 5,000 bytes, no < and >; tags 500 characters; `publishAt` needs private | https://developers.google.com/youtube/v3/docs/videos#properties |
| `quotaExceeded`, 100 units an upload of 10,000 a day | https://developers.google.com/youtube/v3/determine_quota_cost |
| `youtubeSignupRequired`: no channel; service accounts can't have one | https://developers.google.com/youtube/v3/docs/errors |
"""  # noqa: E501 - a table of addresses

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.vendors.google import Google

UNIT = 256 * 1024
SPAN = re.compile(r"bytes (?:([0-9]+)-([0-9]+)|\*)/([0-9]+)")


class Wrong(Exception):
    """An error in the shape of the older services."""

    def __init__(self, code: int, reason: str, message: str, domain: str = "youtube.video") -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.domain = code, reason, message, domain

    def answer(self) -> web.Response:
        row = {"message": self.message, "domain": self.domain, "reason": self.reason}
        error = {"code": self.code, "message": self.message, "errors": [row]}
        return web.json_response({"error": error}, status=self.code)


@dataclass
class Session:
    video: dict[str, Any]
    size: int
    media_type: str
    content: bytearray = field(default_factory=bytearray)
    made: dict[str, Any] | None = None


@dataclass
class YouTube:
    """`videos` by id. `takes`: of each chunk only so many bytes are kept (a multiple of 256 KiB). `quota` in units;
    `uploads`: how many more videos the channel may upload."""

    videos: dict[str, dict[str, Any]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)  # SHA-256 of a video's bytes
    sessions: dict[str, Session] = field(default_factory=dict)
    takes: int | None = None
    quota: int = 10_000
    uploads: int = 100
    host: str | None = None  # in Location, instead of the one that was asked
    spans: list[str] = field(default_factory=list)
    without_channel: set[str] = field(default_factory=set)

    def route(self, app: web.Application, google: "Google") -> None:
        async def begin(request: web.Request) -> web.StreamResponse:
            return await google.during("begin", request, lambda each: self._wrapped(self._begin, each, google))

        async def put(request: web.Request) -> web.StreamResponse:
            name = "status" if "*" in request.headers.get("Content-Range", "") else "chunk"
            return await google.during(name, request, lambda each: self._wrapped(self._put, each, google))

        async def listing(request: web.Request) -> web.StreamResponse:
            return await google.during("videos", request, lambda each: self._wrapped(self._list, each, google))

        app.router.add_post("/upload/youtube/v3/videos", begin)
        app.router.add_put("/upload/youtube/v3/videos", put)
        app.router.add_get("/youtube/v3/videos", listing)

    async def _wrapped(self, work: Any, request: web.Request, google: "Google") -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await work(request, google)
        except Wrong as wrong:
            await request.read()
            return wrong.answer()
        return answer

    def _admit(self, request: web.Request, google: "Google", *scopes: str) -> None:
        access = google.access(request, "youtube", "youtubepartner", "youtube.force-ssl", *scopes)
        if access.is_service or access.email in self.without_channel:
            raise Wrong(401, "youtubeSignupRequired", "Unauthorized")

    async def _begin(self, request: web.Request, google: "Google") -> web.StreamResponse:
        self._admit(request, google, "youtube.upload")
        if request.query.get("uploadType") != "resumable":
            raise Wrong(400, "badRequest", "Only resumable uploads are spoken here.", "global")
        if self.quota < 100:
            what = "The request cannot be completed because you have exceeded your quota."
            raise Wrong(403, "quotaExceeded", what, "youtube.quota")
        try:
            video = json.loads(await request.read())
        except ValueError:
            raise Wrong(400, "parseError", "Parse Error", "global") from None
        parts = set(filter(None, request.query.get("part", "").split(",")))
        if not parts or set(video) - parts:
            raise Wrong(400, "unexpectedPart", f"{sorted(set(video) - parts)}", "youtube.part")
        _check(video)
        if self.uploads < 1:
            raise Wrong(400, "uploadLimitExceeded", "The user has exceeded the number of videos they may upload.")
        media_type = request.headers.get("X-Upload-Content-Type", "")
        length = request.headers.get("X-Upload-Content-Length", "")
        if not re.fullmatch(r"video/[\w.+-]+|application/octet-stream", media_type) or not length.isdigit():
            raise Wrong(400, "mediaBodyRequired", "The request does not include the video content.")
        self.quota -= 100
        made = f"canary-{secrets.token_urlsafe(32)}"
        self.sessions[made] = Session(video, int(length), media_type)
        host = self.host or google.url
        query = f"uploadType=resumable&part={request.query['part']}&upload_id={made}"
        return web.Response(headers={"Location": f"{host}/upload/youtube/v3/videos?{query}"})

    async def _put(self, request: web.Request, google: "Google") -> web.StreamResponse:  # noqa: PLR0911
        google.access(request, "youtube", "youtube.upload", "youtubepartner", "youtube.force-ssl")
        session = self.sessions.get(request.query.get("upload_id", ""))
        if session is None:
            return web.Response(status=404, text="Not Found")
        span = request.headers.get("Content-Range", "")
        self.spans.append(span)
        found, content = SPAN.fullmatch(span), await request.read()
        if found is None or int(found[3]) != session.size or request.content_length != len(content):
            return web.Response(status=400, text="Failed to parse Content-Range header.")
        if session.made is not None:
            return web.json_response(session.made, status=201)
        if found[1] is not None:
            first, last = int(found[1]), int(found[2])
            if last - first + 1 != len(content) or (len(content) % UNIT and last + 1 != session.size):
                return web.Response(status=400, text="Invalid request. The number of bytes uploaded is wrong.")
            if first > len(session.content):
                return web.Response(status=400, text="Invalid request. Bytes are missing before these.")
            session.content[first:] = content if self.takes is None else content[: self.takes]
        if len(session.content) == session.size:
            return web.json_response(self._made(session), status=201)
        has = {"Range": f"bytes=0-{len(session.content) - 1}"} if session.content else {}
        return web.Response(status=308, headers=has)

    def _made(self, session: Session) -> dict[str, Any]:
        self.uploads -= 1
        ident = secrets.token_urlsafe(8)
        status = {"uploadStatus": "uploaded", "license": "youtube"} | session.video.get("status", {})
        session.made = {"kind": "youtube#video", "id": ident, **session.video, "status": status}
        self.videos[ident] = session.made
        self.digests[ident] = hashlib.sha256(session.content).hexdigest()
        return session.made

    async def _list(self, request: web.Request, google: "Google") -> web.StreamResponse:
        self._admit(request, google, "youtube.readonly")
        wanted = request.query.get("id", "").split(",")
        found = [self.videos[each] for each in wanted if each in self.videos]
        return web.json_response({"kind": "youtube#videoListResponse", "items": found})


def _check(video: dict[str, Any]) -> None:
    snippet, status = video.get("snippet", {}), video.get("status", {})
    title, description, tags = snippet.get("title", ""), snippet.get("description", ""), snippet.get("tags", [])
    if not isinstance(title, str) or not title.strip() or len(title) > 100 or set("<>") & set(title):
        raise Wrong(400, "invalidTitle", "The request metadata specifies an invalid or empty video title.")
    if len(description.encode()) > 5_000 or set("<>") & set(description):
        raise Wrong(400, "invalidDescription", "The request metadata specifies an invalid video description.")
    if len(",".join(f'"{each}"' if " " in each else each for each in tags)) > 500:
        raise Wrong(400, "invalidTags", "The request metadata specifies invalid video keywords.")
    if not re.fullmatch("[0-9]{1,2}", snippet.get("categoryId", "22")):
        raise Wrong(400, "invalidCategoryId", "The snippet.categoryId property specifies an invalid category ID.")
    if status.get("privacyStatus", "public") not in ("public", "private", "unlisted"):
        raise Wrong(400, "invalidVideoMetadata", "The request metadata is invalid.")
    if (at := status.get("publishAt")) is not None:
        try:
            valid = datetime.fromisoformat(at) > datetime.now(UTC)
        except ValueError:
            valid = False
        if not valid or status.get("privacyStatus") != "private":
            what = "The request metadata specifies an invalid scheduled publishing time."
            raise Wrong(400, "invalidPublishAt", what)
