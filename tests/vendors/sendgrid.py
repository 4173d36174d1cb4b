"""Twilio SendGrid's v3 API as its pages describe it.

POST /v3/mail/send: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (202, no body, X-Message-Id);
what it refuses (each address once, at least one `to`, text/plain first, no empty part, reserved headers):
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors; 1000 recipients, 30 MB, no `;` or `,` in names:
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations; the form of errors:
https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors. GET /v3/scopes:
https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions/retrieve-a-list-of-scopes-for-which-this-user-has-access.
"""

import asyncio
import base64
import binascii
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

_RESERVED = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to",
             "from", "subject", "reply-to", "cc", "bcc"}  # fmt: skip


def problem(status: int, message: str, at: str | None = None, **headers: str) -> web.Response:
    body = {"errors": [{"message": message, "field": at, "help": None}]}
    return web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


@dataclass
class SendGrid:
    """`async with SendGrid() as service: service.url`. `fails` as those of `Resend`."""

    key: str = "SG.canary.8f3kz"
    scopes: tuple[str, ...] = ("mail.send",)
    verified: str = "bot@example.org"
    fails: list[Any] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=45_000_000)
        app.router.add_post("/v3/mail/send", self._send)
        app.router.add_get("/v3/scopes", self._list_scopes)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return problem(401, "The provided authorization grant is invalid, expired, or revoked")
        return None

    async def _list_scopes(self, request: web.Request) -> web.Response:
        return self._refused(request) or web.json_response({"scopes": [*self.scopes]})

    async def _send(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        mail = await request.json()
        fault = self.fails.pop(0) if self.fails else None
        if isinstance(fault, tuple):
            return problem(*fault[:2], **(fault[2] if len(fault) > 2 else {}))
        if fault == "garbage":
            return web.Response(status=500, text="<html>oops")
        if fault == "slow":
            await asyncio.Event().wait()
        if fault == "cut":
            self._abort(request)
            return web.Response()
        if refused := self._refused(request) or self._wrong(mail):
            return refused
        if "mail.send" not in self.scopes:
            return problem(403, "access forbidden")
        self.sent.append(mail)
        if fault == "lost":
            self._abort(request)
        return web.Response(status=202, headers={"X-Message-Id": f"msg-{len(self.sent)}"})

    def _wrong(self, mail: dict[str, Any]) -> web.Response | None:  # noqa: PLR0911 - one for each of the service's
        people = mail.get("personalizations")
        if not people:
            return problem(400, "You must have at least one personalization.", "personalizations")
        for each in people:
            if not each.get("to"):
                return problem(400, "The to parameter is required for all personalization objects.", "to")
            listed = [person for name in ("to", "cc", "bcc") for person in each.get(name, [])]
            emails = [person["email"].lower() for person in listed]
            if len(emails) > 1000:
                return problem(400, "There is a limit of 1000 total recipients (to + cc + bcc) per request.")
            if len(set(emails)) != len(emails):
                return problem(400, "Each unique email address should only be included once.")
            if any(mark in person.get("name", "") for person in listed for mark in ";,"):
                return problem(400, "The name can't include ; or ,")
        if mail.get("from", {}).get("email") != self.verified:
            return problem(403, "The from address does not match a verified Sender Identity.", "from")
        if not mail.get("subject"):
            return problem(400, "The subject is required.", "subject")
        content = mail.get("content") or []
        types = [part.get("type") for part in content]
        if not content or any(len(part.get("value", "")) < 1 for part in content):
            return problem(400, "The content value must be a string at least one character in length.", "content")
        if "text/plain" in types and types[0] != "text/plain":
            return problem(400, "If present, text/plain and text/html may only be provided once; text/plain first.")
        if reserved := {name.lower() for name in mail.get("headers", {})} & _RESERVED:
            return problem(400, f"The header {sorted(reserved)[0]} is reserved.", "headers")
        for each in mail.get("attachments", []):
            try:
                base64.b64decode(each["content"], validate=True)
            except (KeyError, binascii.Error):
                return problem(400, "The attachment content must be base64 encoded.", "attachments")
        return None

    @staticmethod
    def _abort(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()
