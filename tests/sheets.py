"""Map sheets of the demo county made by hand from its files, for whatever is tested of drawing alone."""

import csv
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.prepared import prep

from gis import cartography
from gis.atlas import Drawn, Neighbour, Section, Sheet, SheetKind, SheetLevel, reach

FILES = Path(__file__).parents[1] / "data" / "demo" / "files"
COUNTY = "990101000000"
POINTS: dict[SheetKind, tuple[str, ...]] = {
    "responsibility": ("water_points", "helipads"),
    "command": ("teams", "depots", "shelters", "helipads", "agreement_companies", "key_facilities"),
    "risk": ("geohazard_points", "key_facilities"),
    "forest_fire": ("water_points", "helipads", "teams", "depots"),
}


@cache
def features(name: str) -> list[tuple[dict[str, Any], Any]]:
    document = json.loads((FILES / f"{name}.geojson").read_text(encoding="utf-8"))
    return [(one["properties"], shape(one["geometry"])) for one in document["features"]]


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (FILES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def area(code: str) -> tuple[dict[str, Any], Any]:
    return next(pair for pair in [*features("areas"), *features("grid_cells")] if pair[0]["code"] == code)


def level_of(code: str) -> str:
    return "county" if code.endswith("000000") else "township" if code.endswith("000") else "village"


@cache
def demo_sheet(kind: SheetKind = "responsibility", code: str = COUNTY) -> Sheet:
    """A sheet of any area or grid cell of the demo county."""
    properties, subject = area(code)
    level: SheetLevel = (
        "grid"
        if "-" in code
        else "county"
        if code == COUNTY
        else "township"
        if code.endswith("000")
        else "village"
    )
    around = shapely.box(*reach(subject))
    within = prep(subject)
    drawn = [*_areas(level, around, within), *_ground(around, within, level), *_points(kind, around, within)]
    people = {row["code"]: row for row in rows("people")}
    duties = [
        row
        for row in rows("duties")
        if row["subject"] in {code, code.split("-", maxsplit=1)[0]} or row["subject"].startswith(code + "-")
    ]
    staff = tuple(
        (row["role"], people[row["person"]]["name"], people[row["person"]]["phone"], row["rank"])
        for row in duties
    )
    hazards = tuple(
        (
            row["name"],
            row["kind"],
            int(row["households"]),
            int(row["people"]),
            row["head_name"],
            row["head_phone"],
        )
        for row in rows("geohazard_points")
        if within.contains(shapely.Point(float(row["lon"]), float(row["lat"])))
    )
    return Sheet(
        kind=kind,
        level=level,
        code=code,
        name=properties["name"],
        theme="forest_fire",
        subject=subject,
        drawn=tuple(drawn),
        sections=(
            Section(
                code="people",
                columns=("duties.role", "people.name", "people.phone", "duties.rank"),
                rows=staff,
            ),
            Section(
                code="hazards",
                columns=(
                    "geohazard_points.name",
                    "geohazard_points.kind",
                    "geohazard_points.households",
                    "geohazard_points.people",
                    "geohazard_points.head_name",
                    "geohazard_points.head_phone",
                ),
                rows=hazards,
            ),
        ),
        neighbours=(
            Neighbour(direction="n", code="x", name="北岭乡", number=3),
            Neighbour(direction="e", code="y", name="东沟镇", number=None),
            Neighbour(direction="sw", code="z", name="西河镇", number=7),
        ),
        number=12,
        total=169,
        data_date=date(2026, 11, 22),
        path=f"/atlas/{kind}/{code}",
        classification="internal",
        producer="岚溪县应急管理局",
        locator=tuple(
            Drawn(layer="area", code=p["code"], geometry=g, detail=level_of(p["code"]), name=p["name"])
            for p, g in features("areas")
            if level_of(p["code"]) != "village"
        ),
    )


def _areas(level: str, around: Any, within: Any) -> list[Drawn]:
    cells = level in {"village", "grid"}
    found = [
        Drawn(
            layer="area",
            code=p["code"],
            geometry=g,
            detail=level_of(p["code"]),
            subject=within.intersects(g.representative_point()),
            name=p["name"]
            if level_of(p["code"]) == ("township" if level == "county" else "village") and level != "village"
            else "",
        )
        for p, g in features("areas")
        if g.intersects(around)
    ]
    if cells:
        found += [
            Drawn(
                layer="grid_cells",
                code=p["code"],
                geometry=g,
                detail=str(p["level"]),
                name=p["name"],
                subject=within.intersects(g.representative_point()),
            )
            for p, g in features("grid_cells")
            if p["level"] == 5 and g.intersects(around)
        ]
    tinted = "grid_cells" if cells else "area"
    least = "grid" if cells else "township" if level == "county" else "village"
    chosen = {
        one.code: one.geometry for one in found if one.layer == tinted and least in {"grid", one.detail}
    }
    numbers = cartography.tints(cartography.neighbours(chosen, shared=1e-5))
    return [
        Drawn(
            layer=o.layer,
            code=o.code,
            geometry=o.geometry,
            detail=o.detail,
            name=o.name,
            subject=o.subject,
            colour=numbers.get(o.code) if o.layer == tinted else None,
        )
        for o in found
    ]


def _ground(around: Any, within: Any, level: str) -> list[Drawn]:
    found = [
        Drawn(
            layer=p["kind"],
            code=str(at),
            geometry=g,
            detail=p.get("class", ""),
            name=p.get("name", ""),
            subject=within.intersects(g),
        )
        for at, (p, g) in enumerate(features("base_map"))
        if g.intersects(around)
    ]
    found += [
        Drawn(
            layer="road",
            code=str(at),
            geometry=g,
            detail=p["road_class"],
            name=p.get("ref") or p.get("name", ""),
            subject=within.intersects(g),
        )
        for at, (p, g) in enumerate(features("roads"))
        if g.intersects(around)
    ]
    for row in rows("villages"):
        point = shapely.Point(float(row["lon"]), float(row["lat"]))
        if point.within(around):
            found.append(
                Drawn(
                    layer="settlement",
                    code=row["code"],
                    geometry=point,
                    detail="village",
                    name=row["name"] if level != "county" else "",
                    subject=within.contains(point),
                    weight=int(row["population"]),
                )
            )
    return found


def _points(kind: SheetKind, around: Any, within: Any) -> list[Drawn]:
    found = []
    for layer in POINTS[kind]:
        for row in rows(layer):
            point = shapely.Point(float(row["lon"]), float(row["lat"]))
            if point.within(around):
                found.append(
                    Drawn(
                        layer=layer,
                        code=row["code"],
                        geometry=point,
                        detail=row.get("kind", ""),
                        name=row["name"],
                        subject=within.contains(point),
                    )
                )
    return found
