"""Waters, woods and small settlements that the base map draws."""

from typing import Final

import geopandas as gpd
import shapely
from sqlalchemy import Connection, delete, insert, text

from data.tables import base_features
from gis.crs import STORED

_COLUMNS: Final = ("kind", "class", "name", "geom")
_ROWS_AT_ONCE: Final = 5_000


_STORED: Final = text("""
    SELECT kind, class, name, upper(encode(ST_AsEWKB(geom), 'hex')) FROM base_features WHERE source = :source
""")


def replace(connection: Connection, features: gpd.GeoDataFrame, *, source: str) -> None:
    """Make `features` (kind, class, name, geometry in stored degrees) all that there is of one source.

    kind: water, waterway, wood or settlement. Writes nothing where the store holds just these.
    """
    columns = (features[name].fillna("").astype(str) for name in _COLUMNS[:-1])
    shapes = shapely.to_wkb(
        shapely.set_srid(features.geometry.to_numpy(), STORED), hex=True, include_srid=True
    )
    wanted = sorted(zip(*columns, shapes.tolist(), strict=True))
    stored = connection.execute(_STORED, {"source": source})
    if sorted(tuple(row) for row in stored) == wanted:
        return
    connection.execute(delete(base_features).where(base_features.c.source == source))
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        rows = [
            dict(zip(_COLUMNS, row, strict=True)) | {"source": source}
            for row in wanted[start : start + _ROWS_AT_ONCE]
        ]
        connection.execute(insert(base_features), rows)
