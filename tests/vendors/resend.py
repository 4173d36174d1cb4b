"""Resend's API as its pages describe it.

POST /emails: https://resend.com/docs/api-reference/emails/send-email (fields, `{"id": ...}`); the errors, their names
and statuses: https://resend.com/docs/api-reference/errors; Idempotency-Key (256 characters, 24 hours, the same answer
again, 409 for another body or while the first is under way): https://resend.com/docs/dashboard/emails/idempotency-keys;
the rate and its headers: https://resend.com/docs/api-reference/rate-limit. GET /domains needs a key with full access:
https://resend.com/docs/api-reference/domains/list-domains.
"""

import asyncio
import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import web

_FIELDS = {"from", "to", "subject", "text", "html", "cc", "bcc", "reply_to", "headers", "attachments", "tags",
           "scheduled_at"}  # fmt: skip
_ADDRESS = re.compile(r'(?:[^<>@"]*|".*") ?<[^<>@\s,]+@[^<>@\s,]+>|[^<>@\s,]+@[^<>@\s,]+')


def problem(status: int, name: str, message: str, **headers: str) -> web.Response:
    body = {"statusCode": status, "name": name, "message": message}
    return web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


@dataclass
class Resend:
    """`async with Resend() as service: service.url`. `fails` are answers that come before the right ones: a response's
    arguments, or "cut" (before it is carried out), "lost" (after it), "garbage", "slow"."""

    key: str = "re_canary_8f3kz"
    full_access: bool = False
    domain: str = "example.org"
    fails: list[Any] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, idempotency key
    url: str = ""
    _kept: dict[str, tuple[str, str]] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=45_000_000)
        app.router.add_post("/emails", self._send)
        app.router.add_get("/domains", self._domains)
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
        given = request.headers.get("Authorization")
        if not given:
            return problem(401, "missing_api_key", "Missing API key in the authorization header.")
        return None if given == f"Bearer {self.key}" else problem(403, "invalid_api_key", "API key is invalid.")

    async def _domains(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        if not self.full_access:
            return problem(401, "restricted_api_key", "This API key is restricted to only send emails.")
        return web.json_response({"data": [{"name": self.domain, "status": "verified"}]})

    async def _send(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one for each of the service's
        key = request.headers.get("Idempotency-Key")
        self.asked.append((request.path, key))
        text = await request.text()
        fault = self.fails.pop(0) if self.fails else None
        if isinstance(fault, tuple):
            return problem(*fault[:3], **(fault[3] if len(fault) > 3 else {}))
        if fault == "garbage":
            return web.Response(text="<html>oops")
        if fault == "slow":
            await asyncio.Event().wait()
        if fault == "cut":
            self._abort(request)
            return web.Response()
        if refused := self._refused(request):
            return refused
        if key is not None and not 1 <= len(key) <= 256:
            return problem(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        if key in self._kept:
            before, known = self._kept[key]
            if before != text:
                return problem(409, "invalid_idempotent_request", "Same idempotency key used with a different payload.")
            return web.json_response({"id": known})
        mail = json.loads(text)
        if wrong := self._wrong(mail):
            return wrong
        made = str(uuid4())
        self.sent.append(mail)
        if key is not None:
            self._kept[key] = (text, made)
        if fault == "lost":
            self._abort(request)
        return web.json_response({"id": made})

    def _wrong(self, mail: dict[str, Any]) -> web.Response | None:  # noqa: PLR0911 - the same
        missing = [name for name in ("from", "to", "subject") if not mail.get(name)]
        if missing:
            return problem(422, "missing_required_field", f"Missing `{missing[0]}` field.")
        if unknown := set(mail) - _FIELDS:
            return problem(422, "validation_error", f"Unknown field {sorted(unknown)[0]}.")
        lists = [
            mail[name] if isinstance(mail[name], list) else [mail[name]] for name in ("to", "cc", "bcc") if name in mail
        ]
        if any(len(each) > 50 for each in lists):
            return problem(422, "validation_error", "The `to` field must not have more than 50 items.")
        for address in [mail["from"], *[each for some in lists for each in some]]:
            if not _ADDRESS.fullmatch(address):
                return problem(422, "validation_error", "Invalid `to` field: `a@b.com` or `Name <a@b.com>`.")
        if not mail["from"].rstrip(">").endswith(f"@{self.domain}"):
            return problem(403, "validation_error", "The domain is not verified. Please, add and verify your domain.")
        if "text" not in mail and "html" not in mail:
            return problem(422, "missing_required_field", "Missing `html` or `text` field.")
        for each in mail.get("attachments", []):
            try:
                base64.b64decode(each["content"], validate=True)
            except (KeyError, binascii.Error):
                return problem(422, "invalid_attachment", "Attachment must have either a `content` or `path`.")
        return None

    @staticmethod
    def _abort(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()
