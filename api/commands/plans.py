"""Commands about plans."""

from enum import StrEnum
from typing import Annotated

import typer

from api.commands.orders import ORDER_COLUMNS
from api.http import documents
from api.http.models import Trigger
from api.terminal import AsJson, RequestId, acting, show
from api.usecases import plans, watching
from dispatch.model import Wish

app = typer.Typer(no_args_is_help=True, help="Plans: propose, explain, confirm.")


@app.command("propose")
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


@app.command("prove")
def prove_plan(plan: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Go on searching for a better plan, or for the proof that there is none."""
    with acting() as context:
        found = plans.prove(context, plan, request_id=request_id)
    _print_plan(found, as_json=as_json)


@app.command("swaps")
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


@app.command("show")
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


@app.command("anew")
def propose_anew(incident: list[int], *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Propose what to add to running orders and, where it gains, which of them to end."""
    with acting() as context:
        proposed = plans.replan(context, request_id=request_id, incidents=incident)
    _print_plan(proposed, as_json=as_json)


@app.command("triggers")
def list_triggers(incident: int, *, as_json: AsJson = False) -> None:
    """Say why a new plan may be needed for an incident."""
    with acting() as context:
        found = [Trigger.model_validate(one) for one in watching.triggers(context, incident)]
    show(found, ("code", "orders", "count"), as_json=as_json)


@app.command("confirm")
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
        found = documents.orders_of(context, sent)
    show(found, ORDER_COLUMNS, as_json=as_json)


@app.command("reasons")
def plan_reasons(plan: int, *, as_json: AsJson = False) -> None:
    """Tell why each chosen unit, and why not each other one."""
    with acting() as context:
        why = documents.reasons(plans.reasons(context, plan))
    if as_json:
        show(why, (), as_json=True)
        return
    for told in (why.chosen, why.passed_over):
        show(told, ("kind", "id", "incident", "need", "code", "numbers"), as_json=False)


@app.command("without")
def plan_without(plan: int, kind: UnitKind, unit: int, *, as_json: AsJson = False) -> None:
    """Plan again as if one unit were gone, and tell what each tier would lose."""
    with acting() as context:
        found = documents.without(plans.without(context, plan, kind=kind.value, unit=unit))
    if as_json:
        show(found, (), as_json=True)
    else:
        show(found.changes, ("code", "before", "after", "difference"), as_json=False)
