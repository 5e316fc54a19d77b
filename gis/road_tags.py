"""What OSM tags say of a road: class, speed, one-way, limits, access. Values that cannot be read become faults.

Every function takes whole columns; a parser sees each distinct value once. The meaning given to each tag is
described in docs/osm.md. Sources: the OSM wiki pages Key:highway, Key:access, Key:maxspeed, Key:maxweight,
Key:maxheight, Key:oneway, Key:tracktype, Key:smoothness and "Conditional restrictions".
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis.hours import parse as parse_hours

DRIVABLE_SPEED_KMH: Final[Mapping[str, int]] = {
    "motorway": 100,
    "motorway_link": 60,
    "trunk": 80,
    "trunk_link": 50,
    "primary": 60,
    "primary_link": 45,
    "secondary": 50,
    "secondary_link": 40,
    "tertiary": 40,
    "tertiary_link": 35,
    "unclassified": 35,
    "residential": 30,
    "living_street": 15,
    "service": 20,
    "road": 30,
    "busway": 40,
    "track": 20,
}
"""Free-flow speed of a car where nothing is signed; below the legal limits because mountain roads are."""

FOOT_SPEED_KMH: Final = 5
FOOT_CLASSES: Final = ("pedestrian", "footway", "path", "steps", "bridleway", "cycleway")
OPENED_FOOT_CLASS_KMH: Final = 10  # a path or pedestrian street that a tag opens to vehicles
SIGNED_SHARE: Final = 0.9  # of the signed limit is driven on average

TRACKTYPE_KMH: Final[Mapping[str, int]] = {
    "grade1": 40,
    "grade2": 30,
    "grade3": 20,
    "grade4": 15,
    "grade5": 10,
}
SURFACE_KMH: Final[Mapping[str, int]] = {
    "unpaved": 40,
    "compacted": 50,
    "gravel": 40,
    "fine_gravel": 40,
    "pebblestone": 30,
    "cobblestone": 30,
    "sett": 40,
    "dirt": 30,
    "earth": 30,
    "ground": 30,
    "grass": 20,
    "sand": 15,
    "mud": 10,
    "snow": 20,
    "ice": 15,
    "rock": 10,
}
SMOOTHNESS_KMH: Final[Mapping[str, int]] = {"bad": 40, "very_bad": 20, "horrible": 10}
FOUR_WHEEL_TRACKTYPES: Final = ("grade4", "grade5")
FOUR_WHEEL_SMOOTHNESS: Final = ("horrible",)
FOUR_WHEEL_SURFACES: Final = ("sand", "mud", "rock")
IMPASSABLE_SMOOTHNESS: Final = ("very_horrible", "impassable")

TRUCK_FROM_KG: Final = 3_500  # gross mass above which a goods vehicle is "hgv"
AXLES_ASSUMED: Final = 2  # a limit per axle binds a two-axled vehicle first

VEHICLE_KEYS: Final = ("emergency", "motorcar", "motor_vehicle", "vehicle", "access")
"""Access keys from the most to the least specific; the first that says something decides."""

ACCESS_VALUES: Final[Mapping[str, str]] = {
    "yes": "yes",
    "permissive": "yes",
    "designated": "yes",
    "official": "yes",
    "public": "yes",
    "destination": "destination",
    "customers": "destination",
    "delivery": "destination",
    "residents": "destination",
    "local": "destination",
    "private": "private",
    "permit": "private",
    "agricultural": "private",
    "forestry": "private",
    "military": "private",
    "employees": "private",
    "no": "no",
}
ACCESS_ORDER: Final = ("yes", "destination", "private", "foot", "no")
"""The codes of the network from the most to the least open."""
CLOSED_TO_VEHICLES: Final = ("foot", "no")

NOT_APPLIED: Final = (
    "maxlength",
    "maxspeed:conditional",
    "oneway:conditional",
    "maxweight:conditional",
    "maxheight:conditional",
    "hgv:conditional",
)
"""Tags that are read only to be reported: the network has no place for them."""

WAY_TAGS: Final = (
    "highway", "name", "ref", "junction", "area", "bridge", "tunnel", "foot", "psv", "bus", "taxi", "hgv",
    "oneway", "oneway:motor_vehicle", "oneway:vehicle", "oneway:emergency",
    "motor_vehicle:forward", "motor_vehicle:backward", "vehicle:forward", "vehicle:backward",
    "maxspeed", "maxspeed:forward", "maxspeed:backward",
    "maxweight", "maxweightrating", "maxaxleload", "maxheight", "maxheight:physical",
    "maxwidth", "maxwidth:physical", "width",
    "tracktype", "smoothness", "surface", "4wd_only",
    *VEHICLE_KEYS, *(f"{key}:conditional" for key in VEHICLE_KEYS), *NOT_APPLIED,
)  # fmt: skip
"""Every key that is looked at."""

FAULT_COLUMNS: Final = ("subject", "id", "code", "tag", "value")

_UNLIMITED: Final = {"none", "default", "unsigned", "no", "unlimited"}
_MASS_KG: Final = {
    "": 1000.0,
    "t": 1000.0,
    "kg": 1.0,
    "st": 907.18474,
    "lt": 1016.0469088,
    "lb": 0.45359237,
    "lbs": 0.45359237,
}
_LENGTH_CM: Final = {
    "": 100.0,
    "m": 100.0,
    "cm": 1.0,
    "mm": 0.1,
    "ft": 30.48,
    "feet": 30.48,
    "in": 2.54,
    '"': 2.54,
    "'": 30.48,
}
_SPEED_KMH: Final = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_NAMED_SPEED_KMH: Final = {
    "walk": 7.0,
    "living_street": 20.0,
    "urban": 50.0,
    "rural": 90.0,
    "trunk": 100.0,
    "motorway": 120.0,
}
_QUANTITY: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z/]*)")
_FEET_INCHES: Final = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*(?:'|ft|feet)\s*(?:-?\s*(\d+(?:[.,]\d+)?)\s*(?:\"|''|in)?)?"
)
_COUNTRY_SPEED: Final = re.compile(r"(?:[a-z]{2}(?:-[a-z]+)?:)?(?:zone:?)?([a-z_]+|\d+)")
_CONDITION: Final = re.compile(r"\s*([a-z_]+)\s*@\s*(\(.*?\)|[^;]+)\s*(?:;|$)", re.IGNORECASE)
_MONTH_AND_DAY: Final = re.compile(r"\b([A-Z][a-z]{2})(\d)")  # "Jan15" is meant as "Jan 15"
_MAX_MASS_KG: Final = 200_000
_MAX_LENGTH_CM: Final = 3_000
_MAX_SPEED_KMH: Final = 200


def mass_kg(text: str) -> int | None:
    """Whole kilograms, rounded down: "3.5", "3.5 t", "7500 kg", "16 st" (short tons), "10 lt". 0 = unlimited, None = unreadable."""
    return _limit(text, _one_mass, _MAX_MASS_KG)


def length_cm(text: str) -> int | None:
    """Whole centimetres, rounded down: "2.5", "2.5 m", "250 cm", "12 ft", 8'6". 0 = unlimited, None = unreadable."""
    return _limit(text, _one_length, _MAX_LENGTH_CM)


