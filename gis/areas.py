"""Area codes of administrative divisions: 12 digits = province 2 + city 2 + county 2 + township 3 + village 3.

A code of a higher level ends in zeros: 140000000000 is a province, 141029000000 a county, 141029100000 a township.
Published lists shorten codes to the digits that matter (6 for a county, 9 for a township); `complete` pads them.
"""

from typing import Literal

AreaLevel = Literal["province", "city", "county", "township", "village"]
AreaKind = Literal[
    "province",
    "city",
    "county",
    "street",
    "town",
    "township",
    "neighbourhood",
    "village_committee",
    "unclassified",
]

DIGITS = 12
_ENDS: dict[AreaLevel, int] = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}


def complete(digits: str) -> str:
    """Return `digits` padded with zeros to a full code.

    Raises ValueError unless they are 2, 4, 6, 9 or 12 decimal digits of a well-formed code.
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) in _ENDS.values()):
        message = f"{digits!r} is not an area code of 2, 4, 6, 9 or 12 digits"
        raise ValueError(message)
    code = digits.ljust(DIGITS, "0")
    if not is_code(code):
        message = f"{digits!r} has digits below a level that is zero"
        raise ValueError(message)
    return code


def is_code(code: str) -> bool:
    """Whether `code` is a full 12-digit code in which nothing hangs below a missing level.

    A city of zeros is allowed above a county: counties directly under a province are numbered so.
    """
    if not (len(code) == DIGITS and code.isascii() and code.isdigit()):
        return False
    province, county, township, village = code[:2], code[4:6], code[6:9], code[9:]
    if province == "00":
        return False
    if village != "000" and township == "000":
        return False
    return township == "000" or county != "00"


def level(code: str) -> AreaLevel:
    """Return the level that a full code stands for."""
    for name, end in _ENDS.items():
        if code[end:].strip("0") == "":
            return name
    raise ValueError(code)  # pragma: no cover - the village's rest is always empty


def parent(code: str) -> str | None:
    """Return the full code one level up; None above a province.

    A county directly under a province has the province as its parent.
    """
    levels = list(_ENDS)
    above = levels.index(level(code)) - 1
    while above >= 0:
        candidate = code[: _ENDS[levels[above]]].ljust(DIGITS, "0")
        if level(candidate) == levels[above]:
            return candidate
        above -= 1
    return None


def chain(code: str) -> tuple[str, ...]:
    """Return the code and everything above it, the province first."""
    above = parent(code)
    return (code,) if above is None else (*chain(above), code)


def prefix(code: str) -> str:
    """Return the digits shared by the area and everything in it ("141029" for a county)."""
    return code[: _ENDS[level(code)]]


def contains(area: str, code: str) -> bool:
    """Whether `code` is `area` or lies in it."""
    return code.startswith(prefix(area))


def at_level(code: str, wanted: AreaLevel) -> str | None:
    """Return the area of level `wanted` that `code` is or lies in; None where `code` stands above it."""
    return next((area for area in chain(code) if level(area) == wanted), None)


def kind(code: str) -> AreaKind:
    """Return what sort of unit the code's number range says it is.

    Townships: 001-099 street, 100-199 town, 200-399 township. Villages: 001-199 neighbourhood committee,
    200-399 village committee. Other numbers exist (mines, forest farms, parks) and are "unclassified".
    """
    here = level(code)
    if here == "township":
        return _by_range(int(code[6:9]), ((99, "street"), (199, "town"), (399, "township")))
    if here == "village":
        return _by_range(int(code[9:12]), ((199, "neighbourhood"), (399, "village_committee")))
    return here


def _by_range(number: int, ranges: tuple[tuple[int, AreaKind], ...]) -> AreaKind:
    return next((name for last, name in ranges if number <= last), "unclassified")
