"""Frames and files into the tables of their layers: new rows inserted, known ones updated, every refusal named.

Nothing here commits. Everything happens inside a savepoint of its own, so that nothing is ever half written: a row
that the database refuses leaves no trace, and a file that is refused leaves none either.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ARRAY,
    Connection,
    LargeBinary,
    Table,
    Text,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from data import ledgers, places, registers, stock
from data.cells import header
from data.geometry import stored_shape
from data.layers import Layer
from data.policies import Policy, VehicleKind
from data.problems import Problem, faulty_rows
from data.registers import MINUTE_MS
from data.tables import areas, grid_cells, stock_lots, team_capabilities, teams
from gis import areas as area_codes
from gis import frames
from gis.crs import STORED
from gis.network import VehicleProfile

OnError = Literal["skip", "refuse"]
Values = dict[str, Any]
Outcome = Literal["new", "changed", "same"]
_Key = tuple[Any, ...]

_UPDATED_WITH: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "areas": {"code": ("level", "parent"), "seat_lon": ("seat",)},
    "grid_cells": {"level": ("level",)},
    "teams": {
        "transport": (
            "travel_speed_class",
            "travel_mass_kg",
            "travel_height_cm",
            "travel_width_cm",
            "travel_four_wheel_drive",
        )
    },
    "vehicles": {"team": ("team_id", "depot_id"), "depot": ("team_id", "depot_id"), "kind": ("speed_class",)},
    "stock_lots": {"depot": ("depot_id",), "item": ("unit_kg",)},
    "duties": {"person": ("person_id",), "subject": ("area_code", "grid_id", "place_id", "team_id")},
}
"""Columns that are made from a field of another name, and are updated when a frame has that field."""

_PROVENANCE: Final = frozenset({"source", "sample", "updated_at"})


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


class _RefusedError(Exception):
    """A row that cannot stand."""

    def __init__(self, code: str, remedy: str, field: str = "", **values: object) -> None:
        super().__init__(code)
        self.code, self.remedy, self.field = code, remedy, field
        self.values = {key: str(value) for key, value in values.items()}


@dataclass(slots=True, kw_only=True)
class _Row:
    """One row on its way: what the file says by field, and what the table will hold by column."""

    number: int
    record: Mapping[str, Any]
    values: Values
    outcome: Outcome = "same"
    refused: bool = False

    @property
    def code(self) -> str:
        return str(self.record["code"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The rows of a layer that others may name: by code, and by name where only one has it."""

    ids: Mapping[str, Any]
    codes_by_name: Mapping[str, str]

    def code(self, named: str) -> str | None:
        return named if named in self.ids else self.codes_by_name.get(header(named))


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
    reading = ledgers.read(path, layer, policy, datum=datum, sheet=sheet, near=places.extent(connection))
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
    importing = _Import(connection, layer, policy, actor=actor, at=at, source=source, sample=sample)
    return importing.apply(frame)


