"""A running plan made anew: why, what stays, what ends, what is new, and what is gained by it."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import InvalidError, MusterError, UnavailableError
from api.usecases import incidents, orders, plans, watching
from api.usecases.plans import PlanView
from dispatch.model import Plan, Tier
from dispatch.replan import WORTH
from dispatch.underway import Trigger
from web import names, proposals, reasons
from web.names import Mentioned
from web.orders import ShownOrder, shown
from web.proposals import Shown
from web.view import PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a plan made anew changes, in words."""

    change: Shown
    keeping: Shown
    ends: list[ShownOrder]
    stays: list[ShownOrder]
    gain: str

    @property
    def changes_nothing(self) -> bool:
        """Whether everything goes on as it is."""
        return not (self.ends or self.change.units or self.change.move_ups)


@router.get("/incidents/{incident_id}/triggers")
def notice(view: Reading, incident_id: int) -> Response:
    """Show why a new plan may be needed, with the button that makes it; empty while all goes as planned."""
    try:
        found = watching.triggers(view.context, incident_id)
    except UnavailableError:
        found = ()
    return view.render(
        "triggers.html",
        incident_id=incident_id,
        triggers=_told(view, found),
        may_propose=bool(found) and "plan.replan" in incidents.acts_on_all(view.context, [incident_id]),
    )


@router.get("/incidents/{incident_id}/replan")
def page(view: Reading, incident_id: int, plan: int | None = None) -> Response:
    """Show the newest plan made anew, or the one asked for."""
    return _page(view, incident_id, plan)


def _page(view: View, incident_id: int, plan_id: int | None, error: MusterError | None = None) -> Response:
    context = view.context
    incident = incidents.get(context, incident_id)
    found = plans.get(context, plan_id) if plan_id is not None else _standing(view, incident_id)
    if found is not None and (found.keeping is None or incident_id not in found.incident_ids):
        raise InvalidError("plan_keeps_everything", id=found.id)
    known = names.read(view, Mentioned().plan(found)) if found else None
    answered = {one.incident_id for one in orders.listing(context, only_open=True)}
    others = [
        one
        for one in incidents.listing(context, state="open")
        if one.id != incident_id and one.id in answered
    ]
    return view.render(
        "replan.html",
        status=error.status if error else 200,
        refusal=reasons.refusal(error, view.words, known) if error and known else "",
        incident=incident,
        triggers=_told(view, watching.triggers(context, incident_id)),
        others=others,
        plan=found,
        diff=_difference(view, found) if found else None,
        may_propose="plan.replan" in incidents.possible_acts(context, incident),
        may_confirm=found is not None
        and "plan.confirm" in incidents.acts_on_all(context, found.incident_ids),
    )


def _standing(view: View, incident_id: int) -> PlanView | None:
    """Find what somebody has proposed and nobody has answered: whoever may accept it opens the same page."""
    newest = plans.latest_for(view.context, incident_id)
    return newest if newest and newest.state == "proposed" and newest.keeping is not None else None


def _told(view: View, found: tuple[Trigger, ...]) -> list[str]:
    return [view.words.trigger(one.code, one.count) for one in found]


def _difference(view: View, plan: PlanView) -> Difference:
    context = view.context
    keeping = plan.keeping or plan.plan
    its_orders = [one for incident in plan.incident_ids for one in orders.listing(context, incident=incident)]
    its_orders += [one for one in orders.listing(context) if one.kind == "move_up" and one.id in plan.cancels]
    lines = shown(view, its_orders, names.read(view, Mentioned().orders(its_orders)))
    open_ones = {one.id for one in its_orders if one.is_open and one.plan_id != plan.id}
    reader = proposals.Reader(
        words=view.words,
        names=names.read(view, Mentioned().plan(plan)),
        incidents={one: incidents.get(context, one) for one in plan.incident_ids},
        wishes=reasons.wishes_of(plan),
        seconds=proposals.seconds_of(plan),
    )
    return Difference(
        change=proposals.show(plan, reader),
        keeping=proposals.show(replace(plan, plan=keeping), reader),
        ends=[one for one in lines if one.id in plan.cancels],
        stays=[one for one in lines if one.id in open_ones and one.id not in plan.cancels],
        gain=_gain(view, keeping, plan.plan, ended=len(plan.cancels)),
    )


def _gain(view: View, keeping: Plan, change: Plan, *, ended: int) -> str:
    """Say what the change gains: the first objective in which it is better."""
    both: list[tuple[Tier, Tier]] = list(zip(keeping.tiers, change.tiers, strict=False))[:WORTH]
    for before, after in both:
        if after.value < before.value:
            return view.words.gain(before.code, before.value, after.value)
    return view.words.silent_ended(ended) if ended else ""


@router.post("/incidents/{incident_id}/replan")
def propose(
    view: Writing,
    incident_id: int,
    request_id: Annotated[UUID, Form()],
    incidents: Annotated[list[int], Form()] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Make the plan anew for this incident, and for those that the commander includes."""
    found = plans.replan(view.context, request_id=request_id, incidents={incident_id, *incidents})
    return see(f"/incidents/{incident_id}/replan?plan={found.id}")


@router.post("/incidents/{incident_id}/replan/{plan_id}")
def confirm(
    view: Writing,
    incident_id: int,
    plan_id: int,
    request_id: Annotated[UUID, Form()],
    keep: Annotated[str, Form()] = "",
) -> Response:
    """Accept the change, or keep what is under way and send the rest."""
    try:
        plans.confirm(view.context, plan_id, request_id=request_id, keep=bool(keep))
    except MusterError as error:
        return _page(view, incident_id, plan_id, error)
    return see(f"/incidents/{incident_id}")
