"""Danger areas drawn by people."""

from fastapi import APIRouter, status

from api.http import documents
from api.http.access import Acting, Visiting
from api.http.models import Effect, HazardArea, HazardEdit, HazardRequest, Identifier, Plain
from api.http.problems import responses
from api.usecases import effects, hazards
from dispatch.cutoff import VehicleClass

router = APIRouter(prefix="/hazards", tags=["hazards"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("", responses=responses(401, 403, 422))
def list_hazards(context: Visiting) -> list[HazardArea]:
    """List the areas that hold now or will later."""
    return [documents.hazard(area) for area in hazards.standing(context)]


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def draw_hazard(body: HazardRequest, context: Acting) -> HazardArea:
    """Draw an area: nobody is routed through it, and nobody gathered in it."""
    return documents.hazard(hazards.draw(context, **body.model_dump()))


@router.get("/{area_id}/effect", responses=responses(401, 403, 404, 422, 503))
def hazard_effect(area_id: Identifier, context: Visiting, vehicle: VehicleClass = "car") -> Effect:
    """Tell whom an area cuts off and which running orders it touches."""
    return documents.effect(effects.of_hazard(context, area_id, vehicle=vehicle))


@router.patch("/{area_id}", responses=_WRITE)
def edit_hazard(area_id: Identifier, body: HazardEdit, context: Acting) -> HazardArea:
    """Change what it closes, how long and why."""
    return documents.hazard(hazards.edit(context, area_id, **body.model_dump()))


@router.post("/{area_id}/end", responses=_WRITE)
def end_hazard(area_id: Identifier, body: Plain, context: Acting) -> HazardArea:
    """End it."""
    return documents.hazard(hazards.end(context, area_id, request_id=body.request_id))
