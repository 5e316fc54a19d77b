"""A county written to a file, read into another installation, and written again: no difference."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from api.context import Context, make_context
from api.errors import InvalidError
from api.security import local_administrator
from api.settings import Settings
from api.usecases import accounts, bringing_in, county
from data import migrate
from data.cluster import Cluster
from data.examine import examine
from tests import builders, databases


@pytest.fixture
def demo(engine: Engine) -> Context:
    """The fictional county, as the demo has it."""
    acting = opened(engine.url.render_as_string(hide_password=False))
    bringing_in.demo_county(acting, request_id=uuid4(), progress=lambda _stage, _done, _all: None)
    accounts.set_up(acting)
    return acting


def opened(url: str) -> Context:
    context = make_context(Settings(database_url=url, _env_file=None), url, clock=lambda: builders.NOW)
    migrate.upgrade(context.engine)
    return context.acting(local_administrator("tests"))


@pytest.fixture
def other(cluster: Cluster, template: str) -> Context:
    """Another installation, with nothing in it."""
    databases.execute(cluster, f"CREATE DATABASE other_county TEMPLATE {template}")
    return opened(cluster.url("other_county"))


def content(file: Path) -> dict[str, bytes]:
    """Everything in a county's file but the moment that it was made at."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def test_out_in_and_out_again_is_the_same(
    demo: Context, other: Context, cluster: Cluster, tmp_path: Path
) -> None:
    """Every row and every bit of every position; then a change is seen, told before, and taken; a spoilt file is not."""
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    counts = county.write(demo, first, request_id=uuid4(), accounts=True)
    assert counts is not None
    assert all(counts[table] for table in ("areas", "teams", "duties", "road_edges", "stock_lots", "users"))
    assert oct(first.stat().st_mode)[-3:] == "600"
    assert b"argon2" not in b"".join(content(first).values())

    would = county.preview(other, first)
    assert {one.table: one.new for one in would.counts}["teams"] == counts["teams"]
    with other.world.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM teams")) == 0, "a preview leaves nothing"
    assert county.read(other, first, request_id=uuid4()) == would
    assert county.write(other, second, request_id=uuid4(), accounts=True) == counts
    assert content(second) == content(first)
    assert base_map_of(other) == base_map_of(demo), "the map's tiles are as new as the county"
    again = county.preview(other, first)
    assert {(one.new, one.changed) for one in again.counts} == {(0, 0)}
    with other.engine.connect() as connection:
        assert examine(connection).sound

    with demo.world.begin() as connection:
        connection.execute(
            text("UPDATE teams SET strength = strength + 1 WHERE id = (SELECT min(id) FROM teams)")
        )
        connection.execute(text("DELETE FROM team_capabilities WHERE team_id = (SELECT min(id) FROM teams)"))
        connection.execute(text("UPDATE live.stock_lots SET supplier = '新供应商' WHERE id = 1"))
    county.write(demo, first, request_id=uuid4(), accounts=False)
    changed = {one.table: one.changed for one in county.preview(other, first).counts if one.changed}
    assert (changed["teams"], changed["stock_lots"], changed["team_capabilities"] > 0) == (1, 1, True)

    spoilt, newer = tmp_path / "spoilt.zip", tmp_path / "newer.zip"
    rewritten(first, spoilt, "rows/teams.jsonl", lambda words: words.replace(b"team", b"taem", 1) + b"\n")
    rewritten(
        first,
        newer,
        "manifest.json",
        lambda words: json.dumps({**json.loads(words), "schema": "9999"}).encode(),
    )
    (tmp_path / "no.zip").write_bytes(b"PK not really")
    for file, code in (
        (spoilt, "county_file_changed"),
        (newer, "county_file_newer"),
        (tmp_path / "no.zip", "county_file_unreadable"),
    ):
        with pytest.raises(InvalidError) as refused:
            county.read(other, file, request_id=uuid4())
        assert refused.value.code == code
    demo.engine.dispose()
    other.engine.dispose()
    databases.execute(cluster, "DROP DATABASE other_county WITH (FORCE)")


def test_a_county_without_people_names_nobody_and_is_not_brought_in(
    context: Context, engine: Engine, tmp_path: Path
) -> None:
    """For whoever plans with the county and may not have its telephone book: no name or number in any table or attribute."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE places SET attributes = attributes || :more"),
            {"more": json.dumps({"head_name": "李四", "head_phone": "10000000002"})},
        )
        connection.execute(
            text("INSERT INTO people (code, name, phone) VALUES ('P1', '王五', '10000000003')")
        )
    whole, masked = tmp_path / "whole.zip", tmp_path / "masked.zip"
    county.write(context, whole, request_id=uuid4(), accounts=True)
    county.write(context, masked, request_id=uuid4(), accounts=True, people=False)
    people = ("张三", "10000000001", "李四", "10000000002", "王五", "10000000003")
    found = {
        file: {name for name in people if any(name.encode() in rows for rows in content(file).values())}
        for file in (whole, masked)
    }
    assert found == {whole: set(people), masked: set()}
    assert set(content(whole)) - set(content(masked)) == {
        f"rows/{table}.jsonl" for table in ("people", "duties", "users")
    }
    with pytest.raises(InvalidError, match="county_file_without_people"):
        county.preview(context, masked)


def base_map_of(ctx: Context) -> set[tuple[int, int, int]]:
    """The baked tiles of the base map, by zoom, column and row; there are some."""
    with ctx.engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text("SELECT z, x, y FROM base_tiles"))]
        baked = {(z, x, y) for z, x, y in found}
    assert baked
    return baked


def rewritten(source: Path, target: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            words = old.read(entry)
            new.writestr(entry, change(words) if entry == name else words)
