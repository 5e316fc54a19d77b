"""Commands that close roads and open them again."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.http import documents
from api.terminal import AsJson, Moment, Reason, RequestId, acting, position_of, show
from api.usecases import closures

CLOSURE_COLUMNS = ("id", "factor_percent", "starts_at", "ends_at", "reason", "created_by", "ended_at")


def close_road(
    *,
    at: Annotated[str | None, typer.Option(metavar="LON,LAT", help="The nearest road within 50 m.")] = None,
    geojson: Annotated[Path | None, typer.Option(exists=True, help="File with a GeoJSON geometry.")] = None,
    factor_percent: Annotated[
        int | None, typer.Option(min=101, help="Slowed, not closed: 300 is three times slower.")
    ] = None,
    starts_at: Moment = None,
    ends_at: Moment = None,
    reason: Reason = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Close or slow a stretch of road."""
    if (at is None) == (geojson is None):
        raise typer.BadParameter("give either --at or --geojson")
    geometry = (
        json.loads(geojson.read_text())
        if geojson
        else {"type": "Point", "coordinates": position_of(at or "")}
    )
    with acting() as context:
        closed = closures.close(
            context,
            request_id=request_id,
            geometry=geometry,
            factor_percent=factor_percent,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    show(documents.closure(closed), CLOSURE_COLUMNS, as_json=as_json)


def open_road(closure: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Open a closed road again."""
    with acting() as context:
        opened = closures.open_again(context, closure, request_id=request_id)
    show(documents.closure(opened), CLOSURE_COLUMNS, as_json=as_json)


def list_closures(*, as_json: AsJson = False) -> None:
    """List roads that are closed or slowed, now or later."""
    with acting() as context:
        found = [documents.closure(one) for one in closures.standing(context)]
    show(found, CLOSURE_COLUMNS, as_json=as_json)


def edit_closure(
    closure: int,
    *,
    factor_percent: Annotated[int | None, typer.Option(min=101, help="Not given: closed.")] = None,
    starts_at: Moment = None,
    ends_at: Moment = None,
    reason: Reason = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Change how much is closed, how long and why, all at once."""
    with acting() as context:
        edited = closures.edit(
            context,
            closure,
            request_id=request_id,
            factor_percent=factor_percent,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    show(documents.closure(edited), CLOSURE_COLUMNS, as_json=as_json)
