"""Cells of ledgers as people fill them in → values. Pure; a cell that cannot be read raises CellError.

Everything is first normalised to NFKC, which turns full-width digits and brackets into plain ones. Codes of what is
wrong and of its remedy are keys of the vocabulary's [problems] and [remedies].
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from gis import areas

Cell = str | int | float | bool | date | datetime | None

Scale = Callable[[str, bool, str], Decimal]

_BRACKETS: Final = re.compile(r"[(\[【「][^)\]】」]*[)\]】」]")
_HEADER_NOISE: Final = re.compile(r"[\s*_\-:：.·]+")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_BLANKS: Final = re.compile(r"\s+")
_NUMBER: Final = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(万)?\s*([^\d\s+-][^\d]{0,7})?")
_GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PHONE_NOISE: Final = re.compile(r"[\s()\-—－+.]+")
_PHONE_SPLIT: Final = re.compile(r"[/、;,，]+")
_PHONE: Final = re.compile(r"\d{3,20}(转\d{1,6})?")
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_EXPONENT: Final = re.compile(r"\d+(\.\d+)?[eE]\+?\d+")
_WHOLE_FLOAT: Final = re.compile(r"\.0$")
_MOBILE_START: Final = re.compile(r"1[3-9]")
_MOBILE_DIGITS = 11
_LOST_MOBILE_DIGITS: Final = range(9, 11)
_COUNTRY: Final = re.compile(r"(?:00)?86(?=1[3-9]\d{9}$)")
_PEOPLE_SPLIT: Final = re.compile(r"[;；\n]+")
_PERSON: Final = re.compile(r"([^\d;]{1,40}?)\s*(\d[\d\s\-()转/]*)?")
_DATE: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?")
_COMPACT_DATE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_EXCEL_SERIALS: Final = range(3_654, 73_051)  # 1910 … 2099
_DEGREES: Final = re.compile(
    r"(?P<lead>[NSEW]|[东西南北][经纬])?\s*(?P<degrees>[+-]?\d+(?:\.\d+)?)\s*(?:[°度º:]\s*|\s+|$|(?=[NSEW]))"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*(?:['′’‘分:]\s*|\s+|$))?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)\s*(?:\"|''|′′|″|”|“|秒)?\s*)?"
    r"(?P<tail>[NSEW])?",
    re.IGNORECASE,
)
_NEGATIVE: Final = re.compile(r"[SW]|南纬|西经", re.IGNORECASE)
_LATITUDE_MARK: Final = re.compile(r"[NS南北]", re.IGNORECASE)
_PAIR_COMMA: Final = re.compile(r"\s*[,;、]\s*")
_PAIR_MARKED: Final = re.compile(r"(?=[东西南北][经纬])|(?<=[NSEW])\s+|\s+(?=[NSEW])", re.IGNORECASE)
_CAPABILITY_SPLIT: Final = re.compile(r"[;,、/\n]+")
_YES: Final = frozenset({"是", "有", "yes", "y", "true", "t", "1", "√", "可", "可用"})
_NO: Final = frozenset({"否", "无", "没有", "no", "n", "false", "f", "0", "×", "x", "不可用"})
_SIXTY: Final = 60.0
_TEN_THOUSAND: Final = 10_000
_BEST_GRADE, _LAST_GRADE = 1, 3


class CellError(ValueError):
    """A cell that cannot be read: what is wrong, the remedy, and the values that the words mention."""

    def __init__(self, code: str, remedy: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy
        self.values = {key: str(value) for key, value in values.items()}


def plain(cell: Cell) -> str:
    """Return a cell as normalised text: NFKC, blanks collapsed, nothing invisible, whole floats without ".0". Empty: ""."""
    if cell is None or cell != cell:  # noqa: PLR0124  # NaN alone differs from itself
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return _plain_text(cell if isinstance(cell, str) else str(cell))


@lru_cache(maxsize=4_096)
def _plain_text(said: str) -> str:
    """Normalise text; kept for a while, because several readers in turn ask for the same cell's."""
    if said.isascii() and said.isprintable():
        return " ".join(said.split())
    return _BLANKS.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", said))).strip()


