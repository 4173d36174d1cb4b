"""The lines that the README asks people to paste do what it says."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.product import ROOT, Product

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]


def pasted(readme: str, url: str) -> str:
    """The shell lines of the first automation, against the product at `url`."""
    found = re.search(r"^```sh\n(.*?)^```", readme, re.M | re.S)
    assert found is not None
    assert "VUTLER=http://127.0.0.1:8000\n" in found[1]
    return found[1].replace("http://127.0.0.1:8000", url)


def test_the_first_automation_of_the_readme_runs(tmp_path: Path) -> None:
    with Product() as product:
        script = pasted((ROOT / "README.md").read_text(), product.url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    stream, _, last = done.stdout.rpartition("\n{") if "\n{" in done.stdout else ("", "", done.stdout[1:])
    run = json.loads("{" + last)
    assert run["status"] == "success"
    assert [step["output"] for step in run["action_logs"]] == [{"text": "Hello Ada!"}, {"said": "Hello Ada!"}]
    assert "event: end" in stream
