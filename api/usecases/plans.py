"""Plans: proposed outside any transaction, explained on demand, and confirmed all at once or not at all."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from api import metrics, scope
from api.context import Context
from api.errors import ConflictError, NotFoundError
from api.security import authorise
from api.usecases.acting import Done, applied, perform
from api.usecases.orders import advance
from data import cover, orders, plans, snapshot, stock, under_way, units
from data import incidents as incident_rows
from data.orders import LineRecord, OrderRecord
from data.plans import PlanRecord
from dispatch import explain
from dispatch import swaps as swapping
from dispatch.changes import Change, changes, order_changes, road_changes
from dispatch.model import Assignment, Legs, MoveUp, Plan, Reason, Shipment, Snapshot, UnitRoute, Wish
from dispatch.planner import solve
from dispatch.propose import Ground, plan_on, routes_of
from dispatch.propose import ground as ground_of
from dispatch.propose import propose as best_plan
from dispatch.replan import after, propose_anew
from gis.network import RoadNetwork

_SWAPS_SHARE: Final = 0.9  # the rest is for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A name for an id in a plan."""

    id: int
    code: str
    name: str
    name_en: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The names of everything that a plan mentions."""

    teams: tuple[Unit, ...]
    vehicles: tuple[Unit, ...]
    depots: tuple[Unit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView(PlanRecord):
    """A stored plan with the names of its units."""

    units: Units

    @property
    def incidents(self) -> tuple[int, ...]:
        """The incidents that are planned together."""
        return self.incident_ids


def propose(
    ctx: Context,
    *,
    request_id: UUID,
    incidents: Collection[int],
    pins: Sequence[Wish] = (),
    bans: Sequence[Wish] = (),
    time_limit_s: float | None = None,
) -> PlanView:
    """Propose the best joint plan for some open incidents, and store it with everything that it was made from.

    A short reading transaction takes the snapshot, a short writing one stores the plan; no transaction is open while
    zones, times and the plan are computed. Raises UnavailableError while there are no roads, ConflictError for an
    incident that is over.
    """
    wanted = sorted(set(incidents))
    arguments = {"incidents": wanted, "pins": pins, "bans": bans, "time_limit_s": time_limit_s}
    earlier = applied(ctx, "plan.propose", request_id, arguments)
    if earlier is not None:
        return get(ctx, earlier["id"])
    taken = _take(ctx, wanted, pins, bans)
    version, network = ctx.networks.current()
    with metrics.planning() as proven:
        proposal = best_plan(
            taken,
            network,
            time_limit_s=time_limit_s or ctx.settings.plan_time_limit_s,
            hour_factors=ctx.policy.hour_factors,
            hazard_rules=ctx.policy.hazard_rules,
        )
        proven.append(proposal.plan.proven)

    def do(connection: Connection, now: datetime) -> Done:
        stored = plans.insert(
            connection,
            incident_ids=wanted,
            snapshot=taken,
            plan=proposal.plan,
            created_at=now,
            created_by=ctx.actor.name,
            baseline=proposal.baseline,
            routes=proposal.routes,
            zones=proposal.zones,
            network_version=version,
        )
        return Done(subject="plan", id=stored.id, payload=arguments)

    return get(ctx, perform(ctx, "plan.propose", request_id, arguments, do)["id"])


def prove(ctx: Context, plan_id: int, *, request_id: UUID) -> PlanView:
    """Go on searching where a first plan stopped, on the snapshot that it was made from.

    Returns the same plan with better bounds when nothing better was found, else the better one as a plan of its own:
    what somebody reads on a page never changes under their hand. A plan that was confirmed meanwhile stays as it is.
    Raises ConflictError for a plan made anew.
    """
    arguments = {"plan": plan_id}
    earlier = applied(ctx, "plan.prove", request_id, arguments)
    if earlier is not None:
        return get(ctx, earlier["id"])
    record, here, network = _ground(ctx, plan_id)
    if record.keeping is not None:  # its tiers are those of a joint problem, with what it ends
        raise ConflictError("plan_made_anew", id=plan_id)
    with metrics.planning() as proven:
        found = plan_on(here, solve(here.problem, time_limit_s=ctx.settings.plan_time_limit_s))
        proven.append(found.proven)
    before, after = (tuple(tier.value for tier in plan.tiers) for plan in (record.plan, found))
    ways = routes_of(here, network, found) if after < before else ()

    def do(connection: Connection, now: datetime) -> Done:
        for incident in incident_rows.lock(connection, record.incident_ids):
            scope.check_leads(ctx.actor, incident)
        still = plans.lock(connection, plan_id)
        kept = plan_id
        if still is not None and still.state == "proposed" and after < before:
            kept = plans.insert(
                connection,
                incident_ids=record.incident_ids,
                snapshot=here.snapshot,
                plan=found,
                created_at=now,
                created_by=ctx.actor.name,
                baseline=record.baseline,
                routes=ways,
                zones=record.zones,
                network_version=record.network_version,
            ).id
        elif after == before:
            plans.set_proof(
                connection, plan_id=plan_id, plan=replace(record.plan, tiers=found.tiers, solver=found.solver)
            )
        return Done(subject="plan", id=kept, payload={"of": plan_id, "proven": found.proven})

    return get(ctx, perform(ctx, "plan.prove", request_id, arguments, do)["id"])


def get(ctx: Context, plan_id: int) -> PlanView:
    """Give one plan of the actor's area with the names of its units. Raises NotFoundError."""
    authorise(ctx.actor, "plan.read")
    with ctx.world.read() as connection:
        record = _seen(ctx, connection, plan_id)
        return _view(connection, record)


