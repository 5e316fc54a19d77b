"""Responsibility grids: whose land is this, who answers for it, and what a person answers for."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, status

from api.http.access import Acting, Visiting
from api.http.geojson import outline
from api.http.grid_models import (
    Code,
    Duty,
    DutyEnd,
    DutyRequest,
    Grid,
    GridAnswer,
    GridOverview,
    GridSheet,
)
from api.http.problems import responses
from api.usecases import grids
from gis.crs import Datum

router = APIRouter(prefix="/grids", tags=["grids"])
people = APIRouter(prefix="/people", tags=["grids"])
_WRITE = responses(400, 401, 403, 404, 409, 422)

Theme = Annotated[str | None, Query(description="one theme alone", max_length=40)]
Day = Annotated[date | None, Query(description="as of the end of this day; none: now")]


@router.get("", responses=responses(400, 401, 403, 422))
def list_grids(
    context: Visiting,
    theme: Theme = None,
    level: Annotated[int | None, Query(ge=1, le=5)] = None,
    parent: Annotated[str | None, Query(max_length=100)] = None,
) -> list[Grid]:
    """List cells, the widest first."""
    found = grids.listing(context, theme=theme, level=level, parent=parent)
    return [Grid.model_validate(one) for one in found]


@router.get("/overview", responses=responses(401, 403))
def overview(context: Visiting) -> GridOverview:
    """Count cells, land and persons of every theme."""
    return GridOverview.model_validate(grids.overview(context))


@router.get("/at", responses=responses(400, 401, 403, 404, 422))
def grids_at(
    place: Annotated[
        str,
        Query(
            description="lon,lat; a BeiDou code; a code or name of a village, facility or grid", max_length=200
        ),
    ],
    context: Visiting,
    datum: Datum = "CGCS2000",
    theme: Theme = None,
    day: Day = None,
) -> GridAnswer:
    """Tell the leaf grid of a place and its whole chain, with persons by role, in every theme or in one."""
    return GridAnswer.model_validate(grids.at(context, place, datum=datum, theme=theme, day=day))


@router.get("/{code}", responses=responses(401, 403, 404, 422))
def get_grid(code: Code, context: Visiting, day: Day = None) -> GridSheet:
    """Read a cell as it stands, or as it stood at the end of a past day."""
    found = grids.sheet(context, code, day=day)
    values = {name: getattr(found, name) for name in GridSheet.model_fields if name != "geometry"}
    return GridSheet.model_validate({**values, "geometry": outline(found.cell.geometry)})


@router.post("/{code}/duties", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def assign(code: Code, body: DutyRequest, context: Acting) -> Duty:
    """Let a person answer for a cell in a role."""
    return Duty.model_validate(grids.assign(context, code, **body.model_dump()))


@router.post("/duties/end", responses=_WRITE)
def end_duty(body: DutyEnd, context: Acting) -> Duty:
    """Let a duty for a cell end with a day."""
    return Duty.model_validate(grids.end_duty(context, **body.model_dump()))


@people.get("/{code}/duties", responses=responses(401, 403, 404, 422))
def duties_of(code: Code, context: Visiting, day: Day = None) -> list[Duty]:
    """Tell all that a person answers for: cells, areas, places, teams."""
    return [Duty.model_validate(one) for one in grids.duties_of(context, code, day=day)]
