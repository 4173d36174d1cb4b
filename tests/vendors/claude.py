#!/usr/bin/env python3
"""The command line of Claude Code as `claude -p --output-format json` has it, out of the standard library alone.

Flags: https://code.claude.com/docs/en/cli-reference (`--print`; `--tools ""` turns all off; `--system-prompt-file` and
`--no-session-persistence` in print mode alone, `--setting-sources`, `--strict-mcp-config`, `--max-turns`). The one
object that it prints: https://code.claude.com/docs/en/headless. Signed in by `CLAUDE_CODE_OAUTH_TOKEN`
(https://code.claude.com/docs/en/authentication); without it, it prints a result that is an error, and ends with 1
(https://github.com/anthropics/claude-code/issues/5166).

Copied as `claude` into a folder, it does what `plan.json` beside it says, and adds what it was asked to `asked.jsonl`.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOKEN = "sk-ant-oat01-canary"
HERE = Path(__file__).parent
SWITCHES = {"--print", "-p", "--strict-mcp-config", "--disable-slash-commands", "--no-session-persistence"}
VALUES = {"--output-format", "--tools", "--setting-sources", "--max-turns", "--system-prompt-file", "--model"}
PRINT_ONLY = {"--output-format", "--no-session-persistence", "--max-turns", "--system-prompt-file"}
MODELS = {"sonnet": "claude-sonnet-4-5", "opus": "claude-opus-4-5", "haiku": "claude-haiku-4-5"}


def refuse(text: str) -> None:
    sys.stderr.write(text + "\n")
    raise SystemExit(1)


def flags(arguments: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name = rest.pop(0)
        if name in SWITCHES:
            found[name] = ""
        elif name in VALUES and rest:
            found[name] = rest.pop(0)
        else:
            refuse(f"error: unknown option '{name}'")
    if "--print" not in found and "-p" not in found and PRINT_ONLY & found.keys():
        refuse("Error: these options only work with --print")
    return found


def say(text: str, *, model: str = "claude-sonnet-4-5", error: bool = False, **more: Any) -> None:
    result = {
        "type": "result", "subtype": "success", "is_error": error, "duration_ms": 812, "duration_api_ms": 700,
        "num_turns": 1, "result": text, "session_id": "6b1a1f0a-9a10-4d72-9d5e-5b0f2f4e7c53", "total_cost_usd": 0.003,
        "usage": {
            "input_tokens": 20, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 7,
        },
        "modelUsage": {} if error else {model: {"inputTokens": 20, "outputTokens": 7}},
    }  # fmt: skip
    sys.stdout.write(json.dumps(result | more) + "\n")
    raise SystemExit(1 if error else 0)


def misbehave(how: str) -> None:
    if how == "hang":
        helper = subprocess.Popen(["/bin/sleep", "3600"], stdout=subprocess.DEVNULL)
        (HERE / "helper.pid").write_text(str(helper.pid))
        time.sleep(3600)
    elif how == "garbage":
        sys.stdout.write("Welcome to Claude Code!\n")
        raise SystemExit(0)
    elif how == "huge":
        while True:
            sys.stdout.write("x" * 65536)
    elif how == "crash":
        os.abort()
    elif how == "memory":
        held = bytearray(1_500_000_000)
        say(str(len(held)))
    elif how == "max_turns":
        say("", error=True, subtype="error_max_turns", result=None)
    elif how == "limit":
        say("Claude AI usage limit reached|1795000000", error=True)
    elif how == "echo_token":
        say(os.environ["CLAUDE_CODE_OAUTH_TOKEN"])


def main() -> None:
    given = flags(sys.argv[1:])
    told = Path(given["--system-prompt-file"]).read_text() if "--system-prompt-file" in given else ""
    prompt = sys.stdin.read()
    plan = HERE / "plan.json"
    plans: dict[str, Any] = json.loads(plan.read_text()) if plan.exists() else {}
    asked = {
        "flags": given, "instructions": told, "prompt": prompt, "environment": dict(os.environ), "cwd": os.getcwd(),
        "files": os.listdir("."), "argv": sys.argv[1:],
    }  # fmt: skip
    with (HERE / "asked.jsonl").open("a") as file:
        file.write(json.dumps(asked) + "\n")
    if os.environ.get("CLAUDE_CODE_OAUTH_TOKEN") != TOKEN:
        say("Invalid API key · Please run /login", error=True)
    misbehave(plans.get("how", ""))
    if not prompt.strip():
        refuse("Error: Input must be provided either through stdin or as a prompt argument when using --print")
    model = given.get("--model", "sonnet")
    if model not in MODELS and not model.startswith("claude-"):
        say(f"There's an issue with the selected model ({model}). It may not exist or you may not have access to it.",
            error=True)  # fmt: skip
    say(plans.get("text", "Hello from the command line."), model=MODELS.get(model, model))


class Cli:
    """The program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.path = folder / "claude"
        self.path.write_text(f"#!{sys.executable} -I\n" + Path(__file__).read_text().partition("\n")[2])
        self.path.chmod(0o755)

    def plan(self, **plan: Any) -> None:
        (self.folder / "plan.json").write_text(json.dumps(plan))

    @property
    def asked(self) -> list[dict[str, Any]]:
        file = self.folder / "asked.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


if __name__ == "__main__":
    main()
