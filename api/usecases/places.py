"""Where is this, and what is called so."""

from collections.abc import Iterator
from typing import Final

from api import scope
from api.context import Context
from api.security import authorise
from api.usecases import personal
from data import cells, places
from data import locate as located
from data.cells import CellError
from data.locate import Found, Location
from data.places import Bounds
from dispatch.model import Position
from gis import beidou

_ANYWHERE: Final[Bounds] = (-180.0, -90.0, 180.0, 90.0)
_LON_LIMIT, _LAT_LIMIT = 180, 90


def locate(ctx: Context, position: Position) -> Location:
    """Tell the areas of a position and the chain of its leaf grid; people masked for whoever may not see them."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        found = located.locate(connection, position, day=ctx.today())
    return personal.location(ctx, found)


def search(ctx: Context, words: str) -> tuple[Found, ...]:
    """Find areas, villages, grids, places, teams and depots by code or by part of a name."""
    authorise(ctx.actor, "map.read")
    if not words.strip():
        return ()
    with ctx.world.read() as connection:
        return located.search(connection, words.strip(), hidden=_hidden(ctx), within=scope.around(ctx.actor))


def search_everything(ctx: Context, words: str) -> tuple[Found, ...]:
    """Find whatever stands on the map: a written position or BeiDou code, open incidents, named things, roads.

    People are found by those alone who may see them.
    """
    authorise(ctx.actor, "map.read")
    wanted = words.strip()
    if not wanted:
        return ()
    types = [
        code
        for code, kind in ctx.policy.incident_types.items()
        if any(wanted.lower() in word.lower() for word in kind.words.values())
    ]
    with ctx.world.read() as connection:
        return (
            *_written(wanted, places.extent(connection)),
            *located.search_incidents(connection, wanted, types=types, within=scope.own(ctx.actor)),
            *located.search(
                connection,
                wanted,
                roads=True,
                people=ctx.actor.may("personal.read"),
                hidden=_hidden(ctx),
                within=scope.around(ctx.actor),
                known=scope.own(ctx.actor),
                day=ctx.today(),
            ),
        )


def _hidden(ctx: Context) -> tuple[str, ...]:
    """Layers of places whose names are about persons and not for this reader."""
    if ctx.actor.may("personal.read"):
        return ()
    found = ctx.policy.layers.values()
    return tuple(
        one.code for one in found if one.personal or ("name" in one.fields and one.fields["name"].personal)
    )


def _written(words: str, county: Bounds | None) -> Iterator[Found]:
    """Read a BeiDou code, or a pair of coordinates: by its letters, else so that it lies nearest to the county."""
    position = by_code(words) or by_coordinates(words, county)
    if position is not None:
        lon, lat = position
        yield Found(
            kind="position",
            id=None,
            code=beidou_code(position) or "",
            name=f"{lon:.6f}, {lat:.6f}",
            name_en="",
            layer="",
            area_code=None,
            position=position,
        )


def by_code(words: str) -> Position | None:
    """Return the middle of a BeiDou cell; None for what is no code."""
    try:
        west, south, east, north = beidou.decode(words.replace(" ", "").upper())
    except ValueError:
        return None
    return (west + east) / 2, (south + north) / 2


def by_coordinates(words: str, county: Bounds | None) -> Position | None:
    """Read a pair of degrees, in the order in which it lies nearer to the county; None for what is none."""
    try:
        first, second = cells.position(words)
    except CellError:
        return None
    west, south, east, north = county or _ANYWHERE
    candidates = [
        (lon, lat)
        for lon, lat in dict.fromkeys(((first, second), (second, first)))
        if abs(lon) <= _LON_LIMIT and abs(lat) <= _LAT_LIMIT
    ]
    middle = ((west + east) / 2, (south + north) / 2)
    return min(candidates, key=lambda at: max(abs(at[0] - middle[0]), abs(at[1] - middle[1])), default=None)


def beidou_code(position: Position) -> str | None:
    """Return the code of a position that can be read out over the radio; None near the poles."""
    try:
        return beidou.encode(*position)
    except ValueError:
        return None
