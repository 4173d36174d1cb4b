"""What the supervisor says to its operator: one line a happening, with the seconds since the start."""

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO


@dataclass(slots=True)
class Console:
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    _began: float = field(default_factory=time.monotonic, init=False)

    def say(self, text: str) -> None:
        self.plain(f"[{time.monotonic() - self._began:6.1f} s] {text}")

    def plain(self, text: str) -> None:
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except OSError:  # the terminal was closed; Vutler goes on
            pass