class _Import:
    """One frame on its way into its table."""

    def __init__(
        self,
        connection: Connection,
        layer: Layer,
        policy: Policy,
        *,
        actor: str,
        at: datetime,
        source: str,
        sample: bool,
    ) -> None:
        self.connection, self.layer, self.policy = connection, layer, policy
        self.actor, self.at, self.source, self.sample = actor, at, source, sample
        self.table: Table = registers.table_of(layer)
        self.conflict = ("layer", "code") if layer.store == "places" else ("code",)
        self.problems: list[Problem] = []
        self.attributes: list[str] = []
        self.known: dict[str, _Known] = {}
        self.own_values: Callable[[Mapping[str, Any], Values], None] = getattr(
            self, f"_values_of_{layer.store}", lambda _record, _values: None
        )

    def apply(self, frame: gpd.GeoDataFrame) -> ImportReport:
        fields = [name for name in self.layer.fields if name in frame.columns]
        self.attributes = [name for name in fields if registers.is_attribute(self.layer, name)]
        self.known = self._look_up(frame)
        rows = self._rows(frame, fields)
        if self.layer.store == "stock_lots":
            stock.hold_all(self.connection)
        savepoint = self.connection.begin_nested()
        try:
            self._upsert(rows, self._updated_columns(fields))
            self._follow_up(rows, fields)
            self.connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            self.connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        except IntegrityError as error:
            savepoint.rollback()
            self._note(
                None, _RefusedError("database_refused", "ask_administrator", detail=_constraint(error))
            )
            return ImportReport(counts=Counts(), problems=tuple(self.problems), rows=len(frame), refused=True)
        savepoint.commit()
        return ImportReport(counts=_counts(rows), problems=tuple(self.problems), rows=len(frame))

    def _note(self, row: int | None, refusal: _RefusedError) -> None:
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

    # ------------------------------------------------------------------------------------------- what is known

    def _look_up(self, frame: gpd.GeoDataFrame) -> dict[str, _Known]:
        """Read the codes of every layer that this one names."""
        targets = {field.target for field in self.layer.fields.values() if field.target}
        if self.layer.store == "duties":
            targets |= {str(code) for code in frame["subject_layer"].dropna().unique()}
        if "area_code" in self.table.c:
            targets.add("areas")
        known = {
            code: self._known(self.policy.layers[code]) for code in targets if code in self.policy.layers
        }
        if self.layer.store in {"areas", "grid_cells"}:
            here = {str(code): None for code in frame["code"]}
            stored = known.get(self.layer.code) or self._known(self.layer)
            known[self.layer.code] = dataclasses.replace(stored, ids={**here, **stored.ids})
        return known

    def _known(self, layer: Layer) -> _Known:
        table = registers.table_of(layer)
        conditions = [table.c.layer == layer.code] if layer.store == "places" else []
        name = table.c.get("name", literal(""))
        query = select(registers.key_of(layer).label("id"), table.c.code, name.label("name")).where(
            *conditions
        )
        found = self.connection.execute(query).all()
        times = Counter(header(row.name) for row in found)
        return _Known(
            ids={row.code: row.id for row in found},
            codes_by_name={
                header(row.name): row.code for row in found if row.name and times[header(row.name)] == 1
            },
        )

    def _reference(self, field: str, target: str, named: str) -> str:
        """Return the code of what a row names; refuses the row where there is none."""
        code = self.known[target].code(named) if target in self.known else None
        if code is None:
            raise _RefusedError("reference_unknown", "import_target_first", field, value=named, target=target)
        return code

    def _areas_of(self, frame: gpd.GeoDataFrame) -> dict[int, str]:
        """Find the smallest area around each shape, for rows that do not say theirs."""
        if "area_code" not in self.table.c or "geom" not in self.table.c or not self.known["areas"].ids:
            return {}
        said = frame["area_code"] if "area_code" in frame.columns else None
        numbers = [int(n) for n in frame.index if said is None or not said[n]]
        shapes = [frame.geometry[n] for n in numbers]
        points = [None if shape is None else shapely.to_wkb(shape.representative_point()) for shape in shapes]
        given = (
            func.unnest(literal(points, ARRAY(LargeBinary)))
            .table_valued("wkb", with_ordinality="n")
            .render_derived()
        )
        around = (
            select(areas.c.code)
            .where(func.ST_Covers(areas.c.geom, func.ST_GeomFromWKB(given.c.wkb, STORED)))
            .order_by(func.ST_Area(areas.c.geom), areas.c.code)
            .limit(1)
            .scalar_subquery()
        )
        found = self.connection.execute(select(given.c.n, around))
        return {numbers[place - 1]: code for place, code in found if code is not None}

    # ------------------------------------------------------------------------------------------- values

    def _rows(self, frame: gpd.GeoDataFrame, fields: Sequence[str]) -> list[_Row]:
        located = self._areas_of(frame)
        rows = []
        columns = frame[list(fields)].itertuples(index=False, name=None)
        for number, cells, shape in zip(frame.index, columns, frame.geometry, strict=True):
            record = dict(zip(fields, cells, strict=True))
            try:
                values = self._values(record, shape, located.get(int(number)))
                rows.append(_Row(number=int(number), record=record, values=values))
            except _RefusedError as refusal:
                self._note(int(number), refusal)
        return rows

    def _values(self, record: Mapping[str, Any], shape: BaseGeometry | None, around: str | None) -> Values:
        values: Values = dict(self.layer.fixed)
        attributes: Values = {}
        for name, value in record.items():
            column = registers.column_of(self.layer, name)
            if column is not None:
                values[column] = _column_value(self.table, column, self._referred(name, value))
            elif value is not None and registers.is_attribute(self.layer, name):
                attributes[name] = _json_value(self._referred(name, value))
        for column, other in self.layer.without.items():
            if values.get(column) == other:
                raise _RefusedError("other_layer", "choose_layer", column, value=other)
        if "attributes" in self.table.c:
            values["attributes"] = attributes
        if "geom" in self.table.c:
            values["geom"] = _shape_value(self.table, shape)
        if "area_code" in self.table.c and self.layer.store != "duties":
            values["area_code"] = self._area(values.get("area_code") or around)
        if set(self.table.c.keys()) >= _PROVENANCE:
            values |= {"source": self.source, "sample": self.sample}
        self.own_values(record, values)
        return values

    def _referred(self, name: str, value: Any) -> Any:
        """Return a value as it is, or for a reference the code of what it names."""
        target = self.layer.fields[name].target
        return self._reference(name, target, value) if target and value else value

    def _area(self, code: str | None) -> str | None:
        if code is not None and code not in self.known["areas"].ids:
            raise _RefusedError("area_unknown", "import_areas_first", "area_code", value=code)
        return code

    def _values_of_places(self, _record: Mapping[str, Any], values: Values) -> None:
        values["layer"] = self.layer.code

    def _values_of_areas(self, record: Mapping[str, Any], values: Values) -> None:
        code = str(record["code"])
        values["level"] = area_codes.level(code)
        above = reversed(area_codes.chain(code)[:-1])
        values["parent"] = next(
            (parent for parent in above if parent in self.known[self.layer.code].ids), None
        )
        lon, lat = record.get("seat_lon"), record.get("seat_lat")
        values["seat"] = None if lon is None or lat is None else stored_shape(shapely.Point(lon, lat))

    def _values_of_grid_cells(self, record: Mapping[str, Any], values: Values) -> None:
        values["level"] = int(record["level"])

    def _values_of_villages(self, record: Mapping[str, Any], values: Values) -> None:
        above = reversed(area_codes.chain(str(record["code"])))
        values["area_code"] = next((code for code in above if code in self.known["areas"].ids), None)

    def _values_of_depots(self, _record: Mapping[str, Any], values: Values) -> None:
        times = self.policy.readiness.depots[values["level"]]
        _default(values, notify_ms=times.notify_ms, loading_ms=times.loading_ms)

    def _values_of_teams(self, record: Mapping[str, Any], values: Values) -> None:
        times = self.policy.readiness.teams[values["kind"]]
        _default(
            values, notify_ms=times.notify_ms, assemble_ms=times.assemble_ms, consent_ms=times.consent_ms
        )
        transport = self.policy.vehicle_kinds[record.get("transport") or self.policy.readiness.transport]
        values |= {f"travel_{name}": value for name, value in _profile_values(transport.profile).items()}

    def _values_of_vehicles(self, record: Mapping[str, Any], values: Values) -> None:
        kind: VehicleKind = self.policy.vehicle_kinds[values["kind"]]
        _default(values, load_kg=kind.load_kg, **_profile_values(kind.profile))
        owners = {target: record.get(target) for target in ("team", "depot")}
        if sum(owner is not None for owner in owners.values()) != 1:
            raise _RefusedError("one_owner", "name_one_owner", "team")
        for target, owner in owners.items():
            code = self._reference(target, f"{target}s", owner) if owner else None
            values[f"{target}_id"] = self.known[f"{target}s"].ids[code] if code else None

    def _values_of_stock_lots(self, record: Mapping[str, Any], values: Values) -> None:
        ownership = values["ownership"]
        _default(values, activation_ms=self.policy.readiness.activation_ms[ownership])
        if ownership == "own" and values["activation_ms"]:
            raise _RefusedError("own_activation", "correct_ownership", "activation_min")
        values["depot_id"] = self.known["depots"].ids[self._reference("depot", "depots", record["depot"])]
        values["unit_kg"] = self.policy.items[values["item"]].unit_kg
        del values["quantity"]  # on hand changes by movements only

    def _values_of_duties(self, record: Mapping[str, Any], values: Values) -> None:
        layer = self.policy.layers[record["subject_layer"]]
        subject = self.known[layer.code].code(record["subject"])
        column = _SUBJECT_COLUMNS.get(layer.store)
        if subject is None or column is None:
            raise _RefusedError(
                "reference_unknown",
                "import_target_first",
                "subject",
                value=record["subject"],
                target=layer.code,
            )
        values |= dict.fromkeys(_SUBJECT_COLUMNS.values())
        values[column] = self.known[layer.code].ids[subject]
        values["person_id"] = self.known["people"].ids[self._reference("person", "people", record["person"])]

    # ------------------------------------------------------------------------------------------- writing

    def _updated_columns(self, fields: Collection[str]) -> set[str]:
        """Name the columns that a known row takes from this frame."""
        own = {registers.column_of(self.layer, name) for name in fields}
        made = {
            column
            for field, columns in _UPDATED_WITH.get(self.layer.store, {}).items()
            if field in fields
            for column in columns
        }
        shape = {"geom"} if "geom" in self.table.c else set()
        attributes = (
            {"attributes"} if any(registers.is_attribute(self.layer, name) for name in fields) else set()
        )
        updated = {column for column in own if column} | made | shape | attributes | set(self.layer.fixed)
        return updated - set(self.conflict) - {"quantity"}

    def _upsert(self, rows: Sequence[_Row], updated: Collection[str]) -> None:
        if not rows:
            return
        savepoint = self.connection.begin_nested()
        try:
            self._insert(rows, updated)
        except (IntegrityError, DataError, ProgrammingError) as error:
            savepoint.rollback()
            if len(rows) == 1:
                rows[0].refused = True
                refusal = _RefusedError("database_refused", "ask_administrator", detail=_constraint(error))
                self._note(rows[0].number, refusal)
                return
            half = len(rows) // 2
            self._upsert(rows[:half], updated)
            self._upsert(rows[half:], updated)
        else:
            savepoint.commit()

    def _insert(self, rows: Sequence[_Row], updated: Collection[str]) -> None:
        """Insert rows or update those that differ; those that come back are new or changed."""
        statement = insert(self.table)
        merged: Values = {column: statement.excluded[column] for column in sorted(updated)}
        if "attributes" in merged:
            kept = self.table.c.attributes.op("-")(literal(self.attributes, ARRAY(Text)))
            merged["attributes"] = kept.op("||")(statement.excluded.attributes)
        differs = or_(*(self.table.c[column].is_distinct_from(value) for column, value in merged.items()))
        if set(self.table.c.keys()) >= _PROVENANCE:
            merged |= {"source": statement.excluded.source, "updated_at": func.now()}
        upsert = statement.on_conflict_do_update(
            index_elements=list(self.conflict), set_=merged, where=differs
        ).returning(*(self.table.c[column] for column in self.conflict), literal_column("(xmax = 0)"))
        by_key = {self._key(row): row for row in rows}
        for *key, is_new in self.connection.execute(upsert, [row.values for row in rows]):
            by_key[tuple(key)].outcome = "new" if is_new else "changed"

    def _key(self, row: _Row) -> _Key:
        return tuple(row.values[column] for column in self.conflict)

    # ------------------------------------------------------------------------------------------- afterwards

    def _follow_up(self, rows: Sequence[_Row], fields: Collection[str]) -> None:
        """Write what lies in other tables."""
        taken = [row for row in rows if not row.refused]
        if self.layer.store == "teams" and "capabilities" in fields:
            self._set_capabilities(taken)
        if self.layer.store == "stock_lots":
            self._count_stock(taken)

    def _set_capabilities(self, rows: Sequence[_Row]) -> None:
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

    def _count_stock(self, rows: Sequence[_Row]) -> None:
        """Bring what is on hand to what the ledger counted, by movements."""
        ids = self._ids(stock_lots, rows)
        query = select(stock_lots.c.id, stock_lots.c.quantity).where(stock_lots.c.id.in_(ids.values()))
        on_hand = {row.id: row.quantity for row in self.connection.execute(query)}
        for row in rows:
            lot_id, counted = ids[row.code], row.record["quantity"]
            if counted == on_hand[lot_id]:
                continue
            try:
                self._move_stock(lot_id, counted, is_new=row.outcome == "new")
            except stock.StockShortError as short:
                values = {"value": counted, "reserved": short.asked}
                self._note(
                    row.number, _RefusedError("stock_below_reserved", "release_first", "quantity", **values)
                )
                row.refused = True
            else:
                row.outcome = "new" if row.outcome == "new" else "changed"

    def _move_stock(self, lot_id: int, counted: int, *, is_new: bool) -> None:
        if is_new:
            stock.receive(
                self.connection,
                lot_id=lot_id,
                quantity=counted,
                actor=self.actor,
                at=self.at,
                note=self.source,
            )
        else:
            stock.count(
                self.connection,
                lot_id=lot_id,
                counted=counted,
                actor=self.actor,
                at=self.at,
                note=self.source,
            )

    def _ids(self, table: Table, rows: Sequence[_Row]) -> dict[str, int]:
        query = select(table.c.code, table.c.id).where(table.c.code.in_([row.code for row in rows]))
        return {row.code: row.id for row in self.connection.execute(query)}


