"""Teams, vehicles, depots, stock and places: as they stand, and edits of them."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from api.http import documents, geojson
from api.http.access import Acting, Visiting
from api.http.models import (
    Depot,
    DepotEdit,
    Identifier,
    Lot,
    LotEdit,
    Place,
    PlaceEdit,
    Team,
    TeamEdit,
    Vehicle,
    VehicleEdit,
)
from api.http.problems import responses
from api.usecases import resources
from data.layers import Layer

router = APIRouter(tags=["resources"])
_READ = responses(401, 403, 404, 422)
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("/teams", responses=responses(401, 403))
def list_teams(context: Visiting) -> list[Team]:
    """List every team as it stands."""
    return [documents.team(team) for team in resources.teams(context)]


@router.get("/teams/{team_id}", responses=_READ)
def get_team(team_id: Identifier, context: Visiting) -> Team:
    """Give one team."""
    return documents.team(resources.team(context, team_id))


@router.patch("/teams/{team_id}", responses=_WRITE)
def edit_team(team_id: Identifier, body: TeamEdit, context: Acting) -> Team:
    """Report how a team stands."""
    return documents.team(resources.edit_team(context, team_id, **body.model_dump()))


@router.get("/vehicles", responses=responses(401, 403))
def list_vehicles(context: Visiting) -> list[Vehicle]:
    """List every vehicle, of teams and of depots."""
    return [documents.vehicle(vehicle) for vehicle in resources.vehicles(context)]


@router.patch("/vehicles/{vehicle_id}", responses=_WRITE)
def edit_vehicle(vehicle_id: Identifier, body: VehicleEdit, context: Acting) -> Vehicle:
    """Report whether a vehicle can be sent."""
    return documents.vehicle(resources.edit_vehicle(context, vehicle_id, **body.model_dump()))


@router.get("/depots", responses=responses(401, 403))
def list_depots(context: Visiting) -> list[Depot]:
    """List every depot."""
    return [documents.depot(depot) for depot in resources.depots(context)]


@router.patch("/depots/{depot_id}", responses=_WRITE)
def edit_depot(depot_id: Identifier, body: DepotEdit, context: Acting) -> Depot:
    """Open or close a depot."""
    return documents.depot(resources.edit_depot(context, depot_id, **body.model_dump()))


@router.get("/lots", responses=responses(401, 403, 422))
def list_lots(context: Visiting, depot: Identifier | None = None) -> list[Lot]:
    """List the stock of one depot, or of all."""
    return [documents.lot(lot) for lot in resources.lots(context, depot=depot)]


@router.patch("/lots/{lot_id}", responses=_WRITE)
def edit_lot(lot_id: Identifier, body: LotEdit, context: Acting) -> Lot:
    """Set what is on hand to what was counted; the ledger keeps the difference."""
    return documents.lot(resources.edit_lot(context, lot_id, **body.model_dump()))


@router.get("/places/{place_id}", responses=_READ)
def get_place(place_id: Identifier, context: Visiting) -> Place:
    """Give one place of any layer."""
    return _place(*resources.place(context, place_id))


@router.patch("/places/{place_id}", responses=_WRITE)
def edit_place(place_id: Identifier, body: PlaceEdit, context: Acting) -> Place:
    """Change fields of a place, held to its layer's rules."""
    edited = resources.edit_place(context, place_id, request_id=body.request_id, fields=body.fields)
    return _place(*edited)


def _place(layer: Layer, row: Mapping[str, Any]) -> Place:
    shape = row["geom"]
    return Place(
        id=row["id"],
        layer=layer.code,
        fields={name: row[name] for name in layer.fields if name in row},
        geometry=None if shape is None else geojson.outline(shape),
    )
