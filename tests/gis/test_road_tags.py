"""What tags say of a road."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis import road_tags
from gis.road_tags import (
    ACCESS_ORDER,
    VEHICLE_KEYS,
    WAY_TAGS,
    attributes,
    conditions,
    length_cm,
    mass_kg,
    speed_kmh,
)


def read(**tags: str) -> pd.Series:
    """The attributes of one residential road with some tags; ":" is written "__"."""
    frame, _ = attributes(ways(tags))
    return frame.iloc[0]


def faults(**tags: str) -> list[tuple[int, str, str, str]]:
    _, found = attributes(ways(tags))
    return list(found[["id", "code", "tag", "value"]].itertuples(index=False, name=None))


def ways(*tags: dict[str, str]) -> pd.DataFrame:
    rows = [
        {"way_id": 7 + i, "highway": "residential"} | {k.replace("__", ":"): v for k, v in row.items()}
        for i, row in enumerate(tags)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("text", "kg"),
    [
        ("3.5", 3500),
        ("3.5 t", 3500),
        ("3,5", 3500),
        ("7500 kg", 7500),
        ("16 st", 14514),
        ("10 lt", 10160),
        ("20000 lbs", 9071),
        ("18;12", 12000),
        ("none", 0),
        ("", None),
        ("heavy", None),
        ("-3", None),
        ("0", None),
        ("7500", None),  # kilograms without a unit would be 7500 tonnes
    ],
)
def test_masses_are_read_in_the_units_that_signs_use(text: str, kg: int | None) -> None:
    """A bridge's limit in short tons or kilograms must not be taken for tonnes."""
    assert mass_kg(text) == kg


@pytest.mark.parametrize(
    ("text", "cm"),
    [
        ("2.5", 250),
        ("2.5 m", 250),
        ("250 cm", 250),
        ("8'6\"", 259),
        ("8 ft 6 in", 259),
        ("12'", 365),
        ("12 ft", 365),
        ("4.05;3.8", 380),
        ("default", 0),
        ("below_default", None),
        ("-1", None),
        ("43", None),
    ],
)
def test_heights_are_rounded_down_to_whole_centimetres(text: str, cm: int | None) -> None:
    """Rounding up would send a vehicle under a bar that it hits."""
    assert length_cm(text) == cm


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50.0),
        ("30 mph", 30 * 1.609344),
        ("walk", 7.0),
        ("AD:urban", 50.0),
        ("DE:zone:30", 30.0),
        ("DE:zone30", 30.0),
        ("CN:rural", 90.0),
        ("90;30;90", 30.0),
        ("none", 0.0),
        ("signals", 0.0),
        ("fast", None),
        ("0", None),
        ("900", None),
    ],
)
def test_speeds_are_read_with_units_and_country_defaults(text: str, kmh: float | None) -> None:
    """Mappers write limits in many ways, and a wrong one moves every time along the road."""
    assert speed_kmh(text) == (None if kmh is None else pytest.approx(kmh))


@given(st.text(max_size=30))
def test_no_text_breaks_a_parser(text: str) -> None:
    """Tags are free text typed by strangers: an import may refuse a value, never fall over it."""
    mass, length, speed = mass_kg(text), length_cm(text), speed_kmh(text)
    assert mass is None or mass >= 0
    assert length is None or length >= 0
    assert speed is None or speed >= 0
    conditions(text)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(WAY_TAGS), st.text(max_size=12), max_size=6))
def test_any_tags_give_a_usable_road(tags: dict[str, str]) -> None:
    """Whatever is tagged, the network gets a positive speed, a known access and limits that are not negative."""
    frame, found = attributes(pd.DataFrame([{"way_id": 1, **tags, "highway": "service"}]))
    row = frame.iloc[0]
    assert row["speed_kmh"] > 0
    assert math.isfinite(row["speed_kmh"])
    assert row["access"] in ACCESS_ORDER
    assert row["oneway"] in (-1, 0, 1)
    assert min(row["max_mass_kg"], row["max_height_cm"], row["max_width_cm"]) >= 0
    assert set(found["id"]) <= {1}


