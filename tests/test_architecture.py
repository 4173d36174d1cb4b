"""The house rules that a linter does not know, each with a bad example that it must find."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("blocks", "core", "flows", "api", "deployments")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
ENVIRONMENT_READER = "core/settings.py"
SECRET_READERS = ("blocks/connection.py", "blocks/connections/")
# What speaks to addresses that no user gives: ours, Prefect's. All else goes through core/outgoing.
WAYS_OUT = ("core/outgoing/client.py", "core/outgoing/transport.py", "core/health.py", "api/services.py",
            "flows/job_api.py", "flows/prefect_api.py", "deployments/demo.py", "deployments/doctor.py",
            "deployments/readiness.py")  # fmt: skip
CLIENTS = ("aiohttp", "httpx", "httpx2", "requests", "urllib3", "urllib.request", "http.client", "websockets", "pycurl")
COMMIT_PLACES = ("core/db.py", "core/migrations/env.py", "deployments/prefect_record.py")
# Who may ask PostgreSQL across workspaces, call functions that stand above them, or take the pool as it is.
ACROSS_WORKSPACES = {
    "for_everyone": ("api/services.py", "deployments/worker.py", "flows/engine.py"),
    "calling": ("core/deliveries/ingest.py", "core/runs/record.py", "flows/engine.py"),
    "EVERYONE": ("core/db.py", "core/tenancy.py", "flows/engine.py"),
    "enter": ("api/caller.py",),
    "acquire": ("core/db.py", "core/health.py"),
}
VAGUE = re.compile(r"^(utils?|helpers?|common|managers?|misc|v\d+)$|_(utils?|helpers?|manager)$")
SQL = re.compile(r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM)\s", re.DOTALL)

# Put together from pieces, so that this file does not hold what it looks for.
REGISTRIES = re.compile("|".join(re.escape(a + b) for a, b in (
    ("registry.npm", "js.org"), ("files.python", "hosted.org"), ("pypi.org/", "simple"), ("deb.debian", ".org"),
)))  # fmt: skip
MACHINE_PATHS = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:wor" + r"k|far" + r"m)/|/tmp/bash_" + "jobs")
UNFINISHED = re.compile(r"\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b")

Rule = Callable[[str, ast.Module], Iterator[str]]


def _tracked() -> list[str]:
    """What is in the repository or is about to be; outside of git, all that lies here."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        skipped = {".venv", "node_modules", ".git", "__pycache__"}
        return [
            str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and not skipped & set(path.parts)
        ]
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def _sources(*folders: str) -> list[str]:
    return [name for name in _tracked() if name.endswith(".py") and name.partition("/")[0] in folders]


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


# the rules -----------------------------------------------------------------------------------------------------------


