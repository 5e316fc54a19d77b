"""What has changed under a plan since its snapshot: everything that the plan rests on, compared with how it is now.

A plan that needs a unit, a lot or an incident as it was must not become orders when that is no longer so. More stock
than planned, an idle team elsewhere, or a road opened again do not stand in a plan's way.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import hypot
from typing import Any, Literal

from dispatch.hazards import barred, drawn
from dispatch.model import Depot, Plan, Position, Snapshot, StockLot, Team, UnitRoute, Vehicle
from dispatch.readiness import USABLE_VEHICLE_STATUSES
from gis.crs import metres_per_degree
from gis.network import RoadNetwork

ChangedKind = Literal["incident", "team", "vehicle", "depot", "carrier", "lot", "closure", "hazard", "order"]
GONE = "gone"
MOVED_M = 300.0
"""A team that is so near to where the plan took it has not moved: a tracker's fix wanders, and 300 m are half a minute
by road. Beyond it the times of the plan no longer hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as the plan took it. `field` is what differs: "gone" when it is no longer there."""

    kind: ChangedKind
    id: int
    field: str
    was: int | str | None = None
    now: int | str | None = None


def changes(plan: Plan, was: Snapshot, now: Snapshot) -> tuple[Change, ...]:
    """List what the plan rests on that differs between two snapshots, sorted by kind and id. Roads are not looked at."""
    found = [
        *_incidents(was, now),
        *_teams(plan, was, now),
        *_vehicles(plan, was, now),
        *_depots(plan, was, now),
    ]
    return tuple(sorted(found, key=lambda change: (change.kind, change.id, change.field)))


def _incidents(was: Snapshot, now: Snapshot) -> Iterator[Change]:
    standing = {incident.id: incident for incident in now.incidents}
    for before in was.incidents:
        after = standing.get(before.id)
        if after is None:
            yield Change(kind="incident", id=before.id, field=GONE)
            continue
        yield from _compare("incident", before, after, ("type", "level", "priority", "radius_m"))
        if before.position != after.position:
            yield Change(kind="incident", id=before.id, field="position")
        if before.needs != after.needs:
            yield Change(kind="incident", id=before.id, field="needs")


def _teams(plan: Plan, was: Snapshot, now: Snapshot) -> Iterator[Change]:
    used = {one.id for one in plan.assignments if one.kind == "team"} | {move.team for move in plan.move_ups}
    owners = {one.team for one in plan.assignments if one.kind == "vehicle"}
    before, after = _by_id(was.teams), _by_id(now.teams)
    for team in sorted(used | owners):
        if team not in after:
            yield Change(kind="team", id=team, field=GONE)
            continue
        yield from _compare_team(before[team], after[team], sends_people=team in used)


def _compare_team(before: Team, after: Team, *, sends_people: bool) -> Iterator[Change]:
    yield from _compare("team", before, after, ("notify_ms", "assemble_ms", "consent_ms"))
    if apart_m(before.position, after.position) > MOVED_M:
        yield Change(kind="team", id=before.id, field="position")
    if not sends_people:
        if after.status not in USABLE_VEHICLE_STATUSES:
            yield from _compare("team", before, after, ("status",))
    else:
        yield from _compare("team", before, after, ("status", "strength"))
        if before.capabilities != after.capabilities:
            yield Change(kind="team", id=before.id, field="capabilities")
        if before.profile != after.profile:
            yield Change(kind="team", id=before.id, field="profile")


def _vehicles(plan: Plan, was: Snapshot, now: Snapshot) -> Iterator[Change]:
    vehicles = {one.id for one in plan.assignments if one.kind == "vehicle"}
    yield from _compare_vehicles("vehicle", vehicles, _vehicles_of(was.teams), _vehicles_of(now.teams))
    carriers = {shipment.carrier for shipment in plan.shipments}
    yield from _compare_vehicles("carrier", carriers, _carriers_of(was.depots), _carriers_of(now.depots))


def _compare_vehicles(
    kind: ChangedKind, used: Iterable[int], before: Mapping[int, Vehicle], after: Mapping[int, Vehicle]
) -> Iterator[Change]:
    for vehicle in sorted(used):
        if vehicle not in after:
            yield Change(kind=kind, id=vehicle, field=GONE)
            continue
        yield from _compare(kind, before[vehicle], after[vehicle], ("kind", "load_kg", "available"))
        if before[vehicle].profile != after[vehicle].profile:
            yield Change(kind=kind, id=vehicle, field="profile")


def _depots(plan: Plan, was: Snapshot, now: Snapshot) -> Iterator[Change]:
    before, after = _by_id(was.depots), _by_id(now.depots)
    for depot in sorted({shipment.depot for shipment in plan.shipments}):
        if depot not in after:
            yield Change(kind="depot", id=depot, field=GONE)
            continue
        yield from _compare("depot", before[depot], after[depot], ("open", "notify_ms", "loading_ms"))
    yield from _lots(plan, _lots_of(was.depots), _lots_of(now.depots))


def _lots(plan: Plan, before: Mapping[int, StockLot], after: Mapping[int, StockLot]) -> Iterator[Change]:
    asked: dict[int, int] = {}
    for shipment in plan.shipments:
        for line in shipment.lines:
            asked[line.lot] = asked.get(line.lot, 0) + line.quantity
    for lot, quantity in sorted(asked.items()):
        free = after[lot].quantity if lot in after else 0
        if free < quantity:
            yield Change(kind="lot", id=lot, field="quantity", was=before[lot].quantity, now=free)
        elif after[lot].activation_ms != before[lot].activation_ms:
            yield from _compare("lot", before[lot], after[lot], ("activation_ms",))


def _compare(kind: ChangedKind, before: Any, after: Any, fields: Iterable[str]) -> Iterator[Change]:
    for field in fields:
        was, now = getattr(before, field), getattr(after, field)
        if was != now:
            yield Change(kind=kind, id=before.id, field=field, was=was, now=now)


def order_changes(ended: Iterable[int], was: Snapshot, now: Snapshot) -> tuple[Change, ...]:
    """List the orders that a plan ends and that are no longer as it took them: answered, arrived, over."""
    before = {one.order: one for one in was.under_way}
    after = {one.order: one for one in now.under_way}
    found: list[Change] = []
    for order in sorted(ended):
        if order not in after:
            found.append(Change(kind="order", id=order, field="state", was=before[order].state))
        elif after[order].state != before[order].state:
            found.append(
                Change(kind="order", id=order, field="state", was=before[order].state, now=after[order].state)
            )
    return tuple(found)


def apart_m(one: Position, other: Position) -> float:
    """Return the metres between two positions, as the crow flies; good for short distances."""
    east, north = (float(m) for m in metres_per_degree((one[1] + other[1]) / 2))
    return hypot((one[0] - other[0]) * east, (one[1] - other[1]) * north)


def _by_id(records: Iterable[Any]) -> dict[int, Any]:
    return {record.id: record for record in records}


def _vehicles_of(teams: Iterable[Team]) -> dict[int, Vehicle]:
    return {vehicle.id: vehicle for team in teams for vehicle in team.vehicles}


def _carriers_of(depots: Iterable[Depot]) -> dict[int, Vehicle]:
    return {carrier.id: carrier for depot in depots for carrier in depot.carriers}


def _lots_of(depots: Iterable[Depot]) -> dict[int, StockLot]:
    return {lot.id: lot for depot in depots for lot in depot.lots}


def road_changes(
    was: Snapshot, now: Snapshot, routes: Iterable[UnitRoute], network: RoadNetwork
) -> tuple[Change, ...]:
    """List closures, slow-downs and hazard areas that came into effect since a snapshot and lie on its plan's routes."""
    before = {closure.id for closure in was.closures if closure.in_effect(was.taken_at)}
    new = [one for one in now.closures if one.in_effect(now.taken_at) and one.id not in before]
    driven = sorted({edge for route in routes for edge in route.edges})
    places = set(network.places_of(driven).tolist()) if driven else set()
    closed = tuple(
        Change(kind="closure", id=closure.id, field="new")
        for closure in sorted(new, key=lambda closure: closure.id)
        if places & network.overlay([closure]).entries.keys()
    )
    known = {zone.area for zone in drawn(was.areas, was.taken_at)}
    return closed + tuple(
        Change(kind="hazard", id=zone.area or 0, field="new")
        for zone in drawn(now.areas, now.taken_at)
        if zone.area not in known and places & network.overlay(zones=barred([zone])).entries.keys()
    )
