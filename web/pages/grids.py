"""Responsibility grids: overview, one cell, the check with mending, making, and changing cells on the map."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Response, UploadFile
from shapely.geometry import mapping

from api.errors import MusterError
from api.usecases import grid_checks, grid_edits, grid_making, grids, layers
from api.usecases.grid_edits import Edit
from api.usecases.grid_making import GUIDES, METHODS, Method, Wish
from api.usecases.grids import Asked
from data.grids import DutyRecord
from gis import areas
from gis.crs import DATUMS, Datum
from web import wording
from web.i18n import N_
from web.map.skeleton import skeleton
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/grids", title=N_("Grids"), place=42, act="grid.read")

LEAF: Final = 5
WORLD: Final = (-180.0, -60.0, 180.0, 75.0)
ROWS: Final = 200
"""Rows of a table; more is looked for by search."""
_LARGEST_FILE: Final = 64 * 2**20
_LARGEST_DRAWING: Final = 2_000_000  # characters
Theme = str | None


def _theme(view: View, asked: Theme) -> str:
    """Return the theme that was asked for, else the first that has cells, else the first there is."""
    known = view.context.policy.grids.marks
    if asked in known:
        return str(asked)
    there = {total.theme for total in grids.overview(view.context).totals}
    return next((theme for theme in known if theme in there), next(iter(known)))


def _render(
    view: View, template: str, *, map_config: Mapping[str, Any], theme: str, status: int = 200, **values: Any
) -> Response:
    """Fill a page of grids: the map with what it draws, and the links of all of them."""
    return view.render(
        template,
        status=status,
        skeleton=skeleton(()),
        theme_code=theme,
        theme_name=view.words.term("grid_themes", theme),
        themes=[(code, view.words.term("grid_themes", code)) for code in view.context.policy.grids.marks],
        may_edit=view.context.actor.may("grid.edit"),
        config={
            "bounds": layers.extent(view.context) or WORLD,
            "names": ["name"] if view.lang == "zh" else ["name_en", "name"],
            "theme": theme,
            "words": _words(view),
            **map_config,
        },
        **values,
    )


def _words(view: View) -> dict[str, str]:
    """Give the words that the map's script shows."""
    _ = view.gettext
    return {
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "chosen": _("Chosen: {codes}"),
        "none_chosen": _("Click a grid on the map to choose it."),
        "draw_line": _("Click along the new line, double-click its end."),
        "draw_polygon": _("Click the corners one after another, and the first one again to close."),
        "drawn": _("Polygon {number}"),
        "remove": _("Remove"),
        "drag_border": _("Drag the points of the border; both grids follow."),
        "square_km": _("{before} → {after} km²"),
        "ends": _("Ends: {duty}"),
        "new": _("new"),
        "gone": _("goes"),
        "failed": _("No answer from the server."),
    }


def _name(view: View, cell: Any) -> str:
    english = cell.name_en if view.lang == "en" else ""
    return str(english or cell.name or cell.code)


def _person(view: View, duty: DutyRecord) -> dict[str, Any]:
    """Put a duty into words."""
    english = duty.subject_name_en if view.lang == "en" else ""
    return {
        "code": duty.code,
        "person": duty.person.code,
        "name": duty.person.name,
        "phone": duty.person.phone,
        "organisation": duty.person.organisation,
        "position": duty.person.position,
        "role": view.words.term("duty_roles", duty.role),
        "rank": duty.rank,
        "valid_from": duty.valid_from,
        "valid_to": duty.valid_to,
        "subject": duty.subject,
        "subject_name": english or duty.subject_name or duty.subject,
        "kind": duty.kind,
        "kind_name": view.words.layer(duty.kind) if duty.kind in view.context.policy.layers else duty.kind,
        "level": duty.level,
    }


# ----------------------------------------------------------------------------------------------- overview, asking


