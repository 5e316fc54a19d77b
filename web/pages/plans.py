"""Plans: propose one, see it beside nearest-first, pin and ban, ask what if, confirm."""

from contextlib import suppress
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Form, Query, Response

from api.errors import InvalidError, MusterError
from api.usecases import incidents, plans, villages, withdrawing
from api.usecases.plans import PlanView
from dispatch import explain
from dispatch.model import Wish
from web import costs, names, proposals, reasons
from web.names import Mentioned
from web.view import PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)

UnitKind = Literal["team", "vehicle", "depot"]
UNIT_KINDS: Final[dict[str, UnitKind]] = {"team": "team", "vehicle": "vehicle", "depot": "depot"}
SWAP_PARTS: Final = 5
Wishes = Annotated[list[str], Form()]


def _wishes(written: list[str]) -> tuple[list[Wish], list[Wish]]:
    """Read the plan form's choices as pins and bans.

    "pin team 12 3": team 12 goes to incident 3. "ban depot 4": depot 4 sends nothing; with an incident, nothing there.
    "swap team 12 team 15 3": at incident 3 team 15 takes the place of team 12; it outweighs other words about the two.
    """
    pins: dict[tuple[str, int], Wish] = {}
    bans: dict[tuple[str, int], Wish] = {}
    for text in sorted(set(filter(None, written)), key=lambda text: text.startswith("swap ")):
        word, *parts = text.split()
        if word == "swap" and len(parts) == SWAP_PARTS:
            out, into = _wish([*parts[:2], parts[4]]), _wish(parts[2:])
            pins.pop((out.kind, out.id), None)
            bans.pop((into.kind, into.id), None)
            bans[out.kind, out.id], pins[into.kind, into.id] = out, into
        elif word in {"pin", "ban"}:
            wish = _wish(parts)
            (pins if word == "pin" else bans)[wish.kind, wish.id] = wish
        else:
            raise InvalidError("wish_unreadable")
    return list(pins.values()), list(bans.values())


def _wish(parts: list[str]) -> Wish:
    try:
        kind, identity, *incident = parts
        return Wish(kind=UNIT_KINDS[kind], id=int(identity), incident=int(incident[0]) if incident else None)
    except (ValueError, KeyError):
        raise InvalidError("wish_unreadable") from None


@router.post("/plans")
def propose(
    view: Writing,
    request_id: Annotated[UUID, Form()],
    incidents: Annotated[list[int], Form()] = [],  # noqa: B006  # FastAPI copies it
    wish: Wishes = [],  # noqa: B006  # as above
) -> Response:
    """Propose a plan for one or more incidents, with the commander's word."""
    if not incidents:
        raise InvalidError("no_incident_chosen")
    pins, bans = _wishes(wish)
    limit = view.context.settings.plan_first_s
    found = plans.propose(
        view.context, request_id=request_id, incidents=incidents, pins=pins, bans=bans, time_limit_s=limit
    )
    return see(f"/plans/{found.id}" + ("" if found.plan.proven else "?first=1"))


@router.get("/plans/{plan_id}")
def page(view: Reading, plan_id: int, first: bool = False, after: int | None = None) -> Response:  # noqa: FBT001, FBT002  # the query's own names
    """Show a plan. `first`: its proof goes on at once. `after`: the plan that it is the better or proven form of."""
    return _page(view, plan_id, prove=first, after=after)


def _page(
    view: View,
    plan_id: int,
    error: MusterError | None = None,
    *,
    prove: bool = False,
    after: int | None = None,
) -> Response:
    context = view.context
    plan = plans.get(context, plan_id)
    if plan.keeping is not None:  # made anew: its page shows what it ends
        return see(f"/incidents/{plan.incident_ids[0]}/replan?plan={plan_id}")
    why, known = _reasons(view, plan)
    reader = proposals.Reader(
        words=view.words,
        names=known,
        incidents={one: incidents.get(context, one) for one in plan.incident_ids},
        wishes=reasons.wishes_of(plan),
        seconds=proposals.seconds_of(plan),
    )
    acts = incidents.acts_on_all(context, plan.incident_ids)
    may_propose = "plan.propose" in acts and plan.state == "proposed"
    return view.render(
        "plan.html",
        status=error.status if error else 200,
        refusal=reasons.refusal(error, view.words, known) if error else "",
        plan=plan,
        proposal=proposals.show(plan, reader),
        reasons=why,
        calls=_calls(view, plan),
        prove=prove and may_propose and not plan.plan.proven,
        proof=_proof(view, plan, after, reader) if after else "",
        may_propose=may_propose,
        may_confirm="plan.confirm" in acts,
    )


