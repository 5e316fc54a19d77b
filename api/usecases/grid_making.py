"""Making leaf grids: divided, from a lattice, from drawn polygons. A job shows what it would do; one act applies it.

Nothing is written before. Cells of the same land keep their codes, and with the codes their persons; what a preview
was made from must not have changed when it is applied.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases import grid_edits, jobs
from api.usecases.acting import Done, perform
from api.usecases.grid_edits import Proposal
from api.usecases.grids import check_theme
from api.usecases.jobs import Progress
from data import areas as stored_areas
from data import grid_ground, grid_units, grids, made, sources
from data.grids import CellRecord, NewCell
from data.jobs import JobRecord
from data.locate import Area
from gis import areas, grid_codes
from gis.crs import STORED, geodesic_area_m2
from gis.division import cells_for, shares
from gis.grid_making import (
    Burden,
    Guides,
    MadeCell,
    beidou_lattice,
    divide_village,
    from_drawn,
    square_lattice,
)
from gis.grid_upper import UpperCell, upper_cells

Method = Literal["divide", "squares", "beidou", "drawn"]
METHODS: Final[tuple[Method, ...]] = ("divide", "squares", "beidou", "drawn")
GUIDES: Final = ("road", "stream", "ridge")
_SQUARE_KM: Final = 1e6
_MOST_CELLS: Final = 20_000
_SAME_M2: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What shall be made: leaves of a theme for every village of an area (a county, a township or one village).

    each: cells for every village; total: for all together, shared out by their work; with divide, exactly one of both.
    size_m: of squares; beidou_level: of GB/T 39409. drawn: polygons as GeoJSON. guides: what borders follow. by_*: how area, people and risk
    weigh in the balance.
    """

    theme: str
    area: str
    method: Method
    each: int | None = None
    total: int | None = None
    size_m: int | None = None
    beidou_level: int | None = None
    drawn: tuple[Mapping[str, Any], ...] = ()
    guides: tuple[str, ...] = GUIDES
    by_area: float = 0.4
    by_people: float = 0.3
    by_risk: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRow:
    """One cell of a preview. state: new, same (its land stays), changed (its code stays, its border moves)."""

    code: str
    village: str
    name: str
    state: str
    area_km2: float
    people: int
    risk: float
    share: float
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What making would do. gap: how much of the mean cost is not proven to be needed, 0 to 1; None: nothing was optimised.

    gone: cells that would go, with the codes and names of whose duties end. misfits: what of drawn polygons did not fit.
    upper: of the levels above, made for a county that had none: how many from what (`gis.grid_upper.Origin`), by
    level; landless: the townships and villages that got no land.
    """

    name: str
    wish: Mapping[str, Any]
    number: int
    villages: int
    rows: tuple[MadeRow, ...]
    put: tuple[NewCell, ...]
    gone: tuple[str, ...]
    ending: tuple[Mapping[str, str], ...]
    gap: float | None
    worst_gap: float | None
    misfits: Mapping[str, int]
    upper: tuple[Mapping[str, Any], ...] = ()
    landless: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many cells are new, the same, changed and gone."""
        found = dict.fromkeys(("new", "changed", "same"), 0)
        for row in self.rows:
            found[row.state] += 1
        return {**found, "gone": len(self.gone)}


def bare_areas(ctx: Context) -> tuple[Area, ...]:
    """List the counties of the actor that have no cells at all, each with its townships: grids can be made from the books."""
    authorise(ctx.actor, "grid.divide")
    with ctx.world.read() as connection:
        counties = stored_areas.by_level(connection, "county").values()
        townships = stored_areas.by_level(connection, "township").values()
        bare = [
            one for one in counties if not grids.cells(connection, level=1, within=areas.prefix(one.code))
        ]
    found = [
        one
        for county in bare
        for one in (county, *(each for each in townships if areas.contains(county.code, each.code)))
    ]
    return tuple(one for one in found if scope.covers(ctx.actor, one.code))


def start(ctx: Context, wish: Wish, *, request_id: UUID) -> JobRecord:
    """Begin to make a preview in a job. Raises InvalidError, NotAllowedError."""
    _authorise(ctx, wish)
    return jobs.start(
        ctx, "grids", request_id, {"theme": wish.theme, "area": wish.area, "method": wish.method},
        lambda context, progress: _result(make(context, wish, progress)),
    )  # fmt: skip


