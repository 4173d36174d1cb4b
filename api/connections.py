"""Saved accounts that steps sign their requests with. Secrets go in and never come out."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api import etags
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.caller import Caller
from core.connections.model import ConnectionRow
from core.connections.service import Given

router = APIRouter(prefix="/api", tags=["connections"], route_class=StrictRoute)

_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3a01"
_BODY: Final[JsonDict] = {
    "name": "CRM",
    "kind": "http_bearer",
    "fields": {"token": "the token", "test_url": "https://crm.example.com/me"},
    "allowed_hosts": ["crm.example.com"],
    "used_by": "editors",
}
_EXAMPLE: Final[JsonDict] = {
    "id": _ID,
    "name": "CRM",
    "kind": "http_bearer",
    "fields": {"test_url": "https://crm.example.com/me"},
    "secrets": ["token"],
    "allowed_hosts": ["crm.example.com"],
    "used_by": "editors",
    "created_by": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "updated_by": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "created_at": "2026-11-20T09:00:00Z",
    "updated_at": "2026-11-20T09:00:00Z",
    "last_used_at": None,
    "last_tested_at": None,
    "last_failed_at": None,
    "last_error": None,
    "listening": None,
}
_USE: Final[JsonDict] = {
    "automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a03",
    "automation_name": "Lead to CRM",
    "step": "send",
    "named": "CRM",
    "version": 3,
    "draft": True,
}

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s{}][^{}\x00-\x1f]*$")]
Fields = Annotated[
    dict[str, JsonValue],
    Field(description="as the kind's `fields_schema` says (`GET /api/catalog`); secrets too"),
]
Hosts = Annotated[list[str], Field(max_length=50, description="`host`, `host:port` or `*.host`; no others are reached")]
UsedBy = Literal["editors", "admins"]


class ConnectionBody(BaseModel):
    """A new connection."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"example": _BODY})

    name: Name
    kind: str = Field(max_length=100)
    fields: Fields
    allowed_hosts: Hosts = Field(default_factory=list)
    used_by: UsedBy = Field(default="editors", description="who may name it in an automation")


class ConnectionPatch(BaseModel):
    """What changes. A secret that is left out stays as it is; a field that is null goes."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"example": {"allowed_hosts": ["*.example.com"]}}
    )

    name: Name | None = None
    fields: Fields = Field(default_factory=dict)
    allowed_hosts: Hosts | None = None
    used_by: UsedBy | None = None


class RotateBody(BaseModel):
    """New values of secret fields."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={"example": {"secrets": {"token": "the new one"}}},
    )

    secrets: dict[str, JsonValue]


class ListeningView(BaseModel):
    """How it goes with an account that an agent or a trigger listens to."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"state": "listening", "since": "2026-11-20T09:00:00Z", "error": None, "account": "U012AB3CD"}
        }
    )

    state: Literal["stopped", "starting", "listening", "waiting", "refused"] = Field(
        description="waiting: before it tries again; refused: until the connection is changed"
    )
    since: datetime
    error: str | None
    account: str | None = Field(description="the own user there")


class ConnectionView(BaseModel):
    """Viewers see id, name and kind; the rest is null for them."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: UUID
    name: str
    kind: str
    fields: dict[str, JsonValue] | None = Field(default=None, description="those that are no secrets")
    secrets: list[str] | None = Field(default=None, description="the secret fields that are given")
    allowed_hosts: list[str] | None = None
    used_by: UsedBy | None = None
    created_by: UUID | None = None
    updated_by: UUID | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_used_at: datetime | None = Field(default=None, description="by a run, to the minute")
    last_tested_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_error: str | None = Field(default=None, description="of the last failure, until it works again or is edited")

    listening: ListeningView | None = Field(default=None, description="null: nobody needs it to listen")

    @classmethod
    def of(cls, row: ConnectionRow, caller: Caller) -> "ConnectionView":
        if not caller.may("editor"):
            return cls(id=row.id, name=row.name, kind=row.kind)
        return cls(
            id=row.id,
            name=row.name,
            kind=row.kind,
            fields=dict(row.settings),
            secrets=row.secret_names,
            allowed_hosts=row.hosts,
            used_by=row.used_by,
            created_by=row.created_by,
            updated_by=row.updated_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
            last_used_at=row.last_used_at,
            last_tested_at=row.last_tested_at,
            last_failed_at=row.last_failed_at,
            last_error=row.last_error,
            listening=None if row.listening is None else ListeningView.model_validate(row.listening),
        )


class ConnectionsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[ConnectionView]
    next_cursor: str | None


