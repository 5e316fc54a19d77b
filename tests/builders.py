"""A small hand-made county, row by row. Each builder inserts one thing, takes keyword overrides and returns its id.

The county: one main road of eleven nodes from west to east (secondary, 60 km/h, 1.8 km between nodes), a parallel
northern road (tertiary, 40 km/h) joined to it at both ends and in the middle; two townships side by side.
"""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pyproj import Geod
from shapely import LineString, Point, Polygon, box
from shapely.geometry import MultiPolygon
from sqlalchemy import Connection, insert, select, text

from data import history, tables

NOW = datetime(2026, 3, 15, 10, 10, tzinfo=UTC)
WEST, SOUTH = 111.0, 36.0
STEP = 0.02  # degrees of longitude between nodes of the main road
NORTH = 0.03  # degrees of latitude from the main road to the northern one
COUNTY = "990101000000"
WEST_TOWNSHIP = "990101100000"
EAST_TOWNSHIP = "990101101000"
WEST_VILLAGE = "990101100201"
EAST_VILLAGE = "990101101201"
LEAF_GRID = "FF-05-001"

DUTIES: Mapping[str, tuple[str, str, str]] = {  # the cell, the role and the rank of each person
    "MAYOR": ("FF-01-001", "grid_head", "A"),
    "VICE": ("FF-01-001", "grid_head", "B"),
    "TOWN": ("FF-02-001", "grid_head", "A"),
    "DEPUTY": ("FF-02-001", "grid_deputy", "A"),
    "SECTOR": ("FF-03-001", "grid_head", "A"),
    "VILLAGE": ("FF-04-001", "grid_head", "A"),
    "RANGER": ("FF-05-001", "ranger", "A"),
    "STANDIN": ("FF-05-001", "ranger", "B"),
}

Position = tuple[float, float]
_numbers = itertools.count(1)
_geod = Geod(ellps="GRS80")


def on_main_road(node: float) -> Position:
    """Return the position of a node of the main road, 0 to 10, or between two."""
    return (WEST + STEP * node, SOUTH)


def wkt(geometry: Any) -> str:
    """Write a geometry for the store."""
    return f"SRID=4490;{geometry.wkt}"


def _multi(west: float, east: float) -> MultiPolygon:
    return MultiPolygon([box(west, SOUTH - 0.1, east, SOUTH + 0.1)])


def _insert(
    connection: Connection, table: Any, values: Mapping[str, Any], overrides: Mapping[str, Any]
) -> int:
    statement = insert(table).values({**values, **overrides}).returning(*table.primary_key.columns)
    key: int = connection.execute(statement).scalar_one()
    return key


def add_areas(connection: Connection) -> None:
    """Insert the county, its two townships, a village in each, and one leaf grid with its chain."""
    middle, east, west = WEST + 5 * STEP, WEST + 11 * STEP, WEST - STEP
    rows = [
        (COUNTY, "county", None, "试验县", _multi(west, east)),
        (WEST_TOWNSHIP, "township", COUNTY, "西镇", _multi(west, middle)),
        (EAST_TOWNSHIP, "township", COUNTY, "东镇", _multi(middle, east)),
    ]
    connection.execute(
        insert(tables.areas),
        [
            {"code": code, "level": level, "parent": parent, "name": name, "geom": wkt(outline)}
            for code, level, parent, name, outline in rows
        ],
    )
    for code, township, name, node in (
        (WEST_VILLAGE, WEST_TOWNSHIP, "西岭村", 2),
        (EAST_VILLAGE, EAST_TOWNSHIP, "东沟村", 8),
    ):
        add_village(connection, code=code, area_code=township, name=name, geom=wkt(Point(on_main_road(node))))
    parent = None
    for level in range(1, 6):
        code = f"FF-{level:02}-001"
        connection.execute(
            insert(tables.grid_cells).values(
                code=code,
                theme="forest_fire",
                level=level,
                parent=parent,
                name=f"网格{level}",
                area_code=WEST_TOWNSHIP,
                geom=wkt(_multi(west, middle)),
            )
        )
        parent = code


GRID_THEME = "safety"
GRID_MIDDLE = WEST + 5 * STEP
GRID_EDGES = (WEST - STEP, WEST + 2 * STEP, GRID_MIDDLE, WEST + 8 * STEP, WEST + 11 * STEP)
"""Longitudes of the borders of the four leaves."""
LEAVES = tuple(f"{village}-S{number:02}" for village in (WEST_VILLAGE, EAST_VILLAGE) for number in (1, 2))
SAFETY_HEAD, SAFETY_DEPUTY = "S-A", "S-B"