def _result(preview: Preview) -> Mapping[str, Any]:
    return {"page": f"/grids/made/{preview.name}", "made": preview.name, **preview.counts}


def make(ctx: Context, wish: Wish, progress: Progress) -> Preview:
    """Make a preview and keep it for a while. Raises InvalidError, ConflictError, NotAllowedError."""
    _authorise(ctx, wish)
    progress("grids_read", 0, 0)
    with ctx.world.read() as connection:
        number = grids.change_number(connection)
        land = _land(ctx, connection, wish)
        villages = land.villages
        if not villages:
            raise ConflictError("grid_no_villages", area=wish.area)
        old = [
            cell
            for village in villages
            for cell in grids.cells(connection, theme=wish.theme, level=grids.LEAF, parent=village.code)
        ]
        ground = grid_ground.read(
            connection, shapely.union_all([one.geometry for one in villages]), wish.guides
        )
        used = {village.code: grids.codes_ever(connection, _digits(village)) for village in villages}
    cells, gaps, misfits = _cells(wish, villages, ground, progress)
    put, rows = _numbered(ctx, wish, villages, old, cells, used, ground)
    kept = {cell.code for cell in put}
    gone = tuple(cell.code for cell in old if cell.code not in kept)
    with ctx.world.read() as connection:
        ending = grids.on_duty(
            connection, [cell.id for cell in old if cell.code not in kept], day=ctx.today()
        )
    file = made.new(ctx.settings.folder, ".json")
    preview = Preview(
        name=file.name,
        wish={**asdict(wish), "drawn": len(wish.drawn)},
        number=number,
        villages=len(villages),
        rows=tuple(sorted(rows, key=lambda row: row.code)),
        put=(*land.upper, *put),
        gone=gone,
        ending=tuple(
            {"duty": duty.code, "person": duty.person.code, "grid": duty.subject}
            for duties in ending.values()
            for duty in duties
        ),
        gap=float(np.mean(gaps)) if gaps else None,
        worst_gap=max(gaps) if gaps else None,
        misfits=misfits,
        upper=land.origins,
        landless=land.landless,
    )
    file.write_text(json.dumps(asdict(preview), default=_written), encoding="utf-8")
    return preview


def get(ctx: Context, name: str) -> Preview:
    """Read a preview while it is kept. Raises NotFoundError."""
    authorise(ctx.actor, "grid.divide")
    path = made.find(ctx.settings.folder, name)
    if path is None or path.suffix != ".json":
        raise NotFoundError("no_such_preview", name=name)
    read = json.loads(path.read_text(encoding="utf-8"))
    if "wish" not in read or "put" not in read:
        raise NotFoundError("no_such_preview", name=name)
    return Preview(
        **{
            **read,
            "rows": tuple(MadeRow(**{**row, "geometry": shapely.from_wkb(row["geometry"])}) for row in read["rows"]),
            "put": tuple(NewCell(**{**one, "geometry": shapely.from_wkb(one["geometry"])}) for one in read["put"]),
            "gone": tuple(read["gone"]),
            "upper": tuple(read["upper"]),
            "landless": tuple(read["landless"]),
            "ending": tuple(read["ending"]),
        }
    )  # fmt: skip


def apply(ctx: Context, name: str, *, request_id: UUID) -> Mapping[str, int]:
    """Write a preview as one act. Raises ConflictError when a cell has changed since it was made, NotFoundError."""
    preview = get(ctx, name)

    def do(connection: Connection, now: datetime) -> Done:
        grids.lock(connection)
        if grids.change_number(connection) != preview.number:
            raise ConflictError("grids_changed")
        codes = {*(cell.code for cell in preview.put), *preview.gone}
        before = {cell.code: cell for cell in grids.cells(connection, codes=codes)}
        proposal = Proposal(put=preview.put, before=before, gone=preview.gone)
        about = {name: preview.wish[name] for name in ("theme", "area", "method")}
        done = grid_edits.write(
            ctx, connection, now, proposal, {"kind": "divide", **about, "ends": list(preview.ending)}
        )
        return replace(done, result=preview.counts)

    done = perform(ctx, "grid.divide", request_id, {"made": name}, do)
    return {key: int(done[key]) for key in preview.counts}


