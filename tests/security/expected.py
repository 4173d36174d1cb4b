"""Who may call which operation, and what they are answered: the one table that tests/security/test_matrix.py walks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.ids import new_id
from tests.api.automations import CLOCK, HAND, HOOK
from tests.security.world import BEARER, PICTURE, World

Body = dict[str, Any] | bytes | Callable[[World], dict[str, Any]] | None
Refused = tuple[int, str]  # the status, and the code of the problem

ROLES = ("viewer", "editor", "admin", "owner")
NOT_FOUND, NOT_MEMBER, OPERATORS_ONLY = (404, ""), (404, "workspace_not_found"), (403, "operator_only")


@dataclass(frozen=True)
class Expected:
    """The least role (`operator`: of the installation), and what that role and the owner are answered.

    `instead`: ids for this operation, by names of `World`.
    `personal`: of one person, so that other members are answered this.
    `foreign`: what the owner of another workspace is answered in their own.
    `lesser`: what those with a lesser role are answered.
    """

    role: str
    status: int = 200
    body: Body = None
    instead: dict[str, str] = field(default_factory=dict)
    query: str = ""
    personal: Refused | None = None
    foreign: Refused = NOT_FOUND
    lesser: Refused = (403, "role_missing")
    stream: bool = False


@dataclass(frozen=True)
class Open:
    """An operation without a token: what stands in its place, and what those who lack that are answered."""

    instead_of_a_token: str
    status: int
    code: str = ""
    body: dict[str, Any] | None = None
    writes: frozenset[str] = frozenset()  # the tables in which that is noted


READ, WRITE, ADMIN = Expected("viewer"), Expected("editor"), Expected("admin")
ON_CLOCK, ON_HAND, ON_DELETED = ({"automation_id": name} for name in ("clock", "hand", "deleted"))
ASKED, ENDED = {"run_id": "asked"}, {"log_id": "ended"}
OF_ANOTHER = (403, "invitation_for_another")
NOT_YOURS = (403, "message_not_yours")
OF_AGENT = {"run_id": "asked"}
ASK = {"prompt": "How much is it?"}
ASKS_A_SERVICE = Expected("editor", 409)  # and the world's connection is of a kind that can't answer

EXPECTED: dict[str, Expected] = {
    "GET /api/me": READ,
    "PATCH /api/me": Expected("viewer", body={"name": "Somebody"}),
    "POST /api/auth/email/send": Expected("viewer", 202),
    "GET /api/tokens": READ,
    "POST /api/tokens": Expected("viewer", 201, {"name": "the shop", "scopes": ["admin"]}),
    "DELETE /api/tokens/{token_id}": Expected("viewer", 204, personal=(404, "token_not_found")),
    "GET /api/workspaces": READ,
    "POST /api/workspaces": Expected("viewer", 201, {"name": "Another"}),
    "PATCH /api/workspaces/{workspace_id}": Expected("admin", body={"name": "Renamed"}, foreign=NOT_MEMBER),
    "GET /api/workspaces/{workspace_id}/members": Expected("viewer", foreign=NOT_MEMBER),
    "PATCH /api/workspaces/{workspace_id}/members/{user_id}": Expected("admin", body={"role": "viewer"}),
    "DELETE /api/workspaces/{workspace_id}/members/{user_id}": Expected("admin", 204),
    "GET /api/workspaces/{workspace_id}/invitations": Expected("admin", foreign=NOT_MEMBER),
    "POST /api/workspaces/{workspace_id}/invitations": Expected(
        "admin", 201, {"email": "bob@example.org", "role": "editor"}, foreign=NOT_MEMBER
    ),
    "DELETE /api/workspaces/{workspace_id}/invitations/{invitation_id}": Expected("admin", 204),
    "POST /api/invitations/{token}/accept": Expected("viewer", personal=OF_ANOTHER, foreign=OF_ANOTHER),
    "GET /api/audit": ADMIN,
    "GET /api/credits": READ,
    "PATCH /api/credits": Expected("admin", body={"when_exhausted": "queue"}),
    "GET /api/usage": READ,
    "GET /api/admin/plans": Expected("operator"),
    "PUT /api/admin/plans/{plan}": Expected("operator", body={"max_running": 7}, foreign=OPERATORS_ONLY),
    "GET /api/admin/users": Expected("operator"),
    "PATCH /api/admin/users/{user_id}": Expected("operator", body={"disabled": True}, foreign=OPERATORS_ONLY),
    "POST /api/admin/users/{user_id}/reset-link": Expected("operator", foreign=OPERATORS_ONLY),
    "PATCH /api/admin/workspaces/{workspace_id}": Expected(
        "operator", body={"grant": {"credits": 7}}, foreign=OPERATORS_ONLY
    ),
    "GET /api/connections": READ,
    "POST /api/connections": Expected(
        "admin",
        201,
        lambda _: BEARER | {"name": f"Shop {new_id()}"},
    ),
    "POST /api/connections/test": Expected("admin", body=lambda _: BEARER | {"name": "Shop"}),
    "GET /api/connections/usage": WRITE,
    "POST /api/templates/preview": Expected("editor", body={"value": "{{ 1 + 1 }}"}),
    "GET /api/connections/{connection_id}": READ,
    "PATCH /api/connections/{connection_id}": Expected("admin", body={"used_by": "admins"}),
    "DELETE /api/connections/{connection_id}": Expected("admin", 204),
    "POST /api/connections/{connection_id}/test": WRITE,
    "POST /api/connections/{connection_id}/rotate": Expected("admin", body={"secrets": {"token": "y"}}),
    "GET /api/connections/{connection_id}/usage": WRITE,
    "GET /api/files": READ,
    "POST /api/files": Expected("editor", 201, b"x", query="?name=x.txt"),
    "GET /api/files/{file_id}": READ,
    "GET /api/files/{file_id}/content": READ,
    "DELETE /api/files/{file_id}": Expected("editor", 204),
    "GET /api/alerts": READ,
    "GET /api/alerts/{alert_id}": READ,
    "POST /api/alerts/{alert_id}/resolve": WRITE,
    "GET /api/agents": READ,
    "POST /api/agents": Expected("editor", 201, {"name": "Another"}),
    "GET /api/agents/templates": READ,
    "GET /api/agents/templates/{slug}": READ,
    "POST /api/agents/from-template": Expected(
        "editor", 201, {"template_slug": "status-page-checker", "overrides": {"connections": {"slack": None}}}
    ),
    "GET /api/agents/{agent}": READ,
    "PATCH /api/agents/{agent}": Expected("editor", body={"description": "Answers."}),
    "DELETE /api/agents/{agent}": Expected("editor", 204),
    "GET /api/agents/{agent}/status": READ,
    "GET /api/agents/{agent}/usage": READ,
    "PUT /api/agents/{agent}/avatar": Expected("editor", body=PICTURE),
    "POST /api/agents/{agent}/execute": Expected("editor", 409, ASK),  # there is no provider of models
    "POST /api/agents/run/{agent_name}": Expected("editor", 409, ASK),
    "POST /api/agents/{agent}/run": Expected("editor", 202, {}),
    "GET /api/agents/{agent}/runs": READ,
    "GET /api/agents/runs/{run_id}": Expected("viewer", instead=OF_AGENT),
    "GET /api/agents/runs/{run_id}/logs": Expected("viewer", instead=OF_AGENT),
    "POST /api/agents/run/automation": Expected(
        "editor", 201, {"name": "Once", "agent": "code_bot", "prompt": "x", "run_at": "2099-01-01T00:00:00Z"}
    ),
    "GET /api/agents/run/automation-list": READ,
    "GET /api/connections/{connection_id}/models": ASKS_A_SERVICE,
    "GET /api/connections/{connection_id}/tools": ASKS_A_SERVICE,
    "GET /api/connections/{connection_id}/channels": ASKS_A_SERVICE,
    "GET /api/channels": READ,
    "POST /api/channels": Expected("editor", 201, lambda _: {"name": f"room {new_id()}"}),
    "GET /api/channels/{channel_id}": READ,
    "PATCH /api/channels/{channel_id}": Expected("editor", body={"topic": "Leads"}),
    "DELETE /api/channels/{channel_id}": Expected("editor", 204),
    "GET /api/channels/{channel_id}/members": READ,
    "POST /api/channels/{channel_id}/members": Expected("editor", 201, lambda world: {"id": str(world.ids["agent"])}),
    "DELETE /api/channels/{channel_id}/members/{member_id}": Expected("editor", 204),
    "POST /api/channels/{channel_id}/read": Expected("viewer", body={}),
    "GET /api/channels/{channel_id}/messages": READ,
    "POST /api/channels/{channel_id}/messages": Expected("viewer", 201, {"text": "Hello"}),
    "PATCH /api/channels/{channel_id}/messages/{message_id}": Expected(
        "viewer", body={"text": "Hello again"}, personal=NOT_YOURS
    ),
    "DELETE /api/channels/{channel_id}/messages/{message_id}": Expected("admin", 204, lesser=NOT_YOURS),
    "GET /api/messages": Expected("viewer", query="?q=hello"),
    "POST /mcp": Expected("viewer", body={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
    "GET /api/approvals/chat": READ,
    "PUT /api/approvals/chat": Expected(
        "admin", body=lambda world: {"connection_id": str(world.ids["slack_id"]), "channel": "C0123"}
    ),
    "DELETE /api/approvals/chat": Expected("admin", 204),
    "GET /api/approvals": READ,
    "GET /api/approvals/{approval_id}": READ,
    "POST /api/approvals/{approval_id}/approve": Expected("editor", body={}),
    "POST /api/approvals/{approval_id}/reject": Expected("editor", body={}),
    "POST /api/approvals/{approval_id}/answer": Expected("editor", body={"decision": "approve"}),
    "POST /api/approvals/{approval_id}/link": Expected("editor", body=lambda world: {"for": world.owner.email}),
    "POST /api/agents/runs/{run_id}/approve": Expected("editor", body={}, instead=ASKED),
    "POST /api/agents/runs/{run_id}/reject": Expected("editor", body={}, instead=ASKED),
    "GET /api/automations": READ,
    "POST /api/automations": Expected("editor", 201, HAND),
    "GET /api/automations/{automation_id}": READ,
    "PUT /api/automations/{automation_id}": Expected("editor", body=HOOK),
    "PATCH /api/automations/{automation_id}": Expected("editor", body={"enabled": False}),
    "DELETE /api/automations/{automation_id}": Expected("editor", 204),
    "POST /api/automations/{automation_id}/restore": Expected("editor", instead=ON_DELETED),
    "POST /api/automations/{automation_id}/duplicate": Expected("editor", 201),
    "POST /api/automations/{automation_id}/validate": READ,
    "POST /api/automations/{automation_id}/publish": WRITE,
    "GET /api/automations/{automation_id}/versions": READ,
    "GET /api/automations/{automation_id}/versions/{number}": READ,
    "GET /api/automations/{automation_id}/versions/{number}/differences": READ,
    "POST /api/automations/{automation_id}/rollback": Expected("editor", body={"version": 1}),
    "POST /api/automations/{automation_id}/run": Expected("editor", 202, {"payload": 1}, ON_HAND),
    "POST /api/automations/{automation_id}/steps/{step}/test": Expected("editor", body={}),
    "GET /api/automations/{automation_id}/webhook": READ,
    "POST /api/automations/{automation_id}/webhook/rotate": WRITE,
    "GET /api/automations/{automation_id}/capture": READ,
    "POST /api/automations/{automation_id}/capture": WRITE,
    "GET /api/automations/{automation_id}/schedule/preview": Expected("viewer", instead=ON_CLOCK),
    "GET /api/automations/{automation_id}/schedule/history": Expected("viewer", instead=ON_CLOCK),
    "GET /api/automations/{automation_id}/logs": READ,
    "GET /api/automations/logs": READ,
    "POST /api/automations/logs/replay": Expected("editor", body={"filter": {}, "dry_run": True}),
    "GET /api/automations/logs/{log_id}": READ,
    "GET /api/automations/logs/{log_id}/lines": READ,
    "GET /api/automations/logs/{log_id}/definition": READ,
    "GET /api/automations/logs/{log_id}/steps": READ,
    "GET /api/automations/logs/{log_id}/steps/{step_run_id}": READ,
    "GET /api/automations/logs/{log_id}/stream": Expected("viewer", stream=True),
    "POST /api/automations/logs/{log_id}/cancel": Expected("editor", 202),
    "POST /api/automations/logs/{log_id}/replay": Expected("editor", 202, {}, ENDED),
    "GET /api/blobs/{blob_id}": READ,
    "GET /api/catalog": READ,
    "GET /api/catalog/definition": READ,
    "GET /api/deliveries": READ,
    "POST /api/deliveries/{delivery_id}/redeliver": Expected("editor", 202),
    "POST /api/events": Expected("editor", 202, {"type": "agent.message.received"}),
    "GET /api/events/stream": Expected("viewer", stream=True),
    "GET /api/health": Expected("operator"),
    "GET /api/notifications": READ,
    "POST /api/notifications/read": READ,
    "POST /api/notifications/{notification_id}/read": Expected("viewer", personal=NOT_FOUND),
    "POST /api/schedules/preview": Expected("viewer", body={"trigger_config": CLOCK["trigger_config"]}),
}

_LINK = "vul_" + "A" * 43  # that nobody was sent
_NOBODY = {"email": "nobody@example.org", "password": "a long enough one"}

OPEN: dict[str, Open] = {
    "POST /api/webhooks/{webhook_id}": Open(
        "the secret of the webhook", 401, "wrong_secret", {}, frozenset({"deliveries"})
    ),
    "POST /api/agents/webhook/{agent_id}": Open(
        "the secret of the webhook that the agent carries", 401, "wrong_secret", {}, frozenset({"deliveries"})
    ),
    "POST /api/inbound/slack/{connection_id}": Open("Slack's signature", 401, "signature_invalid", {}),
    "POST /api/inbound/slack/{connection_id}/interactive": Open("Slack's signature", 401, "signature_invalid", {}),
    "POST /api/inbound/rocketchat/{connection_id}": Open(
        "the token of the outgoing webhook, of an account of that kind", 404, "connection_not_found", {}
    ),
    "POST /api/auth/register": Open(
        "an open sign-up, or an invitation",
        404,
        "invitation_unknown",
        _NOBODY | {"name": "Nobody", "invitation": "vui_" + "A" * 43},
    ),
    "POST /api/auth/login": Open("the password", 401, "wrong_credentials", _NOBODY, frozenset({"audit_log"})),
    "POST /api/auth/refresh": Open("the cookie of a session", 401, "session_missing"),
    "POST /api/auth/logout": Open("the cookie of a session; without, there is nothing to end", 204),
    "POST /api/auth/password/forgot": Open(
        "the mailbox that a link is sent to", 202, body={"email": "nobody@example.org"}, writes=frozenset({"audit_log"})
    ),
    "POST /api/auth/password/reset": Open(
        "the link", 410, "link_over", {"token": _LINK, "password": "another long enough one"}
    ),
    "GET /api/auth/options": Open("nothing: what the page of sign-in shows", 200),
    "POST /api/auth/email/verify": Open("the link", 410, "link_over", {"token": _LINK}),
    "GET /api/invitations/{token}": Open("the token in the path", 404, "invitation_unknown"),
    "GET /api/approvals/by-token/{token}": Open("the token in the path", 404, "link_unknown"),
    "POST /api/approvals/by-token/{token}": Open("the token in the path", 404, "link_unknown", {"decision": "approve"}),
    "GET /healthz": Open("nothing: a word only", 200),
    "GET /readyz": Open("nothing: a word only, here that no worker runs", 503),
}