def latest_for(ctx: Context, incident_id: int) -> PlanView | None:
    """Give the newest plan for an incident, alone or with others; None when there is none."""
    authorise(ctx.actor, "plan.read")
    with ctx.world.read() as connection:
        records = plans.of_incident(connection, incident_id, within=scope.own(ctx.actor))
        return _view(connection, records[0]) if records else None


def routes(ctx: Context, plan_id: int) -> tuple[UnitRoute, ...]:
    """Give the ways of everything that a plan sends, with second ways where there are."""
    authorise(ctx.actor, "plan.read")
    with ctx.world.read() as connection:
        record = _seen(ctx, connection, plan_id)
    sent: set[tuple[str, int]] = {(one.kind, one.id) for one in record.plan.assignments}
    sent |= {("carrier", one.carrier) for one in record.plan.shipments}
    sent |= {("move_up", one.team) for one in record.plan.move_ups}
    return tuple(way for way in record.routes if (way.kind, way.id) in sent)


def replan(
    ctx: Context,
    *,
    request_id: UUID,
    incidents: Collection[int],
    pins: Sequence[Wish] = (),
    bans: Sequence[Wish] = (),
    time_limit_s: float | None = None,
) -> PlanView:
    """Propose a plan for incidents that are being answered: what to add, and what to change where that gains.

    Who refused an order of these incidents is not asked again for it. Transactions and refusals as in `propose`.
    """
    wanted = sorted(set(incidents))
    arguments = {"incidents": wanted, "pins": pins, "bans": bans, "time_limit_s": time_limit_s}
    earlier = applied(ctx, "plan.replan", request_id, arguments)
    if earlier is not None:
        return get(ctx, earlier["id"])
    taken = _take(ctx, wanted, pins, bans, anew=True)
    version, network = ctx.networks.current()
    with metrics.planning() as proven:
        proposal = propose_anew(
            taken,
            network,
            time_limit_s=time_limit_s or ctx.settings.plan_time_limit_s,
            hour_factors=ctx.policy.hour_factors,
            hazard_rules=ctx.policy.hazard_rules,
        )
        proven.append(proposal.replanned.plan.proven)

    def do(connection: Connection, now: datetime) -> Done:
        stored = plans.insert(
            connection,
            incident_ids=wanted,
            snapshot=taken,
            plan=proposal.replanned.plan,
            created_at=now,
            created_by=ctx.actor.name,
            routes=proposal.routes,
            zones=proposal.zones,
            network_version=version,
            cancels=proposal.replanned.ended,
            keeping=proposal.replanned.keeping,
        )
        return Done(subject="plan", id=stored.id, payload={**arguments, "ends": stored.cancels})

    return get(ctx, perform(ctx, "plan.replan", request_id, arguments, do)["id"])


