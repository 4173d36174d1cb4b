"""The refresh token's cookie: out of reach for scripts, sent to the endpoints of sign-in alone."""

from typing import Final

from fastapi import Response

from core.accounts.sessions import IDLE
from core.settings import Settings

NAME: Final = "vutler_refresh"
PATH: Final = "/api/auth"


def put(response: Response, settings: Settings, refresh: str) -> None:
    response.set_cookie(
        NAME,
        refresh,
        max_age=int(IDLE.total_seconds()),
        path=PATH,
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )


def clear(response: Response, settings: Settings) -> None:
    response.delete_cookie(
        NAME,
        path=PATH,
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )
