"""`muster`: the same acts as the pages, from the command line.

Exit codes: 0 done, 1 refused (the code of the refusal is printed), 2 wrong usage, 3 no database.
Whoever can open the database's folder acts as a local administrator; the journal names them `cli:<login>`.
"""

import errno
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from pydantic_core import to_json
from rich.table import Table
from sqlalchemy.exc import OperationalError

from api import checkup, demonstration, import_report, logs, metrics, runtime, worker
from api.commands import aid, audit, check, county, db, desk, hazards, trackers
from api.errors import DatabaseAwayError, MusterError
from api.http import documents
from api.http.models import Trigger
from api.security import new_password
from api.settings import Settings
from api.terminal import (
    NO_DATABASE,
    REFUSED,
    AsJson,
    Moment,
    Reason,
    RequestId,
    WithoutPeople,
    acting,
    cell,
    console,
    fail,
    progress_bar,
    settings_or_exit,
    show,
)
from api.usecases import (
    accounts,
    bringing_in,
    closures,
    incidents,
    orders,
    plans,
    relief,
    resources,
    system,
    taking_out,
    villages,
    watching,
)
from api.workers import keep as keep_workers
from data.backup import BackupError
from data.cluster import ClusterError
from data.migrate import SchemaError
from dispatch.model import Wish

BACKLOG = 512
DOOR_WAIT_S = 2.0

app = typer.Typer(
    no_args_is_help=True, help="Emergency command and resource dispatch on a real road network."
)
import_app = typer.Typer(no_args_is_help=True, help="Bring roads and ledgers in.")
export_app = typer.Typer(no_args_is_help=True, help="Take ledgers out, and the workbooks to fill in.")
incident_app = typer.Typer(no_args_is_help=True, help="Incidents: report, list, raise, close, cancel.")
plan_app = typer.Typer(no_args_is_help=True, help="Plans: propose, explain, confirm.")
order_app = typer.Typer(no_args_is_help=True, help="Orders: list, link, and every step of their life.")
resource_app = typer.Typer(no_args_is_help=True, help="Teams, vehicles, depots and stock as they are now.")
user_app = typer.Typer(no_args_is_help=True, help="Accounts: list, add, disable, new password.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure, beside named peers in the same run.")
for _name, _group in (
    ("db", db.app),
    ("county", county.app),
    ("import", import_app),
    ("export", export_app),
    ("incident", incident_app),
    ("plan", plan_app),
    ("order", order_app),
    ("aid", aid.app),
    ("audit", audit.app),
    ("hazard", hazards.app),
    ("tracker", trackers.app),
    ("message", desk.message_app),
    ("timeline", desk.timeline_app),
    ("shift", desk.shift_app),
    ("resource", resource_app),
    ("user", user_app),
    ("bench", bench_app),
    ("check", check.app),
):
    app.add_typer(_group, name=_name)

PORT_HELP = "Port to listen on; 0 takes a free one."
WORKERS_HELP = "Processes that serve; each holds the roads in its own memory. One that dies is started again."


def main() -> None:
    """Run the command line, turning refusals into exit codes."""
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except MusterError as error:
        fail(f"Refused: {error}", REFUSED)
    except BackupError as error:
        fail(str(error), REFUSED)
    except (ClusterError, SchemaError) as error:
        fail(f"No database: {error}", NO_DATABASE)
    except OperationalError as error:
        fail(f"No database: {error.orig}", NO_DATABASE)
    except DatabaseAwayError as error:
        fail(f"No database: {error}", NO_DATABASE)


def _end(number: int, _frame: object) -> None:
    """End as after Ctrl-C, so that the private cluster is stopped, too: by itself Python would die at once."""
    sys.exit(128 + number)


# -- running -----------------------------------------------------------------------------------------------------------


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help=PORT_HELP)] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help=WORKERS_HELP)] = None,
) -> None:
    """Serve the pages and the API with the settings of the environment (MUSTER_…)."""
    settings = settings_or_exit()
    with (
        _listening(host or settings.host, settings.port if port is None else port) as door,
        runtime.database(settings, attach=False) as url,
    ):
        with runtime.on(settings, url) as context:
            if not system.readiness(context).administrator:
                typer.echo("There is no administrator yet. Make one: muster db init", err=True)
        typer.echo(_address(door))
        _serve(settings, url, door, workers or settings.workers)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before any long work: a port in use is told at once, and a browser that is early waits."""
    deadline = time.monotonic() + DOOR_WAIT_S
    while True:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            door = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)  # the workers of an owner that was killed are just going
                continue
            fail(
                f"Cannot listen on {host}, port {port}: {error.strerror}. Take another with --port.", REFUSED
            )
        break
    with door:
        yield door


def _address(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _serve(settings: Settings, url: str, door: socket.socket, count: int) -> None:
    logs.configure(settings)
    if count > 1:
        with TemporaryDirectory(prefix="muster-counters-", ignore_cleanup_errors=True) as counters:
            metrics.share(Path(counters))
            keep_workers(door, count, url)
    else:
        os.environ["MUSTER_DATABASE_URL"] = url
        worker.serve(door)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help=PORT_HELP)] = 8600,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the page, the map and one plan, and stop.")
    ] = False,
) -> None:
    """Load the fictional county 岚溪县 and serve it."""
    given = settings_or_exit()
    settings = given.model_copy(update={"folder": given.folder / "demo"})
    with (
        _listening(settings.host, 0 if check else port) as door,
        runtime.database(settings, attach=False) as url,
    ):
        with runtime.on(settings, url) as context, progress_bar() as progress:
            password = demonstration.prepare(context, progress)
        if check:
            os.environ["MUSTER_DATABASE_URL"] = url
            _checked(password)
            return
        typer.echo(f"\n  {_address(door)}\n  name: {accounts.FIRST_ADMINISTRATOR}\n  password: {password}\n")
        os.environ.setdefault("MUSTER_LOG_LEVEL", "warning")  # the address must stay on the screen
        _serve(settings_or_exit(), url, door, given.workers)


def _checked(password: str) -> None:
    for line in demonstration.check(worker.APPLICATION, password):
        typer.echo(line)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Tell what is wrong and how to mend it. Exit codes: 0 nothing serious, 1 people could not work, 3 no database."""
    settings = settings_or_exit()
    found = [*checkup.leftover(settings), *checkup.machine(settings)]
    standing = system.Standing(database=False)
    try:
        with runtime.database(settings) as url, runtime.looking(settings, url) as context:
            standing = system.readiness(context)
            found += checkup.store(context)
    except ClusterError as error:
        found.append(checkup.finding("database_away", why=str(error)))
    broken = next((one.details["number"] for one in found if one.code == "journal_broken"), None)
    if as_json:
        told = {**asdict(standing), "ready": standing.ready, "journal_broken_at": broken}
        typer.echo(to_json({**told, "findings": [asdict(one) for one in found]}).decode())
    else:
        for one in sorted(found, key=lambda one: not one.serious):
            typer.echo(
                f"{'!!' if one.serious else ' -'} {one.code}\n   {one.zh}\n   {one.en}\n   → {one.remedy}"
            )
        typer.echo(f"{len(found)} findings, {sum(one.serious for one in found)} serious.")
    if not standing.database:
        raise typer.Exit(NO_DATABASE)
    if any(one.serious for one in found):
        raise typer.Exit(REFUSED)


# -- bringing in -------------------------------------------------------------------------------------------------------


@import_app.command("osm")
def import_osm(
    file: Path,
    clip: Annotated[
        str | None, typer.Option(help="File with an outline, or the name of an area in the extract.")
    ] = None,
    with_sample_resources: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="Add invented teams, depots and stock, marked as samples."),
    ] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Bring an OpenStreetMap extract (.osm.pbf) in: roads, places, facilities and the base map."""
    with acting() as context, progress_bar() as progress:
        report = bringing_in.extract(
            context,
            file,
            request_id=request_id,
            clip=clip,
            samples_seed=with_sample_resources,
            progress=progress,
        )
    if as_json:
        typer.echo(to_json(report, indent=2).decode())
    elif report is None:
        typer.echo("Imported before.")
    else:
        for line in import_report.lines(report):
            typer.echo(line)


@import_app.command("dem")
def import_dem(
    file: Annotated[Path, typer.Argument(help="GeoTIFF, .hgt, or one of them zipped.")],
    *,
    request_id: RequestId,
) -> None:
    """Bring an elevation model in: the map's hill shading. A file of the same name replaces its own."""
    with acting() as context, progress_bar() as progress:
        drawn = relief.bring_in(context, file, request_id=request_id, progress=progress)
    if drawn is None:
        typer.echo("Imported before.")
    else:
        typer.echo(f"{drawn.source}: {drawn.tiles} tiles, {drawn.stored_bytes:,} bytes")


