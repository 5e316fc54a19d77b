"""The laid-out county that all registers are written from: land, people, roads, codes and names in one value."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from data.demo import names
from data.demo.lattice import Lattice, cell_at, degrees
from data.demo.relief import CELLS
from data.demo.roadbuilding import ROUGH, TRACK, Sites
from data.demo.roaddrawing import Road
from data.demo.settlement import Settlement
from gis.terrain import Terrain

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]
FIRST_COMMITTEE = 200  # GB codes of village committees start here, those of neighbourhoods at 001
UPLAND_CELLS = 5  # a village this far from running water is named after its hill


@dataclass(frozen=True, eq=False)
class County:
    """Everything that is laid out. Positions are in the plane, in metres, until they are written."""

    land: Terrain
    lattice: Lattice
    people: Settlement
    scale: float
    roads: list[Road]
    sites: Sites
    seed: int

    def rng(self, subject: int) -> np.random.Generator:
        """Random numbers of one register, independent of how many another one draws."""
        return np.random.default_rng([self.seed, 100 + subject])

    def lonlat(self, xy: npt.ArrayLike) -> dict[str, float]:
        """Return the lon and lat cells of a row."""
        lon, lat = degrees(np.asarray(xy, dtype=np.float64), self.scale)
        return {"lon": float(lon), "lat": float(lat)}

    @cached_property
    def village_codes(self) -> list[str]:
        """12-digit code of each village: town seats and the county seat's neighbour are neighbourhoods (001…)."""
        codes, used = [], dict.fromkeys(range(len(names.TOWNSHIPS)), 0)
        for village, township in enumerate(self.people.township_of.tolist()):
            prefix = names.TOWNSHIPS[township][0][:9]
            is_town = prefix[6] == "1"
            if is_town and village in self.people.seats:
                codes.append(f"{prefix}001")
                continue
            codes.append(f"{prefix}{FIRST_COMMITTEE + used[township]}")
            used[township] += 1
        return codes

    @cached_property
    def village_names(self) -> list[tuple[str, str]]:
        """Name of each village, in Chinese (with 村 or 社区) and English."""
        water = self.land.drained_km2
        upland = []
        for row, column in zip(*np.divmod(self.people.sites, CELLS), strict=True):
            near = np.s_[
                row - UPLAND_CELLS : row + UPLAND_CELLS + 1, column - UPLAND_CELLS : column + UPLAND_CELLS + 1
            ]
            upland.append(bool(water[near].max() < 2))
        named = names.villages(upland, self.rng(0))
        return [
            (
                zh + ("社区" if code[9] == "0" else "村"),
                f"{en} {'Community' if code[9] == '0' else 'Village'}",
            )
            for (zh, en), code in zip(named, self.village_codes, strict=True)
        ]

    @cached_property
    def village_xy(self) -> Floats:
        """Position of each village."""
        return self.lattice.of_cells(self.people.sites)

    @cached_property
    def population(self) -> npt.NDArray[np.int64]:
        """Inhabitants of each village: the seat a town, town seats larger than the rest, hills thinly settled."""
        rng = self.rng(1)
        people = np.rint(rng.lognormal(6.55, 0.45, self.people.sites.size)).astype(np.int64)
        people[self.people.seats] = np.rint(rng.uniform(2600, 5200, self.people.seats.size)).astype(np.int64)
        people[self.people.seats[0]] = 38_640
        return people

    def village_at(self, xy: npt.ArrayLike) -> int:
        """Find the village whose land holds a position; outside the county the nearest village."""
        row, column = cell_at(xy)
        village = int(self.people.villages[row, column])
        if village >= 0:
            return village
        return int(np.argmin(np.hypot(*(self.village_xy - np.asarray(xy)).T)))

    @cached_property
    def good_road_points(self) -> Floats:
        """Vertices of roads that any vehicle can use: where bases and plants stand."""
        return np.concatenate([road.line for road in self.roads if road.rank < TRACK and not road.tunnel])

    @cached_property
    def road_points(self) -> Floats:
        """Vertices of all roads but the roughest tracks."""
        return np.concatenate([road.line for road in self.roads if road.rank < ROUGH and not road.tunnel])

    def beside_road(self, xy: npt.ArrayLike, radius_m: float, rng: np.random.Generator) -> Floats:
        """Pick a place 12 to 30 m off a good road within a radius of a position, else by the nearest good road."""
        away = np.hypot(*(self.good_road_points - np.asarray(xy)).T)
        near = np.flatnonzero(away < radius_m)
        at = self.good_road_points[rng.choice(near) if near.size else int(np.argmin(away))]
        angle = rng.uniform(0, 2 * np.pi)
        place: Floats = at + rng.uniform(12, 30) * np.array([np.cos(angle), np.sin(angle)])
        return place
