"""Snapshot + road network → TravelTable: each distinct (profile, target) is searched once, for all its starts."""

from collections import defaultdict

import numpy as np

from dispatch.model import Snapshot
from dispatch.times import TravelTable, start_of, starts_of, targets_of
from gis.closures import Overlay
from gis.journeys import Reach
from gis.network import RoadNetwork
from gis.travel import times_to_each

REACH_CODES = tuple(reach.name.lower() for reach in sorted(Reach))


def measure(snapshot: Snapshot, network: RoadNetwork, overlay: Overlay) -> TravelTable:
    """Return times of every start to every incident, and of every team's people to the points of coverage.

    Cells that nobody asks for (a truck to a point of coverage) are left unreachable with the code of "no way".
    """
    starts, targets = starts_of(snapshot), targets_of(snapshot)
    shape = (len(starts), len(targets))
    road = np.full(shape, -1, dtype=np.int64)
    walk = np.full(shape, -1, dtype=np.int64)
    reason = np.full(shape, int(Reach.NO_WAY), dtype=np.int64)
    places = {incident.position for incident in snapshot.incidents}
    incidents = [n for n, target in enumerate(targets) if target in places]
    covers = [n for n, target in enumerate(targets) if target not in places]
    people = {start_of(team.position, team.profile) for team in snapshot.teams}
    by_profile = defaultdict(list)
    for row, start in enumerate(starts):
        by_profile[start[1:]].append(row)
    for rows in by_profile.values():
        profile = starts[rows[0]].profile
        walkers = [row for row in rows if starts[row] in people]
        for columns, served in ((incidents, rows), (covers, walkers)):
            if not columns or not served:
                continue
            positions = [starts[row].position for row in served]
            found = times_to_each(network, [targets[c] for c in columns], positions, profile, overlay)
            for column, times in zip(columns, found, strict=True):
                road[served, column] = times.road_ms
                walk[served, column] = times.walk_ms
                reason[served, column] = times.reach
    return TravelTable(
        starts=starts, targets=targets, road_ms=road, walk_ms=walk, reason=reason, codes=REACH_CODES
    )
