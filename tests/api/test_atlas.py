"""The atlas of the demo county: what its sheets say is what the store, the roads and the rules say."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
from sqlalchemy import text

from api import press
from api.context import Context, make_context
from api.errors import InvalidError, NotFoundError
from api.jobs import StoppedError
from api.security import Actor, local_administrator
from api.settings import Settings
from api.usecases import atlas
from api.usecases.acting import applied
from api.usecases.atlas import Wish
from data import demo, roads
from data.cluster import Cluster
from gis import travel
from gis.atlas import Sheet, SheetKind, SheetLevel
from gis.composing import minutes
from gis.network import VehicleProfile
from tests import builders, databases

COUNTY, TOWNSHIP, VILLAGE = "990101000000", "990101101000", "990101101213"
PHONE = re.compile(r"1\d{10}")
OPPOSITE = {"n": "s", "ne": "sw", "e": "w", "se": "nw", "s": "n", "sw": "ne", "w": "e", "nw": "se"}


@pytest.fixture(scope="module")
def context(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A local administrator in the demo county, which all tests here only read."""
    name = "atlas"
    databases.execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = cluster.url(name)
    settings = Settings(database_url=url, folder=tmp_path_factory.mktemp("muster"), _env_file=None)
    made = make_context(settings, url, clock=lambda: builders.NOW)
    with made.world.begin() as connection:
        demo.load(connection, made.policy, actor="test", at=builders.NOW)
    yield made.acting(local_administrator("test"))
    made.engine.dispose()
    databases.execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def responsibility(context: Context) -> tuple[Sheet, ...]:
    """Every sheet of the grid responsibility map."""
    return tuple(atlas.sheets(context, Wish(kind="responsibility"))[1])


def rows_of(sheet: Sheet, code: str) -> list[dict[str, Any]]:
    """A table's rows by column; none where the sheet has no such table."""
    return [
        dict(zip(section.columns, row, strict=True))
        for section in sheet.sections
        if section.code == code
        for row in section.rows
    ]


def figures(sheet: Sheet) -> Mapping[str, Any]:
    """The sheet's figures by name."""
    return {row["fact"]: row["value"] for row in rows_of(sheet, "figures")}


def asked(context: Context, query: str, **values: object) -> Sequence[Any]:
    """What the store itself says."""
    with context.world.read() as connection:
        return connection.execute(text(query), values).all()


def on_duty(context: Context) -> dict[str, Counter[tuple[str, str]]]:
    """Names and phones of everybody with a duty in a cell, by its code."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for cell, name, phone in asked(
        context,
        """SELECT grid_cells.code, people.name, people.phone FROM duties
            JOIN people ON people.id = duties.person_id JOIN grid_cells ON grid_cells.id = duties.grid_id""",
    ):
        found.setdefault(cell, Counter())[name, phone] += 1
    return found


def cells_of(context: Context, sheet: Sheet) -> set[str]:
    """The cells whose people a sheet lists: the chain above its land, and what lies below, by the policy's depth."""
    deepest = context.policy.atlas.kinds[sheet.kind].levels[sheet.level].people
    rows = asked(
        context,
        """WITH RECURSIVE own AS (
            SELECT code, level, parent FROM grid_cells WHERE code = :code
        ), up AS (
            SELECT * FROM own UNION ALL
            SELECT g.code, g.level, g.parent FROM grid_cells g JOIN up ON g.code = up.parent
        ), down AS (
            SELECT * FROM own UNION ALL
            SELECT g.code, g.level, g.parent FROM grid_cells g JOIN down ON g.parent = down.code
        ) SELECT code FROM up UNION SELECT code FROM down WHERE level <= :deepest""",
        code=sheet.code,
        deepest=deepest,
    )
    return {row.code for row in rows}


def listed(sheet: Sheet) -> Counter[tuple[str, str]]:
    """Names and phones of all tables of people."""
    found = Counter((row["people.name"], row["people.phone"]) for row in rows_of(sheet, "people"))
    for section in sheet.sections:
        if section.code.startswith("people."):
            for row in section.rows:
                for one in "; ".join(str(cell) for cell in row[1:] if cell).split("; "):
                    name, phone = one.removeprefix("B ").split(" ")
                    found[name, phone] += 1
    return found


def bare(text: str) -> str:
    """The text without its white space: a line may break anywhere."""
    return re.sub(r"\s", "", text)


def test_every_person_on_every_sheet_is_the_stores_and_nobody_is_missing(
    context: Context, responsibility: tuple[Sheet, ...]
) -> None:
    """The map on the wall is who gets called at night."""
    known = on_duty(context)
    for sheet in responsibility:
        wanted: Counter[tuple[str, str]] = Counter()
        for cell in cells_of(context, sheet):
            wanted += known.get(cell, Counter())
        assert listed(sheet) == wanted, sheet.code