def speed_kmh(text: str) -> float | None:
    """Kilometres an hour: "50", "30 mph", "walk", "AD:urban", "DE:zone:30". 0 = none signed, None = unreadable.

    Several values ("90;30;90") describe stretches that the way does not separate: the slowest counts.
    """
    values = [_one_speed(part.strip()) for part in text.lower().split(";") if part.strip()]
    if not values or any(value is None or value > _MAX_SPEED_KMH for value in values):
        return None
    return min((value for value in values if value), default=0.0)


def access_code(text: str) -> str | None:
    """Return the network's code for an access value, the most open of several; None = unknown value."""
    codes = [ACCESS_VALUES.get(part.strip()) for part in text.lower().split(";")]
    known = [code for code in codes if code is not None]
    return min(known, key=ACCESS_ORDER.index) if known else None


def oneway_code(text: str) -> int | None:
    """1 along the way, -1 against it, 0 both; None for values that change with time or are unknown."""
    return {
        "yes": 1,
        "true": 1,
        "1": 1,
        "-1": -1,
        "reverse": -1,
        "no": 0,
        "false": 0,
        "0": 0,
        "alternating": 0,
    }.get(text.strip().lower())


def conditions(text: str) -> list[dict[str, str]] | None:
    """Return the rules of a conditional access value: "no @ (Mo-Fr 07:00-09:00); destination @ (Sa)". None = unreadable.

    Each rule is {"access": code, "hours": text}; the last one that holds counts.
    """
    rules = []
    end = 0
    for match in _CONDITION.finditer(text):
        if match.start() != end:
            return None
        end = match.end()
        code = access_code(match[1])
        hours = _MONTH_AND_DAY.sub(r"\1 \2", match[2].strip().removeprefix("(").removesuffix(")").strip())
        if code is None or parse_hours(hours) is None:
            return None
        rules.append({"access": code, "hours": hours})
    return rules if rules and end == len(text) else None


