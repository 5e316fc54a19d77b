"""What an actor may see and act on: the table of acts says what, an account's area says where.

| where | an account of a township | an account of a county |
|---|---|---|
| own area | all, with people, and every act of its role | the same |
| the rest of its county | on the map, without people | is own area |
| elsewhere | nothing, but what mutual aid or an own unit under way ties to it | the same |

An account without an area has the whole installation. Use cases ask here; nothing above them decides by area.
A township leads what it reported until it escalates; from then, and for all else, its county leads.
"""

from typing import Protocol

from api.errors import NotAllowedError
from api.security import Actor
from gis import areas


class Led(Protocol):
    """What somebody leads: an incident."""

    @property
    def area_code(self) -> str | None: ...
    @property
    def post(self) -> str | None: ...


def own(actor: Actor) -> str | None:
    """Return the digits that every code of the actor's own area begins with; None: everything is own."""
    return None if actor.area is None else areas.prefix(actor.area)


def around(actor: Actor) -> str | None:
    """Return the digits of what the actor sees on the map: the county around a township; None: everything."""
    if actor.area is None:
        return None
    return areas.prefix(areas.at_level(actor.area, "county") or actor.area)


def around_area(actor: Actor) -> str | None:
    """Return the full code of what the actor sees on the map; None: everything."""
    return None if actor.area is None else areas.at_level(actor.area, "county") or actor.area


def covers(actor: Actor, code: str | None) -> bool:
    """Whether an area code lies in the actor's own area; a thing without a code is the whole installation's alone."""
    return actor.area is None or (code is not None and areas.contains(actor.area, code))


def is_township(actor: Actor) -> bool:
    """Whether the actor is of a township (or village), below a county's command."""
    return actor.area is not None and areas.at_level(actor.area, "township") is not None


def may_know_people(actor: Actor, code: str | None) -> bool:
    """Whether the actor may read names and phone numbers of people there."""
    return actor.may("personal.read") and covers(actor, code)


def leads(actor: Actor, incident: Led) -> bool:
    """Whether the incident is the actor's to decide: in the own area, and for a township led by its own post."""
    if not covers(actor, incident.area_code):
        return False
    return not is_township(actor) or (incident.post is not None and covers(actor, incident.post))


def check_inside(actor: Actor, code: str | None) -> None:
    """Raise NotAllowedError unless a place lies in the actor's own area."""
    if not covers(actor, code):
        raise NotAllowedError("outside_your_area", area=actor.area)


def check_leads(actor: Actor, incident: Led) -> None:
    """Raise NotAllowedError unless the incident is the actor's to decide."""
    if not leads(actor, incident):
        raise NotAllowedError("not_your_command", area=actor.area)
