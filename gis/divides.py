"""Divides between streams: where neither is nearer, which in hill country is close to the ridge.

Used as guide lines where only the streams are known, not the heights.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import QhullError, Voronoi
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree


def divides(streams: Sequence[BaseGeometry], *, step_m: float = 150.0) -> npt.NDArray[Any]:
    """Return lines half way between neighbouring streams (lines in stored degrees), as pieces of about `step_m`.

    Lines that touch count as one stream's course only where they are one line; fewer than two streams have none.
    """
    if len(streams) < 2:  # noqa: PLR2004  # between two
        return np.empty(0, dtype=object)
    middle = shapely.total_bounds(np.asarray(streams, dtype=object))[[1, 3]].mean()
    scale = np.asarray([float(one) for one in metres_per_degree(float(middle))])
    dense = shapely.segmentize(np.asarray(streams, dtype=object), step_m / float(scale[1]))
    xy, owner = shapely.get_coordinates(dense, return_index=True)
    xy, first = np.unique(xy * scale, axis=0, return_index=True)
    owner = owner[first]
    try:
        cells = Voronoi(xy)
    except QhullError:  # all in one line, or too few
        return np.empty(0, dtype=object)
    pairs = np.asarray(cells.ridge_points)
    between = owner[pairs[:, 0]] != owner[pairs[:, 1]]
    ends = np.asarray([vertices if len(vertices) == 2 else (-1, -1) for vertices in cells.ridge_vertices])  # noqa: PLR2004
    chosen = ends[between & (ends >= 0).all(axis=1)]
    pieces = cells.vertices[chosen] / scale
    west, south, east, north = shapely.total_bounds(dense)
    inside = ((pieces >= [west, south]) & (pieces <= [east, north])).all(axis=(1, 2))
    merged = shapely.line_merge(shapely.multilinestrings(pieces[inside])) if inside.any() else None
    return (
        np.empty(0, dtype=object) if merged is None else np.asarray(shapely.get_parts(merged), dtype=object)
    )
