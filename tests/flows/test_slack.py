"""The slack step in a run: what it gives, that it posts once, what stays in doubt, and that no secret is kept."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.flows.test_connections import Account, account, service
from tests.vendors.slack import Slack
from tests.vendors.slack_sender import Hooks
from tests.waiting import until

__all__ = ["account", "service"]


@pytest.fixture
async def slack(account: Account) -> AsyncIterator[Slack]:
    async with Slack() as found:
        fields = {"bot_token": found.bot_token, "app_token": found.app_token, "api_url": found.api_url}
        await account.make("slack", fields, ["127.0.0.1"], name="Chat")
        yield found


def step(**config: Any) -> dict[str, Any]:
    more = {key: config.pop(key) for key in ("retry", "in_doubt") if key in config}
    return {"id": "tell", "type": "slack", "config": {"connection": "Chat", "channel": "#general", **config}, **more}


@pytest.mark.proves("R-INTG-1", "I-13", "R-ENG-3")
async def test_it_posts_and_tells_where(account: Account, slack: Slack) -> None:
    room = slack.channel("general")
    rule = await account.automation(step(text="hello"))
    async with account.engine():
        run = await account.run(rule)
        under = await account.automation(step(text="under it", thread=run["output"]["ts"]))
        assert (await account.run(under))["status"] == "success"
    assert run["status"] == "success", run["error"]
    assert room.messages[1]["thread_ts"] == room.messages[0]["ts"]
    assert (await account.workshop.steps(run["id"]))["tell"]["output"] == {
        "ts": room.messages[0]["ts"], "channel": room.id,
    }  # fmt: skip
    assert "canary" not in await account.dump()


@pytest.mark.parametrize("trouble", [503, "cut", "cut after", "ratelimited"])
async def test_it_is_posted_once_whatever_happens(account: Account, slack: Slack, trouble: Any) -> None:
    room = slack.channel("general")
    slack.trouble["chat.postMessage"].append(trouble)
    rule = await account.automation(step(text="hello", retry={"max_attempts": 2, "delay_s": 0.1}))
    async with account.engine():
        run = await account.run(rule)
    assert run["status"] == "success", run["error"]
    assert slack.said(room) == ["hello"]


async def test_a_worker_that_ends_between_the_post_and_its_record_posts_once(account: Account, slack: Slack) -> None:
    room = slack.channel("general")
    slack.trouble["chat.postMessage"].append("slow after")
    rule = await account.automation(step(text="hello", in_doubt="repeat"))

    async def posted() -> bool:
        return slack.said(room) == ["hello"]

    async with account.engine():
        run_id = await account.workshop.start(rule)
        await until(posted)
    async with account.engine():
        run = await account.workshop.ended(run_id)
    assert run["status"] == "success", run["error"]
    assert run["output"] == {"ts": room.messages[0]["ts"], "channel": room.id}
    assert slack.said(room) == ["hello"]


async def test_a_webhook_in_doubt_asks(account: Account) -> None:
    async with Hooks() as hooks:
        await account.make("slack_webhook", {"webhook_url": hooks.url}, ["127.0.0.1"], name="Hook")
        config = {"connection": "Hook", "text": "hello"}
        rule = await account.automation({"id": "tell", "type": "slack", "config": config})
        async with account.engine():
            run = await account.run(rule)
            assert run["output"] == {"ts": None, "channel": None}
            hooks.trouble.append("cut after")
            run_id = await account.workshop.start(rule, None)
            await account.workshop.wait_for(run_id, "waiting")
    assert (await account.workshop.steps(run_id))["tell"]["status"] == "unknown"
    assert len(hooks.posted) == 2, "and not three"
    assert "canary" not in await account.dump()
