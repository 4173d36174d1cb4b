"""The Claude Code CLI of the installation, for workspaces without a provider of models of their own."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from blocks.program import Program
from core.connections.model import Opened
from core.outgoing.programs import LocalProgram
from core.settings import Settings

_NOBODYS: Final = UUID(int=0)  # it is no connection of any workspace
_TOKEN: Final = "CLAUDE_CODE_OAUTH_TOKEN"  # noqa: S105 - the name of the variable
_QUIET: Final = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}


def allowed(settings: Settings) -> Mapping[str, Program]:
    """The programs that connections may run, by name."""
    claude = settings.claude
    if claude is None:
        return {}
    secrets = {} if claude.token is None else {_TOKEN: claude.token}
    return {"claude": LocalProgram(claude.program, _QUIET, secrets, at_once=claude.at_once)}


def fallback(settings: Settings) -> Opened | None:
    """What is used where a workspace has no provider; None where the operator allows nothing."""
    if settings.claude is None:
        return None
    return Opened(_NOBODYS, "Claude Code CLI", "claude_cli", [], "", {})
