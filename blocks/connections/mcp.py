"""A server of tools that speaks the Model Context Protocol over streamable HTTP."""

from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from blocks.action import Http
from blocks.connection import TEST_S, Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput
from blocks.mcp_tools import McpTools
from blocks.values import Json

_NAMED = 5  # tools in what a test says


class McpFields(ConnectionFields):
    url: str = Field(
        min_length=1, max_length=2048, title="Address of the server", examples=["https://mcp.example.com/mcp"]
    )
    token: SecretStr | None = Field(
        default=None, max_length=8192, title="Token", description="sent as “Authorization: Bearer …”",
        json_schema_extra={"writeOnly": True},
    )  # fmt: skip
    header: str | None = Field(
        default=None, max_length=128, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", title="Name of a header of its own",
        examples=["X-Api-Key"],
    )  # fmt: skip
    value: SecretStr | None = Field(
        default=None, max_length=8192, title="Value of that header", json_schema_extra={"writeOnly": True}
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.header is None) != (self.value is None):
            raise ValueError("give the name of a header and its value, or neither")
        return self


class Mcp(Connection[McpFields]):
    name = "mcp"
    purpose = "mcp"
    title: ClassVar[dict[str, str]] = {"en": "MCP server", "fr": "Serveur MCP"}
    description: ClassVar[dict[str, str]] = {
        "en": "A server of tools that speaks the Model Context Protocol (streamable HTTP).",
        "fr": "Un serveur d’outils qui parle le Model Context Protocol (streamable HTTP).",
    }
    Fields = McpFields
    example: ClassVar[dict[str, Json]] = {
        "url": "https://mcp.example.com/mcp", "token": "the token", "header": "X-Api-Key", "value": "the key",
    }  # fmt: skip

    def hosts_of(self, fields: McpFields) -> tuple[str, ...]:
        try:
            place = urlsplit(fields.url)
            port = place.port
        except ValueError:
            return ()
        name = place.hostname or ""
        host = f"[{name}]" if ":" in name else name
        return (host if port is None else f"{host}:{port}",)

    async def sign(self, fields: McpFields, lender: Lender) -> dict[str, str]:
        token, value = fields.revealed("token"), fields.revealed("value")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return headers | ({fields.header: value} if fields.header and value else {})

    def service(self, fields: McpFields, way: Way) -> McpTools:
        return McpTools(way, fields.url)

    async def test(self, fields: McpFields, http: Http, lender: Lender) -> str:
        raise InvalidInput("connection_not_testable", "This kind is tested by its list of tools.")

    async def test_by(self, fields: McpFields, way: Way, lender: Lender) -> str:
        found = await self.service(fields, way).tools(timeout_s=TEST_S, fresh=True)
        names = ", ".join(each.name for each in found.tools[:_NAMED])
        more = len(found.tools) - _NAMED
        told = f": {names}{f' and {more} more' if more > 0 else ''}" if names else ""
        return f"The server answered and offers {len(found.tools)} tools{told}."
