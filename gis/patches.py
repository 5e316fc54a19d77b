"""Parts of a raster: dividing a region into compact connected ones, and outlining labels without gap or overlap."""

import numpy as np
import numpy.typing as npt
import shapely

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

OUTSIDE = -1  # the label of cells that belong to no part


def divide(region: Bools, parts: int, *, rounds: int = 6) -> Ints:
    """Label a 4-connected region with `parts` compact 4-connected parts of similar size; OUTSIDE elsewhere.

    Seeds start far apart and move to the middle of their part, as in Lloyd's (1982) method, but distances are walked
    inside the region, so that no part jumps a boundary.
    """
    if not 1 <= parts <= int(region.sum()):
        raise ValueError("parts must be between one and the number of cells")
    seeds = _spread_seeds(region, parts)
    labels = grow(region, seeds)
    for _ in range(rounds):
        moved = [middle(labels == label) for label in range(parts)]
        if moved == seeds:
            break
        seeds = moved
        labels = grow(region, seeds)
    return labels


def grow(region: Bools, seeds: list[tuple[int, int]]) -> Ints:
    """Label each cell of `region` with the nearest seed, walking between side neighbours; ties to the lower label."""
    labels = np.full(region.shape, OUTSIDE, dtype=np.int64)
    for label, seed in enumerate(seeds):
        labels[seed] = label
    big = len(seeds)
    while True:
        padded = np.pad(np.where(labels == OUTSIDE, big, labels), 1, constant_values=big)
        near = np.minimum.reduce([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
        reached = region & (labels == OUTSIDE) & (near < big)
        if not reached.any():
            return labels
        labels[reached] = near[reached]


def _spread_seeds(region: Bools, parts: int) -> list[tuple[int, int]]:
    seeds = [_farthest(region, [middle(region)])]
    while len(seeds) < parts:
        seeds.append(_farthest(region, seeds))
    return seeds


def _farthest(region: Bools, seeds: list[tuple[int, int]]) -> tuple[int, int]:
    """Find the last cell that a walk from all seeds at once reaches."""
    seen = np.zeros(region.shape, dtype=bool)
    for seed in seeds:
        seen[seed] = True
    last = seen
    while True:
        padded = np.pad(seen, 1)
        near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
        fresh = near & region & ~seen
        if not fresh.any():
            row, column = np.argwhere(last)[0]
            return int(row), int(column)
        seen, last = seen | fresh, fresh


def middle(part: Bools) -> tuple[int, int]:
    """Find the cell of the part that is nearest to its centre of mass."""
    cells = np.argwhere(part)
    nearest = np.argmin(((cells - cells.mean(axis=0)) ** 2).sum(axis=1))
    row, column = cells[nearest]
    return int(row), int(column)


def outlines(labels: Ints, corners: Floats, *, smoothing: int = 2) -> dict[int, shapely.Polygon]:
    """Polygons of labelled cells, borders shared to the last bit and freed of the cells' steps.

    labels (rows, columns), each label 4-connected; corners (rows + 1, columns + 1, 2): x and y of the cell corners.
    Where three parts meet the corner stays, so neighbours never part nor overlap.
    """
    arcs = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(label_borders(labels, corners))))
    smooth = [shapely.LineString(without_steps(shapely.get_coordinates(arc), smoothing)) for arc in arcs]
    faces = np.asarray(shapely.get_parts(shapely.polygonize(smooth)), dtype=object)
    tree = shapely.STRtree(faces)
    return {
        label: faces[tree.query(point, predicate="within")[0]]
        for label, point in _inner_points(labels, corners)
    }


def without_steps(arc: Floats, rounds: int) -> Floats:
    """Average each point with its neighbours, which turns stairs into slopes, then round off what is left."""
    ring = bool((arc[0] == arc[-1]).all())
    for _ in range(2 * rounds):
        if ring:
            inner = arc[:-1]
            moved = (np.roll(inner, 1, axis=0) + 2 * inner + np.roll(inner, -1, axis=0)) / 4
            arc = np.concatenate([moved, moved[:1]])
        else:
            arc = np.concatenate([arc[:1], (arc[:-2] + 2 * arc[1:-1] + arc[2:]) / 4, arc[-1:]])
    return cut_corners(arc, 1)


def label_borders(labels: Ints, corners: Floats) -> Floats:
    """Cell sides between different labels, as (n, 2, 2) segments."""
    padded = np.pad(labels, 1, constant_values=OUTSIDE)
    rows, columns = np.nonzero(padded[1:-1, :-1] != padded[1:-1, 1:])
    upright = np.stack([corners[rows, columns], corners[rows + 1, columns]], axis=1)
    rows, columns = np.nonzero(padded[:-1, 1:-1] != padded[1:, 1:-1])
    level = np.stack([corners[rows, columns], corners[rows, columns + 1]], axis=1)
    return np.concatenate([upright, level])


def _inner_points(labels: Ints, corners: Floats) -> list[tuple[int, shapely.Point]]:
    """For each label the centre of a cell well inside it, where smoothing cannot take it out."""
    depth = np.zeros(labels.shape, dtype=np.int64)
    inside = labels != OUTSIDE
    while inside.any():
        depth += inside
        padded = np.pad(np.where(inside, labels, OUTSIDE), 1, constant_values=OUTSIDE)
        same = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
        inside = inside & np.logical_and.reduce([side == labels for side in same])
    points = []
    centres = (corners[:-1, :-1] + corners[1:, 1:] + corners[:-1, 1:] + corners[1:, :-1]) / 4
    order = np.lexsort((-depth.ravel(), labels.ravel()))
    names, first = np.unique(labels.ravel()[order], return_index=True)
    for name, at in zip(names.tolist(), first.tolist(), strict=True):
        if name != OUTSIDE:
            points.append((name, shapely.Point(centres.reshape(-1, 2)[order[at]])))
    return points


def cut_corners(line: Floats, rounds: int) -> Floats:
    """Round a line (n, 2) off by cutting each corner at a quarter of its sides (Chaikin 1974).

    Ends stay; a ring stays a ring.
    """
    ring = bool((line[0] == line[-1]).all())
    for _ in range(rounds):
        if len(line) < 3:  # noqa: PLR2004 - a single side has no corner
            break
        near = 0.75 * line[:-1] + 0.25 * line[1:]
        far = 0.25 * line[:-1] + 0.75 * line[1:]
        cut = np.stack([near, far], axis=1).reshape(-1, 2)
        line = np.concatenate([cut, cut[:1]]) if ring else np.concatenate([line[:1], cut[1:-1], line[-1:]])
    return line