def confirm(ctx: Context, plan_id: int, *, request_id: UUID, keep: bool = False) -> tuple[OrderRecord, ...]:
    """Turn a plan into orders and promised stock, all at once; what it ends is ended in the same transaction.

    keep: of a plan made anew, send only what keeps everything under way.
    Raises ConflictError with everything that changed since the plan's snapshot, and nothing is written.
    """
    authorise(ctx.actor, "plan.confirm")
    version, network = ctx.networks.current()

    def do(connection: Connection, now: datetime) -> Done:
        record = _locked(ctx, connection, plan_id, keep=keep)
        if record.network_version != version:
            raise ConflictError("roads_changed", id=plan_id)
        was = plans.snapshot_of(connection, plan_id)
        for order_id in record.cancels:
            orders.lock(connection, order_id)

        def changed() -> tuple[Change, ...]:
            current = _snapshot(ctx, connection, record.incident_ids, now, anew=record.keeping is not None)
            return (
                *order_changes(record.cancels, was, current),
                *changes(record.plan, after(was, record.cancels), after(current, record.cancels, was)),
                *road_changes(was, current, record.routes, network),
            )

        before = changed()
        if before:
            raise _outdated(plan_id, before)
        try:
            with connection.begin_nested():
                _end(ctx, connection, record, now)
                sent = _send(ctx, connection, record, was, now)
        except (orders.UnitBusyError, stock.StockShortError):
            # another plan took something between our look and our hand; by now it is committed and can be seen
            raise _outdated(plan_id, changed()) from None
        plans.confirm(connection, plan_id=plan_id, confirmed_at=now, confirmed_by=ctx.actor.name)
        made = [order.id for order in sent]
        payload = {"orders": made, "incidents": record.incident_ids, "ended": record.cancels}
        return Done(subject="plan", id=plan_id, payload=payload, result={"orders": made})

    arguments = {"plan": plan_id, "keep": True} if keep else {"plan": plan_id}
    perform(ctx, "plan.confirm", request_id, arguments, do)
    with ctx.world.read() as connection:
        return orders.of_plan(connection, plan_id)


def best_of_area(ctx: Context, incident_id: int, area: str) -> Plan:
    """Plan an incident with the units of another area alone: what that area could best send. Nothing is stored."""
    there = ctx.acting(replace(ctx.actor, area=area))
    with ctx.world.read() as connection:
        taken = _snapshot(there, connection, [incident_id], ctx.clock())
    _, network = ctx.networks.current()
    return best_plan(
        taken,
        network,
        time_limit_s=ctx.settings.plan_time_limit_s,
        hour_factors=ctx.policy.hour_factors,
        hazard_rules=ctx.policy.hazard_rules,
    ).plan


def _end(ctx: Context, connection: Connection, record: PlanRecord, now: datetime) -> None:
    """End the orders that a plan made anew replaces: a move-up that has arrived is finished, all others are called off."""
    stock.hold(connection, record.cancels)
    for order_id in record.cancels:
        order = orders.get(connection, order_id)
        there = order is not None and order.state == "arrived"
        advance(connection, order_id, "finish" if there else "cancel", actor=ctx.actor.name, now=now)


