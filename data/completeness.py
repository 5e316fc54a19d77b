"""How good the resource database is, by layer and township: what is missing, stale or doubtful, and who owes it.

A row's weight is what `policy/completeness.toml` expects of its layer, its filled weight what of that it has. A cell of
the table (a layer in a township) scores

    complete · filled weight / weight  +  fresh · rows not stale / rows  +  sure · rows not doubtful / rows

with the three parts of the policy, 100 in all. Each layer is one statement over its whole table; nothing is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, array, distinct_on
from sqlalchemy.types import Boolean, Date

from data import registers
from data.layers import PLACED_BY, Layer
from data.policies import Policy
from data.policy_model import CompletenessRule
from data.reach import inside
from data.tables import areas, duties, grid_cells, people

PHONE: Final = r"^((1[3-9][0-9]{9}|(?!1[3-9])[0-9]{10,12}|[0-9]{3}|[0-9]{5,8})(转[0-9]{1,6})?(;|$))+$"
"""A telephone number that could ring: 11 digits of a mobile, short numbers, lines with and without area code."""

_DEGREES_A_METRE: Final = 1 / 75_000  # of longitude at 48° N, the most that it can be in China
_ROLES: Final = ("leader", "supervisor", "grid_head", "duty_officer")
_TOWNSHIP_DIGITS: Final = 9
_TOWNSHIP_GRIDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A layer in a township. `township`: its full code; the county's where a row is the county's own; "" if nobody's.

    filled, weight: sums over the rows. stale, doubtful: rows.
    """

    layer: str
    township: str
    rows: int
    filled: int
    weight: int
    stale: int
    doubtful: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row and what is wrong with it. `missing`: fields, "geometry" among them. `owner`: who keeps it, as it says."""

    id: int | str
    code: str
    name: str
    name_en: str
    township: str
    missing: tuple[str, ...]
    stale: bool
    doubts: tuple[str, ...]
    updated_at: datetime | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Who answers for a township."""

    area_code: str
    name: str
    phone: str
    organisation: str
    position: str


def score(cells: Iterable[Cell], policy: Policy) -> float | None:
    """Return the score of some cells together, from 0 to 100; None where there is no row."""
    found = [cell for cell in cells if cell.rows]
    rows, parts = sum(cell.rows for cell in found), policy.completeness.parts
    if not rows:
        return None
    weight = sum(cell.weight for cell in found)
    filled = sum(cell.filled for cell in found) / weight if weight else 1.0
    fresh = 1 - sum(cell.stale for cell in found) / rows
    sure = 1 - sum(cell.doubtful for cell in found) / rows
    return parts.complete * filled + parts.fresh * fresh + parts.sure * sure


def cells(
    connection: Connection, layer: Layer, policy: Policy, *, at: datetime, within: str | None = None
) -> tuple[Cell, ...]:
    """Count what a layer has and lacks, by township. `within`: digits of an area, as in `registers.items`."""
    judged = _judged(layer, policy, at, within).subquery("judged")
    query = (
        select(
            judged.c.township,
            func.count().label("rows"),
            func.sum(judged.c.filled).label("filled"),
            func.count().filter(judged.c.stale).label("stale"),
            func.count().filter(func.cardinality(judged.c.doubts) > 0).label("doubtful"),
        )
        .group_by(judged.c.township)
        .order_by(judged.c.township)
    )
    weight = sum(weights(layer, policy).values())
    return tuple(
        Cell(
            layer=layer.code,
            township=row.township,
            rows=row.rows,
            filled=int(row.filled),
            weight=weight * int(row.rows),
            stale=row.stale,
            doubtful=row.doubtful,
        )
        for row in connection.execute(query)
    )


def findings(
    connection: Connection,
    layer: Layer,
    policy: Policy,
    *,
    at: datetime,
    township: str | None = None,
    within: str | None = None,
    limit: int | None = None,
) -> tuple[Finding, ...]:
    """Read the rows with something wrong, the worst first; of one township ("" for nobody's) if asked."""
    judged = _judged(layer, policy, at, within).subquery("judged")
    wrong = (
        func.cardinality(judged.c.missing) + func.cardinality(judged.c.doubts) + cast(judged.c.stale, Integer)
    )
    query = (
        select(judged).where(wrong > 0).order_by(judged.c.filled, wrong.desc(), judged.c.code).limit(limit)
    )
    if township is not None:
        query = query.where(judged.c.township == township)
    return tuple(
        Finding(
            id=row.id,
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            township=row.township,
            missing=tuple(row.missing),
            stale=row.stale,
            doubts=tuple(row.doubts),
            updated_at=row.updated_at,
            owner=row.owner,
        )
        for row in connection.execute(query)
    )


