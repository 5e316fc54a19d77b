"""Registers of shelters, rain stations, loudspeakers, helipads and water points."""

import numpy as np

from data.demo.county import County, Row
from data.demo.registers import Person

AUTOMATIC_STATIONS, SIMPLE_STATIONS = 19, 79
LOUDSPEAKERS = 96
NO_SHELTER = (23, 58, 91, 120)  # villages that still lack one: what the layout check should find
_SQUARE_METRES_A_PERSON = 2.0


def shelter_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """Give each village but those of NO_SHELTER a shelter, and each seat a second and larger one."""
    rng = county.rng(7)
    rows: list[Row] = []
    for village, code in enumerate(county.village_codes):
        if village in NO_SHELTER:
            continue
        is_seat = village in county.people.seats
        kinds = (
            (("short", "文化广场", "square"), ("medium", "中学", "school"))
            if is_seat
            else (("emergency", "村委会广场", "square"),)
        )
        for kind, zh, en in kinds:
            rows.append(
                _shelter(county, people[code][0], village, kind, (zh, en), rng)
                | {"code": f"BN{len(rows) + 1:04d}"}
            )
    return rows


def _shelter(
    county: County, keeper: Person, village: int, kind: str, words: tuple[str, str], rng: np.random.Generator
) -> Row:
    zh, en = county.village_names[village]
    share = {"emergency": (0.35, 1.1), "short": (0.12, 0.25), "medium": (0.05, 0.12)}[kind]
    capacity = int(county.population[village] * rng.uniform(*share)) // 10 * 10 + 60
    return {
        "code": None, "name": f"{zh}{words[0]}避难场所", "name_en": f"{en} {words[1]} shelter", "class": kind,
        "setting": "both" if kind == "medium" else "outdoor", "capacity": capacity,
        "indoor_m2": round(capacity * 0.8) if kind == "medium" else 0,
        "total_m2": round(capacity * _SQUARE_METRES_A_PERSON), "area_code": county.village_codes[village],
        "location": zh, "keeper_name": keeper.name, "keeper_phone": keeper.phone,
        **county.lonlat(county.beside_road(county.village_xy[village], 250, rng)),
    }  # fmt: skip


def rain_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """Automatic stations spread wide, simple ones in other villages."""
    rng = county.rng(8)
    order = _spread(county.village_xy, AUTOMATIC_STATIONS + SIMPLE_STATIONS)
    rows: list[Row] = []
    for number, village in enumerate(order):
        automatic = number < AUTOMATIC_STATIONS
        keeper, (zh, en) = people[county.village_codes[village]][1], county.village_names[village]
        rows.append({
            "code": f"YL{number + 1:03d}", "name": f"{zh}{'自动' if automatic else '简易'}雨量站",
            "name_en": f"{en} {'automatic' if automatic else 'simple'} rain station",
            "kind": "automatic" if automatic else "simple", "area_code": county.village_codes[village],
            "threshold_1h_mm": 30, "threshold_3h_mm": 45, "threshold_24h_mm": 70,
            "keeper_name": keeper.name, "keeper_phone": keeper.phone,
            **county.lonlat(county.village_xy[village] + rng.uniform(-120, 120, 2)),
        })  # fmt: skip
    return rows


def _spread(points: np.ndarray, count: int) -> list[int]:
    """Choose points, each the farthest from those before it; their indices."""
    chosen = [0]
    away = np.hypot(*(points - points[0]).T)
    while len(chosen) < count:
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.hypot(*(points - points[chosen[-1]]).T))
    return chosen


def loudspeaker_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """One in each of the villages with most people."""
    rng = county.rng(9)
    rows: list[Row] = []
    for number, village in enumerate(np.argsort(-county.population, kind="stable")[:LOUDSPEAKERS].tolist()):
        keeper, (zh, en) = people[county.village_codes[village]][0], county.village_names[village]
        rows.append({
            "code": f"GB{number + 1:03d}", "name": f"{zh}预警广播", "name_en": f"{en} loudspeaker",
            "area_code": county.village_codes[village], "reach_m": int(rng.choice([500, 800, 1000])),
            "channel": f"FM-{number % 12 + 1:02d}", "keeper_name": keeper.name, "keeper_phone": keeper.phone,
            **county.lonlat(county.village_xy[village] + rng.uniform(-60, 60, 2)),
        })  # fmt: skip
    return rows


def helipad_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """One at each seat and two on the heights."""
    rng = county.rng(10)
    rows: list[Row] = []
    for number, village in enumerate([*county.people.seats.tolist(), 40, 101]):
        keeper, (zh, en) = people[county.village_codes[village]][0], county.village_names[village]
        xy = county.beside_road(county.village_xy[village], 600, rng)
        place = county.lonlat(xy)
        rows.append({
            "code": f"JP{number + 1:02d}", "name": f"{zh}停机坪", "name_en": f"{en} helipad",
            "surface": "concrete" if number < 5 else "earth", "diameter_m": 35 if number == 0 else 25,
            "elevation_m": round(float(county.land.elevation(place["lon"], place["lat"]))), "lit": number == 0,
            "area_code": county.village_codes[village], "keeper_name": keeper.name, "keeper_phone": keeper.phone, **place,
        })  # fmt: skip
    return rows


def water_rows(county: County, people: dict[str, list[Person]], reservoirs: list[Row]) -> list[Row]:
    """Cisterns in the hills, places on the rivers, hydrants in the towns, and the reservoirs."""
    rng = county.rng(11)
    rows: list[Row] = []
    river = county.lattice.of_cells(np.flatnonzero(county.people.inside & (county.land.drained_km2 > 25)))
    for village in range(county.people.sites.size):
        xy = county.village_xy[village]
        to_river = np.hypot(*(river - xy).T)
        if village in county.people.seats:
            kind, place, volume = "hydrant", county.beside_road(xy, 200, rng), None
        elif to_river.min() < 700:
            kind, place, volume = "river", river[int(np.argmin(to_river))], None
        elif rng.random() < 0.6:
            kind, place, volume = (
                "cistern",
                county.beside_road(xy, 900, rng),
                int(rng.choice([50, 100, 200, 300])),
            )
        else:
            continue
        rows.append(_water(county, people, village, kind, volume, len(rows)) | county.lonlat(place))
    for row in reservoirs:
        village = county.village_codes.index(str(row["area_code"]))
        rows.append(
            _water(county, people, village, "reservoir", 900_000, len(rows))
            | {"lon": row["lon"], "lat": row["lat"]}
        )
    return rows


_WATER_WORDS = {
    "hydrant": ("消火栓", "hydrant"),
    "river": ("河道取水点", "river point"),
    "cistern": ("蓄水池", "cistern"),
    "reservoir": ("水库取水点", "reservoir point"),
}


def _water(
    county: County, people: dict[str, list[Person]], village: int, kind: str, volume: int | None, number: int
) -> Row:
    keeper, (zh, en) = people[county.village_codes[village]][1], county.village_names[village]
    return {
        "code": f"QS{number + 1:03d}", "name": f"{zh}{_WATER_WORDS[kind][0]}", "name_en": f"{en} {_WATER_WORDS[kind][1]}",
        "kind": kind, "volume_m3": volume, "winter": kind in {"hydrant", "reservoir"},
        "area_code": county.village_codes[village], "keeper_name": keeper.name, "keeper_phone": keeper.phone,
    }  # fmt: skip
