"""What is wrong with the channels and accounts that an automation names, found when it is saved."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from blocks.action import Action
from blocks.connection import Connection as Kind
from blocks.listening import Listens
from blocks.sentences import said
from blocks.triggers.email import EmailConfig
from blocks.triggers.message import MessageConfig
from core.automations.containers import bodies
from core.automations.definition import Definition
from core.automations.templates import is_template
from core.caller import Caller
from core.channels.repository import SEEN
from core.connections import repository as connections
from core.connections.model import ROLES
from core.db import Connection
from core.errors import Finding

_CHANNEL: Final = "channel"  # what the schema of a field calls a channel
_MAIL: Final = "mail_in"
_NO_CHANNEL: Final = "There is no channel {name} in this workspace that you may see."
_NO_MAIL: Final = "The connection {name} is of the kind {kind}, which does not receive mail."
_NO_MESSAGES: Final = "The connection {name} is of the kind {kind}, which does not receive messages."
_ADMINS: Final = "Only admins may use the connection {name}; ask one to save this automation."
_KNOWN: Final = f"""
SELECT reference FROM unnest($4::text[]) AS reference WHERE EXISTS (
    SELECT FROM channels c WHERE c.workspace_id = $1 AND {SEEN} AND (c.id::text = lower(reference)
        OR (c.is_open AND (lower(c.name) = lower(ltrim(reference, '#')) OR c.external_id = reference))))
"""

Kinds = Mapping[str, Kind[Any]]


async def wrong_channels(
    connection: Connection, caller: Caller, definition: Definition, actions: Mapping[str, Action[Any]], kinds: Kinds
) -> list[Finding]:
    """A channel that the caller may not see is as unknown as none."""
    named = [*_of_trigger(definition), *_of_steps(definition, actions)]
    rows = await connection.fetch(
        _KNOWN, caller.workspace_id, caller.user_id, caller.may("admin"), sorted({each for _, each in named})
    ) if named else []  # fmt: skip
    known = {row["reference"] for row in rows}
    return [
        *[
            Finding(at, said(_NO_CHANNEL, name=repr(reference[:100])))
            for at, reference in named
            if reference not in known
        ],
        *await _wrong_account(connection, caller, definition, kinds),
    ]


def _config(definition: Definition) -> MessageConfig | EmailConfig | None:
    """None also for an unfinished draft, whose findings say so."""
    models: dict[str, type[MessageConfig | EmailConfig]] = {"message": MessageConfig, "email": EmailConfig}
    model = models.get(definition.trigger_type or "")
    try:
        return None if model is None else model.model_validate(definition.trigger_config)
    except ValueError:
        return None


def _of_trigger(definition: Definition) -> Iterator[tuple[str, str]]:
    config = _config(definition)
    if isinstance(config, MessageConfig):
        for number, reference in enumerate(config.channels or ()):
            yield f"trigger_config.channels[{number}]", reference


def _of_steps(definition: Definition, actions: Mapping[str, Action[Any]]) -> Iterator[tuple[str, str]]:
    """What steps name as it stands there; what a template gives is looked up when it runs."""
    for body in bodies(definition.actions, actions):
        for index, step in enumerate(body.steps):
            reference = step.config.get("channel")
            action = actions.get(step.type)
            if isinstance(reference, str) and not is_template(reference) and action is not None:
                field = action.Input.model_fields.get("channel")
                extra = None if field is None else field.json_schema_extra
                if isinstance(extra, dict) and extra.get("format") == _CHANNEL:
                    yield body.place(index, "config", "channel"), reference


async def _wrong_account(connection: Connection, caller: Caller, definition: Definition, kinds: Kinds) -> list[Finding]:
    config, at = _config(definition), "trigger_config.connection"
    if config is None:
        return []
    mail = isinstance(config, EmailConfig)
    if config.connection is None:
        return (
            [Finding(at, said("Say which mailbox: a connection that receives mail."))]
            if mail and not config.agent
            else []
        )
    row = (await connections.named(connection, caller.workspace_id, [config.connection])).get(config.connection)
    if row is None:
        return [Finding(at, said("There is no connection {name} in this workspace.", name=config.connection[:100]))]
    kind: object = kinds.get(row.kind)
    if not isinstance(kind, Listens) or not isinstance(kind, Kind) or (kind.purpose == _MAIL) != mail:
        pattern = _NO_MAIL if mail else _NO_MESSAGES
        return [Finding(at, said(pattern, name=row.name, kind=row.kind))]
    if not caller.may(ROLES[row.used_by]):
        return [Finding(at, said(_ADMINS, name=row.name))]
    return []
