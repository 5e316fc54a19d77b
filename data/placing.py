"""Rows without coordinates → where their words say they lie, with a radius; words that fit two places are asked about.

A village's position is its centre and reaches as far as its outline, or half-way to its nearest neighbour where it has
none. What is placed so is marked: it is good for a map of the county, never for driving to the door.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from data import registers
from data.cells import header
from data.geometry import shape_of
from data.layers import PLACED_BY, RADIUS, Layer
from data.tables import areas, depots, places, villages

SpotKind = Literal["village", "township", "facility"]
PlacedBy = Literal["village_code", "village_name", "township", "facility", "address", "chosen"]

_METRES_OF_A_DEGREE: Final = 111_320.0
_LEAST_RADIUS_M, _MOST_RADIUS_M = 300, 5_000
_FACILITY_RADIUS_M: Final = 200
_ALONE_RADIUS_M: Final = 2_000
_SHORTEST_NAME: Final = 2
_VILLAGE_DIGITS, _TOWNSHIP_DIGITS = 12, 9
_ENDINGS: Final = ("村民委员会", "居民委员会", "社区居委会", "村委会", "居委会", "行政村", "社区", "村")
_TOWN_ENDINGS: Final = ("街道办事处", "街道", "镇", "乡")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Something with a name and a place. within: the township that tells it from others of its name."""

    kind: SpotKind
    code: str
    name: str
    lon: float
    lat: float
    radius_m: int
    within: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A spot that a row was placed at, and by what."""

    spot: Spot
    by: PlacedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a layer holds already. codes_by_name: in `cells.header` spelling. shapes: with how each was placed, and its
    radius, None where it was measured.
    """

    codes_by_name: Mapping[str, Sequence[str]]
    shapes: Mapping[str, tuple[BaseGeometry, str | None, int | None]]


class Gazetteer:
    """Villages, townships and facilities by their codes and names."""

    def __init__(self, spots: Iterable[Spot]) -> None:
        self.by_code: dict[str, Spot] = {}
        self._by_name: dict[tuple[SpotKind, str], list[Spot]] = {}
        for spot in spots:
            self.by_code.setdefault(spot.code, spot)
            for name in _spellings(spot):
                self._by_name.setdefault((spot.kind, name), []).append(spot)
        self._longest = max((len(name) for _, name in self._by_name), default=0)
        self._remembered: dict[tuple[str, ...], Placed | tuple[Spot, ...]] = {}

    def find(
        self, *, area_code: str = "", village: str = "", town: str = "", texts: Sequence[str] = ()
    ) -> Placed | tuple[Spot, ...]:
        """Return where words say that a row lies; several spots where they fit several; none where they fit none."""
        key = (area_code, village, town, *texts)
        if key not in self._remembered:
            self._remembered[key] = self._find(
                area_code, header(village), header(town), [header(t) for t in texts]
            )
        return self._remembered[key]

    def _find(
        self, area_code: str, village: str, town: str, texts: Sequence[str]
    ) -> Placed | tuple[Spot, ...]:
        at = self.by_code.get(area_code)
        if at is not None and at.kind == "village":
            return Placed(spot=at, by="village_code")
        towns = self._named("township", town) or self._within(texts, "township")
        tries: tuple[tuple[SpotKind, PlacedBy, list[Spot]], ...] = (
            ("village", "village_name", self._named("village", village)),
            ("village", "address", self._within(texts, "village")),
            ("facility", "facility", self._within(texts, "facility")),
        )
        for kind, by, found in tries:
            narrowed = self._narrowed(found, towns, area_code) if kind == "village" else found
            if len(narrowed) == 1:
                return Placed(spot=narrowed[0], by=by)
            if narrowed:
                return tuple(narrowed)
        coarse = towns or ([at] if at is not None and at.kind == "township" else [])
        return Placed(spot=coarse[0], by="township") if len(coarse) == 1 else tuple(coarse)

    def _named(self, kind: SpotKind, name: str) -> list[Spot]:
        return self._by_name.get((kind, name), []) if name else []

    def _within(self, texts: Sequence[str], kind: SpotKind) -> list[Spot]:
        """Return what the longest name is that stands in a text."""
        for size in range(min(self._longest, max(map(len, texts), default=0)), _SHORTEST_NAME - 1, -1):
            for text in texts:
                for start in range(len(text) - size + 1):
                    if found := self._by_name.get((kind, text[start : start + size])):
                        return found
        return []

    @staticmethod
    def _narrowed(found: list[Spot], towns: list[Spot], area_code: str) -> list[Spot]:
        digits = {one.code[:_TOWNSHIP_DIGITS] for one in towns} or {area_code[:_TOWNSHIP_DIGITS]} - {""}
        return [one for one in found if one.code[:_TOWNSHIP_DIGITS] in digits] or found


