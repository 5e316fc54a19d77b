"""Names and phone numbers of people: who may read them, and what everybody else gets instead.

The one place that decides. People belong to the area of what they answer for (`api.scope.may_know_people`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from api import scope
from api.context import Context
from data.locate import Location, Responsible
from data.stock import LotRecord
from data.units import DepotRecord, TeamRecord

MASK: Final = "***"
FIELDS: Final = frozenset(
    {"contact_name", "contact_phone", "phone", "reporter_name", "reporter_phone", "person_name"}
)
"""Names under which people stand in records and requests; the journal keeps none of them."""


Contacted = TypeVar("Contacted", TeamRecord, DepotRecord, LotRecord)


def masked_name(name: str) -> str:
    """Leave the family name of a person's name, enough to tell two duties apart."""
    return name[:1] + MASK if name else ""


def masked_phone(phone: str) -> str:
    """Leave the last two digits of a phone number."""
    return MASK + phone[-2:] if phone else ""


def contact(ctx: Context, record: Contacted, area_code: str | None) -> Contacted:
    """Return a unit or a lot with its contact as this actor may see them; `area_code` is the unit's."""
    if scope.may_know_people(ctx.actor, area_code):
        return record
    return replace(
        record,
        contact_name=masked_name(record.contact_name),
        contact_phone=masked_phone(record.contact_phone),
    )


def location(ctx: Context, found: Location) -> Location:
    """Return a place with its chain of people as this actor may see them."""
    if scope.may_know_people(ctx.actor, found.area_code):
        return found
    masked = tuple(replace(cell, people=tuple(_masked(one) for one in cell.people)) for cell in found.grids)
    return replace(found, grids=masked)


def without(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Leave people out of what the journal keeps of an act."""
    return {
        key: without(value) if isinstance(value, Mapping) else value
        for key, value in payload.items()
        if key not in FIELDS
    }


def _masked(person: Responsible) -> Responsible:
    return replace(person, name=masked_name(person.name), phone=masked_phone(person.phone))
