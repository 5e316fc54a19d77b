"""Plans: propose, read, explain, confirm."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, status

from api.http import documents, geojson
from api.http.access import Acting, Visiting
from api.http.models import (
    ConfirmRequest,
    GeoJSON,
    Identifier,
    Order,
    Plain,
    Plan,
    PlanRequest,
    Reasons,
    Reworded,
    Swap,
    Without,
)
from api.http.problems import responses
from api.usecases import plans, withdrawing
from dispatch.model import Wish

router = APIRouter(prefix="/plans", tags=["plans"])


@router.post("", status_code=status.HTTP_201_CREATED, responses=responses(400, 401, 403, 404, 409, 422, 503))
def propose_plan(body: PlanRequest, context: Acting) -> Plan:
    """Propose the best joint plan for these incidents, with its proof, beside nearest-first."""
    proposed = plans.propose(
        context,
        request_id=body.request_id,
        incidents=body.incidents,
        pins=[Wish(**wish.model_dump()) for wish in body.pins],
        bans=[Wish(**wish.model_dump()) for wish in body.bans],
        time_limit_s=body.time_limit_s,
    )
    return documents.plan(proposed)


@router.get("/{plan_id}", responses=responses(401, 403, 404, 422))
def get_plan(plan_id: Identifier, context: Visiting) -> Plan:
    """Give one plan with its baseline and the names of its units."""
    return documents.plan(plans.get(context, plan_id))


@router.post(
    "/anew", status_code=status.HTTP_201_CREATED, responses=responses(400, 401, 403, 404, 409, 422, 503)
)
def propose_anew(body: PlanRequest, context: Acting) -> Plan:
    """Propose what to add to running orders and, where it gains, which of them to end; beside the best that ends none."""
    proposed = plans.replan(
        context,
        request_id=body.request_id,
        incidents=body.incidents,
        pins=[Wish(**wish.model_dump()) for wish in body.pins],
        bans=[Wish(**wish.model_dump()) for wish in body.bans],
        time_limit_s=body.time_limit_s,
    )
    return documents.plan(proposed)


@router.post("/{plan_id}/confirm", responses=responses(400, 401, 403, 404, 409, 422, 503))
def confirm_plan(plan_id: Identifier, body: ConfirmRequest, context: Acting) -> list[Order]:
    """Turn a plan into orders and reserved stock at once, or answer 409 with what has changed since."""
    return documents.orders_of(
        context, plans.confirm(context, plan_id, request_id=body.request_id, keep=body.keep)
    )


@router.post("/{plan_id}/prove", responses=responses(400, 401, 403, 404, 409, 422, 503))
def prove_plan(plan_id: Identifier, body: Plain, context: Acting) -> Plan:
    """Go on searching: the same plan with better bounds, or a better one as a plan of its own."""
    return documents.plan(plans.prove(context, plan_id, request_id=body.request_id))


@router.post("/{plan_id}/withdraw", responses=responses(400, 401, 403, 404, 409, 422))
def withdraw_plan(plan_id: Identifier, body: Plain, context: Acting) -> list[Order]:
    """Cancel every order of a plan, as long as nobody has answered one."""
    return documents.orders_of(context, withdrawing.withdraw(context, plan_id, request_id=body.request_id))


@router.get("/{plan_id}/routes", responses=responses(401, 403, 404, 422))
def plan_routes(plan_id: Identifier, context: Visiting) -> GeoJSON:
    """Give the plan's routes, and second routes where there are, as GeoJSON."""
    return geojson.routes(plans.routes(context, plan_id))


@router.get("/{plan_id}/reasons", responses=responses(401, 403, 404, 409, 422, 503))
def plan_reasons(plan_id: Identifier, context: Visiting) -> Reasons:
    """Tell why each chosen unit, and why not each other one."""
    return documents.reasons(plans.reasons(context, plan_id))


@router.get("/{plan_id}/without", responses=responses(401, 403, 404, 409, 422, 503))
def plan_without(
    plan_id: Identifier,
    context: Visiting,
    kind: Literal["team", "vehicle", "depot"],
    unit: Annotated[Identifier, Query(alias="id")],
) -> Without:
    """Plan again as if one unit were gone, and tell what each tier would lose."""
    return documents.without(plans.without(context, plan_id, kind=kind, unit=unit))


@router.get("/{plan_id}/swaps", responses=responses(401, 403, 404, 409, 422, 503))
def plan_swaps(
    plan_id: Identifier,
    context: Visiting,
    kind: Literal["team", "vehicle", "depot"],
    unit: Annotated[Identifier, Query(alias="id")],
    incident: Identifier,
) -> list[Swap]:
    """List who could take a unit's place at an incident, the soonest first, and what each would cost in each tier."""
    found = plans.swaps(context, plan_id, kind=kind, unit=unit, incident=incident)
    return [documents.swap(one) for one in found]


@router.post("/{plan_id}/price", responses=responses(400, 401, 403, 404, 409, 422, 503))
def price_words(plan_id: Identifier, body: Reworded, context: Acting) -> Without:
    """Price other pins and bans: the best plan under them, and the change in each tier. Nothing is stored."""
    return documents.without(
        plans.reworded(
            context,
            plan_id,
            pins=[Wish(**wish.model_dump()) for wish in body.pins],
            bans=[Wish(**wish.model_dump()) for wish in body.bans],
        )
    )
