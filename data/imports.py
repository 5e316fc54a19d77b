"""Frames and files into the tables of their layers: new rows inserted, known ones updated, every refusal named.

Nothing here commits. Everything happens inside a savepoint of its own, so that nothing is ever half written: a row
that the database refuses leaves no trace, and a file that is refused leaves none either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import (
    ARRAY,
    Connection,
    Table,
    Text,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from data import ledgers, places, placing, registers, row_values, stock
from data.layers import Layer
from data.policies import Policy
from data.problems import Problem, faulty_rows
from data.row_values import Making, RowRefusedError, Values
from data.tables import areas, stock_lots, team_capabilities, teams
from gis import frames
from gis.crs import STORED

OnError = Literal["skip", "refuse"]
Outcome = Literal["new", "changed", "same"]
_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the rows that were taken."""

    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did. `rows`: in the file. `refused`: nothing was taken, and the problems say why."""

    counts: Counts
    problems: tuple[Problem, ...] = ()
    rows: int = 0
    refused: bool = False


@dataclass(slots=True, kw_only=True)
class Row:
    """One row on its way: what the file says by field, and what the table will hold by column."""

    number: int
    record: Mapping[str, Any]
    values: Values
    outcome: Outcome = "same"
    refused: bool = False

    @property
    def code(self) -> str:
        return str(self.record["code"])


def import_file(
    connection: Connection,
    path: Path,
    layer: Layer,
    policy: Policy,
    *,
    actor: str,
    at: datetime,
    datum: str | None = None,
    sheet: str | None = None,
    on_error: OnError = "skip",
    sample: bool = False,
) -> ImportReport:
    """Read a file and apply it. `on_error`: "skip" takes the good rows, "refuse" takes all or nothing.

    Importing a file again changes nothing. See `data.ledgers.read` for `datum` and `sheet`.
    """
    reading = ledgers.read(
        path,
        layer,
        policy,
        datum=datum,
        sheet=sheet,
        near=places.extent(connection),
        around=placing.surroundings(connection, layer),
    )
    if reading.refused or (on_error == "refuse" and faulty_rows(reading.problems)):
        return ImportReport(counts=Counts(), problems=reading.problems, rows=reading.rows, refused=True)
    savepoint = connection.begin_nested()
    applied = apply(
        connection, layer, reading.frame, policy, actor=actor, at=at, source=path.name, sample=sample
    )
    problems = (*reading.problems, *applied.problems)
    if applied.refused or (on_error == "refuse" and faulty_rows(problems)):
        savepoint.rollback()
        return ImportReport(counts=Counts(), problems=problems, rows=reading.rows, refused=True)
    savepoint.commit()
    return ImportReport(counts=applied.counts, problems=problems, rows=reading.rows)


def apply(
    connection: Connection,
    layer: Layer,
    frame: gpd.GeoDataFrame,
    policy: Policy,
    *,
    actor: str,
    at: datetime,
    source: str = "",
    sample: bool = False,
) -> ImportReport:
    """Bring a frame of `layer` (as `data.ledgers` makes it) into its table; rows are told apart by their code.

    A new row is inserted, with the policy's defaults for what it lacks. Of a known row the frame's columns are
    updated and the others left as they are. A row with a reference or a value that cannot stand is named and left
    out. Goods on hand are set by movements, noted with `actor` and `at`. Raises FrameError for another sort of frame.
    """
    frames.check(frame, ledgers.contract(layer))
    making = Making(layer=layer, policy=policy, known=row_values.look_up(connection, layer, policy, frame))
    fields = [name for name in layer.fields if name in frame.columns]
    importing = Importing(connection, making, fields, actor=actor, at=at, source=source, sample=sample)
    return importing.apply(frame)


class Importing:
    """One frame on its way into its table."""

    def __init__(
        self,
        connection: Connection,
        making: Making,
        fields: Sequence[str],
        *,
        actor: str,
        at: datetime,
        source: str,
        sample: bool,
    ) -> None:
        self.connection, self.making, self.fields = connection, making, fields
        self.actor, self.at, self.source, self.sample = actor, at, source, sample
        self.layer, self.table = making.layer, making.table
        self.conflict = ("layer", "code") if self.layer.store == "places" else ("code",)
        self.has_provenance = "source" in self.table.c
        self.problems: list[Problem] = []

    def apply(self, frame: gpd.GeoDataFrame) -> ImportReport:
        rows = self.rows(frame)
        if self.layer.store == "stock_lots":
            stock.hold_all(self.connection)  # a confirmation takes lots by id, a ledger has its own order
        savepoint = self.connection.begin_nested()
        try:
            self._upsert(rows)
            self._follow_up([row for row in rows if not row.refused])
            self.connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            self.connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        except IntegrityError as error:
            savepoint.rollback()
            self._note(None, _database_refusal(error))
            return ImportReport(counts=Counts(), problems=tuple(self.problems), rows=len(frame), refused=True)
        savepoint.commit()
        return ImportReport(counts=_counts(rows), problems=tuple(self.problems), rows=len(frame))

    def _note(self, row: int | None, refusal: RowRefusedError) -> None:
        self.problems.append(
            Problem(
                code=refusal.code,
                remedy=refusal.remedy,
                file=self.source,
                row=row,
                field=refusal.field,
                values=refusal.values,
            )
        )

    def _areas_of(self, frame: gpd.GeoDataFrame) -> dict[int, str]:
        """Find the smallest area around each shape, for rows that do not say theirs."""
        if (
            "area_code" not in self.table.c
            or "geom" not in self.table.c
            or not self.making.known["areas"].ids
        ):
            return {}
        said = frame["area_code"] if "area_code" in frame.columns else None
        asked = [True] * len(frame) if said is None else [not code for code in said]
        numbers = [int(n) for n, wanted in zip(frame.index, asked, strict=True) if wanted]
        shapes = frame.geometry.to_numpy()[asked]
        points = shapely.point_on_surface(shapes)
        if (shapely.is_missing(points) | shapely.is_empty(points)).all():
            return {}
        box = func.ST_MakeEnvelope(*shapely.total_bounds(points).tolist(), STORED)
        query = select(areas.c.code, areas.c.geom).where(areas.c.geom.op("&&")(box))
        found = self.connection.execute(query.order_by(func.ST_Area(areas.c.geom), areas.c.code)).all()
        outlines = shapely.from_wkb(np.array([bytes(row.geom.data) for row in found], dtype=object))
        around, at = shapely.STRtree(points).query(outlines, predicate="covers")
        smallest = np.full(len(points), len(found))
        np.minimum.at(smallest, at, around)
        return {
            number: found[place].code
            for number, place in zip(numbers, smallest.tolist(), strict=True)
            if place < len(found)
        }

    def rows(self, frame: gpd.GeoDataFrame) -> list[Row]:
        """Make the columns of every row that can stand; the others are named in `problems`."""
        located = self._areas_of(frame)
        rows = []
        columns = frame[list(self.fields)].itertuples(index=False, name=None)
        shapes = row_values.stored_shapes(self.table, frame.geometry.to_numpy())
        for number, cells, shape in zip(frame.index, columns, shapes, strict=True):
            record = dict(zip(self.fields, cells, strict=True))
            try:
                values = row_values.values_of(self.making, record, shape, located.get(int(number)))
            except RowRefusedError as refusal:
                self._note(int(number), refusal)
                continue
            if self.has_provenance:
                values |= {"source": self.source, "sample": self.sample}
            rows.append(Row(number=int(number), record=record, values=values))
        return rows

    # ------------------------------------------------------------------------------------------- writing

    def _upsert(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        savepoint = self.connection.begin_nested()
        try:
            self._insert(rows)
        except (IntegrityError, DataError, ProgrammingError) as error:
            savepoint.rollback()
            if len(rows) == 1:
                rows[0].refused = True
                self._note(rows[0].number, _database_refusal(error))
                return
            half = len(rows) // 2
            self._upsert(rows[:half])
            self._upsert(rows[half:])
        else:
            savepoint.commit()

    def _insert(self, rows: Sequence[Row]) -> None:
        """Insert rows or update those that differ; those that come back are new or changed."""
        statement = insert(self.table)
        merged: Values = {
            column: statement.excluded[column]
            for column in sorted(row_values.updated_columns(self.layer, self.fields))
        }
        if "attributes" in merged:
            attributes = [name for name in self.fields if registers.is_attribute(self.layer, name)]
            kept = self.table.c.attributes.op("-")(literal(attributes, ARRAY(Text)))
            merged["attributes"] = kept.op("||")(statement.excluded.attributes)
        if "area_code" in self.table.c and "geom" in merged and "area_code" not in merged:
            # nobody says where it is now: what has moved is in the area around it
            moved = self.table.c.geom.is_distinct_from(statement.excluded.geom)
            around = func.coalesce(statement.excluded.area_code, self.table.c.area_code)
            merged["area_code"] = case((moved, around), else_=self.table.c.area_code)
        differs = or_(*(self.table.c[column].is_distinct_from(value) for column, value in merged.items()))
        if self.has_provenance:
            merged |= {"source": statement.excluded.source, "updated_at": func.now()}
        upsert = statement.on_conflict_do_update(
            index_elements=list(self.conflict), set_=merged, where=differs
        ).returning(*(self.table.c[column] for column in self.conflict), literal_column("(xmax = 0)"))
        by_key = {self._key(row): row for row in rows}
        for *key, is_new in self.connection.execute(upsert, [row.values for row in rows]):
            by_key[tuple(key)].outcome = "new" if is_new else "changed"

    def _key(self, row: Row) -> _Key:
        return tuple(row.values[column] for column in self.conflict)

    # ------------------------------------------------------------------------------------------- afterwards

    def _follow_up(self, rows: Sequence[Row]) -> None:
        """Write what lies in other tables."""
        if self.layer.store == "teams" and "capabilities" in self.fields:
            self._set_capabilities(rows)
        if self.layer.store == "stock_lots":
            self._count_stock(rows)

    def _set_capabilities(self, rows: Sequence[Row]) -> None:
        ids = self._ids(teams, rows)
        stored: dict[int, set[tuple[str, int]]] = {}
        query = select(team_capabilities).where(team_capabilities.c.team_id.in_(ids.values()))
        for team_id, code, grade in self.connection.execute(query):
            stored.setdefault(team_id, set()).add((code, grade))
        for row in rows:
            team_id, wanted = ids[row.code], set(row.record["capabilities"])
            if stored.get(team_id, set()) == wanted:
                continue
            here = team_capabilities.c.team_id == team_id
            self.connection.execute(team_capabilities.delete().where(here))
            self.connection.execute(
                team_capabilities.insert(),
                [{"team_id": team_id, "code": code, "grade": grade} for code, grade in sorted(wanted)],
            )
            row.outcome = "new" if row.outcome == "new" else "changed"

    def _count_stock(self, rows: Sequence[Row]) -> None:
        """Bring what is on hand to what the ledger counted, by movements."""
        ids = self._ids(stock_lots, rows)
        query = select(stock_lots.c.id, stock_lots.c.quantity).where(stock_lots.c.id.in_(ids.values()))
        on_hand = {row.id: row.quantity for row in self.connection.execute(query)}
        moved = [row for row in rows if row.record["quantity"] != on_hand[ids[row.code]]]
        come = {ids[row.code]: row.record["quantity"] for row in moved if row.outcome == "new"}
        stock.receive_all(self.connection, come, actor=self.actor, at=self.at, note=self.source)
        for row in moved:
            if row.outcome != "new":
                self._recount(row, ids[row.code])

    def _recount(self, row: Row, lot_id: int) -> None:
        counted = row.record["quantity"]
        try:
            stock.count(
                self.connection,
                lot_id=lot_id,
                counted=counted,
                actor=self.actor,
                at=self.at,
                note=self.source,
            )
        except stock.StockShortError as short:
            values = {"value": counted, "reserved": short.asked}
            self._note(
                row.number, RowRefusedError("stock_below_reserved", "release_first", "quantity", **values)
            )
            row.refused = True
        else:
            row.outcome = "changed"

    def _ids(self, table: Table, rows: Sequence[Row]) -> dict[str, int]:
        query = select(table.c.code, table.c.id).where(table.c.code.in_([row.code for row in rows]))
        return {row.code: row.id for row in self.connection.execute(query)}


def _database_refusal(error: DBAPIError) -> RowRefusedError:
    """Name the constraint or the column that refused, or the kind of error where none has a name."""
    diagnosis = getattr(error.orig, "diag", None)
    named = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "column_name", None)
    return RowRefusedError("database_refused", "ask_administrator", detail=named or type(error.orig).__name__)


def _counts(rows: Sequence[Row]) -> Counts:
    outcomes = [row.outcome for row in rows if not row.refused]
    return Counts(**{outcome: outcomes.count(outcome) for outcome in ("new", "changed", "same")})
