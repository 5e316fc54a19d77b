"""What is wrong with grids: everything planted is found, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from gis.grid_check import Finding, Grids, check
from gis.grid_index import GridIndex

WEST, SOUTH = 111.0, 36.0
CODES = ["c", "v", "w", "v-01", "v-02", "w-01"]


def box(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    """A box in hundredths of a degree: about nine by eleven hundred metres."""
    return shapely.box(WEST + x0 / 100, SOUTH + y0 / 100, WEST + x1 / 100, SOUTH + y1 / 100)


def grids(**shapes: BaseGeometry | None) -> Grids:
    """A county of two villages side by side, the first with two cells; shapes changed by code, "-" written as "_"."""
    clean: dict[str, BaseGeometry | None] = dict(
        zip(
            CODES,
            [
                box(0, 0, 3, 1),
                box(0, 0, 2, 1),
                box(2, 0, 3, 1),
                box(0, 0, 1, 1),
                box(1, 0, 2, 1),
                box(2, 0, 3, 1),
            ],
            strict=True,
        )
    )
    clean |= {code.replace("_", "-"): shape for code, shape in shapes.items()}
    every = np.empty(len(CODES), dtype=object)
    every[:] = [clean[code] for code in CODES]
    return Grids(
        codes=CODES, parents=["", "c", "c", "v", "v", "w"], levels=np.array([3, 4, 4, 5, 5, 5]), shapes=every
    )


def named(found: list[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.code, finding.grids) for finding in found]


def test_clean_grids_have_no_findings() -> None:
    """A check that cries wolf is not read."""
    assert check(grids()) == []


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ({"v_02": box(1.5, 0, 2, 1)}, [("gap", ("v", "v-01", "v-02"))]),
        ({"v_02": box(0.5, 0, 2, 1)}, [("overlap", ("v-01", "v-02"))]),
        (
            {"v_02": box(1, 0, 2.5, 1)},
            [("overhang", ("v-02", "v")), ("overlap", ("v-02", "w-01"))],
        ),
        (
            {"v_01": box(0, 0, 1.9999, 1), "v_02": box(1.9999, 0, 2, 1)},
            [("sliver", ("v-02",))],
        ),
        (
            {"v_01": shapely.union(box(0, 0, 1, 1), box(1.5, 0, 2, 1)), "v_02": box(1, 0, 1.5, 1)},
            [("in_pieces", ("v-01",))],
        ),
        ({"w_01": None}, [("empty", ("w-01",)), ("gap", ("w",))]),
        (
            {"w_01": shapely.Polygon([(WEST + 0.02, SOUTH), (WEST + 0.03, SOUTH + 0.01), (WEST + 0.03, SOUTH), (WEST + 0.02, SOUTH + 0.01)])},
            [("gap", ("w", "w-01")), ("gap", ("w", "w-01")), ("in_pieces", ("w-01",)), ("invalid", ("w-01",))],
        ),
        (
            {"w": box(2, 0, 2.5, 1)},
            [("gap", ("c", "w")), ("overhang", ("w-01", "w"))],
        ),
    ],
)  # fmt: skip
def test_each_planted_fault_is_named(
    shapes: dict[str, BaseGeometry | None], expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    """A gap is a place that nobody watches; an overlap one where each waits for the other."""
    assert named(check(grids(**shapes))) == expected


def test_a_fault_has_its_place_and_its_size() -> None:
    """It is shown on the map, and the largest is mended first."""
    (gap,) = check(grids(v_02=box(1.5, 0, 2, 1)))
    assert gap.shape is not None
    assert gap.shape.equals(box(1, 0, 1.5, 1))
    assert gap.area_m2 == pytest.approx(0.5e-4 * 111_000 * 90_100, rel=0.01)


def test_rounding_is_no_fault() -> None:
    """A hundredth of a millimetre between two cells is nobody's land."""
    assert check(grids(v_02=box(1 + 1e-8, 0, 2, 1))) == []


