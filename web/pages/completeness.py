"""How complete the resource database is: a table by layer and township, the rows behind each figure, and a workbook."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.http.exports import attached
from api.usecases import completeness
from api.usecases.completeness import Standing, Township
from data.completeness import Cell, Finding, score
from data.completeness_book import Grade, grade, missing_words
from data.layers import Layer
from web.i18n import N_
from web.pages.resources import WITH_PAGE
from web.view import Link, PageRoute, Reading, View

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/ledgers/completeness", title=N_("Completeness"), place=55, aside=True)

GRADES: Final = {"good": N_("good"), "fair": N_("fair"), "poor": N_("poor")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A cell of the table. `score` None: there is no row."""

    township: str
    score: float | None
    grade: Grade | None
    rows: int
    missing: int
    stale: int
    doubtful: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A layer's row of the table; the first square is of all townships."""

    layer: str
    squares: tuple[Square, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A row of the list: what it is, where its page is, what is wrong with it, and who owes it."""

    code: str
    name: str
    page: str
    missing: str
    stale: bool
    doubts: tuple[str, ...]
    updated_at: object
    owing: str


@router.get("/ledgers/completeness")
def page(
    view: Reading,
    layer: Annotated[str, Query(max_length=60)] = "",
    township: Annotated[str | None, Query(max_length=12)] = None,
) -> Response:
    """Show the table, and the rows behind one of its cells."""
    standing = completeness.standing(view.context)
    chosen = next((one for one in standing.layers if one.code == layer), None)
    found = completeness.findings(view.context, layer, township=township) if layer else ()
    owing = {one.code: completeness.owing(one.keeper) for one in standing.townships}
    return view.render(
        "completeness.html",
        heads=[_head(view, one) for one in standing.townships],
        lines=[_line(view, standing, one) for one in standing.layers],
        grades=GRADES,
        parts=view.context.policy.completeness.parts,
        chosen=view.words.layer(layer) if chosen else "",
        of=next((_head(view, one)["name"] for one in standing.townships if one.code == township), "")
        if township is not None
        else "",
        rows=[_wrong(view, chosen, one, owing) for one in found] if chosen else [],
        most=completeness.MOST_LISTED,
    )


@router.get("/ledgers/completeness/workbook")
def workbook(view: Reading) -> Response:
    """Give the table and the whole list as a workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "muster-completeness.xlsx"
        completeness.write(view.context, path, view.lang)
        return attached(path.read_bytes(), f"{view.gettext(N_('Completeness'))}.xlsx", path.name)


def _head(view: View, township: Township) -> dict[str, str]:
    return {
        "code": township.code,
        "name": completeness.name_of(view.context, township, view.lang),
        "owing": completeness.owing(township.keeper),
    }


def _line(view: View, standing: Standing, layer: Layer) -> Line:
    own = [cell for cell in standing.cells if cell.layer == layer.code]
    squares = [_square(view, "", own)]
    squares += [
        _square(view, one.code, [cell for cell in own if cell.township == one.code])
        for one in standing.townships
    ]
    return Line(layer=layer.code, squares=tuple(squares))


def _square(view: View, township: str, cells: Sequence[Cell]) -> Square:
    found = score(cells, view.context.policy)
    weight = sum(cell.weight for cell in cells)
    filled = sum(cell.filled for cell in cells)
    return Square(
        township=township,
        score=found,
        grade=None if found is None else grade(found),
        rows=sum(cell.rows for cell in cells),
        missing=round(100 * (1 - filled / weight)) if weight else 0,
        stale=sum(cell.stale for cell in cells),
        doubtful=sum(cell.doubtful for cell in cells),
    )


def _wrong(view: View, layer: Layer, found: Finding, owing: dict[str, str]) -> Wrong:
    return Wrong(
        code=found.code,
        name=(found.name_en if view.lang == "en" else "") or found.name,
        page=f"/resources/{layer.code}/{found.id}" if layer.store in WITH_PAGE else "",
        missing=missing_words(layer, found.missing, view.context.policy, view.lang),
        stale=found.stale,
        doubts=tuple(view.words.term("doubts", doubt) for doubt in found.doubts),
        updated_at=found.updated_at,
        owing=found.owner or owing.get(found.township, ""),
    )
