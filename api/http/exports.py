"""Ledgers on their way out: files of rows, templates to fill in, and how complete the rows are."""

import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from api.http.access import Acting, Visiting
from api.http.models import Completeness, CompletenessFinding, Export
from api.http.problems import responses
from api.usecases import completeness, taking_out
from data.selections import Selection

router = APIRouter(tags=["ledgers"])
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES: Final = {
    ".xlsx": XLSX,
    ".csv": "text/csv; charset=utf-8",
    ".gpkg": "application/geopackage+sqlite3",
    ".zip": "application/zip",
    ".geojson": "application/geo+json",
    ".kml": "application/vnd.google-earth.kml+xml",
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/exports",
    response_class=Response,
    responses={
        200: {"content": {kind.partition(";")[0]: _BINARY for kind in TYPES.values()}},
        **responses(400, 401, 403, 404, 409, 422),
    },
)
def take_out(body: Export, context: Acting) -> Response:
    """Take rows out as a file that an import reads back. With names and phone numbers it is journaled."""
    wish = taking_out.Wish(
        layers=tuple(body.layers),
        format=body.format,
        headers=body.headers,
        people=body.people,
        selection=Selection(area=body.area, bounds=body.bounds, text=body.text, values=body.values),
        only=frozenset(body.only),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"muster{wish.suffix}"
        taking_out.write(context, wish, path, request_id=body.request_id)
        return attached(path.read_bytes(), path.name)


@router.get(
    "/templates",
    response_class=Response,
    responses={200: {"content": {XLSX: _BINARY}}, **responses(401, 403, 404, 422)},
)
def get_template(
    context: Visiting,
    layer: Annotated[list[str] | None, Query(max_length=100)] = None,
    lang: Literal["zh", "en"] = "zh",
) -> Response:
    """Give the empty workbook of some layers, a sheet each; of all where none is named."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "muster-template.xlsx"
        taking_out.template(context, layer or [], path, lang=lang)
        return attached(path.read_bytes(), path.name)


@router.get("/completeness", responses=responses(401, 403))
def get_completeness(context: Visiting) -> Completeness:
    """Score every layer in every township."""
    return Completeness.of(completeness.standing(context), context.policy)


@router.get("/completeness/{layer}", responses=responses(401, 403, 404, 422))
def list_findings(
    layer: str, context: Visiting, township: Annotated[str | None, Query(max_length=12)] = None
) -> list[CompletenessFinding]:
    """List the rows of a layer with something missing, stale or doubtful, the worst first."""
    found = completeness.findings(context, layer, township=township)
    return [CompletenessFinding.model_validate(one) for one in found]


def attached(content: bytes, name: str, ascii_name: str | None = None) -> Response:
    """Answer with a file to be saved under a name, which may be Chinese (RFC 6266)."""
    plain = ascii_name or name
    kind = TYPES[Path(name).suffix]
    return Response(
        content,
        media_type=kind,
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "no-store",
        },
    )
