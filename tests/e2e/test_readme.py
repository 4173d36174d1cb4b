"""The lines that the documents ask people to paste do what they say."""

import asyncio
import hmac
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.person import Person, until
from tests.e2e.product import ROOT, Product, free_port, wait_for

pytestmark = pytest.mark.e2e

README = (ROOT / "README.md").read_text()
OPERATE = (ROOT / "docs" / "operate.md").read_text()
SIGNING = "a secret of thirty-two characters"


def pasted(document: str, kind: str, number: int = 0, **replaced: str) -> str:
    """A block of a document, with `NAME=value` lines set to what the test needs."""
    block = re.findall(rf"^```{kind}\n(.*?)^```", document, re.M | re.S)[number]
    for name, value in replaced.items():
        block, count = re.subn(rf"^{name}=\S*", f"{name}={value}", block, flags=re.M)
        assert count == 1, f"{name} is not in the block"
    return str(block)


def run(script: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


class Company:
    """The services that the README's automations call."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, int]] = []
        self.busy: Counter[str] = Counter()  # requests under way, by customer
        self.most: Counter[str] = Counter()  # the most that were ever under way at once
        self.asked: list[str] = []
        self.posted: list[tuple[str, str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/numbers", self._numbers)
        app.router.add_post("/rooms/{room}", self._post)
        app.router.add_post("/orders", self._order)
        return app

    def booked(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def enough() -> bool:
            return len(self.orders) == count

        return enough

    async def _order(self, request: web.Request) -> web.Response:
        order = await request.json()
        customer = order["customer"]
        self.busy[customer] += 1
        self.most[customer] = max(self.most[customer], self.busy[customer])
        self.most["all"] = max(self.most["all"], self.busy.total())
        await asyncio.sleep(0.3)
        self.busy[customer] -= 1
        self.orders.append((customer, order["number"]))
        return web.json_response({"ok": True})

    async def _numbers(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["until"])
        return web.json_response({"room": "sales", "orders": 42})

    async def _post(self, request: web.Request) -> web.Response:
        self.posted.append((request.match_info["room"], request.headers["X-Run"], await request.json()))
        return web.json_response({"ok": True})


@pytest.fixture(scope="module")
def company_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def product(company_port: int) -> Iterator[Product]:
    with Product({"VUTLER_SIGNUP": "open", "VUTLER_HTTP_ALLOW_HOSTS": f"127.0.0.1:{company_port}"}) as product:
        yield product


@pytest.fixture
async def company(company_port: int) -> AsyncIterator[Company]:
    company = Company()
    runner = web.AppRunner(company.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", company_port).start()
    yield company
    await runner.cleanup()


@pytest.mark.proves("R-WF-3")
def test_the_first_automation_of_the_readme_runs(product: Product, tmp_path: Path) -> None:
    said = run(pasted(README, "sh", VUTLER=product.url), tmp_path)
    stream, _, last = said.rpartition("\n{") if "\n{" in said else ("", "", said[1:])
    ended = json.loads("{" + last)
    assert ended["status"] == "success"
    assert [step["output"] for step in ended["action_logs"]] == [{"text": "Hello Ada!"}, {"said": "Hello Ada!"}]
    assert "event: end" in stream


@pytest.mark.proves("US-3.2 (2)", "R-WF-3", "I-19")
async def test_the_second_one_calls_out_with_variables_everywhere(
    product: Product, company: Company, company_port: int
) -> None:
    text = re.sub(r"https://(api|chat)\.example\.org", f"http://127.0.0.1:{company_port}", pasted(README, "json"))
    async with Person(product.url) as person:
        made = await person.create(json.loads(text))
        assert re.search(r"T\d\d:00:00", made["next_run_at"])
        status, answer = await person.send(
            "POST", f"/api/automations/{made['id']}/run?wait=30", {"payload": {"due_at": "2026-06-01T09:00:00+02:00"}}
        )
    assert (status, answer["status"]) == (200, "success"), answer
    assert company.asked == ["2026-06-01T09:00:00+02:00"]
    text = "42 orders until 2026-06-01T09:00:00+02:00"
    assert company.posted == [("sales", answer["run_id"], {"text": text})]


async def test_orders_of_one_customer_follow_each_other(product: Product, company: Company, company_port: int) -> None:
    text = pasted(README, "json", 1).replace("https://shop.example.org", f"http://127.0.0.1:{company_port}")
    async with Person(product.url) as person:
        made = await person.create(json.loads(text))
        for number in range(4):
            for customer in ("ada", "bob"):
                order = {"customer": customer, "number": number}
                status, answer = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": order})
                assert status == 202, answer
        await until("all orders are booked", company.booked(8), 30)
    for customer in ("ada", "bob"):
        assert [number for who, number in company.orders if who == customer] == [0, 1, 2, 3]
    assert (company.most["ada"], company.most["bob"], company.most["all"]) == (1, 1, 2)


async def test_a_backup_is_made_and_restored(product: Product, tmp_path: Path) -> None:
    async with Person(product.url) as person:
        made = await person.create({
            "name": "Kept", "trigger_type": "manual", "actions": [{"type": "transform", "config": {"value": 1}}],
        })  # fmt: skip
        _, ran = await person.send("POST", f"/api/automations/{made['id']}/run?wait=30", {})
        signed = await person.create({
            "name": "Signed", "trigger_type": "webhook",
            "trigger_config": {"auth": "hmac", "style": "github", "secret": SIGNING},
            "actions": [{"type": "transform", "config": {"value": 1}}],
        })  # fmt: skip
    # From here on `secret-key` alone opens nothing.
    run(f"VUTLER_HOME={product.home} {sys.executable} -m deployments.cli secrets rotate-key --forget-old", ROOT)
    backup = tmp_path / "backup"
    run(pasted(OPERATE, "sh", 0, VUTLER_HOME=str(product.home), BACKUP=str(backup)), ROOT)
    assert {file.name for file in backup.iterdir()} == {"vutler.dump", "secret-key", "seal-keys"}

    nowhere = {
        "VUTLER_PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"
    }  # what is restored does not need Prefect
    restored = Product({"VUTLER_WORKERS": "0", **nowhere})
    try:
        for name in ("secret-key", "seal-keys"):
            shutil.copy2(backup / name, restored.home / name)
        restored.start()
        wait_for("the API answers", lambda: restored.status("/healthz") == 200, 60)
        run(pasted(OPERATE, "sh", 1, VUTLER_HOME=str(restored.home), BACKUP=str(backup)), ROOT)
        restored.stop()
        for name in ("VUTLER_WORKERS", *nowhere):
            del restored.environment[name]
        restored.start()
        restored.wait_ready()
        async with Person(restored.url) as person:  # signs in as before
            assert (await person.run(ran["run_id"]))["output"] == 1
            status, answer = await person.send("POST", f"/api/automations/{made['id']}/run?wait=30", {})
            assert (status, answer["output"]) == (200, 1)
            signature = hmac.new(SIGNING.encode(), b"{}", "sha256").hexdigest()
            hook, proof = signed["webhook"]["id"], {"X-Hub-Signature-256": f"sha256={signature}"}
            status, answer = await person.send("POST", f"/api/webhooks/{hook}", {}, anonymous=True, headers=proof)
            assert status == 202, answer  # its sealed secret was opened
    finally:
        restored.remove()
