"""Invented teams, vehicles, depots, stock and people that make any extract playable. Marked as samples, never real.

How much is made follows from the requirement cards: enough that each of them can be met once at level II. Where it
stands follows from the extract: fire stations, hospitals, townships and villages, moved onto the nearest road that
hangs together with the rest. The seed decides which place gets what; the same seed gives the same county.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from data import imports, roads
from data.policies import Policy
from dispatch.cards import needs
from dispatch.model import Need
from gis.crs import STORED
from gis.islands import mainland

SOURCE: Final = "sample"
LEVEL: Final = 2
"""The level (II) up to which each card can be met."""

SPARE_SHARE: Final = 1.2
"""More than the largest card asks for, so that a plan has something to choose from."""

_TOWN: Final = ("township",)
_VILLAGE: Final = ("village", "township")
_STATION: Final = ("fire_station", "township")


@dataclass(frozen=True, slots=True, kw_only=True)
class _TeamPlan:
    """What teams of one capability are like: kind, heads, where they stand (first kind of site that exists), what else they can."""

    kind: str = "part_time"
    heads: int = 12
    sites: tuple[str, ...] = _VILLAGE
    also: str = "evacuation"


_TEAM_PLANS: Final[Mapping[str, _TeamPlan]] = {
    "fire_building": _TeamPlan(kind="full_time", heads=14, sites=_STATION, also="search_rescue"),
    "search_rescue": _TeamPlan(kind="full_time", heads=16, sites=_STATION, also="landslide_rescue"),
    "hazmat": _TeamPlan(kind="full_time", sites=_STATION, also="fire_building"),
    "traffic_rescue": _TeamPlan(kind="full_time", heads=8, sites=("police", *_STATION), also="medical"),
    "medical": _TeamPlan(kind="full_time", heads=8, sites=("hospital", *_TOWN), also="evacuation"),
    "communications": _TeamPlan(kind="full_time", heads=4, sites=("government", *_TOWN), also="evacuation"),
    "power_supply": _TeamPlan(kind="enterprise", heads=6, sites=_TOWN, also="engineering"),
    "engineering": _TeamPlan(kind="enterprise", heads=14, sites=_TOWN, also="snow_clearing"),
    "snow_clearing": _TeamPlan(kind="enterprise", heads=10, sites=_TOWN, also="engineering"),
    "mine_rescue": _TeamPlan(kind="enterprise", also="search_rescue"),
    "fire_forest": _TeamPlan(heads=20),
    "landslide_rescue": _TeamPlan(heads=15, also="engineering"),
    "flood_rescue": _TeamPlan(heads=15),
    "evacuation": _TeamPlan(kind="social", heads=15, also="flood_rescue"),
}
_VEHICLE_OWNERS: Final[Mapping[str, str]] = {
    "fire_engine": "fire_building",
    "water_tanker": "fire_forest",
    "hazmat_truck": "hazmat",
    "ambulance": "medical",
    "boat_trailer": "flood_rescue",
    "snow_plough": "snow_clearing",
    "generator_truck": "power_supply",
    "command_car": "communications",
    "drone_van": "communications",
    "low_loader": "traffic_rescue",
}
_OTHER_OWNER: Final = "engineering"
_EXPIRING: Final = ("drinking_water", "food_ration", "first_aid_kit", "foam_concentrate", "absorbent")
_EXPIRES: Final = (date(2031, 6, 30), date(2033, 12, 31))
_VILLAGE_ITEMS: Final = ("blanket", "shovel", "rope", "warning_tape", "fire_beater", "rain_coat")
_VILLAGE_DEPOTS: Final = 6
_COMPANIES: Final = 2
_HEAVY_TEAM: Final = 8  # heads; more travel in a bus
_SURNAMES: Final = (("安", "An"), ("白", "Bai"), ("程", "Cheng"), ("方", "Fang"), ("何", "He"), ("江", "Jiang"),
                    ("蓝", "Lan"), ("林", "Lin"), ("梅", "Mei"), ("宁", "Ning"), ("石", "Shi"), ("叶", "Ye"))  # fmt: skip
_GIVEN: Final = (("示一", "Shiyi"), ("演二", "Yaner"), ("拟三", "Nisan"), ("设四", "Shesi"), ("样五", "Yangwu"),
                 ("例六", "Liliu"), ("虚七", "Xuqi"), ("构八", "Gouba"), ("练九", "Lianjiu"), ("习十", "Xishi"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """A place where something can stand."""

    name: str
    name_en: str
    area_code: str | None
    position: tuple[float, float]


Sites = Mapping[str, Sequence[Site]]
"""By kind: township, village, hospital, fire_station, police, government. Positions are on the mainland's roads."""

