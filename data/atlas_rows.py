"""What the sheets of a county are made from, read at one moment in one query a layer, never one a sheet."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row, text

from data import registers, units
from data.layers import Layer
from data.policies import Policy
from gis import areas
from gis.atlas import SheetLevel
from gis.atlas_rules import AtlasRules
from gis.composing import circle
from gis.crs import STORED, metres_per_degree
from gis.holdings import (
    LEAF,
    Cell,
    Ground,
    Holdings,
    Land,
    LandKey,
    OnDuty,
    Position,
    Thing,
    areas_of,
    key_of,
    leaves_of,
)
from gis.network import VehicleProfile

_ENTERPRISES: Final = "key_facilities"
_VILLAGES: Final = "villages"
_SHELTERS: Final = "shelters"
_HAZARDS: Final = "geohazard_points"

_AREAS = text("""
    SELECT code, level, name, name_en, attributes, ST_AsBinary(seat) AS seat, ST_AsBinary(coalesce(geom, (
        SELECT ST_Union(cell.geom) FROM grid_cells cell WHERE cell.theme = :theme AND cell.level = :leaf AND starts_with(
            cell.area_code, left(areas.code, CASE areas.level WHEN 'county' THEN 6 WHEN 'township' THEN 9 ELSE 12 END)
        )
    ))) AS geom
    FROM areas WHERE starts_with(code, :within) AND level IN ('county', 'township', 'village') ORDER BY code
""")

_CELLS = text("""
    SELECT code, level, parent, name, name_en, area_code, ST_AsBinary(geom) AS geom, attributes
    FROM grid_cells WHERE theme = :theme AND starts_with(area_code, :within) ORDER BY code
""")

_ON_DUTY = text("""
    SELECT grid_cells.code AS cell, places.layer, places.code AS place, people.code AS person, people.name, people.phone,
        duties.role, duties.rank
    FROM duties JOIN people ON people.id = duties.person_id
        LEFT JOIN grid_cells ON grid_cells.id = duties.grid_id LEFT JOIN places ON places.id = duties.place_id
    WHERE (grid_cells.theme = :theme OR places.layer = :enterprises)
        AND starts_with(coalesce(grid_cells.area_code, places.area_code), :within)
        AND coalesce(duties.valid_from <= :day, true) AND coalesce(duties.valid_to >= :day, true)
    ORDER BY duties.rank, duties.role, people.code
""")

_ROADS = text("""
    SELECT 'road' AS kind, class, name, ST_AsBinary((ST_Dump(geom)).geom) AS geom FROM (
        SELECT road_class AS class, coalesce(nullif(ref, ''), name, '') AS name, ST_LineMerge(ST_Collect(geom)) AS geom
        FROM road_edges JOIN road_networks USING (version)
        WHERE current AND geom && ST_MakeEnvelope(:west, :south, :east, :north, :srid) GROUP BY 1, 2 ORDER BY 1, 2
    ) AS merged
""")

_BASE = text("""
    SELECT kind, class, name, ST_AsBinary(geom) AS geom FROM base_features
    WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, :srid) ORDER BY id
