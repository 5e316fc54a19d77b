"""Commands about incidents."""

from typing import Annotated

import typer

from api.http import documents
from api.terminal import AsJson, Reason, RequestId, acting, position_of, show
from api.usecases import incidents

app = typer.Typer(no_args_is_help=True, help="Incidents: report, list, raise, close, cancel.")


INCIDENT_COLUMNS = ("id", "type", "level", "state", "name", "position", "area_code", "reported_at")


@app.command("report")
def report_incident(
    type: Annotated[str, typer.Argument(help="Code of the incident type, such as landslide.")],  # noqa: A002
    *,
    level: Annotated[int, typer.Option(min=1, max=4)],
    at: Annotated[str | None, typer.Option(metavar="LON,LAT", help="Position in degrees.")] = None,
    village: Annotated[str | None, typer.Option(help="Code or name of a village.")] = None,
    grid: Annotated[str | None, typer.Option(help="Code of a responsibility grid.")] = None,
    place: Annotated[str | None, typer.Option(help="Code or name of any place.")] = None,
    radius_m: Annotated[int, typer.Option(min=0)] = 0,
    name: str = "",
    description: str = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Report an incident at a position, a village, a grid cell or a place."""
    with acting() as context:
        found = incidents.report(
            context,
            request_id=request_id,
            type=type,
            level=level,
            position=None if at is None else position_of(at),
            village=village,
            grid=grid,
            place=place,
            radius_m=radius_m,
            name=name,
            description=description,
        )
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@app.command("list")
def list_incidents(
    *, everything: Annotated[bool, typer.Option("--all")] = False, as_json: AsJson = False
) -> None:
    """List open incidents, or all."""
    with acting() as context:
        found = incidents.listing(context, state=None if everything else "open")
    show([documents.incident(one) for one in found], INCIDENT_COLUMNS, as_json=as_json)


@app.command("show")
def show_incident(incident: int, *, as_json: AsJson = False) -> None:
    """Show one incident and what it still needs."""
    with acting() as context:
        found = documents.incident(incidents.get(context, incident))
    show(found, INCIDENT_COLUMNS, as_json=as_json)
    if not as_json:
        show(found.outstanding, ("key", "quantity", "critical", "grade", "min_strength"), as_json=False)


@app.command("level")
def change_level(
    incident: int,
    level: Annotated[int, typer.Argument(min=1, max=4)],
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Raise or lower the level; only the difference is planned next."""
    with acting() as context:
        found = incidents.change_level(context, incident, request_id=request_id, level=level)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@app.command("edit")
def edit_incident(
    incident: int,
    *,
    at: Annotated[str | None, typer.Option(metavar="LON,LAT", help="The right position.")] = None,
    radius_m: Annotated[int | None, typer.Option(min=0)] = None,
    name: str | None = None,
    description: str | None = None,
    reporter_name: Annotated[str | None, typer.Option(help="Who told us.")] = None,
    reporter_phone: Annotated[str | None, typer.Option(help="How to reach them.")] = None,
    detail: Annotated[
        list[str] | None, typer.Option(metavar="CODE=VALUE", help="Repeat: dead=0, trend=…")
    ] = None,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Add to what is known of an incident; what is not named stays."""
    given = {
        "position": None if at is None else position_of(at),
        "radius_m": radius_m,
        "name": name,
        "description": description,
        "reporter_name": reporter_name,
        "reporter_phone": reporter_phone,
        "details": dict(_detail(one) for one in detail or ()) or None,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    with acting() as context:
        found = incidents.edit(context, incident, request_id=request_id, changes=changes)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


def _detail(text: str) -> tuple[str, int | str]:
    code, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not CODE=VALUE")
    return code, int(value) if value.isdecimal() else value


@app.command("sent-report")
def send_report(
    incident: int,
    report: Annotated[str, typer.Argument(help="Code of the report, such as government_up.")],
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Note that a report on an incident went upwards."""
    with acting() as context:
        found = incidents.send_report(context, incident, request_id=request_id, report=report)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@app.command("escalate")
def escalate_incident(
    incident: int, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Hand a township's incident to the county, which leads it from now on."""
    with acting() as context:
        found = incidents.escalate(context, incident, request_id=request_id, reason=reason)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@app.command("close")
def close_incident(
    incident: int, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Close an incident none of whose orders is open."""
    with acting() as context:
        found = incidents.close(context, incident, request_id=request_id, reason=reason)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@app.command("cancel")
def cancel_incident(
    incident: int, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Cancel an incident and its open orders."""
    with acting() as context:
        found = incidents.cancel(context, incident, request_id=request_id, reason=reason)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)