Frames = Mapping[str, gpd.GeoDataFrame]
"""Rows by layer, in the order in which they can be applied."""


def add(connection: Connection, policy: Policy, *, seed: int, actor: str, at: datetime) -> dict[str, int]:
    """Put the samples for the imported county into the store, and return the rows by layer.

    Raises LookupError where no roads or no areas were imported. The same seed again changes nothing.
    """
    frames = make(sites(connection), policy, seed=seed)
    counts = {}
    for layer, frame in frames.items():
        applied = imports.apply(
            connection, policy.layers[layer], frame, policy, actor=actor, at=at, source=SOURCE, sample=True
        )
        if applied.problems:
            raise ValueError(f"{layer}: {applied.problems[0]}")
        counts[layer] = len(frame)
    return counts


def sites(connection: Connection) -> Sites:
    """Return where samples can stand in the imported county. Raises LookupError where there are no roads or areas."""
    _, edges, banned = roads.load_frames(connection)
    lines = edges.geometry.to_numpy()[mainland(edges, banned)]
    rows = connection.execute(_SITES).all()
    if len(lines) == 0 or not any(row.kind == "township" for row in rows):
        raise LookupError("no drivable roads, or no townships")
    points = shapely.points([(row.lon, row.lat) for row in rows])
    nearest = lines[shapely.STRtree(lines).nearest(points)]
    on_road = shapely.line_interpolate_point(nearest, shapely.line_locate_point(nearest, points))
    found: dict[str, list[Site]] = {}
    for row, (lon, lat) in zip(rows, shapely.get_coordinates(on_road).round(7).tolist(), strict=True):
        found.setdefault(row.kind, []).append(Site(row.name, row.name_en, row.area_code, (lon, lat)))
    return found


_SITES: Final = text("""
    SELECT 'township' AS kind, code AS area_code, name, name_en, ST_X(middle) AS lon, ST_Y(middle) AS lat
    FROM (SELECT *, coalesce(seat, ST_PointOnSurface(geom)) AS middle FROM areas WHERE level = 'township') AS township
    WHERE middle IS NOT NULL
    UNION ALL
    SELECT 'village', area_code, name, name_en, ST_X(geom), ST_Y(geom) FROM villages
    UNION ALL
    SELECT attributes->>'kind', area_code, name, name_en, ST_X(geom), ST_Y(geom) FROM places
    WHERE layer = 'key_facilities' AND ST_GeometryType(geom) = 'ST_Point'
    AND attributes->>'kind' IN ('hospital', 'fire_station', 'police', 'government')
    ORDER BY kind, area_code, name, lon, lat
""")


def make(where: Sites, policy: Policy, *, seed: int) -> Frames:
    """Return the rows of each layer; pure, and the same for the same places, policy and seed."""
    return _Maker(where, policy, np.random.default_rng(seed)).frames()


_LETTERS: Final[Mapping[str, str]] = {
    "people": "P",
    "teams": "T",
    "depots": "D",
    "agreement_companies": "A",
    "vehicles": "V",
    "stock_lots": "L",
    "duties": "U",
}
_LAYERS: Final = tuple(_LETTERS)


