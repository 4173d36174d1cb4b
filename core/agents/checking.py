"""What is wrong with what somebody sets of an agent: each a finding at its field."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from blocks import registry
from blocks.sentences import reason, said
from core.agents.model import RESERVED, AgentMail, GivenTool
from core.caller import Caller
from core.channels import repository as channels
from core.connections import hosts
from core.connections import repository as connections
from core.connections.model import ROLES, ConnectionRow
from core.db import Connection
from core.errors import Finding
from core.places import place
from core.sentences import sentence

_MOST_TOOLS: Final = 50


def wrong_slug(slug: str) -> list[Finding]:
    return (
        [Finding("slug", said("The slug {slug} is reserved; choose another.", slug=slug))] if slug in RESERVED else []
    )


async def usable(
    connection: Connection, caller: Caller, at: str, reference: object, purpose: str | None
) -> tuple[ConnectionRow | None, list[Finding]]:
    """The connection that is named by id or name, and what is wrong with naming it."""
    if reference is None:
        return None, []
    row = (await connections.named(connection, caller.workspace_id, [str(reference)])).get(str(reference))
    if row is None:
        return None, [Finding(at, said("There is no connection {name} in this workspace.", name=str(reference)[:100]))]
    kinds = registry.connections_for(purpose)
    if row.kind not in kinds:
        message = said(
            "The connection {name} is of the kind {kind}; this takes {kinds}.",
            name=row.name, kind=row.kind, kinds=", ".join(kinds) or said("none"),
        )  # fmt: skip
        return None, [Finding(at, message)]
    if not caller.may(ROLES[row.used_by]):
        return None, [
            Finding(at, said("Only admins may use the connection {name}; ask one to save this agent.", name=row.name))
        ]
    return row, []


async def wrong_channels(
    connection: Connection, caller: Caller, wanted: Sequence[str], former: Sequence[str]
) -> list[Finding]:
    """Rooms that it was in before stay, also those that the caller doesn't see."""
    admin = caller.may("admin")
    return [
        Finding(
            f"channels[{number}]", said("There is no channel {name} in this workspace that you may see.", name=each)
        )
        for number, each in enumerate(wanted)
        if each not in former
        and await channels.find(connection, caller.workspace_id, UUID(each), caller.user_id, admin=admin) is None
    ]


async def wrong_mail(connection: Connection, caller: Caller, mail: AgentMail | None) -> list[Finding]:
    findings: list[Finding] = []
    for name, purpose in (("inbox", "mail_in"), ("account", "mail_out")):
        findings += (await usable(connection, caller, f"email.{name}", getattr(mail, name, None), purpose))[1]
    return findings


async def wrong_tools(connection: Connection, caller: Caller, tools: Sequence[GivenTool]) -> list[Finding]:
    findings: list[Finding] = []
    if len(tools) > _MOST_TOOLS:
        findings.append(Finding("tools", said("An agent has at most {most} tools.", most=_MOST_TOOLS)))
    for number, given in enumerate(tools[:_MOST_TOOLS]):
        tool, at = registry.tools().get(given.tool), f"tools[{number}]"
        if tool is None:
            known = ", ".join(registry.tools())
            findings.append(
                Finding(
                    f"{at}.tool",
                    said("There is no tool {name} here; there are {known}.", name=repr(given.tool), known=known),
                )
            )
            continue
        try:
            tool.Settings.model_validate(given.settings)
        except ValidationError as error:
            findings += [
                Finding(f"{at}.{place(('settings', *each['loc']))}", sentence(each))
                for each in error.errors(include_url=False)
            ]
        for place_, text in enumerate(_listed(given.settings.get("hosts"))):
            try:
                hosts.normal(text)
            except hosts.BadPattern as error:
                findings.append(Finding(f"{at}.settings.hosts[{place_}]", reason(error)))
        reference = given.settings.get("connection")
        if tool.connection is not None and reference is not None:
            where = f"{at}.settings.connection"
            findings += (await usable(connection, caller, where, reference, tool.connection))[1]
    return findings


def _listed(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
