"""A whole file beside the store: every sheet matched to a layer, read, checked, compared; nothing is written.

The same function makes the preview that a person sees and what is applied later: if the two differ, the store has changed
in between.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
from sqlalchemy import Connection

from data import batches, columns, differing, ledgers, places, placing, sources
from data.batches import BatchRow
from data.cells import header
from data.columns import Choices
from data.differing import Comparison
from data.layers import PLACED_BY, Layer, Store
from data.ledgers import Corrections, Reading
from data.placing import Gazetteer, Surroundings
from data.policies import Policy
from data.problems import Problem
from data.sources import RawTable
from gis.areas import prefix

Told = Callable[[str, int, int], None]
"""Told (stage, rows done, rows in all)."""

_ORDER: Final[tuple[Store, ...]] = (
    *("areas", "villages", "people", "grid_cells", "places", "depots", "teams"),
    *("stock_lots", "vehicles", "duties"),
)
_CANDIDATES: Final = 5
_LISTS: Final = frozenset({"choices", "lists"})
"""Hidden sheets of templates, from which their columns pick words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPreview:
    """One sheet beside the store. number: of the sheet in its file, from 0. layer: None where it is of none."""

    number: int
    name: str
    layer: Layer | None
    candidates: tuple[str, ...]
    reading: Reading | None = None
    comparison: Comparison | None = None
    rows: tuple[BatchRow, ...] = ()
    hidden: bool = False
    asked: bool = False
    fingerprint: str = ""
    problems: tuple[Problem, ...] = field(default_factory=tuple)

    @property
    def refused(self) -> bool:
        """Whether nothing of the sheet can be taken as it stands."""
        return self.asked or (self.reading is not None and self.reading.refused)

    def summary(self) -> dict[str, Any]:
        """Return what is told of the sheet as JSON has it."""
        counts = {
            outcome: sum(row.outcome == outcome for row in self.rows)
            for outcome in ("new", "changed", "gone", "faulty")
        }
        same = 0 if self.comparison is None else sum(d.outcome == "same" for d in self.comparison.differences)
        matched = self.reading.columns if self.reading else None
        return {
            "name": self.name,
            "layer": self.layer.code if self.layer else "",
            "candidates": list(self.candidates),
            "refused": self.refused,
            "asked": self.asked,
            "hidden": self.hidden,
            "fingerprint": self.fingerprint,
            "rows": self.reading.rows if self.reading else 0,
            "counts": {**counts, "same": same - self._faulty_same()},
            "placed": sum(row.placed for row in self.rows),
            "columns": [asdict(column) for column in matched.listed] if matched else [],
            "problems": [asdict(problem) for problem in self.problems],
        }

    def _faulty_same(self) -> int:
        if self.comparison is None:
            return 0
        faulty = {row.number for row in self.rows if row.outcome == "faulty"}
        return sum(d.outcome == "same" and d.number in faulty for d in self.comparison.differences)

    def frame(self) -> gpd.GeoDataFrame:
        """Return the rows that are new or changed, as `data.imports.apply` takes them."""
        taken = [row.number for row in self.rows if row.outcome in {"new", "changed"}]
        if self.reading is None:
            raise ValueError("a sheet of no layer")
        return self.reading.frame.loc[taken]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Put off the search for garbage: a million cells are made that are all in use, and searching them anew and anew
    takes a quarter of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def make(
    connection: Connection,
    path: Path,
    policy: Policy,
    *,
    file: str,
    datum: str | None,
    said: Mapping[str, Any],
    area: str | None,
    told: Told,
) -> tuple[SheetPreview, ...]:
    """Compare a file with the store. `said`: as a batch keeps it. `area`: whose rows may be touched; None: all.

    Raises SourceError for a file that cannot be read or could harm.
    """
    told("opening", 0, 0)
    tables = sources.read_all(path)
    total = sum(len(table.rows) for table in tables)
    chosen = [
        _choose(connection, table, policy, file=file, said=said.get(str(number), {}))
        for number, table in enumerate(tables)
    ]
    places_by_name = placing.gazetteer(connection)
    near = places.extent(connection)
    coming: dict[str, dict[str, str]] = {}
    coming_areas: dict[str, dict[str, str | None]] = {}
    done, made = 0, []
    for number in sorted(range(len(tables)), key=lambda n: _rank(chosen[n][0])):
        told("checking", done, total)
        layer, candidates, corrections = chosen[number]
        table = tables[number]
        if layer is None:
            made.append(
                SheetPreview(
                    number=number,
                    name=table.name,
                    layer=None,
                    candidates=candidates,
                    hidden=table.hidden,
                    asked=bool(table.rows) and len(candidates) > 1,
                )
            )
            continue
        around = Surroundings(
            gazetteer=places_by_name if layer.geometry == "Point" else Gazetteer(()),
            standing=placing.standing(connection, layer),
        )
        reading = ledgers.read_table(
            table, layer, policy, file=file, datum=datum, near=near, around=around, said=corrections
        )
        told("comparing", done, total)
        made.append(
            _compared(
                connection,
                number,
                table,
                reading,
                layer=layer,
                policy=policy,
                candidates=candidates,
                coming=coming,
                coming_areas=coming_areas,
                area=area,
                file=file,
            )
        )
        done += len(table.rows)
    told("comparing", total, total)
    return tuple(sorted(made, key=lambda sheet: sheet.number))


def in_order(sheets: Sequence[SheetPreview]) -> list[SheetPreview]:
    """Return the sheets that have a layer in the order in which they must be applied."""
    return sorted((sheet for sheet in sheets if sheet.layer), key=lambda sheet: _rank(sheet.layer))


