"""How Google says no. https://cloud.google.com/apis/design/errors"""

from typing import Any

from aiohttp import web


class Refused(Exception):
    """An error in the shape of the newer services."""

    def __init__(
        self, code: int, status: str, message: str, reason: str | None = None, after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message, self.reason, self.after = code, status, message, reason, after

    def answer(self) -> web.Response:
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.reason:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": self.reason, "domain": "googleapis.com"}]
        headers = {"Retry-After": str(self.after)} if self.after is not None else {}
        return web.json_response({"error": error}, status=self.code, headers=headers)
