"""The sheets step: a row or a cell of a Google spreadsheet.

https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values
"""

import json
import re
import unicodedata
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import Retryable
from blocks.google.account import Google
from blocks.google.answers import judged
from blocks.outcomes import Done
from blocks.scalars import Scalar
from blocks.sentences import said
from blocks.values import Json, JsonObject
from blocks.words import Language, shortened, written_out

LONGEST_CELL: Final = 50_000  # characters, Google's own limit
MOST_COLUMNS: Final = 18_278  # up to ZZZ
_NAME: Final = "Google Sheets"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{20,100}")
_ADDRESS: Final = re.compile(
    r"https://docs\.google\.com/spreadsheets/(?:u/[0-9]+/)?d/([A-Za-z0-9_-]{20,100})(?:[/?#].*)?"
)
_CELL: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,7})")
_ROWS: Final = 10_000_000  # cells of a spreadsheet, so no row is further down
_SOME_SHEET: dict[Language, str] = {"en": "a sheet from the data", "fr": "une feuille tirée des données"}
_SOME_CELL: dict[Language, str] = {"en": "a cell", "fr": "une cellule"}


def _spreadsheet(text: str) -> str:
    """The id, also of an address that was copied from the browser."""
    found = _ADDRESS.fullmatch(text.strip())
    ident = found[1] if found else text.strip()
    if not _ID.fullmatch(ident):
        raise ValueError("give the spreadsheet's address (https://docs.google.com/spreadsheets/d/…) or its id")
    return ident


def _title(text: str) -> str:
    if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text):
        raise ValueError("a sheet's title has no line breaks or other control characters")
    return text


def _cell(text: str) -> str:
    found = _CELL.fullmatch(text.strip())
    if found is None or int(found[2]) > _ROWS:
        raise ValueError("give one cell by its column and row, such as B7")
    return f"{found[1].upper()}{found[2]}"


def _row(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _short(value: Scalar) -> Scalar:
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        raise ValueError(said("A cell holds at most {most:,} characters.", most=LONGEST_CELL))
    return value


Value = Annotated[Scalar, AfterValidator(_short)]


class SheetsInput(StepModel):
    connection: str = Field(
        min_length=1,
        max_length=200,
        description="The Google account, by id or name.",
        json_schema_extra={"format": "connection", "purpose": "google"},
    )
    spreadsheet: Annotated[str, Field(max_length=2_000), AfterValidator(_spreadsheet)] = Field(
        description="Its address, copied from the browser, or its id."
    )
    sheet: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_title)] = Field(
        description="The title on the sheet's tab."
    )
    operation: Literal["add_row", "update_cell"] = "add_row"
    cell: Annotated[str, Field(max_length=20), AfterValidator(_cell)] | None = Field(
        default=None, description="For update_cell: the cell, such as B7."
    )
    values: Annotated[list[Value], BeforeValidator(_row), Field(min_length=1, max_length=MOST_COLUMNS)] = Field(
        description="add_row: the cells of the row from left to right; null leaves one empty. update_cell: one value."
    )
    value_input: Literal["RAW", "USER_ENTERED"] = Field(
        default="RAW",
        description="RAW keeps values as they are. USER_ENTERED reads them as if somebody typed them: numbers, dates, "
        "and formulas, also those that came from outside.",
        json_schema_extra={"advanced": True},
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.operation == "update_cell":
            if self.cell is None:
                raise ValueError("update_cell needs a cell, such as B7")
            if len(self.values) != 1:
                raise ValueError("update_cell takes one value")
        elif self.cell is not None:
            raise ValueError("a row has no cell: it is added below the others")
        elif all(each is None for each in self.values):
            raise ValueError("a row needs a value that is not null")
        return self


class SheetsOutput(StepModel):
    range: str = Field(description="What was written, such as 'Leads'!A7:C7.")
    cells: int = Field(description="How many cells were written.")


class Sheets(Action[SheetsInput]):
    name = "sheets"
    title: ClassVar[dict[str, str]] = {"en": "Google Sheets", "fr": "Google Sheets"}
    description: ClassVar[dict[str, str]] = {
        "en": "Add a row to a spreadsheet, or write a cell.",
        "fr": "Ajouter une ligne à une feuille de calcul, ou écrire une cellule.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "write {what} in {sheet}", "fr": "écrire {what} dans {sheet}"}
    Input = SheetsInput
    Output = SheetsOutput
    connection = "google"
    credits = 1
    timeout_s = 30.0
    retry_attempts = 2
    example: ClassVar[dict[str, Json]] = {
        "connection": "Google",
        "spreadsheet": "https://docs.google.com/spreadsheets/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit",
        "sheet": "Leads",
        "operation": "add_row",
        "values": ["{{ trigger.data.name }}", "{{ trigger.data.email }}"],
    }

    def effect(self, given: SheetsInput) -> Effect:
        return Effect.UNSAFE if given.operation == "add_row" else Effect.IDEMPOTENT

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        row = {"en": "a row", "fr": "une ligne"}[language]
        sheet = written_out(config.get("sheet"))
        cell = written_out(config.get("cell")) or _SOME_CELL[language]
        return {
            "what": cell if config.get("operation") == "update_cell" else row,
            "sheet": shortened(sheet, 60) if sheet else _SOME_SHEET[language],
        }

    async def run(self, given: SheetsInput, context: ActionContext) -> Done:
        google = await context.service(given.connection, Google)
        method, url, row = _request(given, google.sheets_url)
        body: JsonObject = {"majorDimension": "ROWS", "values": [[*row]]}
        answer = await google.http.request(
            method,
            url,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            content=json.dumps(body, ensure_ascii=False).encode(),
            timeout_s=context.timeout_s,
        )
        said = judged(answer, _NAME)
        output = _written(said if given.operation == "update_cell" else said.get("updates"))
        context.log(f"Written: {output['range']}")
        return Done(output)


def _request(given: SheetsInput, base: str) -> tuple[str, str, list[Scalar]]:
    """The method, the address and the row. A sheet's title alone stands for the last table that is in it."""
    title = "'" + given.sheet.replace("'", "''") + "'"
    options: dict[str, str] = {"valueInputOption": given.value_input}
    if given.operation == "add_row":
        where = f"{quote(title, safe='')}:append"
        options["insertDataOption"] = "INSERT_ROWS"
        method, row = "POST", given.values
    else:
        where = quote(f"{title}!{given.cell}", safe="")
        method, row = "PUT", ["" if each is None else each for each in given.values]  # null would leave it as it is
    return method, f"{base}/{given.spreadsheet}/values/{where}?{urlencode(options)}", row


def _written(update: Json) -> JsonObject:
    where = update.get("updatedRange") if isinstance(update, dict) else None
    cells = update.get("updatedCells") if isinstance(update, dict) else None
    if not isinstance(where, str) or not isinstance(cells, int):
        raise Retryable("google_answer", said("{name} did not say what it has written.", name=_NAME), answered=False)
    return {"range": shortened(where, 300), "cells": cells}
