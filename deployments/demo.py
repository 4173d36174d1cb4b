"""`vutler demo`: the first automation, made and started through the API like any user would.

It needs nothing from outside: a webhook, two steps that reshape what arrived.
"""

import asyncio
import json
import secrets
import shlex
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import aiohttp

from blocks.values import JsonObject

Answer: TypeAlias = dict[str, Any]  # the body of an answer of our own API
Say: TypeAlias = Callable[[str], None]

_RUN_WITHIN = 30.0  # seconds
_ENDED = ("success", "failed", "cancelled", "skipped")
_PAYLOAD: JsonObject = {"lead": {"name": "Ada Lovelace", "email": "ada@example.org", "budget": 1200}}

AUTOMATION: JsonObject = {
    "name": "Demo: greet a lead",
    "description": "A lead arrives by webhook; the first step writes a greeting, the second one a summary of it.",
    "trigger_type": "webhook",
    "trigger_config": {"auth": "secret"},
    "actions": [
        {
            "id": "greet",
            "type": "transform",
            "config": {
                "value": {
                    "greeting": "Hello {{ trigger.data.lead.name }}!",
                    "budget": "{{ trigger.data.lead.budget }}",
                }
            },
        },
        {
            "id": "summary",
            "type": "transform",
            "config": {
                "value": {
                    "text": "{{ steps.greet.output.greeting }} Your budget is {{ previous.output.budget }}.",
                    "email": "{{ trigger.data.lead.email }}",
                }
            },
        },
    ],
}


class DemoTrouble(RuntimeError):
    """The demo can't go on; the text says why and how to go on."""


async def show(url: str, account: tuple[str, str] | None, say: Say) -> None:
    """Make it, print its curl line, start it once, show its run. Raises `DemoTrouble`."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15), trust_env=False) as session:
            token = await (_log_in(session, url, account) if account else _register(session, url, say))
            await _show(session, url, {"Authorization": f"Bearer {token}"}, say)
    except (aiohttp.ClientConnectionError, TimeoutError) as error:
        raise DemoTrouble(
            f"Nothing answers at {url}. Start Vutler first (make up), or name its address with --url."
        ) from error


async def _show(session: aiohttp.ClientSession, url: str, headers: dict[str, str], say: Say) -> None:
    automation = await _call(session, "POST", f"{url}/api/automations", 201, json=AUTOMATION, headers=headers)
    hook = automation["webhook"]
    body = json.dumps(_PAYLOAD)
    say(f"Automation  {automation['name']} ({automation['id']})")
    say("Start it with:\n")
    say(
        f"  curl -X POST {shlex.quote(hook['url'])} \\\n"
        f"    -H 'X-Webhook-Secret: {hook['secret']}' -H 'Content-Type: application/json' \\\n"
        f"    -d {shlex.quote(body)}\n"
    )
    secret = {"X-Webhook-Secret": hook["secret"]}
    ingest = f"{url}/api/webhooks/{hook['url'].rpartition('/')[2]}"  # by the address that we reach ourselves
    accepted = await _call(session, "POST", ingest, 202, json=_PAYLOAD, headers=secret)
    run = await _wait_for_end(session, f"{url}/api/automations/logs/{accepted['run_id']}", headers)
    say(f"Started once: run {run['id']} ended as {run['status']}.")
    for step in run["action_logs"]:
        output = json.dumps(step["output"])
        say(f"  {step['step_id']:<10} {step['status']:<9} {step['duration_ms'] or 0:>4} ms  {output}")
    if run["status"] != "success":
        raise DemoTrouble(f"The run did not succeed: {run.get('error') or 'no error was recorded'}")
    say("\nIts history: " + f"{url}/api/automations/logs/{run['id']}")


async def _register(session: aiohttp.ClientSession, url: str, say: Say) -> str:
    email, password = f"demo-{secrets.token_hex(3)}@vutler.example", secrets.token_urlsafe(12)
    body = {"email": email, "password": password, "name": "Demo", "workspace_name": "Demo"}
    async with session.post(f"{url}/api/auth/register", json=body) as answer:
        content = await _json(answer)
        if content.get("code") == "signup_closed":
            raise DemoTrouble(
                "Sign-up is closed, because this installation has a user already. Use that one:"
                " vutler demo --email you@example.org --password ... (or start Vutler with VUTLER_SIGNUP=open)."
            )
        if answer.status != 201:
            raise DemoTrouble(_complaint("POST", f"{url}/api/auth/register", answer.status, content))
    say(f"User        {email}")
    say(f"Password    {password}")
    return str(content["access_token"])


async def _log_in(session: aiohttp.ClientSession, url: str, account: tuple[str, str]) -> str:
    body: JsonObject = {"email": account[0], "password": account[1]}
    return str((await _call(session, "POST", f"{url}/api/auth/login", 200, json=body))["access_token"])


async def _wait_for_end(session: aiohttp.ClientSession, log: str, headers: dict[str, str]) -> Answer:
    end = time.monotonic() + _RUN_WITHIN
    while (run := await _call(session, "GET", log, 200, headers=headers))["status"] not in _ENDED:
        if time.monotonic() > end:
            raise DemoTrouble(f"The run is still {run['status']} after {_RUN_WITHIN:.0f} s; vutler doctor may say why.")
        await asyncio.sleep(0.1)
    return run


async def _call(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    expected: int,
    *,
    json: JsonObject | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    async with session.request(method, url, json=json, headers=headers) as answer:
        content = await _json(answer)
        if answer.status != expected:
            raise DemoTrouble(_complaint(method, url, answer.status, content))
        return content


async def _json(answer: aiohttp.ClientResponse) -> Answer:
    try:
        content = await answer.json(content_type=None)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _complaint(method: str, url: str, status: int, content: Answer) -> str:
    return f"{method} {url} answered {status}: {content.get('detail') or content.get('title') or 'no explanation'}"
