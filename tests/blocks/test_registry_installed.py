"""Packages beside ours bring actions and connection kinds by entry points; two of a name are refused."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from blocks import registry

OWN = Path(__file__).parents[1] / "own"


def forget() -> None:
    for known in (registry.actions, registry.triggers, registry.connections, registry.tools):
        known.cache_clear()


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """As a package that pip put there."""
    sys.path.append(str(folder))
    forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        forget()


def package(folder: Path, points: str, code: str = "") -> Path:
    info = folder / "strangers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    (folder / "strangers.py").write_text(code)
    return folder


def test_a_package_brings_an_action_and_its_connection() -> None:
    ours = {*registry.actions()}
    with installed(OWN):
        assert {*registry.actions()} == {*ours, "parcel"}
        assert [*registry.connections_for(registry.actions()["parcel"].connection)] == ["parcel_account"]
    assert {*registry.actions()} == ours


@pytest.mark.parametrize(
    ("points", "error", "says"),
    [
        ("[vutler.actions]\nhttp = blocks.actions.http:Http\n", ValueError, "'http'"),
        ("[vutler.actions]\nodd = blocks.actions.http:HttpInput\n", TypeError, "odd of vutler.actions"),
    ],
)
def test_what_is_no_action_or_has_a_name_that_is_taken_is_refused(
    tmp_path: Path, points: str, error: type[Exception], says: str
) -> None:
    with installed(package(tmp_path, points)), pytest.raises(error, match=says):
        registry.actions()
    assert "http" in registry.actions()
