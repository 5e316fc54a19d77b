"""Random counties: villages that share their borders to the last bit, with holes, islands and narrow necks among them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gis.grid_check import Grids
from gis.grid_making import Guides

WEST, SOUTH, SIZE = 110.9, 35.95, 0.12  # eleven by thirteen kilometres, across the 36th parallel


@dataclass(frozen=True, eq=False)
class County:
    """Land, its villages, and lines that borders should follow."""

    land: BaseGeometry
    villages: npt.NDArray[Any]
    guides: Guides
    seed: int

    def grids(self, cells: list[list[BaseGeometry]], codes: list[list[str]] | None = None) -> Grids:
        """Three levels: the county, its villages, the cells of each."""
        names = ["c", *(f"v{k}" for k in range(len(self.villages)))]
        parents = ["", *("c" for _ in self.villages)]
        levels = [3] + [4] * len(self.villages)
        shapes = [self.land, *self.villages]
        for k, own in enumerate(cells):
            names += codes[k] if codes else [f"v{k}-{n:02}" for n in range(len(own))]
            parents += [f"v{k}"] * len(own)
            levels += [5] * len(own)
            shapes += own
        return Grids(
            codes=names, parents=parents, levels=np.asarray(levels), shapes=np.asarray(shapes, dtype=object)
        )


@st.composite
def counties(draw: st.DrawFn, most: int = 7) -> County:
    """Draw a county of two to `most` villages."""
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    land = _land(rng)
    points = rng.uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE), (14, 2))
    edges: Any = shapely.voronoi_polygons(shapely.multipoints(points), only_edges=True, extend_to=land)
    faces = shapely.get_parts(
        shapely.polygonize([shapely.union(edges, shapely.boundary(land), grid_size=1e-7)])
    )
    faces = faces[shapely.contains(land, shapely.point_on_surface(faces))]
    owner = rng.integers(
        0, draw(st.integers(2, most)), len(faces)
    )  # far faces of one village are its islands
    villages = np.asarray([shapely.union_all(faces[owner == k]) for k in np.unique(owner)], dtype=object)
    return County(shapely.union_all(faces), villages, _guides(rng), seed)


def _land(rng: np.random.Generator) -> BaseGeometry:
    """A square, with a hole in it and a neck of a few metres to a second piece of land."""
    whole = shapely.box(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)
    lake = shapely.Point(rng.uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE))).buffer(0.012, quad_segs=4)
    x = WEST + SIZE * rng.uniform(0.3, 0.7)
    slit = shapely.box(x, SOUTH - 1, x + 1e-3, SOUTH + SIZE * 0.999)
    land = shapely.difference(whole, shapely.union(lake, slit))
    parts: list[BaseGeometry] = shapely.get_parts(land).tolist()
    return max(parts, key=lambda part: part.area)


def _guides(rng: np.random.Generator) -> Guides:
    def lines(count: int) -> list[BaseGeometry]:
        starts = rng.uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE), (count, 1, 2))
        ways = starts + np.cumsum(rng.normal(0, 0.008, (count, 12, 2)), axis=1)
        return [shapely.LineString(way) for way in ways]

    return Guides.of({"road": lines(3), "stream": lines(3), "ridge": lines(2)})
