"""The published schema: FastAPI's, completed by what holds for every operation; and the page that shows it."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from pydantic.json_schema import models_json_schema

from api.pages import BUILT, page
from api.problems import Problem, documented
from core.settings import VERSION

router = APIRouter()

JsonSchema = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_DESCRIPTION: Final = (
    "Create AI agents and automations, run them on triggers and schedules, see exactly what happened.\n\n"
    "Errors are RFC 9457 problems (`application/problem+json`). Every answer carries `X-Request-Id`. When the database"
    " is away, everything answers 503 with `Retry-After`."
)


def publish(app: FastAPI) -> None:
    """Serve the completed schema as the application's own."""
    made: list[JsonSchema] = []

    def schema() -> JsonSchema:
        if not made:
            made.append(_complete(app))
        return made[0]

    app.openapi = schema  # type: ignore[method-assign]


def operations(schema: JsonSchema) -> Iterator[tuple[str, str, JsonSchema]]:
    """Method, path template and operation of each."""
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def _complete(app: FastAPI) -> JsonSchema:
    schema = get_openapi(
        title="Vutler", version=VERSION, summary="The REST contract", description=_DESCRIPTION, routes=app.routes
    )
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    _, definitions = models_json_schema([(Problem, "serialization")], ref_template=_REF)
    components.update(definitions["$defs"])
    for _, _, operation in operations(schema):
        answers = operation.setdefault("responses", {})
        if "HTTPValidationError" in str(answers.get("422", "")):
            answers.update({str(status): each for status, each in documented(422).items()})
        for status, each in documented(*_everywhere(operation)).items():
            answers.setdefault(str(status), each)
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return schema


def _everywhere(operation: JsonSchema) -> list[int]:
    """What every operation of its kind may answer: 429 to a flood, 404 to who is no member of the workspace named."""
    secured = [401, 404] if operation.get("security") else []
    with_body = [413, 422] if "requestBody" in operation else []
    return [*secured, *with_body, 429, 500, 503]


@router.get("/api/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Swagger UI; where the user interface is not built, the operations at a glance."""
    if (BUILT / "docs.html").is_file():
        return await page(request, "docs.html")
    schema = request.app.openapi()
    rows = "".join(
        f"<tr><td><code>{method}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation.get('summary', ''))}</td></tr>"
        for method, path, operation in operations(schema)
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Vutler API</title></head><body>'
        f'<h1>Vutler API {escape(VERSION)}</h1><p>The whole contract: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>'
        f"<table><thead><tr><th>Method</th><th>Path</th><th></th></tr></thead><tbody>{rows}</tbody></table></body></html>"
    )