def header(cell: Cell) -> str:
    """Return a header in the spelling by which headers are compared: without units, marks, blanks and case."""
    return _HEADER_NOISE.sub("", _BRACKETS.sub("", plain(cell))).casefold()


def text(cell: Cell, *, limit: int) -> str:
    """Return plain text of at most `limit` characters."""
    value = plain(cell)
    if len(value) > limit:
        raise CellError("too_long", "shorten", length=len(value), limit=limit)
    return value


def number(
    cell: Cell, *, least: float | None = None, most: float | None = None, scale: Scale | None = None
) -> float:
    """Return a number; 万 multiplies, and a unit after it is dropped or given to `scale` ("30人", "1.5万元", "1,200").

    scale: by what a number is multiplied, told its unit ("" for none), whether 万 stands before it, and the cell.
    """
    return float(_decimal(cell, least, most, scale))


def integer(
    cell: Cell, *, least: float | None = None, most: float | None = None, scale: Scale | None = None
) -> int:
    """Return a whole number, read like `number`."""
    value = _decimal(cell, least, most, scale)
    if value != value.to_integral_value():
        raise CellError("not_integer", "write_number", value=plain(cell))
    return int(value)


def _decimal(cell: Cell, least: float | None, most: float | None, scale: Scale | None) -> Decimal:
    value = plain(cell)
    match = _NUMBER.fullmatch(_GROUPED.sub("", value))
    if isinstance(cell, bool) or not match:
        raise CellError("not_number", "write_number", value=value)
    try:
        if scale is None:
            found = Decimal(match[1]) * (_TEN_THOUSAND if match[2] else 1)
        else:
            found = Decimal(match[1]) * scale((match[3] or "").strip(), bool(match[2]), value)
    except InvalidOperation:
        raise CellError("not_number", "write_number", value=value) from None
    if least is not None and found < Decimal(str(least)):
        raise CellError("too_small", "write_in_range", value=value, limit=f"{least:g}")
    if most is not None and found > Decimal(str(most)):
        raise CellError("too_large", "write_in_range", value=value, limit=f"{most:g}")
    return found


def boolean(cell: Cell) -> bool:
    """Return yes or no in any of the ways that ledgers write it."""
    if isinstance(cell, bool):
        return cell
    value = plain(cell).casefold()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise CellError("not_boolean", "write_yes_no", value=value)


