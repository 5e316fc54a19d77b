"""The page that a team or a village opens on its telephone: one order, one thing to press, no login.

Without JavaScript it is plain forms. With it, what is pressed is kept until the network takes it (static/phone.js).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import shapely
from fastapi import APIRouter, Form, Response
from fastapi.responses import FileResponse

from api.errors import ConflictError, InvalidError, MusterError, NotSignedInError
from api.usecases import arrivals, messages, orders, sheets
from api.usecases.positions import unit_of
from api.usecases.sheets import Nearby, Sheet, Way
from data.orders import OrderRecord
from dispatch.lifecycle import OPEN_ORDER_STATES
from web import names, talk
from web.i18n import N_
from web.names import Mentioned
from web.orders import show, shown, text_of
from web.view import OpenToAll, PageRoute, View, see
from web.ways import shown_way

router = APIRouter(route_class=PageRoute)

WORKER: Final = Path(__file__).parents[1] / "static" / "phone-worker.js"
MOST_MESSAGES: Final = 20
FORWARD = ("acknowledge", "depart", "arrive", "finish")
VILLAGE_FORWARD = ("acknowledge", "finish")
SAID: Final = {
    "kept": N_("Kept. Waiting for the network."),
    "sending": N_("Sending …"),
    "sent": N_("Sent."),
    "heard": N_("Heard"),
    "refused": N_("Refused:"),
    "offline": N_("No network. What you see is from {0}."),
    "share": N_("Share my position on the way"),
    "unshare": N_("Stop sharing my position"),
    "shared": N_("Position sent at {0}."),
    "waiting": N_("{0} position(s) wait for the network."),
    "searching": N_("Looking for the position …"),
    "denied": N_("The telephone does not allow it: permit the position for this page in its settings."),
    "insecure": N_("Sharing the position needs a page over https."),
    "zoom_in": N_("Zoom in"),
    "zoom_out": N_("Zoom out"),
    "arrived": N_("You have arrived: the position is no longer shared."),
}
REFUSALS: Final = (
    "link_wrong",
    "link_expired",
    "not_in_this_state",
    "request_reused",
    "not_allowed",
    "fields_invalid",
    "nobody_under_way",
    "message_empty",
    "no_such_message",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the order's way, and when it was done."""

    name: str
    at: datetime | None


@router.get("/o/worker.js")
def worker() -> Response:
    """Give the worker that keeps the last order page for when there is no network; its address bounds what it sees."""
    return FileResponse(WORKER, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/o/{token}", name="order_page")
def page(view: OpenToAll, token: str) -> Response:
    """Show the order that the link opens."""
    try:
        return _page(view, token)
    except NotSignedInError as error:
        return _ended(view, error)


def _ended(view: View, error: NotSignedInError) -> Response:
    """Say that a link opens nothing (any more), and whom to ask."""
    return view.render(
        "order_ended.html",
        status=error.status,
        refusal=view.words.problem(error.code, error.details),
        phone=view.context.settings.post_phone,
    )


def _page(view: View, token: str, error: MusterError | None = None) -> Response:
    context = orders.by_link(view.context, token)
    about = sheets.sheet(context, orders.linked(context).id)
    acting = replace(view, context=context)
    known = names.read(acting, Mentioned().orders([about.order, *about.others]))
    order = show(acting, about.order, known)
    ahead = _ahead(about.order)
    way = about.detour if about.cut else about.way
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
        ahead=[(act, view.words.order_act(act)) for act in ahead],
        may_refuse="refuse" in order.acts,
        way=shown_way(view, way),
        planned=about.way if about.cut else None,
        cut=about.cut,
        expected=arrivals.expected(context, [about.order]).get(about.order.id),
        nearby=[_near(view, one) for one in about.nearby],
        contacts=about.contacts,
        phone=context.settings.post_phone,
        others=shown(acting, about.others, known),
        messages=talk.shown(acting, messages.listing(context, limit=MOST_MESSAGES)),
        shares=unit_of(about.order) is not None and about.order.state in {"sent", "acknowledged", "departed"},
        shown_at=context.clock(),
        map=_map(about, way),
        config=_config(view, token, about.order),
    )


