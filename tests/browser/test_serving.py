"""How the pages are served to a real browser: the policy, what is cached, deep links, what is not there, Swagger UI."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Response, expect

from tests.browser.visitor import sign_up
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product

W = Words("en")
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self';"
    " object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
FOR_GOOD = "public, max-age=31536000, immutable"


def path_of(answer: Response) -> str:
    return urlsplit(answer.url).path


@pytest.mark.by_hand("POST /api/auth/register")
async def test_pages_are_served_under_the_policy_and_kept_by_their_hash(page: Page, product: Product) -> None:
    answers: list[Response] = []
    page.on("response", lambda each: answers.append(each))  # noqa: PLW0108 - it marks what it is given
    await sign_up(page, W, "serving@example.com")
    await expect(page.get_by_role("heading", name=W("automations:emptyTitle"))).to_be_visible()
    documents = [each for each in answers if each.request.resource_type == "document"]
    files = [each for each in answers if path_of(each).startswith("/assets/")]
    assert documents
    assert files
    for each in [*documents, *files]:
        assert each.headers["content-security-policy"] == POLICY, each.url
        assert each.headers["x-content-type-options"] == "nosniff"
    for each in documents:
        assert each.headers["cache-control"] == "no-cache"
    for each in files:
        assert each.headers["cache-control"] == FOR_GOOD, each.url
        assert re.search(r"-[\w-]{8}\.(?:js|css)$", path_of(each)), each.url
    assert not any("/docs-" in each.url or "Editor" in each.url for each in files), "they come when they are needed"
    scripts = await page.evaluate(
        "[...document.querySelectorAll('script')].map((script) => [script.src, script.textContent])"
    )
    assert scripts
    assert all(src.startswith(product.url + "/assets/") and not text for src, text in scripts)


@pytest.mark.parametrize("expected", [("/assets/gone-abc.js",)])  # it asks for what is not there
@pytest.mark.by_hand("POST /api/auth/register")
async def test_deep_links_and_what_is_not_there(page: Page, product: Product) -> None:
    await sign_up(page, W, "links@example.com")
    async with Person(product.url, "links@example.com") as person:
        made = await person.create({
            "name": "Kept by its address", "trigger_type": "manual",
            "actions": [{"id": "one", "type": "transform", "config": {"value": 1}}],
        })  # fmt: skip
    await page.goto(f"/automations/{made['id']}?tab=versions")
    versions = page.get_by_role("tab", name=W("automations:tabs.versions"))
    await expect(versions).to_have_attribute("aria-selected", "true")
    again = await page.reload()
    assert again is not None
    assert (again.status, again.headers["content-security-policy"]) == (200, POLICY)
    await expect(page.get_by_role("heading", name="Kept by its address")).to_be_visible()
    await expect(versions).to_have_attribute("aria-selected", "true")

    await page.goto("/no/such/page")
    await expect(page.get_by_role("heading", name=W("app:notFound.title"))).to_be_visible()
    asked = await page.evaluate(
        "fetch('/assets/gone-abc.js').then(async (answer) => [answer.status, answer.headers.get('content-type'),"
        " answer.headers.get('cache-control'), await answer.text()])"
    )
    assert asked[0] == 404
    assert "json" in asked[1]
    assert "immutable" not in (asked[2] or "")
    assert "<!doctype html" not in asked[3].lower()


@pytest.mark.by_hand("POST /api/auth/register")
async def test_swagger_makes_a_real_request_with_the_session(page: Page, product: Product) -> None:
    await sign_up(page, W, "swagger@example.com")
    async with Person(product.url, "swagger@example.com") as person:
        answer = await page.goto("/api/docs")
        assert answer is not None
        assert answer.headers["content-security-policy"] == POLICY
        await expect(page.locator(".opblock").nth(100)).to_be_attached()
        paths = set(await page.locator(".opblock-summary-path").evaluate_all("all => all.map(e => e.dataset.path)"))
        assert {"/api/automations", "/api/automations/logs", "/api/me"} <= paths
        await page.get_by_role("button", name="Authorize").first.click()
        dialog = page.locator(".modal-ux")
        await dialog.locator("input").first.fill(person.token)
        await dialog.get_by_role("button", name="Apply").first.click()
        await dialog.get_by_role("button", name="Close").click()
        block = page.locator(".opblock").filter(has=page.locator("[data-path='/api/me']"))
        await block.locator(".opblock-summary-control").first.click()
        await block.get_by_role("button", name="Try it out").click()
        async with page.expect_response(f"{product.url}/api/me") as told:
            await block.get_by_role("button", name="Execute").click()
        made = await told.value
        assert made.status == 200
        assert (await made.json())["user"]["email"] == "swagger@example.com"
        await expect(block.locator(".live-responses-table")).to_contain_text("swagger@example.com")
