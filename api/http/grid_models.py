"""Responsibility grids over the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from api.http.models import Command, GeoJSON, Identifier, Position, Record, ShortText
from api.usecases.grid_edits import EditKind
from api.usecases.grid_making import GUIDES, Method

Code = Annotated[str, Field(min_length=1, max_length=100)]
Rank = Literal["A", "B"]


class Person(Record):
    """Somebody who answers for something; masked outside the reader's area."""

    code: str
    name: str
    phone: str
    organisation: str
    position: str


class Duty(Record):
    """What a person answers for. kind: grid_cells, areas, teams, or the layer of a place; dates are whole days, null = open."""

    code: str
    person: Person
    role: str
    rank: Rank = Field(description="A answers first, B stands in")
    valid_from: date | None
    valid_to: date | None
    kind: str
    subject: str
    subject_name: str
    subject_name_en: str
    area_code: str | None


class GridCell(Record):
    """A cell as a chain names it; `alias` is the bureau's own code."""

    code: str
    theme: str
    level: int
    name: str
    name_en: str
    alias: str
    area_code: str | None


class GridLink(Record):
    """One cell of a chain, with who answers for it: A first."""

    cell: GridCell
    duties: Sequence[Duty]


class GridChain(Record):
    """The chain of one theme, the county first; empty where the place lies in no grid."""

    theme: str
    links: Sequence[GridLink]

    @computed_field(description="code of the leaf")  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def leaf(self) -> str | None:
        return self.links[-1].cell.code if self.links else None


class GridAnswer(Record):
    """Who answers for a place."""

    position: Position
    beidou: str | None
    name: str
    name_en: str
    code: str
    chains: Sequence[GridChain]


class Grid(GridCell):
    """A cell with its parent and its land in square kilometres."""

    parent: str | None
    area_km2: float


class GridTotal(Record):
    """The cells of one theme and level."""

    theme: str
    level: int
    cells: int
    area_km2: float
    people: int


class GridOverview(Record):
    """All themes: totals by level, and persons with any duty for a cell, each counted once."""

    totals: Sequence[GridTotal]
    persons: Mapping[str, int]


class GridVersion(Record):
    """A change: of the cell itself, or of a duty for it."""

    since: datetime | None
    until: datetime | None
    what: Literal["cell", "duty"]
    name: str
    alias: str
    area_km2: float | None
    role: str
    rank: str
    person: str


class GridSheet(Record):
    """A cell as it stood at the end of a day."""

    day: date
    past: bool
    cell: Grid
    chain: Sequence[Grid]
    children: Sequence[Grid]
    duties: Sequence[Duty]
    other_duties: Sequence[Duty] = Field(description="over, or not yet begun")
    population: int
    history: Sequence[GridVersion]
    geometry: GeoJSON


class DutyRequest(Command):
    """Let somebody answer for a cell."""

    person: Code
    role: Code
    rank: Rank = "A"
    valid_from: date | None = None
    valid_to: date | None = None


class DutyEnd(Command):
    """Let a duty end; without a day, it ended yesterday."""

    duty: ShortText
    last_day: date | None = None


class _Edit(BaseModel):
    """What shall be done: split one cell along a line, merge several, lay the border of two along a line, rename one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: EditKind
    grids: Annotated[tuple[Code, ...], Field(min_length=1, max_length=50)]
    line: GeoJSON | None = None
    name: ShortText | None = None
    name_en: ShortText | None = None
    alias: ShortText | None = None


class GridEditPreview(_Edit):
    """An edit to be looked at."""


class GridEdit(_Edit, Command):
    """An edit to be done."""


class GridChanged(BaseModel):
    """One cell before and after; null: new, or gone."""

    code: str
    name: str
    level: int
    before: GeoJSON | None
    after: GeoJSON | None
    before_km2: float
    after_km2: float


class GridProposal(BaseModel):
    """What changes, and the duties that end with cells that go."""

    changes: Sequence[GridChanged]
    ending: Sequence[Duty]


class GridFinding(Record):
    """Something to look at; `shape` says where."""

    code: str
    grids: Sequence[str]
    names: Sequence[str]
    level: int
    area_m2: float
    count: int
    person: str
    person_name: str
    mendable: bool


class GridReport(Record):
    """All findings of a theme; land without a responsible person is `uncovered_km2`."""

    theme: str
    number: int = Field(description="of changes: what mending is proposed from")
    cells: int
    leaves: int
    land_km2: float
    covered_km2: float
    uncovered_km2: float
    complete: bool
    counts: Mapping[str, int]
    findings: Sequence[GridFinding]


class GridMending(BaseModel):
    """What mending would change; `left` faults are too large for it."""

    theme: str
    number: int
    changes: Sequence[GridChanged]
    left: int


class GridMend(Command):
    """Mend what was proposed at `number`."""

    theme: Code
    number: int


class GridUndo(Command):
    """Take a change back."""

    number: Identifier


class GridWish(Command):
    """Leaves of a theme for all villages of an area. each or total with divide; size_m with squares; beidou_level; drawn."""

    theme: Code
    area: Annotated[str, Field(pattern="^[0-9]{12}$")]
    method: Method
    each: Annotated[int, Field(ge=1, le=200)] | None = None
    total: Annotated[int, Field(ge=1, le=20_000)] | None = None
    size_m: Annotated[int, Field(ge=100, le=100_000)] | None = None
    beidou_level: Annotated[int, Field(ge=1, le=6)] | None = None
    drawn: Annotated[tuple[GeoJSON, ...], Field(max_length=20_000)] = ()
    guides: Annotated[tuple[str, ...], Field(max_length=3)] = GUIDES
    by_area: Annotated[float, Field(ge=0, le=100)] = 0.4
    by_people: Annotated[float, Field(ge=0, le=100)] = 0.3
    by_risk: Annotated[float, Field(ge=0, le=100)] = 0.3


class GridMadeRow(Record):
    """One cell of a preview. share: of its village's land."""

    code: str
    village: str
    name: str
    state: Literal["new", "changed", "same"]
    area_km2: float
    people: int
    risk: float
    share: float


class GridUpper(Record):
    """How many cells of a level above were made from what."""

    level: int
    origin: Literal["outlines", "points", "whole"]
    cells: int


class GridMade(Record):
    """What making would do. gap: mean share of the model's cost that is not proven to be needed.

    upper: of a county that had no grids; landless: its townships and villages that got no land.
    """

    name: str
    wish: Mapping[str, object]
    villages: int
    rows: Sequence[GridMadeRow]
    gone: Sequence[str]
    ending: Sequence[Mapping[str, str]]
    gap: float | None
    worst_gap: float | None
    misfits: Mapping[str, int]
    upper: Sequence[GridUpper]
    landless: Sequence[str]
    counts: Mapping[str, int]
