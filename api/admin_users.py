"""The users of an installation: for operators."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.caller import OperatorDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.accounts.model import User

router = APIRouter(prefix="/api/admin/users", tags=["administration"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a", "email": "ada@example.com", "name": "Ada", "is_operator": False,
    "disabled": False, "email_verified": True, "created_at": "2026-11-20T09:00:00Z",
}  # fmt: skip
UserId = Annotated[UUID, Path(description="id of a user")]


class UserRow(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: UUID
    email: str
    name: str
    is_operator: bool
    disabled: bool = Field(description="shut out: no session and no API token of theirs is good")
    email_verified: bool
    created_at: datetime


class UsersView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[UserRow]
    next_cursor: str | None


class UserBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"disabled": True}})

    disabled: bool | None = None
    is_operator: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.disabled is None and self.is_operator is None:
            raise ValueError("Say what to change: disabled, is_operator or both.")
        return self


class LinkView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"url": "https://vutler.example.com/password/reset/vur_..."}}
    )

    url: str = Field(description="a page that sets a new password; good once, for an hour")


@router.get("", summary="List the users of the installation", responses=documented(401, 403, 422))
async def users(
    operator: OperatorDep,
    services: ServicesDep,
    search: Annotated[str | None, Query(max_length=200, description="stands in the address or the name")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> UsersView:
    """The oldest account first."""
    after = id_cursor(cursor)
    found = await services.operating.users(operator, after=after, limit=limit + 1, search=search)
    page = found[:limit]
    return UsersView(items=[_row(each) for each in page], next_cursor=str(page[-1].id) if len(found) > limit else None)


@router.patch(
    "/{user_id:uuid}", summary="Disable or enable a user, or make an operator",
    responses=documented(401, 403, 404, 409, 422),
)  # fmt: skip
async def change_user(user_id: UserId, body: UserBody, operator: OperatorDep, services: ServicesDep) -> UserRow:
    """Disabled: sessions end and API tokens stop within five seconds; enabled, they sign in anew. The last operator
    stays one (409 `last_operator`)."""
    return _row(
        await services.operating.change(operator, user_id, disabled=body.disabled, is_operator=body.is_operator)
    )


@router.post(
    "/{user_id:uuid}/reset-link", summary="Make a link that sets a user's password",
    responses=documented(401, 403, 404, 409),
)  # fmt: skip
async def reset_link(user_id: UserId, operator: OperatorDep, services: ServicesDep) -> LinkView:
    """To be handed to them where no mail is set up. 409 `account_disabled` for one who is shut out."""
    return LinkView(url=await services.operating.reset_link(operator, user_id))


def _row(user: User) -> UserRow:
    return UserRow(
        id=user.id, email=user.email, name=user.name, is_operator=user.is_operator,
        disabled=user.disabled_at is not None, email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
    )  # fmt: skip