@router.get("/grids")
def overview(view: Reading, theme: Theme = None, place: str = "", datum: Datum = "CGCS2000") -> Response:
    """Count the grids, ask whose a place is, and draw the leaves."""
    chosen = _theme(view, theme)
    found = grids.overview(view.context)
    report = grid_checks.report(view.context, chosen)
    asked, refusal = None, ""
    if place.strip():
        try:
            asked = grids.at(view.context, place, datum=datum)
        except MusterError as error:
            refusal = view.words.problem(error.code, error.details)
    cells = grids.listing(view.context, theme=chosen, level=LEAF)
    return _render(
        view,
        "grids.html",
        theme=chosen,
        map_config={
            "mode": "overview",
            "shapes": f"/api/v1/grids/shapes?theme={chosen}",
            "point": asked.position if asked else None,
        },
        totals=[
            {"level": view.words.term("grid_levels", str(one.level)), "total": one}
            for one in found.totals
            if one.theme == chosen
        ],
        persons=found.persons.get(chosen, 0),
        land_km2=report.land_km2,
        report=report,
        place=place,
        datum=datum,
        datums=DATUMS,
        refusal=refusal,
        asked=_asked(view, asked) if asked else None,
        cells=[{"cell": cell, "name": _name(view, cell)} for cell in cells[:ROWS]],
        more=max(0, len(cells) - ROWS),
    )


def _asked(view: View, found: Asked) -> dict[str, Any]:
    lon, lat = found.position
    return {
        "name": (found.name_en if view.lang == "en" else "") or found.name,
        "position": f"{lon:.6f}, {lat:.6f}",
        "beidou": found.beidou or "",
        "chains": [
            {
                "theme": view.words.term("grid_themes", chain.theme),
                "links": [
                    {
                        "code": link.cell.code,
                        "name": _name(view, link.cell),
                        "level": view.words.term("grid_levels", str(link.cell.level)),
                        "duties": [_person(view, duty) for duty in link.duties],
                    }
                    for link in reversed(chain.links)
                ],
            }
            for chain in found.chains
        ],
    }


@router.get("/people/{person}")
def person_page(view: Reading, person: str, day: date | None = None) -> Response:
    """Show all that a person answers for."""
    found = grids.duties_of(view.context, person, day=day)
    return view.render(
        "person.html",
        code=person,
        person=found[0].person if found else None,
        duties=[_person(view, one) for one in found],
        day=day or view.context.today(),
    )


# ----------------------------------------------------------------------------------------------- check and mend


@router.get("/grids/check")
def check(view: Reading, theme: Theme = None) -> Response:
    """List what is wrong, and draw it."""
    return _check(view, _theme(view, theme))


def _check(view: View, theme: str, *, refusal: str = "", status: int = 200) -> Response:
    report = grid_checks.report(view.context, theme)
    may_mend = view.context.actor.may("grid.mend")
    mending = grid_checks.propose_mending(view.context, theme) if may_mend else None
    drawn = [
        {
            "type": "Feature",
            "geometry": mapping(one.shape),
            "properties": {"number": number, "code": one.code},
        }
        for number, one in enumerate(report.findings)
        if one.shape is not None
    ]
    changes = mending.changes if mending else ()
    return _render(
        view,
        "grids_check.html",
        theme=theme,
        status=status,
        map_config={
            "mode": "check",
            "shapes": f"/api/v1/grids/shapes?theme={theme}",
            "findings": drawn,
            "changes": [
                {
                    "code": one.code,
                    "before": mapping(one.before) if one.before is not None else None,
                    "after": mapping(one.after) if one.after is not None else None,
                }
                for one in changes
            ],
        },
        report=report,
        refusal=refusal,
        counts=[(wording.pick(wording.GRID_FINDINGS[code], view.lang), count) for code, count in report.counts.items()],
        findings=[
            {
                "number": number,
                "what": wording.pick(wording.GRID_FINDINGS[one.code], view.lang),
                "names": list(zip(one.grids, one.names, strict=False))[:4],
                "area": one.area_m2,
                "person": one.person,
                "person_name": one.person_name,
                "count": one.count,
                "mendable": one.mendable,
                "page": one.code != "village_without",
            }
            for number, one in enumerate(report.findings[:ROWS])
        ],
        more=max(0, len(report.findings) - ROWS),
        mending=mending,
        changes=changes,
    )  # fmt: skip


