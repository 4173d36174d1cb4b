"""Private routes of our Prefect server: what the worker asks of it every few seconds, in one statement each.

Prefect's public filters answer whole objects, 200 at a time: ten thousand deployments cost its server half a minute of
CPU. Here a row is three values, PostgreSQL makes the JSON, and it goes out as it is. `flows/prefect_listing.py` asks.
"""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Body, Depends, Response
from prefect.server.database import PrefectDBInterface, provide_database_interface

router = APIRouter(prefix="/vutler", tags=["Vutler"])
Database = Annotated[PrefectDBInterface, Depends(provide_database_interface)]
Tag = Annotated[str, Body(min_length=1, description="of the installation")]
Within = Annotated[float | None, Body(gt=0, description="seconds; only what changed since then")]

_DEPLOYMENTS = """
SELECT coalesce(json_agg(json_build_object('id', d.id, 'changed', greatest(d.updated, s.updated), 'paused',
    d.paused OR NOT coalesce(s.active, true))), '[]')::text
FROM deployment d LEFT JOIN LATERAL (
    SELECT max(updated) AS updated, bool_and(active) AS active FROM deployment_schedule WHERE deployment_id = d.id
) s ON true
WHERE d.tags @> jsonb_build_array(CAST(:tag AS text)) {0}
"""
_RECENT = """AND d.id IN (
    SELECT id FROM deployment WHERE updated > now() - make_interval(secs => :within)
    UNION SELECT deployment_id FROM deployment_schedule WHERE updated > now() - make_interval(secs => :within))"""

_SCHEDULED = """
SELECT coalesce(json_agg(json_build_object('id', r.id, 'deployment', r.deployment_id,
    'due', r.next_scheduled_start_time)), '[]')::text
FROM flow_run r
WHERE r.state_type = 'SCHEDULED' AND r.next_scheduled_start_time < now() + make_interval(secs => :ahead)
    AND r.deployment_id IS NOT NULL AND r.tags @> jsonb_build_array(CAST(:tag AS text))
    AND (r.auto_scheduled OR r.tags @> '["run-at"]') {0}
"""
_NEW = "AND (r.created > now() - make_interval(secs => :within) OR NOT r.auto_scheduled)"  # a moment can be moved


async def _answer(database: PrefectDBInterface, statement: str, **values: object) -> Response:
    async with database.session_context() as session:
        text = await session.scalar(sa.text(statement), values)
    return Response(text, media_type="application/json")


@router.post("/deployments")
async def deployments(database: Database, tag: Tag, within: Within = None) -> Response:
    """The deployments with the tag: `{"id", "changed", "paused"}`. A paused schedule counts as a paused deployment."""
    if within is None:
        return await _answer(database, _DEPLOYMENTS.format(""), tag=tag)
    return await _answer(database, _DEPLOYMENTS.format(_RECENT), tag=tag, within=within)


@router.post("/scheduled")
async def scheduled(
    database: Database, tag: Tag, ahead: Annotated[float, Body(description="seconds")], within: Within = None
) -> Response:
    """The runs that a scheduler made for the time up to `ahead`: `{"id", "deployment", "due"}`."""
    if within is None:
        return await _answer(database, _SCHEDULED.format(""), tag=tag, ahead=ahead)
    return await _answer(database, _SCHEDULED.format(_NEW), tag=tag, ahead=ahead, within=within)
