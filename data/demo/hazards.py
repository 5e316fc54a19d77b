"""Registers of geohazard points, their instruments and treatment works."""

import numpy as np
from scipy import ndimage

from data.demo.county import County, Row
from data.demo.lattice import cell_at
from data.demo.registers import Person
from data.demo.relief import CELLS

HAZARDS, INSTRUMENTS = 137, 470
WORKS = ("done", "done", "done", "done", "under_way", "under_way")


def hazard_rows(
    county: County, people: dict[str, list[Person]], shelters: list[Row]
) -> tuple[list[Row], list[Row]]:
    """Geohazard points and the duties of those who answer for them, on slopes above houses and roads."""
    rng = county.rng(5)
    shelter_of = {row["area_code"]: row["code"] for row in shelters}
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
            {
                "person": who.code,
                "subject_layer": "geohazard_points",
                "subject": code,
                "role": role,
                "rank": "A",
            }
            for who, role in ((head, "hazard_head"), (monitor, "monitor"))
        ]
    return rows, duties


def _hazard_cells(county: County, rng: np.random.Generator) -> list[int]:
    """Steep cells a short way above people or roads, spread over the county."""
    land = county.land
    at_risk = np.zeros((CELLS, CELLS), dtype=bool)
    for x, y in np.concatenate(
        [county.road_points, county.lattice.of_cells(county.sites.hamlets), county.village_xy]
    ):
        at_risk[cell_at((x, y))] = True
    distance, nearest = ndimage.distance_transform_edt(~at_risk, return_indices=True)
    above = land.heights - land.heights[nearest[0], nearest[1]]
    homes = np.zeros((CELLS, CELLS))
    homes.flat[county.sites.hamlets] = 1
    homes.flat[county.people.sites] = 3
    near_homes = ndimage.gaussian_filter(homes, 6) * 400
    wish = county.people.inside * (distance > 0.5) * (distance < 4.5) * (above > 8)
    wish = wish * (land.slopes / 30) ** 2 * (0.2 + near_homes) * rng.uniform(0.3, 1, wish.shape)
    order = np.argsort(-wish, axis=None)[:60_000]
    rows, columns = np.divmod(order, CELLS)
    free = np.ones(order.size, dtype=bool)
    chosen: list[int] = []
    while len(chosen) < HAZARDS:
        first = int(np.argmax(free))
        chosen.append(int(order[first]))
        free &= np.hypot(rows - rows[first], columns - columns[first]) >= 18
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
    if county.land.drained_km2.flat[cell] > 0.4:
        return "debris_flow"
    if county.land.slopes.flat[cell] > 36:
        return "collapse"
    return str(rng.choice(["landslide", "collapse", "slope", "subsidence"], p=[0.5, 0.27, 0.15, 0.08]))


def _nearest_shelter(county: County, xy: np.ndarray, shelters: list[Row]) -> str:
    here = county.lonlat(xy)
    away = [np.hypot(s["lon"] - here["lon"], s["lat"] - here["lat"]) for s in shelters]
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
    most = np.argsort([-hazard["people"] for hazard in hazards], kind="stable")
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
                "lon": round(hazard["lon"] + east / 90_000, 6),
                "lat": round(hazard["lat"] + north / 111_000, 6),
            })  # fmt: skip
    return rows


def works_rows(hazards: list[Row]) -> list[Row]:
    """Six treatment works on the points that threaten most people: four done, two under way."""
    most = sorted(hazards, key=lambda hazard: -hazard["people"])
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
