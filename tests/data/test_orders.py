from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

import pytest
from sqlalchemy import Connection

from data import incidents, orders
from data.orders import LineRecord, OrderRecord
from dispatch.model import Legs
from tests import builders
from tests.builders import NOW, on_main_road
from tests.data.conftest import Begin

LEGS = Legs(notify_ms=60_000, assemble_ms=120_000, road_ms=480_000, walk_ms=5_000)


@pytest.fixture
def county(begin: Begin) -> dict[str, int]:
    with begin() as connection:
        ids = builders.add_county(connection)
        ids["incident"] = incidents.insert(
            connection,
            type="landslide",
            level=3,
            position=on_main_road(6),
            reported_at=NOW,
            reported_by="zhang",
        ).id
    return ids


def send(connection: Connection, county: dict[str, int], **overrides: Any) -> OrderRecord:
    values: dict[str, Any] = {
        "kind": "team",
        "legs": LEGS,
        "sent_at": NOW,
        "created_by": "zhang",
        "incident_id": county["incident"],
        "team_id": county["both"],
        "lines": [LineRecord(need="capability:medical", code="medical", quantity=10)],
        "answer_by": NOW + timedelta(minutes=3),
    }
    return orders.insert(connection, **{**values, **overrides})


def test_an_order_is_read_as_it_was_sent(begin: Begin, county: dict[str, int]) -> None:
    """What is stored is what was signed, lines and times included."""
    with begin() as connection:
        sent = send(connection, county)
    with begin() as connection:
        assert orders.get(connection, sent.id) == sent
        assert orders.open_orders(connection) == (sent,)
        assert orders.of_incident(connection, county["incident"]) == (sent,)
        assert orders.list_all(connection) == (sent,)
    assert sent.is_open
    assert sent.since == NOW


def test_each_step_keeps_its_minute(begin: Begin, county: dict[str, int]) -> None:
    """The after-action report is made of these."""
    way: list[Literal["acknowledged", "departed", "arrived", "finished"]] = [
        "acknowledged",
        "departed",
        "arrived",
        "finished",
    ]
    with begin() as connection:
        order = send(connection, county)
        for minute, state in enumerate(way, start=1):
            at = NOW + timedelta(minutes=minute)
            order = orders.advance(connection, order_id=order.id, state=state, at=at)
            assert (order.state, order.since) == (state, at)
    assert not order.is_open
    assert order.departed_at == NOW + timedelta(minutes=2)


def test_a_busy_unit_is_named_and_the_transaction_goes_on(begin: Begin, county: dict[str, int]) -> None:
    """A commander is told of every unit that was taken meanwhile, not only of the first."""
    with begin() as connection:
        send(connection, county)
    with begin() as connection:
        with pytest.raises(orders.UnitBusyError) as caught:
            send(connection, county)
        assert (caught.value.kind, caught.value.unit_id) == ("team", county["both"])
        send(connection, county, team_id=county["medical"])
    with begin() as connection:
        assert len(orders.open_orders(connection)) == 2


def test_sixteen_commanders_cannot_send_one_team_twice(begin: Begin, county: dict[str, int]) -> None:
    """Check-then-insert sent fourteen teams twice; the index lets one through."""

    def command(_: int) -> bool:
        try:
            with begin() as connection:
                send(connection, county)
        except orders.UnitBusyError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(command, range(16))) == 1


def test_a_link_is_found_by_its_hash_and_replaced_by_the_next(begin: Begin, county: dict[str, int]) -> None:
    """The token itself is on the leader's phone and nowhere here."""
    first, second = sha256(b"first").digest(), sha256(b"second").digest()
    expires = NOW + timedelta(hours=12)
    with begin() as connection:
        order = send(connection, county, link_hash=first, link_expires_at=expires)
        assert orders.by_token(connection, first) == order
        renewed = orders.set_link(connection, order_id=order.id, link_hash=second, expires_at=expires)
        assert orders.by_token(connection, first) is None
        assert orders.by_token(connection, second) == renewed
        revoked = orders.revoke_link(connection, order_id=order.id, at=NOW)
    assert revoked.link_revoked_at == NOW


def test_advancing_an_order_that_is_not_there(begin: Begin) -> None:
    """A missing order is an error, not a silent nothing."""
    with begin() as connection, pytest.raises(LookupError):
        orders.advance(connection, order_id=1, state="acknowledged", at=NOW)
