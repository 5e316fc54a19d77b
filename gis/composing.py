"""A county's holdings → its sheets: which there are, their numbers and neighbours, and what each draws and lists. Pure."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from gis import areas, cartography
from gis.arriving import Arrival, Way
from gis.atlas import Cell, Direction, Drawn, Neighbour, Section, Sheet, SheetKind, SheetLevel, reach
from gis.atlas_rules import WORKED_OUT, AtlasRules, KindRule, LevelRule, TableRule
from gis.crs import geodesic_area_m2, metres_crs, metres_per_degree, to_metres
from gis.holdings import LEAF, Holdings, Land, LandKey, OnDuty, Position, Thing, key_of
from gis.holdings import Cell as GridCell

Lang = Literal["zh", "en"]
Tell = Callable[[str | None, str, Literal["name", "phone"]], str]
"""What a reader sees of a person's name or phone; the first argument is the area that the person belongs to."""

MINUTE_MS: Final = 60_000
_SHARED_BORDER_M: Final = 20.0  # shorter contact is a corner
_CIRCLE: Final = 24  # segments in a quarter
_DIRECTIONS: Final[tuple[Direction, ...]] = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_WITHIN: Final[Mapping[SheetLevel, SheetLevel]] = {
    "county": "township",
    "township": "village",
    "village": "grid",
}
_AREA_LEVELS: Final[tuple[SheetLevel, ...]] = ("county", "township", "village")
_NEAR: Final = frozenset(
    {"village", "grid", "enterprise"}
)  # levels so near that everything has its name written
_FACTS: Final = "key_facilities"
_HAZARDS: Final = "geohazard_points"
_SHELTERS: Final = "shelters"
_VILLAGES: Final = "villages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the roads told: who comes to each land, ways to shelters by layer and code, ways of who answers by land."""

    arrivals: Mapping[LandKey, tuple[Arrival, ...]]
    shelter_ways: Mapping[tuple[str, str], Way]
    response_ways: Mapping[LandKey, tuple[Way, ...]]


