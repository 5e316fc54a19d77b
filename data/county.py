"""A whole county as one zip: every reference row, the roads, the lots, and the policy that it was worked with.

One JSON object a line and a row, geometry as GeoJSON, references by code and never by a number of this database: so a
file goes into any installation, an empty one or one that has other counties. Incidents, orders, sessions, passwords
and the journal are not in it: those are what a backup is for.
"""

import hashlib
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from geoalchemy2 import Geometry
from sqlalchemy import Column, Connection, Identity, Table, select, text
from sqlalchemy.dialects.postgresql import JSONB

from data import migrate, tables
from gis.crs import STORED

FORMAT: Final = 1
LARGEST_BYTES: Final = 8 * 2**30
"""Unpacked; more is no county but a bomb."""
_MANIFEST: Final = "manifest.json"
_POLICY: Final = "policy/"
_ROWS: Final = "rows/"
_READ: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How the rows of one table travel. `refs`: column → (table, its code); `without`: what stays here."""

    table: Table
    key: tuple[str, ...]
    refs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    @property
    def columns(self) -> list[Column[Any]]:
        """Everything but numbers that only this database knows."""
        return [
            column
            for column in self.table.columns
            if not isinstance(column.server_default, Identity) and column.name not in self.without
        ]


_TEAM: Final = ("teams", "code")
_KINDS: Final[Mapping[str, _Kind]] = {
    kind.table.name: kind
    for kind in (
        _Kind(table=tables.areas, key=("code",)),
        _Kind(table=tables.villages, key=("code",)),
        _Kind(table=tables.grid_cells, key=("code",)),
        _Kind(table=tables.places, key=("layer", "code")),
        _Kind(table=tables.depots, key=("code",)),
        _Kind(table=tables.teams, key=("code",)),
        _Kind(table=tables.team_capabilities, key=("team_id", "code"), refs={"team_id": _TEAM}),
        _Kind(table=tables.vehicles, key=("code",), refs={"team_id": _TEAM, "depot_id": ("depots", "code")}),
        _Kind(table=tables.people, key=("code",)),
        _Kind(
            table=tables.duties,
            key=("person_id", "role", "area_code", "grid_id", "place_id", "team_id"),
            refs={
                "person_id": ("people", "code"),
                "grid_id": ("grid_cells", "code"),
                "place_id": ("places", "layer || '/' || code"),
                "team_id": _TEAM,
            },
        ),
        # what is promised to orders stays with the orders
        _Kind(
            table=tables.stock_lots,
            key=("code",),
            refs={"depot_id": ("depots", "code")},
            without=frozenset({"reserved"}),
        ),
    )
}
_BASE: Final = _Kind(table=tables.base_features, key=())
_USERS: Final = _Kind(
    table=tables.users,
    key=("name",),
    without=frozenset({"password_hash", "password_changed_at", "must_change_password"}),
)
_ROADS: Final = tuple(
    _Kind(table=table, key=key, without=frozenset({"version"}))
    for table, key in (
        (tables.road_nodes, ("node_id",)),
        (tables.road_edges, ("edge_id",)),
        (tables.banned_turns, ("turn_id",)),
    )
)
_OWNED: Final = {"team_capabilities": ("team_id", "teams"), "duties": ("person_id", "people")}
"""Rows that belong to another, in a column and a table: what an owner in the file no longer has goes."""
_OWNERS: Final = frozenset(table for _, table in _OWNED.values())
_ABOUT_PEOPLE: Final = (tables.people, tables.duties, tables.users)
_MASK: Final = "***"


class CountyFileError(Exception):
    """The file is not taken; `code` says why, `details` hold the case."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an import does, or would do, to one table."""

    table: str
    new: int
    changed: int
    same: int


