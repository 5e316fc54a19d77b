"""The map itself, inside its neat line: what lies on the ground, borders, signs and names, in the order of a printed map."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from data.policy_model import Policy
from gis import cartography, labels
from gis.atlas import Drawn, Sheet
from gis.cartography import MapFrame
from web.sheets import fonts, looks, naming, svg, symbols
from web.sheets.naming import LEAST_MM, Manner, Wanted
from web.sheets.page import Page

_THIN_MM: Final = 0.06  # a tenth of what an eye tells apart on paper
_BEYOND_MM: Final = 1.0  # lines are cut a little outside of the frame, so that no cap shows
_MOST_MOVED_MM: Final = 3.0
_ROOM: Final = 1.05  # of a sign's radius: what it keeps free of other signs
_BADGE_MM: Final = 1.15
_OWN_BASE: Final = 2000
_OWN_MM: Final = 2.6  # radius of the sign of what the sheet is about: an enterprise
_MANY: Final = 180  # signs on A3: when there are more they are drawn smaller
_HAMLETS_FROM: Final = 60_000
_STREAM_NAMES_FROM: Final = 100_000
_AREAS: Final = frozenset({"area", "grid_cells"})
_VILLAGES: Final = "villages"  # the layer whose points are places, not signs
_GROUND: Final = frozenset(
    {"area", "grid_cells", "road", "water", "waterway", "wood", "settlement", "route", "threat"}
)

_DEPTHS: Final = {level: depth for depth, level in enumerate(looks.BORDERS)}
_NAMES_OF_AREAS: Final[Mapping[str, tuple[float, str, int]]] = {
    "county": (5.4, "#4b3a6b", 900),
    "township": (4.2, "#4b3a6b", 800),
    "district": (3.4, "#55486e", 600),
    "village": (2.9, "#37424d", 500),
    "grid": (2.5, "#566424", 450),
}
_NAMES_OF_PLACES: Final[Mapping[str, tuple[float, int, float]]] = {
    "county": (3.4, 700, 1.1),
    "township": (3.0, 600, 0.9),
    "village": (2.4, 300, 0.6),
    "hamlet": (LEAST_MM, 40, 0.35),
}


@dataclass(slots=True)
class Drawing:
    """A map as SVG, and what is really on it, for the legend."""

    body: str = ""
    signs: Counter[str] = field(default_factory=Counter)
    """Layers → how many of the sheet's own land."""
    extents: set[str] = field(default_factory=set)
    """Those of them that are drawn as lines or outlines."""
    roads: set[str] = field(default_factory=set)
    borders: set[str] = field(default_factory=set)
    ground: set[str] = field(default_factory=set)
    routes: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    tints: list[int] = field(default_factory=list)
    listed: Mapping[int, tuple[Drawn, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Thing:
    drawn: Drawn
    shape: BaseGeometry


def draw(
    sheet: Sheet, frame: MapFrame, page: Page, policy: Policy, *, reserved: Sequence[BaseGeometry] = ()
) -> Drawing:
    """Draw a sheet's land. `reserved`: boxes on paper that no name may cover (the north arrow)."""
    drawing = Drawing()
    shapes = frame.drawn([sheet.subject, *(one.geometry for one in sheet.drawn)])
    subject = cartography.thinned(shapes[:1], _THIN_MM)[0]
    things = [
        _Thing(one, shape.geoms[0] if shape.geom_type == "MultiPoint" else shape)
        for one, shape in zip(sheet.drawn, shapes[1:], strict=True)
        if not shape.is_empty
    ]
    sorted_things: dict[str, list[_Thing]] = {}
    for thing in things:
        sorted_things.setdefault(thing.drawn.layer, []).append(thing)
    stress = looks.STRESSES[sheet.kind]
    wanted: list[Wanted] = []

    areas = _thinned_areas([thing for thing in things if thing.drawn.layer in _AREAS])
    borders = _borders(areas, frame, drawing)
    signs, boxes = _signs(sorted_things, sheet, frame, page, policy, drawing=drawing, wanted=wanted)
    extents = _extents(sorted_things, frame, policy, drawing=drawing, wanted=wanted)
    roads, road_lines = _roads(sorted_things.get("road", []), frame, drawing, wanted)
    water = _water(sorted_things, frame, drawing, wanted)
    named = {one.drawn.name for one in wanted if _place(one.drawn)} - {""}
    _area_names(areas, sheet, frame, page, wanted=wanted, named=named)
    edge = shapely.boundary(subject)
    names = naming.write(
        wanted,
        frame=(frame.width_mm, frame.height_mm),
        signs=[*boxes, *reserved],
        avoided=[edge, *road_lines],
    )
    drawing.listed = names.listed
    drawing.body = "".join(
        (
            svg.element("rect", width=frame.width_mm, height=frame.height_mm, fill=looks.LAND),
            _tints(areas, frame, drawing, strong=stress.tinted),
            _woods(sorted_things.get("wood", []), frame, drawing, stress.wood),
            water,
            _grid(frame),
            roads,
            _wash(subject, frame, drawing),
            _threats(sorted_things.get("threat", []), frame, drawing),
            borders,
            _subject_edge(edge, frame, drawing),
            extents,
            _routes(sorted_things.get("route", []), frame, drawing),
            svg.group(names.leaders, fill="none", stroke=looks.SOFT_INK, stroke_width=0.12),
            signs,
            svg.group(names.light, fill="#fff", fill_opacity="0.82"),
            svg.group(names.words),
        )
    )
    return drawing


def _cut(shapes: Iterable[BaseGeometry], frame: MapFrame) -> npt.NDArray[np.object_]:
    return cartography.clipped(np.array([*shapes, None], dtype=object)[:-1], frame, beyond_mm=_BEYOND_MM)


# -- areas


def _level(drawn: Drawn) -> str:
    level = looks.GRID_LEVELS.get(drawn.detail, drawn.detail) if drawn.layer == "grid_cells" else drawn.detail
    return level if level in looks.BORDERS else "grid"


def _thinned_areas(areas: Sequence[_Thing]) -> list[_Thing]:
    by_level: dict[tuple[str, str], list[_Thing]] = {}
    for thing in areas:
        by_level.setdefault((thing.drawn.layer, thing.drawn.detail), []).append(thing)
    return [
        _Thing(thing.drawn, shape)
        for group in by_level.values()
        for thing, shape in zip(
            group,
            cartography.thinned_coverage(
                np.array([*(t.shape for t in group), None], dtype=object)[:-1], _THIN_MM
            ),
            strict=True,
        )
    ]


def _tints(areas: Sequence[_Thing], frame: MapFrame, drawing: Drawing, *, strong: bool) -> str:
    # of several divisions that lie on each other the finest is told apart
    finest = max(
        (
            (t.drawn.layer == "grid_cells", _DEPTHS[_level(t.drawn)])
            for t in areas
            if t.drawn.colour is not None
        ),
        default=None,
    )
    tinted = [
        t
        for t in areas
        if t.drawn.colour is not None and (t.drawn.layer == "grid_cells", _DEPTHS[_level(t.drawn)]) == finest
    ]
    by_number: dict[int, list[BaseGeometry]] = {}
    for thing, shape in zip(tinted, _cut((thing.shape for thing in tinted), frame), strict=True):
        if not shape.is_empty:
            by_number.setdefault((thing.drawn.colour or 0) % len(looks.TINTS), []).append(shape)
    drawing.tints = sorted(by_number)
    return svg.group(
        (
            svg.element("path", d="".join(map(svg.data, shapes)), fill=looks.TINTS[number])
            for number, shapes in sorted(by_number.items())
        ),
        fill_opacity=None if strong else "0.6",
    )


def _borders(areas: Sequence[_Thing], frame: MapFrame, drawing: Drawing) -> str:
    near = shapely.box(-20, -20, frame.width_mm + 20, frame.height_mm + 20)
    levels = {level: [t.shape for t in areas if _level(t.drawn) == level] for level in looks.BORDERS}
    lines = cartography.border_lines(
        (level, [shape for shape in shapes if shape.intersects(near)])
        for level, shapes in levels.items()
        if shapes
    )
    out = []
    for level, shape in zip(reversed(lines), _cut(reversed(lines.values()), frame), strict=True):
        if shape.is_empty:
            continue
        drawing.borders.add(level)
        look = looks.BORDERS[level]
        out.append(
            svg.path(
                shape,
                stroke=look.colour,
                stroke_width=look.width,
                stroke_dasharray=" ".join(map(svg.n, look.dash)),
            )
        )
    return svg.group(out, fill="none", stroke_linejoin="round")


def _wash(subject: BaseGeometry, frame: MapFrame, drawing: Drawing) -> str:
    """Pale what the sheet is not about."""
    around = shapely.box(0, 0, frame.width_mm, frame.height_mm).difference(subject)
    if around.area > 1:
        drawing.ground.add("around")
    return svg.path(around, fill="#fff", fill_opacity="0.58", fill_rule="evenodd")


def _subject_edge(edge: BaseGeometry, frame: MapFrame, drawing: Drawing) -> str:
    line = _cut([edge], frame)[0]
    drawing.ground.add("subject")
    return svg.path(
        line,
        fill="none",
        stroke=looks.SUBJECT,
        stroke_width=1.3,
        stroke_linejoin="round",
        stroke_opacity="0.32",
    )


def _without(name: str, said: AbstractSet[str]) -> str:
    """Return a cell's name without that of its village where the map has it anyway: "1号网格" stands in 段家坡村."""
    head = max((one for one in said if one and name.startswith(one)), key=len, default="")
    return name[len(head) :].strip() or name


def _area_names(
    areas: Sequence[_Thing],
    sheet: Sheet,
    frame: MapFrame,
    page: Page,
    *,
    wanted: list[Wanted],
    named: AbstractSet[str],
) -> None:
    cut = _cut((thing.shape for thing in areas), frame)
    said = {thing.drawn.name for thing in areas if thing.drawn.layer == "area"} | named
    for thing, shape in zip(areas, cut, strict=True):
        # the sheet's title names its own land
        if (
            not thing.drawn.name
            or shape.is_empty
            or thing.drawn.code == sheet.code
            or thing.drawn.name in named
        ):
            continue
        short = _without(thing.drawn.name, said) if thing.drawn.layer == "grid_cells" else thing.drawn.name
        size, fill, base = _NAMES_OF_AREAS[_level(thing.drawn)]
        own = thing.drawn.subject
        wanted.append(
            Wanted(
                drawn=replace(thing.drawn, name=short),
                anchor=shape,
                numbered=own,
                manner=Manner(
                    size=max(size * page.fine * (1.0 if own else 0.85), LEAST_MM),
                    fill=fill if own else looks.PALE_INK,
                    base=base if own else base // 4,
                    bold=own,
                ),
            )
        )


# -- ground


def _woods(things: Sequence[_Thing], frame: MapFrame, drawing: Drawing, fill: str) -> str:
    shapes = [t.shape for t in things]
    cut = [
        shape
        for shape in _cut(cartography.thinned(np.array([*shapes, None], dtype=object)[:-1], _THIN_MM), frame)
        if not shape.is_empty
    ]
    if cut:
        drawing.ground.add("wood")
    return svg.group((svg.path(shape, fill_rule="evenodd") for shape in cut), fill=fill, fill_opacity="0.62")


def _water(
    things: Mapping[str, list[_Thing]], frame: MapFrame, drawing: Drawing, wanted: list[Wanted]
) -> str:
    out = []
    factor = _factor(frame)
    by_name: dict[tuple[str, str], list[BaseGeometry]] = {}
    for river in (False, True):
        lines = [t for t in things.get("waterway", []) if (t.drawn.detail == "river") is river]
        cut = _cut(
            cartography.thinned(np.array([*(t.shape for t in lines), None], dtype=object)[:-1], _THIN_MM),
            frame,
        )
        shown = [(t, shape) for t, shape in zip(lines, cut, strict=True) if not shape.is_empty]
        if not shown:
            continue
        drawing.ground.add("river" if river else "stream")
        out.append(
            svg.element(
                "path",
                d="".join(svg.data(shape) for _, shape in shown),
                fill="none",
                stroke=looks.RIVER if river else looks.STREAM,
                stroke_linecap="round",
                stroke_linejoin="round",
                stroke_width=(0.75 if river else 0.26) * factor,
            )
        )
        for t, shape in shown:
            if t.drawn.name and (river or frame.denominator <= _STREAM_NAMES_FROM):
                by_name.setdefault((t.drawn.name, t.drawn.layer), []).append(shape)
    bodies = things.get("water", [])
    for t, shape in zip(bodies, _cut((t.shape for t in bodies), frame), strict=True):
        if shape.is_empty:
            continue
        drawing.ground.add("water")
        out.append(
            svg.path(shape, fill=looks.WATER, stroke=looks.RIVER, stroke_width=0.15, fill_rule="evenodd")
        )
        if t.drawn.name:
            wanted.append(
                Wanted(drawn=t.drawn, anchor=shape, manner=Manner(size=2.3, fill=looks.WATER_INK, base=200))
            )
    _line_names(by_name, wanted, Manner(size=2.3, fill=looks.WATER_INK, base=120))
    return "".join(out)


def _line_names(
    by_name: Mapping[tuple[str, str], Sequence[BaseGeometry]], wanted: list[Wanted], manner: Manner
) -> None:
    """Name every river or road once, on whatever part of it suits best."""
    for (name, layer), shapes in sorted(by_name.items()):
        merged = shapely.line_merge(shapely.union_all(np.array(shapes, dtype=object)))
        drawn = Drawn(layer=layer, code=name, geometry=merged, name=name)
        wanted.append(Wanted(drawn=drawn, anchor=shapely.MultiLineString(_lines(merged)), manner=manner))


def _lines(shape: BaseGeometry) -> list[shapely.LineString]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.LineString)]


