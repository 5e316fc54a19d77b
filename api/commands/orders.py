"""Commands about orders."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from api.http import documents
from api.terminal import AsJson, Reason, RequestId, acting, show
from api.usecases import orders, villages

app = typer.Typer(no_args_is_help=True, help="Orders: list, link, and every step of their life.")


ORDER_COLUMNS = (
    "id",
    "kind",
    "state",
    "incident_id",
    "team_id",
    "vehicle_id",
    "depot_id",
    "overdue",
    "due_at",
)


class OrderAct(StrEnum):
    """What can be done with an order."""

    ACKNOWLEDGE = "acknowledge"
    DEPART = "depart"
    ARRIVE = "arrive"
    FINISH = "finish"
    REFUSE = "refuse"
    CANCEL = "cancel"


@app.command("list")
def list_orders(
    incident: Annotated[int | None, typer.Option()] = None,
    *,
    only_open: Annotated[bool, typer.Option("--open")] = False,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    with acting() as context:
        found = documents.orders_of(context, orders.listing(context, incident=incident, only_open=only_open))
    show(found, ORDER_COLUMNS, as_json=as_json)


@app.command("link")
def order_link(order: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Make the team's link to its order, printed this once; the one before it ends."""
    with acting() as context:
        made = orders.make_link(context, order, request_id=request_id)
    path, until = f"/o/{made.token}", made.expires_at.isoformat(timespec="minutes")
    typer.echo(json.dumps({"path": path, "expires_at": until}) if as_json else f"{path}\nuntil {until}")


@app.command("unlink")
def end_order_link(order: int, *, request_id: RequestId) -> None:
    """End a team's link, as when a phone was lost."""
    with acting() as context:
        orders.revoke_link(context, order, request_id=request_id)


@app.command("step")
def step_order(
    order: int, act: OrderAct, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Take one step: acknowledge, depart, arrive, finish, refuse or cancel."""
    with acting() as context:
        done = orders.step(context, order, act.value, request_id=request_id, reason=reason)
        found = documents.order(context, done)
    show(found, ORDER_COLUMNS, as_json=as_json)


@app.command("village")
def call_village(
    incident: int,
    village: str,
    task: Annotated[list[str] | None, typer.Option(help="guide, warn or evacuate; repeat it.")] = None,
    shelter: Annotated[str | None, typer.Option(help="Code of the shelter to evacuate to.")] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Send an order to a village, by its code or exact name; its people on duty answer it."""
    with acting() as context:
        called = villages.call(
            context, incident, village, request_id=request_id, tasks=task or ("guide",), shelter=shelter
        )
        found = documents.order(context, called)
    show(found, ORDER_COLUMNS, as_json=as_json)
