"""One operation of the API called by another, in this process and as the same caller: what it checks, it checks here as
it does for everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from starlette.types import Message, Scope

from api.caller import WITHIN, Session
from blocks.values import Json
from core import jsontext


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is a template; `ids` fill it. `body` None sends none."""

    method: str
    path: str
    ids: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    value: Json  # null where there is no body

    @property
    def ok(self) -> bool:
        return self.status < 400


async def ask(request: Request, session: Session, call: Call) -> Answer:
    """Raises what nobody expected, such as the errors of an absent database."""
    app: FastAPI = request.app
    content = b"" if call.body is None else jsontext.dump(call.body)
    pieces: list[bytes] = []
    status = 500
    unread = True

    async def receive() -> Message:
        nonlocal unread
        if unread:
            unread = False
            return {"type": "http.request", "body": content, "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            pieces.append(message.get("body", b""))

    await app.router(_scope(request.scope, session, call, content), receive, send)
    body = b"".join(pieces)
    return Answer(status, jsontext.load(body) if body else None)


def _scope(outer: Scope, session: Session, call: Call, content: bytes) -> Scope:
    path = call.path
    for name, value in call.ids.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    kept = {b"host", b"accept-language", b"user-agent"}
    headers = [pair for pair in outer["headers"] if pair[0] in kept]
    headers += [(name.lower().encode(), value.encode()) for name, value in call.headers.items()]
    if call.body is not None:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    own = {name: value for name, value in outer.items() if name not in ("route", "endpoint", "path_params", "router")}
    return own | {
        "method": call.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(call.query).encode(),
        "headers": headers,
        WITHIN: session,
    }
