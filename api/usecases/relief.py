"""Hill shading: importing elevation models, and the pictures for the map."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from api.context import Context
from api.errors import InvalidError
from api.security import authorise
from api.usecases.acting import Done, perform
from data import relief
from data.relief import ReliefError, ReliefExtent, Shaded
from gis.mercator import Tile

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""


def bring_in(ctx: Context, path: Path, *, request_id: UUID, progress: Progress) -> Shaded | None:
    """Draw the county's hill shading from an elevation model; None for a repeated request.

    The same file name again replaces what it gave before. Raises InvalidError for a file that cannot be used.
    """
    drawn: list[Shaded] = []

    def do(connection: Connection, _now: datetime) -> Done:
        try:
            found = relief.replace(connection, path, progress=progress)
        except FileNotFoundError:
            raise InvalidError("no_such_file", file=str(path)) from None
        except ReliefError as error:
            raise InvalidError(error.code, file=path.name, why=error.why) from None
        drawn.append(found)
        return Done(subject="relief", id=None, payload={"file": path.name, "tiles": found.tiles})

    perform(ctx, "terrain.import", request_id, {"file": path.name}, do)
    return drawn[0] if drawn else None


def extent(ctx: Context) -> ReliefExtent | None:
    """Tell where there is hill shading; None where there is none."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return relief.extent(connection)


def tile(ctx: Context, wanted: Tile) -> bytes | None:
    """Give one picture (PNG); None where there is none. Raises InvalidError for an address that is no tile."""
    authorise(ctx.actor, "map.read")
    if not wanted.exists:
        raise InvalidError("no_such_tile", **wanted._asdict())
    with ctx.world.read() as connection:
        return relief.tile(connection, wanted)
