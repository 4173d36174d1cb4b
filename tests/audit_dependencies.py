"""Known weaknesses of what we depend on: `make audit`. Not part of `make check`, for it asks services of others.

pip-audit (in an environment of its own) looks at both locks, npm audit at the user interface's, where there is one. It
fails for a weakness that was found and for a package that was skipped. Where a service does not answer, it says "not
checked" and what, which is no failure and no all-clear either.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
PIP_AUDIT: Final = "pip-audit==2.10.1"
_PATIENCE_S: Final = 600
_SHOWN: Final = 5


@dataclass
class Verdict:
    """What one look gave. `unchecked` is the reason where nobody answered."""

    what: str
    packages: int = 0
    found: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unchecked: str | None = None

    @property
    def failed(self) -> bool:
        return bool(self.found or self.skipped)

    def __str__(self) -> str:
        if self.unchecked is not None:
            return f"{self.what}: NOT CHECKED ({self.unchecked})"
        lines = [f"{self.what}: {self.packages} packages, {len(self.found)} findings, {len(self.skipped)} skipped"]
        if len(self.skipped) == self.packages:
            lines = [f"{self.what}: NOT CHECKED, for the service knows none of the {self.packages} packages"]
        more = [f"... and {len(self.skipped) - _SHOWN} more"] if len(self.skipped) > _SHOWN else []
        return "\n  ".join([*lines, *self.found, *(f"skipped: {each}" for each in self.skipped[:_SHOWN]), *more])


def read_pip_audit(what: str, output: str, errors: str) -> Verdict:
    """The verdict of `pip-audit --format json`. Without a list of packages nothing was checked."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict(what, unchecked=_last_line(errors))
    if not packages:
        return Verdict(what, unchecked="it looked at no package")
    verdict = Verdict(what, packages=len(packages))
    for package in packages:
        if "skip_reason" in package:
            verdict.skipped.append(f"{package['name']}: {package['skip_reason']}")
        verdict.found += [
            f"{package['name']} {package['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or '-'}"
            for each in package.get("vulns", [])
        ]
    return verdict


def read_npm_audit(what: str, output: str, errors: str) -> Verdict:
    """The verdict of `npm audit --json`."""
    try:
        report: dict[str, Any] = json.loads(output)
        count = int(report["metadata"]["dependencies"]["total"])
        found = [f"{name}: {each['severity']}" for name, each in report["vulnerabilities"].items()]
    except (ValueError, KeyError, TypeError):
        return Verdict(what, unchecked=_last_line(errors or output))
    return Verdict(what, packages=count, found=found)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no answer"


def _run(arguments: Sequence[str], folder: Path) -> tuple[str, str]:
    try:
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return "", "no answer in time"
    except OSError as error:
        return "", str(error)
    return done.stdout, done.stderr


def main() -> int:
    root = Path(__file__).parent.parent
    uvx = [str(Path(sys.executable).parent / "uv"), "tool", "run", PIP_AUDIT]
    verdicts = []
    for lock in LOCKS:
        more = ["--no-deps", "--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
        verdicts.append(read_pip_audit(lock, *_run([*uvx, "--requirement", lock, *more], root)))
    if (root / "ui" / "package-lock.json").exists():
        verdicts.append(read_npm_audit("ui/package-lock.json", *_run(["npm", "audit", "--json"], root / "ui")))
    sys.stdout.write("\n".join(map(str, verdicts)) + "\n")
    return 1 if any(verdict.failed for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
