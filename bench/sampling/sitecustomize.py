"""A sampling profile of the worker's engine: Python imports this at its start where the folder is on PYTHONPATH.

While the file `$BENCH_PROFILE/on` is there, the stack of the thread `engine` is looked at every 4 ms; when it goes,
`$BENCH_PROFILE/stacks` gets one line a different stack: how often it was seen, and its frames from the outermost on.
"""

import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

_EVERY_S = 0.004
_SWITCH_S = 0.0002  # so that a look comes when it is due, and not where the engine happens to let go of the interpreter
_PLACE = os.environ.get("BENCH_PROFILE", "")


def _is_worker() -> bool:
    return b"deployments.serve_worker" in Path("/proc/self/cmdline").read_bytes().split(b"\0")


def _frames(frame: FrameType | None) -> str:
    names = []
    while frame is not None:
        code = frame.f_code
        names.append(f"{code.co_filename}:{code.co_qualname}")
        frame = frame.f_back
    return ";".join(reversed(names))


def _watch(place: Path) -> None:
    seen: Counter[str] = Counter()
    while True:
        if not (place / "on").exists():
            if seen:
                sys.setswitchinterval(0.005)
                lines = [f"{count} {stack}" for stack, count in seen.most_common()]
                (place / "stacks.new").write_text("\n".join(lines))
                (place / "stacks.new").rename(place / "stacks")
                seen.clear()
            time.sleep(0.1)
            continue
        sys.setswitchinterval(_SWITCH_S)
        engine = next((each.ident for each in threading.enumerate() if each.name == "engine"), None)
        for _ in range(25):
            frame = sys._current_frames().get(engine or 0)
            if frame is not None:
                seen[_frames(frame)] += 1
            time.sleep(_EVERY_S)


if _PLACE and _is_worker():
    threading.Thread(target=_watch, args=(Path(_PLACE),), name="sampler", daemon=True).start()