def _factor(frame: MapFrame) -> float:
    """Return how much wider than at 1:50 000 lines are drawn: a little, in the direction of the scale."""
    return float(np.clip((50_000 / frame.denominator) ** 0.3, 0.62, 1.7))


def _roads(
    things: Sequence[_Thing], frame: MapFrame, drawing: Drawing, wanted: list[Wanted]
) -> tuple[str, list[BaseGeometry]]:
    factor = _factor(frame)
    casings, fills = [], []
    drawn: list[BaseGeometry] = []
    cut = _cut(
        cartography.thinned(np.array([*(t.shape for t in things), None], dtype=object)[:-1], _THIN_MM), frame
    )
    by_sort: dict[str, list[tuple[_Thing, BaseGeometry]]] = {}
    for t, shape in zip(things, cut, strict=True):
        if not shape.is_empty:
            by_sort.setdefault(looks.road_sort(t.drawn.detail), []).append((t, shape))
    by_name: dict[bool, dict[tuple[str, str], list[BaseGeometry]]] = {True: {}, False: {}}
    for sort, look in looks.ROADS.items():
        if frame.denominator > look.smallest or sort not in by_sort:
            continue
        drawing.roads.add(sort)
        merged = shapely.line_merge(shapely.MultiLineString(_flat(shape for _, shape in by_sort[sort])))
        outline = svg.data(merged)
        width = look.width * factor
        if look.casing:
            casings.append(svg.element("path", d=outline, stroke=look.casing, stroke_width=width + 0.22))
            drawn.append(merged)
        fills.append(
            svg.element(
                "path",
                d=outline,
                stroke=look.fill,
                stroke_width=width,
                stroke_dasharray=" ".join(map(svg.n, look.dash)) or None,
            )
        )
        for t, shape in by_sort[sort]:
            if t.drawn.name:
                by_name[naming.is_ref(t.drawn.name)].setdefault((t.drawn.name, "road"), []).append(shape)
    _line_names(
        by_name[True], wanted, Manner(size=LEAST_MM, fill="#3a3a3a", base=260, bold=True, shield=True)
    )
    _line_names(by_name[False], wanted, Manner(size=LEAST_MM, fill="#6b4f17", base=90))
    return svg.group((*casings, *fills), fill="none", stroke_linejoin="round", stroke_linecap="round"), drawn