def test_who_is_no_longer_on_duty_is_on_no_sheet(context: Context) -> None:
    """A sheet is of its data's day: duties that ended, or begin later, are left out."""
    with context.world.begin() as connection:
        for column, person in (("valid_to", "P0002"), ("valid_from", "P0003")):
            away = (
                "valid_to = DATE '2000-01-01'" if column == "valid_to" else "valid_from = DATE '2100-01-01'"
            )
            connection.execute(
                text(
                    f"UPDATE duties SET {away} WHERE person_id = (SELECT id FROM people WHERE code = :code)"
                ),
                {"code": person},
            )
    try:
        sheet = atlas.sheet(context, "responsibility", "county", COUNTY, lang="zh")
        here = {row["people.phone"] for row in rows_of(sheet, "people")}
        assert "10000000001" in here
        assert not here & {"10000000002", "10000000003"}
    finally:
        with context.world.begin() as connection:
            connection.execute(text("UPDATE duties SET valid_from = NULL, valid_to = NULL"))


def test_the_figures_of_every_township_are_those_of_the_store(
    context: Context, responsibility: tuple[Sheet, ...]
) -> None:
    """Sums that nobody can reproduce are worth nothing; and the townships together are the county."""
    total: Counter[str] = Counter()
    for sheet in (one for one in responsibility if one.level == "township"):
        (row,) = asked(
            context,
            """SELECT
                (SELECT sum(population) FROM villages WHERE code LIKE :own) AS population,
                (SELECT sum(households) FROM villages WHERE code LIKE :own) AS households,
                (SELECT count(*) FROM villages WHERE code LIKE :own) AS villages,
                (SELECT count(*) FROM grid_cells WHERE level = 5 AND area_code LIKE :own) AS cells,
                (SELECT count(*) FROM places WHERE layer = 'geohazard_points' AND area_code LIKE :own) AS hazards,
                (SELECT sum((attributes->>'households')::int) FROM places
                    WHERE layer = 'geohazard_points' AND area_code LIKE :own) AS hazards_households,
                (SELECT sum((attributes->>'people')::int) FROM places
                    WHERE layer = 'geohazard_points' AND area_code LIKE :own) AS hazards_people,
                (SELECT sum((attributes->>'capacity')::int) FROM places
                    WHERE layer = 'shelters' AND area_code LIKE :own) AS shelters_capacity,
                (SELECT count(DISTINCT person_id) FROM duties JOIN grid_cells ON grid_cells.id = grid_id
                    WHERE grid_cells.area_code LIKE :own) AS persons,
                (SELECT round((ST_Area(geom::geography) / 1e6)::numeric, 2) FROM areas WHERE code = :code) AS area_km2""",
            own=f"{sheet.code[:9]}%",
            code=sheet.code,
        )
        shown = figures(sheet)
        for name, value in row._mapping.items():  # SQLAlchemy's public name for it
            assert float(shown[name]) == pytest.approx(float(value), abs=0.02 if name == "area_km2" else 0), (
                name
            )
        total.update({name: shown[name] for name in ("population", "households", "cells", "persons")})
    county = figures(responsibility[0])
    assert {name: total[name] for name in ("population", "households", "cells")} == {
        name: county[name] for name in ("population", "households", "cells")
    }
    assert county["persons"] - total["persons"] == len(on_duty(context)[COUNTY])


def test_each_area_and_leaf_has_one_sheet_and_neighbours_know_each_other(
    context: Context, responsibility: tuple[Sheet, ...]
) -> None:
    """Somebody turns to "sheet 57, north-east", and finds there the way back."""
    leaves = asked(context, "SELECT code FROM grid_cells WHERE level = 5")
    assert Counter(s.code for s in responsibility if s.level == "grid") == Counter(row.code for row in leaves)
    assert Counter(s.level for s in responsibility) == {
        "county": 1,
        "township": 10,
        "village": 137,
        "grid": 169,
    }
    assert [s.number for s in responsibility] == list(range(1, len(responsibility) + 1))
    by_number = {s.number: s for s in responsibility}
    for sheet in responsibility:
        for one in sheet.neighbours:
            assert one.number is not None
            back = {other.number: other.direction for other in by_number[one.number].neighbours}
            assert back[sheet.number] == OPPOSITE[one.direction]
            assert sheet.subject.distance(by_number[one.number].subject) == pytest.approx(0, abs=1e-6)


