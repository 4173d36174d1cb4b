"""Sealed secrets open with the right key in the right row, and nowhere else."""

import pytest
from cryptography.fernet import Fernet

from core.ids import new_id
from core.seal import SealBroken, Sealer

KEY, OTHER = Fernet.generate_key(), Fernet.generate_key()
SECRETS = {"api_key": "sk-canary"}


def test_what_is_sealed_opens_again_and_is_not_readable() -> None:
    workspace, connection = new_id(), new_id()
    sealed = Sealer([KEY]).seal(workspace, connection, SECRETS)
    assert b"canary" not in sealed
    assert Sealer([KEY]).open(workspace, connection, sealed) == SECRETS


def test_a_row_copied_to_another_place_does_not_open() -> None:
    workspace, connection = new_id(), new_id()
    sealer = Sealer([KEY])
    sealed = sealer.seal(workspace, connection, SECRETS)
    with pytest.raises(SealBroken, match="workspace"):
        sealer.open(new_id(), connection, sealed)
    with pytest.raises(SealBroken, match="connection"):
        sealer.open(workspace, new_id(), sealed)


def test_another_key_or_a_changed_text_does_not_open() -> None:
    workspace, connection = new_id(), new_id()
    sealed = Sealer([KEY]).seal(workspace, connection, SECRETS)
    with pytest.raises(SealBroken, match="key"):
        Sealer([OTHER]).open(workspace, connection, sealed)
    with pytest.raises(SealBroken, match="key"):
        Sealer([KEY]).open(workspace, connection, sealed[:-4] + b"AAAA")


def test_a_new_key_opens_what_the_old_one_sealed_and_renews_it() -> None:
    workspace, connection = new_id(), new_id()
    old = Sealer([KEY]).seal(workspace, connection, SECRETS)
    both = Sealer([OTHER, KEY])
    assert both.open(workspace, connection, old) == SECRETS
    assert Sealer([OTHER]).open(workspace, connection, both.renewed(old)) == SECRETS
