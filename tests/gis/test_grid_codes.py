"""Codes of cells: in reading order, unique, kept for land that stays, never given twice."""

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.grid_codes import code_of, number, parse, reading_order

VILLAGE = "990101100001"
ROWS, COLUMNS = 3, 4
CELLS = [
    shapely.box(111 + x / 100, 36 - y / 100, 111 + (x + 1) / 100, 36 - (y - 1) / 100)
    for y in range(ROWS)
    for x in range(COLUMNS)
]
"""Four columns, three rows; west to east, then north to south."""
CODES = [code_of(VILLAGE, k + 1) for k in range(ROWS * COLUMNS)]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(ROWS * COLUMNS)))
def test_numbers_run_as_a_page_is_read(order: list[int]) -> None:
    """A clerk finds number 07 without a list, whatever order the computer had the cells in."""
    shuffled = [CELLS[k] for k in order]
    assert [shuffled[k] for k in reading_order(shuffled).tolist()] == CELLS
    assert number(VILLAGE, shuffled) == [CODES[k] for k in order]


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 11), min_size=1, max_size=6), st.permutations(range(12)))
def test_cells_that_did_not_change_keep_their_codes(changed: set[int], order: list[int]) -> None:
    """Signs, lists and people carry these codes: only new land gets a new number, and no old one."""
    new = [shapely.buffer(CELLS[k], -0.002) if k in changed else CELLS[k] for k in order]
    codes = number(VILLAGE, new, before=dict(zip(CODES, CELLS, strict=True)), used=[code_of(VILLAGE, 40)])
    kept = {CODES[k] for k in range(12) if k not in changed}
    assert {code for k, code in zip(order, codes, strict=True) if k not in changed} == kept
    assert all(code == CODES[k] for k, code in zip(order, codes, strict=True) if k not in changed)
    fresh = {code for k, code in zip(order, codes, strict=True) if k in changed}
    assert fresh == {code_of(VILLAGE, 41 + n) for n in range(len(changed))}


def test_a_small_change_of_shape_is_the_same_cell() -> None:
    """A border mended by a metre gives nobody a new number."""
    moved = [shapely.buffer(cell, -1e-5) for cell in CELLS]
    assert number(VILLAGE, moved, before=dict(zip(CODES, CELLS, strict=True))) == CODES


def test_a_theme_has_its_own_numbers() -> None:
    """Grid D01 of geohazards and grid 01 of forest fires are two grids."""
    assert number(VILLAGE, CELLS[:2], mark="D", used=CODES) == [f"{VILLAGE}-D01", f"{VILLAGE}-D02"]


def test_a_hundred_cells_take_three_digits() -> None:
    """Codes of one village sort as text."""
    codes = number(VILLAGE, [shapely.box(x, 0, x + 1, 1) for x in range(100)])
    assert codes[0] == f"{VILLAGE}-001"
    assert codes == sorted(codes)


def test_codes_are_read_back() -> None:
    """What is written on a sign leads to village, theme and number."""
    assert parse(f"{VILLAGE}-D07") == (VILLAGE, "D", 7)
    assert parse("990101100-P1") is None
    assert number(VILLAGE, []) == []
