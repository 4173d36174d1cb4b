"""The catalogue is the folder, in the reader's language."""

import httpx
import pytest

from api.language import preferred
from blocks import registry
from tests.api.conftest import Tenant


@pytest.mark.proves("US-3.2 (4)")
async def test_everything_in_the_folders_is_listed(client: httpx.AsyncClient, ada: Tenant) -> None:
    answer = await client.get("/api/catalog", headers=ada.headers)
    assert answer.status_code == 200
    found = answer.json()
    assert [each["name"] for each in found["actions"]] == sorted(registry.actions())
    assert [each["name"] for each in found["triggers"]] == sorted(registry.triggers())
    assert [each["name"] for each in found["connections"]] == sorted(registry.connections())
    assert [each["name"] for each in found["tools"]] == sorted(registry.tools())
    bearer = next(each for each in found["connections"] if each["name"] == "http_bearer")
    assert (bearer["purpose"], bearer["secrets"]) == ("http", ["token"])
    assert bearer["fields_schema"]["properties"]["token"]["writeOnly"] is True
    http = next(each for each in found["actions"] if each["name"] == "http")
    assert http["input_schema"]["properties"]["url"]
    assert http["connection"] == "http"
    assert http["input_schema"]["properties"]["connection"]["format"] == "connection"
    assert (http["credits"], http["timeout_s"], http["max_attempts"]) == (1, 30, 2)
    shapes = {each["name"]: (each["category"], each["contains"], each["exits"]) for each in found["actions"]}
    assert shapes["http"] == ("apps", None, [])
    assert shapes["branch"] == ("flow", None, ["{cases[].name}", "{else}"])
    assert shapes["approval"] == ("flow", None, ["approved", "rejected"])
    assert shapes["for_each"] == ("flow", "steps", [])
    cron = next(each for each in found["triggers"] if each["name"] == "cron")
    assert cron["aliases"] == ["schedule"]


async def test_in_french(client: httpx.AsyncClient, ada: Tenant) -> None:
    answer = await client.get("/api/catalog", headers={**ada.headers, "Accept-Language": "fr-CH, fr;q=0.9, en;q=0.8"})
    assert answer.headers["content-language"] == "fr"
    titles = {each["name"]: each["title"] for each in answer.json()["triggers"]}
    assert titles["cron"] == "Planification"
    sentences = {each["name"]: each["sentence"] for each in answer.json()["actions"]}
    assert sentences["http"] == "envoyer un {method} à {host}"


async def test_the_tools_of_agents(client: httpx.AsyncClient, ada: Tenant) -> None:
    """All that a form for an agent's tools needs, so that none has to know any of them."""
    french = {**ada.headers, "Accept-Language": "fr"}
    found = {each["name"]: each for each in (await client.get("/api/catalog", headers=french)).json()["tools"]}
    http, mcp = found["http"], found["mcp"]
    assert (http["title"], mcp["title"]) == ("Requêtes web", "Serveur MCP")
    assert (http["sends_out"], http["brings_in"], found["run_automation"]["brings_in"]) == (True, True, False)
    assert http["settings_schema"]["properties"]["connection"]["purpose"] == http["connection"] == "http"
    assert http["arguments_schema"]["properties"]["json_body"]
    assert mcp["settings_schema"]["required"] == ["connection"]
    assert (mcp["connection"], mcp["arguments_schema"]) == ("mcp", None)


async def test_the_definition_language(client: httpx.AsyncClient, ada: Tenant) -> None:
    schema = (await client.get("/api/catalog/definition", headers=ada.headers)).json()
    assert set(schema["properties"]) == {
        "name", "description", "trigger_type", "trigger_config", "actions", "policy", "layout",
    }  # fmt: skip


async def test_only_for_those_who_are_signed_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/catalog")).status_code == 401
    assert (await client.get("/api/catalog/definition")).status_code == 401


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"), ("", "en"), ("fr", "fr"), ("FR-fr", "fr"), ("de, fr;q=0.5", "fr"), ("en;q=0.4, fr;q=0.6", "fr"),
        ("en, fr", "en"), ("fr;q=0", "en"), ("*", "en"), ("fr;q=nonsense", "en"), (";;,,=", "en"), ("xx", "en"),
    ],
)  # fmt: skip
def test_preferred_language(header: str | None, language: str) -> None:
    assert preferred(header) == language
