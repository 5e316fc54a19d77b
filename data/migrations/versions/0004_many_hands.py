"""What many hands need: drawn hazard areas, positions, messages, handovers, mutual aid, orders to villages, baked tiles."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from data import worlds
from gis.crs import STORED

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KINDS_BEFORE = "kind IN ('team', 'vehicle', 'carrier', 'move_up')"
_KINDS = "kind IN ('team', 'vehicle', 'carrier', 'move_up', 'village')"
_KIND_FITS_BEFORE = (
    "CASE kind"
    " WHEN 'team' THEN num_nonnulls(incident_id, team_id) = 2 AND num_nonnulls(vehicle_id, depot_id, township) = 0"
    " WHEN 'vehicle' THEN num_nonnulls(incident_id, team_id, vehicle_id) = 3 AND num_nonnulls(depot_id, township) = 0"
    " WHEN 'carrier' THEN num_nonnulls(incident_id, depot_id, vehicle_id) = 3 AND num_nonnulls(team_id, township) = 0"
    " WHEN 'move_up' THEN num_nonnulls(team_id, township) = 2 AND num_nonnulls(incident_id, vehicle_id, depot_id) = 0"
    " END"
)
_KIND_FITS = (
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
    " AND num_nonnulls(team_id, vehicle_id, depot_id, township) = 0 END"
)
_STEP = """
    CREATE OR REPLACE FUNCTION orders_step() RETURNS trigger LANGUAGE plpgsql AS $$
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
        IF (OLD.id, OLD.kind, OLD.plan_id, OLD.incident_id, OLD.team_id, OLD.vehicle_id, OLD.depot_id@OLD@, OLD.sent_at)
           IS DISTINCT FROM
           (NEW.id, NEW.kind, NEW.plan_id, NEW.incident_id, NEW.team_id, NEW.vehicle_id, NEW.depot_id@NEW@, NEW.sent_at) THEN
            PERFORM refuse('orders_fixed', format('order %s cannot become another order', OLD.id));
        END IF;
        IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
            ('sent', 'acknowledged'), ('sent', 'refused'), ('sent', 'cancelled'),
            ('acknowledged', 'departed'), ('acknowledged', 'refused'), ('acknowledged', 'cancelled'),
            ('departed', 'arrived'), ('departed', 'cancelled'),
            ('arrived', 'finished'), ('arrived', 'cancelled')
        )@VILLAGE@ THEN
            PERFORM refuse('orders_state_jump', format('order %s cannot go from %s to %s', OLD.id, OLD.state, NEW.state));
        END IF;
        RETURN NEW;
    END $$
