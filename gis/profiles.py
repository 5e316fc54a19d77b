"""What a vehicle may drive on, and how fast: whole milliseconds for each arc."""

from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Limits = tuple[Int32s, Int32s, Int32s]
SpeedClass = Literal["foot", "car", "truck", "heavy"]
Access = Literal["yes", "destination", "private", "foot", "no"]

ACCESS: Final[tuple[Access, ...]] = (
    "yes",
    "destination",
    "private",
    "foot",
    "no",
)  # a network stores the place in it
BARRED: Final = -1  # the weight of an arc that a profile may not use

# Share of the free-flow car speed that a class keeps on hilly county roads, and what it never exceeds. A loaded
# truck climbs slower and is limited by law (80 km/h; heavy machinery on a low loader 60 km/h).
_PERCENT_OF_CAR: Final = {"car": 100, "truck": 80, "heavy": 65}
_CAP_KMH: Final = {"car": 120.0, "truck": 80.0, "heavy": 60.0}

WALKING_KMH: Final = 4.0  # on uneven ground, with equipment
DETOUR_PERCENT: Final = 130  # a path across country is longer than the straight line


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleProfile:
    """What a road sees of a vehicle: two vehicles with equal profiles have equal times everywhere.

    mass_kg is the gross mass as driven; height and width in whole centimetres. 0 = unlimited road use.
    """

    speed_class: SpeedClass
    mass_kg: int = 0
    height_cm: int = 0
    width_cm: int = 0
    four_wheel_drive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileClass:
    """Profiles that no edge of a network can tell apart: the number of its distinct limits that each one breaks."""

    speed_class: SpeedClass
    masses: int = 0
    heights: int = 0
    widths: int = 0
    four_wheel_drive: bool = True


@dataclass(frozen=True, eq=False)
class Rules:
    """What E edges ask of a vehicle. Limits of 0 are none; `access` are places in `ACCESS`."""

    length_m: npt.NDArray[np.float64]
    speed_kmh: npt.NDArray[np.float64]
    oneway: npt.NDArray[np.int8]
    access: npt.NDArray[np.int8]
    max_mass_kg: Int32s
    max_height_cm: Int32s
    max_width_cm: Int32s
    four_wheel_drive_only: npt.NDArray[np.bool_]

    def limits(self) -> Limits:
        """Return the distinct limits for mass, height and width, each ascending."""
        mass, height, width = (
            np.unique(limit[limit > 0]) for limit in (self.max_mass_kg, self.max_height_cm, self.max_width_cm)
        )
        return mass, height, width

    def take(self, edges: Int32s) -> "Rules":
        """Return the rules of some edges only."""
        return Rules(**{each.name: getattr(self, each.name)[edges] for each in fields(self)})


def classify(profile: VehicleProfile, limits: Limits, *, tracks: bool) -> ProfileClass:
    """Return the class of a profile on a network with these distinct limits, and tracks for 4×4 only or none."""
    if profile.speed_class == "foot":
        return ProfileClass(speed_class="foot")
    sizes = (profile.mass_kg, profile.height_cm, profile.width_cm)
    masses, heights, widths = (
        int(np.searchsorted(limit, size)) for limit, size in zip(limits, sizes, strict=True)
    )
    return ProfileClass(
        speed_class=profile.speed_class,
        masses=masses,
        heights=heights,
        widths=widths,
        four_wheel_drive=profile.four_wheel_drive or not tracks,
    )


def arc_ms(rules: Rules, of: ProfileClass, limits: Limits) -> Int32s:
    """Return the milliseconds of each of 2 E arcs for a class, as if every access were "yes"; BARRED where it may not go.

    limits: the distinct limits that the class was made with.
    """
    ms = np.rint(rules.length_m * 3600.0 / _speed_kmh(rules, of))
    if np.any(ms >= np.iinfo(np.int32).max):
        raise ValueError("an edge takes longer than 24 days")
    both = np.repeat(np.maximum(ms, 1).astype(np.int32), 2)
    if of.speed_class == "foot":
        return both
    both[0::2][rules.oneway < 0] = BARRED
    both[1::2][rules.oneway > 0] = BARRED
    both[np.repeat(_breaks_a_limit(rules, of, limits), 2)] = BARRED
    return both


def _speed_kmh(rules: Rules, of: ProfileClass) -> npt.NDArray[np.float64]:
    if of.speed_class == "foot":
        return np.full(len(rules.length_m), WALKING_KMH)
    share = _PERCENT_OF_CAR[of.speed_class] / 100
    return np.minimum(rules.speed_kmh * share, _CAP_KMH[of.speed_class])


def _breaks_a_limit(rules: Rules, of: ProfileClass, limits: Limits) -> npt.NDArray[np.bool_]:
    broken = rules.four_wheel_drive_only & (not of.four_wheel_drive)
    posted = (rules.max_mass_kg, rules.max_height_cm, rules.max_width_cm)
    for limit, distinct, count in zip(posted, limits, (of.masses, of.heights, of.widths), strict=True):
        if count:
            broken = broken | ((limit > 0) & (limit <= distinct[count - 1]))
    return broken


def permits(access: npt.NDArray[np.int8], of: ProfileClass) -> npt.NDArray[np.bool_]:
    """Return whether the class may use edges of these accesses. Rescue uses private roads, too."""
    allowed = {"yes", "destination", "private"} | ({"foot"} if of.speed_class == "foot" else set())
    return np.isin(access, [place for place, code in enumerate(ACCESS) if code in allowed])


def walk_ms(metres: npt.NDArray[np.float64] | float) -> npt.NDArray[np.int64]:
    """Return the time on foot across country over a straight-line distance."""
    return np.rint(np.asarray(metres) * (DETOUR_PERCENT / 100) * 3600.0 / WALKING_KMH).astype(np.int64)