def polygons_of(path: Path) -> list[Mapping[str, Any]]:
    """Read the polygons of a drawing (GeoJSON, GeoPackage, Shapefile, KML) as GeoJSON in stored degrees.

    Raises InvalidError for a file that cannot be read, or that has none.
    """
    try:
        table = sources.read(path)
    except sources.SourceError as error:
        raise InvalidError("grid_file_unreadable", why=error.code) from None
    shapes = [row.shape for row in table.rows if row.shape is not None]
    drawn = [one for one in shapes if one.geom_type in {"Polygon", "MultiPolygon"}]
    if not drawn:
        raise InvalidError("grid_file_unreadable", why="no_polygons")
    series = gpd.GeoSeries(drawn, crs=table.crs or STORED).to_crs(STORED)
    return [shapely.geometry.mapping(shapely.force_2d(one)) for one in series]


def polygons_in(drawing: str) -> list[Mapping[str, Any]]:
    """Read polygons drawn on the map: a JSON list of GeoJSON geometries, or "" for none. Raises InvalidError."""
    if not drawing.strip():
        return []
    try:
        shapes = [shapely.geometry.shape(one) for one in json.loads(drawing)]
        if not all(one.geom_type in {"Polygon", "MultiPolygon"} and not one.is_empty for one in shapes):
            raise InvalidError("geometry_kind_wrong", kinds=["Polygon", "MultiPolygon"])
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.GEOSException):
        raise InvalidError("grid_file_unreadable", why="no_polygons") from None
    return [shapely.geometry.mapping(one) for one in shapes]


# ----------------------------------------------------------------------------------------------- each step