def _calls(view: View, plan: PlanView) -> list[tuple[str, str]]:
    """Offer the village where each incident lies, unless it is called already: "incident:village" and its name."""
    if not view.context.actor.may("order.call_village") or plan.state != "proposed":
        return []
    found = ((one, villages.choices(view.context, one)) for one in plan.incident_ids)
    return [
        (f"{incident}:{choice.home.code}", view.words.name(choice.home))
        for incident, choice in found
        if choice.home is not None and choice.home.code not in choice.called
    ]


def _reasons(view: View, plan: PlanView) -> tuple[dict[str, tuple[str, ...]], names.Names]:
    """Map each unit of a plan to why it goes; none where the roads were imported anew since."""
    mentioned = Mentioned().plan(plan)
    try:
        found = plans.chosen(view.context, plan.id)
    except MusterError:
        return {}, names.read(view, mentioned)
    known = names.read(view, mentioned.reasons(found))
    shown = reasons.why(found, plan, view.words, known)
    units = dict.fromkeys(proposals.unit_key(one.kind, one.id) for one in found)
    return {unit: one.sentences for unit, one in zip(units, shown, strict=True)}, known


def _proof(view: View, plan: PlanView, after: int, reader: proposals.Reader) -> str:
    """Say what the search that went on has found."""
    first = plans.get(view.context, after)
    if first.id == plan.id or first.incident_ids != plan.incident_ids:
        return view.words.proof(proven=plan.plan.proven, cost="")
    changes = explain.tier_changes(first.plan, plan.plan)
    titles = {one: reader.title(one) for one in plan.incident_ids}
    cost = costs.cost(first.plan, plan.plan, changes, view.words, titles)
    return view.words.proof(proven=plan.plan.proven, cost=cost)


