"""What anybody does in the pages before the thing under test: sign up, and sign in again."""

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


async def sign_in_elsewhere(page: Page, words: Words, email: str) -> None:
    """The same person on another device: nothing is known of them there."""
    await page.context.clear_cookies()
    await page.evaluate("localStorage.clear()")
    await page.goto("/login")
    await page.get_by_label(words("accounts:email"), exact=True).fill(email)
    await page.get_by_label(words("accounts:password"), exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: "/login" not in url)
