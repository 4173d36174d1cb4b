"""The Claude Code CLI: an empty place, limits of time, memory and output, and each of its failures in its own words."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from blocks import registry
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.llm import AskedLlm
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.outgoing.programs import LocalProgram
from core.settings import BadSetting, load
from tests.vendors import claude
from tests.vendors.claude import Cli
from tests.waiting import until


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "cli")


def program(cli: Cli, *, token: str = claude.TOKEN, at_once: int = 2, memory_kb: int = 4_000_000) -> LocalProgram:
    secrets = {"CLAUDE_CODE_OAUTH_TOKEN": token}
    return LocalProgram(cli.path, {}, secrets, at_once=at_once, memory_kb=memory_kb)


async def llm(out: Outgoing) -> AskedLlm:
    kind = registry.connections()["claude_cli"]
    made = kind.service(kind.read({}), out)
    assert isinstance(made, AskedLlm)
    return made


async def asked(made: LocalProgram, prompt: str = "Hello?", model: str = "sonnet", timeout_s: float = 30) -> Any:
    async with Outgoing(Policy(), programs={"claude": made}) as out:
        return await (await llm(out)).ask("Be brief.", prompt, model=model, timeout_s=timeout_s)


def test_the_program_does_what_its_pages_say(cli: Cli) -> None:
    """By an independent client: the shell."""

    def run(*arguments: str, text: str = "Hi", token: str = claude.TOKEN) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(cli.path), *arguments], input=text, capture_output=True, text=True, check=False,
            env={"CLAUDE_CODE_OAUTH_TOKEN": token},
        )  # fmt: skip

    done = run("-p", "--output-format", "json", "--model", "opus", "--tools", "")
    said = json.loads(done.stdout)
    assert (done.returncode, said["type"], said["is_error"]) == (0, "result", False)
    assert list(said["modelUsage"]) == ["claude-opus-4-5"]
    out = run("-p", "--output-format", "json", token="none")
    assert (out.returncode, json.loads(out.stdout)["is_error"]) == (1, True)
    for wrong in (["--yolo"], ["--output-format", "json"]):
        assert run(*wrong).returncode == 1
    assert run("-p", text="").returncode == 1


@pytest.mark.proves("DEP-4", "US-3.1 (3)")
async def test_it_answers_in_an_empty_place(cli: Cli) -> None:
    said = await asked(program(cli), "What is 1 + 1?")
    assert (said.text, said.model) == ("Hello from the command line.", "claude-sonnet-4-5")
    assert (said.tokens_in, said.tokens_out, said.cache_read, said.cache_write) == (28, 7, 3, 5)
    (one,) = cli.asked
    assert (one["prompt"], one["instructions"], one["files"]) == ("What is 1 + 1?", "Be brief.", [])
    assert one["flags"]["--tools"] == ""
    assert not any("1 + 1" in each or "Be brief" in each for each in one["argv"])  # in no list of processes
    variables = one["environment"].keys() - {"LC_CTYPE", "PWD", "OLDPWD", "_", "SHLVL"}
    assert variables == {"PATH", "HOME", "CLAUDE_CODE_OAUTH_TOKEN"}
    assert one["environment"]["HOME"] == one["cwd"]
    assert not os.path.exists(one["cwd"])  # noqa: ASYNC240 - once


@pytest.mark.parametrize(
    ("how", "code", "again"),
    [
        ("garbage", "model_answer_invalid", True),
        ("crash", "model_failed", True),
        ("max_turns", "model_failed", True),
        ("limit", "model_rate_limited", True),
        ("huge", "response_too_large", False),
        ("memory", "model_failed", True),
    ],
)
async def test_each_failure_has_its_own_words(cli: Cli, how: str, code: str, again: bool) -> None:
    cli.plan(how=how)
    with pytest.raises(ActionError) as told:
        await asked(program(cli, memory_kb=1_000_000))
    assert (told.value.code, isinstance(told.value, Retryable)) == (code, again)
    assert not os.path.exists(cli.asked[0]["cwd"])  # noqa: ASYNC240 - once


async def test_one_that_is_not_signed_in_says_what_to_do(cli: Cli) -> None:
    with pytest.raises(InvalidInput, match="VUTLER_CLAUDE_TOKEN") as told:
        await asked(program(cli, token="wrong"))
    assert told.value.code == "model_unauthorized"
    with pytest.raises(InvalidInput, match="no such model"):
        await asked(program(cli), model="gpt-5-mini")
    missing = LocalProgram(cli.folder / "nothing", {}, {}, at_once=1)
    with pytest.raises(InvalidInput, match="is not where the operator says"):
        await asked(missing)


async def test_its_secret_is_in_nothing_that_it_says(cli: Cli) -> None:
    cli.plan(how="echo_token")
    assert (await asked(program(cli))).text == "***"


async def test_one_that_hangs_is_killed_with_all_its_children(cli: Cli) -> None:
    cli.plan(how="hang")
    asking = asyncio.create_task(asked(program(cli)))
    helper = cli.folder / "helper.pid"

    async def there() -> bool:
        return helper.exists() and bool(helper.read_text())

    await until(there)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    async def gone() -> bool:
        return not _is_alive(int(helper.read_text()))

    await until(gone)
    with pytest.raises(Retryable, match="did not answer") as told:
        await asked(program(cli), timeout_s=1)
    assert told.value.code == "timeout"
    await until(gone)


async def test_no_more_run_at_once_than_allowed(cli: Cli) -> None:
    cli.plan(how="hang")
    made = program(cli, at_once=1)
    first, second = asyncio.create_task(asked(made)), asyncio.create_task(asked(made))

    async def one() -> bool:
        return len(cli.asked) == 1

    await until(one)
    cli.plan(text="Second.")
    assert len(cli.asked) == 1
    first.cancel()
    assert (await second).text == "Second."
    assert len(cli.asked) == 2


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_its_settings() -> None:
    found = load({"VUTLER_CLAUDE_CLI": "/usr/bin/claude", "VUTLER_CLAUDE_TOKEN": "canary"}).claude
    assert found is not None
    assert (found.program, found.at_once) == (Path("/usr/bin/claude"), 2)
    assert "canary" not in repr(found)
    with pytest.raises(BadSetting, match="VUTLER_CLAUDE_CLI"):
        load({"VUTLER_CLAUDE_CLI": "claude"})
