"""What Vutler offers as an MCP server: tools, each of them one operation of the REST API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from api.inside import Call
from blocks.values import Json, JsonObject
from core.places import place

_ID: Final[JsonObject] = {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
_LIMIT: Final[JsonObject] = {"type": "integer", "minimum": 1, "maximum": 100, "description": "20 by default"}
_CURSOR: Final[JsonObject] = {"type": "string", "maxLength": 200, "description": "next_cursor of the page before"}
_DEFINITION: Final[JsonObject] = {
    "type": "object",
    "description": "name, description, trigger_type, trigger_config, actions, policy: see get_definition_language",
}
_ETAG: Final[JsonObject] = {
    "type": "string", "pattern": '^"[0-9]{1,9}"$',
    "description": "the etag that you read; refused when somebody saved since",
}  # fmt: skip


def _named(schema: JsonObject, description: str) -> JsonObject:
    return {**schema, "description": description}


def _same(_arguments: JsonObject, value: Json) -> Json:
    return value


def _without_secret(_arguments: JsonObject, value: Json) -> Json:
    """The secret of a webhook is shown once, to a person: not to a model."""
    hook = value.get("webhook") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(hook, dict) or hook.get("secret") is None:
        return value
    return {**value, "webhook": {**hook, "secret": None}}


def _catalog(arguments: JsonObject, value: Json) -> Json:
    """Names and sentences; of one that is asked for by its name, everything."""
    if not isinstance(value, dict):
        return value
    wanted = arguments.get("name")
    found: JsonObject = {}
    for group, entries in value.items():
        rows = [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
        if wanted is not None:
            found[group] = [each for each in rows if each.get("name") == wanted]
        else:
            shown = ("name", "title", "description", "sentence", "connection", "purpose")
            found[group] = [{name: each[name] for name in shown if name in each} for each in rows]
    return found


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool. Arguments go into the path where it names them, into `body` or the headers where these do, and else into
    the query. `whole`: the argument that is the body.
    """

    name: str
    title: str
    description: str
    method: str
    path: str
    arguments: Mapping[str, JsonObject] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    body: tuple[str, ...] | None = None
    whole: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    role: str = "viewer"
    reads: bool = True
    shown: Callable[[JsonObject, Json], Json] = _same

    @property
    def schema(self) -> JsonObject:
        return {
            "type": "object",
            "properties": dict(self.arguments),
            "required": [*self.required],
            "additionalProperties": False,
        }

    def listed(self) -> JsonObject:
        """As `tools/list` has it."""
        hints: JsonObject = {"readOnlyHint": self.reads, "openWorldHint": False}
        if not self.reads:
            hints |= {"destructiveHint": False, "idempotentHint": False}
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.schema,
            "annotations": {"title": self.title, **hints},
        }

    def call(self, arguments: JsonObject) -> Call:
        """The operation for these arguments, which fit the schema."""
        ids = {name: str(value) for name, value in arguments.items() if f"{{{name}}}" in self.path}
        given = {name: value for name, value in arguments.items() if name not in ids}
        headers: dict[str, str] = {}
        for name, header in (("etag", "If-Match"), ("idempotency_key", "Idempotency-Key")):
            if name in given:
                headers[header] = str(given.pop(name))
        body: Json = None
        if self.whole is not None:
            body = given.pop(self.whole, None)
        elif self.body is not None:
            body = {name: given.pop(name) for name in self.body if name in given}
        query = dict(self.query) | {name: _plain(value) for name, value in given.items()}
        return Call(self.method, self.path, ids, query, headers, body)


