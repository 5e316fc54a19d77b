"""Taking an act back: its inverse, done as an ordinary act that names what it undoes."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from shapely.geometry import mapping
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, MusterError, NotFoundError
from api.security import authorise
from api.usecases import accounts, closures, grid_edits, hazards, incidents, ledgers, resources, withdrawing
from data import journal
from data.journal import Entry
from dispatch import undo


def take_back(ctx: Context, number: int, *, request_id: UUID) -> None:
    """Undo the act that was journaled as `number`.

    Raises NotFoundError, and ConflictError when it cannot be taken back, or when something newer stands in the way:
    that is looked at in the inverse act's own transaction, under the journal's lock.
    """
    entry = get(ctx, number)
    why = undo.refusal(entry.act, entry.subject, entry.payload)
    if why is not None:
        raise ConflictError(f"undo_{why}", number=number, act=entry.act)

    def check(connection: Connection) -> int:
        journal.lock(connection)
        _check_way(connection, entry)
        return number

    try:
        _INVERSES[undo.INVERSES[entry.act]](ctx.undoing(check), entry, request_id)
    except ConflictError:
        with ctx.world.read() as connection:
            _check_way(connection, entry)  # "taken back already" says more than the inverse act's own refusal
        raise


def take_grids_back(ctx: Context, number: int, *, request_id: UUID) -> None:
    """Undo a change of grids or of who answers for them. Raises as `take_back`."""
    authorise(ctx.actor, "grid.restore")
    if get(ctx, number).subject != "grid":
        raise NotFoundError("no_such_entry", number=number)
    take_back(ctx, number, request_id=request_id)


def get(ctx: Context, number: int) -> Entry:
    """Give one row of the journal. Raises NotFoundError."""
    authorise(ctx.actor, "timeline.read")
    with ctx.world.read() as connection:
        (entry,) = journal.timeline(
            connection, before=number + 1, within=scope.own(ctx.actor), actor=ctx.actor.name, limit=1
        ) or (None,)
    if entry is None or entry.number != number:
        raise NotFoundError("no_such_entry", number=number)
    return entry


def refusal(ctx: Context, entry: Entry) -> MusterError | None:
    """Say why this actor cannot take an act back now; None when it seems possible."""
    why = undo.refusal(entry.act, entry.subject, entry.payload)
    if why is not None:
        return ConflictError(f"undo_{why}", number=entry.number, act=entry.act)
    try:
        authorise(ctx.actor, undo.INVERSES[entry.act])
        with ctx.world.read() as connection:
            _check_way(connection, entry)
    except MusterError as error:
        return error
    return None


def just_done(ctx: Context, request_id: UUID) -> Entry | None:
    """Find what this actor's request did, if it can be taken back; None for anything else."""
    if not ctx.actor.may("timeline.read"):
        return None
    with ctx.world.read() as connection:
        entry = journal.by_request(connection, request_id)
    if entry is None or entry.actor != ctx.actor.name or refusal(ctx, entry) is not None:
        return None
    return entry


def _check_way(connection: Connection, entry: Entry) -> None:
    for later in journal.later_about(connection, entry):
        if undo.stands_in_the_way(entry.act, entry.number, later.act, later.payload.get("undoes")):
            code = "undone_already" if later.payload.get("undoes") == entry.number else "undo_overtaken"
            raise ConflictError(code, number=entry.number, by=later.number, act=later.act)


# -- the inverse acts --------------------------------------------------------------------------------------------------


def _identity(entry: Entry) -> int:
    if entry.subject_id is None:
        raise ConflictError("undo_not_kept", number=entry.number, act=entry.act)
    return entry.subject_id


def _level_back(ctx: Context, entry: Entry, request_id: UUID) -> None:
    incidents.change_level(ctx, _identity(entry), request_id=request_id, level=int(entry.payload["from"]))


def _report_back(ctx: Context, entry: Entry, request_id: UUID) -> None:
    incidents.cancel(ctx, _identity(entry), request_id=request_id)


def _plan_back(ctx: Context, entry: Entry, request_id: UUID) -> None:
    withdrawing.withdraw(ctx, _identity(entry), request_id=request_id)


def _open_road(ctx: Context, entry: Entry, request_id: UUID) -> None:
    closures.open_again(ctx, _identity(entry), request_id=request_id)


def _close_road(ctx: Context, entry: Entry, request_id: UUID) -> None:
    was = closures.get(ctx, _identity(entry))
    closures.close(
        ctx,
        request_id=request_id,
        geometry=mapping(was.geometry),
        factor_percent=was.factor_percent,
        starts_at=was.starts_at,
        ends_at=was.ends_at,
        reason=was.reason,
    )


def _end_hazard(ctx: Context, entry: Entry, request_id: UUID) -> None:
    hazards.end(ctx, _identity(entry), request_id=request_id)


def _draw_hazard(ctx: Context, entry: Entry, request_id: UUID) -> None:
    was = hazards.get(ctx, _identity(entry))
    hazards.draw(
        ctx,
        request_id=request_id,
        geometry=mapping(was.geometry),
        incident=was.incident_id,
        closes_roads=was.closes_roads,
        starts_at=was.starts_at,
        ends_at=was.ends_at,
        reason=was.reason,
    )


def _account_on(ctx: Context, entry: Entry, request_id: UUID) -> None:
    accounts.set_active(ctx, entry.payload["name"], request_id=request_id, active=True)


def _account_off(ctx: Context, entry: Entry, request_id: UUID) -> None:
    accounts.set_active(ctx, entry.payload["name"], request_id=request_id, active=False)


def _resource_back(ctx: Context, entry: Entry, request_id: UUID) -> None:
    identity, payload = _identity(entry), entry.payload
    was = payload.get("was", {})
    if entry.subject == "team":
        values: Mapping[str, Any] = {**was, "position": tuple(was["position"])}
        resources.edit_team(ctx, identity, request_id=request_id, **values)
    elif entry.subject == "vehicle":
        resources.edit_vehicle(ctx, identity, request_id=request_id, **was)
    elif entry.subject == "depot":
        resources.edit_depot(ctx, identity, request_id=request_id, **was)
    else:
        counts = {"was": int(payload["from"]), "counted": int(payload["to"])}
        resources.uncount(ctx, identity, request_id=request_id, **counts)


def _ledger_back(ctx: Context, entry: Entry, request_id: UUID) -> None:
    ledgers.undo(ctx, _identity(entry), request_id=request_id)


def _grids_back(ctx: Context, entry: Entry, request_id: UUID) -> None:
    grid_edits.restore(ctx, entry, request_id=request_id)


_INVERSES: Final[Mapping[str, Callable[[Context, Entry, UUID], None]]] = {
    "incident.cancel": _report_back,
    "incident.change_level": _level_back,
    "plan.withdraw": _plan_back,
    "closure.open": _open_road,
    "closure.close": _close_road,
    "hazard.end": _end_hazard,
    "hazard.draw": _draw_hazard,
    "resource.edit": _resource_back,
    "grid.restore": _grids_back,
    "ledger.undo": _ledger_back,
    "account.enable": _account_on,
    "account.disable": _account_off,
}
