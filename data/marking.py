"""The workbook that came, marked: faulty cells coloured with a comment in words, and a sheet that lists the problems."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from data import sources, workbooks
from data.policies import Policy
from data.problems import Severity

_FILLS: Final = {
    "fault": PatternFill("solid", fgColor="F8B4AB"),
    "note": PatternFill("solid", fgColor="FFF2CC"),
}
_NOTE_SIZE: Final = (320, 120)
_MOST_COMMENTS: Final = 5_000  # a workbook with more takes minutes to open
_LONGEST_NOTE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One problem in words. sheet: from 0; row: as a spreadsheet numbers it; place: its column from 0."""

    sheet: int
    row: int | None
    place: int | None
    severity: Severity
    words: str


def write(source: Path, target: Path, marks: Iterable[Mark], policy: Policy, lang: str) -> None:
    """Write the marked copy of a file; an old workbook, a text file or a drawing becomes a new workbook."""
    listed = list(marks)
    workbook = _opened(source)
    sheets = list(workbook.worksheets)
    commented = 0
    for mark in listed:
        if mark.row is None or mark.sheet >= len(sheets) or commented >= _MOST_COMMENTS:
            continue
        cell = sheets[mark.sheet].cell(mark.row, (mark.place or 0) + 1)
        if isinstance(cell, openpyxl.cell.MergedCell):
            continue
        cell.fill = _FILLS[mark.severity]
        earlier = f"{cell.comment.text}\n" if cell.comment else ""
        cell.comment = Comment((earlier + mark.words)[:_LONGEST_NOTE], "Muster", *reversed(_NOTE_SIZE))
        commented += 1
    _list(workbook, sheets, listed, policy, lang)
    workbook.save(target)


def _list(workbook: Any, sheets: list[Any], marks: list[Mark], policy: Policy, lang: str) -> None:
    title = workbooks.sheet_name(policy.word("workbooks", "problems", lang))
    while title in workbook.sheetnames:
        title += "'"
    sheet = workbook.create_sheet(title, 0)
    sheet.append([policy.word("workbooks", name, lang) for name in ("sheet", "cell", "problem")])
    for cell in sheet[1]:
        cell.font, cell.fill = workbooks.HEADER_FONT, workbooks.HEADER_FILL
    for number, mark in enumerate(marks, 2):
        name = sheets[mark.sheet].title if mark.sheet < len(sheets) else ""
        at = "" if mark.row is None else sources.cell_name(mark.row, mark.place or 0)
        for place, value in enumerate((name, at, mark.words), 1):
            cell = sheet.cell(number, place)
            cell.value, cell.data_type = workbooks.text_of(value), "s"
    workbooks.set_widths(sheet, [18.0, 10.0, 90.0])
    sheet.freeze_panes = "A2"
    workbook.active = 0


def _opened(source: Path) -> Any:
    if source.suffix.lower() == ".xlsx":
        return openpyxl.load_workbook(source)
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for number, table in enumerate(sources.read_all(source)):
        sheet = workbook.create_sheet(workbooks.sheet_name(table.name or f"{number + 1}"))
        for row in table.rows:
            for place, value in enumerate(row.cells, 1):
                if value is None:
                    continue
                cell = sheet.cell(row.number, place)
                cell.value = workbooks.text_of(value) if isinstance(value, str) else value
                if isinstance(value, str):
                    cell.data_type = "s"
    return workbook
