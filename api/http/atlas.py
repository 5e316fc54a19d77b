"""The responsibility atlas: which sheets there are, what one holds, and a whole atlas as a job."""

from typing import Any, Final, Literal

import shapely
from fastapi import APIRouter, status
from shapely.geometry import mapping

from api.http.access import Acting, Visiting
from api.http.models import AtlasWish, Job, SheetContent, SheetIndex
from api.http.problems import responses
from api.usecases import atlas
from api.usecases.atlas import Wish
from gis.atlas import Drawn, Sheet, SheetKind, SheetLevel

router = APIRouter(prefix="/atlas", tags=["atlas"])

_GROUND: Final = frozenset({"road", "water", "waterway", "wood", "settlement"})
_DIGITS: Final = 1e-6  # of a degree: a decimetre


@router.get("/{kind}", responses=responses(401, 403, 404, 422))
def list_sheets(
    kind: SheetKind,
    context: Visiting,
    lang: Literal["zh", "en"] = "zh",
    area: str | None = None,
    theme: str | None = None,
) -> SheetIndex:
    """List the sheets of a kind in the county of an area."""
    return SheetIndex.model_validate(atlas.index(context, kind, lang=lang, area=area, theme=theme))


@router.get("/{kind}/{level}/{code}", responses=responses(401, 403, 404, 422))
def get_sheet(
    kind: SheetKind,
    level: SheetLevel,
    code: str,
    context: Visiting,
    *,
    lang: Literal["zh", "en"] = "zh",
    theme: str | None = None,
) -> SheetContent:
    """Give what one sheet holds; the ground under it is the base map's."""
    found = atlas.sheet(context, kind, level, code, lang=lang, theme=theme)
    return SheetContent.model_validate({**_fields(found), "features": features(found)})


@router.post("", status_code=status.HTTP_202_ACCEPTED, responses=responses(400, 401, 403, 404, 409, 422))
def make_atlas(body: AtlasWish, context: Acting) -> Job:
    """Begin to make an atlas; the job tells how far it is, and its file is on the page of the atlas."""
    wish = Wish(**body.model_dump(exclude={"request_id"}))
    return Job.model_validate(atlas.start(context, wish, request_id=body.request_id))


def features(sheet: Sheet) -> dict[str, Any]:
    """Return what a sheet draws on the ground as GeoJSON, the land that it is about first."""
    land = {
        "type": "Feature",
        "geometry": mapping(shapely.set_precision(sheet.subject, _DIGITS)),
        "properties": {"layer": "subject", "name": sheet.name},
    }
    drawn = [_feature(one) for one in sheet.drawn if one.layer not in _GROUND]
    return {"type": "FeatureCollection", "features": [land, *drawn]}


def _feature(one: Drawn) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": mapping(one.geometry),
        "properties": {
            "layer": one.layer,
            "code": one.code,
            "detail": one.detail,
            "name": one.name,
            "subject": one.subject,
            "weight": one.weight,
            "colour": one.colour,
        },
    }


def _fields(sheet: Sheet) -> dict[str, Any]:
    names = SheetContent.model_fields.keys() - {"features"}
    return {name: getattr(sheet, name) for name in names}
