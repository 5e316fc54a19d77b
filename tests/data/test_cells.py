"""Cells as people fill them in: what each spelling means, and what is refused instead of guessed."""

import math
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import cells
from data.cells import Cell, CellError

CODES = cells.words_of([("landslide_rescue", ["滑坡坍塌救援"]), ("medical", ["医疗救护", "Medical aid"])])


def refusal(error: pytest.ExceptionInfo[CellError]) -> str:
    return error.value.code


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("*可容纳人数（人）", "可容纳人数"),
        ("应急避难场所名称 ", "应急避难场所名称"),
        ("位号(必填)", "位号"),
        ("威胁财产(万元)", "威胁财产"),
        ("Head_Phone", "headphone"),
        ("LON", "lon"),
    ],
)
def test_headers_are_compared_without_units_marks_blanks_and_case(cell: str, same: str) -> None:
    """Real forms decorate their headers in all these ways."""
    assert cells.header(cell) == same


def test_what_cannot_be_seen_is_no_part_of_a_code() -> None:
    """Codes copied from web pages carry zero-width marks, and two that look alike would be two."""
    assert cells.plain("\ufeffG\u200b1\x00 \u3000 a\u202e") == "G1 a"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("３０人", 30),
        ("1,200", 1200),
        (88.0, 88),
        ("1.5万", 15000),
        (" 7 户 ", 7),
        ("5e2", 500),
        (0, 0),
        ("-3", -3),
    ],
)
def test_whole_numbers_in_the_ways_people_write_them(cell: Cell, value: int) -> None:
    """Full-width digits, units, thousands and 万."""
    assert cells.integer(cell) == value


@pytest.mark.parametrize("cell", ["约30", "30-40", "1,20", "三十", "", True, "12 34"])
def test_what_is_no_number_is_refused_not_guessed(cell: Cell) -> None:
    """A wrong count of people under threat is worse than none."""
    with pytest.raises(CellError) as error:
        cells.integer(cell)
    assert refusal(error) == "not_number"


def test_numbers_keep_their_bounds() -> None:
    """The limit is named with the value."""
    with pytest.raises(CellError) as error:
        cells.number("601", most=600)
    assert (refusal(error), error.value.values) == ("too_large", {"value": "601", "limit": "600"})
    with pytest.raises(CellError) as error:
        cells.integer("2.5")
    assert refusal(error) == "not_integer"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (86231888.0, "86231888"),
        ("86231888.0", "86231888"),
        (13788888888.0, "13788888888"),
        ("1.3788888888E10", "13788888888"),
        ("100-0000-1234", "10000001234"),
        ("０３５７－６８２１２３４转8", "03576821234转8"),
        ("100-0001-2222、100-0001-3333", "10000012222;10000013333"),
        (119, "119"),
    ],
)
def test_telephone_numbers_that_a_spreadsheet_made_numbers_are_put_right(cell: Cell, value: str) -> None:
    """Spreadsheets turn them into floats and exponents."""
    assert cells.phone(cell) == value


@pytest.mark.parametrize("cell", ["1377888888", "137788888888", "电话不详", "12"])
def test_a_number_that_would_ring_nobody_is_refused(cell: str) -> None:
    """A mobile number with ten or twelve digits has a typing slip in it."""
    with pytest.raises(CellError) as error:
        cells.phone(cell)
    assert refusal(error) == "not_phone"


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-15",
        "2026/3/15",
        "2026.3.15",
        "2026年3月15日",
        "20260315",
        46096,
        46096.0,
        "46096",
        "2026-03-15 08:00:00",
        date(2026, 3, 15),
        datetime(2026, 3, 15, 8, 0),  # noqa: DTZ001  # as Excel gives it
    ],
)
def test_dates_in_the_ways_people_write_them(cell: Cell) -> None:
    """Serial numbers among them."""
    assert cells.day(cell) == date(2026, 3, 15)


