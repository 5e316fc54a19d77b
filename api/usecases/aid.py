"""Mutual aid: one area asks another for help with an incident, which lends teams and depots, and gets them back.

What is lent may be planned for that incident as if it were own (`data.snapshot`), and by nobody for anything else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from api.security import authorise
from api.usecases import plans
from api.usecases.acting import Done, perform
from data import aid, incidents, journal, locate, orders, units
from data import areas as area_rows
from data.aid import AidRecord
from data.incidents import IncidentRecord
from data.locate import Area
from data.orders import OrderRecord
from gis import areas

_LEVELS: Final = ("county", "township")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """A unit that was lent, by name; the contact is for both sides."""

    kind: str
    id: int
    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AidView(AidRecord):
    """A request with what both sides need to read of it, and what this actor may do with it now."""

    incident: IncidentRecord
    asker: str
    asker_en: str
    giver: str
    giver_en: str
    units: tuple[Lent, ...]
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A unit that the asked area could lend; `total_ms` until it is in effect, None where no plan would send it."""

    kind: str
    id: int
    code: str
    name: str
    name_en: str
    total_ms: int | None


def listing(ctx: Context, *, incident: int | None = None) -> tuple[AidView, ...]:
    """List the requests from and to the actor's area, the newest first; of one incident, the oldest first."""
    authorise(ctx.actor, "aid.read")
    own = scope.own(ctx.actor)
    with ctx.world.read() as connection:
        found = (
            aid.list_all(connection, within=own)
            if incident is None
            else aid.of_incident(connection, incident, within=own)
        )
        return _views(ctx, connection, found)


def get(ctx: Context, aid_id: int) -> AidView:
    """Give one request from or to the actor's area. Raises NotFoundError."""
    authorise(ctx.actor, "aid.read")
    with ctx.world.read() as connection:
        (view,) = _views(ctx, connection, [_seen(ctx, connection, aid_id)])
        return view


def partners(ctx: Context, incident_id: int) -> tuple[Area, ...]:
    """Name the areas that can be asked for help with an incident: of the same level as the one that asks."""
    authorise(ctx.actor, "aid.read")
    with ctx.world.read() as connection:
        record = _incident(ctx, connection, incident_id)
        asking = _asking(ctx, record)
        if asking is None:
            return ()
        listed = area_rows.by_level(connection, areas.level(asking))
        return tuple(area for code, area in listed.items() if code != asking)


def request(ctx: Context, incident_id: int, *, request_id: UUID, to_area: str, text: str) -> AidView:
    """Ask another area for help with an incident that the actor leads.

    Raises ConflictError where it is over or that area was asked and has not ended, InvalidError for an area that
    cannot be asked.
    """

    def do(connection: Connection, now: datetime) -> Done:
        _incident(ctx, connection, incident_id)
        (record,) = incidents.lock(connection, [incident_id])
        scope.check_leads(ctx.actor, record)
        if record.state != "open":
            raise ConflictError("not_in_this_state", id=incident_id, state=record.state, act="aid")
        asking = _asking(ctx, record)
        asked = area_rows.get(connection, to_area)
        if asking is None or asked is None or asked.code == asking or asked.level != areas.level(asking):
            raise InvalidError("no_such_partner", area=to_area)
        earlier = aid.of_incident(connection, incident_id)
        if any(one.to_area == to_area and one.state in {"requested", "granted"} for one in earlier):
            raise ConflictError("asked_already", area=to_area)
        made = aid.insert(
            connection,
            incident_id=incident_id,
            from_area=asking,
            to_area=to_area,
            text=text,
            at=now,
            by=ctx.actor.name,
        )
        return Done(subject="aid", id=made.id, payload={"incident": incident_id, "to": to_area})

    arguments = {"incident": incident_id, "to": to_area, "text": text}
    return get(ctx, perform(ctx, "aid.request", request_id, arguments, do)["id"])


