"""Workbooks as a county likes to get them: one look for templates, exports and lists of what is missing.

A workbook takes text that begins like a formula for one: here text is always marked as text.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from data import sources

TITLE_FONT: Final = Font(bold=True, size=14)
HEADER_FONT: Final = Font(bold=True)
HEADER_FILL: Final = PatternFill("solid", fgColor="DDE6ED")
NEEDED_FILL: Final = PatternFill("solid", fgColor="F6DFC8")
SAMPLE_FONT: Final = Font(italic=True, color="6B7680")
LINES: Final = Border(*(Side(style="thin", color="B8C2CC"),) * 4)
WRAPPED: Final = Alignment(wrap_text=True, vertical="center")
DAY_FORMAT: Final = "yyyy-mm-dd"
TEXT_FORMAT: Final = "@"
LONGEST_CELL: Final = 32_767
"""Characters that a cell of a workbook holds."""

_WIDEST: Final = 42
_LONGEST_NAME: Final = 31
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\]")
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LIKE_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_WIDE: Final = 0x2E80  # from here on signs are as wide as two letters


def sheet_name(words: str) -> str:
    """Return a name that a sheet may have."""
    return _NOT_IN_NAMES.sub(" ", words)[:_LONGEST_NAME]


def text_of(value: str) -> str:
    """Return text as a workbook can keep it: no signs that XML lacks, and nothing that reads as an escape (`_x0041_`)."""
    return _LIKE_ESCAPE.sub("_x005F_", without_controls(value))


def without_controls(value: str) -> str:
    """Return text without the signs that no XML document may hold."""
    return _NO_XML.sub("", value)


def width_of(words: Iterable[Any]) -> float:
    """Return the width of a column, in letters, that shows these words; long ones are cut."""
    widest = max((sum(2 if ord(sign) >= _WIDE else 1 for sign in str(word)) for word in words), default=0)
    return float(min(_WIDEST, widest + 3))


def set_widths(sheet: Any, widths: Sequence[float]) -> None:
    """Set the widths of a sheet's columns, from the first on."""
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width


def header_cell(sheet: Any, words: str, *, needed: bool = False) -> Any:
    """Make a header."""
    cell = text_cell(sheet, words)
    cell.font, cell.fill, cell.border = HEADER_FONT, NEEDED_FILL if needed else HEADER_FILL, LINES
    cell.alignment = WRAPPED
    return cell


def text_cell(sheet: Any, words: str) -> Any:
    """Make a cell of text, whatever it begins with."""
    cell = WriteOnlyCell(sheet, text_of(words))
    cell.data_type = "s"
    return cell


def cell_of(sheet: Any, value: Any) -> Any:
    """Return what a row of a sheet that is written once may hold for a value: plain for a number, a cell for text that
    would be taken for a formula.
    """
    if isinstance(value, str):
        kept = sources.guarded_in_workbook(value)
        return text_cell(sheet, kept) if kept[:1] == "=" else text_of(kept)
    return value
