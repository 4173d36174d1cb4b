"""Which test proves which requirement: reads `@pytest.mark.proves(...)` and keeps docs/requirements.md in agreement.

    python -m tests.requirements        fill the last column of the table

A requirement with several criteria has a row for each, `US-1.1 (2)`, below its own; a marker names the criterion, and
what proves a criterion counts for its requirement too. A test that is skipped, or may be, proves nothing.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "requirements.md"
ROW = re.compile(
    r"^\| (?P<id>[A-Z][A-Z0-9.-]*(?: \(\d+\))?) \| (?P<what>.+?) \| (?P<state>.+?) \| (?P<tests>.*?) ?\|$", re.M
)
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_NO_PROOF = frozenset({"skip", "skipif", "xfail", "importorskip"})


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    what: str
    state: str
    tests: str

    @property
    def kind(self) -> str:
        """`done`, `partly`, `open` or `deferred`."""
        return self.state.partition(":")[0]


def rows(text: str) -> list[Row]:
    return [Row(**match.groupdict()) for match in ROW.finditer(text)]


def whole(requirement: str) -> str:
    """The requirement that a criterion belongs to: `US-1.1` of `US-1.1 (2)`; any other is its own."""
    return requirement.partition(" ")[0]


def claims(folder: Path) -> dict[str, list[str]]:
    """The tests by the requirement or criterion that they claim: `tests/core/test_x.py::test_y`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(file.read_text())
        for name, marked in _tests(tree):
            for requirement in marked:
                found[requirement].append(f"{file.relative_to(folder.parent)}::{name}")
    return dict(found)


def filled(text: str, claimed: dict[str, list[str]]) -> str:
    """The document with its last column written anew: the files, each with the number of its tests."""

    def line(match: re.Match[str]) -> str:
        proofs = {test for claim, found in claimed.items() if match["id"] in (claim, whole(claim)) for test in found}
        counted = Counter(test.split("::")[0].removeprefix("tests/") for test in proofs)
        tests = ", ".join(f"{file} ({count})" for file, count in sorted(counted.items()))
        return f"| {match['id']} | {match['what']} | {match['state']} | {tests} |"

    return ROW.sub(line, text)


def _tests(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Every test that can't be skipped, with the requirements it claims by itself, its class or its module."""
    module = _marks(tree)
    if module is None:
        return
    skippers = {node.name for node in tree.body if isinstance(node, _FUNCTION) and _skips(node)}
    for node in tree.body:
        holder = node if isinstance(node, ast.ClassDef) else None
        shared = _decorated(holder) if holder else set()
        if shared is None:
            continue
        for test in holder.body if holder else (node,):
            if not isinstance(test, _FUNCTION) or not test.name.startswith("test_"):
                continue
            own = _decorated(test)
            if own is not None and not _skips(test) and not skippers & _used(test):
                yield (f"{holder.name}::{test.name}" if holder else test.name), own | shared | module


def _marks(tree: ast.Module) -> set[str] | None:
    """The claims of `pytestmark`; None where it may skip the module."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            claimed = _claimed(marks)
            if claimed is None:
                return None
            found |= claimed
    return found


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str] | None:
    return _claimed(node.decorator_list)


def _claimed(marks: list[ast.expr]) -> set[str] | None:
    found: set[str] = set()
    for mark in marks:
        called = mark.func if isinstance(mark, ast.Call) else mark
        name = called.attr if isinstance(called, ast.Attribute) else ""
        if name in _NO_PROOF:
            return None
        if name == "proves" and isinstance(mark, ast.Call):
            found |= {str(ast.literal_eval(argument)) for argument in mark.args}
    return found


def _skips(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _NO_PROOF
        for node in ast.walk(function)
    )


def _used(test: ast.AST) -> set[str]:
    """The fixtures and functions that a test names."""
    return {node.arg if isinstance(node, ast.arg) else node.id for node in ast.walk(test)
            if isinstance(node, ast.arg | ast.Name)}  # fmt: skip


if __name__ == "__main__":
    TABLE.write_text(filled(TABLE.read_text(), claims(ROOT / "tests")))
    sys.exit(0)
