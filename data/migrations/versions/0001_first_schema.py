"""The first schema: reference tables in `public`, the live world, and what the database itself refuses.

Every refusal of a trigger is an integrity violation that names a constraint, as a unique index would, so that a
caller tells refusals apart in one way: by `error.orig.diag.constraint_name`.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gis.crs import STORED

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# Functions stand once, in `public`, and find the world of a row by the schema of its table.
_FUNCTIONS = (
    """
    CREATE FUNCTION refuse(rule text, message text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = rule, MESSAGE = message;
    END $$
    """,
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM refuse(TG_TABLE_NAME || '_append_only', format('%s of %I is refused', TG_OP, TG_TABLE_NAME));
        RETURN NULL;
    END $$
    """,
    # Numbers follow each other without a gap, and each row seals the one before it.
    """
    CREATE FUNCTION journal_continues() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE last record;
    BEGIN
        EXECUTE format('SELECT number, hash FROM %I.journal ORDER BY number DESC LIMIT 1', TG_TABLE_SCHEMA) INTO last;
        IF NEW.number <> coalesce(last.number, 0) + 1
           OR NEW.prev_hash <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
            PERFORM refuse('journal_continues', format('row %s does not follow row %s', NEW.number, last.number));
        END IF;
        RETURN NEW;
    END $$
    """,
    # Asked at commit, so that a lot and its movements may be written in either order.
    """
    CREATE FUNCTION stock_total_holds() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE lot bigint; same boolean;
    BEGIN
        IF TG_TABLE_NAME = 'stock_lots' THEN lot := NEW.id; ELSE lot := NEW.lot_id; END IF;
        EXECUTE format(
            'SELECT (l.quantity, l.reserved) = (coalesce(sum(m.quantity), 0), coalesce(sum(m.reserved), 0))'
            ' FROM %1$I.stock_lots l LEFT JOIN %1$I.stock_movements m ON m.lot_id = l.id WHERE l.id = $1 GROUP BY l.id',
            TG_TABLE_SCHEMA) INTO same USING lot;
        IF NOT same THEN
            PERFORM refuse('stock_total_holds', format('stock lot %s differs from its movements', lot));
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION orders_step() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE incident_open boolean;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'sent' THEN
                PERFORM refuse('orders_start_sent', format('an order cannot start as %s', NEW.state));
            END IF;
            EXECUTE format('SELECT state = ''open'' FROM %I.incidents WHERE id = $1 FOR SHARE', TG_TABLE_SCHEMA)
                INTO incident_open USING NEW.incident_id;
            IF NOT incident_open THEN
                PERFORM refuse('orders_incident_open', format('incident %s is over', NEW.incident_id));
            END IF;
            RETURN NEW;
        END IF;
        IF (OLD.id, OLD.kind, OLD.plan_id, OLD.incident_id, OLD.team_id, OLD.vehicle_id, OLD.depot_id, OLD.sent_at)
           IS DISTINCT FROM
           (NEW.id, NEW.kind, NEW.plan_id, NEW.incident_id, NEW.team_id, NEW.vehicle_id, NEW.depot_id, NEW.sent_at) THEN
            PERFORM refuse('orders_fixed', format('order %s cannot become another order', OLD.id));
        END IF;
        IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
            ('sent', 'acknowledged'), ('sent', 'refused'), ('sent', 'cancelled'),
            ('acknowledged', 'departed'), ('acknowledged', 'refused'), ('acknowledged', 'cancelled'),
            ('departed', 'arrived'), ('departed', 'cancelled'),
            ('arrived', 'finished'), ('arrived', 'cancelled')
        ) THEN
            PERFORM refuse('orders_state_jump', format('order %s cannot go from %s to %s', OLD.id, OLD.state, NEW.state));
        END IF;
        RETURN NEW;
    END $$
    """,
    # Asked at commit, so that a border may move from one cell to its neighbour in two statements. Digitised borders
    # cross by rounding: up to 1e-8 square degrees (about 100 m²) is no overlap. The lock lets two transactions see
    # each other's cells.
    """
    CREATE FUNCTION grid_cells_apart() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE cell grid_cells; neighbour text;
    BEGIN
        SELECT * INTO cell FROM grid_cells WHERE id = NEW.id;
        IF NOT FOUND THEN RETURN NULL; END IF;
        PERFORM pg_advisory_xact_lock(hashtext('grid_cells'), hashtext(cell.theme || ':' || cell.level));
        SELECT code INTO neighbour FROM grid_cells other
            WHERE other.theme = cell.theme AND other.level = cell.level AND other.id <> cell.id
              AND other.geom && cell.geom AND ST_Intersects(other.geom, cell.geom)
              AND ST_Area(ST_Intersection(other.geom, cell.geom)) > 1e-8
            LIMIT 1;
        IF FOUND THEN
            PERFORM refuse('grid_cells_apart', format('grid cell %s overlaps %s', cell.code, neighbour));
        END IF;
        RETURN NULL;
    END $$
    """,
)

