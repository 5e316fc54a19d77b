"""Records → the documents that the API answers with; the command line prints the same."""

from collections.abc import Sequence
from dataclasses import asdict

from api.context import Context
from api.http import geojson
from api.http.models import (
    Account,
    Closure,
    CutOff,
    Depot,
    Effect,
    HazardArea,
    Incident,
    Legs,
    Lot,
    Order,
    OrderLine,
    Plan,
    Reasons,
    RoadUnder,
    Swap,
    Team,
    TierChange,
    Vehicle,
    Without,
)
from api.usecases import accounts, incidents, orders, plans
from api.usecases.effects import Effect as FoundEffect
from data.closures import ClosureRecord
from data.hazard_areas import HazardAreaRecord
from data.orders import OrderRecord
from data.stock import LotRecord
from data.units import DepotRecord, TeamRecord, VehicleRecord
from dispatch import swaps
from dispatch.explain import Alternative


def incident(standing: incidents.Standing) -> Incident:
    """Write an incident."""
    return Incident.model_validate(standing)


def plan(view: plans.PlanView) -> Plan:
    """Write a plan."""
    return Plan.model_validate(view)


def closure(record: ClosureRecord) -> Closure:
    """Write a closure."""
    return Closure.model_validate({**asdict(record), "geometry": geojson.outline(record.geometry)})


def hazard(record: HazardAreaRecord) -> HazardArea:
    """Write a danger area."""
    return HazardArea.model_validate({**asdict(record), "geometry": geojson.outline(record.geometry)})


def effect(found: FoundEffect) -> Effect:
    """Write what a closure or danger area does."""
    return Effect(
        at=found.at,
        vehicle=found.vehicle,
        roads=[RoadUnder.model_validate(road) for road in found.roads],
        people=found.people,
        cut_off=[
            CutOff(
                kind=one.served.kind,
                id=one.served.id,
                code=one.code,
                name=one.name,
                name_en=one.name_en,
                people=one.served.people,
            )
            for one in found.cut_off
        ],
        orders=[one.id for one in found.orders],
        incidents=list(found.incidents),
    )


def order(context: Context, record: OrderRecord) -> Order:
    """Write an order for this actor: with the acts that are possible for them now."""
    return orders_of(context, [record])[0]


def orders_of(context: Context, records: Sequence[OrderRecord]) -> list[Order]:
    """Write several orders for this actor."""
    acts = orders.possible_acts(context, records)
    return [_order(context, record, acts[record.id]) for record in records]


def _order(context: Context, record: OrderRecord, acts: Sequence[str]) -> Order:
    return Order(
        id=record.id,
        plan_id=record.plan_id,
        kind=record.kind,
        incident_id=record.incident_id,
        team_id=record.team_id,
        vehicle_id=record.vehicle_id,
        depot_id=record.depot_id,
        township=record.township,
        village=record.village,
        state=record.state,
        legs=Legs.model_validate(record.legs),
        lines=[OrderLine.model_validate(line) for line in record.lines],
        sent_at=record.sent_at,
        answer_by=record.answer_by,
        due_at=record.due_at,
        acknowledged_at=record.acknowledged_at,
        departed_at=record.departed_at,
        arrived_at=record.arrived_at,
        finished_at=record.finished_at,
        refused_at=record.refused_at,
        cancelled_at=record.cancelled_at,
        reason=record.reason,
        overdue=orders.overdue(context, record),
        acts=list(acts),
    )


def reasons(found: plans.Reasons) -> Reasons:
    """Write why."""
    return Reasons.model_validate(found)


def without(found: Alternative) -> Without:
    """Write what if a unit were gone."""
    return Without.model_validate(found)


def swap(found: swaps.Swap) -> Swap:
    """Write what a swap would cost."""
    one, other = found.candidate, found.alternative
    changes = None if other is None else [TierChange.model_validate(change) for change in other.changes]
    return Swap(kind=one.kind, id=one.id, total_ms=one.total_ms, changes=changes)


def team(record: TeamRecord) -> Team:
    """Write a team."""
    return Team.model_validate(record)


def vehicle(record: VehicleRecord) -> Vehicle:
    """Write a vehicle."""
    return Vehicle.model_validate(record)


def depot(record: DepotRecord) -> Depot:
    """Write a depot."""
    return Depot.model_validate(record)


def lot(record: LotRecord) -> Lot:
    """Write a stock lot."""
    return Lot.model_validate(record)


def account(found: accounts.Account) -> Account:
    """Write an account."""
    return Account.model_validate(found)
