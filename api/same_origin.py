"""Requests that carry the session's cookie come from our own pages, or they are refused: the defence against forged
requests of other sites (CSRF), beside `SameSite=Strict`.

Browsers say where a request comes from in `Sec-Fetch-Site` and, with every POST, in `Origin`; a page can't change
either.
"""

from urllib.parse import urlsplit

from fastapi import Depends, Request

from api.services import ServicesDep
from core.errors import Forbidden


async def _same_origin(request: Request, services: ServicesDep) -> None:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        raise Forbidden(
            "cross_site", "Say where this comes from: send the header Origin with the address of this Vutler."
        )
    if site not in (None, "same-origin") or (origin is not None and not _is_ours(origin, request, services)):
        raise Forbidden("cross_site", "This comes from another site, and is only taken from Vutler's own pages.")


def _is_ours(origin: str, request: Request, services: ServicesDep) -> bool:
    """The public address, or the very host that the browser was talking to."""
    if from_public_address(origin, services.settings.public_url):
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == request.headers.get("host", "").lower()


def from_public_address(origin: str, public_url: str) -> bool:
    """Whether a page of that origin is one of Vutler's own."""
    try:
        parts, public = urlsplit(origin), urlsplit(public_url)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc.lower()) == (public.scheme, public.netloc.lower())


SameOriginDep = Depends(_same_origin)
