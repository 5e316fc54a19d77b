"""Snapshot + travel times → Problem: whole numbers in arrays, in one canonical order.

Everything is sorted by id first, so that the same snapshot gives the same arrays however its tuples are ordered.
Rows that cannot be (busy, lacking, unreachable, banned) are simply absent; `dispatch.explain` says why.

Words used here:  a *pair* is (unit, need): a team's people or one vehicle taking one need of one incident;
a *trip* is (carrier, incident, activation): a carrier that waits for lots released within `activation` ms;
a *draw* is (trip, batch, need): how many of one batch a trip brings for one material need;
a *batch* is the stock of one item and unit mass in one depot, over all its lots.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from dispatch.model import (
    Cover,
    Depot,
    Incident,
    Need,
    Reason,
    Snapshot,
    StockLot,
    Team,
    Vehicle,
    Wish,
)
from dispatch.readiness import USABLE_VEHICLE_STATUSES, depot_refusal
from dispatch.times import Flags, Ints, Start, TravelTable, start_of

SHARE = 10_000
"""A need that is wholly missing weighs priority × this, spread evenly over its quantity (rounded to a whole number)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """What the planner sees. Index arrays point into the tables above them; all times are whole milliseconds."""

    incidents: tuple[Incident, ...]
    priority: Ints  # per incident

    needs: tuple[Need, ...]  # flattened, in card order within each incident
    need_incident: Ints
    need_quantity: Ints
    need_weight: Ints  # cost of one missing unit
    need_critical: Flags

    unit_kinds: tuple[str, ...]  # "team" | "vehicle"; teams first, each sorted by id
    unit_ids: Ints
    unit_team: Ints  # row in `teams`
    unit_pin: Ints  # incident row that the unit must go to, or -1

    pair_unit: Ints  # sorted by unit, then need
    pair_need: Ints
    pair_incident: Ints
    pair_amount: Ints
    pair_ms: Ints
    pair_road: Ints
    pair_new: Flags  # False: under way already, and no effort

    carrier_ids: Ints  # sorted by depot id, then carrier id
    carrier_depot: Ints  # row in `depots`
    carrier_load: Ints

    trip_carrier: Ints
    trip_incident: Ints
    trip_activation: Ints
    trip_ms: Ints
    trip_road: Ints
    trip_new: Flags  # False: under way already, and no effort
    trip_pins: tuple[Ints, ...]  # of each of these sets of trips, one must be made

    batch_lots: tuple[tuple[StockLot, ...], ...]  # earliest expiry first
    draw_trip: Ints
    draw_batch: Ints
    draw_need: Ints
    draw_kg: Ints  # mass of one unit
    draw_most: Ints  # no trip can bring more than this

    cover_weight: Ints
    cover_asked: Ints
    cover_before: Ints  # heads within reach before anything is sent
    cover_rows: Ints  # (cover, unit) memberships, as two parallel arrays
    cover_units: Ints
    cover_heads: Ints  # heads of that unit

    teams: tuple[Team, ...]
    depots: tuple[Depot, ...]
    refused: tuple[Reason, ...]  # pins that cannot be

    def __post_init__(self) -> None:
        for column in fields(self):
            value = getattr(self, column.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def n_units(self) -> int:
        return len(self.unit_ids)

    @property
    def n_under_way(self) -> int:
        """How many pairs and trips are under way already."""
        return int((~self.pair_new).sum() + (~self.trip_new).sum())

    @property
    def n_carriers(self) -> int:
        return len(self.carrier_ids)

    @property
    def unit_rank(self) -> Ints:
        """1, 2, … in the order of `unit_ids`; carriers continue the count."""
        return np.arange(1, self.n_units + 1, dtype=np.int64)

    @property
    def carrier_rank(self) -> Ints:
        return np.arange(self.n_units + 1, self.n_units + self.n_carriers + 1, dtype=np.int64)


class _PairColumns(TypedDict):
    unit_pin: Ints
    pair_unit: Ints
    pair_need: Ints
    pair_incident: Ints
    pair_amount: Ints
    pair_ms: Ints
    pair_road: Ints
    pair_new: Flags


class _StockColumns(TypedDict):
    carrier_ids: Ints
    carrier_depot: Ints
    carrier_load: Ints
    trip_carrier: Ints
    trip_incident: Ints
    trip_activation: Ints
    trip_ms: Ints
    trip_road: Ints
    trip_new: Flags
    trip_pins: tuple[Ints, ...]
    batch_lots: tuple[tuple[StockLot, ...], ...]
    draw_trip: Ints
    draw_batch: Ints
    draw_need: Ints
    draw_kg: Ints
    draw_most: Ints


class _CoverColumns(TypedDict):
    cover_weight: Ints
    cover_asked: Ints
    cover_before: Ints
    cover_rows: Ints
    cover_units: Ints
    cover_heads: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The needs of all incidents, with the incident row of each and the travel column of each incident."""

    needs: tuple[Need, ...]
    incident: Ints
    columns: Ints


def ints(values: Iterable[int]) -> Ints:
    """Return a 64-bit integer array."""
    return np.fromiter(values, dtype=np.int64)


def joined(parts: Sequence[Ints]) -> Ints:
    """Return the parts one after another; an empty integer array when there are none."""
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def build(snapshot: Snapshot, travel: TravelTable) -> Problem:
    """Return the whole problem of a snapshot. Cost is linear in units × needs, in numpy."""
    incidents = tuple(sorted(snapshot.incidents, key=lambda i: i.id))
    teams = tuple(sorted(snapshot.teams, key=lambda t: t.id))
    depots = tuple(sorted(snapshot.depots, key=lambda d: d.id))
    needs = tuple(need for incident in incidents for need in incident.needs if need.quantity > 0)
    need_incident = ints(
        row for row, incident in enumerate(incidents) for need in incident.needs if need.quantity > 0
    )
    quantity = ints(need.quantity for need in needs)
    priority = ints(incident.priority for incident in incidents)
    per_unit = np.maximum(1, (SHARE + quantity // 2) // np.maximum(quantity, 1))

    columns = ints(travel.column_of[incident.position] for incident in incidents)
    wishes = _Wishes(snapshot, incidents)

    units = _units(teams, travel.row_of)
    asked = _Asked(needs, need_incident, columns)
    grades = _grades(teams, len(units.ids))
    pairs = _pairs(units, grades, asked, travel, wishes)
    stock = _stock(depots, asked, travel, wishes)
    cover = _cover(snapshot, units, len(teams), grades, travel)
    return Problem(
        incidents=incidents,
        priority=priority,
        needs=needs,
        need_incident=need_incident,
        need_quantity=quantity,
        need_weight=priority[need_incident] * per_unit if needs else quantity,
        need_critical=np.array([need.critical for need in needs], dtype=np.bool_),
        unit_kinds=units.kinds,
        unit_ids=units.ids,
        unit_team=units.team,
        teams=teams,
        depots=depots,
        refused=tuple(wishes.refused),
        **pairs,
        **stock,
        **cover,
    )


def lent_elsewhere(snapshot: Snapshot) -> frozenset[tuple[str, int, int]]:
    """Return (kind, id, incident) for each incident that a lent unit was not lent to. A team lends its vehicles, too."""
    lent: dict[tuple[str, int], set[int | None]] = defaultdict(set)
    for one in snapshot.lent:
        lent[one.kind, one.id].add(one.incident)
    for team in snapshot.teams:
        if ("team", team.id) in lent:
            for vehicle in team.vehicles:
                lent["vehicle", vehicle.id] = lent["team", team.id]
    return frozenset(
        (kind, identity, incident.id)
        for (kind, identity), to in lent.items()
        for incident in snapshot.incidents
        if incident.id not in to
    )


class _Wishes:
    """Pins and bans by incident row; collects the pins that cannot be."""

    def __init__(self, snapshot: Snapshot, incidents: tuple[Incident, ...]) -> None:
        self.row = {incident.id: row for row, incident in enumerate(incidents)}
        self.refused: list[Reason] = []
        self.bans: dict[tuple[str, int], set[int | None]] = defaultdict(set)
        for ban in snapshot.bans:
            self.bans[ban.kind, ban.id].add(ban.incident)
        for kind, identity, incident in lent_elsewhere(snapshot):
            self.bans[kind, identity].add(incident)
        self.pins: dict[tuple[str, int], list[int]] = defaultdict(list)
        order = sorted(
            set(snapshot.pins), key=lambda w: (w.kind, w.id, -1 if w.incident is None else w.incident)
        )
        for pin in order:
            self._take(pin)

    def _take(self, pin: Wish) -> None:
        if pin.incident is None or pin.incident not in self.row:
            self.refuse(pin.kind, pin.id, pin.incident, "pin_incident_not_open")
        elif self.is_banned(pin.kind, pin.id, pin.incident):
            self.refuse(pin.kind, pin.id, pin.incident, "pin_banned")
        elif pin.kind != "depot" and self.pins.get((pin.kind, pin.id)):
            self.refuse(pin.kind, pin.id, pin.incident, "pin_elsewhere")
        else:
            self.pins[pin.kind, pin.id].append(self.row[pin.incident])

    def refuse(self, kind: str, identity: int, incident: int | None, code: str) -> None:
        self.refused.append(Reason(code=code, kind=kind, id=identity, incident=incident))  # type: ignore[arg-type]

    def is_banned(self, kind: str, identity: int, incident: int) -> bool:
        banned = self.bans.get((kind, identity), set())
        return None in banned or incident in banned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Units:
    kinds: tuple[str, ...]
    ids: Ints
    team: Ints
    start: Ints
    fixed_ms: Ints
    usable: Flags
    strength: Ints  # 1 for a vehicle
    vehicle_kinds: NDArray[np.str_]  # "" for a team's people
    row: dict[tuple[str, int], int]


def _units(teams: tuple[Team, ...], row_of_start: Mapping[Start, int]) -> _Units:
    vehicles = sorted(
        ((vehicle, row) for row, team in enumerate(teams) for vehicle in team.vehicles), key=lambda v: v[0].id
    )
    count = len(teams)
    ids = ints([t.id for t in teams] + [v.id for v, _ in vehicles])
    team_fixed = ints(t.notify_ms + t.consent_ms + t.assemble_ms for t in teams)
    vehicle_team = ints(row for _, row in vehicles)
    usable = [t.status == "available" and t.strength > 0 for t in teams]
    usable += [v.available and teams[row].status in USABLE_VEHICLE_STATUSES for v, row in vehicles]
    starts = [row_of_start[start_of(t.position, t.profile)] for t in teams]
    starts += [row_of_start[start_of(teams[row].position, v.profile)] for v, row in vehicles]
    kinds = ("team",) * count + ("vehicle",) * len(vehicles)
    return _Units(
        kinds=kinds,
        ids=ids,
        team=np.concatenate([np.arange(count, dtype=np.int64), vehicle_team]),
        start=ints(starts),
        fixed_ms=np.concatenate([team_fixed, team_fixed[vehicle_team]]),
        usable=np.array(usable, dtype=np.bool_),
        strength=ints([t.strength for t in teams] + [1] * len(vehicles)),
        vehicle_kinds=np.array([""] * count + [v.kind for v, _ in vehicles], dtype=np.str_),
        row={key: row for row, key in enumerate(zip(kinds, ids.tolist(), strict=True))},
    )


def _eligible(need: Need, units: _Units, grades: Mapping[str, Ints]) -> Ints:
    """Rows of usable units that may take a need, wherever it is."""
    if need.kind == "vehicle":
        fits: Flags = units.usable & (units.vehicle_kinds == need.code)
    elif need.kind == "capability" and need.code in grades:
        strong = units.strength >= max(1, need.min_strength)
        fits = units.usable & strong & (grades[need.code] <= need.grade)
    else:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(fits)


def _grades(teams: tuple[Team, ...], n_units: int) -> dict[str, Ints]:
    """Per capability code: the best grade of each unit, a huge number where it has none."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for row, team in enumerate(teams):
        for capability in team.capabilities:
            rows, grades = found.setdefault(capability.code, ([], []))
            rows.append(row)
            grades.append(capability.grade)
    result = {}
    for code, (rows, grades) in found.items():
        best = np.full(n_units, np.iinfo(np.int64).max, dtype=np.int64)
        np.minimum.at(best, rows, grades)
        result[code] = best
    return result


def _pairs(
    units: _Units, grades: Mapping[str, Ints], asked: _Asked, travel: TravelTable, wishes: _Wishes
) -> _PairColumns:
    needs, need_incident, columns = asked.needs, asked.incident, asked.columns
    eligible: dict[tuple[str, str, int, int], Ints] = {}
    found_units, found_needs = [], []
    for row, need in enumerate(needs):
        key = (need.kind, need.code, need.grade, need.min_strength)
        if key not in eligible:
            eligible[key] = _eligible(need, units, grades)
        candidates = eligible[key]
        reachable = travel.road_ms[units.start[candidates], columns[need_incident[row]]] >= 0
        found_units.append(candidates[reachable])
        found_needs.append(np.full(len(found_units[-1]), row, dtype=np.int64))
    unit, need_row = joined(found_units), joined(found_needs)
    pins = _unit_pins(units, unit, need_incident[need_row], wishes)
    keep = ~_banned_pairs(units, unit, need_incident[need_row], wishes)
    keep &= (pins[unit] < 0) | (pins[unit] == need_incident[need_row])
    order = np.lexsort((need_row[keep], unit[keep]))
    unit, need_row = unit[keep][order], need_row[keep][order]
    incident = need_incident[need_row] if len(needs) else need_row
    start, column = units.start[unit], columns[incident] if len(columns) else incident
    road = travel.road_ms[start, column]
    return {
        "unit_pin": pins,
        "pair_unit": unit,
        "pair_need": need_row,
        "pair_incident": incident,
        "pair_amount": units.strength[unit],
        "pair_ms": units.fixed_ms[unit] + road + travel.walk_ms[start, column],
        "pair_road": road,
        "pair_new": np.ones(len(unit), dtype=np.bool_),
    }


def _banned_pairs(units: _Units, unit: Ints, incident: Ints, wishes: _Wishes) -> Flags:
    banned = np.zeros(len(unit), dtype=np.bool_)
    for key, places in wishes.bans.items():
        row = units.row.get(key)
        if row is None:
            continue
        if None in places:
            banned |= unit == row
        else:
            rows = [wishes.row[place] for place in places if place in wishes.row]
            banned |= (unit == row) & np.isin(incident, rows)
    return banned


def _unit_pins(units: _Units, unit: Ints, incident: Ints, wishes: _Wishes) -> Ints:
    """Return the incident row that each unit is pinned to, or -1. A pin with no possible pair is refused."""
    pins = np.full(len(units.ids), -1, dtype=np.int64)
    for (kind, identity), rows in list(wishes.pins.items()):
        row = units.row.get((kind, identity))
        if row is None:
            continue  # a depot's or carrier's pin, or nobody's: see _trip_pins
        if np.any((unit == row) & (incident == rows[0])):
            pins[row] = rows[0]
        else:
            place = next(identity for identity, r in wishes.row.items() if r == rows[0])
            wishes.refuse(kind, identity, place, "pin_not_possible")
        del wishes.pins[kind, identity]
    return pins


def _stock(depots: tuple[Depot, ...], asked: _Asked, travel: TravelTable, wishes: _Wishes) -> _StockColumns:
    carriers = [
        (vehicle, row)
        for row, depot in enumerate(depots)
        for vehicle in sorted(depot.carriers, key=lambda v: v.id)
    ]
    batches: list[tuple[StockLot, ...]] = []
    trips: list[_Trip] = []
    draws: list[_Draw] = []
    for depot_row, depot in enumerate(depots):
        if depot_refusal(depot) is None:
            by_item = _batches_of(depot, batches)
            mine = [(row, vehicle) for row, (vehicle, at) in enumerate(carriers) if at == depot_row]
            _add_trips(
                trips,
                draws,
                depot,
                mine,
                by_item=by_item,
                batches=batches,
                asked=asked,
                travel=travel,
                wishes=wishes,
            )
    trip_table = np.array(trips, dtype=np.int64).reshape(-1, 5).T
    draw_table = np.array(draws, dtype=np.int64).reshape(-1, 5).T
    pins = _trip_pins(
        depots, carriers, trip_table, draw_table, batches=batches, needs=asked.needs, wishes=wishes
    )
    return {
        "carrier_ids": ints(vehicle.id for vehicle, _ in carriers),
        "carrier_depot": ints(row for _, row in carriers),
        "carrier_load": ints(vehicle.load_kg for vehicle, _ in carriers),
        "trip_carrier": trip_table[0].copy(),
        "trip_incident": trip_table[1].copy(),
        "trip_activation": trip_table[2].copy(),
        "trip_ms": trip_table[3].copy(),
        "trip_road": trip_table[4].copy(),
        "trip_new": np.ones(trip_table.shape[1], dtype=np.bool_),
        "trip_pins": pins,
        "batch_lots": tuple(batches),
        "draw_trip": draw_table[0].copy(),
        "draw_batch": draw_table[1].copy(),
        "draw_need": draw_table[2].copy(),
        "draw_kg": draw_table[3].copy(),
        "draw_most": draw_table[4].copy(),
    }


_Trip = tuple[int, int, int, int, int]
"""(carrier row, incident row, activation, ms, road ms)"""
_Draw = tuple[int, int, int, int, int]
"""(trip row, batch, need row, unit mass, most units)"""


def _add_trips(
    trips: list[_Trip],
    draws: list[_Draw],
    depot: Depot,
    carriers: list[tuple[int, Vehicle]],
    *,
    by_item: Mapping[str, list[int]],
    batches: list[tuple[StockLot, ...]],
    asked: _Asked,
    travel: TravelTable,
    wishes: _Wishes,
) -> None:
    """Append every useful trip of one depot, and what each can bring."""
    for incident_row in np.unique(asked.incident).tolist():
        place = _incident_id(wishes, incident_row)
        if wishes.is_banned("depot", depot.id, place):
            continue
        wanted = [
            (row, batch)
            for row in np.flatnonzero(asked.incident == incident_row).tolist()
            if asked.needs[row].kind == "material"
            for batch in by_item.get(asked.needs[row].code, ())
        ]
        delays = sorted({lot.activation_ms for _, batch in wanted for lot in batches[batch]})
        for carrier_row, carrier in carriers if wanted else ():
            cell = (
                travel.row_of[start_of(depot.position, carrier.profile)],
                int(asked.columns[incident_row]),
            )
            road, walk = int(travel.road_ms[cell]), int(travel.walk_ms[cell])
            if road < 0 or not carrier.available or wishes.is_banned("vehicle", carrier.id, place):
                continue
            for delay in delays:
                loaded = [
                    (len(trips), batch, row, kg, most)
                    for row, batch in wanted
                    for kg, most in [_most(batches[batch], delay, asked.needs[row].quantity, carrier.load_kg)]
                    if most > 0
                ]
                if loaded:
                    total = depot.notify_ms + delay + depot.loading_ms + road + walk
                    trips.append((carrier_row, incident_row, delay, total, road))
                    draws.extend(loaded)


def _incident_id(wishes: _Wishes, row: int) -> int:
    return list(wishes.row)[row]


def _batches_of(depot: Depot, batches: list[tuple[StockLot, ...]]) -> dict[str, list[int]]:
    """Add the depot's batches to `batches`; item code → their rows."""
    groups: dict[tuple[str, int], list[StockLot]] = defaultdict(list)
    for lot in depot.lots:
        if lot.quantity > 0:
            groups[lot.item, lot.unit_kg].append(lot)
    by_item: dict[str, list[int]] = defaultdict(list)
    for (item, _), lots in sorted(groups.items()):
        by_item[item].append(len(batches))
        batches.append(tuple(sorted(lots, key=leaving_order)))
    return by_item


def leaving_order(lot: StockLot) -> tuple[bool, str, int, int]:
    """Earliest expiry first, no expiry last; then own stock before agreement stock, then id."""
    return (lot.expires_on is None, lot.expires_on or "", lot.activation_ms, lot.id)


def _most(lots: tuple[StockLot, ...], delay: int, quantity: int, load_kg: int) -> tuple[int, int]:
    """Return (unit mass, most units) that one trip can bring from a batch for a need."""
    kg = lots[0].unit_kg
    most = min(quantity, sum(lot.quantity for lot in lots if lot.activation_ms <= delay))
    return kg, min(most, load_kg // kg) if kg else most


def _trip_pins(
    depots: tuple[Depot, ...],
    carriers: list[tuple[Vehicle, int]],
    trips: Ints,
    draws: Ints,
    *,
    batches: list[tuple[StockLot, ...]],
    needs: tuple[Need, ...],
    wishes: _Wishes,
) -> tuple[Ints, ...]:
    """Return sets of trips of which one must be made. A pin is taken while one unit for each can still be brought."""
    depot_row = {depot.id: row for row, depot in enumerate(depots)}
    carrier_row = {vehicle.id: row for row, (vehicle, _) in enumerate(carriers)}
    depot_of = ints(row for _, row in carriers)
    taken: list[Ints] = []
    for (kind, identity), rows in wishes.pins.items():
        for incident in rows:
            if kind == "depot" and identity in depot_row:
                mine = depot_of[trips[0]] == depot_row[identity]
            elif kind == "vehicle" and identity in carrier_row:
                mine = trips[0] == carrier_row[identity]
            else:
                mine = np.zeros(trips.shape[1], dtype=np.bool_)
            choice = np.flatnonzero(mine & (trips[1] == incident))
            if len(choice) and _bring_one_each([*taken, choice], trips, draws, batches, needs):
                taken.append(choice)
            else:
                wishes.refuse(kind, identity, _incident_id(wishes, incident), "pin_not_possible")
    return tuple(taken)


def _bring_one_each(
    pins: Sequence[Ints],
    trips: Ints,
    draws: Ints,
    batches: list[tuple[StockLot, ...]],
    needs: tuple[Need, ...],
) -> bool:
    """Whether each pin can have its own carrier, unit of stock and place in a need (depth-first, pins are few)."""
    carriers: set[int] = set()
    stock: dict[int, list[int]] = defaultdict(list)
    brought: dict[int, int] = defaultdict(int)

    def fits(batch: int, delay: int) -> bool:
        delays = sorted([*stock[batch], delay])
        return all(
            sum(d <= limit for d in delays)
            <= sum(lot.quantity for lot in batches[batch] if lot.activation_ms <= limit)
            for limit in delays
        )

    def place(index: int) -> bool:
        if index == len(pins):
            return True
        for draw in np.flatnonzero(np.isin(draws[0], pins[index])).tolist():
            trip, batch, need = (int(draws[row, draw]) for row in range(3))
            carrier, delay = int(trips[0, trip]), int(trips[2, trip])
            if carrier in carriers or brought[need] >= needs[need].quantity or not fits(batch, delay):
                continue
            carriers.add(carrier)
            stock[batch].append(delay)
            brought[need] += 1
            if place(index + 1):
                return True
            carriers.discard(carrier)
            stock[batch].remove(delay)
            brought[need] -= 1
        return False

    return place(0)


def _cover(
    snapshot: Snapshot,
    units: _Units,
    n_teams: int,
    grades: Mapping[str, Ints],
    travel: TravelTable,
) -> _CoverColumns:
    """Which idle teams keep each cover row: those that can drive (and walk) there in time."""
    covers = sorted_covers(snapshot)
    lent = {one.id for one in snapshot.lent if one.kind == "team"}
    own = np.array([identity not in lent for identity in units.ids[:n_teams].tolist()], dtype=np.bool_)
    idle = units.usable[:n_teams] & own
    starts = units.start[:n_teams]
    rows, members = [], []
    for row, cover in enumerate(covers):
        column = travel.column_of[cover.position]
        road, walk = travel.road_ms[starts, column], travel.walk_ms[starts, column]
        able = (
            grades[cover.code][:n_teams] < np.iinfo(np.int64).max
            if cover.code in grades
            else np.zeros_like(idle)
        )
        members.append(np.flatnonzero(idle & able & (road >= 0) & (road + walk <= cover.within_ms)))
        rows.append(np.full(len(members[-1]), row, dtype=np.int64))
    cover_rows, cover_units = joined(rows), joined(members)
    heads = units.strength[cover_units]
    return {
        "cover_weight": ints(cover.weight for cover in covers),
        "cover_asked": ints(cover.heads for cover in covers),
        "cover_before": np.bincount(cover_rows, weights=heads, minlength=len(covers)).astype(np.int64),
        "cover_rows": cover_rows,
        "cover_units": cover_units,
        "cover_heads": heads,
    }


def sorted_covers(snapshot: Snapshot) -> list[Cover]:
    """Return the cover rows in the order of the problem's arrays."""
    return sorted(
        snapshot.covers, key=lambda c: (c.township, c.code, c.position, c.within_ms, c.heads, c.weight)
    )
