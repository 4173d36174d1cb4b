"""Automations: create, list, change, publish, run."""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api import automation_views as views
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.language import LanguageDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor, number_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.values import Json
from core import jsontext
from core.automations.repository import Filter
from core.automations.service import Detail
from core.errors import Finding, Invalid

router = APIRouter(prefix="/api", tags=["automations"], route_class=StrictRoute)

Id = Annotated[UUID, Path(description="id of an automation")]
AsDraft = Annotated[bool, Query(description="only save; what runs stays the live version")]

_DRAFT: Final = "/automations/{automation_id:uuid}"


def _body(schema: dict[str, Any], example: object, *, required: bool = True) -> dict[str, Any]:
    """The documentation of a body that is read as plain JSON, so that its findings carry the paths of the document."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": required, "content": content}}


_SCHEMA: Final = {
    "title": "Automation",
    "description": "The definition language (`GET /api/catalog/definition`), its short forms, and `enabled`.",
    "type": "object",
    "required": ["name", "trigger_type", "actions"],
    "properties": {
        "name": {"type": "string", "maxLength": 200},
        "description": {"type": ["string", "null"]},
        "trigger_type": {"type": "string"},
        "trigger_config": {"type": "object"},
        "actions": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "object"}},
        "policy": {"type": "object"},
        "layout": {"type": "object"},
        "enabled": {"type": "boolean", "default": True},
    },
}
_PATCH_SCHEMA: Final = {**_SCHEMA, "title": "AutomationPatch", "required": []}


async def _document(request: Request) -> Json:
    """The body as strict JSON. Raises `Invalid`."""
    return _parsed(await request.body())


async def _optional_document(request: Request) -> Json:
    body = await request.body()
    return _parsed(body) if body.strip() else None


def _parsed(body: bytes) -> Json:
    try:
        return jsontext.parse(body)
    except jsontext.NotJson as error:
        finding = Finding("body", f"This is not valid JSON: {error}.")
        raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,)) from error


Document = Annotated[Json, Depends(_document)]
OptionalDocument = Annotated[Json, Depends(_optional_document)]


async def _revision(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="the ETag that you read; 412 when it changed since")
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"([0-9]{1,9})"', if_match.strip())
    if found is None:
        finding = Finding("header.If-Match", 'This is no ETag of ours; send it as it was read, such as "3".')
        raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))
    return int(found[1])


Revision = Annotated[int | None, Depends(_revision)]


class Show:
    """Shows an automation in the reader's language, with its ETag."""

    def __init__(self, services: ServicesDep, response: Response, language: LanguageDep) -> None:
        self._services = services
        self._response = response
        self._language = language

    def __call__(self, detail: Detail, *, new: bool = False) -> views.DetailView:
        words = self._services.narrator.tell(detail.rule.document, self._language)
        view = views.DetailView.from_detail(detail, words, self._services.settings.public_url, self._language)
        self._response.headers["ETag"] = view.etag
        if new:
            self._response.headers["Location"] = f"/api/automations/{detail.rule.id}"
        return view


ShowDep = Annotated[Show, Depends()]


