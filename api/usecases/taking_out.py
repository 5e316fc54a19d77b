"""Taking ledgers out: rows of layers as a file that an import reads back, and the empty workbooks to fill in.

Names and phone numbers leave the house by an act of the journal (`layer.export`), of the own area alone. Whoever may
not do that gets the rows of their map with people masked, under headers that no import takes for the real ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Connection, or_

from api import scope
from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.security import authorise
from api.usecases import jobs, personal
from api.usecases.acting import Done, perform
from data import completeness, exports, made, places, qgis, selections, templates
from data.exports import Format, Table
from data.headings import Headers
from data.jobs import JobRecord
from data.layers import Layer
from data.selections import Selection
from gis import areas

People = Literal["whole", "masked", "none"]
"""Of names and phone numbers: as they are, masked, or no such columns."""

JOB: Final = "export"
"""The kind of the jobs that write files."""

ALL: Final = "all"
"""What the journal names instead of one layer."""

PEOPLE: Final[tuple[People, ...]] = get_args(People)

Kind = Literal[Format, "qgis"]
"""Of a file: a format of `data.exports`, or a project for QGIS with its data."""

KINDS: Final[tuple[Kind, ...]] = (*exports.FORMATS, "qgis")

Only = Literal["stale", "doubtful"]
ONLY: Final[tuple[Only, ...]] = get_args(Only)

Told = Callable[[str, int, int], None]
"""Told (stage, layers done, layers in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be taken out. `layers`: codes; none: all that the actor may have. `only`: what is one of these."""

    format: Kind
    layers: tuple[str, ...] = ()
    headers: Headers = "zh"
    people: People = "masked"
    selection: Selection = field(default_factory=Selection)
    only: frozenset[Only] = frozenset()

    @property
    def many(self) -> bool:
        """Whether a file of several layers is asked for."""
        return len(self.layers) != 1

    @property
    def suffix(self) -> str:
        """How the file's name ends."""
        return ".zip" if self.format == "qgis" else exports.suffix_of(self.format, many=self.many)


def write(
    ctx: Context, wish: Wish, path: Path, *, request_id: UUID, told: Told | None = None
) -> dict[str, int]:
    """Write layers to a file and tell how many rows of each. A repeated request writes the file again.

    With names and phone numbers it is an act of the journal, which tells who took what. Raises NotFoundError,
    InvalidError, NotAllowedError.
    """
    wanted = chosen(ctx, wish)
    rows: dict[str, int] = {}

    def take(connection: Connection) -> None:
        tables = []
        for number, layer in enumerate(wanted):
            if told is not None:
                told("reading", number, len(wanted))
            tables.append(_table(ctx, connection, layer, wish))
        if told is not None:
            told("writing", 0, 0)
        try:
            if wish.format == "qgis":
                title = _title(ctx, connection, wish)
                qgis.write(tables, path, ctx.policy, title=title, headers=wish.headers)
            else:
                exports.write(tables, path, ctx.policy, format_=wish.format, headers=wish.headers)
        except OSError as error:
            raise InvalidError("file_not_written", file=path.name, why=str(error.strerror)) from None
        rows.update({table.layer.code: len(table.frame) for table in tables})

    if wish.people != "whole":
        authorise(ctx.actor, "map.read")
        with ctx.world.read() as connection:
            take(connection)
        return rows

    def do(connection: Connection, _now: datetime) -> Done:
        take(connection)
        layer = ALL if wish.many else wanted[0].code
        payload = {"layer": layer, "file": path.name, "rows": sum(rows.values()), "people": True}
        return Done(subject="layer", id=None, payload={**payload, "layers": rows})

    perform(ctx, "layer.export", request_id, arguments_of(wish), do)
    if not rows:  # a request of before: it stands in the journal, and its answer may have been lost
        with ctx.world.read() as connection:
            take(connection)
    return rows


def start(ctx: Context, wish: Wish, *, request_id: UUID, name: str) -> JobRecord:
    """Begin to write a file as a job; `name`: what people call it. Raises NotFoundError, InvalidError, NotAllowedError."""
    chosen(ctx, wish)
    authorise(ctx.actor, "map.read")

    def work(acting: Context, told: Told) -> dict[str, Any]:
        path = made.new(acting.settings.folder, wish.suffix)
        rows = write(acting, wish, path, request_id=uuid5(request_id, "file"), told=told)
        return {
            "file": path.name,
            "name": name,
            "rows": sum(rows.values()),
            "page": f"/ledgers/export?file={path.name}",
        }

    return jobs.start(ctx, JOB, request_id, arguments_of(wish), work)


def finished(ctx: Context) -> tuple[JobRecord, ...]:
    """Read the actor's finished files that are still kept, the newest first."""
    if not ctx.actor.may("job.read"):
        return ()
    return tuple(
        job
        for job in jobs.listing(ctx, JOB)
        if job.state == "done" and job.result and made.find(ctx.settings.folder, str(job.result["file"]))
    )


def file_of(ctx: Context, name: str) -> tuple[Path, str]:
    """Return a finished file of the actor's own and what people call it. Raises NotFoundError."""
    for job in finished(ctx):
        if job.result and job.result["file"] == name:
            path = made.find(ctx.settings.folder, name)
            if path is not None:
                return path, str(job.result["name"])
    raise NotFoundError("no_such_file", file=name)


def count(ctx: Context, wish: Wish) -> int:
    """Count the rows that a wish would take. Raises NotFoundError and InvalidError."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return sum(
            places.count(
                connection,
                layer,
                within=_within(ctx, wish),
                conditions=_conditions(ctx, layer, wish),
            )
            for layer in chosen(ctx, wish)
        )


def chosen(ctx: Context, wish: Wish) -> list[Layer]:
    """Return the layers of a wish; of all, those about people only with people. Raises NotFoundError, InvalidError."""
    if wish.people == "whole":
        authorise(ctx.actor, "layer.export")
    area = wish.selection.area
    if area is not None and not areas.is_code(area):
        raise InvalidError("no_such_area", area=area)
    if not wish.layers:
        return [layer for layer in ctx.policy.layers.values() if wish.people == "whole" or not layer.personal]
    wanted = [_layer(ctx, code) for code in dict.fromkeys(wish.layers)]
    for layer in wanted:
        if layer.personal and wish.people != "whole":
            raise InvalidError("layer_of_people", layer=layer.code)
    return wanted


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


def _table(ctx: Context, connection: Connection, layer: Layer, wish: Wish) -> Table:
    frame = places.frame(
        connection,
        layer,
        personal=wish.people != "none",
        within=_within(ctx, wish),
        conditions=_conditions(ctx, layer, wish),
    )
    if wish.people != "masked":
        return Table(layer=layer, frame=frame)
    hidden = [name for name, one in layer.fields.items() if one.personal]
    for name in hidden:
        mask = personal.masked_phone if layer.fields[name].type == "phone" else personal.masked_name
        frame[name] = [None if value is None else mask(value) for value in frame[name]]
    return Table(layer=layer, frame=frame, masked=frozenset(hidden))


def _conditions(ctx: Context, layer: Layer, wish: Wish) -> list[ColumnElement[bool]]:
    asked = selections.conditions(layer, wish.selection)
    judged = {"stale": completeness.is_stale, "doubtful": completeness.is_doubtful}
    wrong = [judged[one](layer, ctx.policy, ctx.clock()) for one in sorted(wish.only)]
    return [*asked, or_(*wrong)] if wrong else asked


def _title(ctx: Context, connection: Connection, wish: Wish) -> str:
    """Return what a project is called: the area's name."""
    code = wish.selection.area or scope.around_area(ctx.actor)
    found = completeness.townships(connection, within=None if code is None else areas.prefix(code))
    return str(found[0].name) if found else "Muster"


def _within(ctx: Context, wish: Wish) -> str | None:
    """Return the digits of the area that rows may be of: with people the own one, without the actor's map."""
    return scope.own(ctx.actor) if wish.people == "whole" else scope.around(ctx.actor)


def arguments_of(wish: Wish) -> dict[str, Any]:
    """Return what tells one wish from another, for the journal and for jobs."""
    chosen_rows = wish.selection
    return {
        "layers": list(wish.layers),
        "only": sorted(wish.only),
        "format": wish.format,
        "people": wish.people,
        "headers": wish.headers,
        "area": chosen_rows.area,
        "bounds": None if chosen_rows.bounds is None else list(chosen_rows.bounds),
        "text": chosen_rows.text,
        "values": dict(chosen_rows.values),
    }


def _layer(ctx: Context, code: str) -> Layer:
    found = ctx.policy.layers.get(code)
    if found is None:
        raise NotFoundError("no_such_layer", layer=code)
    return found
