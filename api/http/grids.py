"""Responsibility grids: whose land is this, who answers for it, and what a person answers for."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, status

from api.http.access import Acting, Visiting
from api.http.geojson import GeoJSON, collection, feature, outline
from api.http.grid_models import (
    Code,
    Duty,
    DutyEnd,
    DutyRequest,
    Grid,
    GridAnswer,
    GridChanged,
    GridEdit,
    GridEditPreview,
    GridMade,
    GridMend,
    GridMending,
    GridOverview,
    GridProposal,
    GridReport,
    GridSheet,
    GridUndo,
    GridWish,
)
from api.http.models import Job, Plain
from api.http.problems import responses
from api.usecases import grid_checks, grid_edits, grid_making, grids, undoing
from api.usecases.grid_edits import Changed, Edit, Proposal
from api.usecases.grid_making import Wish
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
            description="lon,lat; a BeiDou code; a code or name of a village, facility or grid",
            max_length=200,
        ),
    ],
    context: Visiting,
    datum: Datum = "CGCS2000",
    theme: Theme = None,
    day: Day = None,
) -> GridAnswer:
    """Tell the leaf grid of a place and its whole chain, with persons by role, in every theme or in one."""
    return GridAnswer.model_validate(grids.at(context, place, datum=datum, theme=theme, day=day))


@router.get("/shapes", responses=responses(400, 401, 403, 422))
def shapes(
    context: Visiting,
    theme: Annotated[str, Query(max_length=40)] = "forest_fire",
    level: Annotated[int, Query(ge=1, le=5)] = 5,
) -> GeoJSON:
    """Draw the cells of one theme and level."""
    found = grids.listing(context, theme=theme, level=level)
    return collection(
        {
            **feature(
                one.geometry,
                {
                    "code": one.code,
                    "name": one.name,
                    "name_en": one.name_en,
                    "alias": one.alias,
                    "parent": one.parent,
                },
            ),
            "id": one.id,
        }
        for one in found
    )


@router.get("/border", responses=responses(401, 403, 404, 409, 422))
def border(
    first: Annotated[str, Query(max_length=100)],
    second: Annotated[str, Query(max_length=100)],
    context: Visiting,
) -> GeoJSON:
    """Draw the stretches along which two cells touch."""
    found = grid_edits.border(context, first, second)
    return collection(feature(one, {"number": number}) for number, one in enumerate(found))


@router.post("/edit/preview", responses=_WRITE)
def preview_edit(body: GridEditPreview, context: Acting) -> GridProposal:
    """Tell what an edit would do; nothing is written."""
    return _proposal(grid_edits.preview(context, Edit(**body.model_dump())))


@router.post("/edit", responses=_WRITE)
def edit(body: GridEdit, context: Acting) -> GridProposal:
    """Split, merge, move a border or rename."""
    wanted = Edit(**body.model_dump(exclude={"request_id"}))
    return _proposal(grid_edits.apply(context, wanted, request_id=body.request_id))


@router.post("/undo", status_code=status.HTTP_204_NO_CONTENT, responses=_WRITE)
def undo(body: GridUndo, context: Acting) -> None:
    """Take a change of grids, or of who answers for them, back, by its number in the timeline."""
    undoing.take_grids_back(context, body.number, request_id=body.request_id)


def _proposal(found: Proposal) -> GridProposal:
    return GridProposal(
        changes=[_changed(one) for one in found.changes],
        ending=[Duty.model_validate(one) for one in found.ending],
    )


def _changed(one: Changed) -> GridChanged:
    return GridChanged(
        code=one.code,
        name=one.name,
        level=one.level,
        before=None if one.before is None else outline(one.before),
        after=None if one.after is None else outline(one.after),
        before_km2=one.before_km2,
        after_km2=one.after_km2,
    )


@router.get("/check", responses=responses(400, 401, 403, 422))
def check(context: Visiting, theme: Annotated[str, Query(max_length=40)] = "forest_fire") -> GridReport:
    """Name everything that is wrong with the grids of a theme and their persons."""
    return GridReport.model_validate(grid_checks.report(context, theme))


@router.get("/check/shapes", responses=responses(400, 401, 403, 422))
def check_shapes(context: Visiting, theme: Annotated[str, Query(max_length=40)] = "forest_fire") -> GeoJSON:
    """Draw the findings, numbered as in the report."""
    found = grid_checks.report(context, theme).findings
    return collection(
        feature(one.shape, {"number": number, "code": one.code, "grids": list(one.grids)})
        for number, one in enumerate(found)
        if one.shape is not None
    )


@router.get("/mending", responses=responses(400, 401, 403, 422))
def propose_mending(
    context: Visiting, theme: Annotated[str, Query(max_length=40)] = "forest_fire"
) -> GridMending:
    """Tell what mending hairline faults would change; nothing is written."""
    found = grid_checks.propose_mending(context, theme)
    return GridMending(
        theme=theme,
        number=found.number,
        changes=[_changed(one) for one in found.changes],
        left=found.left,
    )


@router.post("/mending", responses=_WRITE)
def mend(body: GridMend, context: Acting) -> dict[str, int]:
    """Mend what was proposed; refused when a cell has changed since."""
    return {"changed": grid_checks.mend(context, **body.model_dump())}


@router.post("/making", status_code=status.HTTP_202_ACCEPTED, responses=_WRITE)
def make(body: GridWish, context: Acting) -> Job:
    """Begin to make leaf grids, as a job; its result names a preview."""
    wish = Wish(**body.model_dump(exclude={"request_id"}))
    return Job.model_validate(grid_making.start(context, wish, request_id=body.request_id))


@router.get("/making/{name}", responses=responses(401, 403, 404, 422))
def made(name: Code, context: Visiting) -> GridMade:
    """Read a preview."""
    return GridMade.model_validate(grid_making.get(context, name))


@router.get("/making/{name}/shapes", responses=responses(401, 403, 404, 422))
def made_shapes(name: Code, context: Visiting) -> GeoJSON:
    """Draw a preview."""
    return collection(
        feature(row.geometry, {"code": row.code, "name": row.name, "state": row.state})
        for row in grid_making.get(context, name).rows
    )


@router.post("/making/{name}/apply", responses=_WRITE)
def apply(name: Code, body: Plain, context: Acting) -> dict[str, int]:
    """Write a preview as one act; refused when a cell has changed since it was made."""
    return dict(grid_making.apply(context, name, request_id=body.request_id))


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