def _plain(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _by_id(what: str, name: str = "automation_id") -> dict[str, JsonObject]:
    return {name: _named(_ID, what)}


_AUTOMATION: Final = "/api/automations/{automation_id}"
_PAGE: Final[dict[str, JsonObject]] = {"limit": _LIMIT, "cursor": _CURSOR}

TOOLS: Final[tuple[Offered, ...]] = (
    Offered(
        "get_catalog", "Catalogue of steps and triggers",
        "What automations are made of: actions, triggers and kinds of connections. Give a name (such as http) to get"
        " its JSON Schemas and an example.",
        "GET", "/api/catalog", {"name": {"type": "string", "maxLength": 100}}, shown=_catalog,
    ),
    Offered(
        "get_definition_language", "Definition language",
        "The JSON Schema of an automation with an example. Read it before you write one.",
        "GET", "/api/catalog/definition",
    ),
    Offered(
        "list_automations", "List automations", "The workspace's automations, the newest first.",
        "GET", "/api/automations",
        {"status": {"type": "string", "enum": ["active", "inactive", "draft"]},
         "search": {"type": "string", "maxLength": 200, "description": "in names and descriptions"},
         "trigger_type": {"type": "string", "maxLength": 40}, **_PAGE},
        query={"limit": "20"},
    ),
    Offered(
        "get_automation", "Read an automation",
        "The draft of an automation with its triggers, next times, findings and etag.",
        "GET", _AUTOMATION, _by_id("id of an automation"), ("automation_id",), shown=_without_secret,
    ),
    Offered(
        "create_draft", "Create a draft",
        "Save a new automation as a draft: nothing runs until it is published. What is still wrong comes back as"
        " findings. The secret of a webhook is not shown here; a person makes one in Vutler.",
        "POST", "/api/automations", {"definition": _DEFINITION}, ("definition",), whole="definition",
        query={"as_draft": "true"}, role="editor", reads=False, shown=_without_secret,
    ),
    Offered(
        "edit_draft", "Change a draft",
        "Change parts of an automation's draft (JSON Merge Patch); what is live stays as it is until it is published.",
        "PATCH", _AUTOMATION,
        {**_by_id("id of an automation"), "changes": _named(_DEFINITION, "the parts with their new values"),
         "etag": _ETAG},
        ("automation_id", "changes"), whole="changes", query={"as_draft": "true"}, role="editor", reads=False,
        shown=_without_secret,
    ),
    Offered(
        "validate_automation", "Validate an automation",
        "Every finding of a definition, or of the stored draft when none is given. Nothing is saved.",
        "POST", f"{_AUTOMATION}/validate", {**_by_id("id of an automation"), "definition": _DEFINITION},
        ("automation_id",), whole="definition",
    ),
    Offered(
        "publish_automation", "Publish a draft", "Make the draft the live version: from then on its triggers start it.",
        "POST", f"{_AUTOMATION}/publish",
        {**_by_id("id of an automation"), "note": {"type": "string", "maxLength": 500, "description": "what changed"},
         "etag": _ETAG},
        ("automation_id",), body=("note",), role="editor", reads=False, shown=_without_secret,
    ),
    Offered(
        "run_automation", "Run an automation",
        "Start the live version now, with all its effects, and wait for its result up to `wait` seconds.",
        "POST", f"{_AUTOMATION}/run",
        {**_by_id("id of an automation"), "payload": {"description": "trigger.data of the run"},
         "wait": {"type": "integer", "minimum": 0, "maximum": 30, "description": "0 by default"},
         "idempotency_key": {"type": "string", "pattern": "^[!-~]{1,200}$",
                             "description": "the same key within 24 hours starts one run"}},
        ("automation_id",), body=("payload",), role="editor", reads=False,
    ),
    Offered(
        "list_runs", "List runs", "Runs of the workspace or of one automation, the newest first.",
        "GET", "/api/automations/logs",
        {**_by_id("only of this automation"),
         "status": {"type": "string", "enum": ["queued", "running", "waiting", "success", "failed", "cancelled",
                                               "skipped"]},
         "q": {"type": "string", "maxLength": 200, "description": "in inputs, outputs and errors"}, **_PAGE},
        query={"limit": "20"},
    ),
    Offered(
        "get_run", "Inspect a run", "What a run did, step by step: inputs, outputs, errors, and why it waits.",
        "GET", "/api/automations/logs/{log_id}", {"log_id": _named(_ID, "id of a run")}, ("log_id",),
    ),
    Offered(
        "get_run_lines", "Read a run's log", "The log lines of a run.",
        "GET", "/api/automations/logs/{log_id}/lines", {"log_id": _named(_ID, "id of a run"), **_PAGE}, ("log_id",),
        query={"limit": "50"},
    ),
    Offered(
        "list_approvals", "List questions to people", "What runs asked people, the newest first.",
        "GET", "/api/approvals",
        {"state": {"type": "string", "enum": ["pending", "approved", "rejected", "done", "repeat", "cancel",
                                              "expired", "withdrawn"]},
         "mine": {"type": "boolean", "description": "only those that are put to you"},
         "run_id": _ID, "automation_id": _ID, **_PAGE},
        query={"limit": "20"},
    ),
    Offered(
        "answer_approval", "Answer a question",
        "Approve or reject what a run asks. Answer only what the person you work for told you to.",
        "POST", "/api/approvals/{approval_id}/answer",
        {"approval_id": _named(_ID, "id of a question"),
         "decision": {"type": "string", "enum": ["approve", "reject", "done", "repeat", "cancel"],
                      "description": "done, repeat and cancel are for steps in doubt"},
         "comment": {"type": "string", "maxLength": 2000},
         "values": {"type": "object", "description": "what its form asks for"}},
        ("approval_id", "decision"), body=("decision", "comment", "values"), reads=False,
    ),
    Offered(
        "list_agents", "List agents", "The workspace's agents: steps of the type agent name one of them by its slug.",
        "GET", "/api/agents", _PAGE, query={"limit": "20"},
    ),
    Offered(
        "list_channels", "List channels", "Channels in which agents listen and steps post.",
        "GET", "/api/channels", _PAGE, query={"limit": "20"},
    ),
    Offered(
        "list_connections", "List connections", "Saved accounts that steps can name, without their secrets.",
        "GET", "/api/connections", _PAGE, query={"limit": "20"},
    ),
)  # fmt: skip

BY_NAME: Final[Mapping[str, Offered]] = {each.name: each for each in TOOLS}


def told(problem: Mapping[str, Any]) -> str:
    """A problem in words for a model."""
    lines = [str(problem.get("detail", "This did not work."))]
    for each in problem.get("errors") or []:
        at, message = str(each.get("at", "")), str(each.get("message", ""))
        lines.append(f"- {at}: {message}" if at else f"- {message}")
    return "\n".join(lines)


def misfits(faults: list[tuple[tuple[str | int, ...], str]]) -> str:
    """Arguments that don't fit, in words."""
    return "\n".join(["These arguments do not fit:", *(f"- {place(at) or 'arguments'}: {text}" for at, text in faults)])
