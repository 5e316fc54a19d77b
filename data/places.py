"""Rows of any layer on their way out: features as GeoJSON made in SQL, frames for exports, views for other programs."""

from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Connection, Select, bindparam, cast, func, literal, select, text
from sqlalchemy.types import Double, Integer, String, Text

from data import registers
from data.geometry import shape_of
from data.layers import Field, Layer
from data.policies import Policy
from data.tables import areas, places, villages
from gis.crs import STORED

Bounds = tuple[float, float, float, float]
"""West, south, east, north in stored degrees."""

VIEWS: Final = "layers"
"""The database schema with one view for each layer, for QGIS and OGC clients."""

_EDGES: Final = ("west", "south", "east", "north")
_DIGITS: Final = 7  # of a degree: one centimetre


def features(
    connection: Connection,
    layer: Layer,
    *,
    bounds: Bounds | None = None,
    limit: int | None = None,
    personal: bool = False,
) -> str:
    """Read a layer as the text of a GeoJSON FeatureCollection, in stored degrees; without personal fields unless asked.

    bounds: only what touches them. The text is made by the database: a Python object for each row costs tenfold.
    """
    query = _collection(layer, personal=personal, within=bounds is not None)
    edges = zip(_EDGES, bounds or (None,) * len(_EDGES), strict=True)
    return str(connection.scalar(query, {"limit": limit, **dict(edges)}))


def count(connection: Connection, layer: Layer) -> int:
    """Count a layer's rows."""
    table = registers.table_of(layer)
    return int(
        connection.scalar(select(func.count()).select_from(table).where(*registers.belongs(layer))) or 0
    )


def get(
    connection: Connection, layer: Layer, identity: int, *, personal: bool = False
) -> dict[str, Any] | None:
    """Read one row of a layer by its number: `id`, each field under its name, `geom` as a shape; None if there is none."""
    query = registers.items(layer, personal=personal).where(registers.key_of(layer) == identity)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return {**row, "geom": None if row["geom"] is None else shape_of(row["geom"])}


def layer_of(connection: Connection, place_id: int) -> str | None:
    """Tell the layer of a place; None when there is no such place."""
    found: str | None = connection.scalar(select(places.c.layer).where(places.c.id == place_id))
    return found


def frame(connection: Connection, layer: Layer, *, personal: bool = True) -> gpd.GeoDataFrame:
    """Read a layer as a frame with one column for each field, as `data.ledgers` would read it from a file."""
    rows = connection.execute(registers.items(layer, personal=personal)).mappings().all()
    names = [name for name, field in layer.fields.items() if personal or not field.personal]
    index = range(1, len(rows) + 1)
    content = {
        name: pd.Series([_value(layer.fields[name], row[name]) for row in rows], index=index, dtype=object)
        for name in names
    }
    shapes = [shape_of(row["geom"]) if row["geom"] is not None else None for row in rows]
    return gpd.GeoDataFrame(content, geometry=shapes, crs=STORED, index=index)


def create_views(connection: Connection, policy: Policy, *, world: str = "live") -> None:
    """Make one view for each layer anew, so that other programs see an ordinary table; without personal fields."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VIEWS}"))
    for layer in policy.layers.values():
        if layer.personal:
            continue
        query = registers.items(layer, personal=False).compile(
            dialect=connection.dialect,
            compile_kwargs={"literal_binds": True},
            schema_translate_map={"world": world},
            render_schema_translate=True,
        )
        connection.execute(text(f'DROP VIEW IF EXISTS {VIEWS}."{layer.code}"'))
        connection.exec_driver_sql(f'CREATE VIEW {VIEWS}."{layer.code}" AS {query}')


def extent(connection: Connection) -> Bounds | None:
    """Return the bounds of the county: of its areas, or of its villages where areas have no outlines yet."""
    for table in (areas, villages):
        box = connection.scalar(
            select(func.ST_AsBinary(func.ST_Extent(table.c.geom).op("::")(text("geometry"))))
        )
        if box is not None:
            west, south, east, north = shapely.from_wkb(bytes(box)).bounds
            return west, south, east, north
    return None


def _value(field: Field, stored: Any) -> Any:
    """Return a stored value as a ledger's reader makes it."""
    if field.type != "capabilities" or stored is None:
        return stored
    pairs = (part.split(":") for part in stored.split(";"))
    return tuple((code, int(grade)) for code, grade in pairs)


@lru_cache(maxsize=256)
def _collection(layer: Layer, *, personal: bool, within: bool) -> Select[Any]:
    """Make the query that writes a layer as GeoJSON; kept, because making it takes as long as answering it."""
    rows = registers.items(layer, personal=personal)
    has_shape = "geom" in registers.table_of(layer).c
    if within and has_shape:
        edges = (bindparam(edge, type_=Double) for edge in _EDGES)
        rows = rows.where(registers.shape_of(layer).op("&&")(func.ST_MakeEnvelope(*edges, STORED)))
    chosen = rows.limit(bindparam("limit", type_=Integer)).subquery("chosen")
    fields = [column for column in chosen.c if column.name not in {"id", "geom"}]
    pairs = (part for column in fields for part in (literal(column.name, String()), column))
    feature = func.concat(
        '{"type":"Feature","id":',
        func.to_json(chosen.c.id),
        ',"geometry":',
        func.coalesce(func.ST_AsGeoJSON(chosen.c.geom, _DIGITS, 0), "null") if has_shape else "null",
        ',"properties":',
        cast(func.json_build_object(*pairs), Text),
        "}",
    )
    listed = func.coalesce(func.string_agg(feature, ","), "")
    return select(func.concat('{"type":"FeatureCollection","features":[', listed, "]}"))
