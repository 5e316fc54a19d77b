"""Units as ledgers write them, in headers and behind numbers → the unit that a field is kept in.

A field's unit follows from its name (`total_m2`, `property_10k`, `notify_min`); heads and households are units of their
own, so that 30 households are never taken for 30 people.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from data.cells import CellError, plain

_BRACKETED: Final = re.compile(r"[(\[【]([^)\]】]*)[)\]】]")
_UNIT_WORD: Final = re.compile(r"^单位[:：]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A unit: what it measures, and how many of the kind's smallest common unit it is."""

    kind: str
    size: Decimal


_MEASURES: Final[Mapping[str, Measure]] = {
    word.casefold(): Measure(kind=kind, size=Decimal(size))
    for kind, sizes in {
        "length": {
            "0.001": "mm 毫米",
            "0.01": "cm 厘米",
            "1": "m 米 公尺",
            "1000": "km 公里 千米",
        },
        "area": {
            "1": "m2 ㎡ 平方米 平米 平方",
            "666.6666666667": "亩",
            "10000": "hm2 公顷 ha 万平方米 万㎡ 万m2",
            "1000000": "km2 平方公里 平方千米",
        },
        "volume": {
            "1": "m3 ㎥ 立方米 立方 方",
            "0.001": "l 升",
            "10000": "万m3 万㎥ 万立方米 万方",
            "100000000": "亿m3 亿立方米",
        },
        "mass": {"0.001": "g 克", "1": "kg 千克 公斤", "0.5": "斤", "1000": "t 吨"},
        "money": {"1": "元", "10000": "万元 万", "100000000": "亿元 亿"},
        "time": {"1": "min 分钟 分", "60": "h 小时 时", "1440": "天 日", "0.0166666666667": "s 秒"},
        "people": {"1": "人 名 口 人次", "10000": "万人"},
        "households": {"1": "户 家", "10000": "万户"},
        "angle": {"1": "° 度"},
    }.items()
    for size, words in sizes.items()
    for word in map(plain, words.split())
}

_BY_SUFFIX: Final[Mapping[str, str]] = {
    "m": "m",
    "m2": "m2",
    "m3": "m3",
    "mm": "mm",
    "cm": "cm",
    "kg": "kg",
    "min": "min",
    "deg": "度",
    "10k": "万元",
    "people": "人",
    "population": "人",
    "strength": "人",
    "staff": "人",
    "capacity": "人",
    "elderly": "人",
    "households": "户",
}
_COUNTED: Final = frozenset({"people", "households"})


def of_field(name: str) -> Measure | None:
    """Return the unit that a field of this name is kept in; None where it has none."""
    word = _BY_SUFFIX.get(name.rpartition("_")[2])
    return None if word is None else _MEASURES[word]


def in_header(title: str) -> tuple[str, Measure] | None:
    """Return the unit in the brackets of a header; None where it names none."""
    for said in _BRACKETED.findall(plain(title)):
        word = _UNIT_WORD.sub("", said).strip()
        if (found := _MEASURES.get(word.casefold())) is not None:
            return word, found
    return None


def factor(unit: Measure, kept: Measure | None) -> Decimal | None:
    """Return by what a number in `unit` is multiplied to be kept in a field's; None: they measure different things."""
    if kept is None:
        return unit.size if unit.kind in _COUNTED else None
    return unit.size / kept.size if unit.kind == kept.kind else None


def of_cell(word: str, *, ten_thousands: bool, kept: Measure | None, written: str) -> Decimal:
    """Return by what the number of a cell is multiplied whose unit is `word`, with 万 before it or not.

    Raises CellError for a unit that measures something else. A word that is no unit counts pieces ("30顶").
    """
    times = Decimal(10_000) if ten_thousands else Decimal(1)
    if not word:
        return times
    found = _MEASURES.get(word.casefold())
    if found is None and kept is not None and kept.kind not in _COUNTED:
        raise CellError("unit_differs", "write_unit", value=written)
    if found is None:
        return times
    scale = factor(found, kept)
    if scale is None:
        raise CellError("unit_differs", "write_unit", value=written)
    return times * scale
