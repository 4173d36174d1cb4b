"""Google Sheets, version 4, as far as values go.

| behaviour | page |
|---|---|
| append: after the last row of the table that the range is in; a sheet's title alone means its last table | https://developers.google.com/workspace/sheets/api/guides/values#append_values |
| `valueInputOption` is needed, `insertDataOption`, `tableRange`, `updates` | https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values/append |
| update: `updatedRange`, `updatedCells`; not beyond the range that was asked for | https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values/update |
| RAW keeps texts, USER_ENTERED reads them | https://developers.google.com/workspace/sheets/api/reference/rest/v4/ValueInputOption |
| null is skipped, an empty text empties | https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values#ValueRange |
| titles in quotes, quotes doubled | https://developers.google.com/workspace/sheets/api/guides/concepts#expandable-1 |
| 60 writes a minute for a user of a project, 429, back-off | https://developers.google.com/workspace/sheets/api/limits |
| 50,000 characters in a cell | https://support.google.com/drive/answer/37603 |
"""  # noqa: E501 - a table of addresses

import re
import secrets
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.vendors.google_errors import Refused

if TYPE_CHECKING:
    from tests.vendors.google import Google

COLUMNS, ROWS = 26, 1000
LONGEST_CELL = 50_000
A1 = re.compile(r"(?:(?:'((?:[^']|'')+)'|([A-Za-z0-9_]+))!)?([A-Z]{1,3})([1-9][0-9]*)(?::([A-Z]{1,3})([1-9][0-9]*))?")


class Formula(str):
    """A cell that computes."""


Cell = str | int | float | bool | None
Grid = list[list[Cell]]


