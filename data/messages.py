"""Messages between the command post, its posts in the townships and the teams: said once, answered once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from data import reach
from data.tables import incidents, messages
from gis.areas import prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """A message: to all, to a post (`to_area`), about an incident, or between the command post and an order's team."""

    id: int
    incident_id: int | None
    order_id: int | None
    to_area: str | None
    body: str
    sent_at: datetime
    sent_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None


def insert(
    connection: Connection,
    *,
    body: str,
    sent_at: datetime,
    sent_by: str,
    incident_id: int | None = None,
    order_id: int | None = None,
    to_area: str | None = None,
) -> MessageRecord:
    """Store a message."""
    statement = messages.insert().values(
        body=body,
        sent_at=sent_at,
        sent_by=sent_by,
        incident_id=incident_id,
        order_id=order_id,
        to_area=to_area,
    )
    return _record(connection.execute(statement.returning(messages)).one())


def get(connection: Connection, message_id: int) -> MessageRecord | None:
    """Read one message; None when there is none."""
    row = connection.execute(select(messages).where(messages.c.id == message_id)).one_or_none()
    return _record(row) if row else None


def acknowledge(connection: Connection, *, message_id: int, at: datetime, by: str) -> MessageRecord | None:
    """Note who answers for a message; None when there is none such, or somebody did before."""
    row = connection.execute(
        messages.update()
        .where(messages.c.id == message_id, messages.c.acknowledged_at.is_(None))
        .values(acknowledged_at=at, acknowledged_by=by)
        .returning(messages)
    ).one_or_none()
    return _record(row) if row else None


def newest(
    connection: Connection,
    *,
    incident: int | None = None,
    order: int | None = None,
    within: str | None = None,
    only_unanswered: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[MessageRecord, ...]:
    """Read messages, the newest first.

    within: only those to all, to a post in the area of these digits, or about an incident there; `before`: smaller ids.
    """
    query = select(messages).order_by(messages.c.id.desc()).limit(limit)
    if incident is not None:
        query = query.where(messages.c.incident_id == incident)
    if order is not None:
        query = query.where(messages.c.order_id == order)
    if within is not None:
        query = query.where(_concerns(within))
    if only_unanswered:
        query = query.where(messages.c.acknowledged_at.is_(None))
    if before is not None:
        query = query.where(messages.c.id < before)
    return tuple(_record(row) for row in connection.execute(query))


def waiting(connection: Connection, *, reader: str, area: str | None) -> int:
    """Count what waits for a reader's answer: said by others, to all or to the reader's post or county, not to a team.

    area: the full code of the reader's area; None: whoever reads for the whole installation, and for every county.
    """
    query = (
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.acknowledged_at.is_(None),
            messages.c.sent_by != reader,
            or_(messages.c.order_id.is_(None), messages.c.sent_by.startswith("link:")),
        )
    )
    if area is None:
        to_a_county = messages.c.to_area.endswith("0" * (_CODE_DIGITS - _COUNTY_DIGITS))
        return connection.scalar(query.where(or_(messages.c.to_area.is_(None), to_a_county))) or 0
    posts = [area, _county(area)]
    query = query.where(or_(messages.c.to_area.is_(None), messages.c.to_area.in_(posts)))
    return connection.scalar(query.where(_concerns(prefix(area)))) or 0


def seen(connection: Connection, message_id: int, *, within: str | None) -> bool:
    """Whether a message concerns the area of these digits."""
    query = select(messages.c.id).where(messages.c.id == message_id)
    if within is not None:
        query = query.where(_concerns(within))
    return connection.scalar(query) is not None


def _concerns(within: str) -> ColumnElement[bool]:
    about = select(incidents.c.id).where(reach.incident_or_help(within))
    to_all = and_(messages.c.to_area.is_(None), messages.c.incident_id.is_(None))
    to_the_county = messages.c.to_area == _county(within)
    return or_(
        to_all, to_the_county, messages.c.to_area.startswith(within), messages.c.incident_id.in_(about)
    )


def _county(code: str) -> str:
    return code[:_COUNTY_DIGITS].ljust(_CODE_DIGITS, "0")


_COUNTY_DIGITS: Final = 6
_CODE_DIGITS: Final = 12


def _record(row: Row[Any]) -> MessageRecord:
    return MessageRecord(
        id=row.id,
        incident_id=row.incident_id,
        order_id=row.order_id,
        to_area=row.to_area,
        body=row.body,
        sent_at=row.sent_at,
        sent_by=row.sent_by,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
    )
