"""Orders: all of them by incident, the steps that the command post takes for a team, links and order sheets."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.usecases import board, incidents, orders, sheets, watching
from web import names
from web.i18n import N_
from web.names import Mentioned
from web.orders import ShownOrder, attended, show, text_of
from web.view import Link, PageRoute, Reading, Writing, own_path, see
from web.ways import ShownWay, shown_way

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/orders", title=N_("Orders"), place=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One order with its link, to be printed or sent."""

    order: ShownOrder
    text: str
    address: str
    expires_at: datetime
    way: ShownWay | None
    cut: bool


@router.get("/orders")
def listing(view: Reading, all: bool = False, sent: int | None = None) -> Response:  # noqa: A002, FBT001, FBT002  # the query's own name
    """List open orders, or all, by incident: first those that somebody should look at. `sent`: a plan just confirmed."""
    context = view.context
    by_incident: dict[int | None, list[ShownOrder]] = defaultdict(list)
    found = board.orders_by_attention(context, only_open=not all)
    known = names.read(view, Mentioned().orders(one.order for one in found))
    for order in attended(view, found, known):
        by_incident[order.incident_id].append(order)
    about = incidents.several(context, {one for one in by_incident if one})
    groups = [(about.get(one or 0), its_orders) for one, its_orders in by_incident.items()]
    return view.render(
        "orders.html",
        everything=all,
        sent=sent,
        groups=groups,
        may_link=context.actor.may("order.link"),
        may_replan=context.actor.may("plan.replan"),
        homewards={one.id for one in watching.standing_by(context)},
    )


@router.post("/orders/links")
def links(
    view: Writing,
    incident: Annotated[int | None, Form()] = None,
    plan: Annotated[int | None, Form()] = None,
    order: Annotated[list[int], Form()] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Make links for these orders, or all open ones of an incident or a plan, and show them this once, ready to print."""
    context = view.context
    if order:
        found = [orders.get(context, one) for one in order]
    else:
        listed = orders.listing(context, incident=incident, only_open=True)
        found = [one for one in listed if plan in (None, one.plan_id)]
    known = names.read(view, Mentioned().orders(found))
    made = []
    for one in found:
        link = orders.make_link(context, one.id, request_id=uuid4())
        about, brief = sheets.sheet(context, one.id), show(view, one, known)
        made.append(
            Sheet(
                order=brief,
                text=text_of(view, brief, about.incident, about.location, known.township(one.township or "")),
                address=str(view.request.url_for("order_page", token=link.token)),
                expires_at=link.expires_at,
                way=shown_way(view, about.detour if about.cut else about.way),
                cut=about.cut,
            )
        )
    return view.render("links.html", sheets=made)


@router.post("/orders/{order_id}/unlink")
def end_link(
    view: Writing,
    order_id: int,
    request_id: Annotated[UUID, Form()],
    back: Annotated[str, Form()] = "/orders",
) -> Response:
    """End an order's link, as when a telephone was lost."""
    try:
        orders.revoke_link(view.context, order_id, request_id=request_id)
    except MusterError as error:
        return view.refused(error, back=own_path(back))
    return see(own_path(back))


@router.post("/orders/{order_id}/{act}")
def step(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    order_id: int,
    act: str,
    request_id: Annotated[UUID, Form()],
    back: Annotated[str, Form()] = "/orders",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take one step for a team that has answered by telephone."""
    try:
        orders.step(view.context, order_id, act, request_id=request_id, reason=reason)
    except MusterError as error:
        return view.refused(error, back=own_path(back))
    return see(own_path(back))
