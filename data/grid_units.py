"""Areas and villages of a county as what upper levels of grids are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import shapely
from sqlalchemy import Connection, Row, text

from gis import areas
from gis.grid_upper import Unit

_AREAS: Final = text("""
    SELECT code, level, name, name_en, ST_AsBinary(geom) AS shape, ST_X(seat) AS lon, ST_Y(seat) AS lat FROM areas
    WHERE starts_with(code, :digits) AND level IN ('county', 'township', 'village') ORDER BY code
""")
_VILLAGES: Final = text("""
    SELECT code, name, name_en, coalesce(area_code, '') AS area_code, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM villages
    WHERE starts_with(coalesce(area_code, :digits), :digits) ORDER BY code
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What the books have of one county."""

    county: Unit
    townships: tuple[Unit, ...]
    villages: tuple[Unit, ...]


def read(connection: Connection, county: str) -> Units | None:
    """Read a county by its code; None where the books do not have it.

    A village point of an area in the books is that area's seat; one with no area at all belongs where it lies.
    """
    digits = areas.prefix(county)
    by_level: dict[str, dict[str, Row[Any]]] = {"county": {}, "township": {}, "village": {}}
    for row in connection.execute(_AREAS, {"digits": digits}):
        by_level[row.level][row.code] = row
    if county not in by_level["county"]:
        return None
    drawn = by_level["village"]
    seats: dict[str, Row[Any]] = {}
    points = []
    for row in connection.execute(_VILLAGES, {"digits": digits}):
        own = _own_code(row, digits)
        if own in drawn and own not in seats:
            seats[own] = row
        else:
            points.append(_point(row, "" if own in drawn else own, county, by_level["township"]))
    villages = [_area(row, seats.get(row.code)) for row in drawn.values()]
    return Units(
        county=_area(by_level["county"][county], None),
        townships=tuple(_area(row, None) for row in by_level["township"].values()),
        villages=(*villages, *points),
    )


def _own_code(row: Row[Any], digits: str) -> str:
    """Return the village's twelve digits, "" where it has none."""
    for code in (row.area_code, row.code):
        if areas.is_code(code) and areas.level(code) == "village" and code.startswith(digits):
            return str(code)
    return ""


def _area(row: Row[Any], seat: Row[Any] | None) -> Unit:
    at = row if seat is None else seat
    return Unit(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        area_code=row.code,
        outline=None if row.shape is None else shapely.from_wkb(bytes(row.shape)),
        seat=None if at.lon is None else (at.lon, at.lat),
    )


def _point(row: Row[Any], own: str, county: str, townships: Mapping[str, Row[Any]]) -> Unit:
    """Give a village that is no area of the books the nearest area above it that is one."""
    above = areas.at_level(own or row.area_code, "township") if own or row.area_code else None
    return Unit(
        code=own,
        name=row.name,
        name_en=row.name_en,
        area_code=above if above is not None and above in townships else county,
        known=False,
        seat=(row.lon, row.lat),
    )
