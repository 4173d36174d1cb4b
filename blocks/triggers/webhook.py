"""An HTTP POST from outside starts a run; its body is `trigger.data`."""

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from blocks import paths
from blocks.conditions import Condition
from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json

SENDERS_SECRET: Final = ("slack", "stripe")  # styles whose sender makes the secret; else we do


class Dedupe(TriggerModel):
    """What makes two arrivals the same: a header or a place in the body (for 7 days), or the whole body (60 s)."""

    model_config = TriggerModel.model_config | {"populate_by_name": True}

    from_: Literal["header", "path", "body"] = Field(alias="from")
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$", description="of the header")
    path: str | None = Field(default=None, description="into the body, e.g. trigger.data.event.id")

    @field_validator("path")
    @classmethod
    def _readable(cls, path: str | None) -> str | None:
        if path is not None:
            paths.into_trigger(path)
        return path

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.from_ == "header") is not (self.name is not None):
            raise ValueError("A dedupe key from a header needs name (of the header), and no other kind takes one.")
        if (self.from_ == "path") is not (self.path is not None):
            raise ValueError("A dedupe key from a path needs path, and no other kind takes one.")
        return self


class WebhookConfig(TriggerModel):
    auth: Literal["secret", "hmac"] = Field(
        default="secret", description="the header X-Webhook-Secret or ?secret= in the URL, or a signature (hmac)"
    )
    style: Literal["standard", "github", "slack", "stripe"] | None = Field(
        default=None, description="whose way of signing; with auth hmac, and only there"
    )
    dedupe: Dedupe | None = Field(
        default=None,
        description="missing: the headers Idempotency-Key, webhook-id, X-GitHub-Delivery; of a signed webhook, what its"
        " style says (webhook-id, X-GitHub-Delivery, Slack's event_id, the id of Stripe's event)",
        json_schema_extra={"advanced": True},
    )
    filter: Condition | None = Field(default=None, description="arrivals for which this is false start no run")
    response: Literal["accepted", "wait"] = Field(
        default="accepted",
        description="answer 202 at once, or wait for the output",
        json_schema_extra={"advanced": True},
    )
    wait_s: int = Field(
        default=30,
        ge=1,
        le=60,
        description="seconds that `wait` waits before it answers 202",
        title="Seconds to wait",
        json_schema_extra={"advanced": True},
    )
    rate_per_min: int = Field(
        default=100,
        ge=1,
        le=60_000,
        description="arrivals a minute; more are answered 429",
        title="Arrivals a minute",
        json_schema_extra={"advanced": True},
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.auth == "hmac") is not (self.style is not None):
            raise ValueError("auth hmac needs a style (standard, github, slack, stripe), and no other kind takes one.")
        return self


class Webhook(Trigger[WebhookConfig]):
    name = "webhook"
    title: ClassVar[dict[str, str]] = {"en": "Webhook", "fr": "Webhook"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts when another system sends an HTTP POST to the automation's own URL.",
        "fr": "Démarre quand un autre système envoie un POST HTTP à l'URL propre de l'automatisation.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "when a webhook arrives", "fr": "quand un webhook arrive"}
    Config = WebhookConfig
    example: ClassVar[dict[str, Json]] = {
        "auth": "secret",
        "dedupe": {"from": "header", "name": "X-Event-Id"},
        "filter": {"path": "trigger.data.type", "op": "equals", "value": "order.paid"},
    }
