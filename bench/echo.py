"""The outside world of a benchmark: answers every POST with its body and notes when each event's steps arrived.

    python -m bench.echo --port 9000

`GET /hits` gives `{"/first": {"<n>": <unix seconds>}, ...}` and forgets them. It does as little as it can, since it
shares the machine with what is measured.
"""

import argparse
import asyncio
import json
import time
from collections import defaultdict
from typing import ClassVar, cast

import uvloop


class Echo(asyncio.Protocol):
    """HTTP/1.1 with Content-Length, keep-alive and pipelining; enough for the clients of a benchmark."""

    hits: ClassVar[dict[str, dict[str, float]]] = defaultdict(dict)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = 0
            for line in head.split(b"\r\n")[1:]:
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            method, path, _ = head.split(b" ", 2)
            self.transport.write(self.answer(method, path.decode(), body))

    def answer(self, method: bytes, path: str, body: bytes) -> bytes:
        if path == "/hits":
            body = json.dumps(self.hits).encode()
            self.hits.clear()
        elif method == b"POST":
            event = str(json.loads(body).get("n"))
            self.hits[path].setdefault(event, time.time())
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(main(parser.parse_args().port))
