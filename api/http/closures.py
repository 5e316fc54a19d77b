"""Roads closed or slowed, and opened again."""

from fastapi import APIRouter, status

from api.http import documents
from api.http.access import Acting, Visiting
from api.http.models import Closure, ClosureRequest, Identifier, Plain
from api.http.problems import responses
from api.usecases import closures

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


@router.post("/{closure_id}/open", responses=_WRITE)
def open_road(closure_id: Identifier, body: Plain, context: Acting) -> Closure:
    """Open it again."""
    return documents.closure(closures.open_again(context, closure_id, request_id=body.request_id))
