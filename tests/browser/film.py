"""A film for the documentation, where `VUTLER_SCREENSHOTS` asks for pictures: `docs/screenshots/<name>.webm`.

Chromium gives the frames as they are drawn, and another page of it puts them together: no other program is needed.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Page

from tests.browser.watching import PICTURES

_LONGEST_MS: Final = 700  # while nothing moves, the film goes on
_PUT_TOGETHER: Final = """async ([frames, longest]) => {
    const canvas = document.createElement('canvas'), pieces = [];
    const load = async data => {
        const image = new Image();
        image.src = 'data:image/jpeg;base64,' + data;
        await image.decode();
        return image;
    };
    const shown = ms => new Promise(done => {
        const end = performance.now() + ms;
        const look = () => performance.now() < end ? requestAnimationFrame(look) : done();
        look();
    });
    const first = await load(frames[0].data);
    [canvas.width, canvas.height] = [first.width, first.height];
    const recorder = new MediaRecorder(canvas.captureStream(12), {
        mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 350000,
    });
    recorder.ondataavailable = ({data}) => pieces.push(data);
    const ended = new Promise(done => { recorder.onstop = done; });
    recorder.start();
    for (const [index, {data, at}] of frames.entries()) {
        canvas.getContext('2d').drawImage(await load(data), 0, 0);
        const next = frames[index + 1]?.at ?? at + 1;
        await shown(Math.min(longest, (next - at) * 1000));
    }
    recorder.stop();
    await ended;
    const reader = new FileReader();
    const read = new Promise(done => { reader.onload = done; });
    reader.readAsDataURL(new Blob(pieces));
    await read;
    return reader.result.split(',')[1];
}"""


@asynccontextmanager
async def film(page: Page, name: str) -> AsyncIterator[None]:
    """What the page shows meanwhile."""
    if not os.environ.get("VUTLER_SCREENSHOTS"):
        yield
        return
    frames: list[dict[str, Any]] = []
    told: set[asyncio.Task[Any]] = set()
    session = await page.context.new_cdp_session(page)

    def keep(event: dict[str, Any]) -> None:
        frames.append({"data": event["data"], "at": event["metadata"]["timestamp"]})
        task = asyncio.ensure_future(session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]}))
        told.add(task)
        task.add_done_callback(told.discard)

    session.on("Page.screencastFrame", keep)
    await session.send("Page.startScreencast", {"format": "jpeg", "quality": 70, "maxWidth": 1120, "maxHeight": 700})
    yield
    await session.send("Page.stopScreencast")
    await asyncio.gather(*told)
    assert page.context.browser
    blank = await page.context.browser.new_page()
    made: str = await blank.evaluate(_PUT_TOGETHER, [frames, _LONGEST_MS])
    await blank.close()
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.webm").write_bytes(base64.b64decode(made))
