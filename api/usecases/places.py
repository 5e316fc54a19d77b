"""Where is this, and what is called so."""

from dataclasses import replace

from api.context import Context
from api.security import authorise
from api.usecases.personal import masked_name, masked_phone
from data import locate as located
from data.locate import Found, Location, Responsible
from dispatch.model import Position


def locate(ctx: Context, position: Position) -> Location:
    """Tell the areas of a position and the chain of its leaf grid; people masked for whoever may not see them."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        found = located.locate(connection, position)
    if ctx.actor.may("personal.read"):
        return found
    masked = tuple(replace(cell, people=tuple(_masked(one) for one in cell.people)) for cell in found.grids)
    return replace(found, grids=masked)


def search(ctx: Context, words: str) -> tuple[Found, ...]:
    """Find areas, villages, grids, places, teams and depots by code or by part of a name."""
    authorise(ctx.actor, "map.read")
    if not words.strip():
        return ()
    with ctx.world.read() as connection:
        return located.search(connection, words.strip())


def _masked(person: Responsible) -> Responsible:
    return replace(person, name=masked_name(person.name), phone=masked_phone(person.phone))
