"""The score of the resource database as a workbook: the table by layer and township, and the list of what to mend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import openpyxl
from openpyxl.styles import Alignment, PatternFill

from data import completeness, headings, workbooks
from data.completeness import Cell, Finding
from data.layers import Layer
from data.policies import Policy

GOOD: Final = 80
POOR: Final = 60
"""Scores from which a cell is good, and below which it is poor; between them it is fair."""

_FILLS: Final = {
    "good": PatternFill("solid", fgColor="DDEFE0"),
    "fair": PatternFill("solid", fgColor="FBF0CF"),
    "poor": PatternFill("solid", fgColor="F6D9D3"),
}
_CENTRED: Final = Alignment(wrap_text=True, horizontal="center", vertical="center")

Grade = Literal["good", "fair", "poor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """What the workbook shows. `townships`: name by code, in the order of the columns. `owing`: by township, in words."""

    layers: Sequence[Layer]
    townships: Mapping[str, str]
    cells: Sequence[Cell]
    findings: Mapping[str, Sequence[Finding]]
    owing: Mapping[str, str]
    zone: ZoneInfo


def grade(score: float) -> Grade:
    """Return how good a score is, as it is shown: in whole numbers."""
    shown = round(score)
    return "good" if shown >= GOOD else "fair" if shown >= POOR else "poor"


def missing_words(layer: Layer, names: Sequence[str], policy: Policy, lang: headings.Headers) -> str:
    """Return the fields that a row lacks, in words."""
    return "、".join(
        policy.word("scores", "position", lang) if name == "geometry" else layer.fields[name].words[lang]
        for name in names
    )


def write(sheets: Sheets, policy: Policy, path: Path, lang: Literal["zh", "en"]) -> None:
    """Write the workbook. Raises OSError where it cannot be made."""
    workbook = openpyxl.Workbook(write_only=True)
    _write_matrix(workbook.create_sheet(_say(policy, "matrix", lang)), sheets, policy, lang)
    _write_list(workbook.create_sheet(_say(policy, "list", lang)), sheets, policy, lang)
    workbook.save(path)


def _say(policy: Policy, code: str, lang: str) -> str:
    return policy.word("scores", code, lang)


def _write_matrix(sheet: Any, sheets: Sheets, policy: Policy, lang: Literal["zh", "en"]) -> None:
    workbooks.set_widths(sheet, [20.0, *[12.0] * (len(sheets.townships) + 1)])
    sheet.freeze_panes = "B2"
    heads = [_say(policy, "layer", lang), _say(policy, "all", lang), *sheets.townships.values()]
    sheet.append([workbooks.header_cell(sheet, head) for head in heads])
    for layer in sheets.layers:
        own = [cell for cell in sheets.cells if cell.layer == layer.code]
        line = [own, *([cell for cell in own if cell.township == code] for code in sheets.townships)]
        sheet.append(
            [
                workbooks.text_cell(sheet, layer.words[lang]),
                *(_score_cell(sheet, cells, policy, lang) for cells in line),
            ]
        )


def _score_cell(sheet: Any, cells: Sequence[Cell], policy: Policy, lang: str) -> Any:
    """Write a score with the rows that it stands for; no colour alone tells how good it is."""
    score = completeness.score(cells, policy)
    if score is None:
        made = workbooks.text_cell(sheet, _say(policy, "empty", lang))
    else:
        rows = sum(cell.rows for cell in cells)
        made = workbooks.text_cell(sheet, f"{score:.0f}\n{rows} {_say(policy, 'rows', lang)}")
        made.fill = _FILLS[grade(score)]
    made.alignment, made.border = _CENTRED, workbooks.LINES
    return made


def _write_list(sheet: Any, sheets: Sheets, policy: Policy, lang: Literal["zh", "en"]) -> None:
    code, name = policy.layers["teams"].fields["code"], policy.layers["areas"].fields["name"]
    workbooks.set_widths(sheet, [16.0, 14.0, 20.0, 24.0, 40.0, 12.0, 30.0, 14.0, 36.0])
    sheet.freeze_panes = "A2"
    words = ("missing", "stale", "doubtful", "updated_at", "keeper")
    heads = [_say(policy, "layer", lang), _say(policy, "township", lang), code.words[lang], name.words[lang]]
    sheet.append(
        [workbooks.header_cell(sheet, head) for head in (*heads, *(_say(policy, one, lang) for one in words))]
    )
    for layer in sheets.layers:
        for found in sheets.findings.get(layer.code, ()):
            day = None if found.updated_at is None else found.updated_at.astimezone(sheets.zone).date()
            line = (
                layer.words[lang],
                sheets.townships.get(found.township, found.township),
                found.code,
                found.name,
                missing_words(layer, found.missing, policy, lang),
                _say(policy, "stale", lang) if found.stale else "",
                "；".join(policy.word("doubts", doubt, lang) for doubt in found.doubts),
                day,
                found.owner or sheets.owing.get(found.township, ""),
            )
            sheet.append([workbooks.cell_of(sheet, value) for value in line])
