"""Reading an answer's body into memory, never more of it than allowed, however well it is compressed."""

import zlib
from typing import Protocol

from blocks.errors import InvalidInput

MAX_MEMBERS = 64  # of one gzip stream; real ones have one
ACCEPTED = "gzip, deflate"  # what can be unpacked piece by piece with a bound


class Decoder(Protocol):
    def feed(self, chunk: bytes) -> None: ...
    def finish(self) -> bytes: ...


def too_large(limit: int) -> InvalidInput:
    return InvalidInput("response_too_large", f"The answer is larger than {limit // 1_000_000} MB.")


def _broken(why: str) -> InvalidInput:
    return InvalidInput("invalid_response", f"The answer can't be read: {why}.")


class Plain:
    """A body that is not compressed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._body += chunk
        if len(self._body) > self._limit:
            raise too_large(self._limit)

    def finish(self) -> bytes:
        return bytes(self._body)


class Inflating:
    """A gzip or deflate body. `window` is zlib's `wbits`: 31 for gzip, 15 for deflate."""

    def __init__(self, limit: int, window: int) -> None:
        self._limit = limit
        self._window = window
        self._unpack = zlib.decompressobj(window)
        self._body = bytearray()
        self._taken = 0
        self._members = 1

    def feed(self, chunk: bytes) -> None:
        self._taken += len(chunk)
        if self._taken > self._limit:
            raise too_large(self._limit)
        try:
            self._inflate(chunk)
        except zlib.error:
            raise _broken("its compression is damaged") from None

    def _inflate(self, chunk: bytes) -> None:
        if self._window == 15 and self._taken == len(chunk) and not _has_zlib_header(chunk):
            self._unpack = zlib.decompressobj(-15)  # some servers send "deflate" without its header
        while chunk:
            if self._unpack.eof:
                if self._window != 31:
                    raise _broken("something follows its compressed part")
                self._members += 1
                if self._members > MAX_MEMBERS:
                    raise _broken("it is compressed in too many pieces")
                self._unpack = zlib.decompressobj(self._window)
            self._body += self._unpack.decompress(chunk, self._limit + 1 - len(self._body))
            if len(self._body) > self._limit:
                raise too_large(self._limit)
            chunk = self._unpack.unused_data

    def finish(self) -> bytes:
        if self._taken and not self._unpack.eof:
            raise _broken("its compressed part ends early")
        return bytes(self._body)


def _has_zlib_header(chunk: bytes) -> bool:
    """RFC 1950: method 8 and a header that is a multiple of 31."""
    return chunk[0] & 0x0F == 8 and (len(chunk) < 2 or int.from_bytes(chunk[:2]) % 31 == 0)


def decoder(encoding: str, limit: int) -> Decoder:
    """For a `Content-Encoding`. Raises `InvalidInput` (`invalid_response`) for one that was not asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain(limit)
        case "gzip" | "x-gzip":
            return Inflating(limit, 31)
        case "deflate":
            return Inflating(limit, 15)
        case _:
            raise _broken("it is compressed in a way that was not asked for (gzip and deflate were)")
