"""An instant model in a process of its own: the tests' server of OpenAI's protocol, which answers every prompt at once.

python -m bench.model --port 9000
"""

import argparse
import asyncio
from typing import Any

import uvloop

from tests.vendors.openai import OpenAIServer
from tests.vendors.script import Say, Script


class Nothing(list[dict[str, Any]]):
    """What was asked is not kept: a benchmark asks long."""

    def append(self, each: dict[str, Any]) -> None:
        del each


async def main(port: int) -> None:
    script = Script(otherwise=lambda _: Say("It is 12 euros."), asked=Nothing(), headers=Nothing())
    async with OpenAIServer(script, port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(main(parser.parse_args().port))
