"""The county's registers of areas, grids, people and places, as rows in the fields of data/policy/layers/*.toml."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from scipy import ndimage

from data.demo import names
from data.demo.county import County, Row
from data.demo.lattice import cell_at
from data.demo.relief import CELLS
from data.demo.settlement import LEAVES

PEOPLE = 973
HAZARDS, INSTRUMENTS = 137, 470
WORKS = ("done", "done", "done", "done", "under_way", "under_way")
AUTOMATIC_STATIONS, SIMPLE_STATIONS = 19, 79
LOUDSPEAKERS = 96
NO_SHELTER = (23, 58, 91, 120)      # villages that still lack one: what the layout check should find
FACILITIES = {
    "coal_mine": 23, "washery": 34, "non_coal_mine": 24, "hazardous_chemical": 34, "metallurgy_trade": 19,
    "explosives": 1, "coal_bed_methane": 1, "freight": 31, "transport": 6, "reservoir": 2, "scenic_area": 1,
}  # fmt: skip
RESERVOIRS = (("上岚水库", "Upper Lan Reservoir"), ("松岭水库", "Songling Reservoir"))
_SQUARE_METRES_A_PERSON = 2.0


@dataclass(frozen=True)
class Person:
    """A responsible person. phone is their number in all registers."""

    code: str
    name: str
    name_en: str
    phone: str


def area_rows(county: County) -> Iterator[tuple[Row, int | None, int | None]]:
    """(row, township, village) of the county (None, None), its townships (t, None) and villages (t, v)."""
    yield _area(county, names.COUNTY, np.arange(county.people.sites.size), 0), None, None
    for township, words in enumerate(names.TOWNSHIPS):
        members = np.flatnonzero(county.people.township_of == township)
        yield _area(county, words, members, int(county.people.seats[township])), township, None
    for village, township in enumerate(county.people.township_of.tolist()):
        words = (county.village_codes[village], *county.village_names[village])
        yield _area(county, words, np.array([village]), village), township, village


def _area(county: County, words: tuple[str, str, str], members: np.ndarray, seat: int) -> Row:
    place = county.lonlat(county.village_xy[seat])
    people = int(county.population[members].sum())
    return {
        "code": words[0], "name": words[1], "name_en": words[2], "population": people,
        "households": sum(_households(int(p)) for p in county.population[members]),
        "seat_lon": place["lon"], "seat_lat": place["lat"],
    }  # fmt: skip


def _households(people: int) -> int:
    return round(people / 2.9)


@dataclass(frozen=True)
class GridRow:
    """A responsibility grid and the leaves that it consists of."""

    row: Row
    leaves: tuple[int, ...]


def grid_rows(county: County) -> list[GridRow]:
    """The grids of all five levels: county, townships, sectors, villages, leaves."""
    layout, rows = county.people, [_grid(names.COUNTY[0], *names.COUNTY[1:], 1, "", names.COUNTY[0], range(LEAVES))]
    of_leaf = layout.village_of_leaf
    for township, (code, zh, en) in enumerate(names.TOWNSHIPS):
        leaves = np.flatnonzero(layout.township_of[of_leaf] == township)
        rows.append(_grid(code, zh, en, 2, names.COUNTY[0], code, leaves))
    for sector in range(int(layout.sector_of.max()) + 1):
        villages = np.flatnonzero(layout.sector_of == sector)
        township = names.TOWNSHIPS[int(layout.township_of[villages[0]])]
        number = sector - int(layout.sector_of[layout.township_of == layout.township_of[villages[0]]].min()) + 1
        lead = int(villages[np.argmax(county.population[villages])])
        zh, en = county.village_names[lead]
        zh, en = f"{zh.removesuffix('村').removesuffix('社区')}片区", f"{en.rsplit(' ', 1)[0]} Sector"
        leaves = np.flatnonzero(layout.sector_of[of_leaf] == sector)
        rows.append(_grid(_sector_code(township[0], number), zh, en, 3, township[0], township[0], leaves))
    for village, code in enumerate(county.village_codes):
        parent = _sector_of(county, village)
        rows.append(_grid(code, *county.village_names[village], 4, parent, code, np.flatnonzero(of_leaf == village)))
    for leaf, village in enumerate(of_leaf.tolist()):
        code, number = county.village_codes[village], leaf - int(np.flatnonzero(of_leaf == village)[0]) + 1
        zh, en = county.village_names[village]
        rows.append(_grid(f"{code}-{number:02d}", f"{zh}{number}号网格", f"{en} Grid {number}", 5, code, code, [leaf]))
    return rows


def _sector_code(township: str, number: int) -> str:
    return f"{township[:9]}-P{number}"


def _sector_of(county: County, village: int) -> str:
    layout = county.people
    township = layout.township_of[village]
    first = layout.sector_of[layout.township_of == township].min()
    return _sector_code(names.TOWNSHIPS[int(township)][0], int(layout.sector_of[village] - first) + 1)


def _grid(code: str, zh: str, en: str, level: int, parent: str, area: str, leaves: object) -> GridRow:
    row: Row = {
        "code": code, "name": zh, "name_en": en, "theme": "forest_fire", "level": level, "parent": parent or None,
        "area_code": area,
    }  # fmt: skip
    return GridRow(row, tuple(int(leaf) for leaf in leaves))  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------- people


def responsible_people(county: County, grids: list[GridRow]) -> tuple[list[Row], list[Row], dict[str, list[Person]]]:
    """People, their duties on grids, and who they are by grid code. Every grid has a head; PEOPLE in all."""
    name = names.people(county.rng(3))
    posts = _posts(grids)
    people, duties, by_grid = [], [], {}
    for number, (grid, role, rank, position) in enumerate(posts):
        zh, en = next(name)
        person = Person(f"P{number + 1:04d}", zh, en, names.phone(number + 1))
        by_grid.setdefault(str(grid["code"]), []).append(person)
        people.append({
            "code": person.code, "name": zh, "name_en": en, "phone": person.phone, "organisation": grid["name"],
            "position": position, "area_code": grid["area_code"],
        })  # fmt: skip
        duties.append({
            "person": person.code, "subject_layer": "grid_cells", "subject": grid["code"], "role": role, "rank": rank,
        })  # fmt: skip
    return people, duties, by_grid


_STAFF = {
    1: (("grid_head", "A", "县长"), ("grid_deputy", "A", "副县长"), ("grid_deputy", "B", "应急管理局局长"),
        ("supervisor", "A", "林业局局长"), ("supervisor", "B", "自然资源局局长")),
    2: (("grid_head", "A", "乡镇长"), ("grid_head", "B", "党委书记"), ("grid_deputy", "A", "武装部长"),
        ("grid_deputy", "B", "副乡镇长"), ("supervisor", "A", "应急办主任")),
    3: (("grid_head", "A", "片长"), ("grid_deputy", "A", "驻片干部")),
    4: (("grid_head", "A", "村委会主任"), ("grid_deputy", "A", "村党支部副书记"), ("supervisor", "A", "包村干部")),
    5: (("ranger", "A", "护林员"), ("ranger", "B", "护林员")),
}  # fmt: skip


def _posts(grids: list[GridRow]) -> list[tuple[Row, str, str, str]]:
    posts = [(grid.row, *post) for grid in grids for post in _STAFF[int(str(grid.row["level"]))]]
    leaves = [grid.row for grid in grids if grid.row["level"] == 5]  # noqa: PLR2004 - the leaf level
    extra = PEOPLE - len(posts)
    step = len(leaves) / extra
    posts += [(leaves[int(i * step)], "ranger", "B", "护林员") for i in range(extra)]
    return posts


def village_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """Villages as points."""
    rng = county.rng(4)
    rows = []
    for village, code in enumerate(county.village_codes):
        head, inhabitants = people[code][0], int(county.population[village])
        rows.append({
            "code": code, "name": county.village_names[village][0], "name_en": county.village_names[village][1],
            "population": inhabitants, "households": _households(inhabitants),
            "elderly": round(inhabitants * rng.uniform(0.14, 0.3)), "head_name": head.name, "head_phone": head.phone,
            **county.lonlat(county.village_xy[village]),
        })  # fmt: skip
    return rows


# ------------------------------------------------------------------------------------------------------ hazards


def hazard_rows(county: County, people: dict[str, list[Person]], shelters: list[Row]) -> tuple[list[Row], list[Row]]:
    """Geohazard points and the duties of those who answer for them, on slopes above houses and roads."""
    rng = county.rng(5)
    shelter_of = {str(row["area_code"]): str(row["code"]) for row in shelters}
    rows: list[Row] = []
    duties: list[Row] = []
    for number, cell in enumerate(_hazard_cells(county, rng)):
        xy = county.lattice.of_cells(np.array([cell]))[0]
        village = county.village_at(xy)
        code, area = f"DZ{number + 1:04d}", county.village_codes[village]
        head, monitor = people[area][0], people[area][1]
        rows.append(_hazard(county, code, cell, village, rng) | {
            "shelter": shelter_of.get(area) or _nearest_shelter(county, xy, shelters),
            "head_name": head.name, "head_phone": head.phone, "monitor_name": monitor.name,
            "monitor_phone": monitor.phone, **county.lonlat(xy),
        })  # fmt: skip
        duties += [
            {"person": who.code, "subject_layer": "geohazard_points", "subject": code, "role": role, "rank": "A"}
            for who, role in ((head, "hazard_head"), (monitor, "monitor"))
        ]
    return rows, duties


def _hazard_cells(county: County, rng: np.random.Generator) -> list[int]:
    """Steep cells a short way above people or roads, spread over the county."""
    land = county.land
    at_risk = np.zeros((CELLS, CELLS), dtype=bool)
    for x, y in np.concatenate([county.road_points, county.lattice.of_cells(county.sites.hamlets), county.village_xy]):
        at_risk[cell_at((x, y))] = True
    distance, nearest = ndimage.distance_transform_edt(~at_risk, return_indices=True)
    above = land.heights - land.heights[nearest[0], nearest[1]]
    homes = np.zeros((CELLS, CELLS))
    homes.flat[county.sites.hamlets] = 1
    homes.flat[county.people.sites] = 3
    near_homes = ndimage.gaussian_filter(homes, 6) * 400
    wish = county.people.inside * (distance > 0.5) * (distance < 4.5) * (above > 8)  # noqa: PLR2004 - cells, metres
    wish = wish * (land.slopes / 30) ** 2 * (0.2 + near_homes) * rng.uniform(0.3, 1, wish.shape)
    order = np.argsort(-wish, axis=None)[:60_000]
    rows, columns = np.divmod(order, CELLS)
    free = np.ones(order.size, dtype=bool)
    chosen: list[int] = []
    while len(chosen) < HAZARDS:
        first = int(np.argmax(free))
        chosen.append(int(order[first]))
        free &= np.hypot(rows - rows[first], columns - columns[first]) >= 18  # noqa: PLR2004 - cells: 1.3 km
    return chosen


_HAZARD_WORDS = {
    "landslide": ("滑坡", "Landslide"), "collapse": ("崩塌", "Collapse"), "debris_flow": ("泥石流", "Debris flow"),
    "slope": ("不稳定斜坡", "Unstable slope"), "subsidence": ("地面塌陷", "Ground subsidence"),
}  # fmt: skip
_SCALES = ((1000, "very_large"), (500, "large"), (100, "medium"), (0, "small"))


def _hazard(county: County, code: str, cell: int, village: int, rng: np.random.Generator) -> Row:
    slope = float(county.land.slopes.flat[cell])
    kind = _hazard_kind(county, cell, rng)
    zh, en = county.village_names[village]
    households = int(np.clip(rng.lognormal(2.1, 0.9), 2, 160))
    people = round(households * rng.uniform(2.4, 3.6))
    danger = next(word for least, word in _SCALES if people >= least)
    descent = county.land.receivers.flat[cell]
    down, right = np.subtract(np.divmod(descent, CELLS), np.divmod(cell, CELLS))
    return {
        "code": code, "name": f"{zh}{_HAZARD_WORDS[kind][0]}隐患点{code[-3:]}",
        "name_en": f"{en} {_HAZARD_WORDS[kind][1].lower()} {code[-3:]}", "kind": kind,
        "area_code": county.village_codes[village], "location": f"{zh}附近坡体，坡度约{slope:.0f}°",
        "status": "monitored", "scale": "small" if danger == "small" else "medium", "danger": danger,
        "households": households, "people": people, "property_10k": round(households * rng.uniform(12, 30)),
        "threat_radius_m": int(np.clip(60 + people * 0.7 + slope * 2, 80, 400)),
        "direction_deg": round(float(np.degrees(np.arctan2(right, -down))) % 360), "trigger": "强降雨、冻融",
        "found_on": f"{2012 + int(rng.integers(13))}-{1 + int(rng.integers(12)):02d}-15",
        "remark": f"撤离路线：由坡脚向两侧横向撤离，沿村道至{zh}避难场所",
    }  # fmt: skip


def _hazard_kind(county: County, cell: int, rng: np.random.Generator) -> str:
    if county.land.drained_km2.flat[cell] > 0.4:  # noqa: PLR2004 - km²: a gully that can run
        return "debris_flow"
    if county.land.slopes.flat[cell] > 36:  # noqa: PLR2004 - degrees: a face
        return "collapse"
    return str(rng.choice(["landslide", "collapse", "slope", "subsidence"], p=[0.5, 0.27, 0.15, 0.08]))


def _nearest_shelter(county: County, xy: np.ndarray, shelters: list[Row]) -> str:
    here = county.lonlat(xy)
    away = [np.hypot(float(str(s["lon"])) - here["lon"], float(str(s["lat"])) - here["lat"]) for s in shelters]
    return str(shelters[int(np.argmin(away))]["code"])


_INSTRUMENTS = (
    ("crack_gauge", "裂缝计", "Crack gauge", 20.0, "mm"), ("rain_gauge", "雨量计", "Rain gauge", 50.0, "mm/24h"),
    ("tilt_meter", "倾角计", "Tilt meter", 1.5, "°"), ("gnss", "GNSS位移站", "GNSS station", 30.0, "mm"),
    ("soil_moisture", "含水率仪", "Soil-moisture gauge", 35.0, "%"),
)  # fmt: skip


def instrument_rows(county: County, hazards: list[Row]) -> list[Row]:
    """INSTRUMENTS instruments, three or four on each point, more where more people live below."""
    rng = county.rng(6)
    counts = np.full(len(hazards), 3)
    most = np.argsort([-int(str(hazard["people"])) for hazard in hazards], kind="stable")
    counts[most[: INSTRUMENTS - 3 * len(hazards)]] += 1
    rows: list[Row] = []
    for hazard, count in zip(hazards, counts.tolist(), strict=True):
        for kind, zh, en, threshold, unit in _INSTRUMENTS[:count]:
            east, north = rng.uniform(-40, 40, 2)
            rows.append({
                "code": f"JC{len(rows) + 1:04d}", "name": f"{hazard['name']}{zh}", "name_en": f"{hazard['name_en']}: {en}",
                "kind": kind, "point": hazard["code"], "area_code": hazard["area_code"],
                "status": "offline" if rng.random() < 0.04 else "online", "threshold": threshold, "unit": unit,
                "installed_on": f"{2019 + int(rng.integers(7))}-05-20",
                "lon": round(float(str(hazard["lon"])) + east / 90_000, 6),
                "lat": round(float(str(hazard["lat"])) + north / 111_000, 6),
            })  # fmt: skip
    return rows


def works_rows(hazards: list[Row]) -> list[Row]:
    """Six treatment works on the points that threaten most people: four done, two under way."""
    most = sorted(hazards, key=lambda hazard: -int(str(hazard["people"])))
    rows: list[Row] = []
    for number, (hazard, status) in enumerate(zip(most, WORKS, strict=False)):
        rows.append({
            "code": f"ZL{number + 1:02d}", "name": f"{hazard['name']}治理工程", "name_en": f"{hazard['name_en']} treatment works",
            "point": hazard["code"], "area_code": hazard["area_code"], "status": status, "budget_10k": 180 + 95 * number,
            "started_on": f"{2021 + number // 2}-04-01",
            "finished_on": f"{2022 + number // 2}-10-31" if status == "done" else None,
            "lon": hazard["lon"], "lat": hazard["lat"],
        })  # fmt: skip
    return rows


# ------------------------------------------------------------------------------------------------------- places


def shelter_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """A shelter in each village but those of NO_SHELTER, a second and larger one in each seat."""
    rng = county.rng(7)
    rows: list[Row] = []
    for village, code in enumerate(county.village_codes):
        if village in NO_SHELTER:
            continue
        is_seat = village in county.people.seats
        kinds = (("short", "文化广场", "square"), ("medium", "中学", "school")) if is_seat else (("emergency", "村委会广场", "square"),)
        for kind, zh, en in kinds:
            rows.append(_shelter(county, people[code][0], village, kind, (zh, en), rng) | {"code": f"BN{len(rows) + 1:04d}"})
    return rows


def _shelter(county: County, keeper: Person, village: int, kind: str, words: tuple[str, str], rng: np.random.Generator) -> Row:
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
    """Indices of points, each the farthest from those before it."""
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
            "surface": "concrete" if number < 5 else "earth", "diameter_m": 35 if number == 0 else 25,  # noqa: PLR2004 - the towns'
            "elevation_m": round(float(county.land.elevation(place["lon"], place["lat"]))), "lit": number == 0,
            "area_code": county.village_codes[village], "keeper_name": keeper.name, "keeper_phone": keeper.phone, **place,
        })  # fmt: skip
    return rows


def water_rows(county: County, people: dict[str, list[Person]], reservoirs: list[Row]) -> list[Row]:
    """Cisterns in the hills, places on the rivers, hydrants in the towns, and the reservoirs."""
    rng = county.rng(11)
    rows: list[Row] = []
    river = county.lattice.of_cells(np.flatnonzero(county.people.inside & (county.land.drained_km2 > 25)))  # noqa: PLR2004 - km²
    for village in range(county.people.sites.size):
        xy = county.village_xy[village]
        to_river = np.hypot(*(river - xy).T)
        if village in county.people.seats:
            kind, place, volume = "hydrant", county.beside_road(xy, 200, rng), None
        elif to_river.min() < 700:  # noqa: PLR2004 - metres of hose and lane
            kind, place, volume = "river", river[int(np.argmin(to_river))], None
        elif rng.random() < 0.6:
            kind, place, volume = "cistern", county.beside_road(xy, 900, rng), int(rng.choice([50, 100, 200, 300]))
        else:
            continue
        rows.append(_water(county, people, village, kind, volume, len(rows)) | county.lonlat(place))
    for row in reservoirs:
        village = county.village_codes.index(str(row["area_code"]))
        rows.append(_water(county, people, village, "reservoir", 900_000, len(rows)) | {"lon": row["lon"], "lat": row["lat"]})
    return rows


_WATER_WORDS = {"hydrant": ("消火栓", "hydrant"), "river": ("河道取水点", "river point"), "cistern": ("蓄水池", "cistern"), "reservoir": ("水库取水点", "reservoir point")}


def _water(county: County, people: dict[str, list[Person]], village: int, kind: str, volume: int | None, number: int) -> Row:
    keeper, (zh, en) = people[county.village_codes[village]][1], county.village_names[village]
    return {
        "code": f"QS{number + 1:03d}", "name": f"{zh}{_WATER_WORDS[kind][0]}", "name_en": f"{en} {_WATER_WORDS[kind][1]}",
        "kind": kind, "volume_m3": volume, "winter": kind in {"hydrant", "reservoir"},
        "area_code": county.village_codes[village], "keeper_name": keeper.name, "keeper_phone": keeper.phone,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------- facilities

_FACILITY_WORDS = {
    "coal_mine": ("煤业", "Coal Mine", "县能源局", "mine_rescue", (180, 900)),
    "washery": ("洗煤厂", "Coal Washery", "县能源局", "engineering", (20, 80)),
    "non_coal_mine": ("石料场", "Quarry", "县应急管理局", "mine_rescue", (15, 90)),
    "hazardous_chemical": ("加油站", "Fuel Station", "县应急管理局", "hazmat", (6, 40)),
    "metallurgy_trade": ("铸造厂", "Foundry", "县工业和信息化局", "fire_building", (30, 260)),
    "explosives": ("民爆器材库", "Explosives Store", "县公安局", "fire_building", (12, 12)),
    "coal_bed_methane": ("煤层气公司", "Coal-bed Methane Works", "县能源局", "hazmat", (60, 60)),
    "freight": ("货运公司", "Freight Company", "县交通运输局", "traffic_rescue", (10, 120)),
    "transport": ("客运公司", "Passenger Transport Company", "县交通运输局", "traffic_rescue", (20, 90)),
    "reservoir": ("水库", "Reservoir", "县水利局", "flood_rescue", (4, 8)),
    "scenic_area": ("岚溪湾景区", "Lanxi Bend Scenic Area", "县文化和旅游局", "search_rescue", (60, 60)),
    "hospital": ("卫生院", "Health Centre", "县卫生健康局", "medical", (12, 40)),
    "school": ("学校", "School", "县教育局", "evacuation", (15, 90)),
    "police": ("派出所", "Police Station", "县公安局", "traffic_rescue", (8, 20)),
    "fire_station": ("消防救援站", "Fire Station", "县消防救援大队", "fire_building", (8, 45)),
    "government": ("人民政府", "Government Office", "县人民政府", "evacuation", (30, 200)),
}  # fmt: skip
_PREFIXES = (
    ("鑫源", "Xinyuan"), ("恒泰", "Hengtai"), ("宏达", "Hongda"), ("永盛", "Yongsheng"), ("昌隆", "Changlong"),
    ("瑞丰", "Ruifeng"), ("德胜", "Desheng"), ("金岚", "Jinlan"), ("华岳", "Huayue"), ("晋塬", "Jinyuan"),
    ("同兴", "Tongxing"), ("广运", "Guangyun"), ("泰和", "Taihe"), ("顺通", "Shuntong"), ("天岚", "Tianlan"),
    ("古堡", "Gubao"), ("东升", "Dongsheng"),
)  # fmt: skip


def facility_rows(county: County) -> list[Row]:
    """Key facilities with the counts of FACILITIES, and the public ones of each township."""
    rng = county.rng(12)
    person = names.people(rng)
    rows: list[Row] = []
    for kind, xy, own_name in _facility_places(county, rng):
        village = county.village_at(xy)
        zh, en, department, capability, staff_range = _FACILITY_WORDS[kind]
        staff = int(rng.integers(staff_range[0], staff_range[1] + 1))
        head = next(person)[0]
        number = len(rows) + 1
        words = own_name or _company_name(number, zh, en)
        rows.append({
            "code": f"QY{number:04d}", "name": words[0], "name_en": words[1], "kind": kind,
            "grade": str(rng.choice(["A", "B", "C", "D"], p=[0.25, 0.45, 0.22, 0.08])),
            "area_code": county.village_codes[village], "location": county.village_names[village][0], "staff": staff,
            "shift_people": max(2, staff // 3) if "mine" in kind else None,
            "beds": int(rng.integers(15, 40)) if kind == "hospital" else None, "department": department,
            "capability": capability, "plan": f"{words[0]}生产安全事故应急预案" if kind in FACILITIES else None,
            "head_name": head, "head_phone": names.phone(2000 + number), **county.lonlat(xy),
        })  # fmt: skip
    return rows


def _company_name(number: int, zh: str, en: str) -> tuple[str, str]:
    first, first_en = _PREFIXES[number % len(_PREFIXES)]
    second, second_en = (("", ""), ("第二", " No. 2"), ("第三", " No. 3"))[number // len(_PREFIXES) % 3]
    return f"岚溪{first}{second}{zh}", f"Lanxi {first_en}{second_en} {en}"


def _facility_places(county: County, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, tuple[str, str] | None]]:
    mines = county.lattice.of_cells(county.sites.mines)
    seats = county.village_xy[county.people.seats]
    for xy in mines[: FACILITIES["coal_mine"]]:
        yield "coal_mine", xy, None
    for xy in mines[FACILITIES["coal_mine"] : FACILITIES["coal_mine"] + FACILITIES["non_coal_mine"]]:
        yield "non_coal_mine", xy, None
    trunk = np.concatenate([road.line for road in county.roads if road.rank <= 2])  # noqa: PLR2004 - county roads and greater
    trunk = trunk[[county.people.inside[cell_at(xy)] for xy in trunk]]
    for number in range(FACILITIES["washery"]):
        yield "washery", county.beside_road(mines[number % FACILITIES["coal_mine"]], 2500, rng), None
    for kind in ("hazardous_chemical", "freight"):
        for at in rng.choice(len(trunk), FACILITIES[kind], replace=False):
            yield kind, county.beside_road(trunk[at], 150, rng), None
    for number in range(FACILITIES["metallurgy_trade"]):
        yield "metallurgy_trade", county.beside_road(seats[number % 5], 1800, rng), None
    yield "explosives", county.beside_road(county.village_xy[30], 1500, rng), None
    yield "coal_bed_methane", county.beside_road(mines[3], 2000, rng), None
    for number in range(FACILITIES["transport"]):
        yield "transport", county.beside_road(seats[number % 3], 900, rng), None
    for number, xy in enumerate(reservoir_places(county)):
        yield "reservoir", xy, RESERVOIRS[number]
    yield "scenic_area", county.beside_road(county.village_xy[75], 1200, rng), ("岚溪湾景区", "Lanxi Bend Scenic Area")
    yield "hospital", county.beside_road(seats[0], 900, rng), ("岚溪县人民医院", "Lanxi County People's Hospital")
    yield "fire_station", county.beside_road(seats[0], 1200, rng), ("岚溪县消防救援站", "Lanxi County Fire Station")
    yield "government", county.beside_road(seats[0], 400, rng), ("岚溪县人民政府", "Lanxi County Government")
    for (_, zh, en), xy in zip(names.TOWNSHIPS, seats, strict=True):
        for kind in ("hospital", "school", "police", "government"):
            words = _FACILITY_WORDS[kind]
            yield kind, county.beside_road(xy, 500, rng), (f"{zh}{words[0]}", f"{en} {words[1]}")


def reservoir_places(county: County) -> list[np.ndarray]:
    """Two dams: narrow places on middle streams, far from each other."""
    land = county.land
    fits = county.people.inside & (land.drained_km2 > 14) & (land.drained_km2 < 40)  # noqa: PLR2004 - km²
    narrow = ndimage.uniform_filter(land.heights, 9) - land.heights
    cells = np.flatnonzero(fits)
    best = int(cells[np.argmax(narrow.flat[cells])])
    away = np.hypot(*np.subtract(np.divmod(cells, CELLS), np.array(divmod(best, CELLS))[:, None]))
    second = int(cells[np.argmax(narrow.flat[cells] * (away > 220))])  # noqa: PLR2004 - cells
    return list(county.lattice.of_cells(np.array([best, second])))


def reservoir_shapes(county: County) -> list[shapely.Polygon]:
    """Water of each reservoir in the plane: what lies above the dam and less than 28 m higher than its foot."""
    shapes = []
    for xy in reservoir_places(county):
        dam = cell_at(xy)
        above = _upstream(county, dam) & (county.land.heights < county.land.heights[dam] + 28)
        pieces, _ = ndimage.label(above)
        rows, columns = np.nonzero(pieces == pieces[dam])
        centres = county.lattice.metres(rows, columns)
        boxes = shapely.box(*(centres - 36).T, *(centres + 36).T)
        shape = shapely.union_all(boxes).buffer(40).buffer(-40).buffer(-12).simplify(10)
        shapes.append(max(shapely.get_parts(shape), key=lambda part: float(part.area)))
    return shapes


def _upstream(county: County, cell: tuple[int, int]) -> np.ndarray:
    """All cells that drain through one."""
    flat = county.land.receivers.ravel()
    target = cell[0] * CELLS + cell[1]
    down = np.where(flat < 0, np.arange(flat.size), flat)
    down[target] = target
    while not np.array_equal(further := down[down], down):
        down = further
    return (down == target).reshape(CELLS, CELLS)