def keepers(connection: Connection, *, within: str | None = None) -> dict[str, Keeper]:
    """Read who answers for each township: by a duty for it, else for its grid; the first of the roles above."""
    code = func.coalesce(duties.c.area_code, grid_cells.c.area_code)
    rank = case({role: place for place, role in enumerate(_ROLES)}, value=duties.c.role, else_=len(_ROLES))
    query = (
        select(code.label("code"), people.c.name, people.c.phone, people.c.organisation, people.c.position)
        .join_from(duties, people, duties.c.person_id == people.c.id)
        .outerjoin(
            grid_cells, and_(grid_cells.c.id == duties.c.grid_id, grid_cells.c.level <= _TOWNSHIP_GRIDS)
        )
        .where(code.is_not(None), duties.c.rank == "A", *([] if within is None else [inside(code, within)]))
        .ext(distinct_on(code))
        .order_by(code, duties.c.area_code.is_(None), rank, duties.c.id)
    )
    return {
        row.code: Keeper(
            area_code=row.code,
            name=row.name,
            phone=row.phone,
            organisation=row.organisation,
            position=row.position,
        )
        for row in connection.execute(query)
    }


def weights(layer: Layer, policy: Policy) -> Mapping[str, int]:
    """Return what is expected of a row of `layer`: weight by field, "geometry" among them."""
    required = {name: 1 for name, field in layer.fields.items() if field.required and field.default is None}
    return {**required, **rule_of(layer, policy).expected}


def rule_of(layer: Layer, policy: Policy) -> CompletenessRule:
    """Return a layer's rule; a layer of the county's own may have none."""
    found = policy.completeness.layers.get(layer.code)
    return found or CompletenessRule(stale_days=policy.completeness.stale_days)


def is_stale(layer: Layer, policy: Policy, at: datetime) -> ColumnElement[bool]:
    """Whether nobody has touched a row for longer than its layer allows."""
    table = registers.table_of(layer)
    if "updated_at" not in table.c:
        return false()
    return table.c.updated_at < at - timedelta(days=rule_of(layer, policy).stale_days)


def is_doubtful(layer: Layer, policy: Policy, at: datetime) -> ColumnElement[bool]:
    """Whether anything about a row is doubtful."""
    return or_(false(), *_doubts(layer, policy, at.date()).values())


# ----------------------------------------------------------------------------------------------- one layer as a query


def _judged(layer: Layer, policy: Policy, at: datetime, within: str | None) -> Select[Any]:
    """Select each row of a layer with what is missing, stale and doubtful."""
    table, rule = registers.table_of(layer), rule_of(layer, policy)
    empty = {name: _is_empty(layer, name) for name in weights(layer, policy)}
    filled = sum(
        (case((empty[name], 0), else_=weight) for name, weight in weights(layer, policy).items()),
        start=literal(0),
    )
    named = layer.fields.get("name")
    known = named is not None and not named.personal
    return select(
        registers.key_of(layer).label("id"),
        registers.expression(layer, layer.fields["code"]).label("code"),
        (table.c.name if known else literal("")).label("name"),
        (table.c.name_en if known and "name_en" in table.c else literal("")).label("name_en"),
        _township(layer).label("township"),
        filled.label("filled"),
        _codes(empty).label("missing"),
        is_stale(layer, policy, at).label("stale"),
        _codes(_doubts(layer, policy, at.date())).label("doubts"),
        (table.c.updated_at if "updated_at" in table.c else null()).label("updated_at"),
        (_as_text(layer, rule.owner) if rule.owner else literal("")).label("owner"),
    ).where(*registers.belongs(layer), *registers.lies(layer, within))


