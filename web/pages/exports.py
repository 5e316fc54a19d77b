"""Taking ledgers out: choose layers, rows, format and words; templates to fill in; files that were made before."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response

from api.errors import InvalidError, MusterError
from api.http.exports import attached
from api.usecases import completeness, layers, taking_out
from api.usecases.taking_out import Wish
from data import headings
from data.selections import FILTERS, Selection
from web.i18n import N_
from web.view import PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)

FORMATS: Final = {
    "xlsx": N_("Excel workbook"),
    "csv": N_("CSV text table"),
    "gpkg": "GeoPackage",
    "shp": N_("Shapefile (zip)"),
    "geojson": "GeoJSON",
    "kml": N_("KML (Google Earth)"),
    "qgis": N_("QGIS project with its data (zip)"),
}
HEADERS: Final = {"zh": N_("Chinese words"), "en": N_("English words"), "code": N_("Codes of the program")}
AT_ONCE: Final = 3_000
"""Rows that a request writes while somebody waits; more become a job."""

_EDGES: Final = 4
_UNFIT: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


@router.get("/ledgers/export")
def page(view: Reading, file: Annotated[str, Query(max_length=60)] = "") -> Response:
    """Show the form, and what was made before."""
    return _page(view, new=file)


@router.post("/ledgers/export")
def take_out(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    request_id: Annotated[UUID | None, Form()] = None,
    layer: Annotated[list[str] | None, Form(max_length=100)] = None,
    format_: Annotated[str, Form(alias="format", max_length=10)] = "xlsx",
    headers: Annotated[str, Form(max_length=4)] = "zh",
    people: Annotated[str, Form(max_length=10)] = "masked",
    area: Annotated[str, Form(max_length=12)] = "",
    text: Annotated[str, Form(max_length=100)] = "",
    value: Annotated[str, Form(max_length=200)] = "",
    box: Annotated[str, Form(max_length=120)] = "",
    only: Annotated[list[str] | None, Form(max_length=2)] = None,
) -> Response:
    """Give the file at once, or begin a job where there are many rows."""
    try:
        wish = _wish(
            layers_=tuple(layer or ()),
            format_=format_,
            headers=headers,
            people=people,
            area=area,
            text=text,
            value=value,
            box=box,
            only=tuple(only or ()),
        )
        rows, name = taking_out.count(view.context, wish), _name(view, wish)
        asked = request_id or uuid4()
        if rows > AT_ONCE and view.context.actor.may("job.read"):
            return see(f"/jobs/{taking_out.start(view.context, wish, request_id=asked, name=name).id}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"muster{wish.suffix}"
            taking_out.write(view.context, wish, path, request_id=asked)
            return attached(path.read_bytes(), name, path.name)
    except MusterError as error:
        return _page(view, error=error)


@router.get("/ledgers/export/files/{name}")
def file(view: Reading, name: str) -> Response:
    """Give a file that a job made."""
    path, called = taking_out.file_of(view.context, name)
    return attached(path.read_bytes(), called, f"muster{path.suffix}")


@router.get("/ledgers/templates")
def template(view: Reading, layer: Annotated[list[str] | None, Query(max_length=100)] = None) -> Response:
    """Give the empty workbook of a layer, or of all of them."""
    wanted = [one for one in layer or [] if one]
    title = view.words.layer(wanted[0]) if len(wanted) == 1 else view.gettext(N_("all ledgers"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "muster-template.xlsx"
        taking_out.template(view.context, wanted, path, lang=view.lang)
        kind = view.gettext(N_("template"))
        return attached(path.read_bytes(), _UNFIT.sub("-", f"{title}-{kind}.xlsx"), path.name)


def _page(view: View, *, new: str = "", error: MusterError | None = None) -> Response:
    context = view.context
    listed = [
        one
        for one in layers.listing(context)
        if view.context.actor.may("layer.export") or not one.layer.personal
    ]
    made = taking_out.finished(context)
    return view.render(
        "export.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        groups=[
            {"name": name, "layers": [one for one in listed if one.layer.legend.group == group]}
            for group, name in view.words.group("layer_groups").items()
            if any(one.layer.legend.group == group for one in listed)
        ],
        formats=FORMATS,
        headers=HEADERS,
        areas=[{"code": one.code, "name": view.words.name(one)} for one in completeness.townships(context)],
        values=[_values(view, one.layer) for one in listed],
        with_people=context.actor.may("layer.export"),
        made=made,
        new=next((job for job in made if job.result and job.result["file"] == new), None),
    )


def _values(view: View, layer: Any) -> dict[str, Any]:
    """Return what the rows of a layer can be asked for by: its fields with choices."""
    fields = [field for field in layer.fields.values() if field.type in FILTERS and field.type == "choice"]
    return {
        "layer": view.words.layer(layer.code),
        "choices": [
            (
                f"{layer.code}.{field.name}={code}",
                f"{view.words.field(layer, field.name)}: {view.words.term(field.group, code)}",
            )
            for field in fields
            for code in view.context.policy.vocabulary[field.group]
        ],
    }


def _wish(
    *,
    layers_: tuple[str, ...],
    format_: str,
    headers: str,
    people: str,
    area: str,
    text: str,
    value: str,
    box: str,
    only: Sequence[str],
) -> Wish:
    of, _, condition = value.partition(".")
    field, _, code = condition.partition("=")
    kind = next((one for one in taking_out.KINDS if one == format_), None)
    words = next((one for one in headings.HEADERS if one == headers), None)
    shown = next((one for one in taking_out.PEOPLE if one == people), None)
    if kind is None or words is None or shown is None:
        raise InvalidError("export_unclear")
    return Wish(
        layers=(of,) if value else layers_,
        format=kind,
        headers=words,
        people=shown,
        selection=Selection(
            area=area or None,
            bounds=_bounds(box),
            text=text,
            values={field: code} if value else {},
        ),
        only=frozenset(one for one in taking_out.ONLY if one in only),
    )


def _bounds(box: str) -> tuple[float, float, float, float] | None:
    """Read "west, south, east, north"; None where nothing is written. Raises InvalidError."""
    if not box.strip():
        return None
    try:
        edges = [float(one) for one in box.replace("，", ",").split(",")]
    except ValueError:
        edges = []
    if len(edges) != _EDGES or not (edges[0] < edges[2] and edges[1] < edges[3]):
        raise InvalidError("box_unclear")
    west, south, east, north = edges
    return west, south, east, north


def _name(view: View, wish: Wish) -> str:
    """Return what a file is called: what is in it, and the day."""
    day = view.context.clock().astimezone(view.context.settings.zone).strftime("%Y%m%d")
    what = view.words.layer(wish.layers[0]) if not wish.many else view.gettext(N_("all ledgers"))
    title = _UNFIT.sub("-", what if wish.format != "qgis" else "QGIS")
    return f"{title}-{day}{wish.suffix}"
