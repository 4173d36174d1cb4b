"""One-run tokens: good for one run and for a while, and made by nobody else."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Unauthenticated
from core.ids import new_id
from core.jobs.tokens import LIFETIME, RunTokens

KEY = b"k" * 32


def test_a_token_names_its_run_and_its_owner() -> None:
    run_id = new_id()
    tokens = RunTokens(KEY)
    first, second = (tokens.read(tokens.issue(run_id)) for _ in range(2))
    assert first.run_id == second.run_id == run_id
    assert first.owner.startswith("isolated/")
    assert first.owner != second.owner


def test_it_expires() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    token = RunTokens(KEY, clock=lambda: now).issue(new_id())
    assert RunTokens(KEY, clock=lambda: now + LIFETIME - timedelta(seconds=1)).read(token)
    with pytest.raises(Unauthenticated, match="run_token_expired"):
        RunTokens(KEY, clock=lambda: now + LIFETIME).read(token)


def test_every_changed_bit_is_noticed() -> None:
    tokens = RunTokens(KEY)
    token = tokens.issue(new_id())
    raw = base64.urlsafe_b64decode(token.removeprefix("vrt_"))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unauthenticated, match="run_token_invalid"):
            tokens.read("vrt_" + base64.urlsafe_b64encode(bytes(changed)).decode())


@pytest.mark.parametrize("text", ["", "vrt_", "x" * 96, "vrt_" + "é" * 92, "vrt_" + "A" * 92, "vrt_" + "=" * 92])
def test_nonsense_is_no_token(text: str) -> None:
    with pytest.raises(Unauthenticated, match="run_token_invalid"):
        RunTokens(KEY).read(text)


def test_another_installation_makes_other_tokens() -> None:
    with pytest.raises(Unauthenticated):
        RunTokens(KEY).read(RunTokens(b"x" * 32).issue(new_id()))


def test_what_is_signed_is_signed_for_one_run() -> None:
    tokens, run_id = RunTokens(KEY), new_id()
    signature = tokens.sign(run_id, {"a": 1})
    assert tokens.signed(run_id, {"a": 1}, signature)
    assert not tokens.signed(run_id, {"a": 2}, signature)
    assert not tokens.signed(new_id(), {"a": 1}, signature)
    assert not tokens.signed(run_id, {"a": 1}, "é")
