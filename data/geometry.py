"""Positions and shapes on their way into the store and out of it."""

import shapely
from geoalchemy2.elements import WKBElement
from shapely.geometry.base import BaseGeometry

from dispatch.model import Position
from gis.crs import STORED


def stored_point(position: Position) -> WKBElement:
    """Make the value of a point column from (longitude, latitude)."""
    return stored_shape(shapely.Point(position))


def stored_shape(shape: BaseGeometry) -> WKBElement:
    """Make the value of a geometry column from a shape in the stored coordinate system."""
    return WKBElement(shapely.to_wkb(shape), srid=STORED)


def shape_of(element: WKBElement) -> BaseGeometry:
    """Read the value of a geometry column."""
    shape: BaseGeometry = shapely.from_wkb(element.data)
    return shape


def position_of(element: WKBElement) -> Position:
    """Read the value of a point column as (longitude, latitude)."""
    shape = shape_of(element)
    return (float(shapely.get_x(shape)), float(shapely.get_y(shape)))
