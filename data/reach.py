"""What belongs to an area: conditions on rows by the digits that an area's codes share (`gis.areas.prefix`).

One row has one place here for each table, so that lists, pages and tiles of one area never differ in what is theirs.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, not_, or_
from sqlalchemy.sql.elements import KeyedColumnElement

from data.tables import (
    aid_requests,
    areas,
    depots,
    incidents,
    orders,
    plans,
    stock_lots,
    teams,
    vehicles,
)

Column = KeyedColumnElement[Any] | ColumnElement[Any]


def inside(code: Column, digits: str) -> ColumnElement[bool]:
    """Whether an area code lies in the area of these digits; a row without a code lies in none."""
    return code.startswith(digits, autoescape=True)


def incident(digits: str) -> ColumnElement[bool]:
    """Whether an incident lies in the area."""
    return inside(incidents.c.area_code, digits)


def incident_or_help(digits: str) -> ColumnElement[bool]:
    """Whether an incident lies in the area, has an order for a unit of it, or asked it for help."""
    helping = exists().where(orders.c.incident_id == incidents.c.id, _unit_of_order(digits))
    asked = exists().where(
        aid_requests.c.incident_id == incidents.c.id, inside(aid_requests.c.to_area, digits)
    )
    return or_(incident(digits), helping, asked)


def order(digits: str) -> ColumnElement[bool]:
    """Whether an order is for an incident, a unit or a place of the area."""
    its_incident = exists().where(incidents.c.id == orders.c.incident_id, incident(digits))
    return or_(
        its_incident,
        _unit_of_order(digits),
        inside(orders.c.township, digits),
        inside(orders.c.village, digits),
    )


def plan(digits: str) -> ColumnElement[bool]:
    """Whether every incident of a plan lies in the area."""
    elsewhere = exists().where(
        incidents.c.id == func.any(plans.c.incident_ids),
        or_(incidents.c.area_code.is_(None), not_(incident(digits))),
    )
    return not_(elsewhere)


def touched(geometry: Column, area: str) -> ColumnElement[bool]:
    """Whether a shape touches the area of this full code; not where the area has no outline."""
    return exists().where(
        areas.c.code == area, areas.c.geom.is_not(None), func.ST_Intersects(areas.c.geom, geometry)
    )


def team(digits: str) -> ColumnElement[bool]:
    """Whether a team is the area's."""
    return inside(teams.c.area_code, digits)


def depot(digits: str) -> ColumnElement[bool]:
    """Whether a depot is the area's."""
    return inside(depots.c.area_code, digits)


def vehicle(digits: str) -> ColumnElement[bool]:
    """Whether a vehicle is of a team or a depot of the area."""
    return or_(
        exists().where(teams.c.id == vehicles.c.team_id, team(digits)),
        exists().where(depots.c.id == vehicles.c.depot_id, depot(digits)),
    )


def lot(digits: str) -> ColumnElement[bool]:
    """Whether a stock lot lies in a depot of the area."""
    return exists().where(depots.c.id == stock_lots.c.depot_id, depot(digits))


def _unit_of_order(digits: str) -> ColumnElement[bool]:
    return or_(
        exists().where(teams.c.id == orders.c.team_id, team(digits)),
        exists().where(depots.c.id == orders.c.depot_id, depot(digits)),
    )
