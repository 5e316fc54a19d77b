"""Mutual aid between areas: ask, answer with units, end."""

from fastapi import APIRouter, status

from api.http.access import Acting, Visiting
from api.http.models import Aid, AidAnswer, AidOffer, AidRequest, Identifier, Plain
from api.http.problems import responses
from api.usecases import aid

router = APIRouter(prefix="/aid", tags=["mutual aid"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


def document(view: aid.AidView) -> Aid:
    """Write a request."""
    return Aid.model_validate(view)


@router.get("", responses=responses(401, 403, 422))
def list_aid(context: Visiting, incident: Identifier | None = None) -> list[Aid]:
    """List the requests from and to your area, the newest first."""
    return [document(one) for one in aid.listing(context, incident=incident)]


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def request_aid(body: AidRequest, context: Acting) -> Aid:
    """Ask another area for help with an incident."""
    made = aid.request(
        context, body.incident, request_id=body.request_id, to_area=body.to_area, text=body.text
    )
    return document(made)


@router.get("/{aid_id}", responses=responses(401, 403, 404, 422))
def get_aid(aid_id: Identifier, context: Visiting) -> Aid:
    """Give one request."""
    return document(aid.get(context, aid_id))


@router.get("/{aid_id}/offers", responses=responses(401, 403, 404, 422, 503))
def list_offers(aid_id: Identifier, context: Visiting) -> list[AidOffer]:
    """List what the asked area could lend, first what its own best plan would send."""
    return [AidOffer.model_validate(one) for one in aid.offers(context, aid_id)]


@router.post("/{aid_id}/answer", responses=_WRITE)
def answer_aid(aid_id: Identifier, body: AidAnswer, context: Acting) -> Aid:
    """Grant with teams and depots, or decline with a reason."""
    return document(aid.answer(context, aid_id, **body.model_dump()))


@router.post("/{aid_id}/end", responses=_WRITE)
def end_aid(aid_id: Identifier, body: Plain, context: Acting) -> Aid:
    """End a request; what was lent is its owner's again."""
    return document(aid.end(context, aid_id, request_id=body.request_id))
