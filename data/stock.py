"""Stock lots and their movements. A lot's totals change only together with a movement, and never below zero.

On hand counts what is in the depot, promised goods included; free is on hand less promised. Every change is one
conditional update that fails where there is too little (a check alone would not stop read-modify-write), and one
movement; the database compares both at commit.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Integer, Row, func, literal, select

from data import reach
from data.tables import stock_lots, stock_movements

Movement = Literal["receive", "count", "reserve", "release", "issue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRecord:
    """Goods of one item, expiry and owner in one depot."""

    id: int
    code: str
    depot_id: int
    ownership: Literal["own", "agreement"]
    item: str
    quantity: int
    reserved: int
    unit_kg: int
    expires_on: date | None
    activation_ms: int
    supplier: str
    contact_name: str
    contact_phone: str
    contract_ends_on: date | None

    @property
    def free(self) -> int:
        """On hand and promised to nobody."""
        return self.quantity - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRecord:
    """One change of a lot: of what is on hand, and of what is promised."""

    id: int
    lot_id: int
    kind: Movement
    quantity: int
    reserved: int
    order_id: int | None
    at: datetime
    actor: str
    note: str


class StockShortError(Exception):
    """A lot has too little for what was asked of it; nothing was changed."""

    def __init__(self, *, lot_id: int, asked: int, free: int) -> None:
        super().__init__(f"lot {lot_id}: {asked} asked, {free} free")
        self.lot_id = lot_id
        self.asked = asked
        self.free = free


def get(connection: Connection, lot_id: int, *, within: str | None = None) -> LotRecord | None:
    """Read one lot; None when there is none, or none in a depot of the area of digits `within`."""
    query = select(*_COLUMNS).where(stock_lots.c.id == lot_id)
    if within is not None:
        query = query.where(reach.lot(within))
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


def list_all(
    connection: Connection, *, depot_id: int | None = None, within: str | None = None
) -> tuple[LotRecord, ...]:
    """Read the lots of one depot, or of all, by id; only those in depots of the area of digits `within`."""
    query = select(*_COLUMNS).order_by(stock_lots.c.id)
    if depot_id is not None:
        query = query.where(stock_lots.c.depot_id == depot_id)
    if within is not None:
        query = query.where(reach.lot(within))
    return tuple(_record(row) for row in connection.execute(query))


def last_told(connection: Connection) -> dict[int, datetime]:
    """Tell when each lot was last counted or moved; a lot without a movement is not in it."""
    query = select(stock_movements.c.lot_id, func.max(stock_movements.c.at)).group_by(
        stock_movements.c.lot_id
    )
    return {lot: at for lot, at in connection.execute(query)}  # noqa: C416  # rows, not pairs


def movements(connection: Connection, lot_id: int) -> tuple[MovementRecord, ...]:
    """Read a lot's movements, the oldest first."""
    query = select(stock_movements).where(stock_movements.c.lot_id == lot_id).order_by(stock_movements.c.id)
    return tuple(MovementRecord(**row._mapping) for row in connection.execute(query))  # noqa: SLF001  # SQLAlchemy's name


def reserve(
    connection: Connection, *, lot_id: int, quantity: int, order_id: int, actor: str, at: datetime
) -> LotRecord:
    """Promise goods to an order. Raises StockShortError. Several lots: in the order of their ids."""
    free = stock_lots.c.quantity - stock_lots.c.reserved
    lot = _change(connection, lot_id, free >= quantity, reserved=quantity)
    if lot is None:
        raise _short(connection, lot_id, quantity)
    _note(connection, lot_id, "reserve", actor, at, reserved=quantity, order_id=order_id)
    return lot


def lock(connection: Connection, lot_id: int) -> None:
    """Hold one lot until the transaction ends, so that what is read of it now is what a count changes."""
    connection.execute(
        select(stock_lots.c.id).where(stock_lots.c.id == lot_id).with_for_update(key_share=True)
    )


def hold(connection: Connection, order_ids: Collection[int]) -> None:
    """Hold the lots of several orders, by id, before they are changed order by order (`data.journal`: step 5)."""
    touched = select(stock_movements.c.lot_id).where(stock_movements.c.order_id.in_(order_ids))
    lots = select(stock_lots.c.id).where(stock_lots.c.id.in_(touched)).order_by(stock_lots.c.id)
    connection.execute(lots.with_for_update(key_share=True)).all()


def hold_all(connection: Connection) -> None:
    """Hold every lot, by id, before many are changed in an order of their own, as by a ledger."""
    connection.execute(
        select(stock_lots.c.id).order_by(stock_lots.c.id).with_for_update(key_share=True)
    ).all()


def release(connection: Connection, *, order_id: int, actor: str, at: datetime) -> tuple[LotRecord, ...]:
    """Free everything that is still promised to an order; does nothing when nothing is."""
    return tuple(
        _move_promised(connection, lot_id, promised, leaves=False, order_id=order_id, actor=actor, at=at)
        for lot_id, promised in _promised(connection, order_id)
    )


def issue(connection: Connection, *, order_id: int, actor: str, at: datetime) -> tuple[LotRecord, ...]:
    """Let everything that is promised to an order leave its depot; does nothing when nothing is."""
    return tuple(
        _move_promised(connection, lot_id, promised, leaves=True, order_id=order_id, actor=actor, at=at)
        for lot_id, promised in _promised(connection, order_id)
    )


def give_back(connection: Connection, *, order_id: int, actor: str, at: datetime) -> tuple[LotRecord, ...]:
    """Take everything that left with an order back into its depot, as when a loaded carrier is called home."""
    return tuple(
        receive(connection, lot_id=lot_id, quantity=away, order_id=order_id, actor=actor, at=at)
        for lot_id, away in _away(connection, order_id)
    )