""")

_BEYOND_M: Final = 10_000.0  # round the county: the ground on a sheet does not end at a border


def read(connection: Connection, policy: Policy, *, county: str, theme: str, day: date) -> Holdings | None:
    """Read a county's holdings; None where the store has no such county, or no outline of it.

    Persons on duty are those of `day`.
    """
    within = {"within": areas.prefix(county), "theme": theme}
    cells = {row.code: _cell(row) for row in connection.execute(_CELLS, within)}
    lands = _lands(connection.execute(_AREAS, {**within, "leaf": LEAF}), cells)
    if ("county", county) not in lands:
        return None
    things = {
        code: _things(
            connection, policy, policy.layers[code], within=within["within"], lands=lands, cells=cells
        )
        for code in dict.fromkeys([*policy.atlas.layers(), _VILLAGES, _SHELTERS, _HAZARDS, _ENTERPRISES])
        if code in policy.layers
    }
    lands |= _leaf_lands(cells, things.get(_VILLAGES, ()))
    lands |= _enterprises(things.get(_ENTERPRISES, ()), policy.atlas)
    on_duty, in_charge = _people(connection, {**within, "day": day})
    return Holdings(
        county=county,
        day=day,
        theme=theme,
        lands=lands,
        cells=cells,
        on_duty=on_duty,
        in_charge=in_charge,
        things=things,
        ground=_ground(connection, lands["county", county].shape),
        names={(one.layer, one.code): (one.name, one.name_en) for every in things.values() for one in every},
    )


def counties(connection: Connection, *, within: str | None) -> tuple[str, ...]:
    """Read the codes of the counties that have an outline or a grid, in order; only those of the area of digits `within`."""
    query = text("""
        SELECT code FROM areas WHERE level = 'county' AND starts_with(code, :within)
            AND (geom IS NOT NULL OR EXISTS (SELECT FROM grid_cells WHERE starts_with(grid_cells.area_code, left(areas.code, 6))))
        ORDER BY code
    """)
    return tuple(connection.scalars(query, {"within": within or ""}))


def _lands(rows: Iterable[Row[Any]], cells: Mapping[str, Cell]) -> dict[LandKey, Land]:
    """Make the lands of areas that have an outline. The cell of each is the widest that belongs to it and is no leaf."""
    own: dict[str, Cell] = {}
    for cell in sorted(cells.values(), key=lambda one: (one.level, one.code)):
        if cell.area is not None and cell.level < LEAF:
            own.setdefault(cell.area, cell)
    found = {}
    for row in rows:
        if row.geom is None:
            continue
        shape, level = _shape(row.geom), _level(row.level)
        widest = own.get(row.code)
        land = Land(
            code=row.code,
            level=level,
            name=row.name,
            name_en=row.name_en,
            area=row.code,
            shape=shape,
            place=_point(_shape(row.seat) if row.seat is not None else shape),
            cell=widest.code if widest else None,
            population=row.attributes.get("population"),
            households=row.attributes.get("households"),
        )
        found[key_of(land)] = land
    return found


def _leaf_lands(cells: Mapping[str, Cell], villages: Sequence[Thing]) -> dict[LandKey, Land]:
    """Make the lands of leaf cells. One comes to its village, where that lies in it, else to its middle."""
    homes = {one.leaf: one.position for one in reversed(villages) if one.leaf is not None}
    found = {}
    for cell in cells.values():
        if cell.level == LEAF and cell.area is not None:
            land = Land(
                code=cell.code,
                level="grid",
                name=cell.name,
                name_en=cell.name_en,
                area=cell.area,
                shape=cell.shape,
                place=homes.get(cell.code) or _point(cell.shape),
                cell=cell.code,
                population=cell.population,
                households=cell.households,
            )
            found[key_of(land)] = land
    return found


def _enterprises(things: Sequence[Thing], rules: AtlasRules) -> dict[LandKey, Land]:
    found = {}
    for thing in things:
        if thing.area is not None:
            land = Land(
                code=thing.code,
                level="enterprise",
                name=thing.name,
                name_en=thing.name_en,
                area=thing.area,
                shape=circle(thing.position, rules.surroundings_m),
                place=thing.position,
                cell=thing.leaf,
            )
            found[key_of(land)] = land
    return found


def _cell(row: Row[Any]) -> Cell:
    return Cell(
        code=row.code,
        level=row.level,
        parent=row.parent,
        name=row.name,
        name_en=row.name_en,
        area=row.area_code,
        shape=_shape(row.geom),
        population=row.attributes.get("population"),
        households=row.attributes.get("households"),
    )


def _things(
    connection: Connection,
    policy: Policy,
    layer: Layer,
    *,
    within: str,
    lands: Mapping[LandKey, Land],
    cells: Mapping[str, Cell],
) -> tuple[Thing, ...]:
    """Read a layer's rows that have a place. A row without an area code belongs where it lies."""
    rows = connection.execute(registers.items(layer, personal=True)).mappings().all()
    rows = [row for row in rows if row["geom"] is not None]
    shapes = [shapely.from_wkb(row["geom"].data) for row in rows]
    leaves = [cell for cell in cells.values() if cell.level == LEAF]
    villages = [land for land in lands.values() if land.level == "village"]
    lying = zip(areas_of(shapes, villages), leaves_of(shapes, leaves), strict=True)
    comers = _comers(connection, policy, layer)
    found = []
    for row, shape, (village, leaf) in zip(rows, shapes, lying, strict=True):
        area = row["code"] if layer.code == _VILLAGES else row.get("area_code")
        if (area or village or "").startswith(within):
            found.append(_thing(layer, row, shape, area or village, leaf, comer=comers.get(row["code"])))
    return tuple(sorted(found, key=lambda one: one.code))