_TRIGGERS = (
    """
    CREATE CONSTRAINT TRIGGER grid_cells_apart AFTER INSERT OR UPDATE OF geom, theme, level ON grid_cells
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grid_cells_apart()
    """,
    """
    CREATE TRIGGER journal_continues BEFORE INSERT ON live.journal
        FOR EACH ROW EXECUTE FUNCTION journal_continues()
    """,
    """
    CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON live.journal
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON live.stock_movements
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER order_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON live.order_lines
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER orders_append_only BEFORE DELETE OR TRUNCATE ON live.orders
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER orders_step BEFORE INSERT OR UPDATE ON live.orders
        FOR EACH ROW EXECUTE FUNCTION orders_step()
    """,
    """
    CREATE CONSTRAINT TRIGGER stock_total_holds AFTER INSERT OR UPDATE OF quantity, reserved ON live.stock_lots
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_total_holds()
    """,
    """
    CREATE CONSTRAINT TRIGGER stock_total_holds AFTER INSERT ON live.stock_movements
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_total_holds()
    """,
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE SCHEMA IF NOT EXISTS live")
    op.create_table(
        "areas",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=STORED, spatial_index=False), nullable=True),
        sa.Column("seat", Geometry("POINT", srid=STORED, spatial_index=False), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{12}$'", name=op.f("ck_areas_code_12_digits")),
        sa.CheckConstraint(
            "level IN ('province', 'city', 'county', 'township', 'village')", name=op.f("ck_areas_level")
        ),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["areas.code"],
            name=op.f("fk_areas_parent"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_areas")),
    )
    op.create_index("ix_areas_geom", "areas", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_areas_parent"), "areas", ["parent"], unique=False)
    op.create_table(
        "banned_turns",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edges", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("forward", postgresql.ARRAY(sa.Boolean()), nullable=False),
        sa.CheckConstraint(
            "cardinality(edges) >= 2 AND cardinality(edges) = cardinality(forward)",
            name=op.f("ck_banned_turns_pairs"),
        ),
        sa.PrimaryKeyConstraint("version", "turn_id", name=op.f("pk_banned_turns")),
    )
    op.create_table(
        "closures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("factor_percent", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_closures_ended_by_someone")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_closures_window")),
        sa.CheckConstraint("factor_percent > 100", name=op.f("ck_closures_slows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
        schema="live",
    )
    op.create_index(
        "ix_closures_geom", "closures", ["geom"], unique=False, schema="live", postgresql_using="gist"
    )
    op.create_index(
        "ix_closures_standing",
        "closures",
        ["ends_at"],
        unique=False,
        schema="live",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "commands",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arguments_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_commands")),
        schema="live",
    )
    op.create_table(
        "journal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "octet_length(prev_hash) = 32 AND octet_length(hash) = 32", name=op.f("ck_journal_sha256")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal")),
        schema="live",
    )
    op.create_index(
        "ix_journal_subject_subject_id", "journal", ["subject", "subject_id"], unique=False, schema="live"
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("baseline", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "routes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "zones",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "pins",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "bans",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("journal", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("network_version", sa.BigInteger(), nullable=True),
        sa.Column("solver", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'confirmed') = (confirmed_at IS NOT NULL) AND (confirmed_at IS NULL) = (confirmed_by IS NULL)",
            name=op.f("ck_plans_confirmed_by_someone"),
        ),
        sa.CheckConstraint("state IN ('proposed', 'confirmed')", name=op.f("ck_plans_state")),
        sa.CheckConstraint("cardinality(incident_ids) > 0", name=op.f("ck_plans_for_an_incident")),
        sa.CheckConstraint("octet_length(snapshot_sha256) = 32", name=op.f("ck_plans_snapshot_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        schema="live",
    )
    op.create_index(
        "ix_plans_incident_ids",
        "plans",
        ["incident_ids"],
        unique=False,
        schema="live",
        postgresql_using="gin",
    )
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    op.create_index("ix_login_attempts_client_at", "login_attempts", ["client", "at"], unique=False)
    op.create_index("ix_login_attempts_name_at", "login_attempts", ["name", "at"], unique=False)
    op.create_table(
        "road_edges",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("edge_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("u", sa.BigInteger(), nullable=False),
        sa.Column("v", sa.BigInteger(), nullable=False),
        sa.Column("geom", Geometry("LINESTRING", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("road_class", sa.Text(), nullable=False),
        sa.Column("speed_kmh", sa.Double(), nullable=False),
        sa.Column("oneway", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("bridge", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tunnel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("max_mass_kg", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_height_cm", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_width_cm", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("four_wheel_drive_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("access", sa.Text(), server_default="yes", nullable=False),
        sa.Column("conditional", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("osm_way_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "access IN ('yes', 'destination', 'private', 'foot', 'no')", name=op.f("ck_road_edges_access")
        ),
        sa.CheckConstraint(
            "length_m >= 0 AND max_mass_kg >= 0 AND max_height_cm >= 0 AND max_width_cm >= 0",
            name=op.f("ck_road_edges_length_m_not_negative"),
        ),
        sa.CheckConstraint("oneway BETWEEN -1 AND 1", name=op.f("ck_road_edges_oneway")),
        sa.CheckConstraint("speed_kmh > 0", name=op.f("ck_road_edges_speed_positive")),
        sa.PrimaryKeyConstraint("version", "edge_id", name=op.f("pk_road_edges")),
    )
    op.create_index("ix_road_edges_geom", "road_edges", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "road_networks",
        sa.Column("version", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_road_networks")),
    )
    op.create_index(
        "uq_road_networks_current",
        "road_networks",
        ["current"],
        unique=True,
        postgresql_where=sa.text("current"),
    )
    op.create_table(
        "road_nodes",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("version", "node_id", name=op.f("pk_road_nodes")),
    )
    op.create_index("ix_road_nodes_geom", "road_nodes", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "worlds",
        sa.Column("schema_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "schema_name = 'live' OR schema_name ~ '^exercise_[a-z0-9_]{1,40}$'",
            name=op.f("ck_worlds_schema_name"),
        ),
        sa.PrimaryKeyConstraint("schema_name", name=op.f("pk_worlds")),
    )
    op.create_table(
        "depots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("level", sa.Text(), server_default="county", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("notify_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("loading_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("opening_hours", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "level IN ('county', 'township', 'village', 'enterprise')", name=op.f("ck_depots_level")
        ),
        sa.CheckConstraint(
            "notify_ms >= 0 AND loading_ms >= 0", name=op.f("ck_depots_notify_ms_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_depots_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_depots")),
        sa.UniqueConstraint("code", name=op.f("uq_depots_code")),
    )
    op.create_index(op.f("ix_depots_area_code"), "depots", ["area_code"], unique=False)
    op.create_index("ix_depots_geom", "depots", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "grid_cells",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=STORED, spatial_index=False), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ST_IsValid(geom)", name=op.f("ck_grid_cells_geom_valid")),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_grid_cells_level")),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_grid_cells_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["grid_cells.code"],
            name=op.f("fk_grid_cells_parent"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_cells")),
        sa.UniqueConstraint("code", name=op.f("uq_grid_cells_code")),
    )
    op.create_index(op.f("ix_grid_cells_area_code"), "grid_cells", ["area_code"], unique=False)
    op.create_index("ix_grid_cells_geom", "grid_cells", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_grid_cells_theme_level", "grid_cells", ["theme", "level"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("organisation", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Text(), server_default="", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_people_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("code", name=op.f("uq_people_code")),
    )
    op.create_index(op.f("ix_people_area_code"), "people", ["area_code"], unique=False)
    op.create_table(
        "places",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=STORED, spatial_index=False), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_places_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("layer", "code", name=op.f("uq_places_layer_code")),
    )
    op.create_index(op.f("ix_places_area_code"), "places", ["area_code"], unique=False)
    op.create_index("ix_places_geom", "places", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "teams",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("notify_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("assemble_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("consent_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("travel_speed_class", sa.Text(), server_default="car", nullable=False),
        sa.Column("travel_mass_kg", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("travel_height_cm", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("travel_width_cm", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("travel_four_wheel_drive", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("radio_channel", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "travel_speed_class IN ('foot', 'car', 'truck', 'heavy')",
            name=op.f("ck_teams_travel_speed_class"),
        ),
        sa.CheckConstraint(
            "strength >= 0 AND notify_ms >= 0 AND assemble_ms >= 0 AND consent_ms >= 0",
            name=op.f("ck_teams_strength_not_negative"),
        ),
        sa.CheckConstraint(
            "travel_mass_kg >= 0 AND travel_height_cm >= 0 AND travel_width_cm >= 0",
            name=op.f("ck_teams_travel_mass_kg_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_teams_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("code", name=op.f("uq_teams_code")),
    )
    op.create_index(op.f("ix_teams_area_code"), "teams", ["area_code"], unique=False)
    op.create_index("ix_teams_geom", "teams", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_with(password_hash, '$argon2id$')", name=op.f("ck_users_password_hashed")),
        sa.CheckConstraint(
            "role IN ('viewer', 'duty_officer', 'commander', 'administrator', 'township')",
            name=op.f("ck_users_role"),
        ),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_users_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users_name", "users", [sa.text("lower(name)")], unique=True)
    op.create_index(op.f("ix_users_area_code"), "users", ["area_code"], unique=False)
    op.create_table(
        "villages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("population", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("households", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "population >= 0 AND households >= 0", name=op.f("ck_villages_population_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_villages_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_villages")),
        sa.UniqueConstraint("code", name=op.f("uq_villages_code")),
    )
    op.create_index(op.f("ix_villages_area_code"), "villages", ["area_code"], unique=False)
    op.create_index("ix_villages_geom", "villages", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "duties",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), server_default="A", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("rank IN ('A', 'B')", name=op.f("ck_duties_rank")),
        sa.CheckConstraint(
            "num_nonnulls(area_code, grid_id, place_id, team_id) = 1", name=op.f("ck_duties_one_subject")
        ),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_duties_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["grid_cells.id"], name=op.f("fk_duties_grid_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_duties_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["places.id"], name=op.f("fk_duties_place_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_duties_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
        sa.UniqueConstraint("code", name=op.f("uq_duties_code")),
        sa.UniqueConstraint(
            "person_id",
            "role",
            "area_code",
            "grid_id",
            "place_id",
            "team_id",
            name=op.f("uq_duties_person_id_role_area_code_grid_id_place_id_team_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_duties_area_code"), "duties", ["area_code"], unique=False)
    op.create_index(op.f("ix_duties_grid_id"), "duties", ["grid_id"], unique=False)
    op.create_index(op.f("ix_duties_person_id"), "duties", ["person_id"], unique=False)
    op.create_index(op.f("ix_duties_place_id"), "duties", ["place_id"], unique=False)
    op.create_index(op.f("ix_duties_team_id"), "duties", ["team_id"], unique=False)
    op.create_table(
        "depot_states",
        sa.Column("depot_id", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["depot_id"], ["depots.id"], name=op.f("fk_depot_states_depot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("depot_id", name=op.f("pk_depot_states")),
        schema="live",
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("radius_m", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_incidents_ended_at")),
        sa.CheckConstraint("state IN ('open', 'closed', 'cancelled')", name=op.f("ck_incidents_state")),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_incidents_level")),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_incidents_priority_positive")),
        sa.CheckConstraint("radius_m >= 0", name=op.f("ck_incidents_radius_m_not_negative")),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_incidents_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["grid_code"],
            ["grid_cells.code"],
            name=op.f("fk_incidents_grid_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        schema="live",
    )
    op.create_index(
        "ix_incidents_geom", "incidents", ["geom"], unique=False, schema="live", postgresql_using="gist"
    )
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["id"],
        unique=False,
        schema="live",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "stock_lots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("depot_id", sa.BigInteger(), nullable=False),
        sa.Column("ownership", sa.Text(), server_default="own", nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reserved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unit_kg", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("activation_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("contract_ends_on", sa.Date(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "ownership = 'agreement' OR activation_ms = 0", name=op.f("ck_stock_lots_own_is_ready")
        ),
        sa.CheckConstraint("ownership IN ('own', 'agreement')", name=op.f("ck_stock_lots_ownership")),
        sa.CheckConstraint("reserved BETWEEN 0 AND quantity", name=op.f("ck_stock_lots_never_oversold")),
        sa.CheckConstraint(
            "unit_kg >= 0 AND activation_ms >= 0", name=op.f("ck_stock_lots_unit_kg_not_negative")
        ),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_stock_lots_depot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_lots")),
        sa.UniqueConstraint("code", name=op.f("uq_stock_lots_code")),
        schema="live",
    )
    op.create_index(op.f("ix_stock_lots_depot_id"), "stock_lots", ["depot_id"], unique=False, schema="live")
    op.create_index(op.f("ix_stock_lots_item"), "stock_lots", ["item"], unique=False, schema="live")
    op.create_table(
        "team_states",
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="on_duty", nullable=False),
        sa.Column("strength", sa.Integer(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "status IN ('on_duty', 'off_duty', 'resting', 'unavailable')", name=op.f("ck_team_states_status")
        ),
        sa.CheckConstraint("strength >= 0", name=op.f("ck_team_states_strength_not_negative")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_team_states_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team_states")),
        schema="live",
    )
    op.create_index(
        "ix_team_states_geom", "team_states", ["geom"], unique=False, schema="live", postgresql_using="gist"
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_sessions_token_sha256")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "team_capabilities",
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), server_default=sa.text("3"), nullable=False),
        sa.CheckConstraint("grade BETWEEN 1 AND 3", name=op.f("ck_team_capabilities_grade")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_team_capabilities_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "code", name=op.f("pk_team_capabilities")),
    )
    op.create_index("ix_team_capabilities_code", "team_capabilities", ["code"], unique=False)
    op.create_table(
        "vehicles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("depot_id", sa.BigInteger(), nullable=True),
        sa.Column("load_kg", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("speed_class", sa.Text(), server_default="car", nullable=False),
        sa.Column("mass_kg", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("height_cm", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("width_cm", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("four_wheel_drive", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "speed_class IN ('foot', 'car', 'truck', 'heavy')", name=op.f("ck_vehicles_speed_class")
        ),
        sa.CheckConstraint("load_kg >= 0", name=op.f("ck_vehicles_load_kg_not_negative")),
        sa.CheckConstraint(
            "mass_kg >= 0 AND height_cm >= 0 AND width_cm >= 0", name=op.f("ck_vehicles_mass_kg_not_negative")
        ),
        sa.CheckConstraint("num_nonnulls(team_id, depot_id) = 1", name=op.f("ck_vehicles_one_owner")),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_vehicles_depot_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_vehicles_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles")),
        sa.UniqueConstraint("code", name=op.f("uq_vehicles_code")),
    )
    op.create_index(op.f("ix_vehicles_depot_id"), "vehicles", ["depot_id"], unique=False)
    op.create_index(op.f("ix_vehicles_team_id"), "vehicles", ["team_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("depot_id", sa.BigInteger(), nullable=True),
        sa.Column("township", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="sent", nullable=False),
        sa.Column("notify_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("assemble_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("road_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("walk_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state <> 'acknowledged' OR acknowledged_at IS NOT NULL) AND (state <> 'departed' OR departed_at IS NOT NULL) AND (state <> 'arrived' OR arrived_at IS NOT NULL) AND (state <> 'finished' OR finished_at IS NOT NULL) AND (state <> 'refused' OR refused_at IS NOT NULL) AND (state <> 'cancelled' OR cancelled_at IS NOT NULL)",
            name=op.f("ck_orders_state_has_its_time"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'team' THEN num_nonnulls(incident_id, team_id) = 2 AND num_nonnulls(vehicle_id, depot_id, township) = 0 WHEN 'vehicle' THEN num_nonnulls(incident_id, team_id, vehicle_id) = 3 AND num_nonnulls(depot_id, township) = 0 WHEN 'carrier' THEN num_nonnulls(incident_id, depot_id, vehicle_id) = 3 AND num_nonnulls(team_id, township) = 0 WHEN 'move_up' THEN num_nonnulls(team_id, township) = 2 AND num_nonnulls(incident_id, vehicle_id, depot_id) = 0 END",
            name=op.f("ck_orders_kind_fits"),
        ),
        sa.CheckConstraint("kind IN ('team', 'vehicle', 'carrier', 'move_up')", name=op.f("ck_orders_kind")),
        sa.CheckConstraint(
            "state IN ('sent', 'acknowledged', 'departed', 'arrived', 'finished', 'refused', 'cancelled')",
            name=op.f("ck_orders_state"),
        ),
        sa.CheckConstraint(
            "link_hash IS NULL OR link_expires_at IS NOT NULL", name=op.f("ck_orders_link_expires")
        ),
        sa.CheckConstraint(
            "notify_ms >= 0 AND assemble_ms >= 0 AND road_ms >= 0 AND walk_ms >= 0",
            name=op.f("ck_orders_notify_ms_not_negative"),
        ),
        sa.CheckConstraint("octet_length(link_hash) = 32", name=op.f("ck_orders_link_sha256")),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_orders_depot_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["live.incidents.id"], name=op.f("fk_orders_incident_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["live.plans.id"], name=op.f("fk_orders_plan_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_orders_team_id")),
        sa.ForeignKeyConstraint(
            ["township"], ["areas.code"], name=op.f("fk_orders_township"), onupdate="CASCADE", deferrable=True
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles.id"], name=op.f("fk_orders_vehicle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_orders_link_hash")),
        schema="live",
    )
    op.create_index(op.f("ix_orders_depot_id"), "orders", ["depot_id"], unique=False, schema="live")
    op.create_index(op.f("ix_orders_incident_id"), "orders", ["incident_id"], unique=False, schema="live")
    op.create_index(
        "ix_orders_open",
        "orders",
        ["id"],
        unique=False,
        schema="live",
        postgresql_where=sa.text("state IN ('sent', 'acknowledged', 'departed', 'arrived')"),
    )
    op.create_index(op.f("ix_orders_plan_id"), "orders", ["plan_id"], unique=False, schema="live")
    op.create_index(op.f("ix_orders_team_id"), "orders", ["team_id"], unique=False, schema="live")
    op.create_index(op.f("ix_orders_vehicle_id"), "orders", ["vehicle_id"], unique=False, schema="live")
    op.create_index(
        "uq_orders_one_open_for_people",
        "orders",
        ["team_id"],
        unique=True,
        schema="live",
        postgresql_where=sa.text(
            "kind IN ('team', 'move_up') AND state IN ('sent', 'acknowledged', 'departed', 'arrived')"
        ),
    )
    op.create_index(
        "uq_orders_one_open_for_vehicle",
        "orders",
        ["vehicle_id"],
        unique=True,
        schema="live",
        postgresql_where=sa.text(
            "kind IN ('vehicle', 'carrier') AND state IN ('sent', 'acknowledged', 'departed', 'arrived')"
        ),
    )
    op.create_table(
        "vehicle_states",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("in_service", sa.Boolean(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles.id"], name=op.f("fk_vehicle_states_vehicle_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_vehicle_states")),
        schema="live",
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["lot_id"], ["live.stock_lots.id"], name=op.f("fk_order_lines_lot_id")),
        sa.ForeignKeyConstraint(["order_id"], ["live.orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        schema="live",
    )
    op.create_index(op.f("ix_order_lines_lot_id"), "order_lines", ["lot_id"], unique=False, schema="live")
    op.create_index(op.f("ix_order_lines_order_id"), "order_lines", ["order_id"], unique=False, schema="live")
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reserved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "CASE kind WHEN 'receive' THEN quantity > 0 AND reserved = 0 WHEN 'count' THEN quantity <> 0 AND reserved = 0 WHEN 'reserve' THEN quantity = 0 AND reserved > 0 AND order_id IS NOT NULL WHEN 'release' THEN quantity = 0 AND reserved < 0 AND order_id IS NOT NULL WHEN 'issue' THEN quantity < 0 AND reserved = quantity AND order_id IS NOT NULL ELSE false END",
            name=op.f("ck_stock_movements_kind_fits"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["live.stock_lots.id"], name=op.f("fk_stock_movements_lot_id")),
        sa.ForeignKeyConstraint(["order_id"], ["live.orders.id"], name=op.f("fk_stock_movements_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        schema="live",
    )
    op.create_index(
        op.f("ix_stock_movements_lot_id"), "stock_movements", ["lot_id"], unique=False, schema="live"
    )
    op.create_index(
        op.f("ix_stock_movements_order_id"), "stock_movements", ["order_id"], unique=False, schema="live"
    )
    for function in _FUNCTIONS:
        op.execute(function)
    for trigger in _TRIGGERS:
        op.execute(trigger)
    op.execute("INSERT INTO worlds (schema_name, created_at) VALUES ('live', now())")
