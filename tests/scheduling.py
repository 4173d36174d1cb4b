"""Which tests run in the same process: those that share something that is dear to start.

By where a test stands, and not by `xdist_group`: with pytest 9.2, pytest-xdist 3.8 writes the group to where it is not
read any more, and gives each test to whoever is free.
"""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

_ONE_FOLDER: Final = ("tests/browser/",)  # one product, one browser's program
_ONE_MODULE: Final = ("tests/e2e/", "tests/security/test_canary.py", "tests/api/test_fuzz.py")  # a product of its own


def group_of(test: str) -> str:
    """Of a test's id; each group runs in one process, one test after the other. Most tests are a group of their own."""
    for folder in _ONE_FOLDER:
        if test.startswith(folder):
            return folder
    return test.partition("::")[0] if test.startswith(_ONE_MODULE) else test


class Scheduling(LoadScopeScheduling):
    """Groups with many tests first, so that no long one is left over at the end."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
