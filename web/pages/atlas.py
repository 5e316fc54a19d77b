"""The responsibility atlas: which sheets there are, each as a live page and on paper, and a whole atlas to download."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from api.usecases import atlas
from api.usecases.atlas import Entry, Wish
from data.jobs import JobRecord
from gis.atlas import Section, Sheet, SheetKind, SheetLevel
from gis.atlas_rules import KINDS
from web.i18n import N_
from web.map.skeleton import skeleton
from web.sheets.page import Paper
from web.sheets.render import Form as SheetForm
from web.sheets.render import render
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/atlas", title=N_("Atlas"), place=46)

MEDIA: Final[Mapping[SheetForm, str]] = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}
GROUPS: Final = ("sheet_areas", "sheet_routes", "sheet_places")
_UNKEPT: Final = {"Cache-Control": "no-store"}


class WishForm(BaseModel):
    """Which atlas somebody wants, as the form says it."""

    request_id: UUID = Field(default_factory=uuid4)
    kind: SheetKind = "responsibility"
    area: str = ""
    levels: list[SheetLevel] = []
    paper: Literal["A3", "A4", "both"] = "A3"
    lang: Literal["zh", "en"] = "zh"


@router.get("/atlas")
def listing(view: Reading, kind: SheetKind = "responsibility") -> Response:
    """List the sheets of a kind, and the atlases that were made."""
    found = atlas.index(view.context, kind, lang=view.lang)
    return view.render(
        "atlas.html",
        kind=kind,
        kinds=[(code, view.words.sheet_kind(code)) for code in KINDS],
        index=found,
        total=len(found.entries),
        top=[one for one in found.entries if one.level == "county"],
        branches=_branches(found.entries),
        townships=[one for one in found.entries if one.level == "township"],
        levels=[
            (level, view.words.sheet_level(level)) for level in dict.fromkeys(e.level for e in found.entries)
        ],
        may_make=view.context.actor.may("atlas.print"),
        made=[_made(view, job) for job in atlas.finished(view.context)]
        if view.context.actor.may("job.read")
        else [],
    )


@router.post("/atlas")
def make(view: Writing, form: Annotated[WishForm, Form()]) -> Response:
    """Begin to make an atlas, and show how far it is."""
    wish = Wish(
        kind=form.kind,
        area=form.area or None,
        levels=tuple(form.levels),
        paper=form.paper,
        lang=form.lang,
    )
    job = atlas.start(view.context, wish, request_id=form.request_id, site=_site(view))
    return see(f"/jobs/{job.id}")


@router.get("/atlas/files/{job_id}")
def download(view: Reading, job_id: int) -> Response:
    """Hand over an atlas that was made."""
    path = atlas.file(view.context, job_id)
    return FileResponse(path, media_type="application/pdf", filename=f"atlas-{job_id}.pdf", headers=_UNKEPT)


@router.get("/atlas/{kind}/{level}/{code}")
def page(view: Reading, kind: SheetKind, level: SheetLevel, code: str, theme: str | None = None) -> Response:
    """Show a sheet as a live page."""
    found = atlas.sheet(view.context, kind, level, code, lang=view.lang, theme=theme)
    words = view.words
    more = f"theme={quote(theme, safe='')}" if theme else ""
    return view.render(
        "sheet_page.html",
        sheet=found,
        title=words.sheet_title(found),
        numbered=words.sheet_number(found),
        classification=words.sheet_classification(found),
        data_date=words.sheet_data_date(found),
        tables=[_table(view, section) for section in found.sections],
        neighbours=[(one, words.sheet_direction(one.direction)) for one in found.neighbours],
        more=more,
        skeleton=skeleton(GROUPS),
        config={
            "address": f"/api/v1/atlas/{kind}/{level}/{quote(code, safe='')}?lang={view.lang}{'&' if more else ''}{more}",
            "names": ["name"] if view.lang == "zh" else ["name_en", "name"],
            "bounds": found.subject.bounds,
            "layers": _looks(view, found),
            "words": {
                "zoom_in": view.gettext(N_("Zoom in")),
                "zoom_out": view.gettext(N_("Zoom out")),
            },
        },
    )


@router.get("/atlas/{kind}/{level}/{code}/file")
def on_paper(
    view: Reading,
    kind: SheetKind,
    level: SheetLevel,
    code: str,
    *,
    paper: Paper = "A3",
    form: SheetForm = "pdf",
    theme: str | None = None,
) -> Response:
    """Draw a sheet for paper or a report."""
    found = atlas.sheet(view.context, kind, level, code, lang=view.lang, theme=theme)
    drawn = render(found, lang=view.lang, paper=paper, form=form, site=_site(view))
    name = quote(f"{view.words.sheet_title(found)}.{form}")
    return Response(
        drawn,
        media_type=MEDIA[form],
        headers={**_UNKEPT, "Content-Disposition": f"inline; filename*=UTF-8''{name}"},
    )


def _site(view: View) -> str:
    """Return what addresses of live pages begin with: of a proxy by the settings, else as this request came."""
    origins = view.context.settings.origins
    return origins[0] if origins else str(view.request.base_url).rstrip("/")


def _branches(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Put every sheet below the county's under the one of its township; those of enterprises by themselves."""
    branches: list[dict[str, Any]] = []
    for one in entries:
        if one.level == "township":
            branches.append({"entry": one, "below": []})
        elif one.level != "county" and branches:
            branches[-1]["below"].append(one)
    return branches


def _made(view: View, job: JobRecord) -> dict[str, Any]:
    """Put an atlas that was made, or is being made, into words."""
    wish, result = job.arguments, job.result or {}
    areas = [wish["area"]] if wish.get("area") else []
    return {
        "id": job.id,
        "open": job.is_open,
        "title": view.words.sheet_kind(wish["kind"]),
        "area": " ".join(areas),
        "paper": "A3 + A4" if wish["paper"] == "both" else wish["paper"],
        "sheets": result.get("sheets"),
        "megabytes": round(result.get("bytes", 0) / 1e6, 1),
        "at": job.ended_at or job.started_at,
        "by": job.started_by,
    }


def _table(view: View, section: Section) -> dict[str, Any]:
    """Put a table of a sheet into words; facts stand line by line."""
    words = view.words
    if section.columns == ("fact", "value"):
        rows = [
            (words.sheet_column(str(name)), words.sheet_cell(str(name), value))
            for name, value in section.rows
        ]
        return {"title": words.sheet_section(section.code), "columns": (), "rows": rows}
    return {
        "title": words.sheet_section(section.code),
        "columns": [words.sheet_column(column) for column in section.columns],
        "rows": [
            [words.sheet_cell(column, cell) for column, cell in zip(section.columns, row, strict=True)]
            for row in section.rows
        ],
    }


def _looks(view: View, sheet: Sheet) -> dict[str, object]:
    """Tell how the layers on a sheet look, as on the command map."""
    drawn = dict.fromkeys(one.layer for one in sheet.drawn)
    layers = view.context.policy.layers
    return {
        code: {
            "name": view.words.layer(code),
            "colour": layers[code].legend.colour,
            "symbol": layers[code].legend.symbol,
            "size": layers[code].legend.size,
            "point": layers[code].geometry == "Point",
        }
        for code in drawn
        if code in layers
    }
