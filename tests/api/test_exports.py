"""Ledgers out and completeness over HTTP: the files, who gets names, and the figures behind the table."""

import io
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests import builders
from tests.api.conftest import Browser

SignIn = Callable[[str], Browser]


def rows(content: bytes) -> list[dict[str, Any]]:
    """The rows of a workbook's first sheet, by header."""
    heads, *lines = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, heads), line, strict=True)) for line in lines]


@pytest.mark.parametrize(("role", "whole"), [("viewer", 403), ("township", 403), ("registrar", 200)])
def test_names_leave_the_house_with_those_who_keep_the_records(
    sign_in: SignIn, county: dict[str, int], role: str, whole: int
) -> None:
    """Everybody else gets them masked, under headers that no import takes for the real ones."""
    assert county
    somebody = sign_in(role)
    wish = {"layers": ["teams"], "headers": "zh"}
    masked = somebody.post("/exports", wish)
    assert masked.status_code == 200, masked.text
    told = rows(masked.content)
    assert len(told) == 4
    assert {row["已遮蔽：主要负责人"] for row in told} == {"张***"}
    assert "10000000001" not in str(told)
    full = somebody.post("/exports", {**wish, "people": "whole"})
    assert full.status_code == whole
    if whole == 200:
        assert {row["应急电话"] for row in rows(full.content)} == {"10000000001"}
        noted = [one for one in sign_in("administrator").get("/audit").json() if one["act"] == "layer.export"]
        assert len(noted) == 1
        assert "张三" not in str(noted)


def test_a_repeated_request_gets_its_file_again_and_one_entry(
    sign_in: SignIn, county: dict[str, int]
) -> None:
    """An answer that was lost is asked for again: the journal has the act once."""
    assert county
    registrar = sign_in("registrar")
    body = {"layers": ["teams"], "format": "csv", "people": "whole", "request_id": str(uuid.uuid4())}
    first, again = (registrar.post("/exports", body) for _ in range(2))
    assert "10000000001" in first.text
    assert first.content == again.content
    noted = [one for one in sign_in("administrator").get("/audit").json() if one["act"] == "layer.export"]
    assert len(noted) == 1


def test_a_part_is_taken_out_by_area_value_text_and_doubt(sign_in: SignIn, county: dict[str, int]) -> None:
    """Each condition alone; what no layer has gives no row."""
    assert county
    viewer = sign_in("viewer")

    def count(layer: str, **asked: Any) -> int:
        answer = viewer.post("/exports", {"layers": [layer], **asked})
        assert answer.status_code == 200, answer.text
        return len(rows(answer.content))

    assert count("teams", area=builders.EAST_TOWNSHIP) == 1
    assert count("teams", text="第") == 4
    assert count("geohazard_points", values={"kind": "landslide"}) == 1
    assert count("geohazard_points", values={"kind": "collapse"}) == 0
    assert count("teams", values={"scale": "small"}) == 0
    assert count("teams", only=["stale"]) == 0
    assert count("teams", bounds=[110, 35, 111.07, 37]) == 1
    assert viewer.post("/exports", {"layers": ["people"]}).json()["code"] == "layer_of_people"
    assert viewer.post("/exports", {"layers": ["nonsense"]}).status_code == 404


def test_the_qgis_project_is_a_zip_with_its_data(sign_in: SignIn, county: dict[str, int]) -> None:
    """Project and GeoPackage side by side, without layers about people for a viewer."""
    assert county
    answer = sign_in("viewer").post("/exports", {"format": "qgis"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {"muster.qgs", "county.gpkg"}
        project = archive.read("muster.qgs").decode()
    assert "应急救援队伍" in project
    assert "muster-layer-people" not in project
    assert "张三" not in project


def test_the_table_and_the_rows_behind_it_agree(sign_in: SignIn, county: dict[str, int]) -> None:
    """The rows of a cell with something stale or doubtful are as many as it says."""
    assert county
    viewer = sign_in("viewer")
    table = viewer.get("/completeness").json()
    cells = {(cell["layer"], cell["township"]): cell for cell in table["cells"]}
    assert cells["teams", builders.WEST_TOWNSHIP]["rows"] == 3
    assert all(0 <= cell["score"] <= 100 for cell in table["cells"])
    for (layer, township), cell in cells.items():
        found = viewer.get(f"/completeness/{layer}?township={township}").json()
        assert sum(bool(one["doubts"]) for one in found) == cell["doubtful"]
        assert sum(one["stale"] for one in found) == cell["stale"]
    assert {layer for layer, _ in cells}.isdisjoint({"people"})
    assert viewer.get("/completeness/people").status_code == 404
