"""Move-ups against every possible set of moves."""

from itertools import product
from typing import Any

import pytest

from dispatch.coverage import move_ups
from dispatch.model import Cover, MoveUp, Snapshot
from dispatch.planner import solve
from dispatch.problem import build
from dispatch.times import TravelTable, start_of
from tests.dispatch.brute import Case, coverage_lost
from tests.dispatch.cases import MINUTE, incident, need, random_case, snapshot, table, team


def moved(
    state: Snapshot, travel: TravelTable, gone: frozenset[int], moves: dict[int, tuple[Any, ...]]
) -> tuple[int, int, int]:
    """(weighted heads missing beyond before, moves, road ms) when teams stand by at the given positions."""
    lost = road_total = 0
    for cover in state.covers:
        before = after = 0
        for unit in state.teams:
            if unit.status != "available" or cover.code not in [c.code for c in unit.capabilities]:
                continue
            road, walk, _ = travel.cell(start_of(unit.position, unit.profile), cover.position)
            reaches = road >= 0 and road + walk <= cover.within_ms
            before += unit.strength * reaches
            if unit.id in gone:
                continue
            after += unit.strength * (moves[unit.id] == cover.position if unit.id in moves else reaches)
        lost += cover.weight * max(0, max(0, cover.heads - after) - max(0, cover.heads - before))
    for identity, position in moves.items():
        unit = next(t for t in state.teams if t.id == identity)
        road_total += travel.cell(start_of(unit.position, unit.profile), position)[0]
    return lost, len(moves), road_total


def best_moves(state: Snapshot, travel: TravelTable, gone: frozenset[int]) -> tuple[int, int, int]:
    idle = [t for t in state.teams if t.status == "available" and t.id not in gone]
    places = sorted({c.position for c in state.covers})
    options = [
        [None, *(p for p in places if travel.cell(start_of(t.position, t.profile), p)[0] >= 0)] for t in idle
    ]
    return min(
        moved(state, travel, gone, {t.id: p for t, p in zip(idle, chosen, strict=True) if p is not None})
        for chosen in product(*options)
    )


@pytest.mark.parametrize("seed", range(6_000, 6_080))
def test_move_ups_are_the_best_of_all_sets_of_moves(seed: int) -> None:
    """Least missing, then fewest moves, then least driving; nobody is sent and moved."""
    state, travel = random_case(seed, scale=2)
    problem = build(state, travel)
    choice = solve(problem).choice
    gone = frozenset(
        int(problem.unit_ids[u]) for u in problem.pair_unit[choice.pairs] if problem.unit_kinds[u] == "team"
    )
    owners = gone | {problem.teams[problem.unit_team[u]].id for u in problem.pair_unit[choice.pairs]}
    found = move_ups(state, problem, travel, choice)
    positions = {(c.township, c.code): c.position for c in state.covers}
    moves = {m.team: positions[m.township, m.code] for m in found}
    assert not owners & moves.keys()
    assert len(moves) == len(found)
    if not coverage_lost(Case(state, travel), gone):
        assert found == ()
    elif owners == gone and len(positions) == len(state.covers):
        assert moved(state, travel, gone, moves) == best_moves(state, travel, gone)


def test_an_idle_team_takes_the_place_of_the_one_that_left() -> None:
    """The nearer of two idle teams moves to the township that would be bare."""
    place = incident(1, need("medical"))
    teams = (team(1), team(2), team(3))
    cover = Cover(
        township="990101100000", position=(110.0, 36.0), code="medical", heads=10, within_ms=15 * MINUTE
    )
    state = snapshot((place,), teams, covers=(cover,))
    minutes = {(teams[0].position, place.position): 5, (teams[0].position, cover.position): 5}
    minutes |= {(teams[1].position, cover.position): 40, (teams[2].position, cover.position): 30}
    travel = table(state, {**minutes, (teams[1].position, place.position): 90})
    problem = build(state, travel)
    (move,) = move_ups(state, problem, travel, solve(problem).choice)
    assert isinstance(move, MoveUp)
    assert (move.team, move.township, move.legs.road_ms) == (3, "990101100000", 30 * MINUTE)