"""
"""A village is as fixed as the rest of what an order is about."""
_VILLAGE_STEPS = """
           AND NOT (OLD.kind = 'village' AND (OLD.state, NEW.state) = ('acknowledged', 'finished'))
           OR NEW.kind = 'village' AND NEW.state IN ('departed', 'arrived')"""
"""A village answers and is done: it goes nowhere."""


_NAME_PARTS = r"""
    CREATE FUNCTION name_parts(code text, name text, name_en text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        called text;
        parts text[] := '{}';
    BEGIN
        FOREACH called IN ARRAY ARRAY[lower(code), lower(name), lower(name_en)] LOOP
            CONTINUE WHEN called = '';
            parts := parts || (E'\n' || left(called, 100) || E'\n') || (E'\n' || left(called, 1));
            FOR at IN 1 .. length(called) LOOP
                parts := parts || substr(called, at, 1) || substr(called, at, 2);
            END LOOP;
        END LOOP;
        RETURN parts;
    END $$
"""
"""What a thing is called, in parts that an index can hold: each as a whole (between line ends, bounded because an index
entry is), how it begins, and its single characters and pairs. Trigrams (pg_trgm) find no 消防: it has two characters."""
_NAMED = {
    **dict.fromkeys(("areas", "villages", "grid_cells", "places", "depots", "teams"), "code, name, name_en"),
    "people": "code, name, ''",
    "road_edges": "coalesce(ref, ''), coalesce(name, ''), ''",
}


def _step(old: str, new: str, village: str) -> str:
    return _STEP.replace("@OLD@", old).replace("@NEW@", new).replace("@VILLAGE@", village)


def upgrade() -> None:
    """Change what all share, then every world there is."""
    op.create_table(
        "base_tiles",
        sa.Column("z", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("x", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("y", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("z BETWEEN 0 AND 22", name=op.f("ck_base_tiles_z")),
        sa.PrimaryKeyConstraint("z", "x", "y", name=op.f("pk_base_tiles")),
    )
    op.create_table(
        "relief_tiles",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("z", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("x", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("y", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("z BETWEEN 0 AND 22", name=op.f("ck_relief_tiles_z")),
        sa.PrimaryKeyConstraint("source", "z", "x", "y", name=op.f("pk_relief_tiles")),
    )
    op.create_index("ix_relief_tiles_place", "relief_tiles", ["z", "x", "y"], unique=False)
    op.create_table(
        "trackers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nonnulls(team_id, vehicle_id) = 1", name=op.f("ck_trackers_one_unit")),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_trackers_token_sha256")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_trackers_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles.id"], name=op.f("fk_trackers_vehicle_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trackers")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_trackers_token_hash")),
    )
    op.create_index(op.f("ix_trackers_team_id"), "trackers", ["team_id"], unique=False)
    op.create_index(op.f("ix_trackers_vehicle_id"), "trackers", ["vehicle_id"], unique=False)
    op.add_column(
        "sessions", sa.Column("reading_key", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("sessions", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "users",
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(_NAME_PARTS)
    for table, parts in _NAMED.items():
        op.create_index(
            f"ix_{table}_named",
            table,
            [sa.text(f"name_parts({parts})")],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=sa.text("name IS NOT NULL OR ref IS NOT NULL")
            if table == "road_edges"
            else None,
        )
    op.execute(_step(", OLD.village", ", NEW.village", _VILLAGE_STEPS))
    for world in worlds.names(op.get_bind()):
        _upgrade_world(world)


def _upgrade_world(world: str) -> None:
    op.create_index(
        "ix_journal_payload",
        "journal",
        ["payload"],
        unique=False,
        schema=world,
        postgresql_using="gin",
        postgresql_ops={"payload": "jsonb_path_ops"},
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("shift_began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_by", sa.Text(), nullable=False),
        sa.Column("taken_over_by", sa.Text(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["areas.code"],
            name=op.f("fk_handovers_area_code"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        schema=world,
    )
    op.create_table(
        "aid_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("from_area", sa.Text(), nullable=False),
        sa.Column("to_area", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="requested", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'granted', 'declined', 'ended')", name=op.f("ck_aid_requests_state")
        ),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by IS NULL)", name=op.f("ck_aid_requests_answered_by_someone")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_aid_requests_ended_by_someone")
        ),
        sa.CheckConstraint("from_area <> to_area", name=op.f("ck_aid_requests_another_area")),
        sa.ForeignKeyConstraint(
            ["from_area"],
            ["areas.code"],
            name=op.f("fk_aid_requests_from_area"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], [f"{world}.incidents.id"], name=op.f("fk_aid_requests_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_area"],
            ["areas.code"],
            name=op.f("fk_aid_requests_to_area"),
            onupdate="CASCADE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_requests")),
        schema=world,
    )
    op.create_index(
        op.f("ix_aid_requests_incident_id"), "aid_requests", ["incident_id"], unique=False, schema=world
    )
    op.create_table(
        "hazard_areas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("closes_roads", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "GeometryType(geom) IN ('POLYGON', 'MULTIPOLYGON')", name=op.f("ck_hazard_areas_is_area")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_hazard_areas_ended_by_someone")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_hazard_areas_window")),
        sa.ForeignKeyConstraint(
            ["incident_id"], [f"{world}.incidents.id"], name=op.f("fk_hazard_areas_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_areas")),
        schema=world,
    )
    op.create_index(
        "ix_hazard_areas_geom", "hazard_areas", ["geom"], unique=False, schema=world, postgresql_using="gist"
    )
    op.create_index(
        op.f("ix_hazard_areas_incident_id"), "hazard_areas", ["incident_id"], unique=False, schema=world
    )
    op.create_table(
        "aid_units",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("aid_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("depot_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("num_nonnulls(team_id, depot_id) = 1", name=op.f("ck_aid_units_one_unit")),
        sa.ForeignKeyConstraint(["aid_id"], [f"{world}.aid_requests.id"], name=op.f("fk_aid_units_aid_id")),
        sa.ForeignKeyConstraint(["depot_id"], ["depots.id"], name=op.f("fk_aid_units_depot_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_aid_units_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_units")),
        sa.UniqueConstraint(
            "aid_id",
            "team_id",
            "depot_id",
            name=op.f("uq_aid_units_aid_id_team_id_depot_id"),
            postgresql_nulls_not_distinct=True,
        ),
        schema=world,
    )
    op.create_index(op.f("ix_aid_units_aid_id"), "aid_units", ["aid_id"], unique=False, schema=world)
    op.create_index(op.f("ix_aid_units_depot_id"), "aid_units", ["depot_id"], unique=False, schema=world)
    op.create_index(op.f("ix_aid_units_team_id"), "aid_units", ["team_id"], unique=False, schema=world)
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("to_area", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.CheckConstraint("body <> ''", name=op.f("ck_messages_says_something")),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("ck_messages_acknowledged_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], [f"{world}.incidents.id"], name=op.f("fk_messages_incident_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], [f"{world}.orders.id"], name=op.f("fk_messages_order_id")),
        sa.ForeignKeyConstraint(
            ["to_area"], ["areas.code"], name=op.f("fk_messages_to_area"), onupdate="CASCADE", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        schema=world,
    )
    op.create_index(op.f("ix_messages_incident_id"), "messages", ["incident_id"], unique=False, schema=world)
    op.create_index(op.f("ix_messages_order_id"), "messages", ["order_id"], unique=False, schema=world)
    op.create_index(
        "ix_messages_unanswered",
        "messages",
        ["id"],
        unique=False,
        schema=world,
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.create_table(
        "positions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("accuracy_m", sa.Integer(), nullable=True),
        sa.Column("suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("accuracy_m >= 0", name=op.f("ck_positions_accuracy_not_negative")),
        sa.CheckConstraint("num_nonnulls(team_id, vehicle_id) = 1", name=op.f("ck_positions_one_unit")),
        sa.ForeignKeyConstraint(["order_id"], [f"{world}.orders.id"], name=op.f("fk_positions_order_id")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_positions_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles.id"], name=op.f("fk_positions_vehicle_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
        schema=world,
    )
    op.create_index(
        "ix_positions_geom", "positions", ["geom"], unique=False, schema=world, postgresql_using="gist"
    )
    op.create_index(op.f("ix_positions_order_id"), "positions", ["order_id"], unique=False, schema=world)
    op.create_index(
        "uq_positions_unit_at",
        "positions",
        ["team_id", "vehicle_id", "at"],
        unique=True,
        schema=world,
        postgresql_nulls_not_distinct=True,
    )
    op.add_column("incidents", sa.Column("post", sa.Text(), nullable=True), schema=world)
    op.add_column(
        "incidents", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True), schema=world
    )
    op.add_column("incidents", sa.Column("escalated_by", sa.Text(), nullable=True), schema=world)
    for name in ("reporter_name", "reporter_phone"):
        op.add_column(
            "incidents", sa.Column(name, sa.Text(), server_default="", nullable=False), schema=world
        )
    op.add_column(
        "incidents",
        sa.Column(
            "reports",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        schema=world,
    )
    op.create_foreign_key(
        op.f("fk_incidents_post"),
        "incidents",
        "areas",
        ["post"],
        ["code"],
        source_schema=world,
        onupdate="CASCADE",
        deferrable=True,
    )
    op.add_column("orders", sa.Column("village", sa.Text(), nullable=True), schema=world)
    op.create_index(
        "uq_orders_one_open_for_village",
        "orders",
        ["incident_id", "village"],
        unique=True,
        schema=world,
        postgresql_where=sa.text(
            "kind = 'village' AND state IN ('sent', 'acknowledged', 'departed', 'arrived')"
        ),
    )
    op.create_foreign_key(
        op.f("fk_orders_village"),
        "orders",
        "villages",
        ["village"],
        ["code"],
        source_schema=world,
        onupdate="CASCADE",
        deferrable=True,
    )
    op.add_column(
        "plans",
        sa.Column(
            "cancels", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False
        ),
        schema=world,
    )
    op.add_column(
        "plans",
        sa.Column("keeping", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema=world,
    )
    op.drop_constraint(op.f("ck_orders_kind"), "orders", schema=world, type_="check")
    op.drop_constraint(op.f("ck_orders_kind_fits"), "orders", schema=world, type_="check")
    op.create_check_constraint(op.f("ck_orders_kind"), "orders", _KINDS, schema=world)
    op.create_check_constraint(op.f("ck_orders_kind_fits"), "orders", _KIND_FITS, schema=world)
    op.create_check_constraint(
        op.f("ck_incidents_escalated_by_someone"),
        "incidents",
        "(escalated_at IS NULL) = (escalated_by IS NULL)",
        schema=world,
    )


def downgrade() -> None:
    """Take everything back."""
    op.execute(_step("", "", ""))
    for world in worlds.names(op.get_bind()):
        _downgrade_world(world)
    for table in _NAMED:
        op.drop_index(f"ix_{table}_named", table_name=table)
    op.execute("DROP FUNCTION name_parts(text, text, text)")
    op.drop_column("users", "must_change_password")
    op.drop_column("sessions", "seen_at")
    op.drop_column("sessions", "reading_key")
    op.drop_index(op.f("ix_trackers_vehicle_id"), table_name="trackers")
    op.drop_index(op.f("ix_trackers_team_id"), table_name="trackers")
    op.drop_table("trackers")
    op.drop_index("ix_relief_tiles_place", table_name="relief_tiles")
    op.drop_table("relief_tiles")
    op.drop_table("base_tiles")


def _downgrade_world(world: str) -> None:
    op.drop_index("ix_journal_payload", table_name="journal", schema=world)
    op.drop_constraint(op.f("ck_incidents_escalated_by_someone"), "incidents", schema=world, type_="check")
    op.drop_constraint(op.f("ck_orders_kind"), "orders", schema=world, type_="check")
    op.drop_constraint(op.f("ck_orders_kind_fits"), "orders", schema=world, type_="check")
    op.create_check_constraint(op.f("ck_orders_kind"), "orders", _KINDS_BEFORE, schema=world)
    op.create_check_constraint(op.f("ck_orders_kind_fits"), "orders", _KIND_FITS_BEFORE, schema=world)
    op.drop_column("plans", "keeping", schema=world)
    op.drop_column("plans", "cancels", schema=world)
    op.drop_constraint(op.f("fk_orders_village"), "orders", schema=world, type_="foreignkey")
    op.drop_index(
        "uq_orders_one_open_for_village",
        table_name="orders",
        schema=world,
        postgresql_where=sa.text(
            "kind = 'village' AND state IN ('sent', 'acknowledged', 'departed', 'arrived')"
        ),
    )
    op.drop_column("orders", "village", schema=world)
    op.drop_constraint(op.f("fk_incidents_post"), "incidents", schema=world, type_="foreignkey")
    for name in ("reports", "reporter_phone", "reporter_name"):
        op.drop_column("incidents", name, schema=world)
    op.drop_column("incidents", "escalated_by", schema=world)
    op.drop_column("incidents", "escalated_at", schema=world)
    op.drop_column("incidents", "post", schema=world)
    op.drop_index(
        "uq_positions_unit_at", table_name="positions", schema=world, postgresql_nulls_not_distinct=True
    )
    op.drop_index(op.f("ix_positions_order_id"), table_name="positions", schema=world)
    op.drop_index("ix_positions_geom", table_name="positions", schema=world, postgresql_using="gist")
    op.drop_table("positions", schema=world)
    op.drop_index(
        "ix_messages_unanswered",
        table_name="messages",
        schema=world,
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.drop_index(op.f("ix_messages_order_id"), table_name="messages", schema=world)
    op.drop_index(op.f("ix_messages_incident_id"), table_name="messages", schema=world)
    op.drop_table("messages", schema=world)
    op.drop_index(op.f("ix_aid_units_team_id"), table_name="aid_units", schema=world)
    op.drop_index(op.f("ix_aid_units_depot_id"), table_name="aid_units", schema=world)
    op.drop_index(op.f("ix_aid_units_aid_id"), table_name="aid_units", schema=world)
    op.drop_table("aid_units", schema=world)
    op.drop_index(op.f("ix_hazard_areas_incident_id"), table_name="hazard_areas", schema=world)
    op.drop_index("ix_hazard_areas_geom", table_name="hazard_areas", schema=world, postgresql_using="gist")
    op.drop_table("hazard_areas", schema=world)
    op.drop_index(op.f("ix_aid_requests_incident_id"), table_name="aid_requests", schema=world)
    op.drop_table("aid_requests", schema=world)
    op.drop_table("handovers", schema=world)
