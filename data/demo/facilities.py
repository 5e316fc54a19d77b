"""The register of key facilities: mines, plants, companies, reservoirs, and the public ones of each township."""

from collections.abc import Iterator

import numpy as np
import shapely
from scipy import ndimage

from data.demo import names
from data.demo.county import County, Row
from data.demo.lattice import cell_at
from data.demo.relief import CELLS

FACILITIES = {
    "coal_mine": 23, "washery": 34, "non_coal_mine": 24, "hazardous_chemical": 34, "metallurgy_trade": 19,
    "explosives": 1, "coal_bed_methane": 1, "freight": 31, "transport": 6, "reservoir": 2, "scenic_area": 1,
}  # fmt: skip
RESERVOIRS = (("上岚水库", "Upper Lan Reservoir"), ("松岭水库", "Songling Reservoir"))


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


def _facility_places(
    county: County, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray, tuple[str, str] | None]]:
    mines = county.lattice.of_cells(county.sites.mines)
    seats = county.village_xy[county.people.seats]
    for xy in mines[: FACILITIES["coal_mine"]]:
        yield "coal_mine", xy, None
    for xy in mines[FACILITIES["coal_mine"] : FACILITIES["coal_mine"] + FACILITIES["non_coal_mine"]]:
        yield "non_coal_mine", xy, None
    trunk = np.concatenate([road.line for road in county.roads if road.rank <= 2])
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
    yield (
        "scenic_area",
        county.beside_road(county.village_xy[75], 1200, rng),
        ("岚溪湾景区", "Lanxi Bend Scenic Area"),
    )
    yield (
        "hospital",
        county.beside_road(seats[0], 900, rng),
        ("岚溪县人民医院", "Lanxi County People's Hospital"),
    )
    yield (
        "fire_station",
        county.beside_road(seats[0], 1200, rng),
        ("岚溪县消防救援站", "Lanxi County Fire Station"),
    )
    yield "government", county.beside_road(seats[0], 400, rng), ("岚溪县人民政府", "Lanxi County Government")
    for (_, zh, en), xy in zip(names.TOWNSHIPS, seats, strict=True):
        for kind in ("hospital", "school", "police", "government"):
            words = _FACILITY_WORDS[kind]
            yield kind, county.beside_road(xy, 500, rng), (f"{zh}{words[0]}", f"{en} {words[1]}")


def reservoir_places(county: County) -> list[np.ndarray]:
    """Two dams: narrow places on middle streams, far from each other."""
    land = county.land
    fits = county.people.inside & (land.drained_km2 > 14) & (land.drained_km2 < 40)
    narrow = ndimage.uniform_filter(land.heights, 9) - land.heights
    cells = np.flatnonzero(fits)
    best = int(cells[np.argmax(narrow.flat[cells])])
    away = np.hypot(*np.subtract(np.divmod(cells, CELLS), np.array(divmod(best, CELLS))[:, None]))
    second = int(cells[np.argmax(narrow.flat[cells] * (away > 220))])
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
    above: np.ndarray = (down == target).reshape(CELLS, CELLS)
    return above