def answer(
    ctx: Context,
    aid_id: int,
    *,
    request_id: UUID,
    grant: bool,
    text: str = "",
    teams: Collection[int] = (),
    depots: Collection[int] = (),
) -> AidView:
    """Grant a request with chosen units of the asked area, or decline it with a reason.

    Raises ConflictError where it was answered or a team is busy or lent, InvalidError for a grant of nothing, a unit of
    somewhere else, or a refusal without a reason.
    """
    if grant and not (teams or depots):
        raise InvalidError("aid_without_units")
    if not grant and not text.strip():
        raise InvalidError("reason_wanted")

    def do(connection: Connection, now: datetime) -> Done:
        record = _locked(ctx, connection, aid_id)
        if not scope.covers(ctx.actor, record.to_area):
            raise NotAllowedError("not_your_command", area=ctx.actor.area)
        if record.state != "requested":
            raise ConflictError("not_in_this_state", id=aid_id, state=record.state, act="answer")
        if grant:
            journal.lock(connection)  # the last lock, taken early: who lends or sends the same team has ended
            _check_units(connection, record, set(teams), set(depots))
        aid.answer(
            connection,
            aid_id=aid_id,
            granted=grant,
            at=now,
            by=ctx.actor.name,
            text=text,
            teams=teams if grant else (),
            depots=depots if grant else (),
        )
        payload = {
            "incident": record.incident_id,
            "granted": grant,
            "reason": text,
            "teams": sorted(teams),
            "depots": sorted(depots),
        }
        return Done(subject="aid", id=aid_id, payload=payload)

    arguments = {
        "aid": aid_id,
        "grant": grant,
        "text": text,
        "teams": sorted(teams),
        "depots": sorted(depots),
    }
    perform(ctx, "aid.answer", request_id, arguments, do)
    return get(ctx, aid_id)


def end(ctx: Context, aid_id: int, *, request_id: UUID) -> AidView:
    """End a request: withdrawn before it was answered, or its units go back to their area.

    Only who asked withdraws; either side ends what was granted, and nobody while a lent unit has an open order for the incident (ConflictError).
    """

    def do(connection: Connection, now: datetime) -> Done:
        record = _locked(ctx, connection, aid_id)
        if record.state not in {"requested", "granted"}:
            raise ConflictError("not_in_this_state", id=aid_id, state=record.state, act="end")
        if record.state == "requested" and not scope.covers(ctx.actor, record.from_area):
            raise NotAllowedError("not_your_command", area=ctx.actor.area)
        busy = busy_with_aid(connection, record)
        if busy:
            raise ConflictError("lent_units_busy", id=aid_id, orders=[one.id for one in busy])
        aid.end(connection, aid_id=aid_id, at=now, by=ctx.actor.name)
        return Done(subject="aid", id=aid_id, payload={"incident": record.incident_id})

    perform(ctx, "aid.end", request_id, {"aid": aid_id}, do)
    return get(ctx, aid_id)


def busy_with_aid(connection: Connection, record: AidRecord) -> list[OrderRecord]:
    """Read the open orders of lent units for the incident that they were lent to."""
    return [
        one
        for one in orders.of_incident(connection, record.incident_id)
        if one.is_open and (one.team_id in record.teams or one.depot_id in record.depots)
    ]


def offers(ctx: Context, aid_id: int) -> tuple[Offer, ...]:
    """List what the asked area could lend, first what its own best plan for the incident would send, by time to effect.

    Raises NotFoundError for a request that is not to the actor's area, UnavailableError without roads.
    """
    authorise(ctx.actor, "aid.read")
    with ctx.world.read() as connection:
        record = _seen(ctx, connection, aid_id)
        if not scope.covers(ctx.actor, record.to_area):
            raise NotFoundError("no_such_aid", id=aid_id)
        digits = areas.prefix(record.to_area)
        teams = units.list_teams(connection, within=digits)
        depots = units.list_depots(connection, within=digits)
        lent = aid.lent(connection)
        busy = {one.team_id for one in orders.open_orders(connection, within=digits)}
    plan = plans.best_of_area(ctx, record.incident_id, record.to_area)
    sent: dict[tuple[str, int], int] = {}
    for assignment in plan.assignments:
        sent["team", assignment.team] = assignment.legs.total_ms
    for shipment in plan.shipments:
        sent["depot", shipment.depot] = max(shipment.legs.total_ms, sent.get(("depot", shipment.depot), 0))
    found = [
        _offer("team", one, sent)
        for one in teams
        if one.status == "on_duty" and one.id not in lent.teams and one.id not in busy
    ]
    found += [_offer("depot", one, sent) for one in depots if one.open]
    return tuple(sorted(found, key=lambda one: (one.total_ms is None, one.total_ms or 0, one.kind, one.code)))


