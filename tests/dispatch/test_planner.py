import pytest

from dispatch.cards import Card, CardLine, needs, outstanding
from dispatch.choice import faults
from dispatch.model import StockLot
from dispatch.planner import solve
from dispatch.problem import build
from tests.dispatch.brute import optimum
from tests.dispatch.cases import MINUTE, carrier, depot, incident, need, random_case, snapshot, table, team


@pytest.mark.parametrize("seed", range(400))
def test_plan_equals_brute_force(seed: int) -> None:
    """Every tier, with stock, carriers, pins, bans and coverage: an enumerator that shares no code must agree."""
    state, travel = random_case(seed)
    problem = build(state, travel)
    solved = solve(problem)
    expected, kept = optimum(state, travel)
    assert faults(problem, solved.choice) == []
    assert solved.values == expected
    assert all(tier.proven for tier in solved.tiers)
    refused = {(reason.kind, reason.id, reason.incident) for reason in problem.refused}
    assert refused == {(p.kind, p.id, p.incident) for p in state.pins} - kept


def test_a_carrier_that_waits_for_one_item_does_not_overdraw_another() -> None:
    """A trip that waits for an agreement's tents still finds only the blankets that are there."""
    place = incident(1, need("tent", 1, "material"), need("blanket", 4, "material"))
    lots = (
        StockLot(id=1, item="tent", quantity=1, unit_kg=1, activation_ms=30 * MINUTE),
        StockLot(id=2, item="blanket", quantity=3, unit_kg=1),
    )
    state = snapshot((place,), depots=(depot(1, lots, (carrier(11), carrier(12))),))
    problem = build(state, table(state, {}, otherwise=10))
    solved = solve(problem)
    assert faults(problem, solved.choice) == []
    assert solved.values[0] == 2_500


def test_raising_the_level_asks_only_for_the_difference() -> None:
    """What is ordered at level III counts at level II: the planner sees the rest, and sends no more than that."""
    card = Card(
        incident_type="landslide",
        lines=(CardLine(kind="capability", code="medical", quantities=(40, 30, 20, 10)),),
    )
    before = needs(card, 3)
    teams = tuple(team(n) for n in range(1, 6))
    first = snapshot((incident(1, *before),), teams)
    ordered = solve(build(first, table(first, {}, otherwise=10)))
    assert ordered.values[5] == 2
    rest = outstanding(needs(card, 2), {before[0].key: 20})
    second = snapshot((incident(1, *rest),), teams[2:])
    raised = solve(build(second, table(second, {}, otherwise=10)))
    assert [n.quantity for n in rest] == [10]
    assert raised.values[5] == 1
