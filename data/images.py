"""Whole rows as they lie in their tables, taken before and after a batch, so that it can be undone to the byte."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from geoalchemy2 import Geometry
from sqlalchemy import Column, Connection, Table, Text, cast, delete, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from data import registers, stock
from data.layers import Layer
from data.tables import metadata, stock_lots, team_capabilities

Image = Mapping[str, Any]
"""Columns of a row as JSON, shapes as hexadecimal EWKB; a team's capabilities under CAPABILITIES."""

CAPABILITIES: Final = "capabilities"
_PARTS: Final = frozenset({"team_capabilities"})
"""Tables whose rows are part of the row that they name, and go with it."""

_CHUNK: Final = 5_000


def take(
    connection: Connection, layer: Layer, codes: Collection[str], *, locked: bool = False
) -> dict[str, dict[str, Any]]:
    """Read the rows of a layer that have these codes, as images by code. `locked`: nobody changes them until the end."""
    table = registers.table_of(layer)
    shapes = [column.name for column in table.c if isinstance(column.type, Geometry)]
    found: dict[str, dict[str, Any]] = {}
    wanted = sorted(codes)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        alias = table.alias("t")
        image = func.to_jsonb(literal_column("t"), type_=JSONB)
        query = select(
            alias.c.code,
            image.label("image"),
            *(func.encode(func.ST_AsEWKB(alias.c[name]), "hex").label(f"shape_{name}") for name in shapes),
        ).where(alias.c.code.in_(chunk), *_same_layer(alias, layer))
        for row in connection.execute(query.with_for_update(of=alias) if locked else query):
            found[row.code] = {**row.image, **{name: getattr(row, f"shape_{name}") for name in shapes}}
    if layer.store == "teams":
        _add_capabilities(connection, found)
    return found


def _same_layer(alias: Any, layer: Layer) -> list[Any]:
    return [alias.c.layer == layer.code] if layer.store == "places" else []


def _add_capabilities(connection: Connection, images: Mapping[str, dict[str, Any]]) -> None:
    by_id = {image["id"]: image for image in images.values()}
    for image in images.values():
        image[CAPABILITIES] = []
    query = select(team_capabilities).where(team_capabilities.c.team_id.in_(list(by_id)))
    for team_id, code, grade in connection.execute(query.order_by(team_capabilities.c.code)):
        by_id[team_id][CAPABILITIES].append([code, grade])


def hanging(connection: Connection, layer: Layer, code: str) -> dict[str, int]:
    """Count the rows that name a row, by table: what stands in the way of removing it."""
    table = registers.table_of(layer)
    one = connection.execute(
        select(table).where(table.c.code == code, *_same_layer(table, layer))
    ).one_or_none()
    if one is None:
        return {}
    found: dict[str, int] = {}
    for other in metadata.tables.values():
        for key in other.foreign_keys:
            if key.column.table is table and other.name not in _PARTS:
                named = getattr(one, key.column.name)
                count = connection.scalar(select(func.count()).select_from(other).where(key.parent == named))
                if count:
                    found[other.name] = found.get(other.name, 0) + count
    return found


def remove(connection: Connection, layer: Layer, codes: Iterable[str]) -> dict[str, str]:
    """Remove rows; tells for those that could not be why not."""
    table = registers.table_of(layer)
    kept: dict[str, str] = {}
    for code in codes:
        if hanging(connection, layer, code):
            kept[code] = ", ".join(f"{name}: {n}" for name, n in hanging(connection, layer, code).items())
            continue
        savepoint = connection.begin_nested()
        try:
            connection.execute(delete(table).where(table.c.code == code, *_same_layer(table, layer)))
        except IntegrityError as error:
            savepoint.rollback()
            kept[code] = str(getattr(getattr(error.orig, "diag", None), "constraint_name", "") or "")
        else:
            savepoint.commit()
    return kept


def restore(
    connection: Connection, layer: Layer, before: Image, after: Image | None, *, actor: str, at: datetime
) -> None:
    """Bring a row back to what it was: only what the batch changed of it, or all of it where it was removed."""
    table = registers.table_of(layer)
    if after is None:
        values = {column.name: _value(column, before.get(column.name)) for column in table.c}
        connection.execute(table.insert().values(values))
    else:
        names = [name for name in differing(before, after) if name in table.c and name != "quantity"]
        if layer.store == "stock_lots" and before["quantity"] != after["quantity"]:
            stock.count(
                connection, lot_id=before["id"], counted=before["quantity"], actor=actor, at=at, note="undo"
            )
        if names:
            values = {name: _value(table.c[name], before[name]) for name in names}
            connection.execute(table.update().where(_is(table, before)).values(values))
    if layer.store == "teams" and before.get(CAPABILITIES) != (after or {}).get(CAPABILITIES):
        connection.execute(delete(team_capabilities).where(team_capabilities.c.team_id == before["id"]))
        rows = [
            {"team_id": before["id"], "code": code, "grade": grade} for code, grade in before[CAPABILITIES]
        ]
        if rows:
            connection.execute(team_capabilities.insert(), rows)


def differing(one: Image, other: Image) -> list[str]:
    """Name what differs between two images of a row."""
    return [name for name in one if one[name] != other.get(name)]


def take_out(connection: Connection, layer: Layer, code: str, *, actor: str, at: datetime) -> dict[str, int]:
    """Remove a row that a batch brought; tells what hangs on it where it cannot go.

    Goods that were counted leave a trace for ever: a lot stays, with nothing on hand.
    """
    table = registers.table_of(layer)
    if layer.store == "stock_lots":
        lot = connection.execute(select(stock_lots.c.id).where(stock_lots.c.code == code)).scalar_one()
        stock.count(connection, lot_id=lot, counted=0, actor=actor, at=at, note="undo")
        return {}
    if found := hanging(connection, layer, code):
        return found
    connection.execute(delete(table).where(table.c.code == code, *_same_layer(table, layer)))
    return {}


def _is(table: Table, image: Image) -> Any:
    return table.c.id == image["id"] if "id" in table.c else table.c.code == image["code"]


def _value(column: Column[Any], said: Any) -> Any:
    """Return what a column takes for a value of an image."""
    if said is None:
        return None
    if isinstance(column.type, Geometry):
        return func.ST_GeomFromEWKB(func.decode(said, "hex"))
    if isinstance(column.type, JSONB):
        return cast(literal(json.dumps(said), Text), JSONB)
    if isinstance(said, (bool, int, str)) and isinstance(column.type, Text):
        return said
    return cast(literal(json.dumps(said) if isinstance(said, bool) else str(said), Text), column.type)
