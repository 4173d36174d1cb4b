"""Requests signed as their senders sign them, written from their documentation and not from our code."""

import base64
import hashlib
import hmac
import time
from typing import Any

import httpx

GIVEN = {"slack": "8f742231b10e8888abcd99yyyzzz85a5", "stripe": "whsec_test_secret"}


def signed(style: str, secret: str, body: bytes, *, at: int | None = None, name: str = "msg_1") -> dict[str, str]:
    """The headers of a request with this body, signed at this moment (Unix seconds)."""
    moment = str(int(time.time()) if at is None else at)
    match style:
        case "github":
            return {"X-Hub-Signature-256": f"sha256={_hex(secret, body)}", "X-GitHub-Delivery": name}
        case "slack":
            text = b"v0:" + moment.encode() + b":" + body
            return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={_hex(secret, text)}"}
        case "stripe":
            return {"Stripe-Signature": f"t={moment},v1={_hex(secret, moment.encode() + b'.' + body)}"}
        case _:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            digest = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
            signature = f"v1,{base64.b64encode(digest).decode()}"
            return {"webhook-id": name, "webhook-timestamp": moment, "webhook-signature": signature}


def document(style: str, **config: Any) -> dict[str, Any]:
    """An automation with a webhook signed in this style; with the secret where its sender makes it."""
    given = {"secret": GIVEN[style]} if style in GIVEN else {}
    return {
        "name": f"Signed by {style}",
        "trigger_type": "webhook",
        "trigger_config": {"auth": "hmac", "style": style, **given, **config},
        "actions": [{"type": "transform", "value": 1}],
    }


async def send(
    client: httpx.AsyncClient, webhook: dict[str, str], body: bytes, headers: dict[str, str]
) -> httpx.Response:
    """As a sender does: without any token of ours."""
    path = f"/api/webhooks/{webhook['id']}"
    bare = {"Authorization": "", "Content-Type": "application/json"}
    return await client.post(path, content=body, headers=bare | headers)


def _hex(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
