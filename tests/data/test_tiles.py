"""The base map's tiles: baked with an import, drawn when asked for beyond it."""

import gzip

import pytest
from sqlalchemy import Connection, text

from data import tiles
from gis.mercator import Tile, tile_at
from tests import builders

LON, LAT = builders.on_main_road(5)


@pytest.fixture
def county(connection: Connection) -> Connection:
    builders.add_county(connection)
    return connection


def test_a_baked_tile_is_what_would_be_drawn(county: Connection) -> None:
    """Baking is for speed alone: nobody sees another map by it."""
    tile = tile_at(LON, LAT, 12)
    drawn = tiles.base_tile(county, tile)
    baked = tiles.bake(county)
    assert baked.tiles > 1
    assert tiles.base_tile(county, tile) == drawn
    assert b"roads" in gzip.decompress(drawn)


def test_an_import_replaces_all_tiles(county: Connection) -> None:
    """No tile of the old map may stay beside those of the new one."""
    tiles.bake(county)
    county.execute(text("UPDATE areas SET name = '新名县' WHERE level = 'county'"))
    tile = tile_at(LON, LAT, 9)
    assert "新名县".encode() not in gzip.decompress(tiles.base_tile(county, tile))
    first = tiles.bake(county)
    assert "新名县".encode() in gzip.decompress(tiles.base_tile(county, tile))
    assert tiles.bake(county) == first


def test_what_is_not_baked_is_drawn_when_asked_for(county: Connection) -> None:
    """Beyond the county, and nearer than the deepest baked zoom."""
    tiles.bake(county)
    deep = tile_at(LON, LAT, tiles.BAKED_ZOOMS[-1] + 2)
    assert b"roads" in gzip.decompress(tiles.base_tile(county, deep))
    assert gzip.decompress(tiles.base_tile(county, Tile(9, 0, 0))) == b""


def test_a_very_large_county_bakes_its_wide_zooms_only(
    county: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import of a province must not take hours; its deep zooms are drawn when somebody looks."""
    everything = tiles.bake(county).tiles
    monkeypatch.setattr(tiles, "MOST_BAKED", everything // 2)
    assert 0 < tiles.bake(county).tiles <= everything // 2
    deepest = county.scalar(text("SELECT max(z) FROM base_tiles"))
    assert deepest < tiles.BAKED_ZOOMS[-1]


def test_an_empty_store_bakes_nothing(connection: Connection) -> None:
    assert tiles.bake(connection).tiles == 0
