"""Road networks as frozen arrays, and the overlays that close, slow or forbid their edges."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import shapely

SpeedClass = Literal["foot", "car", "truck", "heavy"]


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
class Closure:
    """A stretch of road that is closed or slowed; geometry is a point, line or area in EPSG:4490 degrees.

    A point closes the nearest edge within 50 m, a line every edge that it covers or crosses,
    an area every edge that touches it. `factor_percent` None = closed; 300 = three times slower.
    Outside [starts_at, ends_at) it has no effect; None = open-ended.
    """

    id: int
    geometry: shapely.Geometry
    factor_percent: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


__all__ = ["Closure", "SpeedClass", "VehicleProfile"]
