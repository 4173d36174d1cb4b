"""Signed requests as the senders publish them, to be checked byte for byte."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Signed:
    style: str
    secret: str
    headers: dict[str, str]
    body: bytes
    at: int  # Unix seconds of the signature


# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries ("Testing the webhook payload
# validation"). GitHub signs no time.
GITHUB = Signed(
    style="github",
    secret="It's a Secret to Everybody",
    headers={
        "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    },
    body=b"Hello, World!",
    at=1_700_000_000,
)

# https://docs.slack.dev/authentication/verifying-requests-from-slack (the worked example: a slash command).
SLACK = Signed(
    style="slack",
    secret="8f742231b10e8888abcd99yyyzzz85a5",
    headers={
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    },
    body=b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    at=1_531_420_618,
)

# https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py, the
# vector that all libraries of the project share.
STANDARD = Signed(
    style="standard",
    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    headers={
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    body=b'{"test": 2432232314}',
    at=1_614_265_330,
)

# Stripe publishes no request together with its secret. These are the payload and secret that the tests of its own
# library sign (https://github.com/stripe/stripe-node/blob/master/test/Webhook.spec.ts), signed with OpenSSL as
# https://docs.stripe.com/webhooks#verify-manually says.
STRIPE = Signed(
    style="stripe",
    secret="whsec_test_secret",
    headers={"stripe-signature": "t=12345,v1=2672d138c9a412830f3bfe2ecc5bfb3277cf6f5b49d0119d77dd6cb64da1257e"},
    body=b'{\n  "id": "evt_test_webhook",\n  "object": "event"\n}',
    at=12345,
)

ALL = [GITHUB, SLACK, STANDARD, STRIPE]
