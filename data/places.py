"""Rows of any layer on their way out: features as GeoJSON made in SQL, frames for exports, views for other programs."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.types import Double, Integer, NullType, String, Text

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
_MOST_PAIRS: Final = 50  # of an object: PostgreSQL takes no more than 100 arguments
_DIGITS: Final = 7  # of a degree: one centimetre


def features(
    connection: Connection,
    layer: Layer,
    *,
    bounds: Bounds | None = None,
    limit: int | None = None,
    offset: int = 0,
    personal: bool = False,
    within: str | None = None,
    known: str | None = None,
) -> str:
    """Read a layer as the text of a GeoJSON FeatureCollection, in stored degrees; without personal fields unless asked.

    bounds: only what touches them. offset: rows to pass over first, in the order of their ids. `within`, `known`: digits
    of areas, as in `registers.items`. The text is made by the database: a Python object for each row costs tenfold.
    """
    query = _collection(layer, personal=personal, boxed=bounds is not None, within=within, known=known)
    return str(connection.scalar(query, {"limit": limit, "offset": offset, **_edges(bounds)}))


def feature(
    connection: Connection,
    layer: Layer,
    identity: str | int,
    *,
    personal: bool = False,
    within: str | None = None,
    known: str | None = None,
) -> str | None:
    """Read one row as the text of a GeoJSON Feature; None if there is none. identity: an area's code, else a number.

    `within`, `known`: digits of areas, as in `registers.items`.
    """
    items = registers.items(layer, personal=personal, within=within, known=known)
    rows = items.where(registers.key_of(layer) == identity)
    found: str | None = connection.scalar(_as_features(rows.subquery("chosen")))
    return found


def count(
    connection: Connection,
    layer: Layer,
    *,
    bounds: Bounds | None = None,
    within: str | None = None,
    conditions: Sequence[ColumnElement[bool]] = (),
) -> int:
    """Count a layer's rows; only those that touch the bounds where there are any, and those of the area `within`.

    conditions: what else a row must fulfil.
    """
    table = registers.table_of(layer)
    query = select(func.count()).select_from(table).where(*registers.belongs(layer), *conditions)
    if bounds is not None and "geom" in table.c:
        query = query.where(_touches(layer))
    query = query.where(*registers.lies(layer, within))
    return int(connection.scalar(query, _edges(bounds)) or 0)


def get(
    connection: Connection,
    layer: Layer,
    identity: int,
    *,
    personal: bool = False,
    within: str | None = None,
    known: str | None = None,
) -> dict[str, Any] | None:
    """Read one row of a layer by its number: `id`, each field under its name, `geom` as a shape; None if there is none."""
    rows = registers.items(layer, personal=personal, within=within, known=known)
    query = rows.where(registers.key_of(layer) == identity)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return {**row, "geom": None if row["geom"] is None else shape_of(row["geom"])}


def layer_of(connection: Connection, place_id: int) -> str | None:
    """Tell the layer of a place; None when there is no such place."""
    found: str | None = connection.scalar(select(places.c.layer).where(places.c.id == place_id))
    return found


def frame(
    connection: Connection,
    layer: Layer,
    *,
    personal: bool = True,
    within: str | None = None,
    conditions: Sequence[ColumnElement[bool]] = (),
) -> gpd.GeoDataFrame:
    """Read a layer as a frame with one column for each field, as `data.ledgers` would read it from a file.

    within: digits of an area, as in `registers.items`. conditions: what else a row must fulfil.
    """
    query = registers.items(layer, personal=personal, within=within).where(*conditions)
    rows = connection.execute(query).mappings().all()
    names = [name for name, field in layer.fields.items() if personal or not field.personal]
    index = range(1, len(rows) + 1)
    content = {
        name: pd.Series([_value(layer.fields[name], row[name]) for row in rows], index=index, dtype=object)
        for name in names
    }
    shapes = shapely.from_wkb([None if row["geom"] is None else row["geom"].data for row in rows])
    return gpd.GeoDataFrame(content, geometry=list(shapes), crs=STORED, index=index)


def create_views(connection: Connection, policy: Policy, *, world: str = "live") -> None:
    """Make one view for each layer anew, so that other programs see an ordinary table; without personal fields."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(VIEWS))))  # workers start together
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


def extent(connection: Connection, *, area: str | None = None) -> Bounds | None:
    """Return the bounds of the county: of its areas, or of its villages where areas have no outlines yet.

    area: the full code of an area; its own bounds where it has an outline.
    """
    box = func.ST_AsBinary(func.ST_Extent(areas.c.geom).op("::")(text("geometry")))
    asked = [select(box).where(areas.c.code == area)] if area is not None else []
    for query in (
        *asked,
        select(box),
        select(func.ST_AsBinary(func.ST_Extent(villages.c.geom).op("::")(text("geometry")))),
    ):
        box = connection.scalar(query)
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
def _collection(
    layer: Layer, *, personal: bool, boxed: bool, within: str | None, known: str | None
) -> Select[Any]:
    """Make the query that writes a layer as GeoJSON; kept, because making it takes as long as answering it."""
    rows = registers.items(layer, personal=personal, within=within, known=known)
    if boxed and "geom" in registers.table_of(layer).c:
        rows = rows.where(_touches(layer))
    wanted = rows.limit(bindparam("limit", type_=Integer)).offset(bindparam("offset", type_=Integer))
    each = _as_features(wanted.subquery("chosen")).subquery("each")
    listed = func.coalesce(func.string_agg(each.c.feature, ","), "")
    return select(func.concat('{"type":"FeatureCollection","features":[', listed, "]}"))


def _touches(layer: Layer) -> ColumnElement[bool]:
    edges = (bindparam(edge, type_=Double) for edge in _EDGES)
    return registers.shape_of(layer).op("&&")(func.ST_MakeEnvelope(*edges, STORED))


def _edges(bounds: Bounds | None) -> dict[str, float | None]:
    return dict(zip(_EDGES, bounds or (None,) * len(_EDGES), strict=True))


def _as_features(rows: Subquery) -> Select[Any]:
    """Select each row as the text of a GeoJSON feature, in the column `feature`."""
    fields = [column for column in rows.c if column.name not in {"id", "geom"}]
    told = [_told(fields[first : first + _MOST_PAIRS]) for first in range(0, len(fields), _MOST_PAIRS)]
    commas = (part for one in told for part in (", ", one))
    shape = func.coalesce(func.ST_AsGeoJSON(rows.c.geom, _DIGITS, 0), "null")
    return select(
        func.concat(
            '{"type":"Feature","id":',
            func.to_json(rows.c.id),
            ',"geometry":',
            "null" if isinstance(rows.c.geom.type, NullType) else shape,
            ',"properties":{',
            *list(commas)[1:],
            "}}",
        ).label("feature")
    )


def _told(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Write columns as the inside of a JSON object."""
    pairs = (part for column in columns for part in (literal(column.name, String()), column))
    return func.left(func.substr(cast(func.json_build_object(*pairs), Text), 2), -1)