def test_a_value_that_cannot_be_read_is_a_fault_with_its_way() -> None:
    """The county can only mend the map if it is told where."""
    assert faults(maxheight="below_default", width="-1") == [
        (7, "unreadable", "maxheight", "below_default"),
        (7, "unreadable", "width", "-1"),
    ]
    assert faults(motor_vehicle="unbekannt") == [(7, "unknown_value", "motor_vehicle", "unbekannt")]


def test_tags_without_a_place_in_the_network_are_reported() -> None:
    """Silence would look like obedience."""
    assert faults(maxlength="12") == [(7, "not_applied", "maxlength", "12")]


def test_the_strictest_mass_limit_counts() -> None:
    """A road may carry several; the vehicle has to respect all of them."""
    assert read(maxweight="18")["max_mass_kg"] == 18_000
    assert read(maxweight="18", maxaxleload="6")["max_mass_kg"] == 12_000
    assert read(hgv="no")["max_mass_kg"] == 3_500
    assert read(hgv="no", maxweight="2.8")["max_mass_kg"] == 2_800
    assert read(hgv="destination")["max_mass_kg"] == 0


def test_the_narrowest_width_and_lowest_height_count() -> None:
    """A signed limit and the measured gap may differ; the vehicle meets the smaller one."""
    row = read(maxheight="4.0", maxheight__physical="3.7", maxwidth="2.5", width="3")
    assert (row["max_height_cm"], row["max_width_cm"]) == (370, 250)


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({"oneway": "yes"}, 1),
        ({"oneway": "-1"}, -1),
        ({"oneway": "no"}, 0),
        ({"junction": "roundabout"}, 1),
        ({"junction": "roundabout", "oneway": "-1"}, -1),
        ({"highway": "motorway"}, 1),
        ({"oneway": "yes", "oneway__emergency": "no"}, 0),
        ({"oneway": "yes", "oneway__motor_vehicle": "no"}, 0),
        ({"vehicle__backward": "no"}, 1),
        ({"motor_vehicle__forward": "no"}, -1),
        ({"oneway": "sometimes"}, 0),
    ],
)
def test_direction_of_traffic(tags: dict[str, str], oneway: int) -> None:
    """Roundabouts are one-way without saying so, and emergency vehicles may be let through the other way."""
    assert read(**tags)["oneway"] == oneway


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({}, "yes"),
        ({"access": "private"}, "private"),
        ({"access": "no"}, "no"),
        ({"access": "no", "foot": "yes"}, "foot"),
        ({"access": "no", "motor_vehicle": "yes"}, "yes"),
        ({"access": "no", "emergency": "yes"}, "private"),
        ({"emergency": "yes"}, "yes"),
        ({"motor_vehicle": "no"}, "foot"),
        ({"motor_vehicle": "no", "motorcar": "yes"}, "yes"),
        ({"motor_vehicle": "no", "foot": "no"}, "no"),
        ({"motor_vehicle": "no", "bus": "yes"}, "private"),
        ({"vehicle": "agricultural;forestry"}, "private"),
        ({"access": "customers"}, "destination"),
        ({"access": "private", "motor_vehicle": "unbekannt"}, "private"),
        ({"highway": "path"}, "foot"),
        ({"highway": "path", "access": "yes"}, "foot"),
        ({"highway": "path", "motor_vehicle": "yes"}, "yes"),
        ({"highway": "pedestrian", "emergency": "yes"}, "private"),
        ({"highway": "steps", "motor_vehicle": "yes"}, "foot"),
        ({"highway": "track", "smoothness": "impassable"}, "foot"),
    ],
)
def test_the_most_specific_access_key_decides(tags: dict[str, str], access: str) -> None:
    """Access tags form a hierarchy; what bars vehicles does not bar people on foot."""
    assert read(**tags)["access"] == access


@given(
    st.sampled_from(VEHICLE_KEYS),
    st.sampled_from(VEHICLE_KEYS),
    st.sampled_from(["yes", "destination", "private"]),
)
def test_a_more_specific_key_outranks_a_general_one(specific: str, general: str, value: str) -> None:
    """The order of the hierarchy holds for each pair of keys."""
    if VEHICLE_KEYS.index(specific) >= VEHICLE_KEYS.index(general):
        return
    opened = read(**{specific: value if specific != "emergency" else "yes", general: "no"})["access"]
    assert opened == ("private" if specific == "emergency" else value)