def test_a_part_of_the_atlas_keeps_the_numbers_of_the_whole(
    context: Context, responsibility: tuple[Sheet, ...]
) -> None:
    """A township prints its own sheets anew: they go back to where they hung."""
    whole = {(one.level, one.code): one.number for one in responsibility}
    total, part = atlas.sheets(context, Wish(kind="responsibility", area=TOWNSHIP, levels=("village",)))
    numbered = {(one.level, one.code): one.number for one in part}
    assert len(numbered) == total
    assert numbered.items() <= whole.items()
    with pytest.raises(InvalidError):
        atlas.sheets(context, Wish(kind="responsibility", levels=("enterprise",)))


def test_times_on_a_sheet_are_those_of_the_roads(context: Context) -> None:
    """Who is there first is asked of the road network, never of a straight line; and so is the way to a shelter."""
    with context.world.read() as connection:
        network = roads.load_network(connection)
    sheet = atlas.sheet(context, "risk", "village", VILLAGE, lang="zh")
    (village,) = asked(
        context, "SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat FROM villages WHERE code = :c", c=VILLAGE
    )
    teams = {row.name: row for row in asked(
        context,
        """SELECT name, ST_X(geom) AS lon, ST_Y(geom) AS lat, notify_ms + assemble_ms + consent_ms AS ready_ms,
            travel_speed_class, travel_mass_kg, travel_height_cm, travel_width_cm, travel_four_wheel_drive
        FROM teams WHERE EXISTS (SELECT FROM team_capabilities WHERE team_id = teams.id AND code = 'landslide_rescue')""",
    )}  # fmt: skip
    found = {}
    for name, one in teams.items():
        profile = VehicleProfile(
            speed_class=one.travel_speed_class,
            mass_kg=one.travel_mass_kg,
            height_cm=one.travel_height_cm,
            width_cm=one.travel_width_cm,
            four_wheel_drive=one.travel_four_wheel_drive,
        )
        way = travel.route(
            network, (one.lon, one.lat), (village.lon, village.lat), profile, network.overlay()
        )
        if isinstance(way, travel.Route):
            found[name] = (one.ready_ms, way.road_ms + way.walk_ms)
    shown = rows_of(sheet, "teams")
    assert shown
    for row in shown:
        ready_ms, road_ms = found[row["teams.name"]]
        assert (row["ready_min"], row["road_min"]) == (minutes(ready_ms), minutes(road_ms))
        assert row["total_min"] == minutes(ready_ms + road_ms)
    first = sorted(ready + road for ready, road in found.values())[: len(shown)]
    assert [row["total_min"] for row in shown] == [minutes(ms) for ms in first]

    hazards = rows_of(sheet, "hazards")
    assert hazards
    foot = VehicleProfile(speed_class="foot")
    for row in hazards:
        (ends,) = asked(
            context,
            """SELECT ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, ST_X(s.geom) AS to_lon, ST_Y(s.geom) AS to_lat, s.name
            FROM places h JOIN places s ON s.layer = 'shelters' AND s.code = h.attributes->>'shelter' WHERE h.name = :name""",
            name=row["geohazard_points.name"],
        )
        way = travel.route(network, (ends.lon, ends.lat), (ends.to_lon, ends.to_lat), foot, network.overlay())
        assert isinstance(way, travel.Route)
        assert row["geohazard_points.shelter"] == ends.name
        assert row["way_min"] == minutes(way.road_ms + way.walk_ms)
    drawn = [one for one in sheet.drawn if one.layer == "route" and one.detail == "shelter"]
    assert len(drawn) == len(rows_of(sheet, "ways"))


def test_a_viewer_reads_no_phone_and_a_township_only_its_own(context: Context) -> None:
    """A wall is read by everybody who passes: what a role may not see is not on its sheet, in no table and no label."""
    viewer = context.acting(Actor(name="viewer", role="viewer", account=1))
    township = context.acting(Actor(name="town", role="township", account=2, area=TOWNSHIP))
    shown: tuple[tuple[SheetKind, SheetLevel, str], ...] = (
        ("responsibility", "grid", f"{VILLAGE}-01"),
        ("command", "enterprise", "QY0001"),
        ("risk", "village", VILLAGE),
        ("forest_fire", "county", COUNTY),
    )
    for kind, level, code in shown:
        assert not PHONE.search(repr(atlas.sheet(viewer, kind, level, code, lang="zh").sections)), (
            kind,
            level,
        )
    own = atlas.sheet(township, "responsibility", "township", TOWNSHIP, lang="zh")
    assert listed(own) == listed(atlas.sheet(context, "responsibility", "township", TOWNSHIP, lang="zh"))
    elsewhere = atlas.sheet(township, "responsibility", "township", "990101102000", lang="zh")
    assert not PHONE.search(repr(rows_of(elsewhere, "people")))
    with pytest.raises(NotFoundError):
        atlas.sheets(township, Wish(kind="responsibility", area="990101102000"))


