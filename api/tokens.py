"""API tokens."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.accounts import Name
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.accounts.scopes import MEANING, Scope

router = APIRouter(prefix="/api/tokens", tags=["accounts"], route_class=StrictRoute)

_TOKEN: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-5d0c7e9a1b3f",
    "name": "the shop",
    "scopes": ["events", "run"],
    "last_four": "x9Qa",
    "created_at": "2026-11-20T09:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}
_SCOPES: Final = "; ".join(f"`{scope}`: {meaning}" for scope, meaning in MEANING.items())


class TokenBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "the shop", "scopes": ["events", "run"], "expires_at": "2027-11-20T00:00:00Z"}
        },
    )

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=10, description=_SCOPES)
    expires_at: AwareDatetime | None = Field(None, description="null: it does not expire")


class TokenView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _TOKEN})

    id: UUID
    name: str
    scopes: list[Scope]
    last_four: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")


class MadeTokenView(TokenView):
    model_config = ConfigDict(
        json_schema_extra={"example": {**_TOKEN, "token": "vut_Z2VuZXJhdGVkIG9uY2UsIHNob3duIG9uY2UsIGtlcHQgx9Qa"}}
    )

    token: str = Field(description="shown this once")


class TokensView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_TOKEN], "next_cursor": None}})

    items: list[TokenView]
    next_cursor: str | None = None


@router.get("", summary="List my API tokens", responses=documented(401, 403, 404, 422))
async def listed(caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None) -> TokensView:
    """Your own of this workspace, the newest first, without their secrets."""
    found = await services.api_tokens.listed(caller, limit=limit, after=id_cursor(cursor))
    return TokensView(
        items=[TokenView.model_validate(each) for each in found[:limit]],
        next_cursor=str(found[limit - 1].id) if len(found) > limit else None,
    )


@router.post("", status_code=201, summary="Make an API token", responses=documented(401, 403, 404, 409, 413, 422))
async def create(body: TokenBody, caller: CallerDep, services: ServicesDep, once: OnceDep) -> MadeTokenView:
    """A token for a program, sent as `Authorization: Bearer vut_...`. It works in this workspace, with your role there
    and within its scopes, as long as you are a member."""
    made, text = await services.api_tokens.create(caller, body.name, body.scopes, body.expires_at, once)
    return MadeTokenView(**TokenView.model_validate(made).model_dump(), token=text)


@router.delete("/{token_id:uuid}", status_code=204, summary="Delete an API token", responses=documented(401, 403, 404))
async def delete(token_id: UUID, caller: CallerDep, services: ServicesDep) -> Response:
    """It is void at once."""
    await services.api_tokens.delete(caller, token_id)
    return Response(status_code=204)