def test_conditional_access_is_kept_as_rules() -> None:
    """A street that is closed at school hours is open for the rest of the day: the search must know when."""
    row = read(motor_vehicle__conditional="no @ (Mo-Fr 07:00-09:00); destination @ (Sa 10:00-12:00)")
    assert row["access"] == "yes"
    assert row["conditional"] == [
        {"access": "foot", "hours": "Mo-Fr 07:00-09:00"},
        {"access": "destination", "hours": "Sa 10:00-12:00"},
    ]
    assert read(access__conditional="no@ (Jan15-Aug15)")["conditional"] == [
        {"access": "no", "hours": "Jan 15-Aug 15"}
    ]


def test_a_condition_that_is_not_about_hours_is_a_fault() -> None:
    """Weather and weights cannot be looked up in a clock."""
    assert faults(access__conditional="no @ wet") == [(7, "unreadable", "access:conditional", "no @ wet")]
    assert read(access__conditional="no @ wet")["conditional"] is None


def test_a_plain_tag_of_a_more_specific_key_outranks_a_condition() -> None:
    """emergency=yes exempts from a ban on others, whatever the hour."""
    assert read(emergency="yes", access="no", access__conditional="no @ (Sa)")["conditional"] is None
    assert read(motor_vehicle="no", motor_vehicle__conditional="yes @ (Sa)")["conditional"] is not None


def test_speed_follows_sign_class_and_surface() -> None:
    """The free-flow speed is what a driver does: below the limit, and no faster than the ground allows."""
    assert read(highway="residential")["speed_kmh"] == 30
    assert read(maxspeed="50")["speed_kmh"] == pytest.approx(45)
    assert read(maxspeed="80", surface="gravel")["speed_kmh"] == 40
    assert read(maxspeed__forward="80", maxspeed__backward="60")["speed_kmh"] == pytest.approx(54)
    assert read(highway="track", tracktype="grade1")["speed_kmh"] == 40
    assert read(highway="track", tracktype="grade5")["speed_kmh"] == 10
    assert read(highway="path", motor_vehicle="yes")["speed_kmh"] == road_tags.OPENED_FOOT_CLASS_KMH
    assert read(highway="footway")["speed_kmh"] == road_tags.FOOT_SPEED_KMH


@pytest.mark.parametrize(
    ("tags", "needed"),
    [
        ({"highway": "track", "tracktype": "grade5"}, True),
        ({"highway": "track", "tracktype": "grade2"}, False),
        ({"smoothness": "horrible"}, True),
        ({"surface": "mud"}, True),
        ({"4wd_only": "yes"}, True),
        ({}, False),
    ],
)
def test_rough_tracks_need_four_wheel_drive(tags: dict[str, str], needed: bool) -> None:  # noqa: FBT001
    """An ambulance sent up a grade 5 track does not arrive."""
    assert read(**tags)["four_wheel_drive_only"] == needed


def test_bridges_and_tunnels_are_marked() -> None:
    """They are what a closure or a flood takes away first."""
    frame, _ = attributes(ways({"bridge": "viaduct"}, {"bridge": "no"}, {"tunnel": "building_passage"}))
    assert frame["bridge"].tolist() == [True, False, False]
    assert frame["tunnel"].tolist() == [False, False, True]


def test_columns_have_the_types_of_the_network() -> None:
    """The frame goes into COPY and into arrays as it is."""
    frame, _ = attributes(ways({"name": "A"}, {}))
    assert frame.dtypes[["oneway", "max_mass_kg", "max_height_cm", "max_width_cm"]].tolist() == [
        np.dtype("int8"),
        *[np.dtype("int32")] * 3,
    ]
    assert frame["name"].tolist() == ["A", None]
    assert frame["osm_way_id"].tolist() == [7, 8]


def test_planned_roads_are_no_roads() -> None:
    """A road under construction carries nobody yet."""
    frame = pd.DataFrame({"way_id": [1, 2, 3], "highway": ["construction", "track", "raceway"]})
    assert road_tags.is_road(frame).tolist() == [False, True, False]
