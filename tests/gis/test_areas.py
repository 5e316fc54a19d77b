"""Area codes: what 12 digits say about where an area stands."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import areas

CODES = st.builds(
    lambda province, city, county, township, village: (
        f"{province:02}{city:02}{county:02}{township:03}{village:03}"
    ),
    st.integers(11, 99),
    st.integers(1, 99),
    st.integers(1, 99),
    st.integers(1, 399),
    st.integers(1, 399),
)


@pytest.mark.parametrize(
    ("digits", "code", "level"),
    [
        ("14", "140000000000", "province"),
        ("1410", "141000000000", "city"),
        ("141029", "141029000000", "county"),
        ("141029100", "141029100000", "township"),
        ("141029100001", "141029100001", "village"),
    ],
)
def test_short_codes_are_padded_to_their_level(digits: str, code: str, level: str) -> None:
    """Published lists print only the digits that matter."""
    assert areas.complete(digits) == code
    assert areas.level(code) == level


@pytest.mark.parametrize(
    "wrong", ["", "1", "14102", "1410291000011", "14102x", "１４１０２９", "000000000000", "141029000001"]
)
def test_what_is_no_code_is_refused(wrong: str) -> None:
    """Wrong lengths, other characters, and a village without a township are no codes."""
    with pytest.raises(ValueError, match=r"area code|level"):
        areas.complete(wrong)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("141029001000", "street"),
        ("141029100000", "town"),
        ("141029200000", "township"),
        ("141029400000", "unclassified"),
        ("141029100001", "neighbourhood"),
        ("141029100200", "village_committee"),
        ("141029100498", "unclassified"),
        ("141029000000", "county"),
    ],
)
def test_number_ranges_tell_the_kind(code: str, kind: str) -> None:
    """001-099 street, 100-199 town, 200-399 township; 001-199 neighbourhood, 200-399 village committee."""
    assert areas.kind(code) == kind


def test_a_county_directly_under_a_province_skips_the_missing_city() -> None:
    """Such counties have a city part of zeros."""
    assert areas.parent("140029000000") == "140000000000"


@given(CODES)
def test_the_chain_descends_level_by_level_and_contains_the_code(code: str) -> None:
    """Every area lies in each area of its chain, and each link is the parent of the next."""
    chain = areas.chain(code)
    assert [areas.level(link) for link in chain] == ["province", "city", "county", "township", "village"]
    assert all(areas.contains(link, code) for link in chain)
    assert all(areas.parent(low) == high for high, low in pairwise(chain))
    assert [areas.at_level(code, areas.level(link)) for link in chain] == list(chain)


@given(CODES)
def test_padding_undoes_shortening(code: str) -> None:
    """The prefix says everything about an area."""
    assert all(areas.complete(areas.prefix(link)) == link for link in areas.chain(code))


def test_no_area_of_a_lower_level_above_itself() -> None:
    """A county lies in no township."""
    assert areas.at_level("141029000000", "township") is None
    assert areas.parent("140000000000") is None
