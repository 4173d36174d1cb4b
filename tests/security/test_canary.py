"""Secrets of connections are nowhere but sealed: not in the databases, not in the logs, not in what the API answers.

The product runs as its users run it; the service outside repeats whatever it is sent, plainly and encoded.
"""

import base64
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from deployments import postgres
from tests.e2e.person import Person, until
from tests.e2e.product import Product, free_port
from tests.oauth import Service

pytestmark = pytest.mark.e2e

TOKEN = "tok-Canary/7q+3f=x"
PASSWORD = 'pa"ss Canäry\\9&%'
SECRET = "s3cr3t+Canary/k2v9"
CONTROL = "control-of-the-search-5519"


def written(secret: str) -> set[str]:
    """How a secret may stand in a text; made here another way than the product makes it."""
    forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), escape(secret), secret.encode().hex()}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= {json.dumps(each)[1:-1] for each in set(forms)}
    for before in range(3):  # the part in the middle, which does not depend on what stands around it
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\xff" * before + secret.encode() + b"\xff" * 3).decode()
            forms.add(text[4:-8])
    return forms


def found(text: str, secret: str) -> list[str]:
    """Where it stands, with what is around it. The contents of binary columns are looked into as well."""
    texts = [text, *(bytes.fromhex(each).decode("latin-1") for each in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", text))]
    return [
        each[max(at - 60, 0) : at + 60]
        for each in texts
        for form in written(secret) | {form.encode().decode("latin-1") for form in written(secret)}
        if (at := each.find(form)) >= 0
    ]


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD, SECRET])
def test_the_search_finds_what_is_there(secret: str) -> None:
    for text in (
        secret, f"x{json.dumps({'a': secret})}", json.dumps(json.dumps(secret)), quote(secret, safe=""),
        *(base64.b64encode(b"user:"[:n] + secret.encode() + b"more").decode() for n in range(6)),
        "\\\\x" + f"abc{secret}".encode().hex(),
    ):  # fmt: skip
        assert found(text, secret), text
    assert not found(CONTROL, secret)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def product(port: int) -> Iterator[Product]:
    with Product({"VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1", "VUTLER_LOG_LEVEL": "debug"}) as product:
        product.wait_prefect()
        yield product


@pytest.fixture
async def service(port: int) -> AsyncIterator[Service]:
    async with Service(port=port, token=TOKEN, password=PASSWORD, secret=SECRET) as found:
        yield found


class Witness(Person):
    """Keeps every answer."""

    answers: list[str]

    async def send(self, *args: Any, **more: Any) -> tuple[int, Any]:
        status, answer = await super().send(*args, **more)
        self.answers.append(f"{args[:2]} {status} {json.dumps(answer, ensure_ascii=False)}")
        return status, answer


@pytest.fixture
async def person(product: Product) -> AsyncIterator[Witness]:
    witness = Witness(product.url)
    witness.answers = []
    async with witness as person:
        yield person


def dumped(product: Product, database: str) -> str:
    server = postgres.Embedded(product.home)
    done = subprocess.run(
        [str(postgres.binaries(product.home) / "pg_dump"), server.dsn(database)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


async def connect(person: Witness, kind: str, name: str, fields: dict[str, Any], host: str) -> str:
    body = {"name": name, "kind": kind, "fields": fields, "allowed_hosts": [host]}
    status, made = await person.send("POST", "/api/connections", body)
    assert status == 201, made
    for path in ("/test", ""):
        await person.send("POST" if path else "GET", f"/api/connections/{made['id']}{path}", {} if path else None)
    return str(made["id"])


async def ended(person: Witness, config: dict[str, Any], **step: Any) -> dict[str, Any]:
    steps = [{"id": "call", "type": "http", "config": config, "retry": {"max_attempts": 1}, **step}]
    made = await person.create({"name": CONTROL, "trigger_type": "manual", "actions": steps})
    status, started = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": {"c": CONTROL}})
    assert status == 202, started
    run = started["run_id"]

    async def over() -> bool:
        return (await person.run(run))["status"] in ("success", "failed", "cancelled")

    await until(f"{config} has ended", over, 30)
    await person.get(f"/api/automations/logs/{run}/lines")
    await person.send("POST", f"/api/automations/{made['id']}/steps/call/test", {"confirm": True})
    return await person.run(run)


async def test_no_secret_is_anywhere(product: Product, person: Witness, service: Service) -> None:
    host, url = service.address, service.url
    oauth = {"token_url": f"{url}/token", "client_id": service.client, "client_secret": SECRET}
    await connect(person, "http_bearer", "Bearer", {"token": TOKEN, "test_url": f"{url}/bearer"}, host)
    await connect(person, "http_basic", "Basic", {"username": service.user, "password": PASSWORD}, host)
    await connect(person, "http_header", "Header", {"header": "X-Api-Key", "value": TOKEN}, host)
    await connect(person, "oauth2_client_credentials", "OAuth", oauth, host)
    await connect(person, "oauth2_client_credentials", "Wrong", oauth | {"client_secret": SECRET + "!"}, host)
    for name, path in (("Bearer", "/bearer"), ("Basic", "/basic"), ("Header", "/header"), ("OAuth", "/api/x")):
        run = await ended(person, {"url": url + path, "connection": name})
        assert (run["status"], run["output"]["body"]["plain"]) == ("success", "***"), run
        run = await ended(person, {"url": f"{url}{path}?status=422&text=1", "connection": name})
        assert run["error"].endswith("***"), run["error"]
        await ended(person, {"url": f"{url}{path}?times=12000", "connection": name})
        await ended(person, {"url": f"{url}{path}?status=500&times=9", "connection": name}, on_error="continue")
    await ended(person, {"url": f"{url}/api/x", "connection": "Wrong"})
    await ended(person, {"url": f"{url}/slow", "connection": "Bearer"}, timeout_s=1)
    await ended(person, {"url": f"{url}/away?to=http://127.0.0.1:1/", "connection": "Bearer"})
    status, answer = await person.send("POST", "/api/connections", {"name": "x", "kind": "http_bearer", "fields": {
        "token": TOKEN + "\n", "nonsense": TOKEN}, "allowed_hosts": [], "more": TOKEN})  # fmt: skip
    assert status == 422, answer
    for path in ("/api/automations", "/api/connections", "/api/automations/logs", "/api/alerts", "/api/health"):
        await person.get(path)

    async def told() -> bool:
        return not (await person.get("/api/health"))["queue"]["untold"]

    await until("Prefect knows of everything", told, 30)
    places = {
        "answers": "\n".join(person.answers),
        "our database": dumped(product, "vutler"),
        "Prefect's database": dumped(product, "prefect"),
        "logs": "\n".join(file.read_text(errors="replace") for file in _logs(product)),
    }
    for place in ("answers", "our database", "Prefect's database"):
        assert CONTROL in places[place], place
    assert "vutler-http-bearer" in places["Prefect's database"], "the worker makes the kinds known there"
    for place, text in places.items():
        for secret in (TOKEN, PASSWORD, SECRET, *service.given):
            assert not found(text, secret), (place, secret)


def _logs(product: Product) -> list[Path]:
    return [*(product.home / "logs").rglob("*"), product.output]
