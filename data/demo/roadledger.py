"""The drawn roads as lines with attributes, in the columns that a survey import reads (`gis.roads`)."""

import numpy as np
import shapely

from data.demo import names
from data.demo.county import County, Row
from data.demo.lattice import to_degrees
from data.demo.roadbuilding import (
    CLASS_NAMES,
    COUNTY,
    COUNTY_ROUTE,
    NATIONAL,
    NATIONAL_ROUTE,
    PROVINCIAL,
    PROVINCIAL_ROUTE,
    ROUGH,
    TOWNSHIP,
    TRACK,
    VILLAGE,
)  # fmt: skip
from data.demo.roaddrawing import Road

SPEEDS_KMH = {NATIONAL: 62, PROVINCIAL: 54, COUNTY: 44, TOWNSHIP: 38, VILLAGE: 30, TRACK: 17, ROUGH: 10}
STREET_KMH = 26
# (mass in tonnes, share of bridges that carry no more); the rest have no limit
BRIDGE_LIMITS_T = {
    COUNTY: ((40, 0.06),),
    TOWNSHIP: ((20, 0.07), (30, 0.10)),
    VILLAGE: ((8, 0.02), (13, 0.07), (20, 0.10)),
    TRACK: ((5, 0.12), (10, 0.16)),
    ROUGH: ((5, 0.3),),
}
TUNNEL_HEIGHT_CM = 450
GATES = 9  # bars across township roads that keep coal trucks out
GATE_HEIGHT_CM = 300
STREETS = (
    "府前街",
    "解放路",
    "河滨路",
    "新建路",
    "北环路",
    "南环路",
    "文昌街",
    "迎宾路",
    "站前路",
    "槐荫街",
    "东风街",
    "煤海路",
)


def road_lines(county: County) -> tuple[list[Row], list[shapely.Geometry]]:
    """All roads, one row a line, with their lines in degrees."""
    rng = county.rng(2)
    rows = [_attributes(road, county, rng) for road in county.roads]
    _set_gates(county.roads, rows, rng)
    return rows, [to_degrees(shapely.LineString(road.line), county.scale) for road in county.roads]


def _attributes(road: Road, county: County, rng: np.random.Generator) -> Row:
    name, ref = _title(road, rng)
    return {
        "road_class": "residential" if road.street else CLASS_NAMES[road.rank],
        "name": name,
        "ref": ref,
        "speed_kmh": _speed_kmh(road, county),
        "bridge": road.bridge,
        "tunnel": road.tunnel,
        "max_mass_kg": _bridge_limit_kg(road, rng) if road.bridge else 0,
        "max_height_cm": TUNNEL_HEIGHT_CM if road.tunnel else 0,
        "max_width_cm": _width_cm(road, rng),
        "four_wheel_drive_only": road.rank == ROUGH,
    }


def _title(road: Road, rng: np.random.Generator) -> tuple[str | None, str | None]:
    if road.street:
        return (STREETS[int(rng.integers(len(STREETS)))] if rng.random() < 0.5 else None), None
    if road.route == NATIONAL_ROUTE:
        return "岚溪大道", "G990"
    if road.route == PROVINCIAL_ROUTE:
        return "岚川线", "S991"
    if road.route >= COUNTY_ROUTE:
        town = names.TOWNSHIPS[road.route - COUNTY_ROUTE][1]
        return f"岚{town[0]}线", f"X{900 + road.route - COUNTY_ROUTE}"
    return None, None


def _speed_kmh(road: Road, county: County) -> float:
    """Free-flow car speed: that of the class, less on gradients and in bends."""
    base = STREET_KMH if road.street else SPEEDS_KMH[road.rank]
    length = float(np.hypot(*np.diff(road.line, axis=0).T).sum())
    lonlat = np.array([list(county.lonlat(point).values()) for point in road.line])
    climbed = float(np.abs(np.diff(county.land.elevation(*lonlat.T))).sum())
    gradient = 0.0 if road.tunnel or road.bridge else min(climbed / max(length, 30.0), 0.15)
    straight = float(np.hypot(*(road.line[-1] - road.line[0])))
    bends = min(1.0, 0.6 + 0.4 * straight / length) if length > 0 and straight > 0 else 0.8
    return round(base * (1 - 1.8 * gradient) * bends, 1)


def _bridge_limit_kg(road: Road, rng: np.random.Generator) -> int:
    draw = rng.random()
    for tonnes, share in BRIDGE_LIMITS_T.get(road.rank, ()):
        if draw < share:
            return tonnes * 1000
        draw -= share
    return 0


def _width_cm(road: Road, rng: np.random.Generator) -> int:
    draw = rng.random()
    if road.rank == ROUGH:
        return 220 if draw < 0.6 else 250
    if road.rank == TRACK:
        return 250 if draw < 0.2 else 0
    narrow = draw < (0.1 if road.street else 0.01) and road.rank == VILLAGE
    return 250 if narrow else 0


def _set_gates(roads: list[Road], rows: list[Row], rng: np.random.Generator) -> None:
    """Height bars on some short stretches of township and village roads."""
    short = [
        number
        for number, road in enumerate(roads)
        if road.rank in {TOWNSHIP, VILLAGE}
        and not road.street
        and 30 < shapely.LineString(road.line).length < 400
    ]
    for number in rng.choice(short, GATES, replace=False).tolist():
        rows[number]["max_height_cm"] = GATE_HEIGHT_CM
