"""Responsibility grids over the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, computed_field

from api.http.models import Command, GeoJSON, Position, Record, ShortText

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