@router.post("/plans/{plan_id}/prove")
def prove(view: Writing, plan_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Go on searching; show the plan with its proof, or the better one that was found."""
    found = plans.prove(view.context, plan_id, request_id=request_id)
    return see(f"/plans/{found.id}?after={plan_id}")


@router.get("/plans/{plan_id}/standing")
def standing(view: Reading, plan_id: int) -> Response:
    """Show whether the plan is still to be confirmed: small, because it is asked again whenever anybody acts."""
    plan = plans.get(view.context, plan_id)
    return view.render(
        "plan_standing.html",
        plan=plan,
        incidents=[incidents.get(view.context, one) for one in plan.incident_ids],
        calls=_calls(view, plan),
        sentence=proposals.sentence(plan, view.words),
        may_confirm="plan.confirm" in incidents.acts_on_all(view.context, plan.incident_ids),
    )


@router.get("/plans/{plan_id}/cost")
def cost(view: Reading, plan_id: int, wish: Annotated[list[str], Query()] = []) -> Response:  # noqa: B006  # FastAPI copies it
    """Say what other words would cost, before anything is proposed anew."""
    plan = plans.get(view.context, plan_id)
    pins, bans = _wishes(wish)
    same = set(pins) == set(plan.pins) and set(bans) == set(plan.bans)
    found = None if same else plans.reworded(view.context, plan_id, pins=pins, bans=bans)
    return view.render(
        "plan_cost.html",
        plan_id=plan_id,
        cost=_cost(view, plan, found) if found else "",
        refused=_refused(view, found),
    )


def _cost(view: View, plan: PlanView, found: explain.Alternative) -> str:
    titles = {one: view.words.incident_title(incidents.get(view.context, one)) for one in plan.incident_ids}
    said = costs.cost(plan.plan, found.plan, found.changes, view.words, titles)
    return said if found.plan.proven else view.words.at_most(said)


def _same(view: View, plan: PlanView, found: explain.Alternative) -> bool:
    """Whether nothing worth a word differs."""
    return _cost(view, plan, found) == view.words.cost([])


def _refused(view: View, found: explain.Alternative | None) -> list[str]:
    """Say which pins cannot be."""
    return [view.words.reason(one.code, one.numbers) for one in found.plan.refused] if found else []


@router.get("/plans/{plan_id}/swaps")
def swaps(view: Reading, plan_id: int, kind: UnitKind, id: int, incident: int) -> Response:  # noqa: A002  # the query's own name
    """Show who could take a unit's place, and what each would cost."""
    plan = plans.get(view.context, plan_id)
    found = plans.swaps(view.context, plan_id, kind=kind, unit=id, incident=incident)
    asked = Mentioned().unit(kind, id)
    for swap in found:
        asked.unit(swap.candidate.kind, swap.candidate.id)
    known = names.read(view, asked)
    return view.render(
        "plan_swaps.html",
        plan=plan,
        name=known.unit(kind, id),
        swaps=[
            costs.ShownSwap(
                name=known.unit(one.candidate.kind, one.candidate.id),
                total_ms=one.candidate.total_ms,
                cost=_cost(view, plan, one.alternative) if one.alternative else "",
                worse=one.alternative is not None and not _same(view, plan, one.alternative),
                wish=f"swap {kind} {id} {one.candidate.kind} {one.candidate.id} {incident}",
            )
            for one in found
        ],
        may_propose="plan.propose" in incidents.acts_on_all(view.context, plan.incident_ids)
        and plan.state == "proposed",
    )


@router.get("/plans/{plan_id}/reasons")
def reasons_page(view: Reading, plan_id: int) -> Response:
    """Say why each chosen unit goes, and why each other does not."""
    context = view.context
    plan, found = plans.get(context, plan_id), plans.reasons(context, plan_id)
    known = names.read(view, Mentioned().plan(plan).reasons((*found.chosen, *found.passed_over)))
    return view.render(
        "reasons.html",
        plan=plan,
        chosen=reasons.why(found.chosen, plan, view.words, known),
        passed_over=reasons.why(found.passed_over, plan, view.words, known),
        may_propose="plan.propose" in incidents.acts_on_all(context, plan.incident_ids),
    )


@router.post("/plans/{plan_id}/confirm")
def confirm(
    view: Writing,
    plan_id: int,
    request_id: Annotated[UUID, Form()],
    call: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Confirm a plan; when something has changed meanwhile, show the plan with what.

    Villages that stay ticked are called once the orders are out: a village that cannot be called holds no team back.
    """
    try:
        plans.confirm(view.context, plan_id, request_id=request_id)
    except MusterError as error:
        return _page(view, plan_id, error)
    for incident, _, village in (one.partition(":") for one in call or ()):
        with suppress(MusterError):
            villages.call(
                view.context,
                int(incident) if incident.isdecimal() else 0,
                village,
                request_id=uuid5(request_id, f"{incident}:{village}"),
            )
    plan = plans.get(view.context, plan_id)
    return see(
        f"/incidents/{plan.incident_ids[0]}?sent={plan_id}"
        if len(plan.incident_ids) == 1
        else f"/orders?sent={plan_id}"
    )


@router.post("/plans/{plan_id}/withdraw")
def withdraw(view: Writing, plan_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Cancel every order of a plan that nobody has answered yet."""
    withdrawing.withdraw(view.context, plan_id, request_id=request_id)
    plan = plans.get(view.context, plan_id)
    return see(f"/incidents/{plan.incident_ids[0]}")


@router.get("/plans/{plan_id}/without")
def without(view: Reading, plan_id: int, kind: UnitKind, id: int) -> Response:  # noqa: A002  # the query's own name
    """Show what the plan would lose without one unit."""
    answer = plans.without(view.context, plan_id, kind=kind, unit=id)
    asked = Mentioned().unit(kind, id)
    return view.render(
        "without.html", plan_id=plan_id, name=names.read(view, asked).unit(kind, id), changes=answer.changes
    )
