"""Taking ledgers out: a layer's rows as a file that an import reads back, and the empty workbook to fill in.

They are for the command line: the files are written where the program runs.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.security import authorise
from api.usecases.acting import Done, perform
from data import exports, places, templates
from data.layers import Layer


def layer(ctx: Context, layer_code: str, path: Path, *, request_id: UUID, people: bool = True) -> int | None:
    """Write a layer to a file and tell how many rows; None for a repeated request.

    An act of the journal: it tells who took names and phone numbers out. Without `people` the columns about them are
    left out; an import of such a file leaves those columns as they are. Raises NotFoundError and InvalidError.
    """
    wanted = _layer(ctx, layer_code)
    if wanted.personal and not people:
        raise InvalidError("layer_of_people", layer=layer_code)
    rows: list[int] = []

    def do(connection: Connection, _now: datetime) -> Done:
        frame = places.frame(connection, wanted, personal=people)
        try:
            exports.write(frame, wanted, path)
        except ValueError:
            raise InvalidError("file_kind_unfit", file=path.name) from None
        except OSError as error:
            raise InvalidError("file_not_written", file=str(path), why=str(error.strerror)) from None
        rows.append(len(frame))
        payload = {"layer": layer_code, "file": path.name, "rows": len(frame), "people": people}
        return Done(subject="layer", id=None, payload=payload)

    arguments = {"layer": layer_code, "file": path.name, "people": people}
    perform(ctx, "layer.export", request_id, arguments, do)
    return rows[0] if rows else None


def template(ctx: Context, layer_codes: Sequence[str], path: Path, *, lang: Literal["zh", "en"]) -> None:
    """Write the empty workbook of some layers, each on a sheet of its own; none named: of all.

    Raises NotFoundError and InvalidError.
    """
    authorise(ctx.actor, "map.read")
    wanted = [_layer(ctx, code) for code in layer_codes] or list(ctx.policy.layers.values())
    if path.suffix.lower() != ".xlsx":
        raise InvalidError("file_kind_unfit", file=path.name)
    try:
        templates.write(wanted, ctx.policy, path, lang)
    except OSError as error:
        raise InvalidError("file_not_written", file=str(path), why=str(error.strerror)) from None


def _layer(ctx: Context, code: str) -> Layer:
    found = ctx.policy.layers.get(code)
    if found is None:
        raise NotFoundError("no_such_layer", layer=code)
    return found
