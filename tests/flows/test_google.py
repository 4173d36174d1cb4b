"""The steps for Google in a run: what is recorded, what is tried again, what stays in doubt, and what a lost worker
leaves behind."""

import asyncio
import contextlib
import hashlib
import json
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from blocks import registry
from blocks.errors import InvalidInput
from core import tenancy
from core.approvals.words import QUESTIONS, told
from core.files import pieces
from core.files.service import PART, Files
from core.ids import new_id
from core.runs import blobs
from core.runs.record import Writer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.job import execute_through
from flows.ledger import DatabaseLedger
from tests.flows.conftest import Verbatim
from tests.flows.test_connections import Account, account, service
from tests.flows.test_job_connections import Lane, _work, lane
from tests.vendors.google import Google
from tests.waiting import until

__all__ = ["account", "lane", "service"]

CONTENT = random.Random(2).randbytes(PART * 9 + 77)  # two chunks
AGAIN = {"retry": {"max_attempts": 2, "delay_s": 0.1}}


@pytest.fixture
async def google(account: Account) -> AsyncIterator[Google]:
    async with Google() as found:
        key = json.dumps(found.key_file(), indent=2)
        await account.make(
            "google_service_account", {"key": key, "base_url": found.url}, ["127.0.0.1"], name="Robot"
        )  # fmt: skip
        fields = {
            "client_id": found.client_id, "client_secret": found.client_secret, "base_url": found.url,
            "refresh_token": found.refresh_token(),
        }  # fmt: skip
        await account.make("google_oauth", fields, ["127.0.0.1"], name="Ada")
        yield found


@pytest.fixture
def sheet(google: Google) -> str:
    made = google.sheets.make("Leads")
    google.sheets.shared[made][google.key_file()["client_email"]] = "writer"
    return made


async def stored(account: Account, content: bytes = CONTENT) -> str:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    files = Files(account.workshop.db, quota=100 * PART)
    return str((await files.add(account.caller, "film.mp4", None, chunks(), announced=len(content))).id)


def row(sheet: str, **more: Any) -> dict[str, Any]:
    config = {"connection": "Robot", "spreadsheet": sheet, "sheet": "Leads", "values": ["=Ada", 1]}
    step = {key: more.pop(key) for key in ("retry", "in_doubt", "timeout_s") if key in more}
    return {"id": "a", "type": "sheets", "config": config | more, **step}


def film(reference: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = {"connection": "Ada", "file": reference, "title": "One"}
    return {"id": "a", "type": "youtube", "config": config, **more}


@contextlib.asynccontextmanager
async def worker(account: Account, slot: str) -> AsyncIterator[Engine]:
    identity, stop = Identity("testhost", slot, new_id().hex), asyncio.Event()
    async with Writer(account.workshop.db, identity.owner) as writer:
        tools = Tools(
            DatabaseLedger(account.workshop.db, door=account.door),
            writer,
            Verbatim(),
            account.out,
            "http://vutler.test",
        )
        engine = Engine(identity, account.workshop.db, tools, registry.actions(), 100)
        task = asyncio.create_task(engine.run(stop, drain_s=0.1))
        try:
            yield engine
        finally:
            stop.set()
            await task


@pytest.mark.proves("R-INTG-5")
async def test_a_row_and_a_cell(account: Account, google: Google, sheet: str) -> None:
    cell = row(sheet, operation="update_cell", cell="C1", values=["seen"]) | {"id": "b", "needs": ["a"]}
    rule = await account.automation(row(sheet), cell)
    async with account.engine():
        run = await account.run(rule)
    assert run["status"] == "success", run["error"]
    assert run["output"] == {"range": "Leads!C1", "cells": 1}
    assert google.sheets.files[sheet]["Leads"] == [["=Ada", 1, "seen"]]
    dump = await account.dump()
    assert "canary" not in dump
    assert "PRIVATE KEY" not in dump


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (500, "Google Sheets a répondu avec le statut 500."),
        (503, "Google Sheets a répondu avec le statut 503."),
        ("cut after", "127.0.0.1 a fermé la connexion trop tôt."),
        ("garbage", "Google Sheets a envoyé une réponse incompréhensible."),
    ],
)
async def test_a_row_in_doubt_asks_and_a_cell_is_written_again(
    account: Account, google: Google, sheet: str, trouble: Any, why: str
) -> None:
    google.trouble["append"].append(trouble)
    google.trouble["update"].append(trouble)
    async with account.engine():
        run_id = await account.workshop.start(await account.automation(row(sheet, **AGAIN)))
        run = await account.workshop.wait_for(run_id, "waiting", "failed", "success")
        assert (run["status"], run["wait"]["code"]) == ("waiting", "doubt")
        asked = (await account.workshop.steps(run_id))["a"]["wait"]["ask"]
        french = told(QUESTIONS, asked["code"], asked["args"], asked["message"], "fr")
        assert french.startswith(f"Étape a : {why} On ne sait pas si l’étape a eu son effet. Allez voir"), french
        cell = row(sheet, operation="update_cell", cell="B5", values=[2], **AGAIN)
        assert (await account.run(await account.automation(cell)))["status"] == "success"
    assert [name for name, _ in google.asked].count("append") == 1, "asked once, and not again"


async def test_what_google_was_too_busy_for_is_tried_again(account: Account, google: Google, sheet: str) -> None:
    google.trouble["append"].append(429)
    async with account.engine():
        run = await account.run(await account.automation(row(sheet, **AGAIN)))
    assert run["status"] == "success", run["error"]
    assert google.sheets.files[sheet]["Leads"] == [["=Ada", 1]]


