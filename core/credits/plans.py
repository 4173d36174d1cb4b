"""Plans and prices as data: the file, and what stands in it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blocks.action import Action
from core.sentences import sentence

FILE: Final = Path(__file__).parent / "plans.toml"
START: Final = "unlimited"  # where a workspace begins

_Count = Annotated[int | None, Field(None, ge=1, le=2_000_000_000)]


class BadPlans(ValueError):
    """The file can't be used; the text says why."""


class Numbers(BaseModel):
    """What a plan allows. None: no limit; without monthly credits, steps cost nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    monthly_credits: int | None = Field(None, ge=0, le=2_000_000_000)
    runs_per_month: _Count
    runs_per_hour: _Count
    max_running: _Count
    webhooks_per_min: _Count
    payload_kb: _Count
    max_steps: _Count
    history_days: _Count


class PlansFile(BaseModel):
    """`prices` are credits a step, by the name of its action."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plans: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], Numbers]
    prices: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(default_factory=dict)

    def price_list(self, actions: Mapping[str, Action[Any]]) -> dict[str, int]:
        """The price of every action: that of the file, else what the action says itself."""
        return {**{name: action.credits for name, action in actions.items()}, **self.prices}


def read(path: Path | None = None) -> PlansFile:
    """The file of an operator, or ours. Raises `BadPlans`."""
    path = path or FILE
    try:
        found = PlansFile.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise BadPlans(f"The plans file {path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPlans(f"The plans file {path} is no TOML: {error}.") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {sentence(fault)}" for fault in error.errors()[:5])
        raise BadPlans(f"The plans file {path} is not valid: {faults}") from error
    if START not in found.plans:
        raise BadPlans(f"The plans file {path} has no plan {START!r}, in which workspaces begin: add [plans.{START}].")
    return found
