"""Headers that nobody but the HTTP client itself may set."""

from typing import Final

# By lower-case name: they frame a request, or say whom it reaches. Set by somebody else they could split it in two.
OURS: Final = frozenset(
    {
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
        "expect", "proxy-authorization", "proxy-connection",
    }
)  # fmt: skip
