"""Where units are: the feed for trackers, and the light reading of what has moved."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api.context import Context
from api.errors import InvalidError
from api.http import map_features
from api.http.access import Visiting, acting, base_context, bearer_token
from api.http.geojson import GeoJSON
from api.http.models import FixBatch, Identifier, PositionsReceived, RefusedFix
from api.http.problems import responses
from api.usecases import positions, whereabouts
from data.fixes import UnitKind
from gis.tracks import Fix

router = APIRouter(prefix="/positions", tags=["positions"])


def reporting(request: Request, given: Annotated[str | None, Depends(bearer_token)]) -> Context:
    """Return the context of the tracker whose token the request carries; else of the session, which may not report."""
    return (
        acting(request, request.headers.get("x-csrf-token"))
        if given is None
        else positions.by_token(base_context(request), given)
    )


@router.post("", responses=responses(400, 401, 403, 409, 422, 429))
def report_positions(body: FixBatch, context: Annotated[Context, Depends(reporting)]) -> PositionsReceived:
    """Take in a batch of fixes from a tracker (`Authorization: Bearer <token>`). The same fix sent twice is stored once."""
    return received(positions.report(context, fixes_of(body)))


def fixes_of(body: FixBatch) -> list[Fix]:
    """Read a batch. Raises InvalidError for a moment without an offset from UTC."""
    if any(fix.at.tzinfo is None for fix in body.fixes):
        raise InvalidError("time_without_offset")
    return [Fix(at=fix.at, position=fix.position, accuracy_m=fix.accuracy_m) for fix in body.fixes]


def received(done: positions.Received) -> PositionsReceived:
    """Write what became of a batch."""
    return PositionsReceived(
        stored=done.stored,
        known=done.known,
        suspect=done.suspect,
        refused=[RefusedFix(at=at, code=code) for at, code in done.refused],
        goes_on=done.goes_on,
    )


@router.get("", responses=responses(401, 403, 422))
def list_positions(
    context: Visiting,
    received_after: Annotated[
        datetime | None, Query(description="only units heard of since; with an offset from UTC")
    ] = None,
) -> GeoJSON:
    """Give where each unit was last seen within a day, as GeoJSON points."""
    if received_after is not None and received_after.tzinfo is None:
        raise InvalidError("time_without_offset")
    return map_features.positions(whereabouts.standing(context, received_after=received_after))


@router.get("/{kind}/{unit_id}/track", responses=responses(401, 403, 404, 422))
def unit_track(kind: UnitKind, unit_id: Identifier, context: Visiting) -> GeoJSON:
    """Give the last two hours of a unit's way, as one GeoJSON line with its moments."""
    return map_features.track(positions.track(context, (kind, unit_id)))
