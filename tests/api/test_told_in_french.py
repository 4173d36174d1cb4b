"""What is wrong with a draft, and what the first agents do, is told in the language of whoever reads it."""

import httpx

from tests.api.automations import HAND, made
from tests.api.conftest import Tenant

FRENCH = {"Accept-Language": "fr"}
STEPS = [
    {"id": "a", "type": "htpp", "config": {}},
    {"id": "b", "type": "http", "config": {"url": "https://example.org", "body": "{{ steps.c.output }}"}},
    {"id": "b", "type": "delay", "config": {}, "needs": ["nobody"]},
]
ENGLISH = {
    "actions[0].type": "There is no action 'htpp' here. Did you mean http? There are: ",
    "actions[2].id": "The id b is taken by actions[1]; ids are unique. Write b_2, here and where this step is meant in"
    " needs and templates.",
    "actions[2].config": "Give either for_s or until.",
}
TOLD = {
    "actions[0].type": "L’action 'htpp' n’existe pas ici. Vouliez-vous dire http ? Il y a : ",
    "actions[2].id": "L’identifiant b est déjà pris par actions[1] ; il doit être unique. Écrivez b_2, ici et là où"
    " cette étape est nommée dans needs et les expressions.",
    "actions[2].config": "Donnez soit for_s, soit until.",
    "actions[2].needs[0]": "L’étape nobody n’existe pas ; il y a a, b.",
}


async def test_the_findings_of_a_draft(api: httpx.AsyncClient) -> None:
    path = f"/api/automations/{(await made(api, HAND))['id']}"
    draft = {**HAND, "actions": STEPS}
    for headers, told in (({}, ENGLISH), (FRENCH, TOLD)):
        report = (await api.post(f"{path}/validate", json=draft, headers=headers)).json()
        found = {each["at"]: each["message"] for each in report["findings"]}
        assert {at: found[at][: len(said)] for at, said in told.items()} == told
    refused = await api.post("/api/automations", json={**draft, "enabled": True}, headers=FRENCH)
    assert refused.status_code == 422
    found = {each["at"]: each["message"] for each in refused.json()["errors"]}
    assert {at: found[at][: len(said)] for at, said in TOLD.items()} == TOLD


async def test_the_values_in_what_validators_say(api: httpx.AsyncClient) -> None:
    """Those of a short form, of a schedule, of a field of a step, and of a connection."""
    draft = {
        "name": "Wrong",
        "trigger_type": "cron",
        "trigger_config": {"schedules": [{"every": "soon"}, {"cron": "0 9 * *"}]},
        "actions": [{"id": "a", "type": "http", "config": {"url": "https://example.org", "json": 1, "text": "b"}}],
    }
    path = f"/api/automations/{(await made(api, HAND))['id']}/validate"
    told = {
        "trigger_config.schedules[0]": "'soon' n’est pas un intervalle ; écrivez 5m, 2h ou 1d.",
        "trigger_config.schedules[1].cron": "Une expression cron a cinq champs (minute heure jour mois jour de"
        " semaine) ; '0 9 * *' en a 4.",
        "actions[0].config": "Donnez un seul corps, et non json et text.",
    }
    findings = (await api.post(path, json=draft, headers=FRENCH)).json()["findings"]
    assert {each["at"]: each["message"] for each in findings} == told
    english = {each["at"]: each["message"] for each in (await api.post(path, json=draft)).json()["findings"]}
    assert english["actions[0].config"] == "Give only one body, not json and text."
    wrong = {"kind": "http_header", "name": "Key", "fields": {"header": "X-Key", "value": "k"}, "allowed_hosts": ["*"]}
    refused = await api.post("/api/connections", json=wrong, headers=FRENCH)
    assert [each["message"] for each in refused.json()["errors"]] == [
        "'*' n’est pas un hôte comme api.example.com, api.example.com:8443 ou *.example.com."
    ]


async def test_the_first_agents_are_described_in_the_language_of_whoever_makes_the_workspace(
    client: httpx.AsyncClient, ada: Tenant
) -> None:
    body = {"name": "Luc", "email": "luc@example.org", "password": "a very long password"}
    made = await client.post("/api/auth/register", json=body, headers=FRENCH)
    assert made.status_code == 201, made.text
    luc = {"Authorization": f"Bearer {made.json()['access_token']}"}
    french = {
        each["slug"]: each["description"] for each in (await client.get("/api/agents", headers=luc)).json()["items"]
    }
    english = (await client.get("/api/agents", headers=ada.headers)).json()["items"]
    assert french["code_bot"] == "Écrit, explique et relit du code, et fait des pages web."
    assert len(french) == 5
    assert not set(french.values()) & {each["description"] for each in english}
    second = await client.post("/api/workspaces", json={"name": "Second"}, headers=luc)
    there = {**luc, "X-Workspace-Id": second.json()["id"]}
    again = (await client.get("/api/agents", headers=there)).json()["items"]
    assert {each["slug"]: each["description"] for each in again} == french
