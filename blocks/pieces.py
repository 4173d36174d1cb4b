"""A piece of a file, for what is too large to be held in memory as a whole."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Piece:
    """`content` are some bytes of a file that has `size` of them; `media_type` is what the whole file is."""

    name: str
    media_type: str
    size: int
    content: bytes = field(repr=False)
