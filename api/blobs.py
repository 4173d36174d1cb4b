"""Files beside the runs: values that are too large for a row."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep

router = APIRouter(prefix="/api", tags=["history"])

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The content, as a download.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "..."}},
    },
    **documented(401, 404),
}


@router.get("/blobs/{blob_id:uuid}", summary="Fetch a file", response_class=Response, responses=_RESPONSES)
async def blob(blob_id: UUID, caller: CallerDep, services: ServicesDep) -> Response:
    """The whole value that stands as `{"$blob": "<id>", ...}` in an input or output.

    It came from outside, so it is always a download: a browser must never show it as a page of ours.
    """
    found = await services.history.blob(caller, blob_id)
    return Response(
        found.content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{blob_id}"',
            "X-Media-Type": found.media_type.encode("ascii", "replace").decode()[:200],
            "Content-Security-Policy": "sandbox",
        },
    )
