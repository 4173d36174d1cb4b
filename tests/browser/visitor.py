"""What anybody does in the pages before the thing under test: sign up."""

from playwright.async_api import Page

from tests.browser.words import Words
from tests.e2e.person import PASSWORD


async def sign_up(page: Page, words: Words, email: str, *, then: str = "/automations") -> None:
    """Somebody new comes, and is led to `then`; an empty one leads to the first visit's own page."""
    await page.goto(f"/register{then and f'?next={then}'}")
    await page.get_by_label(words("accounts:name"), exact=True).fill("Ada")
    await page.get_by_label(words("accounts:email"), exact=True).fill(email)
    await page.get_by_label(words("accounts:password"), exact=True).fill(PASSWORD)
    await page.get_by_role("button", name=words("accounts:register")).click()
    await page.wait_for_url(lambda url: "/register" not in url)
