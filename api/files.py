"""The files of a workspace: avatars, attachments, what automations keep."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.files import sniffing
from core.files.service import File

router = APIRouter(prefix="/api", tags=["files"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-7d8e9f0a1b01",
    "name": "offer.pdf",
    "media_type": "application/pdf",
    "said_type": "application/pdf",
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_by": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "created_at": "2026-11-20T09:00:00Z",
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_BODY: Final = {
    "requestBody": {
        "description": "The bytes as they are; their media type as `Content-Type`. At most 25 MiB, unless the operator"
        " set another limit.",
        "required": True,
        "content": {"application/octet-stream": _BINARY},
    }
}
_CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Pictures can be shown; everything else is a download.",
        "content": {
            kind: {**_BINARY, "example": "..."}
            for kind in (sniffing.OTHER, "application/pdf", "application/zip", "application/gzip", "text/plain",
                         *sorted(sniffing.IMAGES))
        },
    },
    304: {"description": "Not changed: the `If-None-Match` names it."},
    **documented(401, 404, 422),
}  # fmt: skip


class FileView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    id: UUID
    name: str
    media_type: str = Field(description="what its bytes say")
    said_type: str | None = Field(description="what its sender said")
    size: int = Field(description="bytes")
    sha256: str = Field(description="of its bytes, hexadecimal")
    created_by: UUID | None
    created_at: datetime


class FilesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[FileView]
    next_cursor: str | None


FileId = Annotated[UUID, Path(description="id of a file")]


@router.post(
    "/files",
    status_code=201,
    summary="Store a file",
    responses=documented(401, 403, 404, 413, 422, 429),
    openapi_extra=_BODY,
)
async def upload(
    request: Request,
    caller: CallerDep,
    services: ServicesDep,
    name: Annotated[str, Query(min_length=1, max_length=1000, description="its name, without folders")],
) -> FileView:
    """The body is the file. Its name counts for nothing but showing it; several may have the same."""
    announced = request.headers.get("content-length", "0")
    file = await services.files.add(
        caller,
        name,
        request.headers.get("content-type"),
        request.stream(),
        announced=int(announced) if announced.isascii() and announced.isdigit() else 0,
    )
    return FileView.model_validate(file)


@router.get("/files", summary="List files", responses=documented(401, 404, 422))
async def files(caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None) -> FilesView:
    """The files of the workspace, the newest first."""
    rows = await services.files.listed(caller, before=id_cursor(cursor), limit=limit + 1)
    return FilesView(
        items=[FileView.model_validate(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.get("/files/{file_id:uuid}", summary="Read about a file", responses=documented(401, 404, 422))
async def about(file_id: FileId, caller: CallerDep, services: ServicesDep) -> FileView:
    """Name, size, kind; its bytes are at `/content`."""
    return FileView.model_validate(await services.files.get(caller, file_id))


@router.get("/files/{file_id:uuid}/content", summary="Fetch a file", response_class=Response, responses=_CONTENT)
async def content(
    file_id: FileId,
    caller: CallerDep,
    services: ServicesDep,
    if_none_match: Annotated[str | None, Header(description="the `ETag` that you have")] = None,
) -> Response:
    """Its bytes. Only pictures may be shown in place; a browser never shows anything else as a page of ours."""
    file = await services.files.get(caller, file_id)
    headers = {
        "ETag": f'"{file.sha256}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": _disposition(file),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(None, 304, headers)
    headers["Content-Length"] = str(file.size)
    return StreamingResponse(services.files.content(caller, file), headers=headers, media_type=file.media_type)


@router.delete(
    "/files/{file_id:uuid}", status_code=204, summary="Delete a file", responses=documented(401, 403, 404, 422)
)
async def delete(file_id: FileId, caller: CallerDep, services: ServicesDep) -> None:
    """It is gone at once, wherever it was used."""
    await services.files.delete(caller, file_id)


def _disposition(file: File) -> str:
    """RFC 6266: a plain name for old programs, the real one for the others."""
    shown = "inline" if file.media_type in sniffing.IMAGES else "attachment"
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%;' else "_" for each in file.name
    )
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