def _spellings(spot: Spot) -> set[str]:
    """Return the names by which a spot is called, in `cells.header` spelling: 沙坪村 is also 沙坪."""
    name = header(spot.name)
    endings = {"village": _ENDINGS, "township": _TOWN_ENDINGS}.get(spot.kind, ())
    bare = next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), name)
    names = {name, bare, *({bare + "村"} if spot.kind == "village" else ())}
    return {one for one in names if len(one) >= _SHORTEST_NAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What rows of a layer are placed by: the gazetteer, and what the layer holds already."""

    gazetteer: Gazetteer
    standing: Standing


def surroundings(connection: Connection, layer: Layer) -> Surroundings:
    """Read what rows of a layer are placed by."""
    places_by_name = gazetteer(connection) if layer.geometry == "Point" else Gazetteer(())
    return Surroundings(gazetteer=places_by_name, standing=standing(connection, layer))


def gazetteer(connection: Connection) -> Gazetteer:
    """Read all that rows may be placed by."""
    outlines = {
        row.code: row
        for row in connection.execute(
            select(areas.c.code, areas.c.level, areas.c.name, areas.c.geom, areas.c.seat).where(
                areas.c.level.in_(["township", "village"])
            )
        )
    }
    shapes = {code: shape_of(row.geom) for code, row in outlines.items() if row.geom is not None}
    towns = {code[:_TOWNSHIP_DIGITS]: row.name for code, row in outlines.items() if row.level == "township"}
    points = {row.code: (row.name, shape_of(row.geom)) for row in connection.execute(select(villages))}
    points |= {
        code: (row.name, shape_of(row.seat) if row.seat is not None else shapes[code].representative_point())
        for code, row in outlines.items()
        if code not in points and (row.seat is not None or code in shapes)
    }
    radii = _radii(points, shapes)
    spots = [
        Spot(
            kind="village" if code[_TOWNSHIP_DIGITS:] != "000" else "township",
            code=code,
            name=name,
            lon=float(shapely.get_x(point)),
            lat=float(shapely.get_y(point)),
            radius_m=radii[code],
            within=towns.get(code[:_TOWNSHIP_DIGITS], ""),
        )
        for code, (name, point) in points.items()
    ]
    return Gazetteer([*spots, *_facilities(connection, towns)])


def _radii(
    points: Mapping[str, tuple[str, BaseGeometry]], shapes: Mapping[str, BaseGeometry]
) -> dict[str, int]:
    """Return how far each reaches: to the end of its outline, or half-way to its neighbour."""
    codes = list(points)
    if not codes:
        return {}
    lonlat = shapely.get_coordinates([points[code][1] for code in codes])
    metres = lonlat * _METRES_OF_A_DEGREE * np.array([np.cos(np.radians(lonlat[:, 1].mean())), 1.0])
    nearest = np.full(len(codes), np.inf)
    if len(codes) > 1:
        nearest = np.asarray(cKDTree(metres).query(metres, k=2)[0])[:, 1]
    found = {}
    for code, place, neighbour in zip(codes, metres, nearest, strict=True):
        if code in shapes:
            border = shapely.get_coordinates(shapes[code])
            scale = np.array([np.cos(np.radians(lonlat[:, 1].mean())), 1.0]) * _METRES_OF_A_DEGREE
            found[code] = max(_LEAST_RADIUS_M, int(np.hypot(*(border * scale - place).T).max()))
        elif np.isfinite(neighbour):
            found[code] = int(min(_MOST_RADIUS_M, max(_LEAST_RADIUS_M, neighbour / 2)))
        else:
            found[code] = _ALONE_RADIUS_M
    return found


def _facilities(connection: Connection, towns: Mapping[str, str]) -> Iterable[Spot]:
    for table in (places, depots):
        query = select(table.c.code, table.c.name, table.c.area_code, table.c.geom).where(
            func.ST_GeometryType(table.c.geom) == "ST_Point",
            table.c.name != "",
            table.c.attributes.op("->>")(PLACED_BY).is_(None),
        )
        for row in connection.execute(query):
            point = shape_of(row.geom)
            yield Spot(
                kind="facility",
                code=row.code,
                name=row.name,
                lon=float(shapely.get_x(point)),
                lat=float(shapely.get_y(point)),
                radius_m=_FACILITY_RADIUS_M,
                within=towns.get((row.area_code or "")[:_TOWNSHIP_DIGITS], ""),
            )


def standing(connection: Connection, layer: Layer) -> Standing:
    """Read what a layer holds: its codes by name, and its shapes."""
    table = registers.table_of(layer)
    named = table.c.name if "name" in table.c else table.c.code
    marked = table.c.attributes if PLACED_BY in layer.fields else None
    shaped = table.c.geom if "geom" in table.c else None
    columns = [
        column for column in (table.c.code, named.label("named"), shaped, marked) if column is not None
    ]
    codes: dict[str, list[str]] = {}
    shapes = {}
    for row in connection.execute(select(*columns).where(*registers.belongs(layer))):
        if row.named:
            codes.setdefault(header(row.named), []).append(row.code)
        if shaped is not None and row.geom is not None:
            marks = row.attributes if marked is not None else {}
            shapes[row.code] = (shape_of(row.geom), marks.get(PLACED_BY), marks.get(RADIUS))
    return Standing(codes_by_name=codes, shapes=shapes)
