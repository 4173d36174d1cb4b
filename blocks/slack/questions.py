"""Questions with buttons, as Slack shows them, and what a press tells. https://docs.slack.dev/reference/block-kit

What people or models wrote stands in `plain_text`, where nothing is a link and nobody is called.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

from blocks.action import Http
from blocks.errors import InvalidInput, Retryable
from blocks.listening import Pressed
from blocks.retry_after import retry_after
from blocks.services import Question
from blocks.slack.web import inside, text
from blocks.values import Json, JsonObject, read_json
from blocks.words import shortened

MOST_SECTION: Final = 3_000  # characters
_PREFIX: Final = "vutler:"
_HOOK_ERRORS: Final = {
    "invalid_payload": "Slack does not understand the message",
    "invalid_blocks": "Slack does not accept these blocks",
    "no_text": "A message needs a text or blocks",
    "action_prohibited": "The Slack workspace does not let this webhook post",
    "invalid_token": "The webhook's address is wrong",
    "no_active_hooks": "The webhook was switched off",
    "no_service": "The webhook is gone, or was switched off",
    "no_team": "The Slack workspace is gone",
    "channel_not_found": "The webhook's channel is gone",
    "channel_is_archived": "The webhook's channel is archived",
    "expired_url": "Slack takes no more answers to this",
}


def fallback(question: Question) -> str:
    """For notifications; nothing in it is markup."""
    return escaped(shortened(question.title, 300))


def escaped(plain: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks(question: Question) -> list[Json]:
    """The question, its buttons, and a button that opens the page where it can be answered as well."""
    buttons: list[Json] = [
        {
            "type": "button", "text": _plain(choice.label, 75), "value": question.id,
            "action_id": f"{_PREFIX}{choice.name}", **({"style": choice.style} if choice.style else {}),
        }
        for choice in question.choices
    ]  # fmt: skip
    buttons.append({
        "type": "button", "text": _plain(question.link_label, 75), "url": question.link,
        "action_id": f"{_PREFIX}open",
    })  # fmt: skip
    return [*_body(question), {"type": "actions", "block_id": f"{_PREFIX}{question.id}", "elements": buttons}]


def answered(question: Question, said: str) -> list[Json]:
    """The same without buttons, and what became of it."""
    return [*_body(question), {"type": "context", "elements": [_plain(said, 2_000)]}]


def _body(question: Question) -> list[Json]:
    found: list[Json] = [{"type": "header", "text": _plain(question.title, 150)}]
    for part in (question.text, question.details):
        if part.strip():
            found.append({"type": "section", "text": _plain(part, MOST_SECTION, lines=True)})
    return found


def _plain(content: str, most: int, *, lines: bool = False) -> JsonObject:
    cut = (
        content if lines and len(content) <= most else f"{content[: most - 1]}…" if lines else shortened(content, most)
    )
    return {"type": "plain_text", "text": cut or " ", "emoji": False}


def pressed(body: bytes) -> Pressed | None:
    """What somebody pressed; None for everything else that comes this way (a button that opens a page, too).

    Raises `InvalidInput` for what is no form of Slack's.
    """
    try:
        given = parse_qs(body.decode(), strict_parsing=True, max_num_fields=10).get("payload", [""])
        payload = read_json(given[0].encode())
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise InvalidInput("invalid_request", "This is no form with a field `payload` that holds an object.")
    return read_press(payload)


def read_press(payload: Mapping[str, Json]) -> Pressed | None:
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    whole = dict(payload)
    if payload.get("type") != "block_actions" or not isinstance(action, dict):
        return None
    name = text(action.get("action_id"))
    if not name.startswith(_PREFIX) or name == f"{_PREFIX}open":
        return None
    user = inside(whole, "user")
    return Pressed(
        question=text(action.get("value")),
        choice=name.removeprefix(_PREFIX),
        user_id=text(user.get("id")),
        # Somebody of another Slack workspace may see a shared channel, and choose their address there.
        foreign=text(user.get("team_id")) != text(inside(whole, "team").get("id")),
        channel=text(inside(whole, "container").get("channel_id")),
        message_id=text(inside(whole, "container").get("message_ts")),
        response_url=text(payload.get("response_url")),
    )


async def send(http: Http, url: str, message: JsonObject, *, timeout_s: float) -> None:
    """To an incoming webhook or a `response_url`. Raises `InvalidInput` and `Retryable`."""
    answer = await http.request(
        "POST", url, headers={"Content-Type": "application/json"}, content=json.dumps(message).encode(),
        timeout_s=timeout_s,
    )  # fmt: skip
    said = answer.body[:60].decode("utf-8", "replace").strip()
    if answer.status == 429:
        after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        raise Retryable("rate_limited", "Slack asks to be slower.", after=after, cause="rate_limited")
    if answer.status >= 500:
        raise Retryable("slack_unavailable", f"Slack answered with status {answer.status}.", cause="server_error")
    if answer.status >= 300:
        sentence = _HOOK_ERRORS.get(said, f"Slack refused it with status {answer.status}")
        raise InvalidInput(f"slack_{said}" if said in _HOOK_ERRORS else "slack_refused", f"{sentence}.")
