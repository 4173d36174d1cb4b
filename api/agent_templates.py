"""Templates of agents: look at them, deploy one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.agent_template_views import DeployedView, FromTemplateBody, TemplateCard, TemplatesView, TemplateView
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.language import LanguageDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.templates.model import Category

router = APIRouter(prefix="/api", tags=["agents"], route_class=StrictRoute)


@router.get("/agents/templates", summary="List templates", responses=documented(401, 422))
async def templates(
    *,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    category: Annotated[Category | None, Query(description="of this category alone")] = None,
    search: Annotated[str | None, Query(max_length=200, description="in titles, descriptions and use cases")] = None,
) -> TemplatesView:
    """All that are installed, with what your workspace lacks for each and how its automations look with your defaults.
    English or French, as `Accept-Language` asks."""
    found = await services.templates.listing(caller, language, category=category, search=search)
    return TemplatesView(items=[TemplateCard.of(each, language, services.narrator) for each in found])


@router.get("/agents/templates/{slug}", summary="Read a template", responses=documented(401, 404, 422))
async def template(
    slug: Annotated[str, Path(max_length=60, pattern=r"^[a-z][a-z0-9-]*$", description="of a template")],
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
) -> TemplateView:
    """All of it: agents, automations, the connections it needs, its fields as a JSON Schema, a sample."""
    return TemplateView.of(await services.templates.get(caller, slug, language), language, services.narrator)


@router.post(
    "/agents/from-template",
    summary="Deploy a template",
    status_code=201,
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def deploy(
    *,
    body: FromTemplateBody,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    once: OnceDep,
    response: Response,
) -> DeployedView:
    """`template_slug` alone is enough. The only connection of your workspace that will do is taken by itself; where
    several will do, 422 lists them. Where none does, everything is made but switched off, and `missing` says what to
    add: switch the agent on when that is there. All of it is made, or nothing."""
    deployed = await services.templates.deploy(caller, body.template_slug, body.overrides.given(), language, once)
    response.headers["Location"] = f"/api/agents/{deployed.agents[0].id}"
    return DeployedView.of(deployed, language, services.settings.public_url)
