"""Every operation of the OpenAPI document against the real server, with what schemathesis makes up for it.

No answer is a 5xx, and each is as documented: status, media type, shape. What is made up is the same in every run.
Path parameters are now ids of things that exist, now whatever fits the schema.
"""

import asyncio
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from core import keys as core_keys
from core import settings as core_settings
from core.db import Database
from tests import postgres
from tests.api import coverage
from tests.api.automations import CLOCK, HAND, HOOK
from tests.api.conftest import PASSWORD, serve

GOOD, BAD = 8, 6  # examples of an operation: that fit its schema, that do not
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = {("GET", "/api/events/stream")}  # the stream of a workspace ends with its token alone
SCHEMA = schemathesis.openapi.from_dict(coverage.application().openapi())
OPERATIONS = [
    pytest.param(found.ok(), id=f"{found.ok().method.upper()} {found.ok().path}")
    for found in SCHEMA.get_all_operations()
    if (found.ok().method.upper(), found.ok().path) not in ENDLESS
]


# One that is there for ever, so that /readyz says that all is well.
WORKER = """INSERT INTO tenant_vutler.workers (owner, host, slot, concurrency, seen_at)
VALUES ('w', 'h', '1', 1, now() + interval '1 day')"""


@dataclass
class House:
    """A server with somebody who has a little of everything. `ids` are by the name of the path's parameter."""

    url: str
    token: str
    ids: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    name = f"t_{uuid.uuid4().hex}"
    dsn = postgres.create(name)
    started: list[str] = []
    ready, over = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(dsn, tmp_path_factory.mktemp("home"), started, ready, over))
    )
    thread.start()
    try:
        assert ready.wait(30)
        postgres.run(name, WORKER)
        yield _furnished(started[0])
    finally:
        over.set()
        thread.join(30)
        postgres.drop(name)


async def _serve(dsn: str, home: Path, started: list[str], ready: threading.Event, over: threading.Event) -> None:
    settings = core_settings.load(
        {
            "VUTLER_HOME": str(home), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1",
            "VUTLER_RATE_USER_PER_MIN": "1000000", "VUTLER_RATE_WORKSPACE_PER_MIN": "1000000",
        }
    )  # fmt: skip
    app = create_app(settings, core_keys.from_secret("x" * 32), Database(dsn, application="fuzz", size=5))
    async with serve(app) as served:
        started.append(served.url)
        ready.set()
        await asyncio.to_thread(over.wait)


def _furnished(url: str) -> House:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        account = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
        for _ in range(100):
            answer = client.post("/api/auth/register", json=account)
            if answer.status_code != 503:
                break
        house = House(url, answer.json()["access_token"])
        client.headers["Authorization"] = f"Bearer {house.token}"
        hook = client.post("/api/automations", json=HOOK).json()
        hand = client.post("/api/automations", json=HAND).json()
        client.post("/api/automations", json=CLOCK)
        arrival = client.post(
            f"/api/webhooks/{hook['webhook']['id']}", headers={"X-Webhook-Secret": hook["webhook"]["secret"]}, json={}
        ).json()
        run = client.post(f"/api/automations/{hand['id']}/run", json={"payload": {"n": 1}}).json()["run_id"]
        client.post(f"/api/automations/logs/{run}/cancel")
        file = client.post("/api/files?name=a.txt", content=b"a file").json()
        house.ids = {
            "automation_id": hand["id"], "log_id": run, "run_id": run, "webhook_id": hook["webhook"]["id"],
            "delivery_id": arrival["delivery_id"], "file_id": file["id"], "number": "1", "step": "step_1",
        }  # fmt: skip
    return house


def _examine(house: House, case: Case, real: bool) -> None:
    if real:
        known = {name: house.ids[name] for name in case.path_parameters or {} if name in house.ids}
        case.path_parameters = {**(case.path_parameters or {}), **known}
    query: dict[str, Any] = dict(case.query or {})
    if isinstance(query.get("wait"), int | float) and query["wait"] > 0:
        case.query = {**query, "wait": 0.1 if isinstance(query["wait"], float) else 1}  # nobody executes here
    answer = case.call(base_url=house.url, headers={"Authorization": f"Bearer {house.token}"}, timeout=40)
    coverage.note(case.method.upper(), case.formatted_path, answer.status_code)
    if "text/event-stream" in answer.headers.get("content-type", [""])[0]:
        case.validate_response(answer, checks=[each for each in CHECKS if each is not response_schema_conformance])
    else:
        case.validate_response(answer, checks=CHECKS)


def _has_input(operation: Any) -> bool:
    return bool(operation.definition.raw.get("parameters") or operation.definition.raw.get("requestBody"))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_answers_are_as_documented(house: House, operation: Any, mode: GenerationMode) -> None:
    if mode is GenerationMode.NEGATIVE and not _has_input(operation):
        return  # there is nothing to be wrong
    count = GOOD if mode is GenerationMode.POSITIVE else BAD

    @examples(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def examined(case: Case, real: bool) -> None:
        _examine(house, case, real)

    examined()