def add_grids(connection: Connection) -> None:
    """Insert a whole tree of the theme "safety", a month old: four leaves from west to east, each with an A person.

    Two villages of two leaves, each its own township and sector. The persons: S-A answers for the two western leaves
    and all above, S-B for the eastern ones.
    """
    history.at(connection, NOW - timedelta(days=30))
    west, first, middle, third, east = GRID_EDGES
    for village, township in ((WEST_VILLAGE, WEST_TOWNSHIP), (EAST_VILLAGE, EAST_TOWNSHIP)):
        connection.execute(
            insert(tables.areas).values(code=village, level="village", parent=township, name=village[-3:])
        )
    cells: list[tuple[str, int, str | None, str, float, float]] = [
        ("S1", 1, None, COUNTY, west, east),
        ("S2-W", 2, "S1", WEST_TOWNSHIP, west, middle),
        ("S2-E", 2, "S1", EAST_TOWNSHIP, middle, east),
        ("S3-W", 3, "S2-W", WEST_TOWNSHIP, west, middle),
        ("S3-E", 3, "S2-E", EAST_TOWNSHIP, middle, east),
        (f"{WEST_VILLAGE}-S", 4, "S3-W", WEST_VILLAGE, west, middle),
        (f"{EAST_VILLAGE}-S", 4, "S3-E", EAST_VILLAGE, middle, east),
        (LEAVES[0], 5, f"{WEST_VILLAGE}-S", WEST_VILLAGE, west, first),
        (LEAVES[1], 5, f"{WEST_VILLAGE}-S", WEST_VILLAGE, first, middle),
        (LEAVES[2], 5, f"{EAST_VILLAGE}-S", EAST_VILLAGE, middle, third),
        (LEAVES[3], 5, f"{EAST_VILLAGE}-S", EAST_VILLAGE, third, east),
    ]
    persons = {
        code: connection.execute(
            insert(tables.people)
            .values(code=code, name=name, phone=phone, organisation="安监站", area_code=COUNTY)
            .returning(tables.people.c.id)
        ).scalar_one()
        for code, name, phone in (
            (SAFETY_HEAD, "赵安全", "10000000021"),
            (SAFETY_DEPUTY, "钱守护", "10000000022"),
        )
    }
    for code, level, parent, area, left, right in cells:
        grid = connection.execute(
            insert(tables.grid_cells)
            .values(
                code=code,
                theme=GRID_THEME,
                level=level,
                parent=parent,
                name=f"安{code}",
                area_code=area,
                geom=wkt(_multi(left, right)),
            )
            .returning(tables.grid_cells.c.id)
        ).scalar_one()
        eastern = area in {EAST_VILLAGE, EAST_TOWNSHIP}
        connection.execute(
            insert(tables.duties).values(
                code=f"duty-{code}",
                person_id=persons[SAFETY_DEPUTY if eastern else SAFETY_HEAD],
                role="grid_head",
                grid_id=grid,
            )
        )


def add_village(connection: Connection, **overrides: Any) -> int:
    """Insert a village at the west end."""
    values = {
        "code": f"9901011002{next(_numbers):02}",
        "name": "村",
        "area_code": WEST_TOWNSHIP,
        "population": 300,
        "geom": wkt(Point(on_main_road(0))),
    }
    return _insert(connection, tables.villages, values, overrides)


def add_place(connection: Connection, *, position: Position = (WEST, SOUTH), **overrides: Any) -> int:
    """Insert a geohazard point."""
    values = {
        "layer": "geohazard_points",
        "code": f"GH{next(_numbers):03}",
        "name": "老庄滑坡",
        "area_code": WEST_TOWNSHIP,
        "geom": wkt(Point(position)),
        "attributes": {"kind": "landslide"},
    }
    return _insert(connection, tables.places, values, overrides)


def add_team(
    connection: Connection,
    *,
    position: Position,
    capabilities: Mapping[str, int],
    status: str = "on_duty",
    **overrides: Any,
) -> int:
    """Insert a team of ten that has just reported; capabilities as code → grade."""
    number = next(_numbers)
    values = {
        "code": f"T{number:03}",
        "name": f"第{number}救援队",
        "name_en": f"Rescue team {number}",
        "kind": "full_time",
        "area_code": WEST_TOWNSHIP,
        "geom": wkt(Point(position)),
        "strength": 10,
        "notify_ms": 60_000,
        "assemble_ms": 120_000,
        "travel_speed_class": "car",
        "contact_name": "张三",
        "contact_phone": "10000000001",
    }
    team = _insert(connection, tables.teams, values, overrides)
    connection.execute(
        insert(tables.team_capabilities),
        [{"team_id": team, "code": code, "grade": grade} for code, grade in capabilities.items()],
    )
    connection.execute(insert(tables.team_states).values(team_id=team, status=status, reported_at=NOW))
    return team


def add_vehicle(connection: Connection, **overrides: Any) -> int:
    """Insert a vehicle; `team_id` or `depot_id` must be given."""
    values = {
        "code": f"V{next(_numbers):03}",
        "kind": "truck",
        "load_kg": 6000,
        "speed_class": "truck",
        "mass_kg": 12_000,
    }
    return _insert(connection, tables.vehicles, values, overrides)


def add_depot(connection: Connection, *, position: Position, **overrides: Any) -> int:
    """Insert an open county depot."""
    number = next(_numbers)
    values = {
        "code": f"D{number:03}",
        "name": f"第{number}物资库",
        "name_en": f"Depot {number}",
        "level": "county",
        "area_code": WEST_TOWNSHIP,
        "geom": wkt(Point(position)),
        "notify_ms": 60_000,
        "loading_ms": 300_000,
        "contact_name": "李四",
        "contact_phone": "10000000002",
    }
    return _insert(connection, tables.depots, values, overrides)


