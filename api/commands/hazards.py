"""Commands about danger areas, and about what closures and areas do."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.http import documents
from api.terminal import AsJson, Moment, Reason, RequestId, acting, show
from api.usecases import effects, hazards
from dispatch.cutoff import VehicleClass

app = typer.Typer(help="Danger areas, and what closures and areas cut off.", no_args_is_help=True)
COLUMNS = ("id", "incident_id", "closes_roads", "starts_at", "ends_at", "reason", "created_by", "ended_at")
EFFECT_COLUMNS = ("at", "vehicle", "people", "cut_off", "orders", "incidents", "roads")

Area = Annotated[Path, typer.Option(exists=True, help="File with a GeoJSON Polygon or MultiPolygon.")]
OpenRoads = Annotated[bool, typer.Option("--open-roads", help="Do not gather there, but drive through.")]
Vehicle = Annotated[VehicleClass, typer.Option(help="Whose roads are meant.")]


@app.command("list")
def list_hazards(*, as_json: AsJson = False) -> None:
    """List the areas that hold now or will later."""
    with acting() as context:
        found = [documents.hazard(one) for one in hazards.standing(context)]
    show(found, COLUMNS, as_json=as_json)


@app.command("draw")
def draw_hazard(
    *,
    geojson: Area,
    incident: Annotated[int | None, typer.Option(help="The open incident that it belongs to.")] = None,
    open_roads: OpenRoads = False,
    starts_at: Moment = None,
    ends_at: Moment = None,
    reason: Reason = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Draw an area: nobody is routed through it, and nobody gathered in it."""
    with acting() as context:
        drawn = hazards.draw(
            context,
            request_id=request_id,
            geometry=json.loads(geojson.read_text()),
            incident=incident,
            closes_roads=not open_roads,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    show(documents.hazard(drawn), COLUMNS, as_json=as_json)


@app.command("edit")
def edit_hazard(
    area: int,
    *,
    open_roads: OpenRoads = False,
    starts_at: Moment = None,
    ends_at: Moment = None,
    reason: Reason = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Change what it closes, how long and why, all at once."""
    with acting() as context:
        edited = hazards.edit(
            context,
            area,
            request_id=request_id,
            closes_roads=not open_roads,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    show(documents.hazard(edited), COLUMNS, as_json=as_json)


@app.command("end")
def end_hazard(area: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """End an area."""
    with acting() as context:
        ended = hazards.end(context, area, request_id=request_id)
    show(documents.hazard(ended), COLUMNS, as_json=as_json)


@app.command("effect")
def area_effect(area: int, *, vehicle: Vehicle = "car", as_json: AsJson = False) -> None:
    """Tell whom an area cuts off, and which running orders it touches."""
    with acting() as context:
        found = documents.effect(effects.of_hazard(context, area, vehicle=vehicle))
    show(found, EFFECT_COLUMNS, as_json=as_json)


@app.command("closure-effect")
def closure_effect(closure: int, *, vehicle: Vehicle = "car", as_json: AsJson = False) -> None:
    """Tell whom a closure cuts off, and which running orders it touches."""
    with acting() as context:
        found = documents.effect(effects.of_closure(context, closure, vehicle=vehicle))
    show(found, EFFECT_COLUMNS, as_json=as_json)
