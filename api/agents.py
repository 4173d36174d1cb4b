"""Agents: create, read, change, delete."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import etags
from api.agent_views import AgentBody, AgentLine, AgentPatch, AgentRef, AgentsView, AgentView
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import Services, ServicesDep
from api.strict import StrictRoute
from core.agents.agents import revision
from core.agents.model import Agent
from core.automations.service import Detail

router = APIRouter(prefix="/api", tags=["agents"], route_class=StrictRoute)


@router.get("/agents", summary="List agents", responses=documented(401, 422))
async def agents(
    *,
    caller: CallerDep,
    services: ServicesDep,
    search: Annotated[str | None, Query(max_length=200, description="in names and descriptions")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> AgentsView:
    """The newest first, with how each stands. Five of them come with every workspace."""
    rows = await services.agent_overview.lines(caller, search, before=id_cursor(cursor), limit=limit + 1)
    return AgentsView(
        items=[AgentLine.of(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].agent.id) if len(rows) > limit else None,
    )


@router.post("/agents", summary="Create an agent", status_code=201, responses=documented(401, 403, 409, 413, 422))
async def create(
    body: AgentBody, caller: CallerDep, services: ServicesDep, once: OnceDep, response: Response
) -> AgentView:
    """With `actions` (and a trigger) it carries that automation; without, it answers where it is spoken to."""
    agent, detail = await services.agents.create(caller, body.given(), once)
    response.headers["Location"] = f"/api/agents/{agent.id}"
    return _shown(agent, detail, services, response)


@router.get("/agents/{agent}", summary="Read an agent", responses=documented(401, 404, 422))
async def agent(agent: AgentRef, caller: CallerDep, services: ServicesDep, response: Response) -> AgentView:
    """With the automation that it carries."""
    found = await services.agents.get(caller, agent)
    detail = await services.agents.automation_of(caller, found)
    return _shown(found, detail, services, response)


@router.patch("/agents/{agent}", summary="Change an agent", responses=documented(401, 403, 404, 409, 412, 413, 422))
async def change(
    *, agent: AgentRef, body: AgentPatch, caller: CallerDep, services: ServicesDep, read: etags.ReadDep,
    response: Response,
) -> AgentView:  # fmt: skip
    """What is given changes. 409 `automation_running` while its automation is running and would change."""
    changed, detail = await services.agents.change(caller, agent, body.given(), read=read)
    return _shown(changed, detail, services, response)


@router.delete("/agents/{agent}", summary="Delete an agent", status_code=204, responses=documented(401, 403, 404, 422))
async def delete(agent: AgentRef, caller: CallerDep, services: ServicesDep) -> None:
    """The automation that it carries goes with it. Runs under way finish, and all stay readable."""
    await services.agents.delete(caller, agent)


def _shown(agent: Agent, detail: Detail | None, services: Services, response: Response) -> AgentView:
    etags.put(response, revision(agent, None if detail is None else detail.rule.revision))
    return AgentView.of(agent, detail, services.settings.public_url)
