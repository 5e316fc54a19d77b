"""Every table, in SQLAlchemy Core. Reference tables stand in `public`, operational tables once for each world.

`world` is no schema of the database: `schema_translate_map` turns it into `live` or into an exercise's schema
(see `data.worlds`). Triggers and functions stand in the migrations; an exercise copies them from the live world.

Units as everywhere: *_ms whole milliseconds, *_kg whole kilograms, *_cm whole centimetres; grade 1 and level 1 are
the highest. Geometry is stored in one coordinate system, longitude before latitude, and each has a GiST index.
"""

from collections.abc import Sequence

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.schema import SchemaConst, SchemaItem

from gis.crs import STORED

WORLD = "world"
"""The schema name that stands for whichever world a connection is in."""

ORDER_STATES = ("sent", "acknowledged", "departed", "arrived", "finished", "refused", "cancelled")
OPEN_ORDER_STATES = ("sent", "acknowledged", "departed", "arrived")
INCIDENT_STATES = ("open", "closed", "cancelled")
ROLES = ("viewer", "duty_officer", "commander", "administrator", "township", "registrar")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _key(name: str = "id") -> Column[int]:
    return Column(name, BigInteger, Identity(), primary_key=True)


def _code() -> Column[str]:
    return Column("code", Text, nullable=False, unique=True)


