"""Where is this, and what is called so."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.access import Visiting
from api.http.models import FoundPlace, Latitude, LocatedPosition, Longitude
from api.http.problems import responses
from api.usecases import places

router = APIRouter(tags=["places"])


@router.get("/locate", responses=responses(401, 403, 422))
def locate(lon: Longitude, lat: Latitude, context: Visiting) -> LocatedPosition:
    """Tell the areas of a position, its leaf grid and the chain of people responsible for it."""
    return LocatedPosition.model_validate(places.locate(context, (lon, lat)))


@router.get("/search", responses=responses(401, 403, 422))
def search(q: Annotated[str, Query(max_length=200)], context: Visiting) -> list[FoundPlace]:
    """Find areas, villages, grids, places, teams and depots by code or part of a name."""
    return [FoundPlace.model_validate(found) for found in places.search(context, q)]