def _limit(text: str, parse: Callable[[str], float | None], most: int) -> int | None:
    """Return the strictest of the values separated by ";", as a whole number; 0 = unlimited, None = unreadable."""
    parts = [part.strip() for part in text.lower().split(";") if part.strip()]
    if not parts:
        return None
    limits = []
    for part in parts:
        if part in _UNLIMITED:
            continue
        value = parse(part)
        if value is None or not 0 < value <= most:
            return None
        limits.append(math.floor(value + 1e-6))
    return min(limits, default=0)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _one_mass(text: str) -> float | None:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in _MASS_KG:
        return None
    return _number(match[1]) * _MASS_KG[match[2]]


def _one_length(text: str) -> float | None:
    match = _QUANTITY.fullmatch(text)
    if match is not None and match[2] in _LENGTH_CM:
        return _number(match[1]) * _LENGTH_CM[match[2]]
    match = _FEET_INCHES.fullmatch(
        text.replace("′", "'").replace("″", '"').replace("’", "'").replace("”", '"')
    )
    if match is None:
        return None
    return _number(match[1]) * _LENGTH_CM["ft"] + _number(match[2] or "0") * _LENGTH_CM["in"]


def _one_speed(text: str) -> float | None:
    if text in {"none", "signals", "variable", "implicit", "default"}:
        return 0.0
    match = _QUANTITY.fullmatch(text)
    if match is not None and match[2] in _SPEED_KMH:
        return _number(match[1]) * _SPEED_KMH[match[2]] or None
    match = _COUNTRY_SPEED.fullmatch(text)
    if match is None:
        return None
    return float(match[1]) or None if match[1].isdigit() else _NAMED_SPEED_KMH.get(match[1])