def _take(
    ctx: Context,
    wanted: Collection[int],
    pins: Sequence[Wish],
    bans: Sequence[Wish],
    *,
    anew: bool = False,
) -> Snapshot:
    """Read what the decision may look at, in one short transaction."""
    with ctx.world.read() as connection:
        for incident_id in wanted:
            record = incident_rows.get(connection, incident_id, within=scope.own(ctx.actor))
            if record is None:
                raise NotFoundError("no_such_incident", id=incident_id)
            scope.check_leads(ctx.actor, record)
            if record.state != "open":
                raise ConflictError("not_in_this_state", id=incident_id, state=record.state, act="dispatch")
        if anew:
            bans = (*bans, *_refusals(connection, wanted, {(pin.kind, pin.id) for pin in pins}))
        return _snapshot(ctx, connection, wanted, ctx.clock(), anew=anew, pins=pins, bans=bans)


def _refusals(
    connection: Connection, wanted: Collection[int], pinned: Collection[tuple[str, int]]
) -> tuple[Wish, ...]:
    """List who refused an order for these incidents: nobody is asked twice, unless the commander says so."""
    refused: set[tuple[Literal["team", "vehicle"], int, int]] = set()
    for incident in wanted:
        for order in orders.of_incident(connection, incident):
            if order.state == "refused" and order.vehicle_id is not None:
                refused.add(("vehicle", order.vehicle_id, incident))
            elif order.state == "refused" and order.team_id is not None:
                refused.add(("team", order.team_id, incident))
    return tuple(
        Wish(kind=kind, id=unit, incident=incident)
        for kind, unit, incident in sorted(refused)
        if (kind, unit) not in pinned
    )


def _snapshot(
    ctx: Context,
    connection: Connection,
    wanted: Collection[int],
    now: datetime,
    *,
    anew: bool = False,
    **wishes: Sequence[Wish],
) -> Snapshot:
    """Take a snapshot of the actor's own area and what was lent to it, in the clock of the place.

    Hours of the day and opening hours are read by that clock. anew: with what is under way, which the plan may change.
    """
    own = scope.own(ctx.actor)
    return snapshot.take(
        connection,
        incident_ids=wanted,
        requirement_cards={code: kind.card for code, kind in ctx.policy.incident_types.items()},
        at=now.astimezone(ctx.settings.zone),
        covers=[
            one
            for one in cover.rows(connection, ctx.policy.cover_rules)
            if scope.covers(ctx.actor, one.township)
        ],
        within=own,
        **wishes,
        under_way=under_way.read(connection, wanted, now) if anew else (),
        stale_after=timedelta(milliseconds=ctx.policy.readiness.stale_after_ms),
    )


def _locked(ctx: Context, connection: Connection, plan_id: int, *, keep: bool) -> PlanRecord:
    """Lock a plan's incidents, then the plan (the order of `data.journal`).

    Raises unless it can be confirmed, and by this actor. keep: the record comes back as the plan that ends nothing.
    """
    seen = _seen(ctx, connection, plan_id)
    for incident in incident_rows.lock(connection, seen.incident_ids):
        scope.check_leads(ctx.actor, incident)
    record = _existing(plans.lock(connection, plan_id), plan_id)
    if record.state != "proposed":
        raise ConflictError("already_done", id=plan_id, state=record.state, act="confirm")
    if keep:
        if record.keeping is None:
            raise ConflictError("plan_keeps_everything", id=plan_id)
        record = replace(record, plan=record.keeping, cancels=())
    if not (record.plan.assignments or record.plan.shipments or record.plan.move_ups or record.cancels):
        raise ConflictError("plan_sends_nobody", id=plan_id)
    return record