def test_faults_of_the_tree_are_named() -> None:
    """A village without grids, a grid without a village, a code that is there twice."""
    clean = grids()
    assert named(check(replace(clean, parents=["", "c", "c", "v", "v", "v"]))) == [
        ("childless", ("w",)),
        ("overhang", ("w-01", "v")),
    ]
    assert ("orphan", ("w-01", "x")) in named(check(replace(clean, parents=["", "c", "c", "v", "v", "x"])))
    assert ("orphan", ("w-01", "c")) in named(check(replace(clean, parents=["", "c", "c", "v", "v", "c"])))
    twice = replace(clean, codes=["c", "v", "w", "v-01", "v-01", "w-01"])
    assert [(one.grids, one.count) for one in check(twice) if one.code == "duplicate_code"] == [
        (("v-01",), 2)
    ]


def test_no_grids_have_no_findings() -> None:
    """A county that begins has nothing to mend yet."""
    nothing = Grids(
        codes=[], parents=[], levels=np.zeros(0, dtype=np.int64), shapes=np.empty(0, dtype=object)
    )
    assert check(nothing) == []


# --------------------------------------------------------------------------------------------------------- index


def index(order: int = 1) -> GridIndex:
    clean = grids()
    return GridIndex(CODES[::order], clean.parents[::order], clean.shapes.tolist()[::order])


def test_a_point_has_one_leaf_and_its_chain() -> None:
    """Whoever sees the smoke must learn who answers for the place, up to the county."""
    assert index().locate(WEST + 0.005, SOUTH + 0.005) == ("c", "v", "v-01")
    assert index().locate(0, 0) == ()
    assert index().leaf(float("nan"), SOUTH) is None


def test_on_a_shared_border_the_lowest_code_answers() -> None:
    """Two dispatchers who ask for the same point get the same ranger, whatever order the grids were read in."""
    for order in (1, -1):
        assert index(order).leaf(WEST + 0.01, SOUTH + 0.005) == "v-01"
        assert index(order).leaf(WEST + 0.02, SOUTH) == "v-02"


def test_many_points_are_answered_as_each_alone() -> None:
    """Rows of a ledger and a click on the map agree."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(WEST - 0.01, WEST + 0.04, 300), rng.uniform(SOUTH - 0.01, SOUTH + 0.02, 300)
    known = index()
    together = [known.codes[k] if k >= 0 else None for k in known.leaves_at(x, y).tolist()]
    assert together == [known.leaf(float(lon), float(lat)) for lon, lat in zip(x, y, strict=True)]
    chains = known.chains(known.leaves_at(x, y))
    assert chains.shape == (300, 3)
    assert set(chains[:, 2].tolist()) == {known.number("c"), -1}


def test_a_hair_between_two_cells_is_somebodys() -> None:
    """Where rounding left a hair's breadth, the cell with the lowest code answers, as on a border."""
    clean = grids(v_02=box(1 + 5e-7, 0, 2, 1))
    known = GridIndex(CODES, clean.parents, clean.shapes.tolist())
    assert known.leaf(WEST + 0.01 + 4e-9, SOUTH + 0.005) == "v-01"


def test_a_grid_answers_for_its_leaves() -> None:
    """All that a village head answers for."""
    assert index().below("v") == ("v-01", "v-02")
    assert index().below("c") == ("v-01", "v-02", "w-01")
    assert index().below("w-01") == ("w-01",)


def test_codes_that_repeat_and_chains_without_an_end_are_refused() -> None:
    """A wrong tree must not answer at night."""
    square = box(0, 0, 1, 1)
    with pytest.raises(ValueError, match="repeat"):
        GridIndex(["a", "a"], [None, None], [square, square])
    with pytest.raises(ValueError, match="above itself"):
        GridIndex(["a", "b"], ["b", "a"], [square, square])