def _flat(shapes: Iterable[BaseGeometry]) -> list[shapely.LineString]:
    return [line for shape in shapes for line in _lines(shape)]


def _grid(frame: MapFrame) -> str:
    lines = []
    for line in cartography.kilometre_grid(frame):
        ends: dict[str, str | float | None] = (
            {"x1": line.at_mm, "x2": line.at_mm, "y1": 0.0, "y2": frame.height_mm}
            if line.easting
            else {"x1": 0.0, "x2": frame.width_mm, "y1": line.at_mm, "y2": line.at_mm}
        )
        lines.append(svg.element("line", **ends))
    return svg.group(lines, stroke=looks.GRID, stroke_width=0.09, stroke_opacity="0.6")


def _threats(things: Sequence[_Thing], frame: MapFrame, drawing: Drawing) -> str:
    cut = [
        (shape, t)
        for shape, t in zip(_cut((t.shape for t in things), frame), things, strict=True)
        if not shape.is_empty
    ]
    if cut:
        drawing.ground.add("threat")
    return "".join(
        svg.group(
            (svg.path(shape) for shape, t in cut if t.drawn.subject is own),
            fill=looks.THREAT,
            fill_opacity="0.16" if own else "0.05",
            stroke=looks.THREAT,
            stroke_opacity=None if own else "0.4",
            stroke_width=0.2,
            stroke_dasharray="0.9 0.5",
        )
        for own in (False, True)
    )


