"""BeiDou grid location codes (GB/T 39409-2020)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gis import beidou

LON = st.floats(-180, 179.999)
LAT = st.floats(-87.999, 87.999)


@pytest.mark.parametrize(
    ("level", "code"),
    [(1, "N50J"), (2, "N50J47"), (3, "N50J475"), (4, "N50J47539"), (5, "N50J47539B8"), (6, "N50J47539B82")],
)
def test_each_level_adds_to_the_one_before(level: int, code: str) -> None:
    """The place 39°59′35.38″ N, 116°18′45.37″ E, level by level."""
    assert beidou.encode(116 + 18 / 60 + 45.37 / 3600, 39 + 59 / 60 + 35.38 / 3600, level) == code


def test_the_first_row_changes_at_36_degrees_north() -> None:
    """A county across that parallel has two prefixes: a radio operator who assumes one is 400 km off."""
    assert beidou.encode(111.1, 35.9999).startswith("N49I")
    assert beidou.encode(111.1, 36.0).startswith("N49J")


@given(LON, LAT, st.integers(1, beidou.LEVELS))
@example(-180.0, 0.0, 2)
def test_a_cell_holds_its_position(lon: float, lat: float, level: int) -> None:
    """Code and position say the same, in every hemisphere and on every level."""
    west, south, east, north = beidou.decode(beidou.encode(lon, lat, level))
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


@given(LON, LAT, st.integers(1, beidou.LEVELS))
def test_the_middle_of_a_cell_has_its_code(lon: float, lat: float, level: int) -> None:
    code = beidou.encode(lon, lat, level)
    west, south, east, north = beidou.decode(code)
    assert beidou.encode((west + east) / 2, (south + north) / 2, level) == code


@pytest.mark.parametrize(
    "text",
    ["", "N", "N00J", "N61J", "N49W", "E49J", "N49Jc0", "N49JC0", "N49J08", "N49J006", "N49J600GG", "N49J6"],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    """A code with one wrong letter must not lead anywhere."""
    with pytest.raises(ValueError, match="BeiDou"):
        beidou.decode(text)


@pytest.mark.parametrize("position", [(181.0, 0.0), (0.0, 89.0), (float("nan"), 0.0)])
def test_where_there_is_no_code_none_is_made(position: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no code"):
        beidou.encode(*position)
