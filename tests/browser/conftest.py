"""The real product with its built pages, and Debian's Chromium in front of it.

A page of a test (`page`) fails it when anything was written to the console as an error, was thrown, or was refused by
the Content-Security-Policy.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests import postgres
from tests.browser.watching import Watch
from tests.e2e.product import ROOT, Product, free_port
from tests.echo import Echo
from tests.vendors.openai import OpenAIServer
from tests.vendors.slack import Slack

PATIENCE_MS = 15_000  # two tests at a time share two cores
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
expect.set_options(timeout=PATIENCE_MS)
OWN = ROOT / "tests" / "own"  # a package that brings an action and a connection kind of its own


@dataclass(frozen=True)
class Ports:
    """Where the servers outside the product listen; it may call these and no others."""

    echo: int
    models: int
    slack: int


@pytest.fixture(scope="session")
def ports() -> Ports:
    return Ports(free_port(), free_port(), free_port())


@pytest.fixture(scope="session")
def product(ports: Ports) -> Iterator[Product]:
    """One product for all tests of the pages: each of them signs up by itself."""
    (Path(os.environ[postgres.HOME]) / "browser-product").touch(exist_ok=False)  # a second process would start another
    hosts = ",".join(f"127.0.0.1:{port}" for port in (ports.echo, ports.models, ports.slack))
    environment = {"VUTLER_HTTP_ALLOW_HOSTS": hosts, "VUTLER_SIGNUP": "open", "PYTHONPATH": f"{ROOT}{os.pathsep}{OWN}"}
    with Product(environment, ready_within=300) as product:
        yield product


@pytest.fixture
async def echo(ports: Ports) -> AsyncIterator[Echo]:
    async with Echo(port=ports.echo) as echo:
        yield echo


@pytest.fixture
async def models(ports: Ports) -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(port=ports.models) as server:
        yield server


@pytest.fixture
async def slack(ports: Ports) -> AsyncIterator[Slack]:
    async with Slack(port=ports.slack) as slack:
        yield slack


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    assert path, "These tests need a browser: make browser"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
def language() -> str:
    """What the browser speaks; a test overrides it by `@pytest.mark.parametrize("language", ...)`."""
    return "en-GB"


@pytest.fixture
async def context(browser: Browser, product: Product, language: str) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        base_url=product.url, locale=language, viewport=DESKTOP, timezone_id="Europe/Paris", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    await context.close()


@pytest.fixture
def expected() -> Sequence[str]:
    """Complaints of the browser that belong to a test; it overrides it as `language`."""
    return ()


@pytest.fixture
async def page(context: BrowserContext, expected: Sequence[str]) -> AsyncIterator[Page]:
    watch = Watch(context)
    page = await context.new_page()
    yield page
    watch.nothing_went_wrong(expected)
