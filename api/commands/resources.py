"""Commands about teams, vehicles, depots and stock."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from api.http import documents
from api.terminal import AsJson, RequestId, acting, position_of, show
from api.usecases import resources

app = typer.Typer(no_args_is_help=True, help="Teams, vehicles, depots and stock as they are now.")


class TeamStatus(StrEnum):
    """How a team stands."""

    ON_DUTY = "on_duty"
    OFF_DUTY = "off_duty"
    RESTING = "resting"
    UNAVAILABLE = "unavailable"


TEAM_COLUMNS = ("id", "code", "name", "status", "strength_now", "position_now", "reported_at")


@app.command("teams")
def list_teams(*, as_json: AsJson = False) -> None:
    """List teams as they stand."""
    with acting() as context:
        found = [documents.team(one) for one in resources.teams(context)]
    show(found, TEAM_COLUMNS, as_json=as_json)


@app.command("team")
def edit_team(
    team: int,
    status: Annotated[TeamStatus | None, typer.Option()] = None,
    strength: Annotated[int | None, typer.Option(min=0, help="Heads on duty now.")] = None,
    at: Annotated[str | None, typer.Option(metavar="LON,LAT")] = None,
    note: Annotated[str | None, typer.Option()] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Report how a team stands."""
    with acting() as context:
        edited = resources.edit_team(
            context,
            team,
            request_id=request_id,
            status=status.value if status else None,
            strength=strength,
            position=None if at is None else position_of(at),
            note=note,
        )
    show(documents.team(edited), TEAM_COLUMNS, as_json=as_json)


@app.command("vehicle")
def edit_vehicle(
    vehicle: int,
    *,
    in_service: Annotated[bool, typer.Option("--in-service/--out-of-service")],
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Report whether a vehicle can be sent."""
    with acting() as context:
        edited = resources.edit_vehicle(context, vehicle, request_id=request_id, in_service=in_service)
    show(documents.vehicle(edited), ("id", "code", "kind", "in_service"), as_json=as_json)


@app.command("depot")
def edit_depot(
    depot: int,
    *,
    is_open: Annotated[bool, typer.Option("--open/--closed")],
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Report whether a depot can give out goods."""
    with acting() as context:
        edited = resources.edit_depot(context, depot, request_id=request_id, open=is_open)
    show(documents.depot(edited), ("id", "code", "name", "open"), as_json=as_json)


@app.command("lot")
def count_lot(
    lot: int,
    quantity: Annotated[int, typer.Argument(min=0)],
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Set what is on hand to what was counted."""
    with acting() as context:
        edited = resources.edit_lot(context, lot, request_id=request_id, quantity=quantity)
    show(documents.lot(edited), ("id", "code", "item", "quantity", "reserved", "free"), as_json=as_json)


@app.command("place")
def edit_place(
    place: int,
    field: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE", help="The value as JSON, or as plain text.")
    ],
    *,
    request_id: RequestId,
) -> None:
    """Change fields of a place, held to its layer's rules."""
    fields = dict(_assignment(text) for text in field)
    with acting() as context:
        layer, row = resources.edit_place(context, place, request_id=request_id, fields=fields)
    typer.echo(
        json.dumps({name: row[name] for name in layer.fields if name in row}, ensure_ascii=False, default=str)
    )


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text!r} is not FIELD=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
