"""Vutler as an MCP server: `POST /mcp`, streamable HTTP without sessions, answers in JSON.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http. A tool is an operation of the
REST API and is called as such (`api/inside.py`), so that scopes, roles, workspaces, limits and findings are the same.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api import inside, scopes
from api.caller import Session, SessionDep
from api.mcp_offer import BY_NAME, TOOLS, Offered, misfits, told
from api.problems import documented
from api.same_origin import from_public_address
from api.services import ServicesDep
from blocks import forms
from blocks.values import Json, JsonObject
from core import jsontext
from core.caller import Caller
from core.errors import Forbidden
from core.settings import VERSION

router = APIRouter(tags=["mcp"])

NEWEST: Final = "2025-11-25"
VERSIONS: Final = (NEWEST, "2025-06-18", "2025-03-26")
MOST_TOLD: Final = 512 * 1024  # characters of a result
_MOST_VALUES: Final = 100_000  # in arguments
_NOT_JSON, _NO_REQUEST, _NO_METHOD, _WRONG_PARAMS, _WRONG_VERSION = -32700, -32600, -32601, -32602, -32022
_INSTRUCTIONS: Final = (
    "Vutler runs automations: a trigger and steps. To make one, read get_definition_language and get_catalog, save it"
    " with create_draft, mend what its findings say with edit_draft, and publish it when whom you work for agrees."
)
_EXAMPLE: Final = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


class MessageView(BaseModel):
    """An answer of JSON-RPC 2.0: a `result`, or an `error`."""

    model_config = ConfigDict(json_schema_extra={"example": {"jsonrpc": "2.0", "id": 1, "result": {}}})

    jsonrpc: str
    id: str | int | float | None
    result: dict[str, JsonValue] | None = None
    error: dict[str, JsonValue] | None = Field(default=None, description="`code` and `message`")


class _Wrong(Exception):
    """An error of the protocol, answered with `code`."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


@router.post(
    "/mcp",
    summary="Speak the Model Context Protocol",
    response_model=MessageView,
    responses={
        202: {"description": "A notification was taken."},
        400: {"model": MessageView, "description": "This is no message, or of an unknown version of the protocol."},
        **documented(401, 403, 404, 413, 429),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
        }
    },
)
async def message(
    request: Request,
    session: SessionDep,
    services: ServicesDep,
    origin: Annotated[str | None, Header(description="of a page; none but Vutler's own is let in")] = None,
    version: Annotated[str | None, Header(alias="MCP-Protocol-Version")] = None,
) -> Response:
    """One message a request (see docs/mcp.md). A token sees the tools that its scopes and its owner's role allow."""
    if origin is not None and not from_public_address(origin, services.settings.public_url):
        raise Forbidden("cross_site", "This comes from another site, and is only taken from programs and own pages.")
    ident: Json = None
    try:
        said = _read(await request.body())
        ident = said.get("id")
        method = said.get("method")
        if not isinstance(method, str):
            if "result" in said or "error" in said:  # we ask nothing
                return Response(status_code=202)
            raise _Wrong(_NO_REQUEST, "This is no message of JSON-RPC 2.0: it has no method.")
        if version is not None and version not in VERSIONS:
            data: Json = {"supported": [*VERSIONS], "requested": version[:40]}
            raise _Wrong(_WRONG_VERSION, f"This server speaks {', '.join(VERSIONS)}.", data)
        if "id" not in said:
            return Response(status_code=202)
        if type(ident) not in (str, int, float):
            ident = None
            raise _Wrong(_NO_REQUEST, "The id of a request is a text or a number.")
        params = said.get("params", {})
        if not isinstance(params, dict):
            raise _Wrong(_WRONG_PARAMS, "The params of a request are an object.")
        return _answered({"jsonrpc": "2.0", "id": ident, "result": await _result(request, session, method, params)})
    except _Wrong as error:
        wrong: JsonObject = {"code": error.code, "message": error.message}
        if error.data is not None:
            wrong["data"] = error.data
        bad = error.code in (_NOT_JSON, _NO_REQUEST, _WRONG_VERSION)
        return _answered({"jsonrpc": "2.0", "id": ident, "error": wrong}, 400 if bad else 200)


async def _result(request: Request, session: Session, method: str, params: JsonObject) -> Json:
    match method:
        case "initialize":
            asked = params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in VERSIONS else NEWEST,
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": "vutler", "title": "Vutler", "version": VERSION},
                "instructions": _INSTRUCTIONS,
            }
        case "ping":
            return {}
        case "tools/list":
            return {"tools": [each.listed() for each in TOOLS if _may(session.caller, each)]}
        case "tools/call":
            return await _called(request, session, params)
        case _:
            raise _Wrong(_NO_METHOD, f"There is no method {method[:80]!r} here.")


def _may(caller: Caller, tool: Offered) -> bool:
    return caller.may(tool.role) and scopes.allows(caller, tool.method, tool.path)


async def _called(request: Request, session: Session, params: JsonObject) -> JsonObject:
    name, arguments = params.get("name"), params.get("arguments")
    tool = BY_NAME.get(name) if isinstance(name, str) else None
    if tool is None:
        raise _Wrong(_WRONG_PARAMS, f"There is no tool {str(name)[:80]!r}; tools/list names them.")
    if not isinstance(arguments, dict | None):
        raise _Wrong(_WRONG_PARAMS, "The arguments of a tool are an object.")
    given: JsonObject = {
        each: value for each, value in (arguments or {}).items() if value is not None or each == "payload"
    }
    faults = list(forms.faults(tool.schema, given, most=_MOST_VALUES))
    if faults:
        return _content(misfits(faults), None, wrong=True)
    answer = await inside.ask(request, session, tool.call(given))
    if not answer.ok:
        problem: dict[str, Any] = answer.value if isinstance(answer.value, dict) else {}
        return _content(told(problem), problem, wrong=True)
    value = tool.shown(given, answer.value)
    text = jsontext.dump_text(value)
    if len(text) > MOST_TOLD:
        return _content("The result is too large to be told; ask for less (limit, name, one run).", None, wrong=True)
    return _content(text, value if isinstance(value, dict) else None, wrong=False)


def _content(text: str, value: JsonObject | None, *, wrong: bool) -> JsonObject:
    result: JsonObject = {"content": [{"type": "text", "text": text}], "isError": wrong}
    if value is not None:
        result["structuredContent"] = value
    return result


def _read(body: bytes) -> JsonObject:
    try:
        said = jsontext.parse(body)
    except jsontext.NotJson as error:
        raise _Wrong(_NOT_JSON, f"This is not valid JSON: {error}.") from error
    if not isinstance(said, dict):
        raise _Wrong(_NO_REQUEST, "Send one message, an object of JSON-RPC 2.0.")
    return said


def _answered(value: JsonObject, status: int = 200) -> Response:
    return Response(jsontext.dump(value), status, media_type="application/json")
