"""What sheets show: the rules that a county's policy sets for each kind and level."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from gis.atlas import SheetKind, SheetLevel
from gis.network import VehicleProfile

WayKind = Literal["shelter", "response"]

KINDS: Final[tuple[SheetKind, ...]] = get_args(SheetKind)
LEVELS: Final[tuple[SheetLevel, ...]] = get_args(SheetLevel)

MADE_SECTIONS: Final = ("figures", "sheets", "people", "facts", "ways")
"""Sections that are no table of a layer."""

READY_COLUMNS: Final = ("ready_min", "road_min", "total_min")
WORKED_OUT: Final = (*READY_COLUMNS, "way_m", "way_min")
"""Columns of a table that no layer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundRule:
    """What of the ground is drawn at a level: classes of roads and waterways, and whether hamlets are."""

    roads: tuple[str, ...]
    waterways: tuple[str, ...]
    settlements: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule:
    """A table of a layer's rows. first: the field whose greatest values come first. most: how many rows; None: all."""

    code: str
    layer: str
    columns: tuple[str, ...]
    first: str = ""
    most: int | None = None

    @property
    def answers(self) -> bool:
        """Whether its rows are those who come, by time, and not those that lie on the land."""
        return any(column in READY_COLUMNS for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule:
    """What a sheet of one kind and level shows. cells, people: the deepest levels of the grid that are drawn and listed."""

    layers: tuple[str, ...]
    sections: tuple[str, ...]
    cells: int
    people: int
    ways: tuple[WayKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """One kind of sheet: the theme of its grid, the roles and capabilities it shows (none: all), and its levels in turn."""

    theme: str
    roles: tuple[str, ...]
    capabilities: tuple[str, ...]
    levels: Mapping[SheetLevel, LevelRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtlasRules:
    """All kinds, what they share, and what stands in the margin of every sheet."""

    approval: str
    classification: str
    producer: Mapping[str, str]
    surroundings_m: int
    shelter_profile: VehicleProfile
    goods_profile: VehicleProfile
    ground: Mapping[SheetLevel, GroundRule]
    tables: Mapping[str, TableRule]
    kinds: Mapping[SheetKind, KindRule]

    def layers(self) -> tuple[str, ...]:
        """Name every layer that any sheet draws or lists."""
        rules = [level for kind in self.kinds.values() for level in kind.levels.values()]
        drawn = [layer for rule in rules for layer in rule.layers]
        listed = [self.tables[code].layer for rule in rules for code in rule.sections if code in self.tables]
        return tuple(dict.fromkeys([*drawn, *listed]))
