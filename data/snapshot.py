"""Everything that a decision may look at, read at one moment, and spelled so that the decision can be replayed.

True availability: a team less its open orders, a lot less what is promised or past its date, an incident's card less
what orders bring. Take it in a transaction that sees one moment (REPEATABLE READ), or under the locks of an act.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal

from sqlalchemy import Connection, func, select

from data import aid, closures, hazard_areas, incidents, journal, stock, units
from data.frozen import canonical, decode, encode
from data.incidents import IncidentRecord
from data.stock import LotRecord
from data.tables import OPEN_ORDER_STATES, order_lines, orders
from data.units import DepotRecord, TeamRecord, VehicleRecord
from dispatch import cards, readiness
from dispatch.model import Cover, Depot, Incident, Snapshot, StockLot, Team, UnderWay, Vehicle, Wish
from gis import areas


def take(
    connection: Connection,
    *,
    incident_ids: Collection[int],
    requirement_cards: Mapping[str, cards.Card],
    at: datetime,
    covers: Sequence[Cover] = (),
    pins: Sequence[Wish] = (),
    bans: Sequence[Wish] = (),
    stale_after: timedelta | None = None,
    within: str | None = None,
    under_way: Sequence[UnderWay] = (),
) -> Snapshot:
    """Read the state as it is at `at` for planning these incidents together; those not open are left out.

    `within`: only units of the area of these digits, and those lent to one of the incidents. A unit that is lent goes
    to the incidents that it was lent to and nowhere else (`Snapshot.lent`); lent to others only, its team is committed.

    under_way: orders that a plan made anew may end; they no longer count as brought (`data.under_way.read`). Orders of
    units that are not in the snapshot are left out of it, and count.

    A team counts as stale when its last report is older than `stale_after` (None: never).
    Raises LookupError when an incident's type has no card.
    """
    busy_teams, busy_vehicles = _busy(connection)
    lent = aid.lent(connection)
    wanted = frozenset(incident_ids)
    away = {team for team, to in lent.teams.items() if not to & wanted}
    borrowed = {team for team, to in lent.teams.items() if to & wanted}
    of_team: dict[int, list[Vehicle]] = {}
    of_depot: dict[int, list[Vehicle]] = {}
    for record in units.list_vehicles(connection):
        owned, owner = (
            (of_team, record.team_id) if record.team_id is not None else (of_depot, record.depot_id)
        )
        owned.setdefault(owner or 0, []).append(
            _vehicle(record, busy=record.id in busy_vehicles or record.team_id in away)
        )
    lots: dict[int, list[StockLot]] = {}
    for lot in stock.list_all(connection):
        if lot.free > 0 and _in_date(lot, at.date()):
            lots.setdefault(lot.depot_id, []).append(_lot(lot))
    listed = units.list_depots(connection)
    own_depots = {one.id for one in listed if _at_hand(one.area_code, within)}
    depots = [one for one in listed if one.id in own_depots or lent.depots.get(one.id, frozenset()) & wanted]
    teams = [
        team
        for team in units.list_teams(connection)
        if _at_hand(team.area_code, within) or team.id in borrowed
    ]
    owners = {"carrier": {one.id for one in depots}}
    people = {one.id for one in teams}
    running = tuple(one for one in under_way if one.owner in owners.get(one.kind, people))
    return Snapshot(
        journal=journal.latest(connection),
        taken_at=at,
        incidents=_incidents(connection, incident_ids, requirement_cards, running),
        teams=tuple(
            _team(
                team,
                of_team.get(team.id, ()),
                busy=team.id in busy_teams or team.id in away,
                at=at,
                stale_after=stale_after,
            )
            for team in teams
        ),
        depots=tuple(_depot(depot, lots.get(depot.id, ()), of_depot.get(depot.id, ())) for depot in depots),
        covers=tuple(covers),
        closures=tuple(closure.on_roads() for closure in closures.not_over(connection, at)),
        areas=tuple(area.drawn() for area in hazard_areas.not_over(connection, at)),
        under_way=running,
        pins=tuple(pins),
        bans=tuple(bans),
        lent=(
            *_lent("team", lent.teams, wanted, owned=None),
            *_lent("depot", lent.depots, wanted, owned=own_depots),
        ),
    )


def _at_hand(area_code: str | None, within: str | None) -> bool:
    return within is None or (area_code is not None and area_code.startswith(within))


def _lent(
    kind: Literal["team", "depot"],
    lent: Mapping[int, frozenset[int]],
    wanted: Collection[int],
    *,
    owned: Collection[int] | None,
) -> Iterator[Wish]:
    """Write what is lent to the wanted incidents. A depot's owner goes on using what it lends."""
    for unit, to in sorted(lent.items()):
        if owned is None or unit not in owned:
            yield from (Wish(kind=kind, id=unit, incident=one) for one in sorted(to & set(wanted)))