def _routes(things: Sequence[_Thing], frame: MapFrame, drawing: Drawing) -> str:
    out = []
    for sort, colour in looks.ROUTES.items():
        own = [t.shape for t in things if t.drawn.detail == sort]
        cut = [
            shape
            for shape in _cut(cartography.thinned(np.array([*own, None], dtype=object)[:-1], _THIN_MM), frame)
            if not shape.is_empty
        ]
        if not cut:
            continue
        drawing.routes.add(sort)
        # ways that share a road are one line there, or their dashes fill each other's gaps
        outline = svg.data(shapely.line_merge(shapely.union_all(np.array(cut, dtype=object))))
        out.append(svg.element("path", d=outline, stroke="#fff", stroke_width=1.1))
        out.append(svg.element("path", d=outline, stroke=colour, stroke_width=0.6, stroke_dasharray="2 0.7"))
    return svg.group(out, fill="none", stroke_linejoin="round")


# -- signs


def _extents(
    things: Mapping[str, list[_Thing]],
    frame: MapFrame,
    policy: Policy,
    *,
    drawing: Drawing,
    wanted: list[Wanted],
) -> str:
    """Draw what of a layer is no point: fire lanes as lines, patches of land as outlines, each in its layer's colour."""
    out = []
    for layer, members in things.items():
        if layer in _GROUND:
            continue
        colour = policy.layers[layer].legend.colour if layer in policy.layers else looks.INK
        drawn = [thing for thing in members if thing.shape.geom_type not in {"Point", "MultiPoint"}]
        for thing, shape in zip(drawn, _cut((thing.shape for thing in drawn), frame), strict=True):
            if shape.is_empty:
                continue
            own = thing.drawn.subject
            drawing.signs[layer] += own
            drawing.extents.add(layer)
            out.append(
                svg.path(
                    shape,
                    fill="none" if shape.length and not shape.area else colour,
                    fill_opacity="0.15",
                    stroke=colour,
                    stroke_width=0.5,
                    stroke_opacity=None if own else "0.45",
                )
            )
            if thing.drawn.name:
                ink = _darker(colour) if own else looks.PALE_INK
                manner = Manner(size=LEAST_MM, fill=ink, base=100 if own else 25)
                wanted.append(Wanted(drawn=thing.drawn, anchor=shape, manner=manner, numbered=own))
    return "".join(out)