def test_everybody_of_every_sheet_stands_in_its_printed_tables(
    responsibility: tuple[Sheet, ...],
) -> None:
    """No row is lost between content and paper, and no cell is cut, on any sheet; the fullest one is read as a PDF, too."""
    from data import policies  # noqa: PLC0415  # as below
    from web.sheets import tables  # noqa: PLC0415  # the renderer stands above this floor
    from web.sheets.page import lay_out  # noqa: PLC0415
    from web.wording import Words  # noqa: PLC0415

    words = Words(policies.load(), "zh")
    for sheet in responsibility:
        page, _frame = lay_out(sheet, "A3")
        poured = tables.pour(tables.of_sections(sheet, {}, words), page, page.columns, "")
        blocks = [*poured.first, *(block for further in poured.further for block in further)]
        placed = bare("".join(cell for block in blocks for row in block.rows for cell in row))
        missing = [one for one in listed(sheet) if "".join(one) not in placed]
        assert not missing, sheet.code
    fullest = max(responsibility, key=lambda sheet: listed(sheet).total())
    document = pypdfium2.PdfDocument(press.drawn(fullest, lang="zh", paper="A3", form="pdf"))
    written = bare("".join(page.get_textpage().get_text_range() for page in document))
    document.close()
    assert not [one for one in listed(fullest) if "".join(one) not in written]


def test_an_atlas_is_one_file_with_everybody_in_it(
    context: Context, responsibility: tuple[Sheet, ...], tmp_path: Path
) -> None:
    """The PDF itself is read: each sheet stands under its name in the outline; the journal has the act, once."""
    path, request_id = tmp_path / "atlas.pdf", uuid4()
    wish = Wish(kind="responsibility", area=VILLAGE, paper="A3")
    chosen = [one for one in responsibility if one.code.startswith(VILLAGE)]
    told: list[tuple[str, int, int]] = []
    made = atlas.make(context, wish, path, request_id=request_id, progress=lambda *step: told.append(step))
    assert made is not None
    assert (made.sheets, made.bytes) == (len(chosen), path.stat().st_size)
    done = [step[1:] for step in told if step[0] == "sheets"]
    assert done == sorted(done)
    assert done[-1] == (len(chosen), len(chosen))
    document = pypdfium2.PdfDocument(path)
    outline = [(one.get_title(), one.level, one.get_dest().get_index()) for one in document.get_toc()]
    assert [(title, depth) for title, depth, _ in outline] == [
        (f"{one.number} {one.name}", number > 0) for number, one in enumerate(chosen)
    ]
    starts = [start for *_, start in outline]
    for sheet, start, end in zip(chosen, starts, [*starts[1:], len(document)], strict=True):
        written = bare("".join(document[n].get_textpage().get_text_range() for n in range(start, end)))
        assert f"第{sheet.number}幅/共{sheet.total}幅" in written
        assert not [one for one in listed(sheet) if "".join(one) not in written], sheet.code
    document.close()
    assert atlas.make(context, wish, path, request_id=request_id) is None
    ((payload,),) = asked(context, "SELECT payload FROM live.journal WHERE act = 'atlas.print'")
    assert (payload["sheets"], payload["people"]) == (len(chosen), True)


def test_an_atlas_that_is_stopped_leaves_nothing(context: Context, tmp_path: Path) -> None:
    """Cancelled in the middle: no file, no act, and no process that goes on drawing."""
    path, request_id = tmp_path / "atlas.pdf", uuid4()

    def stop(stage: str, done: int, _total: int) -> None:
        if stage == "sheets" and done:
            raise StoppedError

    wish = Wish(kind="responsibility", area=TOWNSHIP, levels=("grid",))
    with pytest.raises(StoppedError):
        atlas.make(context, wish, path, request_id=request_id, progress=stop)
    assert not path.exists()
    assert not active_children()
    assert applied(context, "atlas.print", request_id, wish.arguments()) is None


def test_names_that_look_like_code_are_only_names(context: Context) -> None:
    """A village's name comes from a file: on a sheet it is text, whatever it holds."""
    from web.sheets.render import render  # noqa: PLC0415  # the renderer stands above this floor

    sheet = atlas.sheet(context, "command", "enterprise", "QY0001", lang="zh")
    hostile = "</text><script>alert(1)</script>{{ 7 * 7 }}{% x %}\x00&<"
    drawn = tuple(replace(one, name=hostile) for one in sheet.drawn[-20:])
    svg = render(replace(sheet, name=hostile, drawn=drawn), form="svg").decode()
    assert "<script" not in svg
    assert "49" not in re.findall(r">([^<]*alert[^<]*)<", svg)
