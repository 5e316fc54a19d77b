"""The page that a team opens on its telephone: one order, one thing to press, no login and no JavaScript."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import ConflictError, MusterError
from api.usecases import orders, sheets
from data.orders import OrderRecord
from web import names, sketch
from web.names import Mentioned
from web.orders import show, text_of
from web.view import OpenToAll, PageRoute, View, see

router = APIRouter(route_class=PageRoute)

FORWARD = ("acknowledge", "depart", "arrive", "finish")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the order's way, and when it was done."""

    name: str
    at: datetime | None


@router.get("/o/{token}", name="order_page")
def page(view: OpenToAll, token: str) -> Response:
    """Show the order that the link opens."""
    return _page(view, token)


def _page(view: View, token: str, error: MusterError | None = None) -> Response:
    context = orders.by_link(view.context, token)
    about = sheets.sheet(context, orders.linked(context).id)
    acting = replace(view, context=context)
    known = names.read(acting, Mentioned().orders([about.order]))
    order, acts = show(acting, about.order, known), orders.possible_acts(context, about.order)
    return view.render(
        "order.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        token=token,
        order=order,
        text=text_of(view, order, about.incident, about.location, known.township(about.order.township or "")),
        incident=about.incident,
        chain=view.words.chain(about.location) if about.location else [],
        steps=_steps(view, about.order),
        route=sketch.draw(about, view.words),
        next_act=next((act for act in FORWARD if act in acts), None),
        may_refuse="refuse" in acts,
    )


def _steps(view: View, order: OrderRecord) -> list[Step]:
    times = (order.acknowledged_at, order.departed_at, order.arrived_at, order.finished_at)
    return [Step(name=view.words.order_act(act), at=at) for act, at in zip(FORWARD, times, strict=True)]


@router.post("/o/{token}/{act}")
def step(
    view: OpenToAll,
    token: str,
    act: str,
    request_id: Annotated[UUID, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take one step. Pressing twice is no error: the page shows where the order stands."""
    context = orders.by_link(view.context, token)
    try:
        orders.step(context, orders.linked(context).id, act, request_id=request_id, reason=reason)
    except ConflictError as error:
        if not error.code.endswith("already_done"):
            return _page(view, token, error)
    return see(f"/o/{token}")
