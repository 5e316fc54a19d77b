"""Map tiles of the web's Mercator projection."""

from hypothesis import given
from hypothesis import strategies as st

from gis.mercator import Tile, tile_at, tiles_within


@given(st.floats(-180, 179.9), st.floats(-85, 85), st.integers(0, 18))
def test_a_tile_holds_the_positions_that_lead_to_it(lon: float, lat: float, zoom: int) -> None:
    west, south, east, north = tile_at(lon, lat, zoom).bounds
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


def test_the_tiles_of_an_area_touch_it_and_leave_nothing_out() -> None:
    """One more zoom has up to four times the tiles; the corners' tiles are among them."""
    bounds = (110.5, 35.8, 111.3, 36.4)
    found = list(tiles_within(bounds, 12))
    assert len(found) == len(set(found))
    for lon in bounds[::2]:
        for lat in bounds[1::2]:
            assert tile_at(lon, lat, 12) in found
    for tile in found:
        west, south, east, north = tile.bounds
        assert west <= bounds[2]
        assert east >= bounds[0]
        assert south <= bounds[3]
        assert north >= bounds[1]


def test_addresses_beyond_the_world_are_no_tiles() -> None:
    assert Tile(0, 0, 0).exists
    assert not any(tile.exists for tile in (Tile(3, 8, 0), Tile(3, -1, 0), Tile(-1, 0, 0), Tile(23, 0, 0)))
    assert tile_at(200, 89, 3) == Tile(3, 7, 0)