class TestedView(BaseModel):
    """What asking the service said."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"example": {"ok": True, "message": "The service answered with status 200.", "code": None}},
    )

    ok: bool
    message: str
    code: str | None = Field(description="of a failure, such as connection_refused")


class UseView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _USE})

    automation_id: UUID
    automation_name: str
    step: str
    named: str = Field(description="the reference as the step has it: the id, or the name")
    version: int | None = Field(description="the live version that has it; null where only the draft does")
    draft: bool = Field(description="the draft has it")


class UsesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_USE]}})

    items: list[UseView]


class CountView(BaseModel):
    connection_id: UUID
    automations: int = Field(description="that name it, in their live version or their draft")


class CountsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [{"connection_id": _ID, "automations": 3}]}})

    items: list[CountView]


class RoomView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"example": {"id": "C024BE91L", "name": "leads", "direct": False, "is_member": True}},
    )

    id: str = Field(description="the service's own")
    name: str
    direct: bool
    is_member: bool | None = Field(description="the account is in it; null: the service does not say")


class RoomsView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"items": [{"id": "C024BE91L", "name": "leads", "direct": False, "is_member": True}]}
        }
    )

    items: list[RoomView]


ConnectionId = Annotated[UUID, Path(description="id of a connection")]
_ONE: Final = "/connections/{connection_id:uuid}"


@router.get("/connections", summary="List connections", responses=documented(401, 422))
async def connections(
    *, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> ConnectionsView:
    """The newest first. Viewers see names and kinds alone."""
    rows = await services.connections.listing(caller, before=id_cursor(cursor), limit=limit + 1)
    return ConnectionsView(
        items=[ConnectionView.of(row, caller) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.post(
    "/connections", summary="Create a connection", status_code=201, responses=documented(401, 403, 409, 413, 422)
)
async def create(
    body: ConnectionBody, caller: CallerDep, services: ServicesDep, response: Response, once: OnceDep
) -> ConnectionView:
    """For admins. What is secret is sealed, and no answer shows it again."""
    given = Given(body.name, dict(body.fields), body.allowed_hosts, body.used_by)
    row = await services.connections.create(caller, body.kind, given, once)
    response.headers["Location"] = f"/api/connections/{row.id}"
    etags.put(response, row.revision)
    return ConnectionView.of(row, caller)


@router.post(
    "/connections/test", summary="Test a connection before it is saved", responses=documented(401, 403, 413, 422, 429)
)
async def try_unsaved(body: ConnectionBody, caller: CallerDep, services: ServicesDep) -> TestedView:
    """For admins. Really asks the service with these credentials; nothing is saved, and `name` is not looked at."""
    given = Given(body.name, dict(body.fields), body.allowed_hosts, body.used_by)
    return TestedView.model_validate(await services.connections.try_out(caller, body.kind, given))


@router.get("/connections/usage", summary="How much connections are used", responses=documented(401, 403))
async def counts(caller: CallerDep, services: ServicesDep) -> CountsView:
    """How many automations name each connection; those that none names are left out."""
    found = await services.connections.counts(caller)
    return CountsView(items=[CountView(connection_id=each, automations=number) for each, number in found.items()])


@router.get(_ONE, summary="Read a connection", responses=documented(401, 404, 422))
async def connection(
    connection_id: ConnectionId, caller: CallerDep, services: ServicesDep, response: Response
) -> ConnectionView:
    """Everything but its secrets."""
    row = await services.connections.get(caller, connection_id)
    etags.put(response, row.revision)
    return ConnectionView.of(row, caller)


@router.patch(_ONE, summary="Change a connection", responses=documented(401, 403, 404, 409, 412, 413, 422))
async def change(
    *,
    connection_id: ConnectionId,
    body: ConnectionPatch,
    caller: CallerDep,
    services: ServicesDep,
    response: Response,
    read: etags.ReadDep,
) -> ConnectionView:
    """For admins. 409 `connection_in_use` where automations name it by the name that it would lose."""
    given = Given(body.name, dict(body.fields), body.allowed_hosts, body.used_by)
    row = await services.connections.change(caller, connection_id, given, read=read)
    etags.put(response, row.revision)
    return ConnectionView.of(row, caller)


@router.delete(_ONE, summary="Delete a connection", status_code=204, responses=documented(401, 403, 404, 409, 422))
async def delete(
    *,
    connection_id: ConnectionId,
    caller: CallerDep,
    services: ServicesDep,
    force: Annotated[bool, Query(description="also where automations use it: their steps then fail")] = False,
) -> None:
    """For admins. 409 `connection_in_use` names the automations that use it."""
    await services.connections.delete(caller, connection_id, force=force)


@router.post(f"{_ONE}/test", summary="Test a connection", responses=documented(401, 403, 404, 422, 429))
async def try_out(connection_id: ConnectionId, caller: CallerDep, services: ServicesDep) -> TestedView:
    """Really asks the service: the test address with the credentials, or the token address for a token. What was found
    is kept with the connection."""
    return TestedView.model_validate(await services.connections.test(caller, connection_id))


@router.post(f"{_ONE}/rotate", summary="Replace the secrets", responses=documented(401, 403, 404, 409, 413, 422))
async def rotate(
    connection_id: ConnectionId, body: RotateBody, caller: CallerDep, services: ServicesDep
) -> ConnectionView:
    """For admins. The next request is signed with the new values; whoever fetches tokens with them fetches new ones."""
    return ConnectionView.of(await services.connections.rotate(caller, connection_id, dict(body.secrets)), caller)


@router.get(f"{_ONE}/usage", summary="Who uses a connection", responses=documented(401, 403, 404, 422))
async def usage(connection_id: ConnectionId, caller: CallerDep, services: ServicesDep) -> UsesView:
    """Every step that names it, in live versions and in drafts."""
    found = await services.connections.usage(caller, connection_id)
    return UsesView(items=[UseView.model_validate(each) for each in found])


@router.get(
    f"{_ONE}/channels", summary="List the rooms of an account", responses=documented(401, 403, 404, 409, 422, 429)
)
async def rooms(connection_id: ConnectionId, caller: CallerDep, services: ServicesDep) -> RoomsView:
    """Really asks the service, such as Slack: to choose one (`POST /api/channels` with its id makes it known here).
    409 where the account has no rooms or does not answer."""
    found = await services.connections.rooms(caller, connection_id)
    return RoomsView(items=[RoomView.model_validate(each) for each in found])