def _codes(told: Mapping[str, ColumnElement[bool]]) -> ColumnElement[Any]:
    """Gather the codes of what is true."""
    each: list[Any] = [
        case((condition, literal(code, Text)), else_=null()) for code, condition in told.items()
    ]
    codes: array[Any] = array(each, type_=Text)
    return func.array_remove(codes, null(), type_=ARRAY(Text))


def _township(layer: Layer) -> ColumnElement[Any]:
    """Return the township of a row; the county for what is the county's own, "" for what says nothing."""
    code = func.coalesce(registers.area_of(layer), "", type_=Text)
    return case((code == "", ""), else_=func.rpad(func.left(code, _TOWNSHIP_DIGITS), 12, "0"))


def _as_text(layer: Layer, name: str) -> ColumnElement[Any]:
    return func.coalesce(cast(registers.expression(layer, layer.fields[name]), Text), "")


def _is_empty(layer: Layer, name: str) -> ColumnElement[bool]:
    return registers.shape_of(layer).is_(None) if name == "geometry" else _as_text(layer, name) == ""


def _doubts(layer: Layer, policy: Policy, today: date) -> dict[str, ColumnElement[bool]]:
    """Return each reason for doubt that a row of this layer can give."""
    table, rule = registers.table_of(layer), rule_of(layer, policy)
    found: dict[str, ColumnElement[bool]] = {}
    if PLACED_BY in layer.fields:
        found["placed"] = _as_text(layer, PLACED_BY) != ""
    if layer.geometry == "Point" and "name" in layer.fields:
        found["twice"] = _has_twin(layer, policy.completeness.near_m)
    if "area_code" in layer.fields and layer.geometry == "Point":
        found["outside"] = _is_outside(layer)
    phones = [_as_text(layer, name) for name, field in layer.fields.items() if field.type == "phone"]
    if phones:
        found["phone"] = or_(*(and_(phone != "", ~phone.regexp_match(PHONE)) for phone in phones))
    if rule.not_zero:
        found["zero"] = or_(*(_as_text(layer, name).in_(("0", "0.0")) for name in rule.not_zero))
    if rule.until:
        ends = (cast(registers.expression(layer, layer.fields[name]), Date) for name in rule.until)
        found["expired"] = func.coalesce(or_(*(end < today for end in ends)), false(), type_=Boolean)
    if "sample" in table.c:
        found["sample"] = table.c.sample
    return found


def _has_twin(layer: Layer, near_m: float) -> ColumnElement[bool]:
    """Whether another row of the layer has the same name and lies near."""
    table = registers.table_of(layer)
    other = table.alias("other")
    same = [other.c.layer == table.c.layer] if "layer" in table.c else []
    around = func.ST_Expand(table.c.geom, near_m * _DEGREES_A_METRE)
    return exists().where(
        *same,
        other.c.id != table.c.id,
        other.c.name == table.c.name,
        table.c.name != "",
        other.c.geom.op("&&", return_type=Boolean)(around),
        func.ST_DistanceSphere(other.c.geom, table.c.geom) < near_m,
    )


def _is_outside(layer: Layer) -> ColumnElement[bool]:
    """Whether a row lies outside the outline of the area that it names, or of that area's township."""
    table = registers.table_of(layer)
    area, township = areas.alias("area"), areas.alias("township")
    code = registers.expression(layer, layer.fields["area_code"]) if "area_code" in layer.fields else null()
    own = select(area.c.geom).where(area.c.code == code).scalar_subquery()
    around = (
        select(township.c.geom)
        .where(township.c.code == func.rpad(func.left(code, _TOWNSHIP_DIGITS), 12, "0"))
        .scalar_subquery()
    )
    covered = func.ST_Covers(func.coalesce(own, around), table.c.geom)
    return func.coalesce(~covered, false(), type_=Boolean)


def townships(connection: Connection, *, within: str | None = None) -> Sequence[Any]:
    """Read code, name and English name of the townships, and of the county before them."""
    digits = [] if within is None else [inside(areas.c.code, within)]
    query = (
        select(areas.c.code, areas.c.name, areas.c.name_en)
        .where(areas.c.level.in_(("county", "township")), *digits)
        .order_by(areas.c.code)
    )
    return connection.execute(query).all()
