"""What kind of file some bytes are, by their beginning, and how it may be shown. Pure.

The sender's word is kept beside it and never believed: a page that calls itself a picture must not run in our origin.
"""

import unicodedata
from typing import Final

LOOKED_AT: Final = 4096  # bytes

OTHER: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"
IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"})

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),  # also office documents
    (b"\x1f\x8b", "application/gzip"),
)
_LONGEST_NAME: Final = 255


def media_type(beginning: bytes) -> str:
    """The media type of a file that begins like this (`LOOKED_AT` bytes are enough)."""
    for signature, kind in _SIGNATURES:
        if beginning.startswith(signature):
            return kind
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp"
    if beginning[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return TEXT if _is_text(beginning[:LOOKED_AT]) else OTHER


def _is_text(beginning: bytes) -> bool:
    if not beginning or any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in beginning):
        return False
    for cut in range(4):  # the last character may be cut
        try:
            beginning[: len(beginning) - cut].decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


def clean_name(text: str) -> str:
    """A file's name without folders, control and direction characters; empty where nothing is left."""
    last = text.replace("\\", "/").rpartition("/")[2]
    kept = "".join(each for each in last if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    return kept.strip().lstrip(".").strip()[:_LONGEST_NAME]
