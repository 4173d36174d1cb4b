"""What opens a webhook at a moment, whatever the age of the cache."""

from datetime import UTC, datetime, timedelta

from blocks.triggers.webhook import WebhookConfig
from core.automations.signing_secrets import SigningSecret
from core.deliveries.hooks import Hook
from core.ids import new_id

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def hook(*signing: SigningSecret, armed_until: datetime | None = None) -> Hook:
    return Hook(
        webhook_id="wh_1",
        trigger_id=new_id(),
        rule_id=new_id(),
        workspace_id=new_id(),
        config=WebhookConfig(auth="hmac", style="github"),
        secret=None,
        previous_secret=None,
        previous_secret_until=None,
        version=1,
        live=True,
        lane="warm",
        priority=0,
        loaded_at=0,
        armed_until=armed_until,
        signing=signing,
    )


def test_a_secret_that_was_rotated_out_opens_until_its_time() -> None:
    found = hook(SigningSecret("github", "new"), SigningSecret("github", "old", NOW))
    assert found.signing_secrets(NOW - SECOND) == ("new", "old")
    assert found.signing_secrets(NOW) == ("new",)


def test_a_secret_of_another_style_opens_nothing() -> None:
    assert hook(SigningSecret("standard", "whsec_x")).signing_secrets(NOW) == ()


def test_a_capture_is_armed_until_its_time() -> None:
    assert hook(armed_until=NOW).is_armed(NOW - SECOND)
    assert not hook(armed_until=NOW).is_armed(NOW)
    assert not hook().is_armed(NOW)


def test_secrets_are_not_shown() -> None:
    assert "very secret" not in repr(hook(SigningSecret("github", "very secret")))