def write(
    connection: Connection,
    file: Path,
    *,
    policy: Path,
    at: datetime,
    program: str,
    accounts: bool,
    hidden: Collection[str] = (),
) -> dict[str, int]:
    """Write the county of this database, as it is at one moment, and return how many rows of each table.

    policy: the folder of its TOML files. accounts: names and roles of accounts too, never their passwords.
    hidden: columns and attributes about people that are masked; with any the people themselves are left out, and the
    file can be read and shown around, but not brought in.
    """
    growing = file.with_name(f"{file.name}.part")
    kinds = [*_KINDS.values(), _BASE, *([_USERS] if accounts else [])]
    if hidden:
        kinds = [kind for kind in kinds if kind.table not in _ABOUT_PEOPLE]
    counts: dict[str, int] = {}
    sums: dict[str, str] = {}
    with suppress(OSError):
        growing.touch(mode=0o600)  # names and phone numbers
    try:
        with zipfile.ZipFile(growing, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            roads = _roads(connection)
            present = f"t.version = {roads['version']}" if roads else ""
            wanted = [(kind, "true") for kind in kinds] + [(kind, present) for kind in _ROADS if roads]
            for kind, where in wanted:
                name, digest, rows = _write_rows(connection, archive, kind, where, hidden)
                sums[name], counts[kind.table.name] = digest, rows
            for path in sorted(policy.rglob("*.toml")):
                content = path.read_bytes()
                name = f"{_POLICY}{path.relative_to(policy).as_posix()}"
                archive.writestr(name, content)
                sums[name] = hashlib.sha256(content).hexdigest()
            manifest = {
                "format": FORMAT,
                "schema": migrate.revision_of(connection),
                "program": program,
                "made_at": at.isoformat(),
                "people": not hidden,
                "roads": {key: value for key, value in roads.items() if key != "version"},
                "rows": counts,
                "sha256": sums,
            }
            archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        growing.replace(file)
    finally:
        growing.unlink(missing_ok=True)
    return counts


def read(
    connection: Connection, file: Path, *, policy: Path, at: datetime, actor: str, password_hash: str
) -> tuple[tuple[Counts, ...], tuple[str, ...]]:
    """Bring a county's file in, inside the caller's transaction; return the counts, and policy files that differ here.

    A row with a known code is replaced, another added; rows that the file does not have stay. What a depot has on
    hand is taken for lots that are new here only: of the others this installation knows better. New accounts get
    `password_hash`, which nobody's password fits, until an administrator gives them one. Raises CountyFileError.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _checked(archive)
            names = set(archive.namelist())
            found = [
                _merge(connection, archive, kind)
                for kind in _KINDS.values()
                if f"{_ROWS}{kind.table.name}.jsonl" in names and kind.table is not tables.stock_lots
            ]
            found.append(_merge_lots(connection, archive, at=at, actor=actor))
            found.append(_replace_base(connection, archive))
            found += _new_roads(connection, archive, manifest["roads"], at)
            if f"{_ROWS}users.jsonl" in names:
                found.append(_merge_accounts(connection, archive, at=at, password_hash=password_hash))
            return tuple(found), _other_policy(archive, policy)
    except (zipfile.BadZipFile, OSError, KeyError, ValueError) as error:
        raise CountyFileError("county_file_unreadable", why=type(error).__name__) from error


def manifest_of(file: Path) -> dict[str, Any]:
    """Check a county's file and return what it says of itself. Raises CountyFileError."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _checked(archive)
    except (zipfile.BadZipFile, OSError, KeyError, ValueError) as error:
        raise CountyFileError("county_file_unreadable", why=type(error).__name__) from error


# -- out ---------------------------------------------------------------------------------------------------------------


def _write_rows(
    connection: Connection, archive: zipfile.ZipFile, kind: _Kind, where: str, hidden: Collection[str]
) -> tuple[str, str, int]:
    """Write one table and return its file's name, its SHA-256 and the number of rows."""
    name, digest, rows = f"{_ROWS}{kind.table.name}.jsonl", hashlib.sha256(), 0
    query = f"SELECT {_object(kind, hidden)}::text FROM {_name(kind)} t WHERE {where} ORDER BY 1"
    with archive.open(name, "w", force_zip64=True) as entry:
        for line in _lines(connection, query):
            content = f"{line}\n".encode()
            entry.write(content)
            digest.update(content)
            rows += 1
    return name, digest.hexdigest(), rows


def _lines(connection: Connection, query: str) -> Iterator[str]:
    result = connection.execution_options(yield_per=5000).exec_driver_sql(query.replace("%", "%%"))
    connection.execution_options(yield_per=None)
    return iter(result.scalars())


def _object(kind: _Kind, hidden: Collection[str]) -> str:
    """One row as JSON. 15 decimals give back every bit of a degree."""
    pairs = ", ".join(f"'{column.name}', {_out(kind, column, hidden)}" for column in kind.columns)
    return f"json_build_object({pairs})"


def _out(kind: _Kind, column: Column[Any], hidden: Collection[str]) -> str:
    if column.name in hidden:
        return f"CASE WHEN t.\"{column.name}\" <> '' THEN '{_MASK}' ELSE t.\"{column.name}\" END"
    if hidden and isinstance(column.type, JSONB):
        keys = ", ".join(f"'{name}'" for name in sorted(hidden))
        return f't."{column.name}" - ARRAY[{keys}]'
    if column.name in kind.refs:
        table, code = kind.refs[column.name]
        return f"(SELECT {code} FROM {table} WHERE id = t.{column.name})"
    if isinstance(column.type, Geometry):
        return f"ST_AsGeoJSON(t.{column.name}, 15, 0)::json"
    return f't."{column.name}"'


def _roads(connection: Connection) -> dict[str, Any]:
    """Tell of the present roads: where they are from and their hash; empty without any."""
    found = connection.execute(
        select(tables.road_networks).where(tables.road_networks.c.current)
    ).one_or_none()
    if found is None:
        return {}
    return {
        "version": found.version,
        "source": found.source,
        "report": found.report,
        "sha256": bytes(found.sha256).hex() if found.sha256 else None,
    }


# -- in ----------------------------------------------------------------------------------------------------------------


def _checked(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Hold every file against the manifest before one row is touched."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    if sum(entry.file_size for entry in entries.values()) > LARGEST_BYTES:
        raise CountyFileError("county_file_too_large", most_bytes=LARGEST_BYTES)
    manifest = json.loads(archive.read(_MANIFEST))
    if not manifest.get("people", True):
        raise CountyFileError("county_file_without_people")
    if manifest["format"] > FORMAT or str(manifest["schema"]) > migrate.head():
        raise CountyFileError("county_file_newer", file=manifest["schema"], here=migrate.head())
    expected = manifest["sha256"]
    if set(expected) != set(entries) - {_MANIFEST}:
        raise CountyFileError("county_file_changed", file=_MANIFEST)
    for name, digest in expected.items():
        if _sum(archive, name) != digest:
            raise CountyFileError("county_file_changed", file=name)
    return dict(manifest)


def _sum(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as entry:
        while part := entry.read(_READ):
            digest.update(part)
    return digest.hexdigest()


def _merge(connection: Connection, archive: zipfile.ZipFile, kind: _Kind) -> Counts:
    """Add the rows with an unknown key and replace those that differ."""
    total = _take_in(connection, archive, kind)
    gone = 0
    if kind.table.name in _OWNED:
        owner, owners = _OWNED[kind.table.name]
        same = " AND ".join(f"f.{column} IS NOT DISTINCT FROM t.{column}" for column in kind.key)
        gone = connection.exec_driver_sql(
            f"DELETE FROM {_name(kind)} t WHERE t.{owner} IN (SELECT id FROM incoming_{owners})"
            f" AND NOT EXISTS (SELECT FROM incoming_rows f WHERE {same})"
        ).rowcount
    names = [column.name for column in kind.columns]
    others = [name for name in names if name not in kind.key]
    update = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    differ = " OR ".join(f't."{name}" IS DISTINCT FROM excluded."{name}"' for name in others)
    listed = ", ".join(f'"{name}"' for name in names)
    new = connection.exec_driver_sql(
        f"INSERT INTO {_name(kind)} AS t ({listed}) SELECT {listed} FROM incoming_rows"
        f" ON CONFLICT ({', '.join(kind.key)})"
        + (f" DO UPDATE SET {update} WHERE {differ}" if others else " DO NOTHING")
        + " RETURNING (xmax = 0) AS new"
    ).scalars()
    made = list(new)
    if kind.table.name in _OWNERS:
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE incoming_{kind.table.name} ON COMMIT DROP AS"
            f" SELECT id FROM {kind.table.name} JOIN incoming_rows USING (code)"
        )
    return Counts(
        table=kind.table.name,
        new=sum(made),
        changed=len(made) - sum(made) + gone,
        same=total - len(made),
    )


def _merge_lots(connection: Connection, archive: zipfile.ZipFile, *, at: datetime, actor: str) -> Counts:
    """Take lots: new ones with what is on hand, as received now; of known ones everything else."""
    kind = _KINDS["stock_lots"]
    total = _take_in(connection, archive, kind)
    names = [column.name for column in kind.columns]
    others = [name for name in names if name not in {"code", "quantity"}]
    differ = " OR ".join(f't."{name}" IS DISTINCT FROM f."{name}"' for name in others)
    changed = connection.exec_driver_sql(
        f"UPDATE {_name(kind)} t SET {', '.join(f'{name} = f.{name}' for name in others)}"
        f" FROM incoming_rows f WHERE f.code = t.code AND ({differ})"
    ).rowcount
    listed = ", ".join(names)
    new = connection.execute(
        text(
            f"WITH made AS (INSERT INTO {_name(kind)} ({listed}) SELECT {listed} FROM incoming_rows"
            " ON CONFLICT (code) DO NOTHING RETURNING id, quantity),"
            " moved AS (INSERT INTO live.stock_movements (lot_id, kind, quantity, at, actor)"
            " SELECT id, 'receive', quantity, :at, :actor FROM made WHERE quantity > 0)"
            " SELECT count(*) FROM made"
        ),
        {"at": at, "actor": actor},
    ).scalar_one()
    return Counts(table="stock_lots", new=new, changed=changed, same=total - new - changed)


def _replace_base(connection: Connection, archive: zipfile.ZipFile) -> Counts:
    """Replace what the base map draws, source by source; a source that is the same already stays."""
    total = _take_in(connection, archive, _BASE)
    listed = ", ".join(f'"{column.name}"' for column in _BASE.columns)
    whole = f"md5(string_agg(({listed})::text, ',' ORDER BY ({listed})::text))"
    differs = (
        f"SELECT f.source FROM (SELECT source, {whole} AS rows FROM incoming_rows GROUP BY source) f"
        f" LEFT JOIN (SELECT source, {whole} AS rows FROM base_features GROUP BY source) t USING (source)"
        " WHERE f.rows IS DISTINCT FROM t.rows"
    )
    sources = list(connection.exec_driver_sql(differs).scalars())
    connection.execute(tables.base_features.delete().where(tables.base_features.c.source.in_(sources)))
    new = connection.execute(
        text(
            f"INSERT INTO base_features ({listed}) SELECT {listed} FROM incoming_rows WHERE source = ANY(:sources)"
        ),
        {"sources": sources},
    ).rowcount
    return Counts(table="base_features", new=new, changed=0, same=total - new)


def _new_roads(
    connection: Connection, archive: zipfile.ZipFile, about: Mapping[str, Any], at: datetime
) -> list[Counts]:
    """Store the file's roads as a new version, unless they are the present ones."""
    if not about:
        return []
    if _roads(connection).get("sha256") == about["sha256"] is not None:
        return [Counts(table="road_networks", new=0, changed=0, same=1)]
    networks = tables.road_networks
    connection.execute(networks.update().where(networks.c.current).values(current=False))
    version = connection.execute(
        networks.insert()
        .values(
            source=about["source"],
            imported_at=at,
            current=True,
            report=about["report"],
            sha256=bytes.fromhex(about["sha256"]) if about["sha256"] else None,
        )
        .returning(networks.c.version)
    ).scalar_one()
    for kind in _ROADS:
        _take_in(connection, archive, kind)
        listed = ", ".join(f'"{column.name}"' for column in kind.columns)
        connection.exec_driver_sql(
            f"INSERT INTO {_name(kind)} (version, {listed}) SELECT {version}, {listed} FROM incoming_rows"
        )
    return [Counts(table="road_networks", new=1, changed=0, same=0)]


def _merge_accounts(
    connection: Connection, archive: zipfile.ZipFile, *, at: datetime, password_hash: str
) -> Counts:
    """Add accounts whose name is not taken; the others are this installation's own."""
    total = _take_in(connection, archive, _USERS)
    listed = ", ".join(column.name for column in _USERS.columns)
    new = connection.execute(
        text(
            f"INSERT INTO users ({listed}, password_hash, password_changed_at, must_change_password)"
            f" SELECT {listed}, :hash, :at, true FROM incoming_rows ON CONFLICT (lower(name)) DO NOTHING"
        ),
        {"hash": password_hash, "at": at},
    ).rowcount
    return Counts(table="users", new=new, changed=0, same=total - new)


def _take_in(connection: Connection, archive: zipfile.ZipFile, kind: _Kind) -> int:
    """Copy the lines of a table's file into `incoming_rows`, typed and with this database's own numbers."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS incoming_rows, incoming_lines")
    connection.exec_driver_sql("CREATE TEMPORARY TABLE incoming_lines (line jsonb) ON COMMIT DROP")
    cursor: Any = connection.connection.cursor()  # psycopg's own, for COPY
    name = f"{_ROWS}{kind.table.name}.jsonl"
    with cursor, archive.open(name) as entry, cursor.copy("COPY incoming_lines FROM STDIN") as copy:
        for line in entry:
            copy.write_row((line.decode(),))
    columns = ", ".join(f'{_in(kind, column)} AS "{column.name}"' for column in kind.columns)
    without = "".join(
        f" - '{column.name}'"
        for column in kind.columns
        if column.name in kind.refs or isinstance(column.type, Geometry)
    )
    made = connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE incoming_rows ON COMMIT DROP AS SELECT {columns} FROM incoming_lines,"
        f" LATERAL jsonb_populate_record(NULL::{_name(kind)}, line{without}) AS r"
    )
    return int(made.rowcount)


def _in(kind: _Kind, column: Column[Any]) -> str:
    if column.name in kind.refs:
        table, code = kind.refs[column.name]
        return f"(SELECT id FROM {table} WHERE {code} = line->>'{column.name}')"
    if isinstance(column.type, Geometry):
        return f"ST_SetSRID(ST_GeomFromGeoJSON(line->'{column.name}'), {STORED})"
    return f'r."{column.name}"'


def _name(kind: _Kind) -> str:
    return f"live.{kind.table.name}" if kind.table.schema == tables.WORLD else kind.table.name


def _other_policy(archive: zipfile.ZipFile, policy: Path) -> tuple[str, ...]:
    """Name the policy files that are not the same here: cards and layers are changed by hand, knowingly."""
    theirs = {
        name.removeprefix(_POLICY): archive.read(name)
        for name in archive.namelist()
        if name.startswith(_POLICY)
    }
    ours = {path.relative_to(policy).as_posix(): path.read_bytes() for path in policy.rglob("*.toml")}
    return tuple(sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)))