@dataclass
class Sheets:
    """`make` a spreadsheet; `shared[id][email]` is `reader` or `writer`. `burst`: writes a user and a minute."""

    files: dict[str, dict[str, Grid]] = field(default_factory=dict)
    shared: dict[str, dict[str, str]] = field(default_factory=dict)
    burst: int | None = None
    retry_after: int | None = None
    enabled: bool = True
    writes: list[tuple[str, str]] = field(default_factory=list)  # method, range
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def make(self, *titles: str) -> str:
        made = secrets.token_urlsafe(33)
        self.files[made] = {title: [] for title in titles or ("Sheet1",)}
        self.shared[made] = {}
        return made

    def route(self, app: web.Application, google: "Google") -> None:
        async def append(request: web.Request) -> web.StreamResponse:
            return await google.during("append", request, lambda each: self._append(each, google))

        async def update(request: web.Request) -> web.StreamResponse:
            return await google.during("update", request, lambda each: self._update(each, google))

        async def get(request: web.Request) -> web.StreamResponse:
            return await google.during("get", request, lambda each: self._get(each, google))

        async def about(request: web.Request) -> web.StreamResponse:
            return await google.during("about", request, lambda each: self._about(each, google))

        app.router.add_post("/v4/spreadsheets/{id}/values/{range:.+}:append", append)
        app.router.add_put("/v4/spreadsheets/{id}/values/{range:.+}", update)
        app.router.add_get("/v4/spreadsheets/{id}/values/{range:.+}", get)
        app.router.add_get("/v4/spreadsheets/{id}", about)

    def _admit(self, request: web.Request, google: "Google", role: str) -> dict[str, Grid]:
        """The spreadsheet, for who may do this to it."""
        scopes = ("spreadsheets", "drive", *(("spreadsheets.readonly",) if role == "reader" else ()))
        access = google.access(request, *scopes)
        if not self.enabled:
            what = "Google Sheets API has not been used in project 1 before or it is disabled."
            raise Refused(403, "PERMISSION_DENIED", what, "SERVICE_DISABLED")
        if self.burst is not None and role == "writer":
            calls, now = self._calls[access.email], time.monotonic()
            while calls and calls[0] < now - 60:
                calls.popleft()
            if len(calls) >= self.burst:
                what = "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user'"
                full = f"{what} of service 'sheets.googleapis.com' for consumer 'project_number:1'."
                raise Refused(429, "RESOURCE_EXHAUSTED", full, "RATE_LIMIT_EXCEEDED", self.retry_after)
            calls.append(now)
        found = self.files.get(request.match_info["id"])
        if found is None:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        has = self.shared[request.match_info["id"]].get(access.email)
        if has is None or (role == "writer" and has != "writer"):
            raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission")
        return found

    async def _append(self, request: web.Request, google: "Google") -> web.StreamResponse:
        file = self._admit(request, google, "writer")
        title, place = _place(file, request.match_info["range"])
        grid = file[title]
        rows = await _rows(request)
        insert = request.query.get("insertDataOption", "OVERWRITE")
        if insert not in ("OVERWRITE", "INSERT_ROWS"):
            raise Refused(400, "INVALID_ARGUMENT", f"Invalid value at 'insert_data_option' ({insert})")
        top, bottom, left = _table(grid, place)
        said: dict[str, Any] = {"spreadsheetId": request.match_info["id"]}
        if bottom > top:
            said["tableRange"] = f"{_quoted(title)}!{_name(left)}{top + 1}:{_name(_right(grid, top, bottom))}{bottom}"
        if insert == "INSERT_ROWS" and bottom < len(grid):
            grid[bottom:bottom] = [[] for _ in rows]
        said["updates"] = self._write(request, title, grid, (bottom, left), rows)
        return web.json_response(said)

    async def _update(self, request: web.Request, google: "Google") -> web.StreamResponse:
        file = self._admit(request, google, "writer")
        title, place = _place(file, request.match_info["range"])
        rows = await _rows(request)
        if place is None:
            place = (0, 0, ROWS - 1, COLUMNS - 1)
        top, left, bottom, right = place
        if bottom >= ROWS or right >= COLUMNS:
            where = request.match_info["range"]
            what = f"Range ({where}) exceeds grid limits. Max rows: {ROWS}, max columns: {COLUMNS}"
            raise Refused(400, "INVALID_ARGUMENT", what)
        if len(rows) > bottom - top + 1 or any(len(row) > right - left + 1 for row in rows):
            what = f"Requested writing within range [{request.match_info['range']}], but tried writing to column"
            raise Refused(400, "INVALID_ARGUMENT", f"{what} [{_name(right + 1)}]")
        return web.json_response(self._write(request, title, file[title], (top, left), rows))

    def _write(
        self, request: web.Request, title: str, grid: Grid, corner: tuple[int, int], rows: list[list[Any]]
    ) -> dict[str, Any]:
        top, left = corner
        option = request.query.get("valueInputOption")
        if option not in ("RAW", "USER_ENTERED"):
            raise Refused(400, "INVALID_ARGUMENT", "'valueInputOption' is required but not specified")
        written = 0
        for down, row in enumerate(rows):
            while len(grid) <= top + down:
                grid.append([])
            line = grid[top + down]
            line += [None] * (left + len(row) - len(line))
            for along, value in enumerate(row):
                if value is not None:
                    line[left + along] = _read(value) if option == "USER_ENTERED" else (None if value == "" else value)
                    written += 1
        width = max(map(len, rows), default=0)
        last = f"{_name(left + width - 1)}{top + len(rows)}"
        first = f"{_name(left)}{top + 1}"
        where = f"{_quoted(title)}!{first}" + (f":{last}" if last != first else "")
        self.writes.append((request.method, where))
        return {
            "spreadsheetId": request.match_info["id"], "updatedRange": where, "updatedRows": len(rows),
            "updatedColumns": width, "updatedCells": written,
        }  # fmt: skip

    async def _get(self, request: web.Request, google: "Google") -> web.StreamResponse:
        file = self._admit(request, google, "reader")
        title, place = _place(file, request.match_info["range"])
        top, left, bottom, right = place or (0, 0, ROWS - 1, COLUMNS - 1)
        rows = [row[left : right + 1] for row in file[title][top : bottom + 1]]
        formulas = request.query.get("valueRenderOption") == "FORMULA"
        shown = [
            [str(each) if not isinstance(each, Formula) or formulas else "(computed)" for each in row] for row in rows
        ]
        return web.json_response({"range": _quoted(title), "majorDimension": "ROWS", "values": shown})

    async def _about(self, request: web.Request, google: "Google") -> web.StreamResponse:
        file = self._admit(request, google, "reader")
        grid = {"rowCount": ROWS, "columnCount": COLUMNS}
        sheets = [{"properties": {"title": title, "gridProperties": grid}} for title in file]
        return web.json_response({"spreadsheetId": request.match_info["id"], "sheets": sheets})


