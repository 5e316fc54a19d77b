import json
from datetime import datetime, timedelta, timezone

import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.frozen import canonical, decode, encode
from data.snapshot import restore, spell
from dispatch.model import (
    Capability,
    Cover,
    Depot,
    HazardArea,
    Incident,
    Need,
    Position,
    Snapshot,
    StockLot,
    Team,
    UnderWay,
    UnderWayLine,
    UnitRoute,
    Vehicle,
    Wish,
)
from gis.network import Closure, VehicleProfile
from tests.builders import NOW

numbers = st.integers(0, 10**9)
ids = st.integers(1, 10**6)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
longitudes = st.floats(73, 135, allow_nan=False)
latitudes = st.floats(3, 54, allow_nan=False)
positions: st.SearchStrategy[Position] = st.tuples(longitudes, latitudes)
times = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  # the strategy adds the zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([timezone(timedelta(hours=hours)) for hours in (0, 8)]),
)
profiles = st.builds(
    VehicleProfile, speed_class=st.sampled_from(["foot", "car", "truck", "heavy"]), mass_kg=numbers
)
vehicles = st.builds(Vehicle, id=ids, kind=texts, profile=profiles, load_kg=numbers, available=st.booleans())
snapshots = st.builds(
    Snapshot,
    journal=numbers,
    taken_at=times,
    incidents=st.tuples(
        st.builds(
            Incident,
            id=ids,
            type=texts,
            level=st.integers(1, 4),
            position=positions,
            needs=st.tuples(st.builds(Need, key=texts, kind=st.just("material"), code=texts, quantity=ids)),
        )
    ),
    teams=st.tuples(
        st.builds(
            Team,
            id=ids,
            position=positions,
            township=texts,
            capabilities=st.tuples(st.builds(Capability, code=texts, grade=st.integers(1, 3))),
            strength=numbers,
            profile=profiles,
            notify_ms=numbers,
            assemble_ms=numbers,
            status=st.sampled_from(["available", "committed", "stale"]),
            reported_at=st.none() | times,
            vehicles=st.tuples(vehicles),
        )
    ),
    depots=st.tuples(
        st.builds(
            Depot,
            id=ids,
            position=positions,
            notify_ms=numbers,
            loading_ms=numbers,
            lots=st.tuples(
                st.builds(
                    StockLot,
                    id=ids,
                    item=texts,
                    quantity=numbers,
                    unit_kg=numbers,
                    expires_on=st.none() | st.just("2026-12-31"),
                    activation_ms=numbers,
                )
            ),
            carriers=st.tuples(vehicles),
        )
    ),
    covers=st.tuples(
        st.builds(Cover, township=texts, position=positions, code=texts, heads=numbers, within_ms=numbers)
    ),
    closures=st.tuples(
        st.builds(
            Closure,
            id=ids,
            geometry=st.builds(shapely.Point, longitudes, latitudes),
            factor_percent=st.none() | st.integers(101, 900),
            starts_at=st.none() | times,
            ends_at=st.none(),
        )
    ),
    areas=st.tuples(
        st.builds(
            HazardArea,
            id=ids,
            geometry=st.builds(shapely.Polygon, st.lists(positions, min_size=3, max_size=5)),
            incident=st.none() | ids,
            closes_roads=st.booleans(),
            starts_at=st.none() | times,
            ends_at=st.none() | times,
        )
    ),
    under_way=st.tuples(
        st.builds(
            UnderWay,
            order=ids,
            kind=st.sampled_from(["team", "vehicle", "carrier", "move_up"]),
            id=ids,
            owner=ids,
            incident=st.none() | ids,
            state=st.sampled_from(["sent", "acknowledged", "departed", "arrived"]),
            position=positions,
            before_ms=numbers,
            assemble_ms=numbers,
            lines=st.tuples(
                st.builds(
                    UnderWayLine, need=texts, code=texts, quantity=ids, lot=st.none() | ids, unit_kg=numbers
                )
            ),
            silent=st.booleans(),
        )
    ),
    pins=st.tuples(st.builds(Wish, kind=st.just("team"), id=ids, incident=st.none() | ids)),
    bans=st.just(()),
    lent=st.tuples(st.builds(Wish, kind=st.just("team"), id=ids, incident=ids)),
)


@given(snapshot=snapshots)
def test_a_snapshot_survives_the_store(snapshot: Snapshot) -> None:
    """A replay decides on exactly what the decision saw: to the last bit of a coordinate, and by the same clock."""
    again = restore(spell(snapshot))
    assert again == snapshot
    assert again.taken_at.utcoffset() == snapshot.taken_at.utcoffset()
    assert spell(again) == spell(snapshot)


SPELLED_BY_0003 = (
    b'{"bans":[],"closures":[{"ends_at":null,"factor_percent":null,"geometry":{"wkb":'
    b'"01010000000000000000E05B400000000000404240"},"id":3,"starts_at":null}],"covers":[],"depots":[],'
    b'"incidents":[{"id":1,"level":2,"needs":[],"position":[111,36.123456789],"priority":1,"radius_m":0,'
    b'"type":"landslide"}],"journal":7,"pins":[],"taken_at":"2026-03-15T10:10:00+00:00","teams":[]}'
)
"""Before there were danger areas, plans made anew and lent units."""


def test_the_spelling_only_grows_between_releases() -> None:
    """A field that is new does not shake the others, and what an earlier release stored is read as it was meant."""
    snapshot = Snapshot(
        journal=7,
        taken_at=NOW,
        incidents=(Incident(id=1, type="landslide", level=2, position=(111.0, 36.123456789)),),
        teams=(),
        depots=(),
        closures=(Closure(id=3, geometry=shapely.Point(111.5, 36.5)),),
    )
    assert json.loads(spell(snapshot)) == encode(snapshot)
    new = b'"areas":[],', b'"lent":[],', b',"under_way":[]'
    spelled = spell(snapshot)
    for field in new:
        assert spelled.count(field) == 1
        spelled = spelled.replace(field, b"")
    assert spelled == SPELLED_BY_0003
    assert restore(SPELLED_BY_0003) == snapshot


def test_one_value_has_one_spelling() -> None:
    """Neither the order of keys nor a whole float's point may change a hash."""
    assert (
        canonical({"b": 1.0, "a": [2.5, -0.0]})
        == canonical({"a": [2.5, 0], "b": 1})
        == b'{"a":[2.5,0],"b":1}'
    )


def test_a_route_survives_the_store() -> None:
    """Its lines are declared as objects, since the core's nouns name no geometry library."""
    line = shapely.LineString([(111.0, 36.0), (111.1, 36.1)])
    route = UnitRoute(
        kind="team",
        id=1,
        incident=2,
        road_ms=3,
        walk_ms=4,
        length_m=5,
        geometry=line,
        walk=line,
        second=None,
        edges=(6, 7),
    )
    assert decode(UnitRoute, json.loads(json.dumps(encode(route)))) == route
