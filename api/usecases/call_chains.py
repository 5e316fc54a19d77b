"""Where a call begins, and the chain of places and people that it goes along from there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.usecases.closures import readable_shape
from data import call_trees, incidents, locate
from data.calls import Chain, Subject
from data.locate import FoundKind
from dispatch import calling
from dispatch.calling import Direction
from dispatch.model import Position
from gis import areas

THEME: Final = "forest_fire"
POINTS: Final = "geohazard_points"
"""The layer whose points may be called below the leaf cells."""
_NAMED: Final[tuple[FoundKind, ...]] = ("area", "village", "grid", "place")
_SHAPES: Final = frozenset({"Polygon", "MultiPolygon"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a call begins: exactly one of these. place: the code or exact name of an area, village, cell or place;
    feature: a place by its layer and code, as "geohazard_points/DZ0001"; shape: GeoJSON in degrees.
    """

    incident: int | None = None
    position: Position | None = None
    place: str | None = None
    feature: str | None = None
    shape: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a call begins: cells and points, and the narrowest area that holds them."""

    subject: Subject
    cells: tuple[str, ...]
    points: tuple[int, ...]
    area_code: str | None
    incident_id: int | None = None


def find(  # all that `start` and `preview` ask
    ctx: Context,
    connection: Connection,
    where: Where,
    *,
    direction: Direction,
    theme: str,
    points: bool,
    now: datetime,
) -> tuple[Origin, Chain]:
    """Find where a call begins, and read all that it goes by. Raises NotFoundError, InvalidError."""
    origin = _origin(ctx, connection, where, theme)
    day = now.astimezone(ctx.settings.zone).date()
    places, posts = call_trees.read(
        connection,
        theme=theme,
        cells=origin.cells,
        points=origin.points,
        layers=[POINTS] if points else [],
        direction=direction,
        day=day,
    )
    ours = [code for code in posts if posts[code].layer != "grid_cells"] if origin.points else []
    tree = calling.chosen(places, ours or origin.cells, direction)
    kept = {place.code for place in tree.places}
    chain = Chain(
        tree=tree,
        rules=ctx.policy.calls.rules,
        posts=tuple(post for code, post in posts.items() if code in kept),
    )
    return origin, chain


def _origin(ctx: Context, connection: Connection, where: Where, theme: str) -> Origin:
    given = [
        name
        for name in ("incident", "position", "place", "feature", "shape")
        if getattr(where, name) is not None
    ]
    if len(given) != 1:
        raise InvalidError("one_place_wanted", given=sorted(given))
    if where.incident is not None:
        incident = incidents.get(connection, where.incident, within=scope.own(ctx.actor))
        if incident is None:
            raise NotFoundError("no_such_incident", id=where.incident)
        subject = Subject(kind="incident", code=str(incident.id), name=incident.name, name_en="")
        leaf = _leaf(connection, incident.position, theme)
        return Origin(
            subject=subject, cells=(leaf,), points=(), area_code=incident.area_code, incident_id=incident.id
        )
    if where.position is not None:
        lon, lat = where.position
        subject = Subject(kind="position", code=f"{lon:.5f}, {lat:.5f}", name="", name_en="")
        area = locate.locate(connection, where.position, theme=theme).area_code
        return Origin(
            subject=subject, cells=(_leaf(connection, where.position, theme),), points=(), area_code=area
        )
    if where.shape is not None:
        return _shape(connection, where.shape, theme)
    layer, _, code = (where.feature or "").partition("/")
    return _named(connection, where.place, theme) if where.place else _point(connection, layer, code, theme)


def _shape(connection: Connection, geometry: Mapping[str, Any], theme: str) -> Origin:
    cells = call_trees.leaves_in(connection, readable_shape(geometry, _SHAPES), theme=theme)
    if not cells:
        raise NotFoundError("no_grid_there", theme=theme)
    subject = Subject(kind="shape", code=str(len(cells)), name="", name_en="")
    return Origin(
        subject=subject, cells=cells, points=(), area_code=_common(call_trees.areas_of(connection, cells))
    )


def _named(connection: Connection, words: str, theme: str) -> Origin:
    """Take an area, a village, a cell or a place by its code or exact name; its own cell, else the leaf that it lies in."""
    found = locate.called(connection, _NAMED, words.strip())
    if not found:
        raise NotFoundError("no_such_place", words=words)
    own = [one for one in found if call_trees.has_cell(connection, one.code, theme=theme)]
    if len({one.code for one in found}) > 1:
        raise InvalidError("place_ambiguous", words=words)
    (one, *_) = own or found
    if one.kind == "place":
        return _point(connection, one.layer, one.code, theme)
    subject = Subject(kind=one.kind, code=one.code, name=one.name, name_en=one.name_en)
    cells = (one.code,) if own else (_leaf(connection, one.position, theme),)
    return Origin(
        subject=subject,
        cells=cells,
        points=(),
        area_code=one.code if one.kind in {"area", "village"} else one.area_code,
    )


def _point(connection: Connection, layer: str, code: str, theme: str) -> Origin:
    found = call_trees.point(connection, layer, code)
    if found is None:
        raise NotFoundError("no_such_place", words=f"{layer}/{code}")
    leaf = _leaf(connection, found.position, theme)
    subject = Subject(kind="place", code=f"{layer}/{code}", name=found.name, name_en=found.name_en)
    return Origin(subject=subject, cells=(leaf,), points=(found.id,), area_code=found.area_code)


def _leaf(connection: Connection, position: Position, theme: str) -> str:
    leaf = call_trees.leaf_at(connection, position, theme=theme)
    if leaf is None:
        raise NotFoundError("no_grid_there", theme=theme)
    return leaf


def _common(codes: Iterable[str | None]) -> str | None:
    """Return the narrowest area that holds all of these; None where one is nowhere, or nothing holds them all."""
    known = list(codes)
    if not known or known[0] is None or None in known:
        return None
    shared = [
        area
        for area in areas.chain(known[0])
        if all(code is not None and areas.contains(area, code) for code in known)
    ]
    return max(shared, key=lambda area: len(areas.prefix(area)), default=None)