@router.get("/automations", summary="List automations", responses=documented(401, 422))
async def listing(
    *,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    status: Annotated[views.Status | None, Query(description="deleted: those that can still be restored")] = None,
    search: Annotated[str | None, Query(max_length=200, description="in names and descriptions")] = None,
    trigger_type: Annotated[str | None, Query(max_length=40)] = None,
    carried: Annotated[bool, Query(description="also those that agents carry")] = False,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> views.ListView:
    """The workspace's automations, the newest first."""
    chosen = Filter(status=status, search=search, trigger_type=trigger_type, carried=carried)
    items, after = await services.automations.listing(caller, chosen, before=id_cursor(cursor), limit=limit)
    return views.ListView(
        items=[views.SummaryView.of(each, language) for each in items],
        next_cursor=None if after is None else str(after),
    )


@router.post(
    "/automations",
    status_code=201,
    summary="Create an automation",
    responses={
        201: {"content": {"application/json": {"example": views.CREATED_EXAMPLE}}},
        **documented(401, 403, 409, 413, 422),
    },
    openapi_extra=_body(_SCHEMA, views.DOCUMENT_EXAMPLE),
)
async def create(
    *,
    caller: CallerDep,
    services: ServicesDep,
    document: Document,
    show: ShowDep,
    once: OnceDep,
    as_draft: AsDraft = False,
) -> views.DetailView:
    """Creates and publishes it: at least one trigger and one action. A webhook's secret is shown only here."""
    async with services.inline_accounts.moved(caller, document, repeated=once is not None) as named:
        detail = await services.automations.create(caller, named, as_draft=as_draft, once=once)
    return show(detail, new=True)


@router.get(_DRAFT, summary="Read an automation", responses=documented(401, 404))
async def get(automation_id: Id, caller: CallerDep, services: ServicesDep, show: ShowDep) -> views.DetailView:
    """The draft with its webhook, its schedules and their next times; the header ETag is its revision."""
    detail = await services.automations.get(caller, automation_id)
    return show(detail)


@router.put(
    _DRAFT,
    summary="Replace an automation",
    responses=documented(401, 403, 404, 409, 412, 413, 422),
    openapi_extra=_body(_SCHEMA, views.DOCUMENT_EXAMPLE),
)
async def replace(
    *,
    automation_id: Id,
    caller: CallerDep,
    services: ServicesDep,
    document: Document,
    revision: Revision,
    show: ShowDep,
    as_draft: AsDraft = False,
) -> views.DetailView:
    """A whole new definition, published at once. 409 while a run of it is running, unless it is saved as a draft."""
    async with services.inline_accounts.moved(caller, document) as named:
        detail = await services.automations.replace(caller, automation_id, named, as_draft=as_draft, revision=revision)
    return show(detail)


@router.patch(
    _DRAFT,
    summary="Change a part of an automation",
    responses=documented(401, 403, 404, 409, 412, 413, 422),
    openapi_extra=_body(_PATCH_SCHEMA, {"enabled": False}),
)
async def patch(
    *,
    automation_id: Id,
    caller: CallerDep,
    services: ServicesDep,
    document: Document,
    revision: Revision,
    show: ShowDep,
    as_draft: AsDraft = False,
) -> views.DetailView:
    """JSON Merge Patch. `{"enabled": false}` silences the triggers and makes no new version."""
    async with services.inline_accounts.moved(caller, document) as named:
        detail = await services.automations.patch(caller, automation_id, named, as_draft=as_draft, revision=revision)
    return show(detail)


@router.delete(_DRAFT, status_code=204, summary="Delete an automation", responses=documented(401, 403, 404))
async def delete(automation_id: Id, caller: CallerDep, services: ServicesDep) -> None:
    """Its triggers fall silent at once. Runs under way finish, and the history stays readable. For 30 days it can be
    restored."""
    await services.automations.delete(caller, automation_id)


@router.post(f"{_DRAFT}/restore", summary="Undo a deletion", responses=documented(401, 403, 404, 409))
async def restore(automation_id: Id, caller: CallerDep, services: ServicesDep, show: ShowDep) -> views.DetailView:
    """Brings it back as it was, with its webhook address and secret, for 30 days after the deletion."""
    return show(await services.automations.restore(caller, automation_id))


@router.post(
    f"{_DRAFT}/duplicate",
    status_code=201,
    summary="Duplicate an automation",
    responses={
        201: {"content": {"application/json": {"example": views.CREATED_EXAMPLE}}},
        **documented(401, 403, 404, 409),
    },
)
async def duplicate(
    automation_id: Id, caller: CallerDep, services: ServicesDep, show: ShowDep, once: OnceDep
) -> views.DetailView:
    """A copy of the draft, switched off, with a webhook address and secret of its own."""
    detail = await services.automations.duplicate(caller, automation_id, once)
    return show(detail, new=True)


@router.post(
    f"{_DRAFT}/validate",
    summary="Validate an automation",
    responses=documented(401, 404, 413, 422),
    openapi_extra=_body(_SCHEMA, views.DOCUMENT_EXAMPLE, required=False),
)
async def validate(
    automation_id: Id, caller: CallerDep, services: ServicesDep, document: OptionalDocument, language: LanguageDep
) -> views.ReportView:
    """Every finding at once: of the body, or of the stored draft when there is none. Nothing is saved."""
    return views.ReportView.of(await services.automations.validate(caller, automation_id, document), language)


class PublishBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "Also tells the sales team"}})

    note: str | None = Field(default=None, max_length=500, description="what changed, for the list of versions")


@router.post(f"{_DRAFT}/publish", summary="Publish the draft", responses=documented(401, 403, 404, 412, 422))
async def publish(
    *,
    automation_id: Id,
    caller: CallerDep,
    services: ServicesDep,
    revision: Revision,
    show: ShowDep,
    body: Annotated[PublishBody | None, Body()] = None,
) -> views.DetailView:
    """Makes a numbered, immutable version of the draft and puts it live. Runs under way finish on theirs."""
    note = body.note if body is not None else None
    detail = await services.automations.publish(caller, automation_id, note=note, revision=revision)
    return show(detail)


@router.get(f"{_DRAFT}/versions", summary="List the versions", responses=documented(401, 404, 422))
async def versions(
    automation_id: Id, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> views.VersionsView:
    """What was published, the newest first."""
    before = None if cursor is None else number_cursor(cursor)
    rows, after = await services.automations.versions(caller, automation_id, before=before, limit=limit)
    return views.VersionsView.of(rows, after)


class RollbackBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"version": 1}})

    version: int = Field(ge=1, le=1_000_000_000)


@router.post(f"{_DRAFT}/rollback", summary="Go back to a version", responses=documented(401, 403, 404, 422))
async def rollback(
    automation_id: Id, body: RollbackBody, caller: CallerDep, services: ServicesDep, show: ShowDep
) -> views.DetailView:
    """Publishes an old version as a new one; the draft becomes it too."""
    detail = await services.automations.rollback(caller, automation_id, body.version)
    return show(detail)


class RunBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"payload": {"lead": {"name": "Ada"}}}})

    payload: JsonValue = Field(default=None, description="`trigger.data` of the run")


@router.post(
    f"{_DRAFT}/run",
    status_code=202,
    summary="Run an automation now",
    responses={
        200: {"model": views.StartedView, "description": "The run was waited for and has ended."},
        **documented(401, 402, 403, 404, 409, 413, 422, 429),
    },
)
async def run(
    *,
    automation_id: Id,
    caller: CallerDep,
    services: ServicesDep,
    once: OnceDep,
    response: Response,
    body: Annotated[RunBody | None, Body()] = None,
    wait: Annotated[int, Query(ge=0, le=60, description="seconds to wait for the result")] = 0,
) -> views.StartedView:
    """Starts the live version by hand, also of an automation that is switched off. 202 means committed.

    With `?wait=` the answer is 200 with `status` and `output` when the run ends in time, else 202.
    """
    payload = body.payload if body is not None else None
    run_id = await services.starting.start(caller, automation_id, payload, once)
    started = views.StartedView(
        run_id=run_id, status_url=f"{services.settings.public_url}/api/automations/logs/{run_id}"
    )
    end = await services.feed.wait_end(run_id, wait) if wait else None
    if end is None:
        return started
    response.status_code = 200
    return views.StartedView.model_validate(
        {**started.model_dump(), "status": end.status, "output": end.output, "error": end.error}
    )