@import_app.command("layer")
def import_layer(
    layer: Annotated[str, typer.Argument(help="Code of the layer, such as teams.")],
    file: Path,
    datum: Annotated[str | None, typer.Option(help="CGCS2000, WGS84, GCJ02 or BD09.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    *,
    whole: Annotated[bool, typer.Option("--whole", help="Take all rows or none.")] = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Bring a file into a layer: GeoPackage, Shapefile, GeoJSON, KML, CSV, Excel. Each bad row is named."""
    with acting() as context:
        with progress_bar() as progress:
            progress(layer, 0, 0)
            report = bringing_in.layer(
                context,
                file,
                layer,
                request_id=request_id,
                datum=datum,
                sheet=sheet,
                on_error="refuse" if whole else "skip",
            )
        if report is None:
            typer.echo("Imported before.")
            return
        told = bringing_in.told(context, layer, report)
    if as_json:
        typer.echo(to_json(report, indent=2).decode())
    else:
        for sentence in told:
            typer.echo(sentence, err=True)
        counts = report.counts
        typer.echo(f"{report.rows} rows: {counts.new} new, {counts.changed} changed, {counts.same} same")
    if report.refused:
        raise typer.Exit(REFUSED)


# -- taking out --------------------------------------------------------------------------------------------------------


class Language(StrEnum):
    """Of a template's headers and choices."""

    CHINESE = "zh"
    ENGLISH = "en"


@export_app.command("layer")
def export_layer(
    layer: Annotated[str, typer.Argument(help="Code of the layer, such as teams.")],
    file: Annotated[Path, typer.Argument(help="Its suffix says the format: .xlsx, .csv, .gpkg or .geojson.")],
    *,
    without_people: WithoutPeople = False,
    request_id: RequestId,
) -> None:
    """Write a layer to a file that `import layer … --datum CGCS2000` reads back, names and phones unless told otherwise."""
    with acting() as context:
        rows = taking_out.layer(context, layer, file, request_id=request_id, people=not without_people)
    typer.echo("Exported before." if rows is None else f"{file}: {rows} rows")


@export_app.command("template")
def export_template(
    layer: Annotated[str, typer.Argument(help="Code of the layer, such as teams.")],
    file: Annotated[Path, typer.Argument(help="An .xlsx file.")],
    lang: Annotated[Language, typer.Option(help="Language of its headers and choices.")] = Language.CHINESE,
) -> None:
    """Write the empty workbook of a layer: required columns starred, choices to pick from."""
    with acting() as context:
        taking_out.template(context, layer, file, lang=lang.value)
    typer.echo(str(file))


# -- incidents ---------------------------------------------------------------------------------------------------------

INCIDENT_COLUMNS = ("id", "type", "level", "state", "name", "position", "area_code", "reported_at")


@incident_app.command("report")
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
            position=None if at is None else _position(at),
            village=village,
            grid=grid,
            place=place,
            radius_m=radius_m,
            name=name,
            description=description,
        )
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


def _position(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not LON,LAT") from None
    return lon, lat


@incident_app.command("list")
def list_incidents(
    *, everything: Annotated[bool, typer.Option("--all")] = False, as_json: AsJson = False
) -> None:
    """List open incidents, or all."""
    with acting() as context:
        found = incidents.listing(context, state=None if everything else "open")
    show([documents.incident(one) for one in found], INCIDENT_COLUMNS, as_json=as_json)


@incident_app.command("show")
def show_incident(incident: int, *, as_json: AsJson = False) -> None:
    """Show one incident and what it still needs."""
    with acting() as context:
        found = documents.incident(incidents.get(context, incident))
    show(found, INCIDENT_COLUMNS, as_json=as_json)
    if not as_json:
        show(found.outstanding, ("key", "quantity", "critical", "grade", "min_strength"), as_json=False)


@incident_app.command("level")
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


@incident_app.command("edit")
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
        "position": None if at is None else _position(at),
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


@incident_app.command("sent-report")
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


@incident_app.command("escalate")
def escalate_incident(
    incident: int, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Hand a township's incident to the county, which leads it from now on."""
    with acting() as context:
        found = incidents.escalate(context, incident, request_id=request_id, reason=reason)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@incident_app.command("close")
def close_incident(
    incident: int, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Close an incident none of whose orders is open."""
    with acting() as context:
        found = incidents.close(context, incident, request_id=request_id, reason=reason)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


@incident_app.command("cancel")
def cancel_incident(
    incident: int, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Cancel an incident and its open orders."""
    with acting() as context:
        found = incidents.cancel(context, incident, request_id=request_id, reason=reason)
    show(documents.incident(found), INCIDENT_COLUMNS, as_json=as_json)


# -- plans -------------------------------------------------------------------------------------------------------------


@plan_app.command("propose")
def propose_plan(
    incident: Annotated[list[int], typer.Argument(help="Incidents that are planned together.")],
    pin: Annotated[
        list[str] | None, typer.Option(metavar="KIND:ID:INCIDENT", help="This unit goes there.")
    ] = None,
    ban: Annotated[
        list[str] | None, typer.Option(metavar="KIND:ID[:INCIDENT]", help="This unit stays.")
    ] = None,
    time_limit_s: Annotated[float | None, typer.Option(min=0.01, max=300)] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Propose the best joint plan, with its proof."""
    with acting() as context:
        found = plans.propose(
            context,
            request_id=request_id,
            incidents=incident,
            pins=[_wish(text) for text in pin or ()],
            bans=[_wish(text) for text in ban or ()],
            time_limit_s=time_limit_s,
        )
    _print_plan(found, as_json=as_json)


class UnitKind(StrEnum):
    """What a wish or a question may be about."""

    TEAM = "team"
    VEHICLE = "vehicle"
    DEPOT = "depot"


def _wish(text: str) -> Wish:
    kind, _, rest = text.partition(":")
    unit, _, incident = rest.partition(":")
    if kind not in {"team", "vehicle", "depot"} or not unit.isdecimal() or not (incident or "0").isdecimal():
        raise typer.BadParameter(f"{text!r} is not KIND:ID[:INCIDENT] with KIND team, vehicle or depot")
    return Wish(kind=kind, id=int(unit), incident=int(incident) if incident else None)  # type: ignore[arg-type] # checked


@plan_app.command("prove")
def prove_plan(plan: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Go on searching for a better plan, or for the proof that there is none."""
    with acting() as context:
        found = plans.prove(context, plan, request_id=request_id)
    _print_plan(found, as_json=as_json)


@plan_app.command("swaps")
def plan_swaps(
    plan: int,
    kind: UnitKind,
    unit: int,
    incident: int,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell who could take a unit's place at an incident, and what each would cost in each tier."""
    with acting() as context:
        found = plans.swaps(context, plan, kind=kind.value, unit=unit, incident=incident)
        answers = [documents.swap(one) for one in found]
    show(answers, ("kind", "id", "total_ms", "changes"), as_json=as_json)


@plan_app.command("show")
def show_plan(plan: int, *, as_json: AsJson = False) -> None:
    """Show one plan."""
    with acting() as context:
        found = plans.get(context, plan)
    _print_plan(found, as_json=as_json)


def _print_plan(found: plans.PlanView, *, as_json: bool) -> None:
    document = documents.plan(found)
    if as_json:
        show(document, (), as_json=True)
        return
    proven = "proven optimal" if document.plan.proven else "not proven within the time limit"
    typer.echo(f"plan {document.id}, {document.state}, {proven}")
    show(document.plan.tiers, ("code", "value", "bound", "proven"), as_json=False)
    show(document.plan.assignments, ("incident", "need", "kind", "id", "amount", "legs"), as_json=False)
    show(document.plan.shipments, ("incident", "depot", "carrier", "load_kg", "legs"), as_json=False)
    show(document.plan.unmet, ("incident", "need", "quantity", "asked", "critical"), as_json=False)


@plan_app.command("anew")
def propose_anew(incident: list[int], *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Propose what to add to running orders and, where it gains, which of them to end."""
    with acting() as context:
        proposed = plans.replan(context, request_id=request_id, incidents=incident)
    _print_plan(proposed, as_json=as_json)


@plan_app.command("triggers")
def list_triggers(incident: int, *, as_json: AsJson = False) -> None:
    """Say why a new plan may be needed for an incident."""
    with acting() as context:
        found = [Trigger.model_validate(one) for one in watching.triggers(context, incident)]
    show(found, ("code", "orders", "count"), as_json=as_json)


@plan_app.command("confirm")
def confirm_plan(
    plan: int,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="End nothing: send only what keeps the rest.")] = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Turn a plan into orders, all at once or not at all."""
    with acting() as context:
        sent = plans.confirm(context, plan, request_id=request_id, keep=keep)
        found = [documents.order(context, order) for order in sent]
    show(found, ORDER_COLUMNS, as_json=as_json)


@plan_app.command("reasons")
def plan_reasons(plan: int, *, as_json: AsJson = False) -> None:
    """Tell why each chosen unit, and why not each other one."""
    with acting() as context:
        why = documents.reasons(plans.reasons(context, plan))
    if as_json:
        show(why, (), as_json=True)
        return
    for told in (why.chosen, why.passed_over):
        show(told, ("kind", "id", "incident", "need", "code", "numbers"), as_json=False)


@plan_app.command("without")
def plan_without(plan: int, kind: UnitKind, unit: int, *, as_json: AsJson = False) -> None:
    """Plan again as if one unit were gone, and tell what each tier would lose."""
    with acting() as context:
        found = documents.without(plans.without(context, plan, kind=kind.value, unit=unit))
    if as_json:
        show(found, (), as_json=True)
    else:
        show(found.changes, ("code", "before", "after", "difference"), as_json=False)


# -- orders ------------------------------------------------------------------------------------------------------------

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


@order_app.command("list")
def list_orders(
    incident: Annotated[int | None, typer.Option()] = None,
    *,
    only_open: Annotated[bool, typer.Option("--open")] = False,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    with acting() as context:
        found = [
            documents.order(context, order)
            for order in orders.listing(context, incident=incident, only_open=only_open)
        ]
    show(found, ORDER_COLUMNS, as_json=as_json)


@order_app.command("link")
def order_link(order: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Make the team's link to its order, printed this once; the one before it ends."""
    with acting() as context:
        made = orders.make_link(context, order, request_id=request_id)
    path, until = f"/o/{made.token}", made.expires_at.isoformat(timespec="minutes")
    typer.echo(json.dumps({"path": path, "expires_at": until}) if as_json else f"{path}\nuntil {until}")


@order_app.command("unlink")
def end_order_link(order: int, *, request_id: RequestId) -> None:
    """End a team's link, as when a phone was lost."""
    with acting() as context:
        orders.revoke_link(context, order, request_id=request_id)


@order_app.command("step")
def step_order(
    order: int, act: OrderAct, reason: Reason = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Take one step: acknowledge, depart, arrive, finish, refuse or cancel."""
    with acting() as context:
        done = orders.step(context, order, act.value, request_id=request_id, reason=reason)
        found = documents.order(context, done)
    show(found, ORDER_COLUMNS, as_json=as_json)


@order_app.command("village")
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


# -- roads closed and opened -------------------------------------------------------------------------------------------

CLOSURE_COLUMNS = ("id", "factor_percent", "starts_at", "ends_at", "reason", "created_by", "ended_at")


@app.command("close")
def close_road(
    *,
    at: Annotated[str | None, typer.Option(metavar="LON,LAT", help="The nearest road within 50 m.")] = None,
    geojson: Annotated[Path | None, typer.Option(exists=True, help="File with a GeoJSON geometry.")] = None,
    factor_percent: Annotated[
        int | None, typer.Option(min=101, help="Slowed, not closed: 300 is three times slower.")
    ] = None,
    starts_at: Moment = None,
    ends_at: Moment = None,
    reason: Reason = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Close or slow a stretch of road."""
    if (at is None) == (geojson is None):
        raise typer.BadParameter("give either --at or --geojson")
    geometry = (
        json.loads(geojson.read_text()) if geojson else {"type": "Point", "coordinates": _position(at or "")}
    )
    with acting() as context:
        closed = closures.close(
            context,
            request_id=request_id,
            geometry=geometry,
            factor_percent=factor_percent,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    show(documents.closure(closed), CLOSURE_COLUMNS, as_json=as_json)


@app.command("open")
def open_road(closure: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Open a closed road again."""
    with acting() as context:
        opened = closures.open_again(context, closure, request_id=request_id)
    show(documents.closure(opened), CLOSURE_COLUMNS, as_json=as_json)


@app.command("closures")
def list_closures(*, as_json: AsJson = False) -> None:
    """List roads that are closed or slowed, now or later."""
    with acting() as context:
        found = [documents.closure(one) for one in closures.standing(context)]
    show(found, CLOSURE_COLUMNS, as_json=as_json)


@app.command("closure-edit")
def edit_closure(
    closure: int,
    *,
    factor_percent: Annotated[int | None, typer.Option(min=101, help="Not given: closed.")] = None,
    starts_at: Moment = None,
    ends_at: Moment = None,
    reason: Reason = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Change how much is closed, how long and why, all at once."""
    with acting() as context:
        edited = closures.edit(
            context,
            closure,
            request_id=request_id,
            factor_percent=factor_percent,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    show(documents.closure(edited), CLOSURE_COLUMNS, as_json=as_json)


# -- resources ---------------------------------------------------------------------------------------------------------


class TeamStatus(StrEnum):
    """How a team stands."""

    ON_DUTY = "on_duty"
    OFF_DUTY = "off_duty"
    RESTING = "resting"
    UNAVAILABLE = "unavailable"


TEAM_COLUMNS = ("id", "code", "name", "status", "strength_now", "position_now", "reported_at")


@resource_app.command("teams")
def list_teams(*, as_json: AsJson = False) -> None:
    """List teams as they stand."""
    with acting() as context:
        found = [documents.team(one) for one in resources.teams(context)]
    show(found, TEAM_COLUMNS, as_json=as_json)


@resource_app.command("team")
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
            position=None if at is None else _position(at),
            note=note,
        )
    show(documents.team(edited), TEAM_COLUMNS, as_json=as_json)


@resource_app.command("vehicle")
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


@resource_app.command("depot")
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


@resource_app.command("lot")
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


@resource_app.command("place")
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


# -- accounts ----------------------------------------------------------------------------------------------------------

USER_COLUMNS = ("id", "name", "display_name", "role", "area_code", "active", "created_at")


class Role(StrEnum):
    """What an account may do."""

    VIEWER = "viewer"
    TOWNSHIP = "township"
    DUTY_OFFICER = "duty_officer"
    COMMANDER = "commander"
    ADMINISTRATOR = "administrator"


@user_app.command("list")
def list_users(*, as_json: AsJson = False) -> None:
    """List accounts."""
    with acting() as context:
        found = [documents.account(one) for one in accounts.listing(context)]
    show(found, USER_COLUMNS, as_json=as_json)


@user_app.command("add")
def add_user(
    name: str,
    role: Annotated[Role, typer.Option()],
    display_name: str = "",
    area: Annotated[
        str | None, typer.Option(help="Code of its township or county; unset: everything.")
    ] = None,
    *,
    request_id: RequestId,
) -> None:
    """Make an account; its generated password is printed this once, and is to be changed at the first login."""
    password = new_password()
    with acting() as context:
        made = accounts.create(
            context,
            request_id=request_id,
            name=name,
            role=role.value,
            password=password,
            display_name=display_name,
            area_code=area,
            must_change_password=True,
        )
    typer.echo(f"name: {made.name}\npassword: {password}")


@user_app.command("password")
def new_user_password(name: str, *, request_id: RequestId) -> None:
    """Give an account a new generated password, printed this once; its sessions end."""
    password = new_password()
    with acting() as context:
        accounts.set_password(context, name, request_id=request_id, password=password)
    typer.echo(f"name: {name}\npassword: {password}")


@user_app.command("key")
def make_reading_key(
    name: str,
    days: Annotated[int, typer.Option(min=1, max=accounts.MOST_KEY_DAYS, help="Its life.")] = 365,
    program: Annotated[str, typer.Option(help="What it is for, such as QGIS.")] = "",
    *,
    request_id: RequestId,
) -> None:
    """Make a key for a program that reads /ogc as this account may; it is printed this once."""
    with acting() as context:
        made = accounts.make_key(context, name, request_id=request_id, days=days, program=program)
    typer.echo(f"key: {made.key}\nuntil: {made.expires_at.isoformat(timespec='seconds')}")


@user_app.command("disable")
def disable_user(name: str, *, request_id: RequestId) -> None:
    """Shut an account out; its sessions end."""
    with acting() as context:
        accounts.set_active(context, name, request_id=request_id, active=False)


@user_app.command("enable")
def enable_user(name: str, *, request_id: RequestId) -> None:
    """Let an account in again."""
    with acting() as context:
        accounts.set_active(context, name, request_id=request_id, active=True)


# -- measuring ---------------------------------------------------------------------------------------------------------

Extracts = Annotated[
    list[Path] | None, typer.Option("--extract", exists=True, help="An .osm.pbf to measure on, too.")
]
Nodes = Annotated[int, typer.Option(min=0, help="Nodes of a generated network; 0 for none.")]
Cases = Annotated[int, typer.Option(min=1, help="Cases of each size.")]
MILLION = 1_000_000


@bench_app.command("travel")
def bench_travel(
    extract: Extracts = None, nodes: Nodes = MILLION, cases: Cases = 5, *, as_json: AsJson = False
) -> None:
    """Measure the times of 20 candidates to a target: ours, scipy, networkx and pyroutingkit, on the same weights."""
    from api.bench import travel  # noqa: PLC0415 - its peers take a second to import

    found = [
        asdict(figure)
        for name, network in travel.networks(extract or (), nodes)
        for figure in travel.measure(name, network, cases=cases)
    ]
    _print_figures(found, as_json=as_json)


@bench_app.command("dispatch")
def bench_dispatch(
    extract: Extracts = None, nodes: Nodes = MILLION, cases: Cases = 5, *, as_json: AsJson = False
) -> None:
    """Measure from incident to proven plan with routes, and to the next right plan after a road is closed."""
    from api.bench import travel  # noqa: PLC0415 - its peers take a second to import
    from dispatch import bench  # noqa: PLC0415

    found = [
        {"network": name, "nodes": network.node_count, **asdict(figure)}
        for name, network in travel.networks(extract or (), nodes)
        for figure in bench.run(network, cases=cases)
    ]
    _print_figures(found, as_json=as_json)


@bench_app.command("web")
def bench_web(
    workers: Annotated[int, typer.Option(min=1, max=64, help=WORKERS_HELP)] = 2,
    browsers: Annotated[int, typer.Option(min=1, max=1000, help="That hold an event stream.")] = 200,
    size: Annotated[
        list[int] | None, typer.Option(min=1, help="Features on the map; 1000, 10000 and 100000 unless told.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure a private server: map, plans, events on many browsers, pages beside plain Folium, items beside tipg."""
    from api.bench import web  # noqa: PLC0415 - nothing else needs it

    with progress_bar() as progress:
        sizes = size or (1_000, 10_000, 100_000)
        found = [
            asdict(one) for one in web.run(workers=workers, browsers=browsers, sizes=sizes, progress=progress)
        ]
    _print_figures(found, as_json=as_json)


def _print_figures(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table(*found[0], box=None)
    for figure in found:
        table.add_row(
            *(f"{value:.3g}" if isinstance(value, float) else cell(value) for value in figure.values())
        )
    console().print(table)
