"""Generated road networks of any size, the same for the same seed: to measure on where no extract is large enough."""

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from gis.crs import STORED, geodesic_steps
from gis.network import RoadNetwork

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WEST, SOUTH = 110.0, 35.0
SPACING: Final = (0.0022, 0.0018)  # degrees between neighbours: about 200 m
EDGES_PER_NODE: Final = 1.2  # a mean degree of 2.4, as road networks have
_EVERY: Final = (
    (64, "primary", 80.0),
    (16, "secondary", 60.0),
    (4, "tertiary", 40.0),
    (1, "unclassified", 25.0),
)
_ONEWAY_SHARE: Final = 0.03


def generated(node_count: int, seed: int = 1) -> RoadNetwork:
    """Return a connected, planar network of about `node_count` nodes with four ranks of roads.

    Junctions are a shifted grid; a random spanning tree that prefers the higher ranks is laid over it, and as many further edges as give
    the usual mean degree: so most roads end or wind, and traffic collects on few.
    """
    side = int(np.sqrt(node_count))
    chance = np.random.default_rng(seed)
    lonlat = _junctions(side, chance)
    u, v = _neighbours(side)
    rank = _ranks(side, u, v)
    keep = _kept(side * side, u, v, rank, chance)
    u, v, rank = u[keep], v[keep], rank[keep]
    return RoadNetwork.build(
        pd.DataFrame({"node_id": np.arange(side * side), "lon": lonlat[:, 0], "lat": lonlat[:, 1]}),
        _edges(lonlat, u, v, rank, chance),
    )


def _junctions(side: int, chance: np.random.Generator) -> Floats:
    column, row = np.divmod(np.arange(side * side), side)
    shift = chance.uniform(-0.35, 0.35, size=(side * side, 2))
    grid = np.column_stack([column, row]) + shift
    return grid * SPACING + (WEST, SOUTH)


def _neighbours(side: int) -> tuple[Ints, Ints]:
    node = np.arange(side * side).reshape(side, side)
    east = (node[:-1].ravel(), node[1:].ravel())
    north = (node[:, :-1].ravel(), node[:, 1:].ravel())
    return np.concatenate([east[0], north[0]]), np.concatenate([east[1], north[1]])


def _ranks(side: int, u: Ints, v: Ints) -> Ints:
    """Return 0 for the highest rank: the rank of the grid line that an edge lies on."""
    along_row = v - u == side
    line = np.where(along_row, u % side, u // side)
    ranks = np.full(len(u), len(_EVERY) - 1)
    for rank in reversed(range(len(_EVERY))):
        ranks[line % _EVERY[rank][0] == 0] = rank
    return ranks


def _kept(
    node_count: int, u: Ints, v: Ints, rank: Ints, chance: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return which edges make the network: all of the two highest ranks, a spanning tree, and some more."""
    weight = chance.uniform(1.0, 2.0, size=len(u)) + rank
    tree = minimum_spanning_tree(csr_array((weight, (u, v)), shape=(node_count, node_count))).tocoo()
    keep = np.isin(u * node_count + v, tree.row.astype(np.int64) * node_count + tree.col)
    keep |= rank <= 1
    more = int(EDGES_PER_NODE * node_count) - int(keep.sum())
    if more > 0:
        keep[chance.choice(np.flatnonzero(~keep), size=more, replace=False)] = True
    return keep


def _edges(lonlat: Floats, u: Ints, v: Ints, rank: Ints, chance: np.random.Generator) -> gpd.GeoDataFrame:
    ends = np.column_stack([u, v]).ravel()
    lines = shapely.linestrings(lonlat[ends], indices=np.repeat(np.arange(len(u)), 2))
    oneway = (chance.random(len(u)) < _ONEWAY_SHARE) & (rank == len(_EVERY) - 1)
    limited = chance.random(len(u)) < 0.01  # noqa: PLR2004 - one bridge in a hundred edges
    none = np.full(len(u), None)
    return gpd.GeoDataFrame(
        {
            "edge_id": np.arange(1, len(u) + 1),
            "u": u,
            "v": v,
            "length_m": geodesic_steps(lonlat[ends])[::2] * 1.1,  # roads wind a little between junctions
            "road_class": np.array([name for _, name, _ in _EVERY])[rank],
            "speed_kmh": np.array([speed for _, _, speed in _EVERY])[rank],
            "oneway": oneway.astype(np.int8),
            "bridge": limited,
            "tunnel": False,
            "max_mass_kg": np.where(limited, 10_000, 0).astype(np.int32),
            "max_height_cm": np.int32(0),
            "max_width_cm": np.int32(0),
            "four_wheel_drive_only": False,
            "access": "yes",
            "conditional": none,
            "name": none,
            "ref": none,
        },
        geometry=lines,
        crs=STORED,
    )
