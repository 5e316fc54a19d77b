"""A folder of dirty workbooks: every row is taken rightly or named, none is silently changed or dropped."""

from pathlib import Path

import pytest

from data import ledgers
from data.policies import Policy, load
from tests.data import dirty

POLICY: Policy = load()
COUNTY = (110.9, 35.9, 111.4, 36.4)
CASES = [(layer, dirt) for dirt, (_, layers) in dirty.DIRT.items() for layer in layers]


@pytest.mark.parametrize(("layer", "dirt"), CASES)
def test_every_row_is_taken_rightly_or_named(tmp_path: Path, layer: str, dirt: str) -> None:
    """What comes out equals the truth, cell by cell; what does not come out is told with its row."""
    made = dirty.write(tmp_path, layer, dirt)
    reading = ledgers.read(made.path, POLICY.layers[layer], POLICY, datum="CGCS2000", near=COUNTY)
    named = {problem.row for problem in reading.problems if problem.severity == "fault"}
    taken = {row["code"]: row for row in reading.frame.to_dict("records")}
    assert None not in named, [problem for problem in reading.problems if problem.row is None]
    assert set(taken) <= set(made.truth)
    rows_of = {code: row for row, code in made.rows.items()}
    for code, truth in made.truth.items():
        if code not in taken:
            assert code in made.named, f"{code} was dropped: {reading.problems}"
            assert rows_of.get(code) in named or dirt == "repeated codes"
            continue
        row = taken[code]
        for name, value in truth.items():
            if name == "position":
                assert (row["geometry"].x, row["geometry"].y) == pytest.approx(value, abs=1e-7)
            else:
                assert row[name] == value, (code, name)
    assert made.named - {"填表人"} == set(made.truth) - set(taken)


def test_what_is_below_a_ledger_is_named_not_taken(tmp_path: Path) -> None:
    """A line of signatures is no row of the ledger, and nobody drops a line unseen."""
    made = dirty.write(tmp_path, "shelters", "signatures below")
    reading = ledgers.read(made.path, POLICY.layers["shelters"], POLICY, datum="CGCS2000", near=COUNTY)
    last = 1 + dirty.COUNT + 2
    assert last in {problem.row for problem in reading.problems}
    assert len(reading.frame) == dirty.COUNT
