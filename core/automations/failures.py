"""What an automation asks for when its runs fail (`policy.on_failure`): another automation, and an alert."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.sentences import said
from blocks.values import Json, JsonObject
from core.alerts.raising import Alarm, raise_alert
from core.automations.definition import PRIORITIES, Definition
from core.automations.ended import Ended
from core.automations.model import Rule
from core.db import Connection
from core.errors import Finding
from core.notifications.words import Message
from core.runs.accept import NewRun
from core.runs.postscript import add_line

AT: Final = "policy.on_failure.automation"
TRIGGER_TYPE: Final = "automation"
FAILING: Final = "failing"
_LONGEST_ERROR: Final = 500  # characters of it in an alert

_TARGET = """
SELECT r.id, r.name, r.enabled, r.deleted_at IS NOT NULL AS deleted, r.paused_at IS NOT NULL AS paused,
       r.live_version, coalesce(v.definition->'policy', '{}') AS policy
FROM automation_rules r LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
WHERE r.id = $1 AND r.workspace_id = $2
"""
_STARTED = "SELECT EXISTS (SELECT FROM automation_logs WHERE root_id = $1 AND parent_id = $2 AND rule_id = $3)"

# Runs that work at the same time end in any order, so younger ones than this count as well; but a long queue of them is
# not walked through.
_LATEST = """
SELECT id, status FROM (
    (SELECT id, status FROM automation_logs WHERE rule_id = $1 AND id > $2 ORDER BY id LIMIT 1000)
    UNION ALL
    (SELECT id, status FROM automation_logs WHERE rule_id = $1 AND id <= $2 AND status IN ('success', 'failed')
     ORDER BY id DESC LIMIT $3)
) near WHERE status IN ('success', 'failed') ORDER BY id DESC LIMIT $3
"""
_LAST_ALERT = "SELECT id, run_id FROM alerts WHERE rule_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1"
_SUCCESS_SINCE = """
SELECT EXISTS (SELECT FROM automation_logs WHERE rule_id = $1 AND id > $2 AND id <= $3 AND status = 'success')
"""
_GOES_ON = """
UPDATE alerts SET run_id = $2, count = count + CASE WHEN resolved_at IS NULL THEN 1 ELSE 0 END,
    last_at = CASE WHEN resolved_at IS NULL THEN now() ELSE last_at END
WHERE id = $1
"""

_ASLEEP: Final = {
    "is deleted": "{name} is deleted: until that changes it will not be started.",
    "was never published": "{name} was never published: until that changes it will not be started.",
    "is paused, since it ran too often": "{name} is paused, since it ran too often: until that changes it will not be"
    " started.",
    "is switched off": "{name} is switched off: until that changes it will not be started.",
}


@dataclass(frozen=True, slots=True)
class _Target:
    """The automation that is named as the error automation of another one."""

    id: UUID
    name: str
    enabled: bool
    deleted: bool
    paused: bool
    live_version: int | None
    policy: JsonObject

    @property
    def asleep(self) -> str | None:
        """Why it can't be started now; None when it can."""
        if self.deleted:
            return "is deleted"
        if self.live_version is None:
            return "was never published"
        if self.enabled:
            return None
        return "is paused, since it ran too often" if self.paused else "is switched off"


async def findings(connection: Connection, rule: Rule, definition: Definition) -> list[Finding]:
    """What is wrong with the error automation that `definition` names: a foreign one is as unknown as none."""
    named = definition.policy.on_failure.automation
    if _id(named) is None:  # none, or no id at all, which was found before
        return []
    if _id(named) == rule.id:
        return [Finding(AT, said("An automation can't be its own error automation: name another one."))]
    target = await _target(connection, rule.workspace_id, named)
    if target is None or target.deleted:
        return [Finding(AT, said("There is no automation {name} in this workspace.", name=named))]
    if target.asleep:
        return [Finding(AT, said(_ASLEEP[target.asleep], name=target.name), "warning")]
    return []


async def error_run(connection: Connection, ended: Ended, data: JsonObject) -> NewRun | None:
    """The run of the error automation of a run that failed; None where there is none to start, or it was started.

    Where one is named that can't be started, the log of the failed run says why.
    """
    named = ended.on_failure.get("automation")
    if named is None:
        return None
    target = await _target(connection, ended.workspace_id, named)
    if target is None or target.id == ended.rule_id or target.live_version is None or target.asleep:
        await add_line(connection, ended.id, "warning", f"No error automation was started: {_why(ended, target)}.")
        return None
    if await connection.fetchval(_STARTED, ended.root_id, ended.id, target.id):
        return None
    run = NewRun(
        workspace_id=ended.workspace_id,
        rule_id=target.id,
        version=target.live_version,
        trigger_type=TRIGGER_TYPE,
        data=data,
        lane=str(target.policy.get("lane") or "warm"),
        priority=PRIORITIES.get(str(target.policy.get("priority")), 0),
        refused="kept",
    )
    return ended.child(run)


async def alert_when_failing(connection: Connection, ended: Ended, public_url: str) -> None:
    """Raise the alert that is asked for once as many runs as `alert_after` failed in a row; what fails after that
    counts it up, and only a success in between makes it due again, whether or not somebody resolved it."""
    after = ended.on_failure.get("alert_after")
    if not isinstance(after, int):
        return
    latest = await connection.fetch(_LATEST, ended.rule_id, ended.id, after)
    newest = latest[0]["id"]
    last = await connection.fetchrow(_LAST_ALERT, ended.rule_id, FAILING)
    if last is not None:
        if ended.id <= last["run_id"]:  # it belongs to what the alert tells of
            return
        if not await connection.fetchval(_SUCCESS_SINCE, ended.rule_id, last["run_id"], newest):
            await connection.execute(_GOES_ON, last["id"], newest)
            return
    if len(latest) < after or any(row["status"] != "failed" for row in latest):
        return
    error = ended.error[:_LONGEST_ERROR] if ended.error else None
    args: JsonObject = {
        "automation": ended.rule_name, "runs": after, "error": error, "error_code": ended.error_code,
    }  # fmt: skip
    alarm = Alarm(
        workspace_id=ended.workspace_id,
        kind=FAILING,
        severity="error",
        message=Message("keeps_failing" if after > 1 else "failed", args),
        rule_id=ended.rule_id,
        run_id=newest,
        facts={
            "in_a_row": after,
            "automation": ended.rule_name,
            "error": error or "no reason was recorded",
            "error_code": ended.error_code,
            "error_step": ended.error_step,
            "link": ended.link(public_url),
        },
    )
    await raise_alert(connection, alarm, tell_again=True)
    row = "This run failed" if after == 1 else f"This was failure {after} in a row"
    await add_line(connection, ended.id, "warning", f"{row}: an alert was raised.")


async def _target(connection: Connection, workspace_id: UUID, named: Json) -> _Target | None:
    target_id = _id(named)
    row = None if target_id is None else await connection.fetchrow(_TARGET, target_id, workspace_id)
    return None if row is None else _Target(**row)


def _why(ended: Ended, target: _Target | None) -> str:
    if target is None:
        return f"there is no automation {ended.on_failure.get('automation')} in this workspace"
    if target.id == ended.rule_id:
        return "an automation can't be its own error automation"
    return f"{target.name} {target.asleep}"


def _id(named: Json) -> UUID | None:
    try:
        return UUID(str(named)) if named is not None else None
    except ValueError:
        return None
