"""Tiles of layers that are too large to send whole."""

import io
import random
from typing import Any

import pyogrio
import pytest
from shapely import Point
from sqlalchemy import Connection, insert, text

from data import layer_tiles, tables
from data.layers import Layer
from data.policies import load
from gis.mercator import Tile, tile_at
from tests import builders

LON, LAT = 111.1, 36.0
MANY = 3_000


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load().layers["geohazard_points"]


@pytest.fixture
def scattered(connection: Connection) -> Connection:
    """Points over an area as wide as a county, one of them alone."""
    draw = random.Random(1)
    positions = [(LON + draw.uniform(0, 0.5), LAT + draw.uniform(0, 0.4)) for _ in range(MANY - 1)]
    connection.execute(
        insert(tables.places),
        [
            {"layer": "geohazard_points", "code": f"G{i}", "name": f"点{i}", "geom": builders.wkt(Point(at))}
            for i, at in enumerate([*positions, (LON - 1, LAT - 1)])
        ],
    )
    connection.execute(text("ANALYZE places"))
    return connection


def read(tile: bytes) -> list[dict[str, Any]]:
    """Read a tile with somebody else's reader."""
    if not tile:
        return []
    frame = pyogrio.read_dataframe(io.BytesIO(tile), CLIP="NO")
    return [dict(row) for row in frame.to_dict("records")]


def test_every_feature_is_in_the_tiles_once(scattered: Connection, layer: Layer) -> None:
    """The counts of the cells of all tiles together are the layer, none lost and none twice on an edge."""
    first, last = tile_at(LON - 1.1, LAT + 0.5, 9), tile_at(LON + 0.6, LAT - 1.1, 9)
    total = 0
    for x in range(first.x, last.x + 1):
        for y in range(first.y, last.y + 1):
            drawn = layer_tiles.layer_tile(scattered, layer, Tile(9, x, y))
            inside = [
                one for one in read(drawn) if 0 <= one["geometry"].x < 4096 and 0 < one["geometry"].y <= 4096
            ]
            total += sum(one["n"] for one in inside)
    assert total == MANY


def test_a_cell_that_two_tiles_see_is_the_same_in_both(scattered: Connection, layer: Layer) -> None:
    """A circle on the edge between tiles would show two numbers, half and half."""
    left = tile_at(LON + 0.2, LAT + 0.2, 11)
    right = Tile(left.z, left.x + 1, left.y)
    shared = {
        (round(one["geometry"].x - 4096), one["n"])
        for one in read(layer_tiles.layer_tile(scattered, layer, left))
        if one["geometry"].x > 4096
    }
    beyond = {
        (round(one["geometry"].x), one["n"])
        for one in read(layer_tiles.layer_tile(scattered, layer, right))
        if one["geometry"].x < 4096 / layer_tiles.CELLS
    }
    assert shared
    assert shared <= beyond


def test_a_wide_view_gathers_and_a_near_one_does_not(scattered: Connection, layer: Layer) -> None:
    """A tile of the whole county stays as light as one of a village."""
    wide = read(layer_tiles.layer_tile(scattered, layer, tile_at(LON + 0.2, LAT + 0.2, 9)))
    assert len(wide) <= (layer_tiles.CELLS + 2) ** 2
    assert max(one["n"] for one in wide) > 10
    alone = read(layer_tiles.layer_tile(scattered, layer, tile_at(LON - 1, LAT - 1, 9)))
    assert [(one["n"], one["name"]) for one in alone] == [(1, f"点{MANY - 1}")]
    near = read(layer_tiles.layer_tile(scattered, layer, tile_at(LON - 1, LAT - 1, layer_tiles.SINGLE_FROM)))
    assert [(one["n"], one["code"]) for one in near] == [(1, f"G{MANY - 1}")]


def test_a_tile_is_found_by_the_index(scattered: Connection, layer: Layer) -> None:
    """A scan of everything for each tile would make a map of a hundred thousand points crawl."""
    tile = tile_at(LON + 0.2, LAT + 0.2, 14)
    west, south, east, north = layer_tiles._with_margin(tile)
    values = {"west": west, "south": south, "east": east, "north": north, **tile._asdict()}
    query = layer_tiles._query(layer, personal=False, gathered=True, within=None, known=None)
    written = str(query.compile(scattered.engine, compile_kwargs={"render_postcompile": True}))
    plan = scattered.exec_driver_sql(
        f"EXPLAIN {written}", query.compile(scattered.engine).construct_params(values)
    )
    assert "ix_places_geom" in "\n".join(row[0] for row in plan)


def test_areas_too_small_to_see_are_left_out(connection: Connection) -> None:
    """Grids of a village are no more than a dot in a view of the province."""
    builders.add_county(connection)
    cells = load().layers["grid_cells"]
    assert read(layer_tiles.layer_tile(connection, cells, tile_at(LON, LAT, 10)))
    assert layer_tiles.layer_tile(connection, cells, tile_at(LON, LAT, 0)) == b""


def test_an_address_that_is_no_tile_is_refused(connection: Connection, layer: Layer) -> None:
    with pytest.raises(ValueError, match="no tile"):
        layer_tiles.layer_tile(connection, layer, Tile(3, 8, 0))
