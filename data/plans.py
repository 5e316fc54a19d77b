"""Plans with their proof, and the snapshot that each was made from: any decision can be replayed."""

import hashlib
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from data import reach
from data import snapshot as snapshots
from data.frozen import decode, encode
from data.tables import plans
from dispatch.model import HazardZone, Plan, Snapshot, UnitRoute, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A stored plan beside its baseline, nearest first. `journal` is the number that its snapshot was taken at.

    `network_version` names the roads that the routes run on.
    """

    id: int
    incident_ids: tuple[int, ...]
    state: Literal["proposed", "confirmed"]
    plan: Plan
    baseline: Plan | None
    routes: tuple[UnitRoute, ...]
    zones: tuple[HazardZone, ...]
    pins: tuple[Wish, ...]
    bans: tuple[Wish, ...]
    cancels: tuple[int, ...]  # orders that it ends
    keeping: Plan | None  # of a plan made anew: the best that ends none of them
    journal: int
    snapshot_sha256: bytes
    network_version: int | None
    solver: str
    created_at: datetime
    created_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None


class SnapshotChangedError(Exception):
    """A stored snapshot no longer has the hash that it was stored with."""


def insert(
    connection: Connection,
    *,
    incident_ids: Collection[int],
    snapshot: Snapshot,
    plan: Plan,
    created_at: datetime,
    created_by: str,
    baseline: Plan | None = None,
    routes: Sequence[UnitRoute] = (),
    zones: Sequence[HazardZone] = (),
    network_version: int | None = None,
    cancels: Collection[int] = (),
    keeping: Plan | None = None,
) -> PlanRecord:
    """Store a proposed plan with all that it was made from."""
    spelled = snapshots.spell(snapshot)
    statement = plans.insert().values(
        incident_ids=sorted(incident_ids),
        plan=encode(plan),
        baseline=encode(baseline),
        routes=encode(tuple(routes)),
        zones=encode(tuple(zones)),
        pins=encode(snapshot.pins),
        bans=encode(snapshot.bans),
        cancels=sorted(cancels),
        keeping=encode(keeping),
        journal=snapshot.journal,
        snapshot=zlib.compress(spelled),
        snapshot_sha256=hashlib.sha256(spelled).digest(),
        network_version=network_version,
        solver=plan.solver,
        created_at=created_at,
        created_by=created_by,
    )
    return _record(connection.execute(statement.returning(*_COLUMNS)).one())


def get(connection: Connection, plan_id: int, *, within: str | None = None) -> PlanRecord | None:
    """Read one plan; None when there is none, or none that is of the area of digits `within` alone."""
    query = select(*_COLUMNS).where(plans.c.id == plan_id)
    if within is not None:
        query = query.where(reach.plan(within))
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoutes:
    """The ways of a plan's units, and the roads that they run on."""

    network_version: int | None
    by_unit: Mapping[tuple[str, int], UnitRoute]

    def of(self, kind: str, unit: int | None) -> UnitRoute | None:
        """Return the way of one unit; None where it has none."""
        return self.by_unit.get((kind, unit or 0))


def routes_of(connection: Connection, plan_ids: Collection[int]) -> Mapping[int, PlannedRoutes]:
    """Read the ways of several plans at once, by plan, and nothing else of them: the rest is large."""
    query = select(plans.c.id, plans.c.network_version, plans.c.routes).where(plans.c.id.in_(plan_ids))
    found = {}
    for row in connection.execute(query) if plan_ids else ():
        routes = [decode(UnitRoute, route) for route in row.routes]
        found[row.id] = PlannedRoutes(
            network_version=row.network_version, by_unit={(one.kind, one.id): one for one in routes}
        )
    return found


def lock(connection: Connection, plan_id: int) -> PlanRecord | None:
    """Read one plan and hold it until the transaction ends (`data.journal`: step 3)."""
    query = select(*_COLUMNS).where(plans.c.id == plan_id).with_for_update(key_share=True)
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


def of_incident(
    connection: Connection, incident_id: int, *, within: str | None = None
) -> tuple[PlanRecord, ...]:
    """Read the plans for an incident, alone or with others, the newest first; only those of the area of digits `within`."""
    query = select(*_COLUMNS).where(plans.c.incident_ids.contains([incident_id])).order_by(plans.c.id.desc())
    if within is not None:
        query = query.where(reach.plan(within))
    return tuple(_record(row) for row in connection.execute(query))


def snapshot_of(connection: Connection, plan_id: int) -> Snapshot:
    """Make again the snapshot that a plan was made from. Raises LookupError, SnapshotChangedError."""
    query = select(plans.c.snapshot, plans.c.snapshot_sha256).where(plans.c.id == plan_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise LookupError(f"no plan {plan_id}")
    spelled = zlib.decompress(row.snapshot)
    if hashlib.sha256(spelled).digest() != bytes(row.snapshot_sha256):
        raise SnapshotChangedError(f"the snapshot of plan {plan_id} was changed")
    return snapshots.restore(spelled)


def set_proof(connection: Connection, *, plan_id: int, plan: Plan) -> PlanRecord | None:
    """Keep better bounds of a proposed plan that sends whom it sent; None when there is none or it is confirmed."""
    row = connection.execute(
        plans.update()
        .where(plans.c.id == plan_id, plans.c.state == "proposed")
        .values(plan=encode(plan), solver=plan.solver)
        .returning(*_COLUMNS)
    ).one_or_none()
    return _record(row) if row else None


def confirm(
    connection: Connection, *, plan_id: int, confirmed_at: datetime, confirmed_by: str
) -> PlanRecord | None:
    """Mark a proposed plan as confirmed; None when there is none or it was confirmed before."""
    row = connection.execute(
        plans.update()
        .where(plans.c.id == plan_id, plans.c.state == "proposed")
        .values(state="confirmed", confirmed_at=confirmed_at, confirmed_by=confirmed_by)
        .returning(*_COLUMNS)
    ).one_or_none()
    return _record(row) if row else None


_COLUMNS = tuple(column for column in plans.columns if column.name != "snapshot")
"""Everything but the snapshot, which is large and rarely asked for."""


def _record(row: Row[Any]) -> PlanRecord:
    return PlanRecord(
        id=row.id,
        incident_ids=tuple(row.incident_ids),
        state=row.state,
        plan=decode(Plan, row.plan),
        baseline=None if row.baseline is None else decode(Plan, row.baseline),
        routes=tuple(decode(UnitRoute, route) for route in row.routes),
        zones=tuple(decode(HazardZone, zone) for zone in row.zones),
        pins=tuple(decode(Wish, wish) for wish in row.pins),
        bans=tuple(decode(Wish, wish) for wish in row.bans),
        cancels=tuple(row.cancels),
        keeping=None if row.keeping is None else decode(Plan, row.keeping),
        journal=row.journal,
        snapshot_sha256=bytes(row.snapshot_sha256),
        network_version=row.network_version,
        solver=row.solver,
        created_at=row.created_at,
        created_by=row.created_by,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by,
    )
