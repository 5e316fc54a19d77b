"""How a layer's fields lie in its table: what is a column, what is an attribute, and how each is read back.

A field is kept, in this order: where `_SPECIAL` says; as minutes in a column of milliseconds (`notify_min` in
`notify_ms`); in the column of its own name; else in `attributes`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, case, cast, func, literal, null, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import Boolean, Date, Double, Integer, Text

from data.layers import Field, Layer, Store
from data.reach import inside
from data.tables import (
    areas,
    depots,
    duties,
    grid_cells,
    people,
    places,
    stock_lots,
    team_capabilities,
    teams,
    vehicles,
    villages,
)

MINUTE_MS: Final = 60_000

TABLES: Final[Mapping[Store, Table]] = {
    "places": places,
    "areas": areas,
    "grid_cells": grid_cells,
    "villages": villages,
    "depots": depots,
    "stock_lots": stock_lots,
    "teams": teams,
    "vehicles": vehicles,
    "people": people,
    "duties": duties,
}

_OWNERS: Final[Mapping[Store, tuple[tuple[Table, str], ...]]] = {
    "stock_lots": ((depots, "depot_id"),),
    "vehicles": ((teams, "team_id"), (depots, "depot_id")),
    "duties": ((grid_cells, "grid_id"), (places, "place_id"), (teams, "team_id")),
}
"""Whose area is a row's, where the row itself may have none: the owner and the column that names it."""

_TYPES: Final[Mapping[str, Any]] = {"integer": Integer, "number": Double, "boolean": Boolean, "date": Date}


def table_of(layer: Layer) -> Table:
    """Return the table that keeps a layer."""
    return TABLES[layer.store]


def column_of(layer: Layer, name: str) -> str | None:
    """Return the column that keeps field `name` as it is or as milliseconds; None if it is an attribute or special."""
    table = table_of(layer)
    if (layer.store, name) in _SPECIAL:
        return None
    if name.endswith("_min"):
        return f"{name.removesuffix('_min')}_ms"
    return name if name in table.c else None


def is_attribute(layer: Layer, name: str) -> bool:
    """Whether field `name` lies in the table's attributes."""
    return (
        column_of(layer, name) is None
        and (layer.store, name) not in _SPECIAL
        and "attributes" in table_of(layer).c
    )


def key_of(layer: Layer) -> ColumnElement[Any]:
    """Return what names a row within its table: its number, or an area's code."""
    table = table_of(layer)
    return table.c.code if layer.store == "areas" else table.c.id


def shape_of(layer: Layer) -> ColumnElement[Any]:
    """Return the geometry of a row; null where the table has none."""
    table = table_of(layer)
    return table.c.geom if "geom" in table.c else null()


def belongs(layer: Layer) -> list[ColumnElement[bool]]:
    """Return the conditions by which rows of one layer are told from others in the same table."""
    table = table_of(layer)
    if layer.store == "places":
        return [table.c.layer == layer.code]
    return [
        *(table.c[column] == value for column, value in layer.fixed.items()),
        *(table.c[column] != value for column, value in layer.without.items()),
    ]


def expression(layer: Layer, field: Field) -> ColumnElement[Any]:
    """Return what reads a field back as the value that was written."""
    special = _SPECIAL.get((layer.store, field.name))
    if special is not None:
        return special()
    table, column = table_of(layer), column_of(layer, field.name)
    if column is None:
        value = table.c.attributes.op("->>")(field.name)
        return cast(value, _TYPES[field.type]) if field.type in _TYPES else value
    if field.name.endswith("_min"):
        return table.c[column] // MINUTE_MS
    return table.c[column]


def area_of(layer: Layer) -> ColumnElement[Any]:
    """Return the code of the area that a row belongs to, through its owner where it has none of its own."""
    table = table_of(layer)
    if layer.store == "areas":
        return table.c.code
    if layer.store in _OWNERS:
        own = [table.c.area_code] if "area_code" in table.c else []
        owners = (
            select(owner.c.area_code).where(owner.c.id == table.c[key]).scalar_subquery()
            for owner, key in _OWNERS[layer.store]
        )
        return func.coalesce(*own, *owners, type_=Text)
    return table.c.area_code


def items(
    layer: Layer, *, personal: bool, within: str | None = None, known: str | None = None
) -> Select[Any]:
    """Select a layer's rows: `id`, each field under its name, `geom`, in the order of their ids.

    Without `personal`, fields about persons are left out; with `known`, they are null outside the area of these digits.
    `within`: only rows of the area of these digits.
    """
    fields = [field for field in layer.fields.values() if personal or not field.personal]
    query = (
        select(
            key_of(layer).label("id"),
            *(shown(layer, field, known).label(field.name) for field in fields),
            shape_of(layer).label("geom"),
        )
        .where(*belongs(layer))
        .order_by(key_of(layer))
    )
    return query.where(*lies(layer, within))


def lies(layer: Layer, within: str | None) -> list[ColumnElement[bool]]:
    """Return the condition that a row belongs to the area of digits `within`; none for None."""
    return [] if within is None else [inside(area_of(layer), within)]


def shown(layer: Layer, field: Field, known: str | None) -> ColumnElement[Any]:
    """Return a field's value; one about a person is null outside the area of digits `known`."""
    value = expression(layer, field)
    return case((inside(area_of(layer), known), value)) if field.personal and known is not None else value


def _capabilities() -> ColumnElement[Any]:
    pair = func.concat(team_capabilities.c.code, ":", team_capabilities.c.grade)
    return (
        select(func.string_agg(pair, aggregate_order_by(literal(";"), team_capabilities.c.code)))
        .where(team_capabilities.c.team_id == teams.c.id)
        .scalar_subquery()
    )


def _code_by_id(table: Table, reference: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(table.c.code).where(table.c.id == reference).scalar_subquery()


def _duty_person() -> ColumnElement[Any]:
    return _code_by_id(people, duties.c.person_id)


def _duty_layer() -> ColumnElement[Any]:
    place_layer = select(places.c.layer).where(places.c.id == duties.c.place_id).scalar_subquery()
    return case(
        (duties.c.grid_id.is_not(None), literal("grid_cells")),
        (duties.c.team_id.is_not(None), literal("teams")),
        (duties.c.area_code.is_not(None), literal("areas")),
        else_=place_layer,
    )


def _duty_subject() -> ColumnElement[Any]:
    return func.coalesce(
        duties.c.area_code,
        _code_by_id(grid_cells, duties.c.grid_id),
        _code_by_id(places, duties.c.place_id),
        _code_by_id(teams, duties.c.team_id),
    )


_SPECIAL: Final[Mapping[tuple[Store, str], Callable[[], ColumnElement[Any]]]] = {
    ("areas", "seat_lon"): lambda: func.ST_X(areas.c.seat),
    ("areas", "seat_lat"): lambda: func.ST_Y(areas.c.seat),
    ("grid_cells", "level"): lambda: cast(grid_cells.c.level, Text),
    ("teams", "capabilities"): _capabilities,
    ("vehicles", "team"): lambda: _code_by_id(teams, vehicles.c.team_id),
    ("vehicles", "depot"): lambda: _code_by_id(depots, vehicles.c.depot_id),
    ("stock_lots", "depot"): lambda: _code_by_id(depots, stock_lots.c.depot_id),
    ("duties", "person"): _duty_person,
    ("duties", "subject_layer"): _duty_layer,
    ("duties", "subject"): _duty_subject,
}
"""Fields that lie neither in a column of their own nor among the attributes, and what reads each back."""