@pytest.mark.proves("R-INTG-4")
@pytest.mark.parametrize("kind", ["$file", "$blob"])
async def test_a_video_by_reference(account: Account, google: Google, kind: str) -> None:
    if kind == "$file":
        reference: dict[str, Any] = {"$file": await stored(account), "name": "Film"}
    else:
        async with account.workshop.db.connection() as connection:
            reference = await blobs.store(
                connection, workspace_id=account.workshop.workspace, run_id=None, content=CONTENT,
                media_type="video/webm",
            )  # fmt: skip
    async with account.engine():
        run = await account.run(await account.automation(film(reference)))
    assert run["status"] == "success", run["error"]
    assert google.youtube.digests == {run["output"]["video_id"]: hashlib.sha256(CONTENT).hexdigest()}
    assert "canary" not in await account.dump()


async def test_an_upload_goes_on_over_attempts(account: Account, google: Google) -> None:
    reference = {"$file": await stored(account)}
    google.trouble["chunk"] += [503]
    google.trouble["status"] += [503] * 4
    async with account.engine():
        run = await account.run(await account.automation(film(reference, **AGAIN)))
    assert run["status"] == "success", run["error"]
    assert len(google.youtube.sessions) == len(google.youtube.videos) == 1
    assert len((await account.workshop.steps(run["id"]))["a"]["attempts"]) == 1
    sent = [each for each in google.youtube.spans if "*" not in each]
    assert sent == [f"bytes 0-{8 * PART - 1}/{len(CONTENT)}", f"bytes {8 * PART}-{len(CONTENT) - 1}/{len(CONTENT)}"]


async def test_a_worker_that_is_lost_while_it_uploads_leaves_a_doubt(account: Account, google: Google) -> None:
    reference = {"$file": await stored(account)}
    google.trouble["chunk"] += [None, "slow"]

    async def there() -> bool:
        return len([name for name, _ in google.asked if name == "chunk"]) == 2

    async with worker(account, "1") as first:
        run_id = await account.workshop.start(await account.automation(film(reference)))
        await until(there)
        first.lane = "gone"  # it claims nothing more
        async with account.workshop.db.connection() as connection:
            await connection.execute(
                "UPDATE run_queue SET state = 'queued', owner = NULL, lease_until = NULL WHERE run_id = $1", run_id
            )
        async with worker(account, "2"):
            run = await account.workshop.wait_for(run_id, "waiting", "failed", "success")
    assert (run["status"], run["wait"]["code"]) == ("waiting", "doubt")
    assert len(google.youtube.sessions) == 1
    assert google.youtube.videos == {}
    assert "canary" not in await account.dump()


async def test_pieces_of_what_is_stored(account: Account) -> None:
    ident = await stored(account)
    async with account.workshop.db.connection() as connection:
        kept = await blobs.store(
            connection, workspace_id=account.workshop.workspace, run_id=None, content=CONTENT, media_type="video/webm"
        )
        for reference in ({"$file": ident}, kept):
            for start, length in (
                (0, 0), (0, 1), (PART - 1, 2), (PART, PART), (PART + 5, 3 * PART), (len(CONTENT) - 3, 99),
                (len(CONTENT) + 5, 9), (-5, 9), (0, -1),
            ):  # fmt: skip
                found = await pieces.piece(connection, account.workshop.workspace, reference, start, length)
                begin = max(start, 0)
                assert found.content == CONTENT[begin : begin + max(length, 0)]
                assert found.size == len(CONTENT)
        for reference in ({"$file": ident}, kept, {"$file": "x"}, {"$file": 7}, {}, {"$blob": str(new_id())}):
            for length in (0, 9):
                with pytest.raises(InvalidInput, match="There is no file"):
                    await pieces.piece(connection, new_id(), reference, 0, length)
        with pytest.raises(InvalidInput):
            await pieces.piece(connection, account.workshop.workspace, {"$blob": ident}, 0, 9)


async def test_a_job_of_an_isolated_lane_uploads_too(lane: Lane) -> None:
    workspace: UUID = lane.workshop.workspace

    async def chunks() -> AsyncIterator[bytes]:
        yield CONTENT

    files = Files(lane.workshop.db, quota=100 * PART)
    file = await files.add(lane.caller, "film.mp4", None, chunks(), announced=len(CONTENT))
    foreign = {"$file": str(new_id())}
    async with Google() as google:
        fields = {
            "client_id": google.client_id, "client_secret": google.client_secret, "base_url": google.url,
            "refresh_token": google.refresh_token(),
        }  # fmt: skip
        owner = Account(lane.workshop, lane.services.connections, None, lane.caller, None, None)  # type: ignore[arg-type]
        tenancy.enter(workspace)
        await owner.make("google_oauth", fields, ["127.0.0.1"], name="Ada")
        run_id = await lane.accepted(await lane.workshop.automation(film({"$file": str(file.id)})))
        async with lane.api(run_id) as api:
            assert (await execute_through(api, _work)).is_completed()
        assert [*google.youtube.digests.values()] == [hashlib.sha256(CONTENT).hexdigest()]
        run_id = await lane.accepted(await lane.workshop.automation(film(foreign)))
        async with lane.api(run_id) as api:
            assert (await execute_through(api, _work)).is_failed()
    assert "There is no file" in (await lane.workshop.run(run_id))["error"]
    assert workspace == lane.caller.workspace_id