def _authorise(ctx: Context, wish: Wish) -> None:
    authorise(ctx.actor, "grid.divide")
    check_theme(ctx, wish.theme)
    if not areas.is_code(wish.area):
        raise InvalidError("no_such_area", area=wish.area)
    scope.check_inside(ctx.actor, wish.area)
    given = {
        "divide": (wish.each is None) != (wish.total is None),
        "squares": wish.size_m is not None,
        "beidou": wish.beidou_level is not None,
        "drawn": bool(wish.drawn),
    }
    if not given[wish.method]:
        raise InvalidError("grid_wish_incomplete", method=wish.method)
    if not set(wish.guides) <= set(GUIDES) or min(wish.by_area, wish.by_people, wish.by_risk) < 0:
        raise InvalidError("grid_wish_incomplete", method=wish.method)
    if wish.by_area + wish.by_people + wish.by_risk <= 0:
        raise InvalidError("grid_wish_incomplete", method=wish.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Land:
    """The village cells to divide; the upper cells that must be written with them, and what those were made from."""

    villages: tuple[CellRecord, ...] = ()
    upper: tuple[NewCell, ...] = ()
    origins: tuple[Mapping[str, Any], ...] = ()
    landless: tuple[str, ...] = ()


def _digits(village: CellRecord) -> str:
    """Return the twelve digits of a village: where the books do not have it as an area, those of its cell's code."""
    code = village.area_code
    return code if code is not None and areas.level(code) == "village" else village.code[: areas.DIGITS]


def _land(ctx: Context, connection: Connection, wish: Wish) -> _Land:
    """Find the villages: of the theme, else as another theme has them, else made from outlines and village points."""
    digits = areas.prefix(wish.area)
    own = grids.cells(connection, theme=wish.theme, level=grids.LEAF - 1, within=digits)
    if own:
        return _Land(villages=own)
    other = max(
        ctx.policy.grids.marks,
        key=lambda theme: len(grids.cells(connection, theme=theme, level=grids.LEAF - 1, within=digits)),
    )
    if grids.cells(connection, theme=other, level=grids.LEAF - 1, within=digits):
        return _taken_over(ctx, connection, wish, other)
    return _from_books(ctx, connection, wish)


def _from_books(ctx: Context, connection: Connection, wish: Wish) -> _Land:
    """Make the upper levels of the whole county; the leaves are only for what was wished."""
    county = areas.at_level(wish.area, "county")
    units = None if county is None else grid_units.read(connection, county)
    if county is None or units is None or grids.cells(connection, within=areas.prefix(county)):
        return _Land()
    try:
        made_cells, landless = upper_cells(units.county, units.townships, units.villages)
    except ValueError as error:
        raise InvalidError("grid_cannot_be_made", why=str(error)) from None
    mark = ctx.policy.grids.marks[wish.theme]
    upper = {cell.code: _marked(cell, wish.theme, mark) for cell in made_cells}
    counted = Counter((cell.level, cell.origin) for cell in made_cells)
    digits = areas.prefix(wish.area)
    return _Land(
        villages=tuple(
            CellRecord(
                id=0,
                code=upper[cell.code].code,
                theme=wish.theme,
                level=cell.level,
                parent=upper[cell.code].parent,
                name=cell.name,
                name_en=cell.name_en,
                alias="",
                area_code=cell.area_code,
                area_km2=geodesic_area_m2(cell.shape) / _SQUARE_KM,
                geometry=cell.shape,
            )
            for cell in made_cells
            if cell.level == grids.LEAF - 1 and cell.code.startswith(digits)
        ),
        upper=tuple(upper.values()),
        origins=tuple(
            {"level": level, "origin": origin, "cells": cells}
            for (level, origin), cells in sorted(counted.items())
        ),
        landless=tuple(landless),
    )


def _marked(cell: UpperCell, theme: str, mark: str) -> NewCell:
    end = f"-{mark}" if mark else ""
    return NewCell(
        code=f"{cell.code}{end}",
        theme=theme,
        level=cell.level,
        parent=None if cell.parent is None else f"{cell.parent}{end}",
        name=cell.name,
        name_en=cell.name_en,
        alias="",
        area_code=cell.area_code,
        geometry=cell.shape,
        source=f"grids/{cell.origin}",
    )


def _taken_over(ctx: Context, connection: Connection, wish: Wish, other: str) -> _Land:
    """Take over what the theme still lacks, as another theme has it."""
    mark = ctx.policy.grids.marks[wish.theme]
    if not mark:
        return _Land()
    digits = areas.prefix(wish.area)
    there = {cell.code for cell in grids.cells(connection, theme=wish.theme)}
    every = {cell.code: cell for cell in grids.cells(connection, theme=other) if cell.level < grids.LEAF}
    needed: dict[str, CellRecord] = {}
    for cell in every.values():
        if cell.level == grids.LEAF - 1 and (cell.area_code or "").startswith(digits):
            at: CellRecord | None = cell
            while at is not None and at.code not in needed:
                needed[at.code] = at
                at = every.get(at.parent or "")
    upper = tuple(
        NewCell(
            code=f"{cell.code}-{mark}",
            theme=wish.theme,
            level=cell.level,
            parent=f"{cell.parent}-{mark}" if cell.parent else None,
            name=cell.name,
            name_en=cell.name_en,
            alias="",
            area_code=cell.area_code,
            geometry=cell.geometry,
        )
        for cell in sorted(needed.values(), key=lambda one: (one.level, one.code))
        if f"{cell.code}-{mark}" not in there
    )
    villages = tuple(
        replace(cell, code=f"{cell.code}-{mark}", theme=wish.theme)
        for cell in needed.values()
        if cell.level == grids.LEAF - 1
    )
    return _Land(villages=tuple(sorted(villages, key=lambda one: one.code)), upper=upper)


def _cells(
    wish: Wish, villages: Sequence[CellRecord], ground: grid_ground.Ground, progress: Progress
) -> tuple[list[MadeCell], list[float], dict[str, int]]:
    """Cut the villages; returns their cells, the gap of each division, and how much of what was drawn did not fit."""
    shapes = [one.geometry for one in villages]
    ways: dict[Method, Callable[[], tuple[list[MadeCell], list[float], dict[str, int]]]] = {
        "divide": lambda: _divided(wish, shapes, ground, progress),
        "squares": lambda: (square_lattice(shapes, float(wish.size_m or 0)), [], {}),
        "beidou": lambda: (beidou_lattice(shapes, wish.beidou_level or 0), [], {}),
        "drawn": lambda: _drawn(wish, shapes),
    }
    try:
        progress("grids_divide", 0, len(shapes))
        found = ways[wish.method]()
    except ValueError as error:
        raise InvalidError("grid_cannot_be_made", why=str(error)) from None
    if len(found[0]) > _MOST_CELLS:
        raise InvalidError("grid_too_many", cells=len(found[0]), most=_MOST_CELLS)
    return found


def _divided(
    wish: Wish, shapes: Sequence[BaseGeometry], ground: grid_ground.Ground, progress: Progress
) -> tuple[list[MadeCell], list[float], dict[str, int]]:
    guides = Guides.of(ground.guides)
    burden = Burden(
        lonlat=ground.lonlat,
        people=ground.people,
        risk=ground.risk,
        by_area=wish.by_area,
        by_people=wish.by_people,
        by_risk=wish.by_risk,
    )
    if wish.total is not None:
        people, risk = (
            np.asarray([ground.within(shape)[part] for shape in shapes], dtype=np.float64) for part in (0, 1)
        )
        land = np.asarray([geodesic_area_m2(shape) for shape in shapes])
        work = shares([land, people, risk], [wish.by_area, wish.by_people, wish.by_risk])
        counts = cells_for(work, wish.total).tolist()
    else:
        counts = [wish.each or 1] * len(shapes)
    cells: list[MadeCell] = []
    gaps = []
    for village, (shape, count) in enumerate(zip(shapes, counts, strict=True)):
        progress("grids_divide", village, len(shapes))
        division = divide_village(shape, int(count), guides, burden)
        cells += [MadeCell(village=village, shape=cell) for cell in division.cells]
        if count > 1:
            gaps.append(division.partition.gap)
    return cells, gaps, {}


def _drawn(wish: Wish, shapes: Sequence[BaseGeometry]) -> tuple[list[MadeCell], list[float], dict[str, int]]:
    drawn = [shapely.geometry.shape(dict(one)) for one in wish.drawn]
    if any(one.geom_type not in {"Polygon", "MultiPolygon"} for one in drawn):
        raise InvalidError("geometry_kind_wrong", kinds=["Polygon", "MultiPolygon"])
    cells, misfits = from_drawn(shapes, drawn)
    told: dict[str, int] = {}
    for one in misfits:
        told[one.code] = told.get(one.code, 0) + 1
    return cells, [], told


def _numbered(  # noqa: PLR0917  # what a numbering needs, read once
    ctx: Context,
    wish: Wish,
    villages: Sequence[CellRecord],
    old: Sequence[CellRecord],
    cells: Sequence[MadeCell],
    used: Mapping[str, frozenset[str]],
    ground: grid_ground.Ground,
) -> tuple[list[NewCell], list[MadeRow]]:
    put: list[NewCell] = []
    rows: list[MadeRow] = []
    before = {cell.code: cell for cell in old}
    for place, village in enumerate(villages):
        mine = [cell for cell in cells if cell.village == place]
        digits = _digits(village)
        codes = grid_codes.number(
            digits,
            [cell.shape for cell in mine],
            mark=ctx.policy.grids.marks[wish.theme],
            before={cell.code: cell.geometry for cell in old if cell.parent == village.code},
            used=used[village.code],
        )
        work = np.asarray([geodesic_area_m2(cell.shape) for cell in mine])
        for code, cell, area in zip(codes, mine, work.tolist(), strict=True):
            was = before.get(code)
            number = code.rpartition("-")[2]
            people, risk = ground.within(cell.shape)
            same = was is not None and _same(was.geometry, cell.shape)
            new = (
                replace(grid_edits.as_new(was), geometry=cell.shape)
                if was is not None
                else NewCell(
                    code=code,
                    theme=wish.theme,
                    level=grids.LEAF,
                    parent=village.code,
                    name=f"{village.name}-{number}",
                    name_en=f"{village.name_en} {number}".strip() if village.name_en else "",
                    alias=cell.lattice,
                    area_code=village.area_code,
                    geometry=cell.shape,
                )
            )
            put.append(new if not same or was is None else replace(new, geometry=was.geometry))
            rows.append(
                MadeRow(
                    code=code,
                    village=village.name,
                    name=new.name,
                    state="new" if was is None else "same" if same else "changed",
                    area_km2=area / _SQUARE_KM,
                    people=int(people),
                    risk=float(risk),
                    share=area / float(work.sum()),
                    geometry=cell.shape,
                )
            )
    return put, rows


def _same(first: BaseGeometry, second: BaseGeometry) -> bool:
    different = shapely.symmetric_difference(first, second)
    return bool(different.is_empty) or geodesic_area_m2(different) < _SAME_M2


def _written(value: Any) -> Any:
    if isinstance(value, BaseGeometry):
        return shapely.to_wkb(value, hex=True)
    raise TypeError(type(value).__name__)
