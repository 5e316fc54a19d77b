from datetime import timedelta
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import IntegrityError

from data import closures
from gis.network import Closure
from tests.builders import NOW, on_main_road, triangle
from tests.data.conftest import Begin

LINE = shapely.LineString([on_main_road(1), on_main_road(2)])
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("shape", [shapely.Point(on_main_road(1)), LINE, triangle(111, 36, 0.01)])
def test_a_point_a_line_or_an_area_is_read_as_it_was_closed(begin: Begin, shape: BaseGeometry) -> None:
    """What the road search sees is exactly what was drawn, with its window and its factor."""
    with begin() as connection:
        closed = closures.insert(
            connection,
            geometry=shape,
            factor_percent=300,
            starts_at=NOW,
            ends_at=NOW + HOUR,
            reason="塌方",
            created_at=NOW,
            created_by="zhang",
        )
    with begin() as connection:
        assert closures.get(connection, closed.id) == closed
    assert closed.on_roads() == Closure(
        id=closed.id, geometry=shape, factor_percent=300, starts_at=NOW, ends_at=NOW + HOUR
    )


def test_a_road_is_opened_once(begin: Begin) -> None:
    """The second to open it is told that it is open; who closed and who opened is kept."""
    with begin() as connection:
        closed = closures.insert(connection, geometry=LINE, created_at=NOW, created_by="zhang")
        opened = closures.edit(connection, closure_id=closed.id, ended_at=NOW + HOUR, ended_by="li")
        assert opened is not None
        assert (opened.created_by, opened.ended_by, opened.ended_at) == ("zhang", "li", NOW + HOUR)
        assert closures.edit(connection, closure_id=closed.id, ended_at=NOW + HOUR, ended_by="li") is None
        assert closures.not_over(connection, NOW) == ()


def test_a_closure_is_over_at_the_end_of_its_window(begin: Begin) -> None:
    """At its last moment it no longer holds; before its first it is not over."""
    with begin() as connection:
        window: dict[str, Any] = {"starts_at": NOW, "ends_at": NOW + HOUR}
        closed = closures.insert(connection, geometry=LINE, created_at=NOW, created_by="zhang", **window)
        assert closures.not_over(connection, NOW - HOUR) == (closed,)
        assert closures.not_over(connection, NOW + HOUR) == ()


@pytest.mark.parametrize("columns", [{"ends_at": NOW - HOUR, "starts_at": NOW}, {"factor_percent": 100}])
def test_a_closure_that_closes_nothing_is_refused(begin: Begin, columns: dict[str, object]) -> None:
    """A window that ends before it starts and a slow-down that does not slow are slips of the pen."""
    with begin() as connection, pytest.raises(IntegrityError):
        closures.insert(connection, geometry=LINE, created_at=NOW, created_by="zhang", **columns)  # type: ignore[arg-type]
