"""The documents agree with the code: settings, commands, paths, links, dependencies, records."""

import re
from pathlib import Path

import pytest

from api.openapi import operations
from core.credits import plans
from deployments import cli
from tests.api import coverage

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_setting_is_in_the_table_and_the_table_names_no_other() -> None:
    read = set(re.findall(r'"(VUTLER_[A-Z_]+)"', (ROOT / "core" / "settings.py").read_text()))
    told = set(re.findall(r"^\| `(VUTLER_[A-Z_]+)` \|", (ROOT / "docs" / "operate.md").read_text(), re.M))
    assert told == read


def test_every_command_is_in_the_table_and_the_table_names_no_other() -> None:
    commands = {each.name or each.callback.__name__ for each in cli.app.registered_commands if each.callback}
    rows = re.findall(r"^\| (`vutler .+?) \|", (ROOT / "docs" / "operate.md").read_text(), re.M)
    env = re.findall(r"vutler (env)\)", (ROOT / "docs" / "operate.md").read_text())
    assert {name for row in rows for name in re.findall(r"`vutler ([a-z-]+)`", row)} | set(env) == commands


def test_the_table_of_paths_is_what_the_api_has() -> None:
    rows = re.findall(r"^\| `([A-Z, ]+) (/\S+)` \|", (ROOT / "docs" / "api.md").read_text(), re.M)
    told = sorted(f"{method} {path}" for methods, path in rows for method in methods.split(", "))
    assert told == sorted(f"{method} {path}" for method, path, _ in operations(coverage.application().openapi()))


def test_the_tables_of_prices_are_those_of_the_plans_file() -> None:
    file, text = plans.read(), (ROOT / "docs" / "pricing.md").read_text()
    rows = {name: cells.split(" | ") for name, cells in re.findall(r"^\| `([a-z]+)` \| (.+) \|$", text, re.M)}
    told = {name: [cell.replace(",", "").removesuffix(" days") for cell in cells] for name, cells in rows.items()}
    limited = {name: plan for name, plan in file.plans.items() if plan.model_dump(exclude_none=True)}
    wanted = {
        name: [
            plan.monthly_credits, plan.runs_per_month, plan.runs_per_hour, plan.max_running, plan.webhooks_per_min,
            plan.payload_kb, plan.max_steps, plan.history_days,
        ]
        for name, plan in limited.items()
    }  # fmt: skip
    assert {name: list(map(str, numbers)) for name, numbers in wanted.items()} == {n: told[n] for n in wanted}
    prices = {name: int(cells[0]) for name, cells in told.items() if len(cells) == 1}
    assert prices == {name: price for name, price in file.prices.items() if price}
    assert file.plans.keys() | prices.keys() == rows.keys()


def test_every_dependency_has_its_reason() -> None:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    wanted = {line for line in lines if line and not line.startswith("#")}
    record = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text()
    assert {line for line in wanted if f"`{line}`" not in record} == set()


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_are_short_enough_to_read(document: Path) -> None:
    prose = [line for line in document.read_text().splitlines() if not line.startswith("|")]
    assert [line for line in prose if len(line) > 130] == []
