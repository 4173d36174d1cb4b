"""Automations as the API shows them, with the examples of the documentation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from blocks.words import Language
from core.automations.model import Summary, Version
from core.automations.service import Detail, Listed, Webhook, errors
from core.automations.words import Words
from core.errors import Finding
from core.sentences import in_language

Status = Literal["draft", "active", "inactive", "deleted"]

_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02"
_USER: Final = "0199c2a4-7a1e-7cc3-9f0e-0a1b2c3d4e5f"
_TIME: Final = "2026-11-20T09:00:00Z"
DOCUMENT_EXAMPLE: Final[dict[str, object]] = {
    "name": "Lead to CRM",
    "description": "Each lead that arrives is sent to the CRM.",
    "trigger_type": "webhook",
    "trigger_config": {"dedupe": {"from": "header", "name": "X-Event-Id"}},
    "actions": [
        {
            "id": "send",
            "type": "http",
            "config": {
                "method": "POST",
                "url": "https://crm.example.com/leads",
                "json": {"email": "{{ trigger.data.lead.email }}"},
            },
        },
        {"id": "result", "type": "transform", "config": {"value": {"crm_id": "{{ steps.send.output.body.id }}"}}},
    ],
}
_STEP_DEFAULTS: Final = {
    "join": "all",
    "retry": None,
    "timeout_s": None,
    "on_error": "fail",
    "approval_required": False,
    "in_doubt": None,
}
_POLICY_EXAMPLE: Final = {
    "max_duration_s": 900,
    "overlap": "allow",
    "concurrency_key": None,
    "priority": "normal",
    "catch_up": "latest",
    "catch_up_max_age_s": 86400,
    "lane": "warm",
    "on_failure": {"automation": None, "alert_after": None},
}
_SUMMARY_EXAMPLE: Final[dict[str, object]] = {
    "id": _ID,
    "name": "Lead to CRM",
    "description": "Each lead that arrives is sent to the CRM.",
    "trigger_type": "webhook",
    "status": "active",
    "enabled": True,
    "live_version": 1,
    "last_run_at": _TIME,
    "last_run_status": "success",
    "last_run_id": "0199c2a4-7a1e-7cc3-9f0e-6f1e2d3c4b5a",
    "run_count": 40,
    "next_run_at": None,
    "created_at": _TIME,
    "updated_at": _TIME,
    "created_by": _USER,
    "updated_by": _USER,
    "deleted_at": None,
    "paused": None,
    "switched_at": None,
    "switched_by": None,
}
_WEBHOOK_EXAMPLE: Final = {
    "id": "kX2v9ZrQ0aYb3mTn5LcWd7EfGh1JsUoP",
    "url": "https://vutler.example.com/api/webhooks/kX2v9ZrQ0aYb3mTn5LcWd7EfGh1JsUoP",
}
DETAIL_EXAMPLE: Final[dict[str, object]] = {
    **_SUMMARY_EXAMPLE,
    "trigger_config": DOCUMENT_EXAMPLE["trigger_config"],
    "actions": [
        {
            "id": "send",
            "type": "http",
            "config": {"method": "POST", "url": "https://crm.example.com/leads"},
            "needs": [],
            **_STEP_DEFAULTS,
        }
    ],
    "policy": _POLICY_EXAMPLE,
    "layout": {},
    "revision": 1,
    "etag": '"1"',
    "draft_changed": False,
    "webhook": _WEBHOOK_EXAMPLE,
    "schedules": [],
    "findings": [],
    "sentence": "When a webhook arrives, send a POST to crm.example.com.",
    "step_sentences": {"send": "send a POST to crm.example.com"},
}
CREATED_EXAMPLE: Final = {**DETAIL_EXAMPLE, "webhook": {**_WEBHOOK_EXAMPLE, "secret": "whs_8mF0...shown only now"}}


def _with_example(example: object) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": example})  # type: ignore[dict-item]


class FindingView(BaseModel):
    """One thing that is wrong: errors stop publishing, warnings do not."""

    at: str = Field(description="where, such as `actions[1].config.url`")
    message: str = Field(description="in the language of Accept-Language")
    severity: Literal["error", "warning"]

    @classmethod
    def of(cls, finding: Finding, language: Language) -> Self:
        message = in_language(finding.message, language)
        return cls.model_validate({"at": finding.at, "message": message, "severity": finding.severity})


class WebhookView(BaseModel):
    id: str
    url: str = Field(description="POST events here, with the secret in the header X-Webhook-Secret or as ?secret=")


class NewWebhookView(WebhookView):
    secret: str = Field(description="only in the answer of the write that made it; keep it")


class ScheduleView(BaseModel):
    cron: str | None = None
    timezone: str | None = None
    every_s: int | None = None
    run_at: datetime | None = None
    next_times: list[datetime] = Field(description="the next due times, UTC")


class PausedView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    at: datetime
    reason: str = Field(description="in the language of Accept-Language")
    code: str | None = Field(description="of the reason: too_many_runs, rate; null of older ones")


class SummaryView(BaseModel):
    model_config = _with_example(_SUMMARY_EXAMPLE)

    id: UUID
    name: str
    description: str | None
    trigger_type: str | None
    status: Status = Field(description="draft until first published, then active or inactive; deleted in that list")
    enabled: bool
    live_version: int | None = Field(description="the version that runs; null until first published")
    last_run_at: datetime | None
    last_run_status: str | None
    last_run_id: UUID | None = Field(description="of the run that ended last; history may have forgotten it")
    run_count: int
    next_run_at: datetime | None = Field(description="of the live schedule")
    created_at: datetime
    updated_at: datetime
    created_by: UUID | None
    updated_by: UUID | None
    deleted_at: datetime | None
    switched_at: datetime | None = Field(
        description="when it was last switched on or off; null: never since it was made"
    )
    switched_by: str | None = Field(
        description="a user's id, or `operator via Prefect`: its deployment was paused there"
    )
    paused: PausedView | None = Field(
        description="since when and why it is switched off because it ran too often; switching it on clears it"
    )

    @classmethod
    def of(cls, listed: Listed, language: Language) -> Self:
        return cls.model_validate({**_columns(listed.summary, language), "next_run_at": listed.next_run_at})


class ListView(BaseModel):
    model_config = _with_example({"items": [_SUMMARY_EXAMPLE], "next_cursor": None})

    items: list[SummaryView]
    next_cursor: str | None


class DetailView(SummaryView):
    """The draft in the long form of the definition language, and what belongs to it."""

    model_config = _with_example(DETAIL_EXAMPLE)

    trigger_config: dict[str, JsonValue]
    actions: list[JsonValue]
    policy: dict[str, JsonValue]
    layout: dict[str, JsonValue]
    revision: int = Field(description="of the draft; also the ETag")
    etag: str
    draft_changed: bool = Field(description="saved since the live version was published")
    webhook: NewWebhookView | WebhookView | None
    schedules: list[ScheduleView]
    findings: list[FindingView] = Field(description="of this write: warnings, and the errors of an unfinished draft")
    sentence: str = Field(description="what the draft does, in the language of Accept-Language")
    step_sentences: dict[str, str] = Field(description="what each step does, as a clause, by its id")

    @classmethod
    def from_detail(cls, detail: Detail, words: Words, public_url: str, language: Language) -> Self:
        rule = detail.rule
        return cls.model_validate(
            {
                **_columns(rule, language),
                "next_run_at": detail.next_run_at,
                "trigger_config": rule.trigger_config,
                "actions": rule.actions,
                "policy": rule.policy,
                "layout": rule.layout,
                "revision": rule.revision,
                "etag": etag(rule.revision),
                "draft_changed": rule.draft_changed,
                "webhook": _webhook(detail.webhook, public_url),
                "schedules": [
                    ScheduleView(**each.schedule.model_dump(), next_times=each.next_times) for each in detail.schedules
                ],
                "findings": [FindingView.of(each, language) for each in detail.findings],
                "sentence": words.sentence,
                "step_sentences": words.steps,
            }
        )


class ReportView(BaseModel):
    """The result of a validation."""

    model_config = _with_example(
        {
            "valid": False,
            "findings": [
                {"at": "actions[1].config.url", "message": "This is missing.", "severity": "error"},
            ],
        }
    )

    valid: bool = Field(description="nothing stops publishing")
    findings: list[FindingView]

    @classmethod
    def of(cls, findings: Sequence[Finding], language: Language) -> Self:
        return cls(valid=not errors(findings), findings=[FindingView.of(each, language) for each in findings])


class VersionView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int
    note: str | None
    created_by: UUID | None
    created_at: datetime
    live: bool


class VersionsView(BaseModel):
    model_config = _with_example(
        {
            "items": [{"number": 1, "note": None, "created_by": _USER, "created_at": _TIME, "live": True}],
            "next_cursor": None,
        }
    )

    items: list[VersionView]
    next_cursor: str | None

    @classmethod
    def of(cls, versions: Sequence[Version], after: int | None) -> Self:
        items = [VersionView.model_validate(each) for each in versions]
        return cls(items=items, next_cursor=None if after is None else str(after))


class StartedView(BaseModel):
    """`status`, `output` and `error` only when the run was waited for and ended in time."""

    model_config = _with_example(
        {"run_id": _ID, "status_url": f"https://vutler.example.com/api/automations/logs/{_ID}"}
    )

    run_id: UUID
    status_url: str
    status: Literal["success", "failed", "cancelled", "skipped"] | None = None
    output: JsonValue = None
    error: str | None = None


def _webhook(webhook: Webhook | None, public_url: str) -> WebhookView | None:
    if webhook is None:
        return None
    url = f"{public_url}/api/webhooks/{webhook.id}"
    if webhook.secret is None:
        return WebhookView(id=webhook.id, url=url)
    return NewWebhookView(id=webhook.id, url=url, secret=webhook.secret)


def etag(revision: int) -> str:
    return f'"{revision}"'


def _columns(row: Summary, language: Language) -> dict[str, object]:
    names = SummaryView.model_fields.keys() - {"next_run_at", "paused"}
    paused = row.paused
    told = None if paused is None else PausedView(at=paused.at, reason=paused.reason(language), code=paused.code)
    return {**{name: getattr(row, name) for name in names}, "paused": told}