def day(cell: Cell) -> date:
    """Return a date: a date cell, 2026-03-15, 2026/3/15, 2026年3月15日, 20260315, or an Excel serial number."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    value = plain(cell)
    match = _DATE.fullmatch(value) or _COMPACT_DATE.fullmatch(value)
    try:
        if match:
            return date(*(int(part) for part in match.groups()))
        if int(float(value)) in _EXCEL_SERIALS:
            return _EXCEL_EPOCH + timedelta(days=int(float(value)))
    except (ValueError, OverflowError):
        pass
    raise CellError("not_date", "write_date", value=value)


def phone(cell: Cell) -> str:
    """Return telephone numbers, several joined by ";". Numbers that a spreadsheet made a float are put right.

    A Chinese mobile number that has lost a digit is refused: it would ring nobody, or somebody else.
    """
    value = plain(cell)
    if _MOBILE.fullmatch(value):
        return value  # as most are written
    if _EXPONENT.fullmatch(value):
        value = plain(float(value))
    return ";".join(
        _one_phone(part, value) for part in _PHONE_SPLIT.split(_WHOLE_FLOAT.sub("", value)) if part
    )


def _one_phone(part: str, whole: str) -> str:
    digits = _COUNTRY.sub("", _PHONE_NOISE.sub("", part))
    lost_a_digit = len(digits) in _LOST_MOBILE_DIGITS and _MOBILE_START.match(digits)
    too_long = len(digits) > _MOBILE_DIGITS and _MOBILE_START.match(digits) and "转" not in digits
    if not _PHONE.fullmatch(digits) or lost_a_digit or too_long:
        raise CellError("not_phone", "write_phone", value=whole)
    return digits


def people(cell: Cell, *, limit: int) -> str:
    """Return several people, each with a telephone number if it is known: "张三 13800000000；李四"."""
    found = []
    for part in filter(None, (piece.strip() for piece in _PEOPLE_SPLIT.split(plain(cell)))):
        match = _PERSON.fullmatch(part)
        if match is None:
            found.append(part)
            continue
        name = match[1].strip(" :,")
        found.append(f"{name} {phone(match[2])}" if match[2] else name)
    return text("；".join(found), limit=limit).replace(";", "；")


def area_code(cell: Cell) -> str:
    """Return a full 12-digit area code; shorter published ones are padded."""
    value = plain(cell)
    try:
        return areas.complete(value)
    except ValueError:
        raise CellError("not_area_code", "write_area_code", value=value) from None


def choice(cell: Cell, codes: Mapping[str, str], *, group: str) -> str:
    """Return the code that a word stands for; `codes` maps `header`-spelled words to codes."""
    found = codes.get(header(cell))
    if found is None:
        raise CellError("not_choice", "choose_one", value=plain(cell), group=group)
    return found


def words_of(codes: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Map every word of (code, words) pairs, and the code itself, in header spelling, to the code."""
    return {header(word): code for code, words in codes for word in (code, *words)}


def capabilities(cell: Cell, codes: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Return (capability, grade) pairs, sorted, from "landslide_rescue:2;medical:3"; no grade means the last."""
    value = plain(cell)
    found: dict[str, int] = {}
    for part in _CAPABILITY_SPLIT.split(value):
        word, _, grade = part.partition(":")
        code = codes.get(header(word))
        if not part.strip():
            continue
        if code is None or (grade.strip() or "3") not in {"1", "2", "3"}:
            raise CellError("not_capabilities", "write_capabilities", value=part.strip())
        found[code] = min(int(grade.strip() or _LAST_GRADE), found.get(code, _LAST_GRADE))
    if not found:
        raise CellError("not_capabilities", "write_capabilities", value=value)
    return tuple(sorted(found.items()))


def degrees(cell: Cell) -> float:
    """Return an angle or a metre coordinate: a number, or degrees, minutes and seconds in any usual spelling."""
    value = plain(cell)
    match = _DEGREES.fullmatch(value)
    if not match:
        raise CellError("not_coordinate", "write_coordinates", value=value)
    minutes, seconds = float(match["minutes"] or 0), float(match["seconds"] or 0)
    if minutes >= _SIXTY or seconds >= _SIXTY:
        raise CellError("not_coordinate", "write_coordinates", value=value)
    size = abs(float(match["degrees"])) + minutes / _SIXTY + seconds / (_SIXTY * _SIXTY)
    marked_negative = any(mark and _NEGATIVE.fullmatch(mark) for mark in (match["lead"], match["tail"]))
    return -size if marked_negative or match["degrees"].startswith("-") else size


def position(cell: Cell) -> tuple[float, float]:
    """Return the two angles of one cell ("111.02, 36.10", "E111°1′31″ N36°6′"): in the order in which they stand,
    but longitude first where letters tell which is which.
    """
    value = plain(cell).strip("()[] ")
    for split in (_PAIR_COMMA.split(value), _PAIR_MARKED.split(value), value.split(" ")):
        parts = [part for part in split if part]
        if len(parts) == 2:  # noqa: PLR2004  # a pair
            first, second = reversed(parts) if _LATITUDE_MARK.search(parts[0]) else parts
            return degrees(first), degrees(second)
    raise CellError("not_coordinate", "write_coordinates", value=value)
