"""Names and phone numbers of people: who may read them, and what everybody else gets instead.

The one place that decides. People belong to the area of what they answer for (`api.scope.may_know_people`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, TypedDict, TypeVar

from api import scope
from api.context import Context
from data.layers import Layer
from data.locate import Location, Responsible
from data.stock import LotRecord
from data.units import DepotRecord, TeamRecord

MASK: Final = "***"
_WHO: Final = ("contact", "head", "keeper", "monitor", "reporter")
FIELDS: Final = frozenset(f"{who}_{what}" for who in _WHO for what in ("name", "phone")) | {
    "phone",
    "phone_2",
}
"""Names under which people stand in records and requests; the journal keeps none of them."""


class Sight(TypedDict):
    """What somebody sees of a layer, in the words of `data.registers.items`."""

    personal: bool
    within: str | None
    known: str | None


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


def sight(ctx: Context, layer: Layer) -> Sight:
    """Tell what this actor sees of a layer: the rows of their map, with people in their own area only.

    A layer that is about people (`layer.personal`) ends at the own area.
    """
    own = scope.own(ctx.actor)
    return Sight(
        personal=ctx.actor.may("personal.read"),
        within=own if layer.personal else scope.around(ctx.actor),
        known=own,
    )


def told(ctx: Context, area_code: str | None, text: str, what: Literal["name", "phone"]) -> str:
    """Return a person's name or phone as this actor may see it; `area_code` is where the person belongs."""
    if scope.may_know_people(ctx.actor, area_code):
        return text
    return masked_name(text) if what == "name" else masked_phone(text)


def without(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Mask people in what the journal keeps of an act, unless the act did so itself."""
    return {
        key: _hidden(value) if key in FIELDS else without(value) if isinstance(value, Mapping) else value
        for key, value in payload.items()
    }


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(one) for key, one in value.items()}
    return value if not value or MASK in str(value) else MASK


def _masked(person: Responsible) -> Responsible:
    return replace(person, name=masked_name(person.name), phone=masked_phone(person.phone))