def _signs(
    things: Mapping[str, list[_Thing]],
    sheet: Sheet,
    frame: MapFrame,
    page: Page,
    policy: Policy,
    *,
    drawing: Drawing,
    wanted: list[Wanted],
) -> tuple[str, list[BaseGeometry]]:
    stress = looks.STRESSES[sheet.kind].layers
    own = sheet.code if sheet.level == "enterprise" else None
    points: list[tuple[_Thing, float]] = []
    count = sum(len(members) for layer, members in things.items() if layer not in _GROUND | {_VILLAGES})
    smaller = page.fine * float(np.clip((_MANY * page.fine**4 / max(count, 1)) ** 0.5, 0.72, 1.0))
    for layer, members in things.items():
        if layer in _GROUND - {"settlement"}:
            continue
        for thing in members:
            radius = _radius(thing.drawn, stress, frame) * (page.fine if _place(thing.drawn) else smaller)
            if thing.drawn.code == own:
                radius = _OWN_MM
            if radius and thing.shape.geom_type == "Point" and _within(thing.shape, frame, radius):
                points.append((thing, radius))
    points.sort(
        key=lambda pair: (
            not _place(pair[0].drawn),
            pair[0].drawn.layer in stress,
            pair[0].drawn.weight,
            pair[0].drawn.code,
        )
    )
    free = [pair for pair in points if not _place(pair[0].drawn)]
    groups, places = labels.gathered(
        np.array([svg.xy(thing.shape) for thing, _ in free]).reshape(-1, 2),
        np.array([radius * _ROOM for _, radius in free]),
        [(thing.drawn.layer, thing.drawn.subject, thing.drawn.code == own) for thing, _ in free],
        most_mm=_MOST_MOVED_MM * page.fine,
        around=np.array(
            [(*svg.xy(thing.shape), radius) for thing, radius in points if _place(thing.drawn)]
        ).reshape(-1, 3),
    )
    standing: list[tuple[list[Drawn], float, tuple[float, float]]] = [
        ([thing.drawn], radius, svg.xy(thing.shape)) for thing, radius in points if _place(thing.drawn)
    ]
    standing += [
        ([free[at][0].drawn for at in group], free[group[0]][1], (float(x), float(y)))
        for group, (x, y) in zip(groups, places, strict=True)
    ]
    out: list[str] = []
    badges: list[str] = []
    boxes: list[BaseGeometry] = []
    for drawns, radius, (x, y) in standing:
        drawn = drawns[0]
        boxes.append(shapely.box(x - radius, y - radius, x + radius, y + radius))
        out.append(_sign(drawn, x, y, radius, policy))
        if drawn.code == own:
            out.append(
                svg.element(
                    "circle",
                    cx=x,
                    cy=y,
                    r=radius + 1.1,
                    fill="none",
                    stroke=looks.SUBJECT,
                    stroke_width=0.7,
                )
            )
            boxes.append(shapely.Point(x, y).buffer(radius + 1.4))
        if _place(drawn):
            drawing.places.add(_place(drawn))
        else:
            drawing.signs[drawn.layer] += len(drawns) if drawn.subject else 0
        if len(drawns) > 1:
            badges.append(_badge(len(drawns), x, y, radius, own=drawn.subject))
            boxes.append(shapely.box(x, y - radius - _BADGE_MM, x + radius + _BADGE_MM, y))
        if drawn.name:
            point = shapely.Point(x, y)
            stressed = drawn.layer in stress
            name = _name_of_point(drawns, point, radius, page, policy, stressed=stressed)
            wanted.append(_as_subject(name, page) if drawn.code == own else name)
    return "".join((*out, *badges)), boxes