def _outdated(plan_id: int, changed: Iterable[Change]) -> ConflictError:
    return ConflictError("plan_outdated", id=plan_id, changed=[asdict(change) for change in changed])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """One order to be written, before it has an id."""

    kind: orders.OrderKind
    legs: Legs
    incident_id: int | None = None
    team_id: int | None = None
    vehicle_id: int | None = None
    depot_id: int | None = None
    township: str | None = None
    lines: tuple[LineRecord, ...] = ()

    @property
    def turn(self) -> tuple[bool, int]:
        """When it is written: people before vehicles, each by id, so that two plans never wait for each other."""
        return (self.vehicle_id is not None, self.vehicle_id or self.team_id or 0)


def _send(
    ctx: Context, connection: Connection, record: PlanRecord, was: Snapshot, now: datetime
) -> tuple[OrderRecord, ...]:
    """Write the plan's orders, then promise their stock, in the order of `data.journal`.

    Raises UnitBusyError, StockShortError.
    """
    codes = {(incident.id, need.key): need.code for incident in was.incidents for need in incident.needs}
    sendings = sorted(_sendings(record.plan, codes), key=lambda one: one.turn)
    sent = tuple(_insert(ctx, connection, record.id, one, now) for one in sendings)
    for lot, order_id, quantity in sorted(
        (line.lot_id, order.id, line.quantity) for order in sent for line in order.lines if line.lot_id
    ):
        stock.reserve(
            connection, lot_id=lot, quantity=quantity, order_id=order_id, actor=ctx.actor.name, at=now
        )
    return sent


def _insert(
    ctx: Context, connection: Connection, plan_id: int, sending: _Sending, now: datetime
) -> OrderRecord:
    answer_within = timedelta(milliseconds=ctx.policy.answer_within_ms[sending.kind])
    return orders.insert(
        connection,
        kind=sending.kind,
        legs=sending.legs,
        sent_at=now,
        created_by=ctx.actor.name,
        plan_id=plan_id,
        incident_id=sending.incident_id,
        team_id=sending.team_id,
        vehicle_id=sending.vehicle_id,
        depot_id=sending.depot_id,
        township=sending.township,
        lines=sending.lines,
        answer_by=now + answer_within,
        due_at=now + timedelta(milliseconds=sending.legs.total_ms),
    )


def _sendings(plan: Plan, codes: Mapping[tuple[int, str], str]) -> Iterable[_Sending]:
    yield from (_of_assignment(one, codes[one.incident, one.need]) for one in plan.assignments)
    yield from (_of_shipment(one) for one in plan.shipments)
    yield from (_of_move_up(one) for one in plan.move_ups)


def _of_assignment(one: Assignment, code: str) -> _Sending:
    return _Sending(
        kind=one.kind,
        legs=one.legs,
        incident_id=one.incident,
        team_id=one.team,
        vehicle_id=one.id if one.kind == "vehicle" else None,
        lines=(LineRecord(need=one.need, code=code, quantity=one.amount),),
    )


def _of_shipment(one: Shipment) -> _Sending:
    return _Sending(
        kind="carrier",
        legs=one.legs,
        incident_id=one.incident,
        vehicle_id=one.carrier,
        depot_id=one.depot,
        lines=tuple(
            LineRecord(need=line.need, code=line.item, quantity=line.quantity, lot_id=line.lot)
            for line in one.lines
        ),
    )


def _of_move_up(one: MoveUp) -> _Sending:
    return _Sending(kind="move_up", legs=one.legs, team_id=one.team, township=one.township)


def _seen(ctx: Context, connection: Connection, plan_id: int) -> PlanRecord:
    return _existing(plans.get(connection, plan_id, within=scope.own(ctx.actor)), plan_id)


def _existing(record: PlanRecord | None, plan_id: int) -> PlanRecord:
    if record is None:
        raise NotFoundError("no_such_plan", id=plan_id)
    return record


def _view(connection: Connection, record: PlanRecord) -> PlanView:
    return PlanView(
        **{field.name: getattr(record, field.name) for field in fields(record)},
        units=_units(
            connection, [plan for plan in (record.plan, record.baseline, record.keeping) if plan is not None]
        ),
    )