def long_functions(name: str, tree: ast.Module) -> Iterator[str]:
    for function in _functions(tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield f"{name}:{function.lineno} {function.name} has {lines} lines, {LONGEST_FUNCTION} are allowed"


def imports_in_functions(name: str, tree: ast.Module) -> Iterator[str]:
    for function in _functions(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"{name}:{node.lineno} an import inside {function.name}: imports stand at the top"


def environment_readers(name: str, tree: ast.Module) -> Iterator[str]:
    if name == ENVIRONMENT_READER:
        return
    for node in ast.walk(tree):
        read = isinstance(node, ast.Attribute) and _dotted(node) in ("os.environ", "os.environb", "os.getenv")
        taken = isinstance(node, ast.ImportFrom) and node.module == "os"
        if read or (taken and {"environ", "getenv"} & {alias.name for alias in node.names}):
            yield f"{name}:{node.lineno} reads the environment: that is the business of {ENVIRONMENT_READER}"


def hand_kept_lists(name: str, tree: ast.Module) -> Iterator[str]:
    """The folder is the registry: nobody names an action's module, so a new one is one new file."""
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        if any(module.startswith("blocks.actions.") for module in modules):
            yield f"{name}:{node.lineno} imports an action by name: ask blocks.registry"


def other_commit_places(name: str, tree: ast.Module) -> Iterator[str]:
    """Transactions begin and end in `core/db.py`; who holds a connection is inside one already, or needs none."""
    if name in COMMIT_PLACES:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        holder = _dotted(node.func.value).rpartition(".")[2]
        if node.func.attr == "commit" or (node.func.attr == "transaction" and holder in ("connection", "conn")):
            yield f"{name}:{node.lineno} begins or commits a transaction: use Database.transaction of core/db.py"


def askers_across_workspaces(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        used = ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            used = node.func.attr if node.func.attr != "enter" or _dotted(node.func) == "tenancy.enter" else ""
        elif isinstance(node, ast.Attribute | ast.Name):
            used = "EVERYONE" if _dotted(node).rpartition(".")[2] == "EVERYONE" else ""
        if used and name not in ACROSS_WORKSPACES.get(used, (name,)):
            yield f"{name}:{node.lineno} uses {used}, which looks across workspaces: ask for one (core/db.py)"


def sql_outside_core(name: str, tree: ast.Module) -> Iterator[str]:
    if name.partition("/")[0] not in ("api", "flows", "blocks"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"{name}:{node.lineno} holds SQL: that is the business of a repository in core/"


def secret_readers(name: str, tree: ast.Module) -> Iterator[str]:
    """Secrets are in clear where requests are signed, and nowhere else."""
    if name.startswith(SECRET_READERS):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("get_secret_value", "revealed", "_secret_value"):
            yield f"{name}:{node.lineno} reads a secret: that is the business of blocks/connections/"


def other_ways_out(name: str, tree: ast.Module) -> Iterator[str]:
    """Requests to addresses that users give go through core/outgoing, which checks them."""
    if name in WAYS_OUT:
        return
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            if any(module == client or module.startswith(f"{client}.") for client in CLIENTS) and (
                not name.startswith("core/outgoing/") or module.partition(".")[0] != "aiohttp"
            ):
                yield f"{name}:{node.lineno} imports {module}: ask through core/outgoing, or context.http"
                break


RULES: dict[Rule, str] = {
    long_functions: "def f():\n" + "    pass\n" * 60,
    imports_in_functions: "async def f():\n    if True:\n        from core import db\n",
    environment_readers: "import os\nx = os.environ.get('A')\n",
    hand_kept_lists: "from blocks.actions import http\n",
    other_commit_places: "async def f(connection):\n    async with connection.transaction():\n        pass\n",
    secret_readers: "def f(fields):\n    return fields.token.get_secret_value()\n",
    other_ways_out: "from urllib.request import urlopen\n",
    askers_across_workspaces: "async def f(db):\n    async with db.for_everyone().connection():\n        pass\n",
    sql_outside_core: "x = '''\nSELECT id\nFROM users\n'''\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(rule: Rule) -> None:
    found = [
        finding
        for name in _sources(*PRODUCT)
        for finding in rule(name, ast.parse((ROOT / name).read_text(), filename=name))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_finds_its_bad_example(rule: Rule) -> None:
    assert list(rule("api/example.py", ast.parse(RULES[rule])))


def test_files_can_be_read_at_one_sitting() -> None:
    lines = {name: len((ROOT / name).read_text().splitlines()) for name in _sources(*PRODUCT, "tests", "bench")}
    long = [f"{name} has {count} lines" for name, count in lines.items() if count > LONGEST_FILE]
    assert not long, f"over {LONGEST_FILE} lines, cut them again:\n" + "\n".join(long)


def test_names_say_what_is_inside() -> None:
    vague = [
        name
        for name in _sources(*PRODUCT, "tests", "bench")
        if any(VAGUE.search(part) for part in Path(name).with_suffix("").parts)
    ]
    assert not vague, "names that say nothing:\n" + "\n".join(vague)
    assert VAGUE.search("user_helpers")
    assert VAGUE.search("utils")


@pytest.mark.parametrize(
    ("what", "pattern", "bad"),
    [
        ("addresses of package registries", REGISTRIES, "https://pypi.org/" + "simple/x"),
        ("paths of one machine", MACHINE_PATHS, "cd /wor" + "k/main"),
        ("words of unfinished work", UNFINISHED, "# TO" + "DO later"),
    ],
)
def test_tracked_files_are_free_of(what: str, pattern: re.Pattern[str], bad: str) -> None:
    assert pattern.search(bad)
    found = []
    for name in _tracked():
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number} {line.strip()[:100]}")
    assert not found, f"{what}:\n" + "\n".join(found)
