"""Calls along a chain: who is called when, who stands in, who above is told; laws over random trees and answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calling import (
    ITSELF,
    Holder,
    Place,
    Ring,
    Rules,
    Rung,
    Tree,
    chosen,
    complete,
    due,
    lines,
    outcomes,
)

T0 = datetime(2026, 7, 20, 3, 0, tzinfo=UTC)
MINUTE_MS = 60_000
RULES = Rules(
    roles={"head": ("deputy",), "ranger": ()},
    answer_ms=3 * MINUTE_MS,
    substitute_ms=2 * MINUTE_MS,
    above_ms=3 * MINUTE_MS,
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def holder(person: str, role: str = "head", rank: str = "A") -> Holder:
    return Holder(person=person, role=role, rank=rank)


def place(code: str, level: int, parent: str | None, *holders: Holder) -> Place:
    return Place(code=code, level=level, parent=parent, holders=holders)


COUNTY = place("C", 1, None, holder("mayor"), holder("vice", rank="B"))
TOWN = place("T", 2, "C", holder("town"), holder("second", role="deputy"))
EAST = place("E", 3, "T", holder("east", role="ranger"), holder("eastern", role="ranger", rank="B"))
WEST = place("W", 3, "T", holder("west", role="ranger"), holder("western", role="ranger"))
CHAIN = (COUNTY, TOWN, EAST, WEST)


class Running:
    """A call that runs by a clock which is moved from look to look. `answers`: minutes after the call, by person."""

    def __init__(self, tree: Tree, answers: Mapping[str, float], rules: Rules = RULES) -> None:
        self.tree, self.answers, self.rules = tree, answers, rules
        self.now = T0
        self.rung: list[Rung] = []
        self.rings: list[tuple[datetime, Ring]] = []

    def look(self) -> bool:
        """Call whoever is to be called, and move on to the next look; False when there is none."""
        found = due(self.tree, self.rules, self.heard(), self.now)
        for ring in found.rings:
            self.rings.append((self.now, ring))
            after = self.answers.get(ring.person)
            self.rung.append(
                Rung(
                    person=ring.person,
                    about=ring.about,
                    called_at=self.now,
                    answer_by=self.now + timedelta(milliseconds=ring.within_ms),
                    answered_at=None if after is None else self.now + minutes(after),
                )
            )
        if found.look_at is None:
            return False
        assert found.look_at > self.now, "a clock never goes backwards"
        self.now = found.look_at
        return True

    def heard(self, at: datetime | None = None) -> list[Rung]:
        """What is known at a moment, now by default: answers that will come have not come."""
        at = at or self.now
        return [
            Rung(
                person=one.person,
                about=one.about,
                called_at=one.called_at,
                answer_by=one.answer_by,
                answered_at=one.answered_at if one.answered_at and one.answered_at <= at else None,
            )
            for one in self.rung
        ]

    def to_the_end(self) -> "Running":
        for _ in range(10_000):
            if not self.look():
                return self
        raise AssertionError("it never ends")

    def outcomes(self) -> Mapping[tuple[str, str], str]:
        return outcomes(self.tree, self.rules, self.heard(), self.now)

    def called(self) -> list[tuple[float, str, str, str]]:
        return [((at - T0) / minutes(1), ring.person, ring.about, ring.why) for at, ring in self.rings]


def test_a_direction_chooses_above_below_or_both() -> None:
    """A warning goes down to every leaf, a report up to the county, and what is above stays known either way."""
    assert set(chosen(CHAIN, ["E"], "up").called) == {"E", "T", "C"}
    assert set(chosen(CHAIN, ["T"], "down").called) == {"T", "E", "W"}
    assert set(chosen(CHAIN, ["T"], "both").called) == {"C", "T", "E", "W"}
    down = chosen(CHAIN, ["T"], "down")
    assert [one.code for one in down.places] == ["C", "T", "E", "W"], "the county may have to be told"
    with pytest.raises(KeyError):
        chosen(CHAIN, ["X"], "up")
    with pytest.raises(ValueError, match="above itself"):
        chosen([place("A", 1, "B"), place("B", 2, "A")], ["A"], "up")


def test_one_who_is_silent_is_replaced_and_then_told_above() -> None:
    """The ranger has three minutes, who stands in for her two; then the township is told about the grid by name."""
    running = Running(chosen(CHAIN, ["E"], "up"), {"mayor": 1, "town": 1}).to_the_end()
    assert running.called() == [
        (0, "mayor", ITSELF, "first"),
        (0, "town", ITSELF, "first"),
        (0, "east", ITSELF, "first"),
        (3, "eastern", ITSELF, "substitute"),
        (5, "town", "E", "above"),
    ]
    running.now += minutes(2)
    assert running.outcomes() == {
        ("C", "head"): "answered",
        ("T", "head"): "answered",
        ("E", "ranger"): "above",
    }


def test_an_answer_at_any_time_stops_what_would_follow() -> None:
    """Whoever answers late has answered: nobody above is woken for her."""
    running = Running(chosen(CHAIN, ["E"], "up"), {"mayor": 1, "town": 1, "east": 4}).to_the_end()
    assert [who for _, who, _, _ in running.called()] == ["mayor", "town", "east", "eastern"]
    assert running.outcomes()["E", "ranger"] == "answered"


def test_one_of_several_is_enough_and_deputies_stand_in() -> None:
    """Two rangers keep one grid: one answer reaches it. The township has no B; its deputy stands in."""
    running = Running(chosen(CHAIN, ["T"], "down"), {"east": 1, "western": 2, "second": 1}).to_the_end()
    assert running.called() == [
        (0, "town", ITSELF, "first"),
        (0, "east", ITSELF, "first"),
        (0, "west", ITSELF, "first"),
        (0, "western", ITSELF, "first"),
        (3, "second", ITSELF, "substitute"),
    ]
    running.now += minutes(1)
    assert running.outcomes() == {
        ("T", "head"): "substitute",
        ("E", "ranger"): "answered",
        ("W", "ranger"): "answered",
    }


def test_the_silent_are_not_asked_about_others() -> None:
    """When nobody of the township answers either, its grids are told to the county at once, not to a silent telephone."""
    running = Running(chosen(CHAIN, ["T"], "down"), {"vice": 1}).to_the_end()
    told = [one for one in running.called() if one[3] == "above"]
    assert told == [
        (3, "second", "W", "above"),  # she stands in for the head and has not had her time yet
        (5, "mayor", "T", "above"),
        (5, "mayor", "E", "above"),
        (6, "mayor", "W", "above"),
        (8, "vice", "T", "above"),
        (8, "vice", "E", "above"),
        (9, "vice", "W", "above"),
    ]


def test_a_place_without_anybody_is_told_above_at_once() -> None:
    """An unstaffed grid must not cost the minutes of a clock that nobody hears."""
    empty = place("N", 3, "T")
    running = Running(chosen((*CHAIN, empty), ["N"], "down"), {"town": 1}).to_the_end()
    assert running.called() == [(0, "town", "N", "above")]


def test_nobody_is_left_and_it_is_said() -> None:
    """A branch that ends without an answer ends as such, at the top."""
    running = Running(chosen(CHAIN, ["E"], "up"), {}).to_the_end()
    assert set(running.outcomes().values()) == {"nobody"}


def test_a_call_that_everybody_has_answered_is_complete() -> None:
    """One open clock is enough to keep it open."""
    running = Running(chosen(CHAIN, ["T"], "up"), {"mayor": 1, "town": 2}).to_the_end()
    running.now = T0 + minutes(1)
    assert not complete(running.heard(), due(running.tree, RULES, running.heard(), running.now))
    running.now = T0 + minutes(2)
    assert complete(running.heard(), due(running.tree, RULES, running.heard(), running.now))


def test_roles_that_a_county_made_up_are_called_all_the_same() -> None:
    """A place whose people have none of the known roles is no place without people."""
    odd = place("O", 3, "T", holder("keeper", role="lookout"), holder("aide", role="lookout", rank="B"))
    (_, _, line) = lines(chosen((*CHAIN, odd), ["O"], "up"), RULES)
    assert (line.role, line.first[0].person, line.instead[0].person) == ("", "keeper", "aide")


@st.composite
def calls(draw: st.DrawFn) -> Running:
    """A random forest with people who hold several duties, a call somewhere in it, and some who answer."""
    size = draw(st.integers(1, 9))
    people = [f"P{number}" for number in range(draw(st.integers(1, 7)))]
    holders = st.lists(
        st.builds(
            Holder,
            person=st.sampled_from(people),
            role=st.sampled_from(["head", "deputy", "ranger", "other"]),
            rank=st.sampled_from("AB"),
        ),
        max_size=4,
    )
    places: list[Place] = []
    for number in range(size):
        above = draw(st.none() | st.sampled_from(places)) if places else None
        parent, level = (above.code, above.level + 1) if above else (None, 1)
        places.append(place(f"G{number}", level, parent, *draw(holders)))
    origins = draw(st.lists(st.sampled_from([one.code for one in places]), min_size=1, max_size=3))
    tree = chosen(places, origins, draw(st.sampled_from(["up", "down", "both"])))
    answers = draw(st.dictionaries(st.sampled_from(people), st.floats(0.1, 12)))
    return Running(tree, answers)


@given(calls())
def test_every_branch_ends_answered_or_told_to_the_top(running: Running) -> None:
    """Whatever the tree and whoever answers: it ends, nobody is called twice about the same, and no answer is passed over."""
    running.to_the_end()
    keys = [(ring.person, ring.about) for _, ring in running.rings]
    assert len(keys) == len(set(keys))
    found = running.outcomes()
    places = {one.code: one for one in running.tree.places}
    answered = {(one.person, one.about) for one in running.heard() if one.answered_at}
    for line in lines(running.tree, RULES):
        outcome = found[line.place, line.role]
        if outcome == "answered":
            assert any((one.person, ITSELF) in answered for one in line.first)
        elif outcome == "substitute":
            assert any((one.person, ITSELF) in answered for one in line.instead)
        elif outcome == "above":
            assert any(about == line.place for _, about in answered)
        elif outcome == "nobody":
            above = places[line.place].parent
            while above is not None:
                for one in (
                    holder
                    for its in lines(Tree(places=(places[above],), called=(above,)), RULES)
                    for holder in (*its.first, *its.instead)
                ):
                    called = {(one.person, line.place), (one.person, ITSELF)} & set(keys)
                    assert called, "nobody above was left out"
                    assert (one.person, line.place) not in answered
                above = places[above].parent


@given(calls())
def test_nobody_stands_in_for_whoever_has_answered(running: Running) -> None:
    """A substitute is woken only when one of the lines that they stand in for had no answer at that moment."""
    running.to_the_end()
    every = lines(running.tree, RULES)
    for at, ring in running.rings:
        heard = {one.person for one in running.heard(at) if one.answered_at and one.about == ITSELF}
        its = [line for line in every if ring.person in {one.person for one in line.instead}]
        if ring.why == "substitute":
            assert any(not heard & {one.person for one in line.first} for line in its)


@given(calls())
def test_looking_again_at_the_same_moment_calls_nobody(running: Running) -> None:
    """A second worker, or the same one after it died, finds nothing left to do."""
    more = True
    while more:
        at = running.now
        more = running.look()
        assert due(running.tree, RULES, running.heard(at), at).rings == ()