_SUBJECT_COLUMNS: Final[Mapping[str, str]] = {
    "areas": "area_code",
    "grid_cells": "grid_id",
    "places": "place_id",
    "teams": "team_id",
}


def _column_value(table: Table, column: str, value: Any) -> Any:
    """Bring a field's value to what its column takes: milliseconds, and empty text for none where it must not be null."""
    if value is None:
        return None if table.c[column].nullable or table.c[column].type.python_type is not str else ""
    return value * MINUTE_MS if column.endswith("_ms") else value


def _json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _shape_value(table: Table, shape: BaseGeometry | None) -> Any:
    if shape is None:
        return None
    if table in {areas, grid_cells} and isinstance(shape, shapely.Polygon):
        shape = shapely.MultiPolygon([shape])
    return stored_shape(shape)


def _default(values: Values, **defaults: object) -> None:
    """Fill what a row lacks."""
    for column, value in defaults.items():
        if values.get(column) is None:
            values[column] = value


def _profile_values(profile: VehicleProfile) -> Values:
    return dataclasses.asdict(profile)


def _constraint(error: DBAPIError) -> str:
    """Name the constraint or the column that refused, or the kind of error where none has a name."""
    diagnosis = getattr(error.orig, "diag", None)
    named = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "column_name", None)
    return named or type(error.orig).__name__


def _counts(rows: Sequence[_Row]) -> Counts:
    outcomes = [row.outcome for row in rows if not row.refused]
    return Counts(**{outcome: outcomes.count(outcome) for outcome in ("new", "changed", "same")})