def spell(snapshot: Snapshot) -> bytes:
    """Spell a snapshot as canonical JSON: equal snapshots give equal bytes."""
    return canonical(encode(snapshot))


def restore(spelled: bytes) -> Snapshot:
    """Make the snapshot again that `spell` wrote, for a replay."""
    return decode(Snapshot, json.loads(spelled))


def ordered(connection: Connection, incident_ids: Collection[int]) -> Mapping[int, Mapping[str, int]]:
    """Add up what orders bring, by incident and need: open and finished ones, not refused or cancelled ones."""
    query = (
        select(orders.c.incident_id, order_lines.c.need, func.sum(order_lines.c.quantity))
        .join(order_lines, order_lines.c.order_id == orders.c.id)
        .where(orders.c.incident_id.in_(incident_ids), orders.c.state.in_((*OPEN_ORDER_STATES, "finished")))
        .group_by(orders.c.incident_id, order_lines.c.need)
    )
    brought: dict[int, dict[str, int]] = {incident: {} for incident in incident_ids}
    for incident, need, quantity in connection.execute(query):
        brought[incident][need] = int(quantity)
    return brought


def _incidents(
    connection: Connection,
    incident_ids: Collection[int],
    requirement_cards: Mapping[str, cards.Card],
    under_way: Sequence[UnderWay],
) -> tuple[Incident, ...]:
    brought = {one: dict(needs) for one, needs in ordered(connection, incident_ids).items()}
    for order in under_way:
        for line in order.lines if order.incident is not None else ():
            brought[order.incident or 0][line.need] -= line.quantity
    return tuple(
        _incident(record, requirement_cards[record.type], brought[record.id])
        for record in incidents.list_open(connection)
        if record.id in brought
    )


def _incident(record: IncidentRecord, card: cards.Card, brought: Mapping[str, int]) -> Incident:
    return Incident(
        id=record.id,
        type=record.type,
        level=record.level,
        position=record.position,
        priority=record.priority,
        radius_m=record.radius_m,
        needs=cards.outstanding(cards.needs(card, record.level), brought),
    )


def _busy(connection: Connection) -> tuple[set[int], set[int]]:
    """Collect the teams whose people, and the vehicles which, have an open order."""
    query = select(orders.c.team_id, orders.c.vehicle_id).where(orders.c.state.in_(OPEN_ORDER_STATES))
    rows = connection.execute(query).all()
    teams = {row.team_id for row in rows if row.vehicle_id is None} - {None}  # a village's order has neither
    return teams, {row.vehicle_id for row in rows if row.vehicle_id is not None}


def _team(
    record: TeamRecord,
    vehicles: Sequence[Vehicle],
    *,
    busy: bool,
    at: datetime,
    stale_after: timedelta | None,
) -> Team:
    team = Team(
        id=record.id,
        position=record.position_now,
        township=_township(record.area_code),
        capabilities=record.capabilities,
        strength=record.strength_now,
        profile=record.profile,
        notify_ms=record.notify_ms,
        assemble_ms=record.assemble_ms,
        consent_ms=record.consent_ms,
        status=_status(record, busy=busy),
        reported_at=record.reported_at,
        vehicles=tuple(vehicles),
    )
    if stale_after is None or team.reported_at is None:
        return team
    return readiness.with_freshness(team, at, stale_after)


def _status(
    record: TeamRecord, *, busy: bool
) -> Literal["available", "committed", "off_duty", "resting", "unavailable"]:
    if record.status != "on_duty":
        return record.status
    return "committed" if busy else "available"


def _depot(record: DepotRecord, lots: Sequence[StockLot], carriers: Sequence[Vehicle]) -> Depot:
    return Depot(
        id=record.id,
        position=record.position,
        notify_ms=record.notify_ms,
        loading_ms=record.loading_ms,
        open=record.open,
        lots=tuple(lots),
        carriers=tuple(carriers),
    )


def _lot(record: LotRecord) -> StockLot:
    return StockLot(
        id=record.id,
        item=record.item,
        quantity=record.free,
        unit_kg=record.unit_kg,
        expires_on=record.expires_on.isoformat() if record.expires_on else None,
        activation_ms=record.activation_ms,
    )


def _in_date(lot: LotRecord, today: date) -> bool:
    """Whether goods may be used, and an agreement called upon: both through their last day."""
    return all(last is None or last >= today for last in (lot.expires_on, lot.contract_ends_on))


def _vehicle(record: VehicleRecord, *, busy: bool) -> Vehicle:
    return Vehicle(
        id=record.id,
        kind=record.kind,
        profile=record.profile,
        load_kg=record.load_kg,
        available=record.in_service and not busy,
    )


@cache
def _township(area_code: str | None) -> str:
    """Name the township that an area lies in; "" where a ledger gave none."""
    return (area_code and areas.at_level(area_code, "township")) or ""