def _time(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _geometry(kind: str, *, nullable: bool = False) -> Column[object]:
    """Make a geometry column without GeoAlchemy2's own index: ours is declared by name, so that migrations see it."""
    return Column("geom", Geometry(kind, srid=STORED, spatial_index=False), nullable=nullable)


def _area(name: str = "area_code", *, nullable: bool = True) -> Column[str]:
    return Column(
        name,
        Text,
        ForeignKey("areas.code", onupdate="CASCADE", deferrable=True),
        nullable=nullable,
        index=True,
    )


def _attributes() -> Column[object]:
    return Column("attributes", JSONB, nullable=False, server_default=text("'{}'::jsonb"))


def _provenance() -> tuple[SchemaItem, ...]:
    """Where a row is from, whether it is an invented sample, and when it last changed."""
    return (
        Column("source", Text, nullable=False, server_default=""),
        Column("sample", Boolean, nullable=False, server_default=text("false")),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


def _profile(prefix: str = "") -> tuple[SchemaItem, ...]:
    """Describe what a road sees of a vehicle; 0 = does not matter. Mirrors `gis.network.VehicleProfile`."""
    return (
        Column(f"{prefix}speed_class", Text, nullable=False, server_default="car"),
        _count(f"{prefix}mass_kg"),
        _count(f"{prefix}height_cm"),
        _count(f"{prefix}width_cm"),
        Column(f"{prefix}four_wheel_drive", Boolean, nullable=False, server_default=text("false")),
        _one_of(f"{prefix}speed_class", ("foot", "car", "truck", "heavy")),
        _at_least_zero(f"{prefix}mass_kg", f"{prefix}height_cm", f"{prefix}width_cm"),
    )


def _count(name: str, default: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def _one_of(column: str, codes: Sequence[str]) -> CheckConstraint:
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _at_least_zero(*columns: str) -> CheckConstraint:
    return CheckConstraint(
        " AND ".join(f"{column} >= 0" for column in columns), name=f"{columns[0]}_not_negative"
    )


def _gist(table: str) -> Index:
    return Index(f"ix_{table}_geom", "geom", postgresql_using="gist")


def _named(table: str, parts: str = "code, name, name_en", only: str | None = None) -> Index:
    """Index what a row is called by every one and two characters of it (migration 0004), for `data.locate`."""
    return Index(
        f"ix_{table}_named",
        text(f"name_parts({parts})"),
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},  # no slow answer while a list of pending rows is worked off
        postgresql_where=None if only is None else text(only),
    )


# ---------------------------------------------------------------------------------------------- reference: where

areas = Table(
    "areas",
    metadata,
    Column("code", Text, primary_key=True),
    Column("level", Text, nullable=False),
    Column(
        "parent",
        Text,
        # deferred: a file may name a township before its county
        ForeignKey("areas.code", onupdate="CASCADE", deferrable=True, initially="DEFERRED"),
        index=True,
    ),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    _geometry("MULTIPOLYGON", nullable=True),
    Column("seat", Geometry("POINT", srid=STORED, spatial_index=False)),  # where its offices stand
    _attributes(),
    *_provenance(),
    CheckConstraint("code ~ '^[0-9]{12}$'", name="code_12_digits"),
    _one_of("level", ("province", "city", "county", "township", "village")),
    _gist("areas"),
    _named("areas"),
)

villages = Table(
    "villages",
    metadata,
    _key(),
    _code(),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    _area(),
    _count("population"),
    _count("households"),
    _geometry("POINT"),
    _attributes(),
    *_provenance(),
    _at_least_zero("population", "households"),
    _gist("villages"),
    _named("villages"),
)

grid_cells = Table(
    "grid_cells",
    metadata,
    _key(),
    _code(),
    Column("theme", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column(
        "parent",
        Text,
        ForeignKey("grid_cells.code", onupdate="CASCADE", deferrable=True, initially="DEFERRED"),
    ),
    Column("name", Text, nullable=False, server_default=""),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("alias", Text, nullable=False, server_default=""),  # the bureau's own code
    _area(),
    _geometry("MULTIPOLYGON"),
    _attributes(),
    *_provenance(),
    CheckConstraint("level BETWEEN 1 AND 5", name="level"),
    CheckConstraint("ST_IsValid(geom)", name="geom_valid"),
    Index("ix_grid_cells_theme_level", "theme", "level"),
    Index("ix_grid_cells_parent", "parent"),
    _gist("grid_cells"),
    _named("grid_cells"),
    Index(
        "ix_grid_cells_alias",
        text("name_parts(alias, '', '')"),
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
)

places = Table(
    "places",
    metadata,
    _key(),
    Column("layer", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("name_en", Text, nullable=False, server_default=""),
    _area(),
    _geometry("GEOMETRY"),
    _attributes(),
    *_provenance(),
    UniqueConstraint("layer", "code"),
    _gist("places"),
    _named("places"),
)

# --------------------------------------------------------------------------------------------- reference: whose

depots = Table(
    "depots",
    metadata,
    _key(),
    _code(),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("level", Text, nullable=False, server_default="county"),
    _area(),
    _geometry("POINT"),
    _count("notify_ms"),
    _count("loading_ms"),
    Column("opening_hours", Text, nullable=False, server_default=""),
    Column("contact_name", Text, nullable=False, server_default=""),
    Column("contact_phone", Text, nullable=False, server_default=""),
    _attributes(),
    *_provenance(),
    _one_of("level", ("county", "township", "village", "enterprise")),
    _at_least_zero("notify_ms", "loading_ms"),
    _gist("depots"),
    _named("depots"),
)

teams = Table(
    "teams",
    metadata,
    _key(),
    _code(),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False, server_default=""),
    _area(),
    _geometry("POINT"),
    Column("strength", Integer, nullable=False),
    _count("notify_ms"),
    _count("assemble_ms"),
    _count("consent_ms"),  # 0: goes without anyone's consent
    *_profile("travel_"),
    Column("radio_channel", Text, nullable=False, server_default=""),
    Column("contact_name", Text, nullable=False, server_default=""),
    Column("contact_phone", Text, nullable=False, server_default=""),
    _attributes(),
    *_provenance(),
    _at_least_zero("strength", "notify_ms", "assemble_ms", "consent_ms"),
    _gist("teams"),
    _named("teams"),
)

team_capabilities = Table(
    "team_capabilities",
    metadata,
    Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("grade", SmallInteger, nullable=False, server_default=text("3")),
    CheckConstraint("grade BETWEEN 1 AND 3", name="grade"),
    Index("ix_team_capabilities_code", "code"),
)

vehicles = Table(
    "vehicles",
    metadata,
    _key(),
    _code(),
    Column("name", Text, nullable=False, server_default=""),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False),
    Column("team_id", BigInteger, ForeignKey("teams.id"), index=True),
    Column("depot_id", BigInteger, ForeignKey("depots.id"), index=True),
    _count("load_kg"),
    *_profile(),
    _attributes(),
    *_provenance(),
    CheckConstraint("num_nonnulls(team_id, depot_id) = 1", name="one_owner"),
    _at_least_zero("load_kg"),
)

people = Table(
    "people",
    metadata,
    _key(),
    _code(),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False, server_default=""),
    Column("organisation", Text, nullable=False, server_default=""),
    Column("position", Text, nullable=False, server_default=""),
    _area(),
    _attributes(),
    *_provenance(),
    _named("people", "code, name, ''::text"),
)

duties = Table(
    "duties",
    metadata,
    _key(),
    _code(),
    Column("person_id", BigInteger, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("rank", Text, nullable=False, server_default="A"),  # A answers first, B stands in
    _area(),
    Column("grid_id", BigInteger, ForeignKey("grid_cells.id", ondelete="CASCADE"), index=True),
    Column("place_id", BigInteger, ForeignKey("places.id", ondelete="CASCADE"), index=True),
    Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), index=True),
    Column("valid_from", Date),  # the first day; null: from ever
    Column("valid_to", Date),  # the last day; null: until further notice
    _one_of("rank", ("A", "B")),
    CheckConstraint("valid_from <= valid_to", name="valid_to_not_before"),
    CheckConstraint("num_nonnulls(area_code, grid_id, place_id, team_id) = 1", name="one_subject"),
    UniqueConstraint(
        "person_id", "role", "area_code", "grid_id", "place_id", "team_id", postgresql_nulls_not_distinct=True
    ),
)

# ------------------------------------------------------------------------------ reference: what grids once were


def _versions_of(name: str, *columns: SchemaItem) -> Table:
    """Declare the versions of a table's rows, filled by its trigger: each as it stood from `since` until `until`."""
    return Table(
        name,
        metadata,
        _key(),
        Column("row_id", BigInteger, nullable=False),  # no foreign key: what is gone has a past too
        _time("since"),  # null: since before anything was kept
        _time("until"),  # null: it still stands so
        *columns,
        Index(f"ix_{name}_row_id", "row_id"),
    )


grid_cell_versions = _versions_of(
    "grid_cell_versions",
    Column("code", Text, nullable=False, index=True),
    Column("theme", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("parent", Text),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("area_code", Text),
    _geometry("MULTIPOLYGON"),
    _gist("grid_cell_versions"),
)

duty_versions = _versions_of(
    "duty_versions",
    Column("code", Text, nullable=False),
    Column("person_id", BigInteger, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("rank", Text, nullable=False),
    Column("area_code", Text),
    Column("grid_id", BigInteger, index=True),
    Column("place_id", BigInteger),
    Column("team_id", BigInteger),
    Column("valid_from", Date),
    Column("valid_to", Date),
)

person_versions = _versions_of(
    "person_versions",
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("area_code", Text),
)

grid_changes = Table(
    "grid_changes",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("number", BigInteger, nullable=False),
    CheckConstraint("one", name="one"),
)
"""One row, counted on with every change of a cell: a process that keeps the cells in memory reads them again."""

# --------------------------------------------------------------------------------------------- reference: roads

road_networks = Table(
    "road_networks",
    metadata,
    _key("version"),
    Column("source", Text, nullable=False),
    _time("imported_at", nullable=False),
    Column("current", Boolean, nullable=False, server_default=text("false")),
    Column("report", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column(
        "sha256", LargeBinary
    ),  # of nodes, edges and banned turns: importing the same roads changes nothing
    CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    Index("uq_road_networks_current", "current", unique=True, postgresql_where=text("current")),
)

# Nodes and edges carry no foreign keys: a million rows are copied in at once, from a frame that has been checked.
road_nodes = Table(
    "road_nodes",
    metadata,
    Column("version", BigInteger, primary_key=True),
    Column("node_id", BigInteger, primary_key=True, autoincrement=False),
    _geometry("POINT"),
    _gist("road_nodes"),
)

road_edges = Table(
    "road_edges",
    metadata,
    Column("version", BigInteger, primary_key=True),
    Column("edge_id", BigInteger, primary_key=True, autoincrement=False),
    Column("u", BigInteger, nullable=False),
    Column("v", BigInteger, nullable=False),
    _geometry("LINESTRING"),
    Column("length_m", Double, nullable=False),
    Column("road_class", Text, nullable=False),
    Column("speed_kmh", Double, nullable=False),
    Column("oneway", SmallInteger, nullable=False, server_default=text("0")),
    Column("bridge", Boolean, nullable=False, server_default=text("false")),
    Column("tunnel", Boolean, nullable=False, server_default=text("false")),
    _count("max_mass_kg"),
    _count("max_height_cm"),
    _count("max_width_cm"),
    Column("four_wheel_drive_only", Boolean, nullable=False, server_default=text("false")),
    Column("access", Text, nullable=False, server_default="yes"),
    Column("conditional", JSONB(none_as_null=True)),
    Column("name", Text),
    Column("ref", Text),
    Column("osm_way_id", BigInteger),
    CheckConstraint("oneway BETWEEN -1 AND 1", name="oneway"),
    CheckConstraint("speed_kmh > 0", name="speed_positive"),
    _one_of("access", ("yes", "destination", "private", "foot", "no")),
    _at_least_zero("length_m", "max_mass_kg", "max_height_cm", "max_width_cm"),
    _gist("road_edges"),
    _named(
        "road_edges",
        "COALESCE(ref, ''::text), COALESCE(name, ''::text), ''::text",
        "name IS NOT NULL OR ref IS NOT NULL",
    ),
)

banned_turns = Table(
    "banned_turns",
    metadata,
    Column("version", BigInteger, primary_key=True),
    Column("turn_id", BigInteger, primary_key=True, autoincrement=False),
    Column("edges", ARRAY(BigInteger), nullable=False),
    Column("forward", ARRAY(Boolean), nullable=False),
    CheckConstraint("cardinality(edges) >= 2 AND cardinality(edges) = cardinality(forward)", name="pairs"),
)

# What the base map draws besides roads and areas; nothing is decided by it.
base_features = Table(
    "base_features",
    metadata,
    _key(),
    Column("kind", Text, nullable=False),
    Column("class", Text, nullable=False, server_default=""),  # river, stream, lake, town, village …
    Column("name", Text, nullable=False, server_default=""),
    _geometry("GEOMETRY"),
    Column("source", Text, nullable=False, server_default=""),
    _one_of("kind", ("water", "waterway", "wood", "settlement")),
    Index("ix_base_features_source", "source"),
    _gist("base_features"),
)

# ----------------------------------------------------------------------------------------- reference: who may act

users = Table(
    "users",
    metadata,
    _key(),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    _area(),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("must_change_password", Boolean, nullable=False, server_default=text("false")),
    _time("created_at", nullable=False),
    _time("password_changed_at", nullable=False),
    _one_of("role", ROLES),
    CheckConstraint("starts_with(password_hash, '$argon2id$')", name="password_hashed"),
    Index("uq_users_name", func.lower(text("name")), unique=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    _time("created_at", nullable=False),
    _time("expires_at", nullable=False),
    _time("revoked_at"),
    Column("client", Text, nullable=False, server_default=""),
    Column("reading_key", Boolean, nullable=False, server_default=text("false")),  # a program's, reads only
    _time("seen_at"),  # to the minute: an idle session ends
    CheckConstraint("octet_length(token_hash) = 32", name="token_sha256"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    _key(),
    Column("name", Text, nullable=False),
    Column("client", Text, nullable=False, server_default=""),
    _time("at", nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_login_attempts_name_at", "name", "at"),
    Index("ix_login_attempts_client_at", "client", "at"),
)

trackers = Table(
    "trackers",
    metadata,
    _key(),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), index=True),
    Column("vehicle_id", BigInteger, ForeignKey("vehicles.id", ondelete="CASCADE"), index=True),
    _time("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
    _time("revoked_at"),
    CheckConstraint("octet_length(token_hash) = 32", name="token_sha256"),
    CheckConstraint("num_nonnulls(team_id, vehicle_id) = 1", name="one_unit"),
)

# ------------------------------------------------------------------------ reference: work that takes minutes

jobs = Table(
    "jobs",
    metadata,
    _key(),
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("stage", Text, nullable=False, server_default=""),
    _count("done"),
    _count("total"),
    Column("result", JSONB(none_as_null=True)),
    Column("error", Text),  # code of what went wrong, as in a problem document; `details` its numbers
    Column("details", JSONB(none_as_null=True)),
    Column("cancelling", Boolean, nullable=False, server_default=text("false")),
    _time("started_at", nullable=False),
    Column("started_by", Text, nullable=False),
    _time("beat_at", nullable=False),  # while its process lives, every few seconds
    _time("ended_at"),
    _one_of("state", ("waiting", "running", "done", "failed", "cancelled")),
    CheckConstraint("(state IN ('waiting', 'running')) = (ended_at IS NULL)", name="ended_at"),
    CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="error"),
    _at_least_zero("done", "total"),
    Index("ix_jobs_kind_id", "kind", "id"),
)

# ------------------------------------------------------------------------ reference: drawn once, at the import

ledger_batches = Table(
    "ledger_batches",
    metadata,
    _key(),
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("file", Text, nullable=False),  # as people call it
    Column("made", Text, nullable=False),  # where it is kept meanwhile (data.made); "" once it is not
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("area_code", Text),  # whose rows it may touch; null: all
    Column("datum", Text),
    Column("sheets", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("said", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    _time("made_at", nullable=False),
    Column("made_by", Text, nullable=False),
    _time("applied_at"),
    Column("applied_by", Text),
    _time("undone_at"),
    Column("undone_by", Text),
    _one_of("state", ("waiting", "previewed", "refused", "applied", "undone", "dropped")),
)

ledger_rows = Table(
    "ledger_rows",
    metadata,
    _key(),
    Column("batch_id", BigInteger, ForeignKey("ledger_batches.id", ondelete="CASCADE"), nullable=False),
    Column("sheet", Integer, nullable=False),
    Column("number", Integer),  # of the row in its sheet; null: it is not in the file
    Column("layer", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False),
    Column("placed", Boolean, nullable=False, server_default=text("false")),
    Column("changes", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("problems", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("before", JSONB),
    Column("after", JSONB),
    _one_of("outcome", ("new", "changed", "same", "gone", "faulty")),
    Index("ix_ledger_rows_batch_id_outcome", "batch_id", "outcome", "id"),
)

ledger_mappings = Table(
    "ledger_mappings",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("layer", Text, nullable=False),
    Column("targets", JSONB, nullable=False),
    _time("saved_at", nullable=False),
    Column("saved_by", Text, nullable=False),
)

base_tiles = Table(
    "base_tiles",
    metadata,
    Column("z", SmallInteger, primary_key=True, autoincrement=False),
    Column("x", Integer, primary_key=True, autoincrement=False),
    Column("y", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # vector tile, gzip
    CheckConstraint("z BETWEEN 0 AND 22", name="z"),
)

relief_tiles = Table(
    "relief_tiles",
    metadata,
    Column("source", Text, primary_key=True),
    Column("z", SmallInteger, primary_key=True, autoincrement=False),
    Column("x", Integer, primary_key=True, autoincrement=False),
    Column("y", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # PNG or WebP of the hill shading, 256 × 256
    CheckConstraint("z BETWEEN 0 AND 22", name="z"),
    Index("ix_relief_tiles_place", "z", "x", "y"),
)

worlds = Table(
    "worlds",
    metadata,
    Column("schema_name", Text, primary_key=True),
    Column("title", Text, nullable=False, server_default=""),
    _time("created_at", nullable=False),
    CheckConstraint("schema_name = 'live' OR schema_name ~ '^exercise_[a-z0-9_]{1,40}$'", name="schema_name"),
)

# ------------------------------------------------------------------------------- each world: state of what stands

team_states = Table(
    "team_states",
    metadata,
    Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("status", Text, nullable=False, server_default="on_duty"),
    Column("strength", Integer),  # heads on duty now; null: the roster's
    Column(
        "geom", Geometry("POINT", srid=STORED, spatial_index=False)
    ),  # last known place; null: at its base
    _time("reported_at"),
    Column("note", Text, nullable=False, server_default=""),
    _one_of("status", ("on_duty", "off_duty", "resting", "unavailable")),
    CheckConstraint("strength >= 0", name="strength_not_negative"),
    _gist("team_states"),
    schema=WORLD,
)

vehicle_states = Table(
    "vehicle_states",
    metadata,
    Column("vehicle_id", BigInteger, ForeignKey("vehicles.id", ondelete="CASCADE"), primary_key=True),
    Column("in_service", Boolean, nullable=False),
    _time("reported_at"),
    Column("note", Text, nullable=False, server_default=""),
    schema=WORLD,
)

depot_states = Table(
    "depot_states",
    metadata,
    Column("depot_id", BigInteger, ForeignKey("depots.id", ondelete="CASCADE"), primary_key=True),
    Column("open", Boolean, nullable=False),
    _time("reported_at"),
    Column("note", Text, nullable=False, server_default=""),
    schema=WORLD,
)

stock_lots = Table(
    "stock_lots",
    metadata,
    _key(),
    _code(),
    Column("depot_id", BigInteger, ForeignKey("depots.id"), nullable=False, index=True),
    Column("ownership", Text, nullable=False, server_default="own"),
    Column("item", Text, nullable=False, index=True),
    _count("quantity"),  # on hand, reserved goods included
    _count("reserved"),  # promised to orders that have not left
    _count("unit_kg"),
    Column("expires_on", Date),
    _count("activation_ms"),
    Column("supplier", Text, nullable=False, server_default=""),
    Column("contact_name", Text, nullable=False, server_default=""),
    Column("contact_phone", Text, nullable=False, server_default=""),
    Column("contract_ends_on", Date),
    _attributes(),
    *_provenance(),
    _one_of("ownership", ("own", "agreement")),
    CheckConstraint("ownership = 'agreement' OR activation_ms = 0", name="own_is_ready"),
    CheckConstraint("reserved BETWEEN 0 AND quantity", name="never_oversold"),
    _at_least_zero("unit_kg", "activation_ms"),
    schema=WORLD,
)

closures = Table(
    "closures",
    metadata,
    _key(),
    _geometry("GEOMETRY"),
    Column("factor_percent", Integer),  # null: closed; 300: three times slower
    _time("starts_at"),
    _time("ends_at"),
    Column("reason", Text, nullable=False, server_default=""),
    _time("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
    _time("ended_at"),
    Column("ended_by", Text),
    CheckConstraint("factor_percent > 100", name="slows"),
    CheckConstraint("ends_at > starts_at", name="window"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_someone"),
    Index("ix_closures_standing", "ends_at", postgresql_where=text("ended_at IS NULL")),
    _gist("closures"),
    schema=WORLD,
)

hazard_areas = Table(
    "hazard_areas",
    metadata,
    _key(),
    _geometry("GEOMETRY"),  # an area drawn by hand, besides the zones that cards make
    Column("incident_id", BigInteger, ForeignKey("world.incidents.id"), index=True),
    Column("closes_roads", Boolean, nullable=False, server_default=text("true")),
    _time("starts_at"),
    _time("ends_at"),
    Column("reason", Text, nullable=False, server_default=""),
    _time("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
    _time("ended_at"),
    Column("ended_by", Text),
    CheckConstraint("GeometryType(geom) IN ('POLYGON', 'MULTIPOLYGON')", name="is_area"),
    CheckConstraint("ends_at > starts_at", name="window"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_someone"),
    _gist("hazard_areas"),
    schema=WORLD,
)

# --------------------------------------------------------------------------------------- each world: what happens

incidents = Table(
    "incidents",
    metadata,
    _key(),
    Column("type", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("priority", Integer, nullable=False, server_default=text("1")),
    Column("name", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    _geometry("POINT"),
    _count("radius_m"),
    Column("area_code", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True)),
    Column("grid_code", Text),  # as it was called then: a cell may be divided, and its past is kept
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("state", Text, nullable=False, server_default="open"),
    Column("post", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True)),  # null: the county's
    _time("escalated_at"),
    Column("escalated_by", Text),
    _time("reported_at", nullable=False),
    Column("reported_by", Text, nullable=False),
    Column("reporter_name", Text, nullable=False, server_default=""),  # who told us, as on the telephone
    Column("reporter_phone", Text, nullable=False, server_default=""),
    Column("reports", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # sent upwards, in order
    _time("ended_at"),
    CheckConstraint("(escalated_at IS NULL) = (escalated_by IS NULL)", name="escalated_by_someone"),
    CheckConstraint("level BETWEEN 1 AND 4", name="level"),
    CheckConstraint("priority >= 1", name="priority_positive"),
    _at_least_zero("radius_m"),
    _one_of("state", INCIDENT_STATES),
    CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_at"),
    Index("ix_incidents_open", "id", postgresql_where=text("state = 'open'")),
    _gist("incidents"),
    schema=WORLD,
)

plans = Table(
    "plans",
    metadata,
    _key(),
    Column("incident_ids", ARRAY(BigInteger), nullable=False),
    Column("state", Text, nullable=False, server_default="proposed"),
    Column("plan", JSONB, nullable=False),
    Column("baseline", JSONB(none_as_null=True)),  # nearest first, for comparison
    Column("routes", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("zones", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("pins", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("bans", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column(
        "cancels", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")
    ),  # orders that it would end
    Column("keeping", JSONB(none_as_null=True)),  # the best plan that ends none of them, for comparison
    Column("journal", BigInteger, nullable=False),  # the number that the snapshot was taken at
    Column("snapshot", LargeBinary, nullable=False),  # canonical JSON, zlib
    Column("snapshot_sha256", LargeBinary, nullable=False),
    Column("network_version", BigInteger),
    Column("solver", Text, nullable=False),
    _time("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
    _time("confirmed_at"),
    Column("confirmed_by", Text),
    _one_of("state", ("proposed", "confirmed")),
    CheckConstraint("cardinality(incident_ids) > 0", name="for_an_incident"),
    CheckConstraint("octet_length(snapshot_sha256) = 32", name="snapshot_sha256"),
    CheckConstraint(
        "(state = 'confirmed') = (confirmed_at IS NOT NULL) AND (confirmed_at IS NULL) = (confirmed_by IS NULL)",
        name="confirmed_by_someone",
    ),
    Index("ix_plans_incident_ids", "incident_ids", postgresql_using="gin"),
    schema=WORLD,
)

_OPEN = "state IN ('sent', 'acknowledged', 'departed', 'arrived')"

orders = Table(
    "orders",
    metadata,
    _key(),
    Column("plan_id", BigInteger, ForeignKey("world.plans.id"), index=True),
    Column("kind", Text, nullable=False),
    Column("incident_id", BigInteger, ForeignKey("world.incidents.id"), index=True),
    Column("team_id", BigInteger, ForeignKey("teams.id"), index=True),
    Column("vehicle_id", BigInteger, ForeignKey("vehicles.id"), index=True),
    Column("depot_id", BigInteger, ForeignKey("depots.id"), index=True),
    Column("township", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True)),
    Column("village", Text, ForeignKey("villages.code", onupdate="CASCADE", deferrable=True)),
    Column("state", Text, nullable=False, server_default="sent"),
    _count("notify_ms"),
    _count("assemble_ms"),
    _count("road_ms"),
    _count("walk_ms"),
    _time("sent_at", nullable=False),
    _time("answer_by"),
    _time("due_at"),  # when it should be in effect
    _time("acknowledged_at"),
    _time("departed_at"),
    _time("arrived_at"),
    _time("finished_at"),
    _time("refused_at"),
    _time("cancelled_at"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_by", Text, nullable=False),
    Column("link_hash", LargeBinary, unique=True),  # SHA-256 of the link's token
    _time("link_expires_at"),
    _time("link_revoked_at"),
    _one_of("kind", ("team", "vehicle", "carrier", "move_up", "village")),
    _one_of("state", ORDER_STATES),
    CheckConstraint(
        "CASE kind"
        " WHEN 'team' THEN num_nonnulls(incident_id, team_id) = 2"
        " AND num_nonnulls(vehicle_id, depot_id, township, village) = 0"
        " WHEN 'vehicle' THEN num_nonnulls(incident_id, team_id, vehicle_id) = 3"
        " AND num_nonnulls(depot_id, township, village) = 0"
        " WHEN 'carrier' THEN num_nonnulls(incident_id, depot_id, vehicle_id) = 3"
        " AND num_nonnulls(team_id, township, village) = 0"
        " WHEN 'move_up' THEN num_nonnulls(team_id, township) = 2"
        " AND num_nonnulls(incident_id, vehicle_id, depot_id, village) = 0"
        " WHEN 'village' THEN num_nonnulls(incident_id, village) = 2"
        " AND num_nonnulls(team_id, vehicle_id, depot_id, township) = 0 END",
        name="kind_fits",
    ),
    CheckConstraint(
        "(state <> 'acknowledged' OR acknowledged_at IS NOT NULL) AND (state <> 'departed' OR departed_at IS NOT NULL)"
        " AND (state <> 'arrived' OR arrived_at IS NOT NULL) AND (state <> 'finished' OR finished_at IS NOT NULL)"
        " AND (state <> 'refused' OR refused_at IS NOT NULL) AND (state <> 'cancelled' OR cancelled_at IS NOT NULL)",
        name="state_has_its_time",
    ),
    CheckConstraint("octet_length(link_hash) = 32", name="link_sha256"),
    CheckConstraint("link_hash IS NULL OR link_expires_at IS NOT NULL", name="link_expires"),
    _at_least_zero("notify_ms", "assemble_ms", "road_ms", "walk_ms"),
    Index(
        "uq_orders_one_open_for_people",
        "team_id",
        unique=True,
        postgresql_where=text(f"kind IN ('team', 'move_up') AND {_OPEN}"),
    ),
    Index(
        "uq_orders_one_open_for_vehicle",
        "vehicle_id",
        unique=True,
        postgresql_where=text(f"kind IN ('vehicle', 'carrier') AND {_OPEN}"),
    ),
    Index(
        "uq_orders_one_open_for_village",
        "incident_id",
        "village",
        unique=True,
        postgresql_where=text(f"kind = 'village' AND {_OPEN}"),
    ),
    Index("ix_orders_open", "id", postgresql_where=text(_OPEN)),
    schema=WORLD,
)

positions = Table(
    "positions",
    metadata,
    _key(),
    Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE")),
    Column("vehicle_id", BigInteger, ForeignKey("vehicles.id", ondelete="CASCADE")),
    Column("order_id", BigInteger, ForeignKey("world.orders.id"), index=True),  # null: a tracker's
    _time("at", nullable=False),  # by the device's clock
    _time("received_at", nullable=False),
    _geometry("POINT"),
    Column("accuracy_m", Integer),
    # further from the one before than anything drives: kept as evidence, but no place to plan from
    Column("suspect", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("num_nonnulls(team_id, vehicle_id) = 1", name="one_unit"),
    CheckConstraint("accuracy_m >= 0", name="accuracy_not_negative"),
    Index(
        "uq_positions_unit_at", "team_id", "vehicle_id", "at", unique=True, postgresql_nulls_not_distinct=True
    ),
    _gist("positions"),
    schema=WORLD,
)

messages = Table(
    "messages",
    metadata,
    _key(),
    Column("incident_id", BigInteger, ForeignKey("world.incidents.id"), index=True),
    Column("order_id", BigInteger, ForeignKey("world.orders.id"), index=True),
    Column(
        "to_area", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True)
    ),  # a post; null: all
    Column("body", Text, nullable=False),
    _time("sent_at", nullable=False),
    Column("sent_by", Text, nullable=False),
    _time("acknowledged_at"),
    Column("acknowledged_by", Text),
    CheckConstraint("body <> ''", name="says_something"),
    CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_someone"),
    Index("ix_messages_unanswered", "id", postgresql_where=text("acknowledged_at IS NULL")),
    schema=WORLD,
)

handovers = Table(
    "handovers",
    metadata,
    _key(),
    Column(
        "area_code", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True)
    ),  # the post; null: all
    _time("shift_began_at"),  # null: the first shift
    _time("at", nullable=False),
    Column("handed_over_by", Text, nullable=False),
    Column("taken_over_by", Text, nullable=False),
    Column("summary", JSONB, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    schema=WORLD,
)

# One post asks another for help; what is granted may be planned for the incident as if it were its own.
aid_requests = Table(
    "aid_requests",
    metadata,
    _key(),
    Column("incident_id", BigInteger, ForeignKey("world.incidents.id"), nullable=False, index=True),
    Column("from_area", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True), nullable=False),
    Column("to_area", Text, ForeignKey("areas.code", onupdate="CASCADE", deferrable=True), nullable=False),
    Column("state", Text, nullable=False, server_default="requested"),
    Column("text", Text, nullable=False, server_default=""),
    _time("requested_at", nullable=False),
    Column("requested_by", Text, nullable=False),
    _time("answered_at"),
    Column("answered_by", Text),
    Column("answer", Text, nullable=False, server_default=""),
    _time("ended_at"),
    Column("ended_by", Text),
    _one_of("state", ("requested", "granted", "declined", "ended")),
    CheckConstraint("from_area <> to_area", name="another_area"),
    CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="answered_by_someone"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_someone"),
    schema=WORLD,
)

aid_units = Table(
    "aid_units",
    metadata,
    _key(),
    Column("aid_id", BigInteger, ForeignKey("world.aid_requests.id"), nullable=False, index=True),
    Column("team_id", BigInteger, ForeignKey("teams.id"), index=True),
    Column("depot_id", BigInteger, ForeignKey("depots.id"), index=True),
    CheckConstraint("num_nonnulls(team_id, depot_id) = 1", name="one_unit"),
    UniqueConstraint("aid_id", "team_id", "depot_id", postgresql_nulls_not_distinct=True),
    schema=WORLD,
)

order_lines = Table(
    "order_lines",
    metadata,
    _key(),
    Column("order_id", BigInteger, ForeignKey("world.orders.id"), nullable=False, index=True),
    Column("need", Text, nullable=False),  # key of the card's line
    Column("code", Text, nullable=False),  # capability, vehicle kind or item
    Column("quantity", Integer, nullable=False),
    Column("lot_id", BigInteger, ForeignKey("world.stock_lots.id"), index=True),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    schema=WORLD,
)

stock_movements = Table(
    "stock_movements",
    metadata,
    _key(),
    Column("lot_id", BigInteger, ForeignKey("world.stock_lots.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("quantity", Integer, nullable=False, server_default=text("0")),  # change of what is on hand
    Column("reserved", Integer, nullable=False, server_default=text("0")),  # change of what is promised
    Column("order_id", BigInteger, ForeignKey("world.orders.id"), index=True),
    _time("at", nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    CheckConstraint(
        "CASE kind"
        " WHEN 'receive' THEN quantity > 0 AND reserved = 0"
        " WHEN 'count' THEN quantity <> 0 AND reserved = 0"
        " WHEN 'reserve' THEN quantity = 0 AND reserved > 0 AND order_id IS NOT NULL"
        " WHEN 'release' THEN quantity = 0 AND reserved < 0 AND order_id IS NOT NULL"
        " WHEN 'issue' THEN quantity < 0 AND reserved = quantity AND order_id IS NOT NULL"
        " ELSE false END",
        name="kind_fits",
    ),
    schema=WORLD,
)

# A call 叫应 and everybody whom it reached. People stand by their codes: what happened is not rewritten when one is followed
# by another, and no name is kept twice. `tree`: places, duties and clocks as they were when it began.
calls = Table(
    "calls",
    metadata,
    _key(),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("subject", JSONB, nullable=False),
    Column("incident_id", BigInteger, ForeignKey("world.incidents.id"), index=True),
    Column("text", Text, nullable=False),
    Column("area_code", Text),  # the narrowest area that holds where it begins; null: none does
    Column("post", Text),  # of whoever began it; null: the county's
    Column("tree", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    _time("started_at", nullable=False),
    Column("started_by", Text, nullable=False),
    _time("look_at"),  # when a clock runs out; null: nothing more happens by itself
    _time("ended_at"),
    Column("ended_by", Text),
    _one_of("kind", ("incident", "warning", "test")),
    _one_of("direction", ("up", "down", "both")),
    _one_of("state", ("open", "ended")),
    CheckConstraint("text <> ''", name="says_something"),
    CheckConstraint(
        "(state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
        name="ended_by_someone",
    ),
    CheckConstraint("state = 'open' OR look_at IS NULL", name="nothing_follows_the_end"),
    UniqueConstraint("id", "kind"),
    Index("ix_calls_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
    schema=WORLD,
)

call_steps = Table(
    "call_steps",
    metadata,
    _key(),
    Column("call_id", BigInteger, ForeignKey("world.calls.id"), nullable=False),
    Column("key", Uuid, nullable=False, unique=True),
    Column("person", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("area_code", Text),
    Column("role", Text, nullable=False),
    Column("rank", Text, nullable=False),
    Column(
        "about", Text, nullable=False, server_default=""
    ),  # a place where nobody answered; empty: the call
    Column("why", Text, nullable=False),
    _time("called_at", nullable=False),
    _time("answer_by", nullable=False),
    _time("answered_at"),
    Column("answered_by", Text),
    Column("answered_over", Text),
    Column("link_hash", LargeBinary, unique=True),  # SHA-256 of the link's token
    _one_of("why", ("first", "substitute", "above")),
    CheckConstraint("answer_by > called_at", name="clock_runs_forward"),
    CheckConstraint("answered_at >= called_at", name="answered_after_called"),
    CheckConstraint(
        "num_nonnulls(answered_at, answered_by, answered_over) IN (0, 3)", name="answered_by_someone"
    ),
    CheckConstraint("octet_length(link_hash) = 32", name="link_sha256"),
    UniqueConstraint("call_id", "person", "about"),
    UniqueConstraint("id", "call_id"),
    schema=WORLD,
)

# What goes out over the webhook, once for each step. A test call has no row here (the check and the key that it shares with
# its call), and no world but the live one has any (a trigger): there is nothing that could be sent by mistake.
call_messages = Table(
    "call_messages",
    metadata,
    Column("step_id", BigInteger, primary_key=True, autoincrement=False),
    Column("call_id", BigInteger, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    _count("tries"),
    _time("next_at"),
    _time("sent_at"),
    Column("error", Text, nullable=False, server_default=""),
    _one_of("state", ("waiting", "sent", "failed", "dropped")),
    CheckConstraint("kind IN ('incident', 'warning')", name="no_test"),
    CheckConstraint("(state = 'waiting') = (next_at IS NOT NULL)", name="next_at"),
    CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
    ForeignKeyConstraint(["call_id", "kind"], ["world.calls.id", "world.calls.kind"]),
    ForeignKeyConstraint(["step_id", "call_id"], ["world.call_steps.id", "world.call_steps.call_id"]),
    Index("ix_call_messages_waiting", "next_at", postgresql_where=text("state = 'waiting'")),
    schema=WORLD,
)

journal = Table(
    "journal",
    metadata,
    # gapless: given under the journal's lock
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _time("at", nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("subject_id", BigInteger),
    Column("payload", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("request_id", Uuid),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("octet_length(prev_hash) = 32 AND octet_length(hash) = 32", name="sha256"),
    Index("ix_journal_subject_subject_id", "subject", "subject_id"),
    # what an act names besides its subject: its incidents and orders, and the act that it takes back
    Index(
        "ix_journal_payload", "payload", postgresql_using="gin", postgresql_ops={"payload": "jsonb_path_ops"}
    ),
    schema=WORLD,
)

commands = Table(
    "commands",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    _time("at", nullable=False),
    Column("arguments_sha256", LargeBinary, nullable=False),
    Column("result", JSONB(none_as_null=True)),  # null only inside the transaction that is applying it
    schema=WORLD,
)


def in_world(schema: str) -> MetaData:
    """Copy the metadata with the world's tables in `schema`, for Alembic, which knows no translation."""
    copy = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(
            copy,
            schema=schema if table.schema == WORLD else SchemaConst.RETAIN_SCHEMA,
            referred_schema_fn=lambda _t, _to, _c, referred: schema if referred == WORLD else None,
        )
    return copy