def receive(
    connection: Connection,
    *,
    lot_id: int,
    quantity: int,
    actor: str,
    at: datetime,
    order_id: int | None = None,
    note: str = "",
) -> LotRecord:
    """Put goods into a lot. Raises LookupError for a lot that does not exist."""
    lot = _change(connection, lot_id, stock_lots.c.id == lot_id, quantity=quantity)
    if lot is None:
        raise LookupError(f"no stock lot {lot_id}")
    _note(connection, lot_id, "receive", actor, at, quantity=quantity, order_id=order_id, note=note)
    return lot


def receive_all(
    connection: Connection, quantities: Mapping[int, int], *, actor: str, at: datetime, note: str = ""
) -> None:
    """Put goods into many lots at once, as a new ledger does: quantity by lot. Raises LookupError like `receive`."""
    come = (
        func.unnest(
            literal(list(quantities), ARRAY(BigInteger)), literal([*quantities.values()], ARRAY(Integer))
        )
        .table_valued("lot_id", "quantity")
        .render_derived()
    )
    changed = connection.execute(
        stock_lots.update()
        .where(stock_lots.c.id == come.c.lot_id)
        .values(quantity=stock_lots.c.quantity + come.c.quantity)
    )
    if changed.rowcount != len(quantities):
        raise LookupError(f"of {len(quantities)} stock lots {changed.rowcount} exist")
    notes = select(
        come.c.lot_id, literal("receive"), come.c.quantity, literal(at), literal(actor), literal(note)
    )
    connection.execute(
        stock_movements.insert().from_select(["lot_id", "kind", "quantity", "at", "actor", "note"], notes)
    )


def count(
    connection: Connection, *, lot_id: int, counted: int, actor: str, at: datetime, note: str = ""
) -> LotRecord:
    """Set what is on hand to what somebody counted; the movement keeps the difference.

    Raises StockShortError when more is promised than was counted, LookupError for a lot that does not exist.
    """
    query = select(*_COLUMNS).where(stock_lots.c.id == lot_id).with_for_update(key_share=True)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise LookupError(f"no stock lot {lot_id}")
    if counted < row.reserved:
        raise StockShortError(lot_id=lot_id, asked=row.reserved, free=counted)
    if counted == row.quantity:
        return _record(row)
    difference = counted - row.quantity
    lot = _change(connection, lot_id, stock_lots.c.id == lot_id, quantity=difference)
    _note(connection, lot_id, "count", actor, at, quantity=difference, note=note)
    return lot or _record(row)


def _promised(connection: Connection, order_id: int) -> list[tuple[int, int]]:
    """Add up what is still promised to an order: (lot, quantity) by lot."""
    return _totals(connection, order_id, func.sum(stock_movements.c.reserved))


def _away(connection: Connection, order_id: int) -> list[tuple[int, int]]:
    """Add up what has left with an order and not come back: (lot, quantity) by lot."""
    return _totals(connection, order_id, -func.sum(stock_movements.c.quantity))


def _totals(connection: Connection, order_id: int, total: ColumnElement[Any]) -> list[tuple[int, int]]:
    query = (
        select(stock_movements.c.lot_id, total)
        .where(stock_movements.c.order_id == order_id)
        .group_by(stock_movements.c.lot_id)
        .having(total > 0)
        .order_by(stock_movements.c.lot_id)
    )
    return [(lot_id, int(quantity)) for lot_id, quantity in connection.execute(query)]


def _move_promised(
    connection: Connection,
    lot_id: int,
    promised: int,
    *,
    leaves: bool,
    order_id: int,
    actor: str,
    at: datetime,
) -> LotRecord:
    """Take back a promise; where the goods leave, with them."""
    on_hand = -promised if leaves else 0
    lot = _change(connection, lot_id, stock_lots.c.reserved >= promised, quantity=on_hand, reserved=-promised)
    if lot is None:
        raise _short(connection, lot_id, promised)
    kind: Movement = "issue" if leaves else "release"
    _note(connection, lot_id, kind, actor, at, quantity=on_hand, reserved=-promised, order_id=order_id)
    return lot


def _change(
    connection: Connection, lot_id: int, if_: ColumnElement[bool], *, quantity: int = 0, reserved: int = 0
) -> LotRecord | None:
    row = connection.execute(
        stock_lots.update()
        .where(stock_lots.c.id == lot_id, if_)
        .values(quantity=stock_lots.c.quantity + quantity, reserved=stock_lots.c.reserved + reserved)
        .returning(*_COLUMNS)
    ).one_or_none()
    return _record(row) if row else None


def _note(
    connection: Connection,
    lot_id: int,
    kind: Movement,
    actor: str,
    at: datetime,
    *,
    quantity: int = 0,
    reserved: int = 0,
    order_id: int | None = None,
    note: str = "",
) -> None:
    connection.execute(
        stock_movements.insert().values(
            lot_id=lot_id,
            kind=kind,
            quantity=quantity,
            reserved=reserved,
            order_id=order_id,
            at=at,
            actor=actor,
            note=note,
        )
    )


def _short(connection: Connection, lot_id: int, asked: int) -> Exception:
    lot = get(connection, lot_id)
    if lot is None:
        return LookupError(f"no stock lot {lot_id}")
    return StockShortError(lot_id=lot_id, asked=asked, free=lot.free)


_COLUMNS = tuple(stock_lots.c[field.name] for field in fields(LotRecord))


def _record(row: Row[Any]) -> LotRecord:
    return LotRecord(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for it
