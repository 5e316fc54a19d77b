"""Rescue teams with their vehicles, depots with their stock and carriers, and companies with agreement stock.

Sized so that every shipped requirement card can be met at level II: small teams are near everywhere, strong ones far.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data.demo import names
from data.demo.county import County, Row
from data.demo.registers import Person

SEAT = -1  # squads of the county seat; otherwise the index of a township


@dataclass(frozen=True)
class Squad:
    """A kind of team, raised `count` times at each of `where`; `vehicles` as kind, number of each squad."""

    body: str
    zh: str
    en: str
    kind: str
    where: tuple[int, ...]
    strength: int
    capabilities: str
    count: int = 1
    transport: str = "personnel_carrier"
    assemble_min: int | None = None
    consent_min: int | None = None
    organisation: str = ""
    vehicles: tuple[tuple[str, int], ...] = ()


ALL_TOWNSHIPS = tuple(range(10))
# The six bodies 三专三兼: three full-time (fire, forest, mine), three part-time (militia, enterprise, volunteers).
FULL_TIME_BODIES, PART_TIME_BODIES = ("fire", "forest", "mine"), ("militia", "enterprise", "volunteers")
SQUADS = (
    Squad("fire", "消防救援站{}班", "Fire and Rescue Squad {}", "full_time", (SEAT,), 14,
          "fire_building:1;search_rescue:1;landslide_rescue:1;traffic_rescue:1;hazmat:2;flood_rescue:2", 4,
          "fire_engine", 1, organisation="县消防救援大队",
          vehicles=(("fire_engine", 1),)),
    Squad("fire", "特勤{}班", "Special Service Squad {}", "full_time", (SEAT,), 8, "hazmat:1;search_rescue:1;fire_building:1", 2,
          "fire_engine", 1, organisation="县消防救援大队",
          vehicles=(("hazmat_truck", 1), ("water_tanker", 1))),
    Squad("fire", "消防救援站", "Fire Station Squad", "full_time", (1, 3), 10,
          "fire_building:1;search_rescue:2;landslide_rescue:2;traffic_rescue:2", 1, "fire_engine", 1,
          organisation="县消防救援大队", vehicles=(("fire_engine", 2), ("water_tanker", 1))),
    Squad("fire", "专职消防队", "Township Fire Crew", "full_time", (2, 4, 5, 7), 7,
          "fire_building:2;search_rescue:3;traffic_rescue:3", 1, "fire_engine", 3,
          organisation="乡镇人民政府", vehicles=(("fire_engine", 1), ("water_tanker", 1))),
    Squad("forest", "森林消防大队{}中队", "Forest-fire Brigade Company {}", "full_time", (SEAT,), 24, "fire_forest:1;search_rescue:3;evacuation:3", 2,
          assemble_min=5, organisation="县林业局", vehicles=(("water_tanker", 1), ("drone_van", 1))),
    Squad("forest", "森林消防半专业队", "Forest-fire Half-professional Team", "full_time", (4, 6, 8, 9), 15, "fire_forest:2;snow_clearing:3", 1,
          assemble_min=10, organisation="县林业局", vehicles=(("pickup", 1),)),
    Squad("mine", "矿山救护队{}小队", "Mine-rescue Squad {}", "full_time", (SEAT, 2), 12, "mine_rescue:1;landslide_rescue:1;search_rescue:2", 2,
          assemble_min=3, organisation="县能源局", vehicles=(("command_car", 1),)),
    Squad("militia", "民兵应急分队", "Militia Emergency Platoon", "part_time", ALL_TOWNSHIPS, 11,
          "landslide_rescue:3;search_rescue:3;flood_rescue:3;snow_clearing:3", 1, organisation="乡镇武装部"),
    Squad("militia", "扑火应急队", "Forest-fire Volunteers", "part_time", ALL_TOWNSHIPS, 14, "fire_forest:3;evacuation:3", 1,
          assemble_min=30, organisation="乡镇人民政府"),
    Squad("support", "转移安置队", "Evacuation Team", "part_time", ALL_TOWNSHIPS, 12, "evacuation:2", 1,
          assemble_min=20, organisation="乡镇人民政府"),
    Squad("enterprise", "煤业兼职救护队", "Coal Company Rescue Crew", "enterprise", (2, 3, 4), 10, "mine_rescue:2;engineering:3", 1,
          organisation="煤业集团", vehicles=(("loader", 1), ("excavator", 1))),
    Squad("enterprise", "工程机械队", "Construction Machinery Team", "enterprise", (SEAT, 1, 6), 12, "engineering:2;landslide_rescue:3", 1,
          organisation="建筑公司", vehicles=(("excavator", 2), ("loader", 1), ("dump_truck", 3), ("low_loader", 1))),
    Squad("enterprise", "危化品应急队", "Chemical Response Crew", "enterprise", (SEAT, 3), 10, "hazmat:2", 1,
          organisation="石化公司", vehicles=(("hazmat_truck", 1),)),
    Squad("support", "吊装清障队", "Crane and Recovery Crew", "enterprise", (SEAT, 1), 8, "traffic_rescue:2", 1, "truck",
          organisation="汽修公司", vehicles=(("crane", 2),)),
    Squad("volunteers", "蓝天救援队{}分队", "Blue-sky Rescue Group {}", "social", (SEAT,), 14,
          "search_rescue:2;flood_rescue:1;landslide_rescue:3", 2, "pickup", organisation="县应急管理局",
          vehicles=(("boat_trailer", 1), ("drone_van", 1))),
    Squad("support", "人民医院急救{}组", "County Hospital Emergency Group {}", "full_time", (SEAT,), 8, "medical:1", 4,
          "ambulance", 3, organisation="县人民医院", vehicles=(("ambulance", 2),)),
    Squad("support", "卫生院救护组", "Health Centre Ambulance Crew", "full_time", ALL_TOWNSHIPS[1:], 5, "medical:3", 1,
          "ambulance", 5, organisation="乡镇卫生院", vehicles=(("ambulance", 1),)),
    Squad("support", "公路段抢险{}队", "Road Section Crew {}", "full_time", (SEAT, 1, 7), 15,
          "engineering:2;snow_clearing:1;traffic_rescue:3", 1, "truck", 10, organisation="县公路段",
          vehicles=(("snow_plough", 2), ("loader", 1), ("dump_truck", 1), ("excavator", 1))),
    Squad("support", "水旱灾害防御队", "Flood-defence Team", "full_time", (SEAT, 3), 16, "flood_rescue:2;engineering:3", 1,
          "truck", 10, organisation="县水利局", vehicles=(("boat_trailer", 1), ("generator_truck", 1))),
    Squad("support", "应急通信保障组", "Communications Group", "full_time", (SEAT, 1, 3), 5, "communications:1", 1,
          "command_car", 8, organisation="县工业和信息化局", vehicles=(("command_car", 1),)),
    Squad("support", "电力抢修{}班", "Power Repair Crew {}", "full_time", (SEAT, 3, 6), 8, "power_supply:1", 1,
          "pickup", 8, organisation="县供电公司", vehicles=(("generator_truck", 1),)),
    Squad("support", "交警事故处置组", "Traffic Police Group", "full_time", (SEAT, 1, 7), 9, "traffic_rescue:2;evacuation:2", 1,
          "command_car", 3, organisation="县公安局"),
)  # fmt: skip

# Real figures of common models: gross mass, height, width, load; the import fills in what is left out.
DIMENSIONS = {
    "fire_engine": ((15_800, 345, 250, 0), (9_600, 310, 240, 0), (19_500, 355, 250, 0)),
    "water_tanker": ((18_000, 320, 250, 10_000), (9_800, 290, 230, 4_500)),
    "excavator": ((38_000, 390, 300, 0), (17_500, 340, 250, 0)),
    "loader": ((17_000, 345, 300, 0), (10_600, 320, 250, 0)),
    "dump_truck": ((25_000, 320, 255, 15_000), (31_000, 345, 255, 18_500)),
    "ambulance": ((3_500, 270, 205, 0), (4_000, 280, 210, 0)),
    "truck": ((11_900, 330, 245, 6_200), (17_900, 350, 250, 9_900)),
    "farm_truck": ((4_495, 240, 200, 1_700),),
    "pickup": ((2_950, 190, 190, 700),),
}
_CONTACTS = 4000  # telephone numbers of team and depot contacts start here


def team_rows(county: County) -> tuple[list[Row], list[Row]]:
    """Teams, and the vehicles that they own."""
    rng = county.rng(20)
    person = names.people(rng)
    teams: list[Row] = []
    vehicles: list[Row] = []
    for squad, place, number in _raised():
        code = f"DW{len(teams) + 1:03d}"
        zh, en = names.TOWNSHIPS[max(place, 0)][1:] if place != SEAT else ("岚溪县", "Lanxi")
        seat = county.village_xy[county.people.seats[max(place, 0)]]
        xy = county.beside_road(seat, 1300 if place == SEAT else 450, rng)
        teams.append({
            "code": code, "name": zh + squad.zh.format("一二三四"[number]), "name_en": f"{en} {squad.en.format(number + 1)}",
            "kind": squad.kind, "area_code": county.village_codes[county.village_at(xy)], "location": zh,
            "capabilities": squad.capabilities, "strength": squad.strength, "assemble_min": squad.assemble_min,
            "consent_min": squad.consent_min, "transport": squad.transport, "organisation": squad.organisation,
            "contact_name": next(person)[0], "contact_phone": names.phone(_CONTACTS + len(teams)),
            "radio_channel": f"PDT-{len(teams) // 8 + 1:02d}", **county.lonlat(xy),
        })  # fmt: skip
        for kind, count in squad.vehicles:
            vehicles += [
                _vehicle(f"CL{len(vehicles) + i + 1:03d}", kind, len(vehicles) + i, team=code)
                for i in range(count)
            ]
    return teams, vehicles


def _raised() -> Iterator[tuple[Squad, int, int]]:
    for squad in SQUADS:
        number = 0
        for place in squad.where:
            for _ in range(squad.count):
                yield squad, place, number % 4
                number += 1


def rescuers(bodies: tuple[str, ...]) -> int:
    """Heads in these bodies."""
    return sum(squad.strength for squad, _, _ in _raised() if squad.body in bodies)


def _vehicle(code: str, kind: str, draw: int, *, team: str | None = None, depot: str | None = None) -> Row:
    models = DIMENSIONS.get(kind)
    mass, height, width, load = models[draw % len(models)] if models else (None, None, None, None)
    return {
        "code": code, "name": None, "kind": kind, "team": team, "depot": depot, "mass_kg": mass, "height_cm": height,
        "width_cm": width, "load_kg": load,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------- depots

COUNTY_STOCK = {
    "tent": 180, "blanket": 700, "folding_bed": 420, "drinking_water": 160, "food_ration": 1400, "sandbag": 300,
    "woven_bag": 50, "shovel": 160, "pump": 14, "life_jacket": 180, "inflatable_boat": 8, "rope": 40, "stretcher": 36,
    "first_aid_kit": 70, "life_detector": 8, "lighting_tower": 8, "generator": 6, "fire_extinguisher_backpack": 60,
    "fire_beater": 120, "blower": 50, "foam_concentrate": 80, "absorbent": 100, "protective_suit": 60,
    "gas_detector": 30, "road_salt": 500, "tyre_chain": 40, "warning_tape": 40, "satellite_phone": 6,
    "cotton_coat": 280, "rain_coat": 200,
}  # fmt: skip
TOWNSHIP_STOCK = {
    "tent": 12, "blanket": 60, "drinking_water": 20, "food_ration": 120, "sandbag": 60, "woven_bag": 8, "shovel": 40,
    "pump": 1, "life_jacket": 12, "rope": 4, "stretcher": 4, "first_aid_kit": 6, "lighting_tower": 1,
    "fire_extinguisher_backpack": 12, "fire_beater": 40, "blower": 6, "road_salt": 60, "tyre_chain": 4,
    "warning_tape": 6, "cotton_coat": 30, "rain_coat": 30,
}  # fmt: skip
VILLAGE_STOCK = {
    "blanket": 10,
    "shovel": 15,
    "woven_bag": 3,
    "fire_beater": 15,
    "rope": 2,
    "first_aid_kit": 2,
    "stretcher": 1,
    "warning_tape": 3,
}
SPECIAL_STOCK = {   # second county depot, of the flood and geohazard headquarters
    "sandbag": 400, "woven_bag": 60, "pump": 8, "life_jacket": 120, "inflatable_boat": 4, "rope": 20, "tent": 60,
    "lighting_tower": 3, "life_detector": 4, "generator": 3, "rain_coat": 120,
}  # fmt: skip
VILLAGE_DEPOTS = 40
COMPANIES = (
    ("岚溪惠民超市有限公司", "Lanxi Huimin Supermarket Co.", {"drinking_water": 300, "food_ration": 2500}, 45),
    ("岚溪永安纺织有限公司", "Lanxi Yong'an Textile Co.", {"blanket": 1200, "cotton_coat": 500, "tent": 80}, 90),
    ("岚溪鑫源建材有限公司", "Lanxi Xinyuan Building Materials Co.", {"sandbag": 900, "woven_bag": 120, "shovel": 150, "rope": 40}, 60),
    ("岚溪宏达机电有限公司", "Lanxi Hongda Electromechanical Co.", {"generator": 8, "pump": 16, "lighting_tower": 8, "blower": 30}, 75),
    ("岚溪康泰医药有限公司", "Lanxi Kangtai Pharmaceutical Co.", {"first_aid_kit": 150, "stretcher": 40, "protective_suit": 60, "absorbent": 80}, 60),
)  # fmt: skip
# item → the years after which goods are renewed; the first lot of two ends sooner
SHELF_YEARS = {
    "drinking_water": 2,
    "food_ration": 3,
    "first_aid_kit": 4,
    "foam_concentrate": 6,
    "protective_suit": 5,
    "road_salt": 5,
}
BASE_YEAR = 2027


def depot_rows(
    county: County, people: dict[str, list[Person]]
) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """Depots, companies with an agreement, stock lots, and the carriers of both."""
    rng = county.rng(21)
    depots: list[Row] = []
    lots: list[Row] = []
    carriers: list[Row] = []
    seat = county.village_xy[county.people.seats[0]]
    plan = [
        ("岚溪县应急物资储备库", "Lanxi County Emergency Depot", "county", seat, 1500.0, COUNTY_STOCK, ("truck",) * 8 + ("pickup",) * 4),
        ("岚溪县防汛抗旱物资库", "Lanxi County Flood Depot", "county", county.village_xy[county.people.seats[3]], 900.0, SPECIAL_STOCK,
         ("truck",) * 4 + ("pickup",)),
    ]  # fmt: skip
    for (_, zh, en), village in zip(names.TOWNSHIPS, county.people.seats.tolist(), strict=True):
        plan.append((f"{zh}应急物资储备点", f"{en} Depot", "township", county.village_xy[village], 500.0, TOWNSHIP_STOCK,
                     ("truck", "pickup", "farm_truck")))  # fmt: skip
    for village in _depot_villages(county):
        zh, en = county.village_names[village]
        plan.append(
            (
                f"{zh}应急物资储备点",
                f"{en} Depot",
                "village",
                county.village_xy[village],
                220.0,
                VILLAGE_STOCK,
                ("farm_truck",),
            )
        )
    for number, (zh, en, level, near, radius, stock, kinds) in enumerate(plan):
        code = f"CB{number + 1:03d}"
        xy = county.beside_road(near, radius, rng)
        keeper = people[county.village_codes[county.village_at(near)]][0]
        depots.append({
            "code": code, "name": zh, "name_en": en, "level": level, "area_code": county.village_codes[county.village_at(xy)],
            "location": zh, "organisation": "县应急管理局" if level == "county" else None,
            "opening_hours": "24/7" if level == "county" else "08:00-18:00",
            "volume_m3": {"county": 4200, "township": 260, "village": 40}[level], "contact_name": keeper.name,
            "contact_phone": keeper.phone, **county.lonlat(xy),
        })  # fmt: skip
        lots += list(_lots(code, stock, level, rng))
        carriers += [
            _vehicle(f"YS{len(carriers) + i + 1:03d}", kind, len(carriers) + i, depot=code)
            for i, kind in enumerate(kinds)
        ]
    companies = []
    for number, (zh, en, stock, activation_min) in enumerate(COMPANIES):
        code, xy = (
            f"DC{number + 1:02d}",
            county.beside_road(county.village_xy[county.people.seats[number % 3]], 1200, rng),
        )
        contact = {
            "contact_name": next(names.people(county.rng(30 + number)))[0],
            "contact_phone": names.phone(6000 + number),
        }
        companies.append({
            "code": code, "name": zh, "name_en": en, "area_code": county.village_codes[county.village_at(xy)], "location": zh,
            "contract_ends_on": f"{BASE_YEAR + 1}-12-31", "opening_hours": "08:00-20:00", **contact, **county.lonlat(xy),
        })  # fmt: skip
        lots += [
            {"depot": code, "item": item, "quantity": quantity, "ownership": "agreement", "batch": "A", "expires_on": None,
             "activation_min": activation_min, "contract_ends_on": f"{BASE_YEAR + 1}-12-31", "supplier": zh, **contact}
            for item, quantity in stock.items()
        ]  # fmt: skip
        carriers += [_vehicle(f"YS{len(carriers) + i + 1:03d}", "truck", i, depot=code) for i in range(3)]
    return depots, companies, lots, carriers


def _depot_villages(county: County) -> list[int]:
    """Villages far from their town, the populous first."""
    seat_xy = county.village_xy[county.people.seats][county.people.township_of]
    away = np.hypot(*(county.village_xy - seat_xy).T)
    order = np.argsort(-county.population * (away > 3000), kind="stable")
    return [int(v) for v in order[:VILLAGE_DEPOTS]]


def _lots(depot: str, stock: dict[str, int], level: str, rng: np.random.Generator) -> Iterator[Row]:
    """Two lots of what expires, one of what does not; village stock differs a little from place to place."""
    for item, planned in stock.items():
        quantity = planned if level == "county" else max(1, round(planned * rng.uniform(0.7, 1.3)))
        years = SHELF_YEARS.get(item)
        split = (quantity // 3, quantity - quantity // 3) if years and quantity >= 3 else (quantity,)
        for number, part in enumerate(split):
            year = BASE_YEAR + (years or 0) * (number + 1) // len(split)
            yield {
                "depot": depot, "item": item, "quantity": part, "ownership": "own", "batch": "AB"[number],
                "expires_on": f"{year}-{int(rng.integers(1, 13)):02d}-28" if years else None,
            }  # fmt: skip
