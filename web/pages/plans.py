"""Plans: propose one, see it beside nearest-first, pin and ban, ask what if, confirm."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import InvalidError, MusterError
from api.usecases import incidents, plans
from dispatch.model import Wish
from web import names, proposals
from web.names import Mentioned
from web.view import PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)

UnitKind = Literal["team", "vehicle", "depot"]


def _wishes(written: list[str], word: str) -> list[Wish]:
    """Read the plan form's choices: "pin team 12 3" (team 12 goes to incident 3), "ban depot 4" (depot 4 sends nothing)."""
    found = {tuple(text.split()) for text in written if text.startswith(f"{word} ")}
    try:
        return [
            Wish(kind=kind, id=int(identity), incident=int(incident[0]) if incident else None)  # type: ignore[arg-type]  # checked by Wish's readers
            for _, kind, identity, *incident in sorted(found)
        ]
    except ValueError:
        raise InvalidError("wish_unreadable") from None


@router.post("/plans")
def propose(
    view: Writing,
    request_id: Annotated[UUID, Form()],
    incidents: Annotated[list[int], Form()] = [],  # noqa: B006  # FastAPI copies it
    wish: Annotated[list[str], Form()] = [],  # noqa: B006  # as above
) -> Response:
    """Propose a plan for one or more incidents, with the commander's word."""
    if not incidents:
        raise InvalidError("no_incident_chosen")
    found = plans.propose(
        view.context,
        request_id=request_id,
        incidents=incidents,
        pins=_wishes(wish, "pin"),
        bans=_wishes(wish, "ban"),
    )
    return see(f"/plans/{found.id}")


@router.get("/plans/{plan_id}")
def page(view: Reading, plan_id: int) -> Response:
    """Show a plan."""
    return _page(view, plan_id)


def _page(view: View, plan_id: int, error: MusterError | None = None) -> Response:
    context, actor = view.context, view.context.actor
    plan = plans.get(context, plan_id)
    known = names.read(view, Mentioned().plan(plan))
    reader = proposals.Reader(
        words=view.words,
        names=known,
        incidents={one: incidents.get(context, one) for one in plan.incident_ids},
        wishes=proposals.wishes_of(plan),
    )
    return view.render(
        "plan.html",
        status=error.status if error else 200,
        refusal=proposals.refusal(error, view.words, known) if error else "",
        plan=plan,
        proposal=proposals.show(plan, reader),
        may_propose=actor.may("plan.propose"),
        may_confirm=actor.may("plan.confirm"),
    )


@router.get("/plans/{plan_id}/reasons")
def reasons(view: Reading, plan_id: int) -> Response:
    """Say why each chosen unit goes, and why each other does not."""
    context = view.context
    plan, found = plans.get(context, plan_id), plans.reasons(context, plan_id)
    known = names.read(view, Mentioned().plan(plan).reasons((*found.chosen, *found.passed_over)))
    return view.render(
        "reasons.html",
        plan=plan,
        chosen=proposals.why(found.chosen, plan, view.words, known),
        passed_over=proposals.why(found.passed_over, plan, view.words, known),
        may_propose=context.actor.may("plan.propose"),
    )


@router.post("/plans/{plan_id}/confirm")
def confirm(view: Writing, plan_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Confirm a plan; when something has changed meanwhile, show the plan with what."""
    try:
        plans.confirm(view.context, plan_id, request_id=request_id)
    except MusterError as error:
        return _page(view, plan_id, error)
    plan = plans.get(view.context, plan_id)
    return see(f"/incidents/{plan.incident_ids[0]}" if len(plan.incident_ids) == 1 else "/orders")


@router.get("/plans/{plan_id}/without")
def without(view: Reading, plan_id: int, kind: UnitKind, id: int) -> Response:  # noqa: A002  # the query's own name
    """Show what the plan would lose without one unit."""
    answer = plans.without(view.context, plan_id, kind=kind, unit=id)
    asked = Mentioned(**{f"{kind}s": {id}})
    return view.render(
        "without.html", plan_id=plan_id, name=names.read(view, asked).unit(kind, id), changes=answer.changes
    )