@dataclass(slots=True)
class Reading:
    """The tag columns of some ways, and the faults found while reading them."""

    ways: pd.DataFrame
    ids: npt.NDArray[np.int64]
    found: list[pd.DataFrame] = field(default_factory=list)

    def text(self, tag: str) -> pd.Series:
        """Return the column as lower-case text, "" where the tag is missing."""
        if tag not in self.ways.columns:
            return pd.Series("", index=self.ways.index, dtype=object)
        return self.ways[tag].astype(object).fillna("").str.strip().str.lower().astype(object)

    def has(self, tag: str) -> npt.NDArray[np.bool_]:
        if tag not in self.ways.columns:
            return np.zeros(len(self.ways), dtype=bool)
        return self.ways[tag].notna().to_numpy(dtype=bool)

    def fault(self, tag: str, code: str, where: npt.NDArray[np.bool_]) -> None:
        """Note that `tag` is at fault on the ways `where`."""
        if where.any():
            self.found.append(
                pd.DataFrame(
                    {
                        "subject": "way",
                        "id": self.ids[where],
                        "code": code,
                        "tag": tag,
                        "value": self.ways.loc[where, tag].astype(str).str[:255].to_numpy(dtype=object),
                    }
                )
            )

    def parsed(self, tag: str, parse: Callable[[str], object | None], code: str = "unreadable") -> pd.Series:
        """`parse` of each value, None where the tag is missing or, with a fault, where it cannot be read."""
        present = self.has(tag)
        result = pd.Series([None] * len(self.ways), index=self.ways.index, dtype=object)
        if not present.any():
            return result
        values = self.ways.loc[present, tag].astype(str)
        table = {value: parse(value) for value in values.unique()}
        # a dict that answers by itself keeps None as None: Series.map would turn it into NaN
        result[present] = np.fromiter((table[value] for value in values), dtype=object, count=len(values))
        bad = present.copy()
        bad[present] = [table[value] is None for value in values]
        self.fault(tag, code, bad)
        return result

    def numbers(self, tag: str, parse: Callable[[str], float | None]) -> npt.NDArray[np.float64]:
        """As `parsed`, with inf where nothing is limited."""
        values = pd.to_numeric(self.parsed(tag, parse), errors="coerce").to_numpy(dtype=np.float64)
        return np.where(np.isnan(values) | (values == 0), np.inf, values)

    def faults(self) -> pd.DataFrame:
        return pd.concat(self.found, ignore_index=True) if self.found else no_faults()


def no_faults() -> pd.DataFrame:
    """Return an empty frame of faults: subject (way, relation, node, line), id, code, tag, value."""
    return pd.DataFrame(
        {name: pd.Series(dtype=np.int64 if name == "id" else object) for name in FAULT_COLUMNS}
    )


