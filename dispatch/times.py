"""Travel times as a plain table: what leaves from where, in which vehicle, to which place, in how many milliseconds.

`dispatch.measure` fills one from roads; tests fill one by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.model import Position, Snapshot
from gis.network import VehicleProfile

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Start(NamedTuple):
    """A place that something leaves from, in a vehicle of a profile: one row of the travel table."""

    position: Position
    speed_class: str
    mass_kg: int
    height_cm: int
    width_cm: int
    four_wheel_drive: bool

    @property
    def profile(self) -> VehicleProfile:
        return VehicleProfile(
            speed_class=self.speed_class,  # type: ignore[arg-type]  # it came out of a profile
            mass_kg=self.mass_kg,
            height_cm=self.height_cm,
            width_cm=self.width_cm,
            four_wheel_drive=self.four_wheel_drive,
        )


def start_of(position: Position, profile: VehicleProfile) -> Start:
    """Return the table row that a unit with this position and profile looks up."""
    return Start(
        position,
        profile.speed_class,
        profile.mass_kg,
        profile.height_cm,
        profile.width_cm,
        profile.four_wheel_drive,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TravelTable:
    """Road and walking times from every start to every target, in ms; road -1 where there is no way.

    `starts` and `targets` are as returned by `starts_of` and `targets_of`. Arrays have shape (starts, targets).
    `codes[reason]` names how a cell was or was not reached.
    """

    starts: tuple[Start, ...]
    targets: tuple[Position, ...]
    road_ms: Ints
    walk_ms: Ints
    reason: Ints
    codes: tuple[str, ...] = ("",)
    row_of: Mapping[Start, int] = field(init=False, repr=False)
    column_of: Mapping[Position, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "row_of", {start: row for row, start in enumerate(self.starts)})
        object.__setattr__(self, "column_of", {target: n for n, target in enumerate(self.targets)})
        shape = (len(self.starts), len(self.targets))
        for name in ("road_ms", "walk_ms", "reason"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")

    def cell(self, start: Start, target: Position) -> tuple[int, int, str]:
        """(road_ms, walk_ms, reason code) of one start and target."""
        row, column = self.row_of[start], self.column_of[target]
        return (
            int(self.road_ms[row, column]),
            int(self.walk_ms[row, column]),
            self.codes[int(self.reason[row, column])],
        )


def starts_of(snapshot: Snapshot) -> tuple[Start, ...]:
    """Every distinct (position, profile) of teams, their vehicles and depots' carriers, sorted."""
    found = {start_of(team.position, team.profile) for team in snapshot.teams}
    found.update(start_of(team.position, v.profile) for team in snapshot.teams for v in team.vehicles)
    found.update(start_of(depot.position, v.profile) for depot in snapshot.depots for v in depot.carriers)
    return tuple(sorted(found))


def targets_of(snapshot: Snapshot) -> tuple[Position, ...]:
    """Every distinct place to be reached: incidents first, then the points that coverage is measured at."""
    return tuple(
        dict.fromkeys(
            [incident.position for incident in sorted(snapshot.incidents, key=lambda i: i.id)]
            + sorted({cover.position for cover in snapshot.covers})
        )
    )
