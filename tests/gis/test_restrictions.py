"""Turn restrictions and barriers become forbidden sequences of edges."""

import pytest

from gis.restrictions import TurnRestriction
from gis.roads import Roads
from tests.gis.osm_cases import path, restriction, roads

#        5
#        |
#   1 -- 2 -- 3
#        |
#        4 -- 6
CROSS = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (1, -1), 5: (1, 1), 6: (2, -1)}
ARMS = {10: [1, 2], 20: [2, 3], 30: [2, 4], 40: [2, 5], 50: [4, 6]}


def cross(*restrictions: TurnRestriction, **others: object) -> Roads:
    return roads(CROSS, ARMS, restrictions=restrictions, **others)  # type: ignore[arg-type]  # keywords of roads


def refusals(made: Roads) -> list[tuple[int, str]]:
    rows = made.faults[made.faults["subject"] == "relation"]
    return list(rows[["id", "code"]].itertuples(index=False, name=None))


def test_no_turn_forbids_just_that_turn() -> None:
    """The other ways on stay open."""
    made = cross(restriction("no_right_turn", 10, 2, 30))
    assert made.banned_turns == (path(made, 1, 2, 4),)
    assert made.restrictions_taken == 1


def test_only_turn_forbids_all_others_and_turning_back() -> None:
    """A mandatory direction is a ban on each other one."""
    made = cross(restriction("only_straight_on", 10, 2, 20))
    assert set(made.banned_turns) == {path(made, 1, 2, 4), path(made, 1, 2, 5), path(made, 1, 2, 1)}


def test_no_u_turn_on_one_way_forbids_going_back() -> None:
    """From and to may be the same way."""
    made = cross(restriction("no_u_turn", 10, 2, 10))
    assert made.banned_turns == (path(made, 1, 2, 1),)


def test_no_entry_takes_several_from_ways() -> None:
    """The relation stands for one ban for each way that leads there."""
    made = cross(restriction("no_entry", 10, 2, 20, from_ways=(10, 40)))
    assert set(made.banned_turns) == {path(made, 1, 2, 3), path(made, 5, 2, 3)}


def test_a_way_as_via_forbids_the_whole_sequence() -> None:
    """Each of the two turns alone stays allowed."""
    made = cross(restriction("no_u_turn", 10, [30], 50))
    assert made.banned_turns == (path(made, 1, 2, 4, 6),)


def test_a_via_way_that_junctions_split_is_followed_through() -> None:
    """OSM's way is longer than our edge."""
    nodes = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (4, 0), 6: (2, 1)}
    made = roads(
        nodes,
        {10: [1, 2], 20: [2, 3, 4], 30: [4, 5], 40: [3, 6]},
        restrictions=[restriction("no_u_turn", 10, [20], 30)],
    )
    assert made.banned_turns == (path(made, 1, 2, 3, 4, 5),)


def test_two_via_ways_are_followed_in_their_order() -> None:
    """A relation may name a chain."""
    nodes = {i: (i, 0) for i in range(1, 6)}
    made = roads(
        nodes,
        {10: [1, 2], 20: [2, 3], 30: [3, 4], 40: [4, 5]},
        restrictions=[restriction("no_u_turn", 10, [20, 30], 40)],
    )
    assert made.banned_turns == (path(made, 1, 2, 3, 4, 5),)


def test_only_over_a_way_binds_from_the_via_way_on() -> None:
    """Who came from `from` into the via way must leave it by `to`; who comes from elsewhere is free."""
    made = cross(restriction("only_straight_on", 10, [30], 50))
    assert made.banned_turns == ((*path(made, 1, 2, 4), *path(made, 4, 2)),)


def test_only_directions_of_travel_are_forbidden() -> None:
    """A ban against a one-way forbids nothing that one could do, and is refused as such."""
    made = roads(CROSS, ARMS, {10: {"oneway": "-1"}}, restrictions=[restriction("no_right_turn", 10, 2, 30)])
    assert made.banned_turns == ()
    assert refusals(made) == [(1, "not_connected")]


@pytest.mark.parametrize(
    ("relation", "code"),
    [
        (restriction("no_left_turn", 10, 2, 30, conditional=True), "conditional"),
        (restriction("no_left_turn", 10, 2, 30, vehicle="hgv"), "other_vehicle"),
        (restriction("no_left_turn", 10, 2, 30, exempt=("psv", "emergency")), "exempt"),
        (restriction("no_way", 10, 2, 30), "unknown_kind"),
        (restriction("no_left_turn", 10, 2, 30, to_ways=()), "members"),
        (restriction("no_left_turn", 10, 2, 30, to_ways=(20, 30)), "members"),
        (restriction("no_left_turn", 10, 2, 30, via_nodes=()), "members"),
        (restriction("no_left_turn", 10, 2, 99), "member_missing"),
        (restriction("no_left_turn", 10, 3, 30), "not_connected"),
    ],
)
def test_what_cannot_be_placed_is_refused_with_its_reason(relation: TurnRestriction, code: str) -> None:
    """A restriction that is dropped in silence looks as if it were obeyed."""
    made = cross(relation)
    assert made.banned_turns == ()
    assert refusals(made) == [(1, code)]
    assert made.restrictions_taken == 0


def test_other_exceptions_do_not_lift_the_ban() -> None:
    """Buses may turn; a fire engine is no bus."""
    assert cross(restriction("no_right_turn", 10, 2, 30, exempt=("psv", "bicycle"))).restrictions_taken == 1


def test_a_way_that_runs_on_through_the_via_node_is_ambiguous() -> None:
    """Which of its halves is meant cannot be known."""
    made = roads(CROSS, {10: [1, 2, 3], 30: [2, 4]}, restrictions=[restriction("no_right_turn", 10, 2, 30)])
    assert refusals(made) == [(1, "ambiguous")]


def test_footpaths_take_no_part() -> None:
    """A restriction is for drivers; a mandatory direction need not forbid a path."""
    made = roads(
        CROSS, ARMS, {40: {"highway": "footway"}}, restrictions=[restriction("only_straight_on", 10, 2, 20)]
    )
    assert path(made, 1, 2, 5) not in made.banned_turns


def test_a_barrier_forbids_driving_past_it_both_ways() -> None:
    """A bollard in the middle of a street makes two dead ends of it."""
    nodes = {1: (0, 0), 2: (1, 0), 3: (2, 0)}
    made = roads(nodes, {10: [1, 2], 20: [2, 3]}, barriers=[2])
    assert set(made.banned_turns) == {path(made, 1, 2, 3), path(made, 3, 2, 1)}


def test_a_barrier_within_a_way_cuts_it_there() -> None:
    """The node is no junction, but what lies beyond it is another edge."""
    nodes = {1: (0, 0), 2: (1, 0), 3: (2, 0)}
    made = roads(nodes, {10: [1, 2, 3]}, barriers=[2])
    assert len(made.edges) == 2
    assert set(made.banned_turns) == {path(made, 1, 2, 3), path(made, 3, 2, 1)}


def test_a_barrier_on_a_junction_is_not_believed() -> None:
    """It stands on one of the arms; closing all of them would cut off a village."""
    made = cross(barriers=[2])
    assert made.banned_turns == ()
    assert made.faults[["subject", "id", "code"]].to_numpy().tolist() == [["node", 2, "barrier_at_junction"]]
