"""Move-ups: idle teams that stand by elsewhere so that the coverage a plan takes away is given back.

An exact small model: least weighted heads missing, then fewest moves, then least driving. A team that is sent or
pinned does not move; a team that moves no longer counts where it stood, so no move uncovers more than it gains.
A moved team counts for the rows at the place that it moves to.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from dispatch.choice import Choice, cover_missing, heads_left
from dispatch.hazards import staging_allowed
from dispatch.model import Cover, HazardZone, MoveUp, Snapshot
from dispatch.problem import Problem, sorted_covers
from dispatch.readiness import team_legs
from dispatch.solver import SEED
from dispatch.times import TravelTable, start_of

TIME_LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Move:
    """Team row `team` to the place of cover row `cover`; it serves `gains` and leaves `leaves` (cover rows)."""

    team: int
    cover: int
    road_ms: int
    walk_ms: int
    gains: tuple[int, ...]
    leaves: tuple[int, ...]


def move_ups(
    snapshot: Snapshot,
    problem: Problem,
    travel: TravelTable,
    choice: Choice,
    *,
    zones: Sequence[HazardZone] = (),
    staying: Collection[int] = (),
) -> tuple[MoveUp, ...]:
    """Return the best moves after a plan; none when it takes no coverage away. Sorted by team id.

    Nobody is told to stand by inside a hazard zone. `staying`: teams that are not moved.
    """
    left = heads_left(problem, choice)
    lost = np.flatnonzero(cover_missing(problem, left) > 0)
    if not len(lost):
        return ()
    covers = sorted_covers(snapshot)
    safe = {row for row in lost.tolist() if staging_allowed(covers[row].position, zones)}
    lent = {one.id for one in snapshot.lent if one.kind == "team"}
    moves = [
        move
        for move in _moves(problem, travel, choice, covers, safe)
        if problem.teams[move.team].id not in lent | set(staying)
    ]
    chosen = _best(problem, left.tolist(), moves)
    return tuple(
        MoveUp(
            team=problem.teams[m.team].id,
            township=covers[m.cover].township,
            code=covers[m.cover].code,
            legs=team_legs(problem.teams[m.team], m.road_ms, m.walk_ms),
        )
        for m in sorted(chosen, key=lambda m: m.team)
    )


def _moves(
    problem: Problem, travel: TravelTable, choice: Choice, covers: list[Cover], lost: set[int]
) -> list[_Move]:
    """Every move of an idle team to a place where it would serve a row that lost heads."""
    used = set(problem.unit_team[problem.pair_unit[choice.pairs]].tolist())
    present: dict[int, list[int]] = {}
    for row, unit in zip(problem.cover_rows.tolist(), problem.cover_units.tolist(), strict=True):
        present.setdefault(unit, []).append(row)
    found = []
    for row, team in enumerate(problem.teams):
        if row in used or team.status != "available" or team.strength < 1:
            continue
        codes = {capability.code for capability in team.capabilities}
        start = travel.row_of[start_of(team.position, team.profile)]
        here = tuple(present.get(row, ()))
        for cover in sorted(lost):
            column = travel.column_of[covers[cover].position]
            road = int(travel.road_ms[start, column])
            if covers[cover].code not in codes or cover in here or road < 0:
                continue
            gains = tuple(
                r for r, c in enumerate(covers) if c.position == covers[cover].position and c.code in codes
            )
            walk = int(travel.walk_ms[start, column])
            found.append(_Move(row, cover, road, walk, gains, here))
    return found


def _best(problem: Problem, left: list[int], moves: list[_Move]) -> list[_Move]:
    """Lexicographically least (missing, moves, road). Any time limit leaves the best found: it is only advice."""
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in moves]
    by_team: dict[int, list[cp_model.IntVar]] = {}
    for move, var in zip(moves, chosen, strict=True):
        by_team.setdefault(move.team, []).append(var)
    for choices in by_team.values():
        model.add_at_most_one(choices)
    lost = []
    for row, weight in enumerate(problem.cover_weight.tolist()):
        heads = [
            (var, problem.teams[m.team].strength * ((row in m.gains) - (row in m.leaves)))
            for m, var in zip(moves, chosen, strict=True)
        ]
        asked = min(int(problem.cover_asked[row]), int(problem.cover_before[row]))
        gap = model.new_int_var(0, max(asked, 0), "")
        model.add(gap >= asked - left[row] - sum(var * n for var, n in heads if n))
        lost.append(gap * weight)
    moved = sum(chosen)
    road = sum(var * m.road_ms for m, var in zip(moves, chosen, strict=True))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_time_in_seconds = TIME_LIMIT_S
    result: list[_Move] = []
    for objective in (sum(lost), moved, road):
        model.minimize(objective)
        if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        result = [m for m, var in zip(moves, chosen, strict=True) if solver.value(var)]
        model.add(objective <= round(solver.objective_value))
    return result