def _offer(
    kind: str, unit: units.TeamRecord | units.DepotRecord, sent: Mapping[tuple[str, int], int]
) -> Offer:
    return Offer(
        kind=kind,
        id=unit.id,
        code=unit.code,
        name=unit.name,
        name_en=unit.name_en,
        total_ms=sent.get((kind, unit.id)),
    )


def _asking(ctx: Context, record: IncidentRecord) -> str | None:
    """Name the area that asks: the actor's own, or for an actor of the whole installation the incident's county."""
    if ctx.actor.area is not None:
        return ctx.actor.area if areas.level(ctx.actor.area) in _LEVELS else None
    return areas.at_level(record.area_code, "county") if record.area_code else None


def _incident(ctx: Context, connection: Connection, incident_id: int) -> IncidentRecord:
    record = incidents.get(connection, incident_id, within=scope.own(ctx.actor))
    if record is None:
        raise NotFoundError("no_such_incident", id=incident_id)
    return record


def _seen(ctx: Context, connection: Connection, aid_id: int) -> AidRecord:
    record = aid.get(connection, aid_id, within=scope.own(ctx.actor))
    if record is None:
        raise NotFoundError("no_such_aid", id=aid_id)
    return record


def _locked(ctx: Context, connection: Connection, aid_id: int) -> AidRecord:
    """Hold the incident, then the request (`data.journal`: step 2)."""
    seen = _seen(ctx, connection, aid_id)
    incidents.lock(connection, [seen.incident_id])
    record = aid.lock(connection, aid_id)
    if record is None:
        raise NotFoundError("no_such_aid", id=aid_id)
    return record


def _check_units(connection: Connection, record: AidRecord, teams: set[int], depots: set[int]) -> None:
    """Raise unless every unit is the asked area's, and no team is busy or lent elsewhere."""
    digits = areas.prefix(record.to_area)
    own = {one.id for one in units.list_teams(connection, teams, within=digits)}
    stores = {one.id for one in units.list_depots(connection, depots, within=digits)}
    strange = sorted((teams - own) | (depots - stores))
    if strange:
        raise InvalidError("not_your_unit", id=strange[0])
    taken = teams & (
        set(aid.lent(connection).teams)
        | {one.team_id for one in orders.open_orders(connection, within=digits) if one.team_id}
    )
    if taken:
        raise ConflictError("team_taken", id=min(taken))


def _views(ctx: Context, connection: Connection, found: Collection[AidRecord]) -> tuple[AidView, ...]:
    named = locate.names_of(connection, {code for one in found for code in (one.from_area, one.to_area)})
    teams = units.list_teams(connection, {unit for one in found for unit in one.teams})
    depots = units.list_depots(connection, {unit for one in found for unit in one.depots})
    lent = {("team", one.id): _lent("team", one) for one in teams}
    lent |= {("depot", one.id): _lent("depot", one) for one in depots}
    its_incidents = incidents.several(connection, {one.incident_id for one in found})
    views = []
    for one in found:
        incident = its_incidents[one.incident_id]
        chosen = [("team", unit) for unit in one.teams] + [("depot", unit) for unit in one.depots]
        views.append(
            AidView(
                **{field.name: getattr(one, field.name) for field in fields(one)},
                incident=replace(incident, reporter_name="", reporter_phone=""),
                asker=named[one.from_area].name,
                asker_en=named[one.from_area].name_en,
                giver=named[one.to_area].name,
                giver_en=named[one.to_area].name_en,
                units=tuple(lent[key] for key in chosen if key in lent),
                acts=_acts(ctx, one),
            )
        )
    return tuple(views)


def _lent(kind: str, unit: units.TeamRecord | units.DepotRecord) -> Lent:
    return Lent(kind=kind, id=unit.id, code=unit.code, name=unit.name, name_en=unit.name_en)


def _acts(ctx: Context, record: AidRecord) -> tuple[str, ...]:
    acts = []
    if record.state == "requested" and scope.covers(ctx.actor, record.to_area):
        acts.append("aid.answer")
    withdraws = record.state == "requested" and scope.covers(ctx.actor, record.from_area)
    if withdraws or record.state == "granted":
        acts.append("aid.end")
    return tuple(act for act in acts if ctx.actor.may(act))
