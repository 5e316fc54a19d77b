"""Requirement cards: the shipped ones are sane, and raising a level adds exactly the difference."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.policies import load
from dispatch.cards import LEVELS, Card, CardLine, needs, outstanding

CARDS = tuple(kind.card for kind in load().incident_types.values())

cards = st.sampled_from(CARDS)
levels = st.sampled_from(LEVELS)


def line(code: str = "medical", *quantities: int, **changes: object) -> CardLine:
    values: dict[str, object] = {"kind": "capability", "code": code, "quantities": quantities or (4, 3, 2, 1)}
    return CardLine(**(values | changes))  # type: ignore[arg-type]  # overrides are checked by the class itself


@st.composite
def orders(draw: st.DrawFn, card: Card) -> dict[str, int]:
    """Amounts ordered so far by need key, some of them for lines that this level does not ask for."""
    keys = draw(st.lists(st.sampled_from([one.key for one in card.lines]), unique=True))
    return {key: draw(st.integers(0, 500)) for key in keys}


def test_the_eleven_incident_types_are_shipped_with_a_card() -> None:
    """Each has needs at every level, some of them critical, of all three kinds at level I."""
    assert len(CARDS) == 11
    for card in CARDS:
        assert all(any(need.critical for need in needs(card, level)) for level in LEVELS), card.incident_type
        assert {need.kind for need in needs(card, 1)} == {"capability", "vehicle", "material"}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.incident_type)
def test_needs_grow_with_severity(card: Card) -> None:
    """A higher level never asks for less of anything, nor under other conditions."""
    for level in LEVELS[:-1]:
        higher = {need.key: need for need in needs(card, level)}
        for need in needs(card, level + 1):
            above = higher[need.key]
            assert above.quantity >= need.quantity
            assert (above.grade, above.min_strength, above.critical) == (
                need.grade,
                need.min_strength,
                need.critical,
            )


@given(st.data())
def test_orders_and_what_is_outstanding_cover_the_needs(data: st.DataObject) -> None:
    """Nothing that is asked for is lost, whatever has been ordered; nothing is asked for twice."""
    card, level = data.draw(cards), data.draw(levels)
    ordered = data.draw(orders(card))
    asked = needs(card, level)
    left = {need.key: need.quantity for need in outstanding(asked, ordered)}
    for need in asked:
        covered = left.get(need.key, 0) + ordered.get(need.key, 0)
        assert covered >= need.quantity
        assert covered == need.quantity or need.key not in left


@given(card=cards, low=levels, high=levels)
def test_raising_the_level_asks_for_exactly_the_difference(card: Card, low: int, high: int) -> None:
    """All that the lower level needed has been ordered: what is left is the higher level less the lower, line by line."""
    low, high = max(low, high), min(low, high)
    ordered = Counter({need.key: need.quantity for need in needs(card, low)})
    wanted = Counter({need.key: need.quantity for need in needs(card, high)})
    assert (
        Counter({need.key: need.quantity for need in outstanding(needs(card, high), ordered)})
        == wanted - ordered
    )


@given(st.data())
def test_raising_step_by_step_equals_raising_at_once(data: st.DataObject) -> None:
    """Whether an incident was raised IV → III → I or IV → I, the same is ordered in the end."""
    card = data.draw(cards)
    path = sorted(data.draw(st.lists(levels, min_size=1)), reverse=True)
    ordered: Counter[str] = Counter()
    for level in path:
        ordered.update({need.key: need.quantity for need in outstanding(needs(card, level), ordered)})
    assert ordered == Counter({need.key: need.quantity for need in needs(card, path[-1])})


def test_what_is_outstanding_keeps_its_conditions() -> None:
    """The rest of a need is the same need, only smaller."""
    card = Card(
        incident_type="slide", lines=(line("medical", 8, 6, 4, 2, grade=2, min_strength=3, critical=False),)
    )
    (left,) = outstanding(needs(card, 1), {"capability:medical:2": 5})
    assert (left.quantity, left.grade, left.min_strength, left.critical) == (3, 2, 3, False)


def test_too_much_of_one_thing_does_not_help_another() -> None:
    """A hundred excavators are no medics."""
    card = Card(incident_type="slide", lines=(line(), line("excavator", 2, 1, 1, 1, kind="vehicle")))
    left = outstanding(needs(card, 1), {"vehicle:excavator": 100})
    assert [(need.key, need.quantity) for need in left] == [("capability:medical", 4)]


def test_a_level_may_ask_for_nothing_of_a_line() -> None:
    """What only a large incident takes is no need of zero at a small one."""
    card = Card(incident_type="slide", lines=(line("medical", 4, 2, 0, 0),))
    assert needs(card, 3) == ()


def test_a_level_that_is_none_is_refused() -> None:
    """Levels run from 1 to 4; a 0 would silently mean level IV."""
    with pytest.raises(ValueError, match="0 is no level"):
        needs(CARDS[0], 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantities": (1, 2, 3, 4)}, "less at a higher level"),
        ({"quantities": (3, 2, 1)}, "3 quantities"),
        ({"quantities": (0, 0, 0, 0)}, "nothing at level I"),
        ({"quantities": (1, 0, 0, -1)}, "less than nothing"),
        ({"grade": 0}, "grade 0"),
        ({"min_strength": 0}, "least strength 0"),
        ({"kind": "vehicle", "grade": 1}, "grades what is no team"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(changes: dict[str, object], said: str) -> None:
    """A card is checked when it is read, not when an incident happens."""
    with pytest.raises(ValueError, match=said):
        line(**changes)  # type: ignore[arg-type]  # overrides by keyword


def test_two_lines_for_one_thing_are_refused() -> None:
    """Orders are counted by key, so a key must mean one line; the best of a capability have a key of their own."""
    with pytest.raises(ValueError, match="more than once for capability:medical"):
        Card(incident_type="slide", lines=(line(), line()))
    graded = Card(incident_type="slide", lines=(line(), line(grade=1)))
    assert [need.key for need in needs(graded, 4)] == ["capability:medical", "capability:medical:1"]
