"""Signatures of webhooks: the senders' own examples fit, and nothing else does."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from core.deliveries import signatures
from tests.core.signed_requests import ALL, GITHUB, SLACK, STANDARD, STRIPE, Signed

EACH = pytest.mark.parametrize("signed", ALL, ids=lambda signed: signed.style)
TIMED = pytest.mark.parametrize("signed", [SLACK, STANDARD, STRIPE], ids=lambda signed: signed.style)
OTHER = {"standard": "whsec_" + "A" * 32}


def refusal(
    signed: Signed,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    secrets: list[str] | None = None,
    late: float = 0,
) -> str | None:
    moment = datetime.fromtimestamp(signed.at, UTC) + timedelta(seconds=late)
    return signatures.refusal(
        signed.style,
        signed.headers | (headers or {}),
        signed.body if body is None else body,
        [signed.secret] if secrets is None else secrets,
        moment,
    )


@EACH
def test_the_senders_own_example_fits(signed: Signed) -> None:
    assert refusal(signed) is None


@EACH
def test_two_live_secrets(signed: Signed) -> None:
    other = OTHER.get(signed.style, "another secret of the tests")
    assert refusal(signed, secrets=[other, signed.secret]) is None
    assert refusal(signed, secrets=[signed.secret, other]) is None
    assert "does not fit" in str(refusal(signed, secrets=[other]))
    assert "does not fit" in str(refusal(signed, secrets=[]))


@EACH
def test_a_changed_byte(signed: Signed) -> None:
    assert "does not fit" in str(refusal(signed, body=signed.body[:-1] + b"?"))
    assert "does not fit" in str(refusal(signed, body=signed.body + b"\n"))
    assert refusal(signed, body=b"") is not None


@EACH
@pytest.mark.parametrize("value", ["", "nonsense", "sha256=", "v0=zz", "v1,%%%", "t=1", "t=,v1=", "=" * 5000, "v1=é"])
def test_no_usable_signature(signed: Signed, value: str) -> None:
    header = signatures.SIGNATURE_HEADERS[signed.style]
    found = str(refusal(signed, headers={header: value}))
    assert header in found


@EACH
def test_no_header_at_all(signed: Signed) -> None:
    moment = datetime.fromtimestamp(signed.at, UTC)
    assert signatures.refusal(signed.style, {}, signed.body, [signed.secret], moment) is not None


@TIMED
def test_the_time_is_signed_and_at_most_five_minutes_off(signed: Signed) -> None:
    for late in (-299, 299):
        assert refusal(signed, late=late) is None
    for late in (-301, 301, 86_400):
        assert "5 minutes" in str(refusal(signed, late=late))


def test_github_signs_no_time() -> None:
    assert refusal(GITHUB, late=86_400) is None


def test_a_moved_time_breaks_the_signature() -> None:
    later = {"x-slack-request-timestamp": str(SLACK.at + 200)}
    assert "does not fit" in str(refusal(SLACK, headers=later, late=200))
    assert "does not fit" in str(refusal(STANDARD, headers={"webhook-timestamp": str(STANDARD.at + 200)}, late=200))
    moved = STRIPE.headers["stripe-signature"].replace("t=12345", "t=12545")
    assert "does not fit" in str(refusal(STRIPE, headers={"stripe-signature": moved}, late=200))


def test_times_that_are_none() -> None:
    for time in ("", "now", "-5", "1e9", "١٢٣", "9" * 40, "1531420618.5"):
        assert refusal(SLACK, headers={"x-slack-request-timestamp": time}) is not None
        assert refusal(STANDARD, headers={"webhook-timestamp": time}) is not None


def test_several_signatures_in_a_header() -> None:
    """As senders do while they rotate their secret."""
    good = STANDARD.headers["webhook-signature"]
    assert refusal(STANDARD, headers={"webhook-signature": f"v1,AAAA v1a,x {good}"}) is None
    assert refusal(STANDARD, headers={"webhook-signature": f"v1,AAAA, {good}"}) is None  # two header lines, joined
    stripe = STRIPE.headers["stripe-signature"]
    assert refusal(STRIPE, headers={"stripe-signature": stripe.replace("v1=", "v1=00ff,v1=")}) is None
    assert (
        refusal(GITHUB, headers={"x-hub-signature-256": "sha256=00, " + GITHUB.headers["x-hub-signature-256"]}) is None
    )


def test_weaker_schemes_are_ignored() -> None:
    as_v0 = STRIPE.headers["stripe-signature"].replace("v1=", "v0=")
    assert refusal(STRIPE, headers={"stripe-signature": as_v0}) is not None
    as_v2 = STANDARD.headers["webhook-signature"].replace("v1,", "v2,")
    assert refusal(STANDARD, headers={"webhook-signature": as_v2}) is not None
    assert refusal(GITHUB, headers={"x-hub-signature-256": "sha1=7571"}) is not None


def test_parts_can_not_be_cut_elsewhere() -> None:
    """What was signed as the message `msg` with the body `161...{}` is no message `msg.161...` with the body `{}`."""
    time = str(STANDARD.at)
    text = f"msg.{time}.{time}.{{}}".encode()
    digest = hmac.digest(signatures.key("standard", STANDARD.secret), text, "sha256")
    signature = {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}", "webhook-timestamp": time}
    assert refusal(STANDARD, headers=signature | {"webhook-id": "msg"}, body=f"{time}.{{}}".encode()) is None
    assert refusal(STANDARD, headers=signature | {"webhook-id": f"msg.{time}"}, body=b"{}") is not None


def test_secrets_of_standard_webhooks() -> None:
    bare = STANDARD.secret.removeprefix("whsec_")
    assert signatures.key("standard", bare) == signatures.key("standard", STANDARD.secret)
    for bad in ("whsec_%%%", "whsec_AAAA", "whs_" + "x" * 40, "whsec_" + "A" * 100):
        with pytest.raises(signatures.BadKey):
            signatures.key("standard", bad)