def _as_subject(wanted: Wanted, page: Page) -> Wanted:
    """Write the name of what the sheet is about so that it is found first."""
    manner = replace(wanted.manner, size=3.2 * page.fine, bold=True, fill=looks.INK, base=_OWN_BASE)
    return replace(wanted, manner=manner, radius=wanted.radius + 1.4)


def _badge(count: int, x: float, y: float, radius: float, *, own: bool) -> str:
    """Write how many things a sign stands for, at its upper right."""
    x, y = x + 0.8 * radius, y - 0.8 * radius
    wide = max(_BADGE_MM * 2, fonts.width(str(count), LEAST_MM, bold=True) + 0.8)
    plate = svg.element(
        "rect",
        x=x - wide / 2,
        y=y - _BADGE_MM,
        width=wide,
        height=2 * _BADGE_MM,
        rx=_BADGE_MM,
        fill=looks.INK if own else looks.PALE_INK,
        stroke="#fff",
        stroke_width=0.15,
    )
    return plate + svg.text(str(count), x, y, LEAST_MM, bold=True, anchor="middle", fill="#fff")


def _place(drawn: Drawn) -> str:
    """Return what sort of settlement something is; nothing if it is none."""
    if drawn.layer == _VILLAGES:
        return "village"
    return drawn.detail or "hamlet" if drawn.layer == "settlement" else ""