def _thing(
    layer: Layer,
    row: Mapping[Any, Any],
    shape: BaseGeometry,
    area: str | None,
    leaf: str | None,
    *,
    comer: tuple[int, VehicleProfile] | None,
) -> Thing:
    able = str(row.get("capabilities") or "")
    return Thing(
        layer=layer.code,
        code=row["code"],
        name=row["name"],
        name_en=row.get("name_en") or "",
        area=area,
        leaf=leaf,
        shape=shape,
        fields={name: row[name] for name in layer.fields},
        detail=str(row.get("kind") or row.get("class") or row.get("level") or ""),
        ready_ms=comer[0] if comer else None,
        profile=comer[1] if comer else None,
        capabilities=frozenset(one.partition(":")[0] for one in able.split(";") if one),
    )


def _comers(connection: Connection, policy: Policy, layer: Layer) -> dict[str, tuple[int, VehicleProfile]]:
    """Read how long teams and depots take to get ready, by the ledger, and what they come in."""
    if layer.store == "teams":
        return {
            one.code: (one.notify_ms + one.assemble_ms + one.consent_ms, one.profile)
            for one in units.list_teams(connection)
        }
    if layer.store == "depots":
        return {
            one.code: (one.notify_ms + one.loading_ms, policy.atlas.goods_profile)
            for one in units.list_depots(connection)
        }
    return {}


def _people(
    connection: Connection, values: Mapping[str, object]
) -> tuple[dict[str, tuple[OnDuty, ...]], dict[tuple[str, str], tuple[OnDuty, ...]]]:
    """Read who is on duty in each cell, and for each enterprise."""
    on_duty: dict[str, list[OnDuty]] = {}
    in_charge: dict[tuple[str, str], list[OnDuty]] = {}
    for row in connection.execute(_ON_DUTY, {**values, "enterprises": _ENTERPRISES}):
        one = OnDuty(person=row.person, role=row.role, rank=row.rank, name=row.name, phone=row.phone)
        if row.cell is not None:
            on_duty.setdefault(row.cell, []).append(one)
        else:
            in_charge.setdefault((row.layer, row.place), []).append(one)
    return (
        {cell: tuple(people) for cell, people in on_duty.items()},
        {place: tuple(people) for place, people in in_charge.items()},
    )


def _ground(connection: Connection, county: BaseGeometry) -> Ground:
    """Read the ground of a county and a little beyond."""
    west, south, east, north = county.bounds
    east_m, north_m = (float(metres) for metres in metres_per_degree((south + north) / 2))
    values = {
        "west": west - _BEYOND_M / east_m,
        "south": south - _BEYOND_M / north_m,
        "east": east + _BEYOND_M / east_m,
        "north": north + _BEYOND_M / north_m,
        "srid": STORED,
    }
    rows = [*connection.execute(_BASE, values), *connection.execute(_ROADS, values)]
    return Ground(
        sorts=tuple(row.kind for row in rows),
        classes=tuple(row[1] for row in rows),
        names=tuple(row.name for row in rows),
        shapes=[_shape(row.geom) for row in rows],
    )


def _level(level: str) -> SheetLevel:
    levels: Mapping[str, SheetLevel] = {"county": "county", "township": "township", "village": "village"}
    return levels[level]


def _shape(stored: bytes | memoryview) -> BaseGeometry:
    shape: BaseGeometry = shapely.from_wkb(bytes(stored))
    return shape


def _point(shape: BaseGeometry) -> Position:
    point = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
    return (float(shapely.get_x(point)), float(shapely.get_y(point)))


def county_of(connection: Connection, level: SheetLevel, code: str) -> str | None:
    """Tell in which county a land lies; None where there is no such land or it belongs to no area."""
    query = {
        "grid": "SELECT area_code FROM grid_cells WHERE code = :code",
        "enterprise": f"SELECT area_code FROM places WHERE layer = '{_ENTERPRISES}' AND code = :code",
    }.get(level, "SELECT code FROM areas WHERE code = :code")
    area: str | None = connection.scalar(text(query), {"code": code})
    return None if area is None else areas.at_level(area, "county")