def is_road(ways: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which ways are roads or paths that exist: not planned, not under construction, not a race track."""
    return ways["highway"].isin([*DRIVABLE_SPEED_KMH, *FOOT_CLASSES]).to_numpy(dtype=bool)


def attributes(ways: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the network needs to know of each road: one row for each row of `ways`, and the faults.

    ways: way_id and any of WAY_TAGS as text columns (missing = None); only rows for which `is_road` holds.
    Columns of the result: road_class, speed_kmh, oneway, bridge, tunnel, max_mass_kg, max_height_cm, max_width_cm,
    four_wheel_drive_only, access, conditional, name, ref, osm_way_id (as in `RoadNetwork.build`).
    """
    ways = ways.reset_index(drop=True)
    reading = Reading(ways=ways, ids=ways["way_id"].to_numpy(dtype=np.int64))
    road_class = ways["highway"].astype(str)
    drivable_class = road_class.isin(list(DRIVABLE_SPEED_KMH)).to_numpy(dtype=bool)
    access, rank = _access(reading, drivable_class)
    frame = pd.DataFrame(
        {
            "road_class": road_class.astype(object),
            "speed_kmh": _speed(reading, drivable_class, access),
            "oneway": _oneway(reading),
            "bridge": _present(reading.text("bridge")),
            "tunnel": _present(reading.text("tunnel")),
            "max_mass_kg": _max_mass(reading),
            "max_height_cm": _strictest(reading, ("maxheight", "maxheight:physical")),
            "max_width_cm": _strictest(reading, ("maxwidth", "maxwidth:physical", "width")),
            "four_wheel_drive_only": _four_wheel_drive(reading),
            "access": pd.Series(access, dtype=object),
            "conditional": _conditional(reading, access, rank),
            "name": _words(ways, "name"),
            "ref": _words(ways, "ref"),
            "osm_way_id": pd.array(reading.ids, dtype="Int64"),
        }
    )
    for tag in NOT_APPLIED:
        reading.fault(tag, "not_applied", reading.has(tag))
    return frame, reading.faults()


def _words(ways: pd.DataFrame, tag: str) -> pd.Series:
    if tag not in ways.columns:
        return pd.Series([None] * len(ways), index=ways.index, dtype=object)
    column = ways[tag].astype(object)
    return column.where(column.notna(), None)


def _present(text: pd.Series) -> npt.NDArray[np.bool_]:
    return (~text.isin(["", "no"])).to_numpy(dtype=bool)


def _strictest(reading: Reading, tags: Sequence[str]) -> npt.NDArray[np.int32]:
    limit = np.minimum.reduce([reading.numbers(tag, length_cm) for tag in tags])
    return np.where(np.isinf(limit), 0, limit).astype(np.int32)


def _max_mass(reading: Reading) -> npt.NDArray[np.int32]:
    """Return the strictest of the gross mass limits; hgv=no is one at 3.5 t, an axle load limits two axles."""
    limit = np.minimum(reading.numbers("maxweight", mass_kg), reading.numbers("maxweightrating", mass_kg))
    limit = np.minimum(limit, AXLES_ASSUMED * reading.numbers("maxaxleload", mass_kg))
    limit = np.where(reading.text("hgv") == "no", np.minimum(limit, TRUCK_FROM_KG), limit)
    return np.where(np.isinf(limit), 0, limit).astype(np.int32)


def _oneway(reading: Reading) -> npt.NDArray[np.int8]:
    """Read the most specific one-way tag; roundabouts and motorways imply one; a direction that is barred makes one."""
    implied = reading.text("junction").isin(["roundabout", "circular"]) | (
        reading.text("highway") == "motorway"
    )
    result = np.where(implied, 1, 0)
    for tag in ("oneway", "oneway:vehicle", "oneway:motor_vehicle", "oneway:emergency"):
        value = pd.to_numeric(reading.parsed(tag, oneway_code), errors="coerce").to_numpy(dtype=np.float64)
        result = np.where(np.isnan(value), result, value)
    for key in ("vehicle", "motor_vehicle"):
        result = np.where((reading.text(f"{key}:backward") == "no") & (result == 0), 1, result)
        result = np.where((reading.text(f"{key}:forward") == "no") & (result == 0), -1, result)
    return result.astype(np.int8)


def _four_wheel_drive(reading: Reading) -> npt.NDArray[np.bool_]:
    return (
        (reading.text("4wd_only") == "yes")
        | reading.text("tracktype").isin(FOUR_WHEEL_TRACKTYPES)
        | reading.text("smoothness").isin(FOUR_WHEEL_SMOOTHNESS)
        | reading.text("surface").isin(FOUR_WHEEL_SURFACES)
    ).to_numpy(dtype=bool)


def _access(
    reading: Reading, drivable_class: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Access code of each way, and the rank of the key that decided it (len(VEHICLE_KEYS) where none did).

    A bar for vehicles only leaves the way open on foot; a bar for all closes it, unless foot says otherwise.
    """
    result = np.where(drivable_class, "yes", "foot").astype(object)
    rank = np.full(len(result), len(VEHICLE_KEYS))
    on_foot = reading.text("foot").isin(["yes", "designated", "permissive", "official"]).to_numpy(dtype=bool)
    for position in reversed(range(len(VEHICLE_KEYS))):
        key = VEHICLE_KEYS[position]
        code = _vehicle_code(reading, key)
        said = code.notna().to_numpy(dtype=bool)
        if key == "access":
            # access=yes does not open a path to vehicles; access=no bars everyone
            barred = np.where(on_foot, "foot", "no")
            code = code.where(drivable_class | (code == "no"), "foot")
        else:
            barred = np.full(len(result), "foot")
        value = np.where(code == "no", barred, code)
        if key == "emergency":
            # a right of emergency vehicles takes nothing from a road that is open anyway
            value = np.where(
                (value == "private") & np.isin(result.astype(str), ["yes", "destination"]), result, value
            )
        result = np.where(said, value, result)
        rank = np.where(said, position, rank)
    public = np.logical_or.reduce(
        [reading.text(key).isin(["yes", "designated"]) for key in ("psv", "bus", "taxi")]
    )
    result = np.where(drivable_class & (result == "foot") & public, "private", result)
    result = np.where((result == "foot") & (reading.text("foot") == "no"), "no", result)
    impassable = reading.text("smoothness").isin(IMPASSABLE_SMOOTHNESS) | (reading.text("highway") == "steps")
    return np.where(impassable & (result != "no"), "foot", result).astype(object), rank


def _vehicle_code(reading: Reading, key: str) -> pd.Series:
    if key != "emergency":
        return reading.parsed(key, access_code, "unknown_value")
    # emergency=* on a way is either an access value or a feature (a phone, a landing site), which is no fault;
    # what it opens is open to emergency vehicles only
    text = reading.text(key)
    code = np.select(
        [text.isin(["yes", "designated", "official", "destination"]), text == "no"], ["private", "no"], ""
    )
    return pd.Series(code, index=text.index, dtype=object).replace({"": None})


def _conditional(reading: Reading, access: npt.NDArray[np.object_], rank: npt.NDArray[np.int64]) -> pd.Series:
    """Return the timed rules of the most specific key; a plain tag of a more specific key outranks them."""
    result = pd.Series([None] * len(access), index=reading.ways.index, dtype=object)
    for position in reversed(range(len(VEHICLE_KEYS))):
        key = VEHICLE_KEYS[position]
        rules = reading.parsed(f"{key}:conditional", _bars_all if key == "access" else _bars_vehicles)
        counts = rules.notna().to_numpy(dtype=bool) & (position <= rank)
        result = result.where(~counts, rules)
    return result


def _bars_all(text: str) -> list[dict[str, str]] | None:
    return conditions(text)


def _bars_vehicles(text: str) -> list[dict[str, str]] | None:
    """Read rules of a key for vehicles: what they close stays open on foot."""
    rules = conditions(text)
    if rules is None:
        return None
    return [{**rule, "access": "foot" if rule["access"] == "no" else rule["access"]} for rule in rules]


def _speed(
    reading: Reading, drivable_class: npt.NDArray[np.bool_], access: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Free-flow speed: the signed one (less a tenth) or the class's, never more than the surface lets a car drive."""
    default = reading.ways["highway"].map(DRIVABLE_SPEED_KMH).to_numpy(dtype=np.float64)
    on_wheels = np.isin(access.astype(str), ["yes", "destination", "private"])
    default = np.where(np.isnan(default), np.where(on_wheels, OPENED_FOOT_CLASS_KMH, FOOT_SPEED_KMH), default)
    signed = np.minimum.reduce(
        [reading.numbers(tag, speed_kmh) for tag in ("maxspeed", "maxspeed:forward", "maxspeed:backward")]
    )
    tracktype = reading.text("tracktype").map(TRACKTYPE_KMH).to_numpy(dtype=np.float64)
    is_track = (reading.text("highway") == "track").to_numpy(dtype=bool)
    default = np.where(is_track & ~np.isnan(tracktype), tracktype, default)
    speed = np.where(drivable_class & ~np.isinf(signed), SIGNED_SHARE * signed, default)
    for tag, table in (
        ("tracktype", TRACKTYPE_KMH),
        ("surface", SURFACE_KMH),
        ("smoothness", SMOOTHNESS_KMH),
    ):
        cap = reading.text(tag).map(table).to_numpy(dtype=np.float64)
        speed = np.where(np.isnan(cap), speed, np.minimum(speed, cap))
    return speed