@pytest.mark.parametrize("cell", ["2026-13-01", "2026年", "昨天", "15/3/2026", 12, 10**9, "1e400"])
def test_what_is_no_date_is_refused(cell: Cell) -> None:
    """A month alone is no day, and small numbers are no serials."""
    with pytest.raises(CellError) as error:
        cells.day(cell)
    assert refusal(error) == "not_date"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("116°23′29″", 116 + 23 / 60 + 29 / 3600),
        ("116°23'29\"", 116 + 23 / 60 + 29 / 3600),
        ("116度23分29秒", 116 + 23 / 60 + 29 / 3600),
        ("116 23 29", 116 + 23 / 60 + 29 / 3600),
        ("116:23:29", 116 + 23 / 60 + 29 / 3600),
        ("E116°23.5′", 116 + 23.5 / 60),
        ("北纬36°6′", 36.1),
        ("36.1N", 36.1),
        ("1.5W", -1.5),
        ("-0°30′", -0.5),
        ("３６．５", 36.5),
        (497123.5, 497123.5),
    ],
)
def test_angles_in_the_ways_people_write_them(cell: Cell, value: float) -> None:
    """Degrees, minutes and seconds with any mark, letter or width."""
    assert math.isclose(cells.degrees(cell), value, abs_tol=1e-9)


@pytest.mark.parametrize("cell", ["116°61′", "116°23′60″", "某村东", "116..2", ""])
def test_what_is_no_angle_is_refused(cell: str) -> None:
    """Sixty minutes are a typing slip."""
    with pytest.raises(CellError) as error:
        cells.degrees(cell)
    assert refusal(error) == "not_coordinate"


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59_999))
def test_degrees_minutes_seconds_mean_what_they_say(whole: int, minutes: int, milliseconds: int) -> None:
    """Any angle that is written is read back to the millisecond of arc."""
    seconds = milliseconds / 1000
    expected = whole + minutes / 60 + seconds / 3600
    assert math.isclose(cells.degrees(f"{whole}°{minutes}′{seconds}″"), expected, abs_tol=1e-9)


@pytest.mark.parametrize(
    "cell",
    [
        "111.5,36.1",
        "(111.5，36.1)",
        "111.5 36.1",
        "E111°30′ N36°6′",
        "N36°6′ E111°30′",
        "北纬36.1，东经111.5",
        "111.5E 36.1N",
    ],
)
def test_two_angles_in_one_cell(cell: str) -> None:
    """Letters tell which is the longitude; without them it stands first."""
    assert cells.position(cell) == pytest.approx((111.5, 36.1))


@pytest.mark.parametrize("cell", ["111.5", "111.5,36.1,800,2", "某村"])
def test_what_is_no_pair_is_refused(cell: str) -> None:
    """One angle is no place."""
    with pytest.raises(CellError):
        cells.position(cell)


def test_capabilities_with_grades() -> None:
    """A capability named twice keeps the better grade; none named is the last grade."""
    read = cells.capabilities("滑坡坍塌救援：2；Medical aid、medical:1", CODES)
    assert read == (("landslide_rescue", 2), ("medical", 1))
    assert cells.capabilities("medical", CODES) == (("medical", 3),)


@pytest.mark.parametrize("cell", ["", ";", "magic:1", "medical:4", "medical:best"])
def test_capabilities_that_are_none_are_refused(cell: str) -> None:
    """A team must not be sent for what it cannot do."""
    with pytest.raises(CellError) as error:
        cells.capabilities(cell, CODES)
    assert refusal(error) == "not_capabilities"


@pytest.mark.parametrize(
    ("cell", "value"), [("是", True), ("有", True), ("√", True), (1, True), ("否", False), ("N", False)]
)
def test_yes_and_no(cell: Cell, value: bool) -> None:  # noqa: FBT001  # the expected value
    """In both languages and as a tick."""
    assert cells.boolean(cell) is value


def test_maybe_is_refused() -> None:
    """Nobody knows what a dash means."""
    with pytest.raises(CellError) as error:
        cells.boolean("—")
    assert refusal(error) == "not_boolean"


def test_a_word_of_no_code_and_a_long_text_are_refused() -> None:
    """With the group to choose from, and the limit."""
    with pytest.raises(CellError) as error:
        cells.choice("magic", CODES, group="capabilities")
    assert error.value.values == {"value": "magic", "group": "capabilities"}
    with pytest.raises(CellError) as error:
        cells.text("字" * 41, limit=40)
    assert error.value.values == {"length": "41", "limit": "40"}


def test_short_area_codes_are_padded() -> None:
    """As published lists print them."""
    assert cells.area_code(141029.0) == "141029000000"
    with pytest.raises(CellError) as error:
        cells.area_code("乡宁县")
    assert refusal(error) == "not_area_code"