async def _rows(request: web.Request) -> list[list[Any]]:
    try:
        rows = (await request.json())["values"]
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise TypeError
    except (ValueError, TypeError, KeyError):
        raise Refused(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") from None
    for down, row in enumerate(rows):
        for along, value in enumerate(row):
            if isinstance(value, list | dict):
                kind = "list_value" if isinstance(value, list) else "struct_value"
                raise Refused(400, "INVALID_ARGUMENT", f"Invalid values[{down}][{along}]: {kind}")
            if isinstance(value, str) and len(value) > LONGEST_CELL:
                what = f"Your input contains more than the maximum of {LONGEST_CELL} characters in a single cell."
                raise Refused(400, "INVALID_ARGUMENT", what)
    return rows


def _place(file: dict[str, Grid], text: str) -> tuple[str, tuple[int, int, int, int] | None]:
    """The sheet and the cells (top, left, bottom, right, from 0) of a range in A1 notation; None: all of the sheet."""
    bare = text[1:-1].replace("''", "'") if len(text) > 2 and text[0] == text[-1] == "'" else text
    if bare in file and "!" not in text.replace(bare, ""):
        return bare, None
    found = A1.fullmatch(text)
    title = (found[1] or "").replace("''", "'") or found[2] or next(iter(file)) if found else ""
    if found is None or title not in file:
        raise Refused(400, "INVALID_ARGUMENT", f"Unable to parse range: {text}")
    left, top = _number(found[3]), int(found[4]) - 1
    return title, (top, left, int(found[6]) - 1 if found[6] else top, _number(found[5]) if found[5] else left)


def _table(grid: Grid, place: tuple[int, int, int, int] | None) -> tuple[int, int, int]:
    """Top, bottom (exclusive) and left of the table at the place, or of the last one in the sheet."""
    full = [any(cell is not None for cell in row) for row in grid]
    if place is None:
        bottom = max((number + 1 for number, is_full in enumerate(full) if is_full), default=0)
    else:
        bottom = place[0]
        while bottom < len(full) and full[bottom]:
            bottom += 1
        if bottom == place[0]:
            return bottom, bottom, place[1]
    top = bottom
    while top > 0 and full[top - 1]:
        top -= 1
    left = min((number for row in grid[top:bottom] for number, cell in enumerate(row) if cell is not None), default=0)
    return top, bottom, left


def _right(grid: Grid, top: int, bottom: int) -> int:
    return max(number for row in grid[top:bottom] for number, cell in enumerate(row) if cell is not None)


def _read(value: Any) -> Cell:
    """As if it were typed."""
    if isinstance(value, str):
        if value == "":
            return None
        if value.startswith(("=", "+", "-")) and len(value) > 1 and not re.fullmatch(r"[+-][0-9.]+", value):
            return Formula(value)
        if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", value):
            return float(value)
    return value  # type: ignore[no-any-return]


def _quoted(title: str) -> str:
    return title if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", title) else "'" + title.replace("'", "''") + "'"


def _number(letters: str) -> int:
    number = 0
    for each in letters:
        number = number * 26 + ord(each) - 64
    return number - 1


def _name(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
