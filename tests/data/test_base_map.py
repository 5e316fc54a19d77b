"""What the base map draws besides roads."""

import geopandas as gpd
import shapely
from sqlalchemy import Connection, text

from data import base_map
from gis.crs import STORED


def features(*rows: tuple[str, str, str]) -> gpd.GeoDataFrame:
    shapes = [shapely.box(i, 0, i + 1, 1) for i in range(len(rows))]
    return gpd.GeoDataFrame(list(rows), columns=["kind", "class", "name"], geometry=shapes, crs=STORED)


def stored(connection: Connection) -> list[tuple[int, str, str]]:
    return [
        tuple(row)
        for row in connection.execute(text("SELECT id, name, source FROM base_features ORDER BY id"))
    ]


def test_the_same_features_again_change_nothing(connection: Connection) -> None:
    """Tiles that browsers have stay valid."""
    base_map.replace(connection, features(("wood", "", "A"), ("water", "lake", "B")), source="osm")
    before = stored(connection)
    base_map.replace(connection, features(("wood", "", "A"), ("water", "lake", "B")), source="osm")
    assert stored(connection) == before
    assert [row[1] for row in before] == ["B", "A"]


def test_other_features_replace_those_of_their_source_only(connection: Connection) -> None:
    """Streams of a terrain model and lakes of an extract stand beside each other."""
    base_map.replace(connection, features(("waterway", "stream", "S")), source="terrain")
    base_map.replace(connection, features(("wood", "", "A")), source="osm")
    base_map.replace(connection, features(("wood", "", "C")), source="osm")
    assert [row[1:] for row in stored(connection)] == [("S", "terrain"), ("C", "osm")]
    base_map.replace(connection, features(), source="osm")
    assert [row[1:] for row in stored(connection)] == [("S", "terrain")]
