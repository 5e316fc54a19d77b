"""Between raster cells and the ground: a plane in metres around the county's middle, and longitude and latitude.

Cell centres and corners are shifted by a smooth field of up to half a cell, so that nothing traced over cells shows
their pattern. `scale` stretches the plane to give the county its exact area.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from data.demo.relief import CELL_M, CELLS, CENTRE, STEP_LAT, STEP_LON, fractal_noise
from gis.patches import cut_corners

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DECIMALS = 6  # of a degree: a tenth of a metre


@dataclass(frozen=True, eq=False)
class Lattice:
    """Shifts of each cell, in metres: (2, rows, columns), x to the east and y to the north."""

    shifts: Floats

    def metres(self, rows: npt.ArrayLike, columns: npt.ArrayLike) -> Floats:
        """Shifted positions of (fractional) rows and columns in the plane, (…, 2)."""
        r, c = np.asarray(rows, dtype=np.float64), np.asarray(columns, dtype=np.float64)
        east, north = (
            ndimage.map_coordinates(shift, [r, c], order=1, mode="nearest") for shift in self.shifts
        )
        middle = (CELLS - 1) / 2
        return np.stack([(c - middle) * CELL_M + east, (middle - r) * CELL_M + north], axis=-1)

    def of_cells(self, cells: Ints) -> Floats:
        """Positions of flat cell numbers."""
        return self.metres(*np.divmod(cells, CELLS))

    def corners(self) -> Floats:
        """Positions of all cell corners, (rows + 1, columns + 1, 2)."""
        rows, columns = np.mgrid[0 : CELLS + 1, 0 : CELLS + 1] - 0.5
        return self.metres(rows, columns)


def make_lattice(seed: int) -> Lattice:
    """Shifts of 22 m in the mean, with waves of half a kilometre and less."""
    rng = np.random.default_rng([seed, 2])
    fields = [fractal_noise(rng, CELLS, longest=8, roughness=0.5) for _ in range(2)]
    return Lattice(np.clip(22 * np.stack(fields), -34, 34))


def cell_at(point: npt.ArrayLike) -> tuple[int, int]:
    """Row and column of the cell around a position in the plane (shifts are smaller than a cell)."""
    x, y = np.asarray(point, dtype=np.float64)
    middle = (CELLS - 1) / 2
    return round(middle - y / CELL_M), round(x / CELL_M + middle)


def to_degrees(geometry: shapely.Geometry, scale: float) -> shapely.Geometry:
    """From the plane to longitude and latitude, rounded to DECIMALS."""
    return shapely.transform(geometry, lambda xy: degrees(xy, scale))


def degrees(xy: Floats, scale: float) -> Floats:
    """Longitude and latitude of positions (n, 2) in the plane."""
    per_metre = np.array([STEP_LON, STEP_LAT]) * (scale / CELL_M)
    rounded: Floats = np.round(np.asarray(CENTRE) + xy * per_metre, DECIMALS)
    return rounded


def smooth_line(line: Floats, *, rounds: int = 3, tolerance_m: float = 6.0) -> Floats:
    """Draw a traced line as roads and rivers are: corners cut, then points within the tolerance dropped."""
    cut = shapely.LineString(cut_corners(line, rounds)).simplify(tolerance_m)
    return shapely.get_coordinates(cut)
