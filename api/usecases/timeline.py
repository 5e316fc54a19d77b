"""The journal as people read it: newest first, about one incident or order, or of some kinds."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.security import authorise
from data import incidents, journal, orders
from data.incidents import IncidentRecord
from data.journal import Entry
from data.orders import OrderRecord
from dispatch import undo

PAGE: Final = 50
KINDS: Final = (
    "incident",
    "plan",
    "order",
    "call",
    "closure",
    "hazard",
    "resource",
    "aid",
    "message",
    "shift",
    "account",
    "layer",
)
_ACCOUNTS: Final = "account"
_NUMBERS: Final = re.compile(r"\d(?:[ -]?\d){6,}")  # what may be a telephone number in free text


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows, the newest first, with what they are about; `older`: the number to ask for more before, None at the end."""

    entries: tuple[Entry, ...]
    incidents: Mapping[int, IncidentRecord]
    orders: Mapping[int, OrderRecord]
    older: int | None


def page(
    ctx: Context,
    *,
    before: int | None = None,
    since: datetime | None = None,
    kinds: Collection[str] = (),
    incident: int | None = None,
    order: int | None = None,
    limit: int = PAGE,
) -> Page:
    """Read a page of the journal; acts on accounts are for those who may see accounts."""
    authorise(ctx.actor, "timeline.read")
    hidden = () if ctx.actor.may("account.read") else (_ACCOUNTS,)
    with ctx.world.read() as connection:
        found = journal.timeline(
            connection,
            before=before,
            since=since,
            kinds=kinds,
            hidden=hidden,
            incident=incident,
            order=order,
            within=scope.own(ctx.actor),
            actor=ctx.actor.name,
            limit=limit + 1,
        )
        older = found[limit - 1].number if len(found) > limit else None
        return _about(ctx, connection, found[:limit], older)


def about(ctx: Context, found: Sequence[Entry]) -> Page:
    """Read what rows of the journal are about, so that they can be put into words."""
    authorise(ctx.actor, "timeline.read")
    with ctx.world.read() as connection:
        return _about(ctx, connection, found, None)


def _about(ctx: Context, connection: Connection, found: Sequence[Entry], older: int | None) -> Page:
    entries = tuple(_shown(ctx, entry) for entry in found)
    about_orders = {one.subject_id if one.subject == "order" else one.payload.get("order") for one in entries}
    known_orders = orders.several(connection, {one for one in about_orders if isinstance(one, int)})
    wanted = {one.subject_id for one in entries if one.subject == "incident"}
    wanted |= {record.incident_id for record in known_orders.values()}
    for entry in entries:
        wanted |= {entry.payload.get("incident"), *(entry.payload.get("incidents") or ())}
    return Page(
        entries=entries,
        incidents=incidents.several(connection, {one for one in wanted if isinstance(one, int)}),
        orders=known_orders,
        older=older,
    )


def inverse_of(entry: Entry) -> str | None:
    """Name the act that would take this one back; None where there is none."""
    if undo.refusal(entry.act, entry.subject, entry.payload) is not None:
        return None
    return undo.INVERSES[entry.act]


def _shown(ctx: Context, entry: Entry) -> Entry:
    """Mask what may be a telephone number in the words of a row for whoever may not see people."""
    if ctx.actor.may("personal.read"):
        return entry
    return replace(entry, payload=masked(entry.payload))


def masked(value: Any) -> Any:
    """Replace every run of seven digits or more in texts, however deep they stand."""
    if isinstance(value, str):
        return _NUMBERS.sub("***", value)
    if isinstance(value, Mapping):
        return {key: masked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one) for one in value]
    return value
