"""What the cells of a column look like, whatever its header says: counties put values under each other's headers."""

import re
from collections.abc import Iterable
from typing import Final, Literal

from data.cells import Cell, CellError, day, phone, plain

Look = Literal["phone", "date", ""]

_MOST: Final = 0.6
_FEWEST: Final = 2
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 60_000  # 1954 … 2064
_TELEPHONE: Final = re.compile(r"1[3-9]\d{9}|0\d{9,11}|[2-8]\d{6,7}|1[12]\d{1,3}|9\d{4}")


def kind_of(sample: Iterable[Cell]) -> Look:
    """Tell what most of the cells are; "" where nothing is clear."""
    kinds = [_one(cell) for cell in sample]
    if len(kinds) < _FEWEST:
        return ""
    return next((kind for kind in ("phone", "date") if kinds.count(kind) >= _MOST * len(kinds)), "")


def _one(cell: Cell) -> Look:
    try:
        day(cell)
    except CellError:
        pass
    else:
        return "date" if not plain(cell).isdecimal() or _is_a_day_number(plain(cell)) else ""
    try:
        return "phone" if all(_TELEPHONE.match(one) for one in phone(cell).split(";")) else ""
    except CellError:
        return ""


def _is_a_day_number(digits: str) -> bool:
    """Whether digits are a spreadsheet's number of a day, or year, month and day without anything between."""
    return _FIRST_SERIAL <= int(digits) <= _LAST_SERIAL or digits.startswith(("19", "20"))
