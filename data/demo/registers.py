"""Registers of areas, responsibility grids and people, as rows in the fields of data/policy/layers/*.toml."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from data.demo import names
from data.demo.county import County, Row
from data.demo.settlement import LEAVES

PEOPLE = 973


@dataclass(frozen=True)
class Person:
    """A responsible person. phone is their number in all registers."""

    code: str
    name: str
    name_en: str
    phone: str


def area_rows(county: County) -> Iterator[tuple[Row, int | None, int | None]]:
    """(row, township, village) of the county (None, None), its townships (t, None) and villages (t, v)."""
    yield _area(county, names.COUNTY, np.arange(county.people.sites.size), 0), None, None
    for township, words in enumerate(names.TOWNSHIPS):
        members = np.flatnonzero(county.people.township_of == township)
        yield _area(county, words, members, int(county.people.seats[township])), township, None
    for village, township in enumerate(county.people.township_of.tolist()):
        words = (county.village_codes[village], *county.village_names[village])
        yield _area(county, words, np.array([village]), village), township, village


def _area(county: County, words: tuple[str, str, str], members: np.ndarray, seat: int) -> Row:
    place = county.lonlat(county.village_xy[seat])
    people = int(county.population[members].sum())
    return {
        "code": words[0], "name": words[1], "name_en": words[2], "population": people,
        "households": sum(_households(int(p)) for p in county.population[members]),
        "seat_lon": place["lon"], "seat_lat": place["lat"],
    }  # fmt: skip


def _households(people: int) -> int:
    return round(people / 2.9)


@dataclass(frozen=True)
class GridRow:
    """A responsibility grid and the leaves that it consists of."""

    row: Row
    leaves: tuple[int, ...]


def grid_rows(county: County) -> list[GridRow]:
    """List the grids of all five levels: county, townships, sectors, villages, leaves."""
    layout = county.people
    of_leaf = layout.village_of_leaf
    code, zh, en = names.COUNTY
    rows = [_grid(code, zh, en, 1, "", code, range(LEAVES))]
    for township, (code, zh, en) in enumerate(names.TOWNSHIPS):
        leaves = np.flatnonzero(layout.township_of[of_leaf] == township)
        rows.append(_grid(code, zh, en, 2, names.COUNTY[0], code, leaves))
    for sector in range(int(layout.sector_of.max()) + 1):
        villages = np.flatnonzero(layout.sector_of == sector)
        within = layout.township_of == layout.township_of[villages[0]]
        parent = names.TOWNSHIPS[int(layout.township_of[villages[0]])][0]
        code = _sector_code(parent, sector - int(layout.sector_of[within].min()) + 1)
        lead = int(villages[np.argmax(county.population[villages])])
        zh, en = county.village_names[lead]
        zh, en = f"{zh.removesuffix('村').removesuffix('社区')}片区", f"{en.rsplit(' ', 1)[0]} Sector"
        leaves = np.flatnonzero(layout.sector_of[of_leaf] == sector)
        rows.append(_grid(code, zh, en, 3, parent, parent, leaves))
    for village, code in enumerate(county.village_codes):
        parent = _sector_of(county, village)
        rows.append(
            _grid(code, *county.village_names[village], 4, parent, code, np.flatnonzero(of_leaf == village))
        )
    for leaf, village in enumerate(of_leaf.tolist()):
        code, number = county.village_codes[village], leaf - int(np.flatnonzero(of_leaf == village)[0]) + 1
        zh, en = county.village_names[village]
        rows.append(
            _grid(f"{code}-{number:02d}", f"{zh}{number}号网格", f"{en} Grid {number}", 5, code, code, [leaf])
        )
    return rows


def _sector_code(township: str, number: int) -> str:
    return f"{township[:9]}-P{number}"


def _sector_of(county: County, village: int) -> str:
    layout = county.people
    township = layout.township_of[village]
    first = layout.sector_of[layout.township_of == township].min()
    return _sector_code(names.TOWNSHIPS[int(township)][0], int(layout.sector_of[village] - first) + 1)


def _grid(code: str, zh: str, en: str, level: int, parent: str, area: str, leaves: Iterable[int]) -> GridRow:
    row: Row = {
        "code": code, "name": zh, "name_en": en, "theme": "forest_fire", "level": level, "parent": parent or None,
        "area_code": area,
    }  # fmt: skip
    return GridRow(row, tuple(int(leaf) for leaf in leaves))


def responsible_people(
    county: County, grids: list[GridRow]
) -> tuple[list[Row], list[Row], dict[str, list[Person]]]:
    """People, their duties on grids, and who they are by grid code. Every grid has a head; PEOPLE in all."""
    name = names.people(county.rng(3))
    posts = _posts(grids)
    people: list[Row] = []
    duties: list[Row] = []
    by_grid: dict[str, list[Person]] = {}
    for number, (grid, role, rank, position) in enumerate(posts):
        zh, en = next(name)
        person = Person(f"P{number + 1:04d}", zh, en, names.phone(number + 1))
        by_grid.setdefault(str(grid["code"]), []).append(person)
        people.append({
            "code": person.code, "name": zh, "name_en": en, "phone": person.phone, "organisation": grid["name"],
            "position": position, "area_code": grid["area_code"],
        })  # fmt: skip
        duties.append({
            "person": person.code, "subject_layer": "grid_cells", "subject": grid["code"], "role": role, "rank": rank,
        })  # fmt: skip
    return people, duties, by_grid


_STAFF = {
    1: (("grid_head", "A", "县长"), ("grid_deputy", "A", "副县长"), ("grid_deputy", "B", "应急管理局局长"),
        ("supervisor", "A", "林业局局长"), ("supervisor", "B", "自然资源局局长")),
    2: (("grid_head", "A", "乡镇长"), ("grid_head", "B", "党委书记"), ("grid_deputy", "A", "武装部长"),
        ("grid_deputy", "B", "副乡镇长"), ("supervisor", "A", "应急办主任")),
    3: (("grid_head", "A", "片长"), ("grid_deputy", "A", "驻片干部")),
    4: (("grid_head", "A", "村委会主任"), ("grid_deputy", "A", "村党支部副书记"), ("supervisor", "A", "包村干部")),
    5: (("ranger", "A", "护林员"), ("ranger", "B", "护林员")),
}  # fmt: skip


def _posts(grids: list[GridRow]) -> list[tuple[Row, str, str, str]]:
    posts = [(grid.row, *post) for grid in grids for post in _STAFF[int(str(grid.row["level"]))]]
    leaves = [grid.row for grid in grids if grid.row["level"] == 5]
    extra = PEOPLE - len(posts)
    step = len(leaves) / extra
    posts += [(leaves[int(i * step)], "ranger", "B", "护林员") for i in range(extra)]
    return posts


def village_rows(county: County, people: dict[str, list[Person]]) -> list[Row]:
    """Villages as points."""
    rng = county.rng(4)
    rows = []
    for village, code in enumerate(county.village_codes):
        head, inhabitants = people[code][0], int(county.population[village])
        rows.append({
            "code": code, "name": county.village_names[village][0], "name_en": county.village_names[village][1],
            "population": inhabitants, "households": _households(inhabitants),
            "elderly": round(inhabitants * rng.uniform(0.14, 0.3)), "head_name": head.name, "head_phone": head.phone,
            **county.lonlat(county.village_xy[village]),
        })  # fmt: skip
    return rows
