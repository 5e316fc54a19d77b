"""Where is this, and what is called so."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import InvalidError
from api.http.access import Visiting
from api.http.geojson import outline
from api.http.models import FoundPlace, Latitude, LocatedPosition, Longitude, Measured, MeasuredLeg
from api.http.problems import responses
from api.usecases import places, ways
from dispatch.model import Position
from gis.network import SpeedClass

router = APIRouter(tags=["places"])


@router.get("/locate", responses=responses(401, 403, 422))
def locate(lon: Longitude, lat: Latitude, context: Visiting) -> LocatedPosition:
    """Tell the areas of a position, its leaf grid and the chain of people responsible for it."""
    found = LocatedPosition.model_validate(places.locate(context, (lon, lat)))
    return found.model_copy(update={"beidou": places.beidou_code((lon, lat))})


@router.get("/search", responses=responses(401, 403, 422))
def search(q: Annotated[str, Query(max_length=200)], context: Visiting) -> list[FoundPlace]:
    """Find areas, villages, grids, places, teams, depots, roads, open incidents and people (for whoever may see them)
    by code or part of a name; a pair of coordinates and a BeiDou code (GB/T 39409-2020) find their position.
    """
    return [FoundPlace.model_validate(found) for found in places.search_everything(context, q)]


@router.get("/measure", responses=responses(401, 403, 422, 503))
def measure(
    points: Annotated[str, Query(description="lon,lat;lon,lat;… in degrees", max_length=1000)],
    context: Visiting,
    by: Annotated[SpeedClass, Query(description="class of vehicle")] = "car",
) -> Measured:
    """Measure from point to point along the roads as they stand now, and straight."""
    found = ways.measure(context, _points(points), by)
    return Measured(
        by=by,
        straight_m=found.straight_m,
        road_m=found.road_m,
        road_ms=found.road_ms,
        legs=[
            MeasuredLeg(
                reach=leg.reach,
                straight_m=leg.straight_m,
                road_m=leg.road_m,
                road_ms=leg.road_ms,
                walk_ms=leg.walk_ms,
                drive=None if leg.drive is None else outline(leg.drive),
                walk=None if leg.walk is None else outline(leg.walk),
            )
            for leg in found.legs
        ],
    )


def _points(text: str) -> list[Position]:
    try:
        pairs = [tuple(float(part) for part in point.split(",")) for point in text.split(";")]
    except ValueError:
        raise InvalidError("points_unreadable") from None
    points = [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]  # noqa: PLR2004  # a position
    right = all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in points)  # noqa: PLR2004  # degrees
    if len(points) != len(pairs) or not right:
        raise InvalidError("points_unreadable")
    return points
