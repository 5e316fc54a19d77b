"""Commands about trackers: the devices that report where a team or a vehicle is."""

from typing import Annotated, Literal

import typer

from api.http import trackers as documents
from api.terminal import AsJson, RequestId, acting, show
from api.usecases import trackers

app = typer.Typer(help="Trackers: list, add (its token is printed once), revoke.", no_args_is_help=True)
COLUMNS = ("id", "name", "kind", "unit", "created_at", "created_by", "revoked_at")

Kind = Annotated[Literal["team", "vehicle"], typer.Argument(help="Whose place it reports.")]


@app.command("list")
def list_trackers(*, as_json: AsJson = False) -> None:
    """List the trackers, the newest first."""
    with acting() as context:
        found = [documents.tracker(one) for one in trackers.listing(context)]
    show(found, COLUMNS, as_json=as_json)


@app.command("add")
def add_tracker(name: str, kind: Kind, unit: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Make a tracker for a team or a vehicle, and print its token this once."""
    with acting() as context:
        made = documents.made(trackers.create(context, name=name, unit=(kind, unit), request_id=request_id))
    show(made, (*COLUMNS[:4], "token"), as_json=as_json)


@app.command("revoke")
def revoke_tracker(tracker: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """End a tracker's token, as when a device was lost."""
    with acting() as context:
        ended = documents.tracker(trackers.revoke(context, tracker, request_id=request_id))
    show(ended, COLUMNS, as_json=as_json)