def _units(connection: Connection, both: Sequence[Plan]) -> Units:
    teams = {one.team for plan in both for one in plan.assignments}
    teams |= {one.team for plan in both for one in plan.move_ups}
    vehicles = {one.id for plan in both for one in plan.assignments if one.kind == "vehicle"}
    vehicles |= {shipment.carrier for plan in both for shipment in plan.shipments}
    depots = {shipment.depot for plan in both for shipment in plan.shipments}
    return Units(
        teams=tuple(_unit(one, one.kind) for one in units.list_teams(connection, teams)),
        vehicles=tuple(_unit(one, one.kind) for one in units.list_vehicles(connection, vehicles)),
        depots=tuple(_unit(one, one.level) for one in units.list_depots(connection, depots)),
    )


def _unit(record: units.TeamRecord | units.VehicleRecord | units.DepotRecord, kind: str) -> Unit:
    return Unit(id=record.id, code=record.code, name=record.name, name_en=record.name_en, kind=kind)


# -- explanations: made again from the stored snapshot ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why each chosen unit, and why not each other one."""

    chosen: tuple[Reason, ...]
    passed_over: tuple[Reason, ...]


def reasons(ctx: Context, plan_id: int) -> Reasons:
    """Tell why the plan sends whom it sends, and why nobody else."""
    record, ground, network = _ground(ctx, plan_id)
    return Reasons(
        chosen=explain.chosen(ground, record.plan),
        passed_over=explain.passed_over(ground, record.plan, network),
    )


def chosen(ctx: Context, plan_id: int) -> tuple[Reason, ...]:
    """Tell why the plan sends whom it sends: the part of `reasons` that stands on every card."""
    record, ground, _ = _ground(ctx, plan_id)
    return explain.chosen(ground, record.plan)


def without(
    ctx: Context, plan_id: int, *, kind: Literal["team", "vehicle", "depot"], unit: int
) -> explain.Alternative:
    """Plan again as if one unit were gone; a vehicle may also be a depot's carrier."""
    record, ground, _ = _ground(ctx, plan_id)
    return explain.without(ground, record.plan, kind, unit, time_limit_s=ctx.settings.plan_time_limit_s)


def reworded(
    ctx: Context, plan_id: int, *, pins: Sequence[Wish], bans: Sequence[Wish]
) -> explain.Alternative:
    """Price other words of the commander, before anything is proposed anew."""
    record, ground, _ = _ground(ctx, plan_id)
    return explain.reworded(ground, record.plan, pins=pins, bans=bans, time_limit_s=ctx.settings.plan_first_s)


def swaps(
    ctx: Context, plan_id: int, *, kind: swapping.SwapKind, unit: int, incident: int
) -> tuple[swapping.Swap, ...]:
    """Tell who could take a unit's place at an incident, and what each would cost; within the time of a first plan."""
    began = time.perf_counter()
    record, ground, _ = _ground(ctx, plan_id)
    left = max(0.0, began + _SWAPS_SHARE * ctx.settings.plan_first_s - time.perf_counter())
    return swapping.swaps(ground, record.plan, kind, unit, incident, time_limit_s=left)


def _ground(ctx: Context, plan_id: int) -> tuple[PlanRecord, Ground, RoadNetwork]:
    """Make again what a plan stood on. Raises ConflictError when the roads were imported anew since."""
    authorise(ctx.actor, "plan.read")
    with ctx.world.read() as connection:
        record = _seen(ctx, connection, plan_id)
        was = plans.snapshot_of(connection, plan_id)
    version, network = ctx.networks.current()
    if record.network_version != version:
        raise ConflictError("roads_changed", id=plan_id)
    was = after(was, record.cancels)
    ground = ground_of(
        replace(was, taken_at=was.taken_at.astimezone(ctx.settings.zone)),
        network,
        hour_factors=ctx.policy.hour_factors,
        hazard_rules=ctx.policy.hazard_rules,
    )
    return record, ground, network