def minutes(milliseconds: int) -> int:
    """Round up to whole minutes: what is printed is never earlier than what was found."""
    return -(-milliseconds // MINUTE_MS)


def circle(place: Position, radius_m: float) -> BaseGeometry:
    """Return the land within so many metres of a place."""
    east_m, north_m = (float(metres) for metres in metres_per_degree(place[1]))
    disc = shapely.buffer(shapely.Point(place), 1.0, quad_segs=_CIRCLE)
    return scale(disc, radius_m / east_m, radius_m / north_m, origin=place)


def lands(holdings: Holdings, kind: KindRule) -> tuple[Land, ...]:
    """Return every land that has a sheet of a kind, in the order of their numbers: each followed by what lies in it."""
    levels = [level for level in kind.levels if level != "enterprise"]
    found = [land for land in holdings.lands.values() if land.level in levels]
    if "enterprise" in kind.levels:
        found += [land for land in holdings.lands.values() if land.level == "enterprise"]
    return tuple(sorted(found, key=_turn))


def _turn(land: Land) -> tuple[object, ...]:
    """Sort a land after the one that it lies in: the county, a township, its villages each with its cells, its enterprises."""
    township = areas.at_level(land.area, "township") or ""
    village = (areas.at_level(land.area, "village") or "") if land.level in {"village", "grid"} else ""
    return township, land.level == "enterprise", village, land.level == "grid", land.code


class Composer:
    """Makes sheets of one kind from one county's holdings, in one language, for one reader."""

    def __init__(
        self,
        holdings: Holdings,
        rules: AtlasRules,
        kind: SheetKind,
        *,
        lang: Lang,
        tell: Tell,
        personal: Mapping[str, Collection[str]],
        references: Mapping[tuple[str, str], str],
        labelled: Collection[str],
        path: Callable[[Land], str],
    ) -> None:
        """personal: fields about persons, by layer. references: layers that fields name, by layer and field. labelled:
        layers whose names are written on the map. path: the address of a land's live page.
        """
        self.holdings, self.rules, self.kind = holdings, rules, kind
        self.rule = rules.kinds[kind]
        self._lang, self._tell = lang, tell
        self._personal, self._references, self._labelled, self._path = personal, references, labelled, path
        self.lands = lands(holdings, self.rule)
        self.numbers = {key_of(land): number for number, land in enumerate(self.lands, 1)}
        self._tree = shapely.STRtree(holdings.ground.shapes)
        self._neighbours: dict[SheetLevel, dict[str, list[tuple[Direction, Land]]]] = {}

    def sheet(self, land: Land, found: Found) -> Sheet:
        """Make the sheet of a land that has one."""
        level = self.rule.levels[land.level]
        return Sheet(
            kind=self.kind,
            level=land.level,
            code=land.code,
            name=self._name(land),
            theme=self.rule_theme,
            subject=land.shape,
            drawn=tuple(self._drawn(land, level, found)),
            sections=tuple(self._sections(land, level, found)),
            neighbours=self.neighbours(land),
            number=self.numbers[key_of(land)],
            total=len(self.numbers),
            data_date=self.holdings.day,
            path=self._path(land),
            approval=self.rules.approval,
            classification=self.rules.classification,
            producer=self.rules.producer[self._lang],
            locator=self._locator,
        )

    @property
    def rule_theme(self) -> str:
        """The theme of the grid whose cells and people are shown."""
        return self.holdings.theme

    # -- neighbours

    def neighbours(self, land: Land) -> tuple[Neighbour, ...]:
        """Return the sheets of the same level that share a border with this one, clockwise from the north."""
        if land.level in {"county", "enterprise"}:
            return ()
        if land.level not in self._neighbours:
            self._neighbours[land.level] = self._find_neighbours(land.level)
        return tuple(
            Neighbour(
                direction=direction,
                code=other.code,
                name=self._name(other),
                number=self.numbers.get(key_of(other)),
            )
            for direction, other in self._neighbours[land.level].get(land.code, [])
        )

    def _find_neighbours(self, level: SheetLevel) -> dict[str, list[tuple[Direction, Land]]]:
        same = {land.code: land for land in self.holdings.lands.values() if land.level == level}
        if not same:
            return {}
        metres = metres_crs(*next(iter(same.values())).place)
        shapes = {code: to_metres(land.shape, metres) for code, land in same.items()}
        graph = cartography.neighbours(shapes, shared=_SHARED_BORDER_M)
        middles = {code: shape.centroid for code, shape in shapes.items()}
        found: dict[str, list[tuple[Direction, Land]]] = {}
        for code in graph:
            bearings = sorted(
                (math.degrees(math.atan2(there.x - here.x, there.y - here.y)) % 360, other)
                for other in graph[code]
                for here, there in [(middles[code], middles[other])]
            )
            found[code] = [(_direction(bearing), same[other]) for bearing, other in bearings]
        return found

    # -- drawing

    @cached_property
    def _locator(self) -> tuple[Drawn, ...]:
        return tuple(
            Drawn(layer="area", code=land.code, geometry=land.shape, detail=land.level)
            for land in self.holdings.lands.values()
            if land.level in {"county", "township"}
        )

    @cached_property
    def _tints(self) -> dict[str, int]:
        """Tints of all areas and leaf cells, each level by itself."""
        found: dict[str, int] = {}
        shapes: dict[str, dict[str, BaseGeometry]] = {}
        for land in self.holdings.lands.values():
            shapes.setdefault(land.level, {})[land.code] = land.shape
        for level in ("township", "village", "grid"):
            if level in shapes:
                metres = metres_crs(*self.holdings.lands["county", self.holdings.county].place)
                flat = {code: to_metres(shape, metres) for code, shape in shapes[level].items()}
                graph = cartography.neighbours(flat, shared=_SHARED_BORDER_M)
                found |= cartography.tints(graph)
        return found

    def _drawn(self, land: Land, level: LevelRule, found: Found) -> Iterator[Drawn]:
        box = shapely.box(*reach(land.shape))
        yield from self._ground(land, box)
        yield from self._areas(land, level, box)
        yield from self._cells(land, level, box)
        yield from self._ways(land, level, found)
        for layer in level.layers:
            yield from self._things(layer, land, box)

    def _ground(self, land: Land, box: BaseGeometry) -> Iterator[Drawn]:
        ground, rule = self.holdings.ground, self.rules.ground[land.level]
        for place in sorted(int(i) for i in self._tree.query(box, predicate="intersects")):
            sort, sort_class = ground.sorts[place], ground.classes[place]
            if _is_shown(sort, sort_class, rule.roads, rule.waterways, settlements=rule.settlements):
                yield Drawn(
                    layer=sort,
                    code=str(place),
                    geometry=ground.shapes[place],
                    detail=sort_class,
                    name=ground.names[place],
                    subject=sort != "settlement"
                    or bool(shapely.intersects(land.shape, ground.shapes[place])),
                )

    def _areas(self, land: Land, level: LevelRule, box: BaseGeometry) -> Iterator[Drawn]:
        """Draw outlines down to the level within the land, or its own; those of that level have tints."""
        deepest: SheetLevel = "township" if land.level == "county" else "village"
        for one in self.holdings.lands.values():
            if one.level not in _AREA_LEVELS or not shapely.intersects(box, one.shape):
                continue
            if _AREA_LEVELS.index(one.level) > _AREA_LEVELS.index(deepest):
                continue
            inside = land.level in _AREA_LEVELS and areas.contains(land.code, one.code)
            around = key_of(one) != key_of(land) and areas.contains(one.code, land.area)
            tinted = one.level == deepest and not (level.cells == LEAF and land.level in {"village", "grid"})
            yield Drawn(
                layer="area",
                code=one.code,
                geometry=one.shape,
                detail=one.level,
                name="" if around else self._name(one),
                subject=inside or around,
                weight=one.population or 0,
                colour=self._tints.get(one.code) if tinted else None,
            )

    def _cells(self, land: Land, level: LevelRule, box: BaseGeometry) -> Iterator[Drawn]:
        """Draw leaf cells where the rule goes so deep: wider cells are the areas that are drawn anyway."""
        if level.cells < LEAF:
            return
        own = {cell.code for cell in self.holdings.cells_of(land)}
        for cell in self.holdings.leaves:
            if shapely.intersects(box, cell.shape):
                yield Drawn(
                    layer="grid_cells",
                    code=cell.code,
                    geometry=cell.shape,
                    detail=str(cell.level),
                    name=self._named(cell.name, cell.name_en),
                    subject=cell.code in own,
                    colour=self._tints.get(cell.code),
                )

    def _ways(self, land: Land, level: LevelRule, found: Found) -> Iterator[Drawn]:
        lines = []
        if "shelter" in level.ways:
            lines += [("shelter", way) for way in self._shelter_ways(land, found)]
        if "response" in level.ways:
            lines += [("response", way) for way in found.response_ways.get(key_of(land), ())]
        for detail, way in lines:
            yield Drawn(
                layer="route",
                code=f"{way.source.layer}/{way.source.code}",
                geometry=way.line,
                detail=detail,
                name=self._named(way.source.name, way.source.name_en) if detail == "response" else "",
            )

    def _things(self, layer: str, land: Land, box: BaseGeometry) -> Iterator[Drawn]:
        things, tree = self._layers[layer]
        for place in sorted(int(i) for i in tree.query(box, predicate="intersects")):
            thing = things[place]
            own = self.holdings.belongs(thing, land)
            radius = thing.fields.get("threat_radius_m")
            if radius:
                yield Drawn(
                    layer="threat",
                    code=thing.code,
                    geometry=circle(thing.position, float(radius)),
                    detail=thing.detail,
                    subject=own,
                )
            written = layer in self._labelled or (own and land.level in _NEAR)
            yield Drawn(
                layer=layer,
                code=thing.code,
                geometry=thing.shape,
                detail=thing.detail,
                name=self._named(thing.name, thing.name_en) if written else "",
                subject=own,
                weight=_weight(thing),
            )

    @cached_property
    def _layers(self) -> Mapping[str, tuple[tuple[Thing, ...], shapely.STRtree]]:
        return {
            layer: (
                self.holdings.things.get(layer, ()),
                shapely.STRtree([t.shape for t in self.holdings.things.get(layer, ())]),
            )
            for layer in self.rules.layers()
        }

    # -- tables

    def _sections(self, land: Land, level: LevelRule, found: Found) -> Iterator[Section]:
        for code in level.sections:
            if code == "figures":
                section = self._figures(land, level)
            elif code == "sheets":
                section = self._within(land)
            elif code == "people":
                yield from (section for section in self._people(land, level) if section.rows)
                continue
            elif code == "facts":
                section = self._facts(land)
            elif code == "ways":
                section = self._way_rows(land, found)
            else:
                section = self._table(self.rules.tables[code], land, found)
            if section.rows:
                yield section

    def _figures(self, land: Land, level: LevelRule) -> Section:
        people, households = self._population(land)
        listed = {self.rules.tables[code].layer for code in level.sections if code in self.rules.tables}
        shown = listed | set(level.layers)
        rows: list[tuple[str, Cell]] = [
            ("area_km2", round(geodesic_area_m2(land.shape) / 1e6, 2)),
            ("population", people),
            ("households", households),
        ]
        if land.level == "county":
            rows.append(("townships", sum(one.level == "township" for one in self.holdings.lands.values())))
        if land.level in {"county", "township", "enterprise"}:
            rows.append(("villages", len(self.holdings.of(_VILLAGES, land))))
        if land.level != "grid":
            rows.append(("cells", len(self.holdings.cells_of(land)) or None))
        if land.level != "enterprise":
            rows.append(("persons", len(self._persons(land)) or None))
        if _HAZARDS in shown:
            rows += _sums("hazards", self.holdings.of(_HAZARDS, land), ("households", "people"))
        if _SHELTERS in shown:
            rows += _sums("shelters", self.holdings.of(_SHELTERS, land), ("capacity",))
        for layer in ("water_points", "helipads", "loudspeakers", _FACTS, "teams", "depots"):
            if layer in shown and land.level != "enterprise":
                rows.append((layer, len(self.holdings.of(layer, land)) or None))
        return Section(
            code="figures",
            columns=("fact", "value"),
            rows=tuple((code, value) for code, value in rows if value is not None),
        )

    def _population(self, land: Land) -> tuple[int | None, int | None]:
        """Count the people of the villages on a land; of a leaf cell as its ledger says, or its village's where it is all of it."""
        if land.level == "grid":
            above = self.holdings.cells[land.code].parent if land.code in self.holdings.cells else None
            if land.population is not None or len(self.holdings.children.get(above or "", ())) != 1:
                return land.population, land.households
            found = [one for one in self.holdings.things.get(_VILLAGES, ()) if one.code == land.area]
        else:
            found = list(self.holdings.of(_VILLAGES, land))
        if not found:
            return None, None
        return tuple(
            sum(int(one.fields.get(key) or 0) for one in found) for key in ("population", "households")
        )  # type: ignore[return-value]  # two keys

    def _persons(self, land: Land) -> set[str]:
        """Return the codes of all who have a duty in the land's own cells; at a leaf, in this one."""
        cell = self.holdings.cells.get(land.cell or "")
        own = [] if cell is None else [cell, *self.holdings.below(cell.code)]
        return {person.person for one in own for person in self.holdings.on_duty.get(one.code, ())}

    def _within(self, land: Land) -> Section:
        """List the sheets of the land that lies in this one."""
        level = _WITHIN.get(land.level)
        inside = [
            one
            for one in self.lands
            if one.level == level and areas.contains(land.code, one.area) and one.code != land.code
        ]
        rows = []
        for one in inside:
            population, households = self._population(one)
            rows.append(
                (
                    self.numbers[key_of(one)],
                    self._name(one),
                    population,
                    households,
                    round(geodesic_area_m2(one.shape) / 1e6, 2),
                    len(self.holdings.cells_of(one)),
                )
            )
        columns = (
            "number",
            "areas.name",
            "areas.population",
            "areas.households",
            "area_km2",
            "cells",
        )
        return Section(code="sheets", columns=columns, rows=tuple(rows))

    def _people(self, land: Land, level: LevelRule) -> Iterator[Section]:
        """List who answers for the land: its chain person by person, the nearest first, then the cells below level by level, one a row."""
        chain = self.holdings.chain(land.cell)
        rows: list[tuple[Cell, ...]] = [
            (None, self._name(land), *self._person(person, land.area))
            for person in self.holdings.in_charge.get((_FACTS, land.code), ())
            if land.level == "enterprise"
        ]
        for cell in reversed(chain):
            rows += [
                (str(cell.level), self._named(cell.name, cell.name_en), *self._person(person, land.area))
                for person in self._on_duty(cell.code)
            ]
        yield Section(
            code="people",
            columns=(
                "grid_cells.level",
                "grid_cells.name",
                "duties.role",
                "duties.rank",
                "people.name",
                "people.phone",
            ),
            rows=tuple(rows),
        )
        below = [] if land.level == "enterprise" else list(self.holdings.below(land.cell))
        for depth in sorted({cell.level for cell in below if cell.level <= level.people}):
            yield self._people_of([cell for cell in below if cell.level == depth], depth)

    def _people_of(self, cells: Sequence[GridCell], depth: int) -> Section:
        """List the people of cells of one level: a column a role, those who stand in after those who answer first."""
        on_duty = {cell.code: self._on_duty(cell.code) for cell in cells}
        roles = list(dict.fromkeys(one.role for people in on_duty.values() for one in people))
        roles.sort(key=lambda role: self.rule.roles.index(role) if role in self.rule.roles else 0)
        rows = tuple(
            (
                self._named(cell.name, cell.name_en),
                *(
                    _SEPARATOR.join(
                        self._written(one, cell.area) for one in on_duty[cell.code] if one.role == role
                    )
                    for role in roles
                ),
            )
            for cell in cells
        )
        columns = ("grid_cells.name", *(f"duty_roles.{role}" for role in roles))
        return Section(code=f"people.{depth}", columns=columns, rows=rows)

    def _written(self, person: OnDuty, area: str | None) -> str:
        name, phone = self._tell(area, person.name, "name"), self._tell(area, person.phone, "phone")
        return f"{name} {phone}".strip() if person.rank == _FIRST else f"{person.rank} {name} {phone}".strip()

    def _person(self, person: OnDuty, area: str | None) -> tuple[Cell, ...]:
        name, phone = self._tell(area, person.name, "name"), self._tell(area, person.phone, "phone")
        return person.role, person.rank, name, phone

    def _on_duty(self, cell: str | None) -> Sequence[OnDuty]:
        """Return who answers for a cell in one of the kind's roles: by rank, then by role in the rule's order."""
        roles = self.rule.roles
        people = self.holdings.on_duty.get(cell or "", ())
        if roles:
            people = tuple(one for one in people if one.role in roles)
        turn = {role: number for number, role in enumerate(roles)}
        return sorted(people, key=lambda one: (turn.get(one.role, 0), one.role, one.rank, one.person))

    def _facts(self, land: Land) -> Section:
        """List what is known of an enterprise."""
        thing = next((one for one in self.holdings.things.get(_FACTS, ()) if one.code == land.code), None)
        if thing is None or land.level != "enterprise":
            return Section(code="facts", columns=("fact", "value"), rows=())
        rows = [
            (f"{_FACTS}.{name}", self._value(thing, name)) for name in thing.fields if name not in _UNTOLD
        ]
        return Section(
            code="facts",
            columns=("fact", "value"),
            rows=tuple((name, value) for name, value in rows if value not in (None, "")),
        )

    def _shelter_ways(self, land: Land, found: Found) -> list[Way]:
        """Return the ways to shelters of what lies on a land: its villages, then its hazard points."""
        sources = [*self.holdings.of(_VILLAGES, land), *self.holdings.of(_HAZARDS, land)]
        if land.level == "grid":
            sources = [one for one in sources if one.leaf == land.code]
        known = [found.shelter_ways.get((one.layer, one.code)) for one in sources]
        return [way for way in known if way is not None]

    def _way_rows(self, land: Land, found: Found) -> Section:
        rows = []
        for way in self._shelter_ways(land, found):
            assert way.target is not None  # noqa: S101  # for the type: a way to a shelter has one
            rows.append(
                (
                    self._named(way.source.name, way.source.name_en),
                    self._named(way.target.name, way.target.name_en),
                    way.target.fields.get("capacity"),
                    round(way.length_m),
                    minutes(way.total_ms),
                )
            )
        columns = ("from", "to", "shelters.capacity", "way_m", "way_min")
        return Section(code="ways", columns=columns, rows=tuple(rows))

    def _table(self, table: TableRule, land: Land, found: Found) -> Section:
        known: dict[str, Arrival] = {}
        if table.answers:
            known = {one.thing.code: one for one in self.answering(table, land, found)}
            things: list[Thing] = [one.thing for one in known.values()]
        else:
            things = list(self.holdings.of(table.layer, land))
            if table.layer == _FACTS:
                things = [one for one in things if one.code != land.code]
            if table.first:
                things.sort(key=lambda one: -float(one.fields.get(table.first) or 0))
        rows = tuple(
            tuple(self._cell(thing, column, known.get(thing.code), found) for column in table.columns)
            for thing in things[: table.most]
        )
        columns = tuple(c if c in WORKED_OUT else f"{table.layer}.{c}" for c in table.columns)
        return Section(code=table.code, columns=columns, rows=rows)

    def answering(self, table: TableRule, land: Land, found: Found) -> list[Arrival]:
        """Return who of a table's layer comes to a land, the first first, as many as the table has."""
        coming = [one for one in found.arrivals.get(key_of(land), ()) if one.thing.layer == table.layer]
        wanted = capabilities_for(self.holdings, self.rule, land)
        if wanted and table.layer == "teams":
            coming = [one for one in coming if one.thing.capabilities & wanted]
        return coming[: table.most]

    def responding(self, land: Land, found: Found) -> list[Arrival]:
        """Return everybody who answers by the tables of a land's sheet: those whose ways are drawn."""
        tables = [self.rules.tables.get(code) for code in self.rule.levels[land.level].sections]
        return [
            one for table in tables if table and table.answers for one in self.answering(table, land, found)
        ]

    def _cell(self, thing: Thing, column: str, arrival: Arrival | None, found: Found) -> Cell:
        if column in {"way_m", "way_min"}:
            way = found.shelter_ways.get((thing.layer, thing.code))
            if way is None:
                return None
            return minutes(way.total_ms) if column == "way_min" else round(way.length_m)
        if column in WORKED_OUT:
            if arrival is None:
                return None
            return {
                "ready_min": minutes(arrival.ready_ms),
                "road_min": minutes(arrival.road_ms + arrival.walk_ms),
                "total_min": minutes(arrival.total_ms),
            }[column]
        return self._value(thing, column)

    def _value(self, thing: Thing, name: str) -> Cell:
        """Return a field as this reader may see it; a reference by the name of what it names."""
        value: Any = thing.fields.get(name)
        if value is None or value == "":
            return None
        if name == "name":
            return self._named(thing.name, thing.name_en)
        if name in self._personal.get(thing.layer, ()):
            return self._tell(thing.area, str(value), "phone" if "phone" in name else "name")
        target = self._references.get((thing.layer, name))
        if target is not None:
            return self._named(*self.holdings.names.get((target, str(value)), (str(value), "")))
        if isinstance(value, float) and value.is_integer():
            return int(value)
        cell: Cell = value
        return cell

    def _name(self, land: Land) -> str:
        return self._named(land.name, land.name_en)

    def _named(self, name: str, name_en: str) -> str:
        return name_en if self._lang == "en" and name_en else name


_FIRST: Final = "A"
_SEPARATOR: Final = "; "
_UNTOLD: Final = frozenset({"code", "name", "name_en", "area_code"})


def capabilities_for(holdings: Holdings, kind: KindRule, land: Land) -> frozenset[str]:
    """Return what teams must be able to do to count as answering for a land; empty: anything."""
    if land.level == "enterprise":
        thing = next((one for one in holdings.things.get(_FACTS, ()) if one.code == land.code), None)
        needed = str(thing.fields.get("capability") or "") if thing else ""
        return frozenset({needed} if needed else ())
    return frozenset(kind.capabilities)


def _is_shown(
    sort: str, sort_class: str, roads: Collection[str], waterways: Collection[str], *, settlements: bool
) -> bool:
    if sort == "road":
        return sort_class.removesuffix("_link") in roads
    if sort == "waterway":
        return sort_class in waterways
    return sort != "settlement" or settlements


def _direction(bearing: float) -> Direction:
    return _DIRECTIONS[int((bearing + 22.5) // 45) % 8]


def _sums(code: str, things: Sequence[Thing], keys: Sequence[str]) -> list[tuple[str, Cell]]:
    if not things:
        return []
    totals: list[tuple[str, Cell]] = [
        (f"{code}_{key}", sum(int(one.fields.get(key) or 0) for one in things)) for key in keys
    ]
    return [(code, len(things)), *totals]


def _weight(thing: Thing) -> int:
    """Tell whose name matters more, by the people there: those who live, are in danger, work, or are ready."""
    for key in ("population", "people", "capacity", "staff", "strength"):
        if thing.fields.get(key):
            return int(thing.fields[key])
    return 0
