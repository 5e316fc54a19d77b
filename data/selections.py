"""Which rows of a layer are asked for: of an area, in a box, of a kind, with a word in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import ColumnElement, Text, cast, false, func, or_
from sqlalchemy.types import Boolean

from data import registers
from data.layers import Layer
from gis import areas
from gis.crs import STORED

Bounds = tuple[float, float, float, float]
"""West, south, east, north in stored degrees."""

FILTERS = frozenset({"choice", "boolean"})
"""Types of fields that a selection may ask by value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for; everything that is given must hold.

    area: full code of an area. bounds: what touches them. text: a part of a row's code or of any of its texts that are
    not about people. values: of fields with choices (or "true" and "false"), by name; a layer without the field has no
    such row.
    """

    area: str | None = None
    bounds: Bounds | None = None
    text: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def conditions(layer: Layer, selection: Selection) -> list[ColumnElement[bool]]:
    """Return what a row of `layer` must fulfil."""
    asked: list[ColumnElement[bool]] = []
    if selection.area is not None:
        asked += registers.lies(layer, areas.prefix(selection.area))
    if selection.bounds is not None:
        box = func.ST_MakeEnvelope(*selection.bounds, STORED)
        asked.append(registers.shape_of(layer).op("&&", return_type=Boolean)(box))
    if selection.text.strip():
        asked.append(_says(layer, selection.text.strip()))
    for name, value in selection.values.items():
        told = layer.fields.get(name)
        by_value = told is not None and told.type in FILTERS
        asked.append(
            cast(registers.expression(layer, told), Text) == value
            if told is not None and by_value
            else false()
        )
    return asked


def _says(layer: Layer, part: str) -> ColumnElement[bool]:
    searched = (
        registers.expression(layer, told)
        for told in layer.fields.values()
        if told.type in {"text", "area", "reference"} and not told.personal
    )
    return or_(*(cast(column, Text).icontains(part, autoescape=True) for column in searched))