def layers_in_order(policy: Policy) -> list[str]:
    """Return the codes of all layers in the order in which they must be applied."""
    return sorted(policy.layers, key=lambda code: _rank(policy.layers[code]))


def _rank(layer: Layer | None) -> tuple[int, bool]:
    if layer is None:
        return len(_ORDER), False
    return _ORDER.index(layer.store), any(one.target for one in layer.fields.values())


def _choose(
    connection: Connection, table: RawTable, policy: Policy, *, file: str, said: Mapping[str, Any]
) -> tuple[Layer | None, tuple[str, ...], Corrections]:
    """Choose the layer of a sheet: as said, as saved for its headers, or as its headers and name tell."""
    found = columns.recognise(table, policy, file=file)
    candidates = tuple(code for code, _ in found[:_CANDIDATES])
    wanted = said.get("layer")
    if wanted is None and table.hidden and header(table.name) in _LISTS:
        wanted = ""
    if wanted is None and found:
        clear = len(found) == 1 or found[0][1] > found[1][1]
        wanted = found[0][0] if clear else None
    layer = policy.layers.get(wanted or "")
    targets = {(title, int(times)): target for title, times, target in said.get("targets", ())}
    if layer is not None and not targets:
        saved = batches.mapping(connection, columns.fingerprint(columns.titles_of(table, layer, policy)))
        if saved is not None and said.get("layer") in {None, saved[0]}:
            layer = policy.layers.get(saved[0], layer)
            targets = {
                (key.rpartition("#")[0], int(key.rpartition("#")[2])): value
                for key, value in saved[1].items()
            }
    corrections = Corrections(
        choices=Choices(targets=targets, constants=dict(said.get("constants", {}))),
        cells={(int(row), int(place)): value for row, place, value in said.get("cells", ())},
        spots={int(row): code for row, code in said.get("spots", {}).items()},
    )
    return layer, candidates, corrections


def _compared(
    connection: Connection,
    number: int,
    table: RawTable,
    reading: Reading,
    *,
    layer: Layer,
    policy: Policy,
    candidates: tuple[str, ...],
    coming: dict[str, dict[str, str]],
    coming_areas: dict[str, dict[str, str | None]],
    area: str | None,
    file: str,
) -> SheetPreview:
    by_row: dict[int, list[Problem]] = {}
    for problem in reading.problems:
        if problem.row is not None:
            by_row.setdefault(problem.row, []).append(problem)
    comparison = None
    rows: list[BatchRow] = []
    if not reading.refused:
        within = None if area is None else prefix(area)
        comparison = differing.compare(
            connection,
            layer,
            reading.frame,
            policy,
            source=file,
            coming=coming,
            within=within,
            coming_areas=coming_areas,
        )
        coming_areas.setdefault(layer.code, {}).update(comparison.areas)
        for problem in comparison.problems:
            by_row.setdefault(problem.row or 0, []).append(problem)
        rows = _rows(number, layer, reading, comparison, by_row)
        names = reading.frame["name"] if "name" in reading.frame.columns else reading.frame["code"]
        coming.setdefault(layer.code, {}).update(
            zip(map(str, reading.frame["code"]), map(str, names), strict=True)
        )
    else:
        rows = _faulty(number, layer, by_row)
    titles = reading.columns.headers if reading.columns else ()
    return SheetPreview(
        number=number,
        name=table.name,
        layer=layer,
        candidates=candidates,
        reading=reading,
        comparison=comparison,
        rows=tuple(rows),
        hidden=table.hidden,
        fingerprint=columns.fingerprint(titles),
        problems=tuple(problem for problem in reading.problems if problem.row is None),
    )


def _rows(
    number: int,
    layer: Layer,
    reading: Reading,
    comparison: Comparison,
    by_row: Mapping[int, list[Problem]],
) -> list[BatchRow]:
    faulty = {row for row, found in by_row.items() if any(one.severity == "fault" for one in found)}
    differences = {one.number: one for one in comparison.differences}
    marks = reading.frame[PLACED_BY].items() if PLACED_BY in reading.frame.columns else ()
    placed = {number for number, mark in marks if mark}
    rows = []
    for row in sorted({*differences, *by_row}):
        one = differences.get(row)
        outcome: batches.RowOutcome = "faulty" if row in faulty or one is None else one.outcome
        told = by_row.get(row, [])
        if one is None and row not in faulty:
            continue  # a sample or a sum: told among the sheet's problems
        if outcome == "same" and not told:
            continue
        rows.append(
            BatchRow(
                sheet=number,
                number=row,
                layer=layer.code,
                code=one.code if one else "",
                name=one.name if one else "",
                outcome=outcome,
                placed=row in placed,
                changes=one.changes if one and outcome != "same" else {},
                problems=[asdict(problem) for problem in told],
            )
        )
    rows += [
        BatchRow(sheet=number, number=None, layer=layer.code, code=gone.code, name=gone.name, outcome="gone")
        for gone in comparison.gone
    ]
    return rows


def _faulty(number: int, layer: Layer, by_row: Mapping[int, list[Problem]]) -> list[BatchRow]:
    return [
        BatchRow(
            sheet=number,
            number=row,
            layer=layer.code,
            code="",
            name="",
            outcome="faulty",
            problems=[asdict(problem) for problem in found],
        )
        for row, found in sorted(by_row.items())
        if any(problem.severity == "fault" for problem in found)
    ]
