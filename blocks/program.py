"""Programs of the machine that the operator lets connection kinds run. No shell, no files, no environment of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ran:
    """`status` is the exit status, negative the signal that ended it; `output` what it wrote on its standard output."""

    status: int
    output: bytes


class Program(Protocol):
    async def run(self, arguments: Sequence[str], *, text: str, instructions: str, timeout_s: float) -> Ran:
        """Run it once in an empty folder; `text` is its standard input. An argument `{instructions}` becomes the path
        of a file that holds these, so that they stand in no list of processes.

        Raises `Retryable` (`timeout`, `program_busy`) and `InvalidInput` (`program_missing`, `response_too_large`).
        """
        ...