def _within(point: BaseGeometry, frame: MapFrame, radius: float) -> bool:
    x, y = svg.xy(point)
    return radius <= x <= frame.width_mm - radius and radius <= y <= frame.height_mm - radius


def _radius(drawn: Drawn, stress: frozenset[str], frame: MapFrame) -> float:
    if place := _place(drawn):
        if place == "hamlet" and frame.denominator > _HAMLETS_FROM:
            return 0.0
        return _NAMES_OF_PLACES.get(place, _NAMES_OF_PLACES["hamlet"])[2]
    large = 1.75 if drawn.layer in stress else 1.3
    return large if drawn.subject else large * 0.8


def _sign(drawn: Drawn, x: float, y: float, radius: float, policy: Policy) -> str:
    if place := _place(drawn):
        ring = place in {"county", "township"}
        return svg.element(
            "circle",
            cx=x,
            cy=y,
            r=radius,
            fill="#fff" if ring else looks.SOFT_INK,
            stroke=looks.INK if ring else "#fff",
            stroke_width=0.28 if ring else 0.12,
            opacity=None if drawn.subject else "0.5",
        )
    layer = policy.layers.get(drawn.layer)
    symbol, colour = (layer.legend.symbol, layer.legend.colour) if layer else ("circle", looks.INK)
    return symbols.draw(symbol, colour, x, y, radius, pale=not drawn.subject)


def _name_of_point(
    members: Sequence[Drawn],
    point: BaseGeometry,
    radius: float,
    page: Page,
    policy: Policy,
    *,
    stressed: bool,
) -> Wanted:
    drawn = members[0]
    if place := _place(drawn):
        size, base, _ = _NAMES_OF_PLACES.get(place, _NAMES_OF_PLACES["hamlet"])
        manner = Manner(
            size=max(size * page.fine, LEAST_MM),
            fill=looks.INK if drawn.subject else looks.PALE_INK,
            base=base if drawn.subject else base // 4,
            bold=place in {"county", "township"},
        )
        return Wanted(
            drawn=drawn,
            anchor=point,
            radius=radius,
            manner=manner,
            numbered=drawn.subject and place != "hamlet",
        )
    layer = policy.layers.get(drawn.layer)
    manner = Manner(
        size=LEAST_MM if not stressed else max(2.3 * page.fine, LEAST_MM),
        fill=_darker(layer.legend.colour) if layer and drawn.subject else looks.PALE_INK,
        base=(220 if stressed else 100) // (1 if drawn.subject else 4),
    )
    if len(members) > 1 and drawn.subject:
        return Wanted(
            drawn=drawn, anchor=point, radius=radius, manner=manner, numbered=True, members=tuple(members)
        )
    return Wanted(drawn=drawn, anchor=point, radius=radius, manner=manner, numbered=drawn.subject)


def _darker(colour: str) -> str:
    """Return a layer's colour dark enough to be read as letters."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    luminance = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
    share = min(1.0, 0.34 / max(luminance, 0.01))
    return "#" + "".join(f"{int(part * share):02x}" for part in (red, green, blue))