@dataclass(slots=True)
class _Maker:
    """Rows in the making."""

    where: Sites
    policy: Policy
    random: np.random.Generator
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {layer: [] for layer in _LAYERS})
    turn: dict[str, Iterator[Site]] = field(default_factory=dict)

    def frames(self) -> Frames:
        owners = {code: self._teams(code) for code in self.policy.vocabulary["capabilities"]}
        self._vehicles(owners)
        self._depots()
        self._leaders()
        return {layer: _frame(rows) for layer, rows in self.rows.items() if rows}

    def _next_site(self, kinds: Sequence[str]) -> Site:
        """Return the next site of the first kind that exists, each in its turn, in an order that the seed decides."""
        kind = next((kind for kind in kinds if self.where.get(kind)), "township")
        if kind not in self.turn:
            order = self.random.permutation(len(self.where[kind])).tolist()
            self.turn[kind] = _round_and_round([self.where[kind][i] for i in order])
        return next(self.turn[kind])

    def _add(self, layer: str, site: Site | None = None, **values: object) -> str:
        """Add a row at a site, and return the code that it gets."""
        code = f"S-{_LETTERS[layer]}{len(self.rows[layer]) + 1:03d}"
        here = (
            {"area_code": site.area_code, "geometry": shapely.Point(site.position)}
            if site
            else {"geometry": None}
        )
        self.rows[layer].append({"code": code, **here, **values})
        return code

    def _person(self) -> dict[str, str]:
        """Return an invented name, and a number that no telephone has."""
        surname, given = (
            _SURNAMES[self.random.integers(len(_SURNAMES))],
            _GIVEN[self.random.integers(len(_GIVEN))],
        )
        return {
            "name": surname[0] + given[0],
            "name_en": f"{surname[1]} {given[1]}",
            "phone": f"1000000{self.random.integers(10_000):04d}",
        }

    def _named(self, site: Site, group: str, code: str) -> dict[str, str]:
        gap = " " if site.name[-1:].isascii() else ""
        return {
            "name": f"{site.name}{gap}{self.policy.word(group, code, 'zh')}",
            "name_en": f"{site.name_en} {self.policy.word(group, code, 'en')}",
        }

    def _teams(self, capability: str) -> list[str]:
        """Add the teams of one capability, and return their codes."""
        plan = _TEAM_PLANS.get(capability, _TeamPlan())
        lines = [
            [need for need in card if need.kind == "capability" and need.code == capability]
            for card in self._cards()
        ]
        heads = max([plan.heads, *(need.min_strength for card in lines for need in card)])
        count = 1 + max(_teams_for(card, heads) for card in lines)
        best = max(_teams_for([need for need in card if need.grade == 1], heads) for card in lines)
        return [self._team(capability, plan, heads, grade=1 if i < best else 2) for i in range(count)]

    def _team(self, capability: str, plan: _TeamPlan, heads: int, *, grade: int) -> str:
        site, leader = self._next_site(plan.sites), self._person()
        also = (
            [(plan.also, 3)]
            if plan.also != capability and plan.also in self.policy.vocabulary["capabilities"]
            else []
        )
        code = self._add(
            "teams",
            site,
            kind=plan.kind,
            capabilities=tuple(sorted([(capability, grade), *also])),
            strength=heads + int(self.random.integers(4)),
            transport="personnel_carrier" if heads > _HEAVY_TEAM else "pickup",
            contact_name=leader["name"],
            contact_phone=leader["phone"],
            radio_channel=f"{self.random.integers(1, 17):02d}",
            **self._named(site, "capabilities", capability),
        )
        self.rows["teams"][-1]["name"] += f" {code[-3:]}"
        self.rows["teams"][-1]["name_en"] += f" {code[-3:]}"
        return code

    def _vehicles(self, owners: Mapping[str, Sequence[str]]) -> None:
        """Add the special vehicles that the cards ask for, spread over the teams that drive them."""
        for kind in self.policy.vehicle_kinds:
            asked = self._largest("vehicle", kind)
            teams = owners.get(_VEHICLE_OWNERS.get(kind, _OTHER_OWNER)) or next(iter(owners.values()))
            for i in range(asked + 1 if asked else 0):
                self._vehicle(kind, team=teams[i % len(teams)])

    def _vehicle(self, kind: str, *, team: str | None = None, depot: str | None = None) -> None:
        words = {
            "name": self.policy.word("vehicle_kinds", kind, "zh"),
            "name_en": self.policy.word("vehicle_kinds", kind, "en"),
        }
        self._add("vehicles", None, kind=kind, team=team, depot=depot, **words)

    def _depots(self) -> None:
        """Add a county depot that can meet each card alone, and smaller ones in townships, villages and companies."""
        carriers = sorted(
            (kind for kind in self.policy.vehicle_kinds.values() if kind.carrier),
            key=lambda kind: -kind.load_kg,
        )
        large, light = carriers[0], carriers[-1]
        heaviest = max(sum(need.quantity * self.policy.items[need.code].unit_kg for need in card if need.kind == "material")
                       for card in self._cards())  # fmt: skip
        items = {code: self._largest("material", code) for code in self.policy.items}
        living = [code for code, item in self.policy.items.items() if item.gbt_38565.startswith("1")]

        county = self._depot("county", self.where["township"][0])
        self._stock(county, {code: ceil(SPARE_SHARE * max(most, 1)) for code, most in items.items()})
        for _ in range(ceil(SPARE_SHARE * heaviest / large.load_kg) + 2):
            self._vehicle(large.code, depot=county)
        self._vehicle(light.code, depot=county)
        for site in self.where["township"]:
            depot = self._depot("township", site)
            share = self.random.uniform(0.05, 0.2, len(items)).tolist()
            self._stock(
                depot, {code: ceil(part * items[code]) for code, part in zip(items, share, strict=True)}
            )
            self._vehicle(large.code, depot=depot)
            self._vehicle(light.code, depot=depot)
        for _ in range(min(_VILLAGE_DEPOTS, len(self.where.get("village", ())))):
            depot = self._depot("village", self._next_site(_VILLAGE))
            self._stock(
                depot, {code: int(self.random.integers(5, 30)) for code in _VILLAGE_ITEMS if code in items}
            )
            self._vehicle(carriers[len(carriers) // 2].code, depot=depot)
        for _ in range(_COMPANIES):
            company = self._depot("enterprise", self._next_site(_TOWN))
            self._stock(company, {code: items[code] for code in living}, ownership="agreement")
            for _ in range(2):
                self._vehicle(large.code, depot=company)

    def _depot(self, level: str, site: Site) -> str:
        layer = "agreement_companies" if level == "enterprise" else "depots"
        person = self._person()
        values: dict[str, object] = {"contact_name": person["name"], "contact_phone": person["phone"]}
        if layer == "depots":
            values["level"] = level
        return self._add(layer, site, **values, **self._named(site, "depot_levels", level))

    def _stock(self, depot: str, quantities: Mapping[str, int], *, ownership: str = "own") -> None:
        """Add a lot of each item; goods that expire come in two, so that the older leaves first."""
        for item, quantity in quantities.items():
            parts = (quantity // 3, quantity - quantity // 3) if item in _EXPIRING else (quantity,)
            for part, expires in zip(parts, _EXPIRES if len(parts) > 1 else (None,), strict=True):
                if part:
                    self._add(
                        "stock_lots",
                        depot=depot,
                        item=item,
                        quantity=part,
                        ownership=ownership,
                        expires_on=expires,
                    )

    def _leaders(self) -> None:
        """Add a leader and a deputy for each township."""
        for site in self.where["township"]:
            for rank in ("A", "B"):
                person = self._person()
                code = self._add("people", None, area_code=site.area_code, **person)
                self._add(
                    "duties",
                    person=code,
                    role="leader",
                    rank=rank,
                    subject_layer="areas",
                    subject=site.area_code,
                )

    def _cards(self) -> list[tuple[Need, ...]]:
        return [needs(kind.card, LEVEL) for kind in self.policy.incident_types.values()]

    def _largest(self, kind: str, code: str) -> int:
        """Return the most of something that one card asks for."""
        return max(
            sum(need.quantity for need in card if (need.kind, need.code) == (kind, code))
            for card in self._cards()
        )


def _teams_for(lines: Sequence[Need], heads: int) -> int:
    """Return how many teams of so many heads meet some lines; a team takes one line."""
    return sum(ceil(need.quantity / heads) for need in lines)


def _round_and_round(of: Sequence[Site]) -> Iterator[Site]:
    while True:
        yield from of


def _frame(rows: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    names = list(dict.fromkeys(name for row in rows for name in row if name != "geometry"))
    content = pd.DataFrame({name: [row.get(name) for row in rows] for name in names}, dtype=object)
    return gpd.GeoDataFrame(content, geometry=[row["geometry"] for row in rows], crs=STORED)
