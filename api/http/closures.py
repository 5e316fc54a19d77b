"""Roads closed or slowed, and opened again."""

from fastapi import APIRouter, status

from api.http import documents
from api.http.access import Acting, Visiting
from api.http.models import Closure, ClosureEdit, ClosureRequest, Effect, EffectRequest, Identifier, Plain
from api.http.problems import responses
from api.usecases import closures, effects
from dispatch.cutoff import VehicleClass

router = APIRouter(prefix="/closures", tags=["closures"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("", responses=responses(401, 403, 422))
def list_closures(context: Visiting) -> list[Closure]:
    """List what is closed or slowed now or will be."""
    return [documents.closure(closure) for closure in closures.standing(context)]


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def close_road(body: ClosureRequest, context: Acting) -> Closure:
    """Close or slow a stretch of road; the next plan goes round it."""
    return documents.closure(closures.close(context, **body.model_dump()))


@router.post("/effect", responses=responses(400, 401, 403, 422, 503))
def drawn_effect(body: EffectRequest, context: Visiting) -> Effect:
    """Tell what something that is being drawn would do; nothing is stored."""
    return documents.effect(effects.of_drawing(context, **body.model_dump()))


@router.get("/{closure_id}/effect", responses=responses(401, 403, 404, 422, 503))
def closure_effect(closure_id: Identifier, context: Visiting, vehicle: VehicleClass = "car") -> Effect:
    """Tell whom a closure cuts off and which running orders it touches."""
    return documents.effect(effects.of_closure(context, closure_id, vehicle=vehicle))


@router.patch("/{closure_id}", responses=_WRITE)
def edit_closure(closure_id: Identifier, body: ClosureEdit, context: Acting) -> Closure:
    """Change how much is closed, how long and why."""
    return documents.closure(closures.edit(context, closure_id, **body.model_dump()))


@router.post("/{closure_id}/open", responses=_WRITE)
def open_road(closure_id: Identifier, body: Plain, context: Acting) -> Closure:
    """Open it again."""
    return documents.closure(closures.open_again(context, closure_id, request_id=body.request_id))
