"""Incidents: reported by a position, a village, a grid cell or a place; what is learnt later; their level; their end."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases import orders as order_acts
from api.usecases.acting import Done, perform
from api.usecases.personal import masked_name, masked_phone
from data import incidents, journal, locate, orders, snapshot, stock
from data.incidents import IncidentRecord, SentReport
from data.locate import FoundKind
from dispatch import cards, lifecycle
from dispatch.lifecycle import IncidentAct, IncidentStanding, IncidentState, Refusal
from dispatch.model import Need, Position

_ON_INCIDENT: Final = (
    "incident.edit",
    "incident.send_report",
    "incident.change_level",
    "incident.escalate",
    "order.call_village",
    "incident.close",
    "incident.cancel",
    "plan.propose",
    "plan.replan",
    "plan.confirm",
    "plan.withdraw",
    "aid.request",
)
"""Acts that only who leads an incident may do with it."""

_KINDS: Final[Mapping[str, tuple[FoundKind, ...]]] = {
    "village": ("village",),
    "grid": ("grid",),
    "place": ("area", "village", "grid", "place"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A report that is owed. `sent`: the first answers the clock, the others are follow-ups.

    `verified`: whether the deadline stands in a public text.
    """

    code: str
    due_at: datetime
    verified: bool
    sent: tuple[SentReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(IncidentRecord):
    """An incident with what its card asks for at its level, and what orders do not bring yet.

    `clocks`: the reports that it owes, whose deadlines count from the report of the incident.
    """

    asked: tuple[Need, ...]
    outstanding: tuple[Need, ...]
    clocks: tuple["Clock", ...]


def report(
    ctx: Context,
    *,
    request_id: UUID,
    type: str,  # noqa: A002 - the domain's word
    level: int,
    position: Position | None = None,
    village: str | None = None,
    grid: str | None = None,
    place: str | None = None,
    radius_m: int = 0,
    priority: int | None = None,
    name: str = "",
    description: str = "",
    details: Mapping[str, Any] | None = None,
    reporter_name: str = "",
    reporter_phone: str = "",
) -> Standing:
    """Report an incident. Exactly one of position, village, grid and place says where; a code or an exact name.

    `place` takes the code or name of anything that has a position: an area, a village, a grid cell, a place.

    A township reports in its own area and leads what it reported until it escalates.

    Raises InvalidError for an unknown type or level, and for words that name no place or more than one,
    NotAllowedError for a place outside the actor's area.
    """
    if type not in ctx.policy.incident_types:
        raise InvalidError("unknown_incident_type", type=type)
    where = {"position": position, "village": village, "grid": grid, "place": place}
    arguments = {
        "type": type,
        "level": level,
        **where,
        "radius_m": radius_m,
        "priority": priority,
        "name": name,
        "description": description,
        "details": details or {},
        "reporter_name": reporter_name,
        "reporter_phone": reporter_phone,
    }

    def do(connection: Connection, now: datetime) -> Done:
        at = _position(connection, where)
        found = locate.locate(connection, at)
        scope.check_inside(ctx.actor, found.area_code)
        record = incidents.insert(
            connection,
            type=type,
            level=level,
            position=at,
            reported_at=now,
            reported_by=ctx.actor.name,
            priority=priority or ctx.policy.levels[level].priority,
            radius_m=radius_m,
            name=name,
            description=description,
            area_code=found.area_code,
            grid_code=found.grid_code,
            details=details,
            reporter_name=reporter_name,
            reporter_phone=reporter_phone,
            post=ctx.actor.area if scope.is_township(ctx.actor) else None,
        )
        told = {**arguments, "position": at, **_masked(arguments)}
        return Done(subject="incident", id=record.id, payload=told)

    return get(ctx, perform(ctx, "incident.report", request_id, arguments, do)["id"])


def listing(ctx: Context, *, state: IncidentState | None = None) -> tuple[Standing, ...]:
    """List the incidents of the actor's area, the newest first: every open one, of those that are over the newest."""
    authorise(ctx.actor, "incident.read")
    within = scope.own(ctx.actor)
    with ctx.world.read() as connection:
        if state == "open":
            return _views(ctx, connection, incidents.list_open(connection, within=within)[::-1])
        return _views(ctx, connection, incidents.list_all(connection, state=state, within=within))


def get(ctx: Context, incident_id: int) -> Standing:
    """Give one incident of the actor's area, or one that it helps with. Raises NotFoundError."""
    authorise(ctx.actor, "incident.read")
    with ctx.world.read() as connection:
        record = incidents.get(connection, incident_id, within=scope.own(ctx.actor))
        if record is None:
            raise NotFoundError("no_such_incident", id=incident_id)
        (view,) = _views(ctx, connection, [record])
        return view


def several(ctx: Context, incident_ids: Collection[int]) -> Mapping[int, Standing]:
    """Give incidents as `get` does, by their ids; what is not there is left out."""
    authorise(ctx.actor, "incident.read")
    with ctx.world.read() as connection:
        found = incidents.several(connection, incident_ids, within=scope.own(ctx.actor))
        return {one.id: one for one in _views(ctx, connection, tuple(found.values()))}


def change_level(ctx: Context, incident_id: int, *, request_id: UUID, level: int) -> Standing:
    """Raise or lower the level of an open incident; the next plan covers only the difference to what is ordered."""

    def do(connection: Connection, now: datetime) -> Done:
        record = _standing(ctx, connection, incident_id, "change_level", now)
        by_level = record.priority == ctx.policy.levels[record.level].priority
        incidents.set_level(
            connection,
            incident_id=incident_id,
            level=level,
            priority=ctx.policy.levels[level].priority if by_level else None,
        )
        return Done(subject="incident", id=incident_id, payload={"from": record.level, "to": level})

    arguments = {"incident": incident_id, "level": level}
    perform(ctx, "incident.change_level", request_id, arguments, do)
    return get(ctx, incident_id)


EDITABLE: Final = (
    "name",
    "description",
    "radius_m",
    "reporter_name",
    "reporter_phone",
    "position",
    "details",
)
_DECIMALS: Final = (
    6  # of a degree, 0.1 m: what a form shows, so that showing and sending back changes nothing
)
_PERSONAL: Final[Mapping[str, Callable[[str], str]]] = {
    "reporter_name": masked_name,
    "reporter_phone": masked_phone,
}


def edit(
    ctx: Context,
    incident_id: int,
    *,
    request_id: UUID,
    changes: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> Standing:
    """Add to what is known of an open incident: any of EDITABLE; of `details` only the codes that are given.

    `seen` is what the editor saw before typing, by the same fields. A field that somebody else has changed since,
    to something other than what is now wanted, is a conflict: nothing is written, and ConflictError names each such
    field with what was seen, what stands now and what was wanted. Without `seen` the last word holds.
    Raises InvalidError for a field that is none and for a detail that the type's card does not ask for.
    """
    unknown = sorted(set(changes) - set(EDITABLE))
    if unknown:
        raise InvalidError("unknown_field", field=unknown[0])
    wanted = _flat(changes)

    def do(connection: Connection, now: datetime) -> Done:
        record = _standing(ctx, connection, incident_id, "edit", now)
        _check_details(ctx, record.type, changes.get("details", {}))
        stands = _flat({name: getattr(record, name) for name in EDITABLE})
        conflicts = _conflicts(ctx, stands, wanted, _flat(seen or {}))
        if conflicts:
            last = _last_edit(connection, incident_id)
            raise ConflictError("edited_meanwhile", id=incident_id, conflicts=conflicts, by=last)
        different = {key: value for key, value in wanted.items() if stands.get(key) != value}
        if different:
            incidents.edit(
                connection, incident_id=incident_id, values=_stored(ctx, connection, record, different)
            )
        told = {key: {"from": stands.get(key), "to": value} for key, value in different.items()}
        for name in set(_PERSONAL) & set(told):
            told[name] = _masked(told[name], by=_PERSONAL[name])
        return Done(subject="incident", id=incident_id, payload={"changes": told})

    perform(ctx, "incident.edit", request_id, {"incident": incident_id, "changes": dict(changes)}, do)
    return get(ctx, incident_id)


def _flat(fields_given: Mapping[str, Any]) -> dict[str, Any]:
    """Give every field a key of its own, details as "details.<code>"; blanks and absent details are the same."""
    flat = {key: value for key, value in fields_given.items() if key != "details"}
    if flat.get("position") is not None:
        lon, lat = flat["position"]
        flat["position"] = (round(lon, _DECIMALS), round(lat, _DECIMALS))
    details = fields_given.get("details", {})
    return flat | {f"details.{code}": None if value == "" else value for code, value in details.items()}


def _check_details(ctx: Context, type_code: str, details: Mapping[str, Any]) -> None:
    asked = ctx.policy.incident_types[type_code].details
    for code, value in details.items():
        if code not in asked:
            raise InvalidError("unknown_field", field=code)
        if value in (None, ""):
            continue
        counts = ctx.policy.details[code].kind == "count"
        fits = (
            isinstance(value, int) and not isinstance(value, bool) and value >= 0
            if counts
            else isinstance(value, str)
        )
        if not fits:
            raise InvalidError("field_invalid", field=code)


def _conflicts(
    ctx: Context, stands: Mapping[str, Any], wanted: Mapping[str, Any], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the fields where somebody else's word stands that the editor has not seen."""
    conflicts = {
        key: {"seen": seen[key], "now": stands.get(key), "yours": value}
        for key, value in wanted.items()
        if key in seen and stands.get(key) not in (seen[key], value)
    }
    if not ctx.actor.may("personal.read"):
        for name in set(_PERSONAL) & set(conflicts):
            conflicts[name] = _masked(conflicts[name], by=_PERSONAL[name])
    return conflicts


def _last_edit(connection: Connection, incident_id: int) -> str:
    """Name who edited an incident last."""
    entries = journal.about(connection, subject="incident", subject_id=incident_id)
    return next((entry.actor for entry in reversed(entries) if entry.act == "incident.edit"), "")


def _stored(
    ctx: Context, connection: Connection, record: IncidentRecord, different: Mapping[str, Any]
) -> dict[str, Any]:
    """Turn flat fields into columns; a new position brings its area and grid along."""
    values = {key: value for key, value in different.items() if not key.startswith("details.")}
    details = {
        key.removeprefix("details."): value for key, value in different.items() if key.startswith("details.")
    }
    if details:
        values["details"] = {
            code: value for code, value in {**record.details, **details}.items() if value is not None
        }
    if "position" in values:
        found = locate.locate(connection, values["position"])
        scope.check_inside(ctx.actor, found.area_code)
        values |= {"area_code": found.area_code, "grid_code": found.grid_code}
    return values


def _masked(values: Mapping[str, Any], *, by: Callable[[str], str] | None = None) -> dict[str, Any]:
    """Mask the personal fields among `values`, or all of them with one mask."""
    if by is not None:
        return {key: by(value or "") for key, value in values.items()}
    return {name: mask(values[name]) for name, mask in _PERSONAL.items() if name in values}


def send_report(ctx: Context, incident_id: int, *, request_id: UUID, report: str) -> Standing:
    """Note that a report on an incident went upwards: the first answers its clock, later ones are follow-ups.

    Raises InvalidError for a report that the incident's type does not owe at its level.
    """

    def do(connection: Connection, now: datetime) -> Done:
        record = _standing(ctx, connection, incident_id, "send_report", now)
        kind = ctx.policy.incident_types[record.type]
        if report not in {one.code for one in kind.clocks(record.level, ctx.policy.report_clocks)}:
            raise InvalidError("unknown_report", report=report)
        sent = (*record.reports, SentReport(code=report, at=now, by=ctx.actor.name))
        incidents.keep_reports(connection, incident_id=incident_id, reports=sent)
        number = sum(1 for one in sent if one.code == report)
        return Done(subject="incident", id=incident_id, payload={"report": report, "number": number})

    perform(ctx, "incident.send_report", request_id, {"incident": incident_id, "report": report}, do)
    return get(ctx, incident_id)


def close(ctx: Context, incident_id: int, *, request_id: UUID, reason: str = "") -> Standing:
    """Close an incident. Raises ConflictError while an order for it is open."""

    def do(connection: Connection, now: datetime) -> Done:
        record = _standing(ctx, connection, incident_id, "close", now)
        ended_at = max(now, record.reported_at)  # whatever the clock says
        incidents.set_state(connection, incident_id=incident_id, state="closed", at=ended_at)
        return Done(subject="incident", id=incident_id, payload={"reason": reason})

    perform(ctx, "incident.close", request_id, {"incident": incident_id, "reason": reason}, do)
    return get(ctx, incident_id)


def cancel(ctx: Context, incident_id: int, *, request_id: UUID, reason: str = "") -> Standing:
    """Cancel an incident, as after a false alarm: its open orders end and their stock goes back."""

    def do(connection: Connection, now: datetime) -> Done:
        record = _standing(ctx, connection, incident_id, "cancel", now)
        ended = orders.lock_open(connection, incident_id)
        stock.hold(connection, [order.id for order in ended])
        for order in ended:
            order_acts.advance(connection, order.id, "cancel", actor=ctx.actor.name, now=now, reason=reason)
        ended_at = max(now, record.reported_at)  # whatever the clock says
        incidents.set_state(connection, incident_id=incident_id, state="cancelled", at=ended_at)
        payload = {"reason": reason, "orders": [order.id for order in ended]}
        return Done(subject="incident", id=incident_id, payload=payload)

    perform(ctx, "incident.cancel", request_id, {"incident": incident_id, "reason": reason}, do)
    return get(ctx, incident_id)


def escalate(ctx: Context, incident_id: int, *, request_id: UUID, reason: str = "") -> Standing:
    """Hand an incident to the county: from now on it leads, and the township goes on acting for its own teams.

    Raises ConflictError where the county leads already.
    """

    def do(connection: Connection, now: datetime) -> Done:
        if incidents.get(connection, incident_id, within=scope.own(ctx.actor)) is None:
            raise NotFoundError("no_such_incident", id=incident_id)
        (record,) = incidents.lock(connection, [incident_id])
        if record.state != "open":
            raise ConflictError("not_in_this_state", id=incident_id, state=record.state, act="escalate")
        if record.post is None:
            raise ConflictError("county_leads_already", id=incident_id)
        scope.check_leads(ctx.actor, record)
        incidents.escalate(connection, incident_id=incident_id, at=now, by=ctx.actor.name)
        return Done(subject="incident", id=incident_id, payload={"from": record.post, "reason": reason})

    perform(ctx, "incident.escalate", request_id, {"incident": incident_id, "reason": reason}, do)
    return get(ctx, incident_id)


def possible_acts(ctx: Context, record: IncidentRecord) -> frozenset[str]:
    """Tell which acts on this incident the actor may try: the role's, where the incident is theirs to decide."""
    if record.state != "open" or not scope.leads(ctx.actor, record):
        return frozenset()
    acts = {act for act in _ON_INCIDENT if ctx.actor.may(act)}
    return frozenset(acts if record.post is not None else acts - {"incident.escalate"})


def acts_on_all(ctx: Context, incident_ids: Collection[int]) -> frozenset[str]:
    """Tell which acts the actor may try on every one of some incidents, as on those of a plan."""
    records = several(ctx, incident_ids)
    found = [possible_acts(ctx, records[one]) if one in records else frozenset() for one in incident_ids]
    return frozenset.intersection(*found) if found else frozenset()


def _position(connection: Connection, where: Mapping[str, Any]) -> Position:
    given = {key: value for key, value in where.items() if value is not None}
    if len(given) != 1:
        raise InvalidError("one_place_wanted", given=sorted(given))
    ((kind, value),) = given.items()
    if kind == "position":
        lon, lat = value
        return (lon, lat)
    return _called(connection, _KINDS[kind], value)


def _called(connection: Connection, kinds: Sequence[FoundKind], words: str) -> Position:
    found = locate.called(connection, kinds, words)
    if not found:
        raise InvalidError("no_such_place", kinds=kinds, words=words)
    if len(found) > 1:
        raise InvalidError("place_ambiguous", kinds=kinds, words=words, codes=[one.code for one in found])
    return found[0].position


def _led(ctx: Context, connection: Connection, incident_id: int) -> IncidentRecord:
    """Lock the incident and raise unless it is the actor's to decide."""
    if incidents.get(connection, incident_id, within=scope.own(ctx.actor)) is None:
        raise NotFoundError("no_such_incident", id=incident_id)
    (record,) = incidents.lock(connection, [incident_id])
    scope.check_leads(ctx.actor, record)
    return record


def _standing(
    ctx: Context, connection: Connection, incident_id: int, act: IncidentAct, now: datetime
) -> IncidentRecord:
    """Lock the incident and raise unless `act` is the actor's and possible now."""
    record = _led(ctx, connection, incident_id)
    still_open = [one.id for one in orders.of_incident(connection, incident_id) if one.is_open]
    answer = lifecycle.next_incident(
        IncidentStanding(
            state=record.state, since=record.ended_at or record.reported_at, open_orders=len(still_open)
        ),
        act,
        now,
    )
    if isinstance(answer, Refusal):
        raise ConflictError(answer.code, id=incident_id, state=answer.state, orders=still_open)
    return record


def _views(ctx: Context, connection: Connection, records: Sequence[IncidentRecord]) -> tuple[Standing, ...]:
    ordered = snapshot.ordered(connection, [record.id for record in records])
    return tuple(_view(ctx, record, ordered[record.id]) for record in records)


def _view(ctx: Context, record: IncidentRecord, ordered: Mapping[str, int]) -> Standing:
    kind = ctx.policy.incident_types[record.type]
    asked = cards.needs(kind.card, record.level)
    kept = {field.name: getattr(record, field.name) for field in fields(record)}
    if not scope.may_know_people(ctx.actor, record.area_code):
        kept |= _masked(kept)
    return Standing(
        **kept,
        asked=asked,
        outstanding=cards.outstanding(asked, ordered) if record.state == "open" else (),
        clocks=tuple(
            Clock(
                code=one.code,
                due_at=record.reported_at + timedelta(milliseconds=one.within_ms),
                verified=one.verified,
                sent=tuple(report for report in record.reports if report.code == one.code),
            )
            for one in kind.clocks(record.level, ctx.policy.report_clocks)
        ),
    )