def add_lot(connection: Connection, *, depot: int, item: str, quantity: int, **overrides: Any) -> int:
    """Insert a stock lot with the movement that brought it in."""
    values = {
        "code": f"L{next(_numbers):03}",
        "depot_id": depot,
        "item": item,
        "quantity": quantity,
        "unit_kg": 2,
    }
    lot = _insert(connection, tables.stock_lots, values, overrides)
    if quantity:
        connection.execute(
            insert(tables.stock_movements).values(
                lot_id=lot, kind="receive", quantity=quantity, at=NOW, actor="builder"
            )
        )
    return lot


def add_roads(connection: Connection) -> None:
    """Insert the two roads as the current network, version and ids from 1 on."""
    nodes: dict[int, Position] = {node: on_main_road(node) for node in range(11)}
    nodes |= {20 + node: (WEST + STEP * node, SOUTH + NORTH) for node in range(11)}
    pairs = [(node, node + 1, "secondary", 60.0) for node in range(10)]
    pairs += [(20 + node, 21 + node, "tertiary", 40.0) for node in range(10)]
    pairs += [(node, 20 + node, "tertiary", 40.0) for node in (0, 5, 10)]
    version = connection.execute(
        insert(tables.road_networks)
        .values(source="builder", imported_at=NOW, current=True)
        .returning(tables.road_networks.c.version)
    ).scalar_one()
    connection.execute(
        insert(tables.road_nodes),
        [
            {"version": version, "node_id": node, "geom": wkt(Point(position))}
            for node, position in nodes.items()
        ],
    )
    connection.execute(
        insert(tables.road_edges),
        [
            _edge(version, number, nodes[u], nodes[v], u=u, v=v, road_class=road_class, speed_kmh=speed)
            for number, (u, v, road_class, speed) in enumerate(pairs, start=1)
        ],
    )


def _edge(version: int, number: int, start: Position, end: Position, **values: Any) -> dict[str, Any]:
    line = LineString([start, end])
    length = _geod.geometry_length(line)
    return {"version": version, "edge_id": number, "geom": wkt(line), "length_m": length, **values}


def add_county(connection: Connection) -> dict[str, int]:
    """Insert the whole county and return the ids of what tests talk about.

    `both` can do landslide rescue and medical aid; `landslide` and `medical` one each; `far` is a second medical team.
    """
    add_areas(connection)
    add_roads(connection)
    ids = {
        "both": add_team(
            connection, position=on_main_road(4), capabilities={"landslide_rescue": 1, "medical": 1}
        ),
        "landslide": add_team(
            connection, position=on_main_road(3), capabilities={"landslide_rescue": 1, "search_rescue": 1}
        ),
        "medical": add_team(connection, position=on_main_road(9), capabilities={"medical": 1}),
        "far": add_team(
            connection,
            position=on_main_road(10),
            capabilities={"medical": 1, "search_rescue": 1},
            area_code=EAST_TOWNSHIP,
        ),
        "depot": add_depot(connection, position=on_main_road(2)),
        "place": add_place(connection, position=on_main_road(6)),
    }
    ids["excavator"] = add_vehicle(
        connection, team_id=ids["landslide"], kind="excavator", speed_class="heavy", mass_kg=38_000, load_kg=0
    )
    ids["carrier"] = add_vehicle(connection, depot_id=ids["depot"])
    ids["second_carrier"] = add_vehicle(connection, depot_id=ids["depot"])
    ids["lot"] = add_lot(connection, depot=ids["depot"], item="shovel", quantity=500)
    return ids


def add_duties(connection: Connection, duties: Mapping[str, tuple[str, str, str]] = DUTIES) -> None:
    """Insert a person for each duty along the chain of grid cells, with a phone of its own."""
    rows = connection.execute(select(tables.grid_cells.c.code, tables.grid_cells.c.id))
    cells = {row.code: row.id for row in rows}
    for number, (code, (cell, role, rank)) in enumerate(duties.items()):
        person = connection.execute(
            insert(tables.people)
            .values(
                code=code,
                name=f"赵{number}",
                phone=f"1000000{number:04}",
                area_code=WEST_TOWNSHIP,
            )
            .returning(tables.people.c.id)
        ).scalar_one()
        connection.execute(
            insert(tables.duties).values(
                code=f"DUTY-{code}", person_id=person, role=role, rank=rank, grid_id=cells[cell]
            )
        )


def count(connection: Connection, table: str) -> int:
    """Count the rows of a table of the live world."""
    rows: int = connection.execute(text(f"SELECT count(*) FROM live.{table}")).scalar_one()
    return rows


def triangle(west: float, south: float, size: float) -> Polygon:
    """Return a small area."""
    return Polygon([(west, south), (west + size, south), (west, south + size)])


def ids_of(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the ids of JSON rows."""
    return [row["id"] for row in rows]