def _ahead(order: OrderRecord) -> list[str]:
    """List the steps that are still to be taken, in their turn."""
    if order.state not in OPEN_ORDER_STATES:
        return []
    steps = VILLAGE_FORWARD if order.kind == "village" else FORWARD
    done = {"acknowledge": order.acknowledged_at, "depart": order.departed_at, "arrive": order.arrived_at}
    return [act for act in steps if done.get(act) is None]


def _steps(view: View, order: OrderRecord) -> list[Step]:
    times = {
        "acknowledge": order.acknowledged_at,
        "depart": order.departed_at,
        "arrive": order.arrived_at,
        "finish": order.finished_at,
    }
    steps = VILLAGE_FORWARD if order.kind == "village" else FORWARD
    return [Step(name=view.words.order_act(act), at=times[act]) for act in steps]


def _near(view: View, one: Nearby) -> dict[str, str]:
    """Say what a closure or a danger near the way is, why, and when."""
    if one.kind == "danger":
        what = view.gettext("Danger area")
    elif one.factor_percent:
        what = view.gettext("Slow road")
    else:
        what = view.gettext("Closed road")
    window = f"{view.moment(one.starts_at)} – {view.moment(one.ends_at)}"
    when = window if one.starts_at or one.ends_at else ""
    return {"what": what, "reason": one.reason, "when": when, "kind": one.kind}


def _map(about: Sheet, way: Way | None) -> dict[str, Any] | None:
    """Give what the telephone's map draws: ways, dangers and the scene, in degrees; numbers only, no text from data."""
    if about.incident is None:
        return None
    return {
        "scene": about.incident.position,
        "way": shapely.get_coordinates(way.geometry).tolist() if way else [],
        "walk": shapely.get_coordinates(way.walk).tolist() if way and way.walk else [],
        "planned": shapely.get_coordinates(about.way.geometry).tolist() if about.cut and about.way else [],
        "nearby": [
            {"kind": one.kind, "geometry": shapely.geometry.mapping(one.geometry)} for one in about.nearby
        ],
    }


def _config(view: View, token: str, order: OrderRecord) -> dict[str, Any]:
    """Give static/phone.js its words and addresses."""
    return {
        "token": token,
        "order": order.id,
        "state": order.state,
        "said": {code: view.gettext(text) for code, text in SAID.items()},
        "refusals": {code: view.words.problem(code, {}) for code in REFUSALS},
        "failed": view.words.problem("http_error", {}),
        "acts": {act: view.words.order_act(act) for act in (*FORWARD, "refuse")},
        "names": ["name_en", "name"] if view.lang == "en" else ["name"],
    }


@router.post("/o/{token}/messages")
def say(
    view: OpenToAll,
    token: str,
    request_id: Annotated[UUID, Form()],
    body: Annotated[str, Form(max_length=2000)],
) -> Response:
    """Say something to the command post."""
    try:
        messages.send(orders.by_link(view.context, token), body=body, request_id=request_id)
    except NotSignedInError as error:
        return _ended(view, error)
    except InvalidError as error:
        return _page(view, token, error)
    return see(f"/o/{token}")


@router.post("/o/{token}/messages/{message_id}/acknowledge")
def hear(view: OpenToAll, token: str, message_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Answer for what the command post said. Pressing twice is no error."""
    try:
        messages.acknowledge(orders.by_link(view.context, token), message_id, request_id=request_id)
    except NotSignedInError as error:
        return _ended(view, error)
    except ConflictError as error:
        if error.code != "already_done":
            return _page(view, token, error)
    return see(f"/o/{token}")


@router.post("/o/{token}/{act}")
def step(
    view: OpenToAll,
    token: str,
    act: str,
    request_id: Annotated[UUID, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take one step. Pressing twice is no error: the page shows where the order stands."""
    try:
        context = orders.by_link(view.context, token)
        orders.step(context, orders.linked(context).id, act, request_id=request_id, reason=reason)
    except NotSignedInError as error:
        return _ended(view, error)
    except ConflictError as error:
        if not error.code.endswith("already_done"):
            return _page(view, token, error)
    return see(f"/o/{token}")
