"""BeiDou grid location codes (GB/T 39409-2020): a place in letters and digits that can be read out over the radio.

Ten levels, each dividing the one before: 6° × 4° (as sheets of the 1 : 1,000,000 map), 30′, 15′ × 10′, 1′, 4″, 2″,
1/4″, 1/32″, 1/256″, 1/2048″. Rows and columns count away from the equator and the prime meridian. At 36° N the first
level changes from row I to row J.
"""

import re
from typing import Final

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

LEVELS: Final = 10
RADIO_LEVEL: Final = 6
"""Cells of 2″, some sixty metres: twelve characters."""

_UNITS: Final = 3600 * 2048  # of one degree: the finest level's cells
_FIRST: Final = (6 * _UNITS, 4 * _UNITS)
_PARTS: Final = ((12, 8), (2, 3), (15, 10), (15, 15), (2, 2), (8, 8), (8, 8), (8, 8), (8, 8))
_ONE_CHARACTER: Final = frozenset({(2, 3), (2, 2)})
_DIGITS: Final = "0123456789ABCDEF"
_ROWS: Final = "ABCDEFGHIJKLMNOPQRSTUV"
_COLUMNS_EACH_SIDE: Final = 30
_MAX_LON, _MAX_LAT = 180, 88  # the first level ends there: the poles have codes of their own
_CODE: Final = re.compile(r"([NS])(0[1-9]|[1-5]\d|60)([A-V])([0-9A-E]*)")


def encode(lon: float, lat: float, level: int = RADIO_LEVEL) -> str:
    """Return the code of the cell that a position lies in. Raises ValueError beyond 88° of latitude or another level."""
    if not (-_MAX_LON <= lon < _MAX_LON and -_MAX_LAT < lat < _MAX_LAT and 1 <= level <= LEVELS):
        raise ValueError(f"no code of level {level} for {lon}, {lat}")
    # 180° W ends the last column in the west: it begins none
    x, y = min(int(abs(lon) * _UNITS), _MAX_LON * _UNITS - 1), int(abs(lat) * _UNITS)
    (column, x), (row, y) = divmod(x, _FIRST[0]), divmod(y, _FIRST[1])
    side = _COLUMNS_EACH_SIDE
    zone = side - column if lon < 0 else side + 1 + column
    code = [f"{'S' if lat < 0 else 'N'}{zone:02}{_ROWS[row]}"]
    width, height = _FIRST
    for parts in _PARTS[: level - 1]:
        width, height = width // parts[0], height // parts[1]
        (column, x), (row, y) = divmod(x, width), divmod(y, height)
        code.append(_cell(parts, column, row))
    return "".join(code)


def decode(code: str) -> Bounds:
    """Return the cell of a code of any level. Raises ValueError for a text that is none."""
    match = _CODE.fullmatch(code)
    if match is None:
        raise ValueError(f"no BeiDou code: {code!r}")
    zone, rest = int(match[2]), match[4]
    side = _COLUMNS_EACH_SIDE
    x = (side - zone if zone <= side else zone - side - 1) * _FIRST[0]
    y = _ROWS.index(match[3]) * _FIRST[1]
    width, height = _FIRST
    for parts in _PARTS:
        if not rest:
            break
        size = 1 if parts in _ONE_CHARACTER else 2
        column, row = _column_and_row(parts, rest[:size], code)
        width, height = width // parts[0], height // parts[1]
        x, y, rest = x + column * width, y + row * height, rest[size:]
    if rest:
        raise ValueError(f"no BeiDou code: {code!r}")
    west, east = sorted((edge / _UNITS) * (1 if zone > side else -1) for edge in (x, x + width))
    south, north = sorted((edge / _UNITS) * (1 if match[1] == "N" else -1) for edge in (y, y + height))
    return west, south, east, north


def _cell(parts: tuple[int, int], column: int, row: int) -> str:
    """Write a cell within its parent: row after row in one digit where there are few, else column and row."""
    if parts in _ONE_CHARACTER:
        return _DIGITS[row * parts[0] + column]
    return _DIGITS[column] + _DIGITS[row]


def _column_and_row(parts: tuple[int, int], written: str, code: str) -> tuple[int, int]:
    columns, rows = parts
    if parts in _ONE_CHARACTER:
        row, column = divmod(_DIGITS.index(written), columns)
    elif len(written) == 2:  # noqa: PLR2004  # a column and a row
        column, row = _DIGITS.index(written[0]), _DIGITS.index(written[1])
    else:
        raise ValueError(f"no BeiDou code: {code!r}")
    if column >= columns or row >= rows:
        raise ValueError(f"no BeiDou code: {code!r}")
    return column, row
