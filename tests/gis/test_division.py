"""The division of a graph of parcels: connected, near the best there is, and never below its proven bound."""

from collections.abc import Iterator
from itertools import permutations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.division import BALANCE, BORDER, Parcels, cells_for, divide, shares


def lattice(rows: int, columns: int, seed: int) -> Parcels:
    """Square parcels of a kilometre with uneven work and some cheap borders."""
    rng = np.random.default_rng(seed)
    graph: nx.Graph[int] = nx.convert_node_labels_to_integers(
        nx.grid_2d_graph(rows, columns), ordering="sorted"
    )
    work = rng.uniform(0.2, 1.0, rows * columns)
    pairs = np.asarray(sorted(tuple(sorted(edge)) for edge in graph.edges), dtype=np.int64)
    return Parcels(
        centres=np.asarray(list(product(range(rows), range(columns))), dtype=np.float64) * 1000,
        areas=rng.uniform(0.5, 1.5, rows * columns) * 1e6,
        work=work / work.sum(),
        pairs=pairs,
        border=rng.choice([250.0, 1000.0], len(pairs)),
    )


def connected(parcels: Parcels, labels: np.ndarray, parts: int) -> bool:
    graph: nx.Graph[int] = nx.Graph(parcels.pairs.tolist())
    graph.add_nodes_from(range(len(parcels.areas)))
    members = [np.flatnonzero(labels == part).tolist() for part in range(parts)]
    return all(some and nx.is_connected(graph.subgraph(some)) for some in members)


def cost(parcels: Parcels, labels: np.ndarray, parts: int) -> float:
    """The model's cost as its description states it, written a second time; every parcel may be a seat."""
    area = parcels.areas.sum()
    norm = area**2 / (2 * np.pi * parts)
    apart = ((parcels.centres[:, None] - parcels.centres[None]) ** 2).sum(axis=2) * parcels.areas / norm
    each = np.asarray(
        [[apart[seat, labels == part].sum() for seat in range(len(labels))] for part in range(parts)]
    )
    compact = min(
        sum(each[part, seat] for part, seat in enumerate(seats))
        for seats in permutations(range(len(labels)), parts)
    )
    cut = labels[parcels.pairs[:, 0]] != labels[parcels.pairs[:, 1]]
    border = BORDER * parcels.border[cut].sum() / np.sqrt(parts * area)
    work = np.bincount(labels, weights=parcels.work, minlength=parts)
    return float(compact + border + BALANCE * np.abs(work * parts - 1).mean())


def divisions(count: int, parts: int) -> Iterator[np.ndarray]:
    """Every way to label parcels, counted once: a label is first used after all lower ones."""
    for labels in product(range(parts), repeat=count):
        first = list(dict.fromkeys(labels))
        if first == list(range(parts)):
            yield np.asarray(labels)


@pytest.mark.parametrize(("rows", "columns", "parts"), [(2, 4, 2), (3, 3, 2), (2, 4, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_small_divisions_match_brute_force(rows: int, columns: int, parts: int, seed: int) -> None:
    """No division is better than the bound says, and ours is the best of all or within three hundredths of it."""
    parcels = lattice(rows, columns, seed)
    found = divide(parcels, parts)
    best = min(
        cost(parcels, labels, parts)
        for labels in divisions(rows * columns, parts)
        if connected(parcels, labels, parts)
    )
    assert found.cost == pytest.approx(cost(parcels, found.labels, parts))
    assert found.bound <= best + 1e-9
    assert best - 1e-9 <= found.cost <= 1.03 * best


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(1, 6), st.integers(0, 1000))
def test_every_cell_hangs_together_and_the_bound_holds(
    rows: int, columns: int, parts: int, seed: int
) -> None:
    """A cell in two pieces would have a ranger on the wrong side of a ridge; the same land is always divided in the same way."""
    parcels = lattice(rows, columns, seed)
    parts = min(parts, rows * columns)
    found = divide(parcels, parts)
    assert connected(parcels, found.labels, parts)
    assert 0 < found.bound <= found.cost
    assert found.cost == pytest.approx(found.compactness + found.border + found.imbalance)
    assert (divide(parcels, parts, bounded=False).labels == found.labels).all()


def test_one_cell_is_proven() -> None:
    """There is one way to leave a village undivided."""
    assert divide(lattice(3, 3, 0), 1).gap == 0


def test_borders_take_the_cheap_way() -> None:
    """Two columns of parcels with a road between the first and the rest: the border lies on it."""
    plain = lattice(4, 4, 0)
    on_road = (plain.pairs % 4 == [1, 2]).all(axis=1)
    parcels = Parcels(
        centres=plain.centres,
        areas=np.full(16, 1e6),
        work=np.full(16, 1 / 16),
        pairs=plain.pairs,
        border=np.where(on_road, 200.0, 1000.0),
    )
    labels = divide(parcels, 2).labels.reshape(4, 4)
    assert (labels[:, :2] == labels[0, 0]).all()
    assert (labels[:, 2:] == labels[0, 3]).all()


def test_more_cells_than_parcels_are_refused() -> None:
    """The caller's mistake is named where it is made."""
    with pytest.raises(ValueError, match="parts"):
        divide(lattice(2, 2, 0), 5)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.integers(0, 200))
def test_every_village_gets_a_cell_and_the_total_is_met(work: list[float], more: int) -> None:
    """A village without a grid has nobody; a county that ordered 169 cells gets 169."""
    counts = cells_for(np.asarray(work), len(work) + more)
    assert counts.min() >= 1
    assert counts.sum() == len(work) + more


def test_largest_remainders_get_what_is_left() -> None:
    """Quotas of 4.8, 2.6 and 1.6: the first two round up."""
    assert cells_for(np.array([48.0, 26.0, 16.0]), 9).tolist() == [5, 3, 1]


def test_measures_without_a_sum_are_left_out() -> None:
    """A county without a register of risks is shared by area and people."""
    mixed = shares((np.array([1.0, 3.0]), np.zeros(2), np.array([1.0, 1.0])), (0.5, 0.3, 0.5))
    assert mixed.tolist() == [0.375, 0.625]
