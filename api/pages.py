"""The user interface, as Vite built it into `ui/dist`: its page at every address of its own, its files as they are.

Files under `assets/` carry a hash of their content in their name, so browsers keep them for good; all else is asked for
again each time and answered 304 while it is the same. Compressed twins (`.br`, `.gz`) were made when it was built.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Scope

from core.settings import source_root

BUILT: Final = source_root() / "ui" / "dist"

_OTHERS: Final = re.compile(r"/(?:api|mcp|healthz|readyz|metrics)(?:/|$)")
_FILE: Final = re.compile(r"(?:assets/)?[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(?P<ending>[a-z0-9]+)")
_TYPES: Final = {
    "css": "text/css; charset=utf-8", "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "json": "application/json", "png": "image/png", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
    "webp": "image/webp", "woff2": "font/woff2",
}  # fmt: skip
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_MISSING: Final = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Vutler</title></head><body>"
    "<h1>The user interface is not built</h1><p>The API is here and works. To have the pages as well, install Node.js"
    " 20.19 or newer and run <code>make up</code>, or <code>make ui</code> while Vutler runs.</p>"
    "<p><a href='/api/docs'>The API's documentation</a></p></body></html>"
)


async def page(request: Request, name: str) -> Response:
    """A file of the built interface, compressed as the browser likes it. Raises 404 where there is none."""
    ending = name.rpartition(".")[2]
    encoding, content = await run_in_threadpool(_read, BUILT / name, request.headers.get("accept-encoding", ""))
    if content is None:
        raise HTTPException(404)
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": _FOR_GOOD if name.startswith("assets/") else _ASK_AGAIN,
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(content, media_type=_TYPES[ending], headers=headers)


def _read(file: Path, accepted: str) -> tuple[str, bytes | None]:
    liked = {part.partition(";")[0].strip() for part in accepted.split(",") if "q=0" not in part.replace("q=0.", "")}
    for encoding, ending in _ENCODINGS:
        twin = file.with_name(file.name + ending)
        if encoding in liked and twin.is_file():
            return encoding, twin.read_bytes()
    return "", file.read_bytes() if file.is_file() else None


async def _serve(request: Request) -> Response:
    name = request.url.path.removeprefix("/")
    found = _FILE.fullmatch(name)
    if found and found["ending"] in _TYPES and (name.startswith("assets/") or (BUILT / name).is_file()):
        return await page(request, name)
    if name.startswith("assets/") or name.endswith((".ico", ".map", ".php")):
        raise HTTPException(404)
    if not (BUILT / "index.html").is_file():
        return HTMLResponse(_MISSING, 503, headers={"Retry-After": "10"})
    return await page(request, "index.html")


class _Pages(Route):
    """Every address that is none of the API's; what is wrong under `/api` stays a problem of the API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or _OTHERS.match(scope["path"]):
            return Match.NONE, {}
        return super().matches(scope)


router = APIRouter()
router.routes.append(_Pages("/{path:path}", _serve, methods=["GET"], include_in_schema=False))