@router.post("/grids/check/mend")
def mend(
    view: Writing,
    theme: Annotated[str, Form()],
    number: Annotated[int, Form()],
    request_id: Annotated[UUID, Form()],
) -> Response:
    """Mend what was shown."""
    try:
        grid_checks.mend(view.context, theme, number=number, request_id=request_id)
    except MusterError as error:
        told = view.words.problem(error.code, error.details)
        return _check(view, _theme(view, theme), refusal=told, status=error.status)
    return see(f"/grids/check?theme={theme}")


# ----------------------------------------------------------------------------------------------- changing


@router.get("/grids/edit")
def edit(view: Reading, theme: Theme = None, grid: str = "") -> Response:
    """Split, merge and move borders on the map."""
    chosen = _theme(view, theme)
    return _render(
        view,
        "grids_edit.html",
        theme=chosen,
        map_config={
            "mode": "edit",
            "shapes": f"/api/v1/grids/shapes?theme={chosen}",
            "chosen": [grid] if grid else [],
        },
    )


@router.get("/grids/words")
def words(view: Reading, code: str, details: str = "{}") -> Response:
    """Put a refusal that a script was answered with into the reader's words."""
    try:
        given = json.loads(details)
    except ValueError:
        given = {}
    known = code if code in wording.PROBLEMS else "fields_invalid"
    told = view.words.problem(known, given if isinstance(given, dict) else {})
    return Response(told, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


# ----------------------------------------------------------------------------------------------- making


@router.get("/grids/make")
def make_form(view: Reading, theme: Theme = None) -> Response:
    """Ask what leaf grids shall be made."""
    return _make_form(view, _theme(view, theme))


def _make_form(
    view: View,
    theme: str,
    *,
    area: str = "",
    method: str = "",
    drawn: str = "",
    refusal: str = "",
    status: int = 200,
) -> Response:
    upper = grids.listing(view.context, level=1)
    below = [cell for level in (2, 4) for cell in grids.listing(view.context, level=level)]
    seen: dict[str, str] = {}
    for cell in (*upper, *below):
        if cell.area_code and cell.area_code not in seen:
            seen[cell.area_code] = _name(view, cell)
    for bare in grid_making.bare_areas(view.context):
        seen.setdefault(bare.code, (bare.name_en if view.lang == "en" else "") or bare.name)
    return _render(
        view,
        "grids_make.html",
        theme=theme,
        status=status,
        map_config={"mode": "make", "shapes": f"/api/v1/grids/shapes?theme={theme}"},
        areas=list(seen.items()),
        given={"area": area, "method": method, "drawn": drawn},
        methods=[(code, wording.pick(wording.GRID_METHODS[code], view.lang)) for code in METHODS],
        guides=[(code, wording.pick(wording.GRID_GUIDES[code], view.lang)) for code in GUIDES],
        refusal=refusal,
    )


@router.post("/grids/make")
def make(  # noqa: PLR0917  # the fields of one form
    view: Writing,
    theme: Annotated[str, Form()],
    area: Annotated[str, Form()],
    method: Annotated[Method, Form()],
    request_id: Annotated[UUID, Form()],
    file: UploadFile | None = None,
    drawn: Annotated[str, Form(max_length=_LARGEST_DRAWING)] = "",
    each: Annotated[str, Form()] = "",
    total: Annotated[str, Form()] = "",
    size_m: Annotated[str, Form()] = "",
    beidou_level: Annotated[str, Form()] = "",
    guides: Annotated[Sequence[str], Form()] = (),
    by_area: Annotated[float, Form()] = 0.4,
    by_people: Annotated[float, Form()] = 0.3,
    by_risk: Annotated[float, Form()] = 0.3,
) -> Response:
    """Begin to make a preview."""
    try:
        wish = Wish(
            theme=theme,
            area=area,
            method=method,
            each=_number(each) if method == "divide" and not total.strip() else None,
            total=_number(total) if method == "divide" else None,
            size_m=_number(size_m) if method == "squares" else None,
            beidou_level=_number(beidou_level) if method == "beidou" else None,
            drawn=(*_drawn(file), *grid_making.polygons_in(drawn)) if method == "drawn" else (),
            guides=tuple(guides),
            by_area=by_area,
            by_people=by_people,
            by_risk=by_risk,
        )
        job = grid_making.start(view.context, wish, request_id=request_id)
    except MusterError as error:
        told = view.words.problem(error.code, error.details)
        given = {"area": area, "method": method, "drawn": drawn}
        return _make_form(view, _theme(view, theme), **given, refusal=told, status=error.status)
    return see(f"/jobs/{job.id}")


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _drawn(file: UploadFile | None) -> tuple[Mapping[str, Any], ...]:
    """Read the polygons of an uploaded drawing."""
    if file is None or not file.filename:
        return ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"drawn{Path(file.filename).suffix.lower()[:8]}"
        path.write_bytes(file.file.read(_LARGEST_FILE))
        return tuple(grid_making.polygons_of(path))


@router.get("/grids/made/{name}")
def made(view: Reading, name: str) -> Response:
    """Show what making would do."""
    return _made(view, name)


def _made(view: View, name: str, *, refusal: str = "", status: int = 200) -> Response:
    preview = grid_making.get(view.context, name)
    theme = str(preview.wish["theme"])
    return _render(
        view,
        "grids_made.html",
        theme=theme,
        status=status,
        map_config={"mode": "made", "shapes": f"/api/v1/grids/making/{name}/shapes"},
        preview=preview,
        counts=[
            (wording.pick(wording.GRID_STATES[state], view.lang), count)
            for state, count in preview.counts.items()
        ],
        rows=[
            {"row": row, "state": wording.pick(wording.GRID_STATES[row.state], view.lang)}
            for row in preview.rows[:ROWS]
        ],
        more=max(0, len(preview.rows) - ROWS),
        method=wording.pick(wording.GRID_METHODS[preview.wish["method"]], view.lang),
        upper=[
            {
                "level": view.words.term("grid_levels", str(one["level"])),
                "cells": one["cells"],
                "origin": wording.pick(wording.GRID_ORIGINS[one["origin"]], view.lang),
            }
            for one in preview.upper
        ],
        misfits=[
            (wording.pick(wording.GRID_MISFITS[code], view.lang), count)
            for code, count in preview.misfits.items()
        ],
        refusal=refusal,
    )


@router.post("/grids/made/{name}")
def apply(view: Writing, name: str, request_id: Annotated[UUID, Form()]) -> Response:
    """Write a preview."""
    try:
        grid_making.apply(view.context, name, request_id=request_id)
    except MusterError as error:
        if error.status == 404:  # noqa: PLR2004  # the preview itself is gone
            raise
        return _made(view, name, refusal=view.words.problem(error.code, error.details), status=error.status)
    theme = grid_making.get(view.context, name).wish["theme"]
    return see(f"/grids/check?theme={theme}")


# ----------------------------------------------------------------------------------------------- one cell


@router.get("/grids/{code}")
def cell(view: Reading, code: str, day: date | None = None) -> Response:
    """Show a cell as it stands, or as it stood at the end of a past day."""
    return _cell(view, code, day)


def _area_level(code: str | None) -> str:
    """Return the level of an area that the atlas has sheets of; "" for none."""
    level = areas.level(code) if code else ""
    return level if level in {"county", "township", "village"} else ""


def _cell(view: View, code: str, day: date | None, *, refusal: str = "", status: int = 200) -> Response:
    found = grids.sheet(view.context, code, day=day)
    feature = {"type": "Feature", "geometry": mapping(found.cell.geometry), "properties": {"code": code}}
    by_cell: dict[str, list[dict[str, Any]]] = {}
    for duty in found.duties:
        by_cell.setdefault(duty.subject, []).append(_person(view, duty))
    return _render(
        view,
        "grid.html",
        theme=found.cell.theme,
        status=status,
        map_config={
            "mode": "cell",
            "shapes": f"/api/v1/grids/shapes?theme={found.cell.theme}&level={found.cell.level}",
            "cell": feature,
        },
        sheet=found,
        cell=found.cell,
        name=_name(view, found.cell),
        level=view.words.term("grid_levels", str(found.cell.level)),
        chain=[
            {
                "code": link.code,
                "name": _name(view, link),
                "level": view.words.term("grid_levels", str(link.level)),
                "duties": by_cell.get(link.code, []),
            }
            for link in reversed(found.chain)
        ],
        children=[{"code": one.code, "name": _name(view, one), "area": one.area_km2} for one in found.children],
        others=[_person(view, one) for one in found.other_duties],
        history=[
            {
                "version": one,
                "role": view.words.term("duty_roles", one.role) if one.role else "",
            }
            for one in found.history
        ],
        roles=list(view.words.group("duty_roles").items()),
        is_leaf=found.cell.level == LEAF,
        area_level=_area_level(found.cell.area_code),
        refusal=refusal,
    )  # fmt: skip


@router.post("/grids/{code}/rename")
def rename(  # noqa: PLR0917  # the fields of one form
    view: Writing,
    code: str,
    request_id: Annotated[UUID, Form()],
    name: Annotated[str, Form(max_length=200)] = "",
    name_en: Annotated[str, Form(max_length=200)] = "",
    alias: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Give a cell another name, or the bureau's own code."""
    wanted = Edit(kind="rename", grids=(code,), name=name, name_en=name_en, alias=alias)
    try:
        grid_edits.apply(view.context, wanted, request_id=request_id)
    except MusterError as error:
        return _refused(view, code, error)
    return see(f"/grids/{code}")


@router.post("/grids/{code}/duties")
def assign(  # noqa: PLR0917  # the fields of one form
    view: Writing,
    code: str,
    request_id: Annotated[UUID, Form()],
    person: Annotated[str, Form(max_length=100)],
    role: Annotated[str, Form(max_length=100)],
    rank: Annotated[str, Form(max_length=1)] = "A",
    valid_from: Annotated[str, Form(max_length=10)] = "",
    valid_to: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Let somebody answer for a cell."""
    try:
        grids.assign(
            view.context,
            code,
            request_id=request_id,
            person=person.strip(),
            role=role,
            rank=rank,
            valid_from=_day(valid_from),
            valid_to=_day(valid_to),
        )
    except MusterError as error:
        return _refused(view, code, error)
    return see(f"/grids/{code}")


@router.post("/grids/{code}/duties/end")
def end_duty(
    view: Writing,
    code: str,
    request_id: Annotated[UUID, Form()],
    duty: Annotated[str, Form(max_length=200)],
    last_day: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Let a duty end."""
    try:
        grids.end_duty(view.context, duty, request_id=request_id, last_day=_day(last_day))
    except MusterError as error:
        return _refused(view, code, error)
    return see(f"/grids/{code}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _refused(view: View, code: str, error: MusterError) -> Response:
    if error.status == 404 and error.code == "no_such_grid":  # noqa: PLR2004  # there is no page to say it on
        raise error
    return _cell(view, code, None, refusal=view.words.problem(error.code, error.details), status=error.status)
