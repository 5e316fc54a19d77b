"""Grids with history, calls up the chain, ledgers in batches, and work that takes minutes."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from data import worlds
from gis.crs import STORED

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROLES_BEFORE = "role IN ('viewer', 'duty_officer', 'commander', 'administrator', 'township')"
_ROLES = "role IN ('viewer', 'duty_officer', 'commander', 'administrator', 'township', 'registrar')"
_KEPT = {
    "grid_cells": (
        "grid_cell_versions",
        ("code", "theme", "level", "parent", "name", "name_en", "alias", "area_code", "geom"),
    ),
    "duties": (
        "duty_versions",
        (
            "code",
            "person_id",
            "role",
            "rank",
            "area_code",
            "grid_id",
            "place_id",
            "team_id",
            "valid_from",
            "valid_to",
        ),
    ),
    "people": ("person_versions", ("code", "name", "phone", "organisation", "position", "area_code")),
}
"""Whose rows' versions are kept: in which table, and which columns."""

# An act says its moment in muster.at, for the length of its transaction; whatever else writes, the clock of the
# database. What one transaction changes twice becomes one version; a clock that goes back makes none that ends before
# it begins.
_KEEP_VERSION = """
    CREATE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        at timestamptz := coalesce(nullif(current_setting('muster.at', true), '')::timestamptz, now());
        listed text := TG_ARGV[1];
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            EXECUTE format('DELETE FROM %I WHERE row_id = $1 AND until IS NULL AND since = $2', TG_ARGV[0])
                USING OLD.id, at;
            EXECUTE format('UPDATE %I SET until = greatest(since, $2) WHERE row_id = $1 AND until IS NULL', TG_ARGV[0])
                USING OLD.id, at;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            EXECUTE format(
                'INSERT INTO %I (row_id, since, %s) SELECT $1.id, $2, %s',
                TG_ARGV[0], listed, regexp_replace(listed, '(\\w+)', '$1.\\1', 'g')
            ) USING NEW, at;
        END IF;
        RETURN NULL;
    END $$
"""
_COUNT_CHANGE = """
    CREATE FUNCTION count_grid_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO grid_changes (number) VALUES (1)
            ON CONFLICT (one) DO UPDATE SET number = grid_changes.number + 1;
        RETURN NULL;
    END $$
"""

# An exercise calls nobody: only the live world has anything that goes out.
_CALLS_STAY_INSIDE = """
    CREATE FUNCTION calls_stay_inside() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_SCHEMA <> 'live' THEN
            PERFORM refuse('calls_stay_inside', format('%s is no place to call from', TG_TABLE_SCHEMA));
        END IF;
        RETURN NEW;
    END $$
"""


def upgrade() -> None:
    """Change what all share, then every world there is."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("cancelling", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'running')) = (ended_at IS NULL)", name=op.f("ck_jobs_ended_at")
        ),
        sa.CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name=op.f("ck_jobs_error")),
        sa.CheckConstraint("done >= 0 AND total >= 0", name=op.f("ck_jobs_done_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("request_id", name=op.f("uq_jobs_request_id")),
    )
    op.create_index("ix_jobs_kind_id", "jobs", ["kind", "id"], unique=False)
    op.drop_constraint(op.f("ck_users_role"), "users")
    op.create_check_constraint(op.f("ck_users_role"), "users", _ROLES)
    _upgrade_grids()
    op.execute(_CALLS_STAY_INSIDE)
    _create_ledgers()
    for world in worlds.names(op.get_bind()):
        _upgrade_world(world)


def _create_ledgers() -> None:
    op.create_table(
        "ledger_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("datum", sa.Text(), nullable=True),
        sa.Column("sheets", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("said", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'previewed', 'refused', 'applied', 'undone', 'dropped')",
            name=op.f("ck_ledger_batches_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_batches")),
        sa.UniqueConstraint("request_id", name=op.f("uq_ledger_batches_request_id")),
    )
    op.create_table(
        "ledger_rows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("sheet", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("placed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("changes", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("problems", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new', 'changed', 'same', 'gone', 'faulty')", name=op.f("ck_ledger_rows_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["ledger_batches.id"],
            name=op.f("fk_ledger_rows_batch_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_rows")),
    )
    op.create_index(
        "ix_ledger_rows_batch_id_outcome", "ledger_rows", ["batch_id", "outcome", "id"], unique=False
    )
    op.create_table(
        "ledger_mappings",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("targets", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_ledger_mappings")),
    )


def _upgrade_grids() -> None:
    op.add_column("grid_cells", sa.Column("alias", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_grid_cells_parent", "grid_cells", ["parent"], unique=False)
    op.create_index(
        "ix_grid_cells_alias",
        "grid_cells",
        [sa.text("name_parts(alias, '', '')")],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.add_column("duties", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("duties", sa.Column("valid_to", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_duties_valid_to_not_before"), "duties", "valid_from <= valid_to")
    _create_versions(
        "grid_cell_versions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=STORED, spatial_index=False), nullable=False),
    )
    op.create_index(op.f("ix_grid_cell_versions_code"), "grid_cell_versions", ["code"], unique=False)
    op.create_index("ix_grid_cell_versions_geom", "grid_cell_versions", ["geom"], postgresql_using="gist")
    _create_versions(
        "duty_versions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
    )
    op.create_index(op.f("ix_duty_versions_person_id"), "duty_versions", ["person_id"], unique=False)
    op.create_index(op.f("ix_duty_versions_grid_id"), "duty_versions", ["grid_id"], unique=False)
    _create_versions(
        "person_versions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
    )
    op.create_table(
        "grid_changes",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_grid_changes_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_grid_changes")),
    )
    op.execute(_KEEP_VERSION)
    op.execute(_COUNT_CHANGE)
    for table, (versions, columns) in _KEPT.items():
        listed = ", ".join(columns)
        op.execute(f"INSERT INTO {versions} (row_id, {listed}) SELECT id, {listed} FROM {table}")
        # as bytes: a restore finds no operator of PostGIS by itself, and two shapes of one extent are not the same
        of_row = [f"ST_AsEWKB(@.{column})" if column == "geom" else f"@.{column}" for column in columns]
        was, is_now = (", ".join(of_row).replace("@", row) for row in ("OLD", "NEW"))
        keep = f"EXECUTE FUNCTION keep_version('{versions}', '{listed}')"
        op.execute(f"CREATE TRIGGER {table}_kept AFTER INSERT OR DELETE ON {table} FOR EACH ROW {keep}")
        op.execute(
            f"CREATE TRIGGER {table}_kept_changed AFTER UPDATE ON {table} FOR EACH ROW"
            f" WHEN (({was}) IS DISTINCT FROM ({is_now})) {keep}"
        )
    op.execute(
        "CREATE TRIGGER grid_cells_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON grid_cells"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_grid_change()"
    )


def _create_versions(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(f"ix_{name}_row_id", name, ["row_id"], unique=False)


def _upgrade_world(world: str) -> None:
    """Change one world."""
    op.drop_constraint(op.f("fk_incidents_grid_code"), "incidents", schema=world, type_="foreignkey")
    _add_calls(world)


def _add_calls(world: str) -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("subject", postgresql.JSONB(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("post", sa.Text(), nullable=True),
        sa.Column("tree", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('incident', 'warning', 'test')", name=op.f("ck_calls_kind")),
        sa.CheckConstraint("direction IN ('up', 'down', 'both')", name=op.f("ck_calls_direction")),
        sa.CheckConstraint("state IN ('open', 'ended')", name=op.f("ck_calls_state")),
        sa.CheckConstraint("text <> ''", name=op.f("ck_calls_says_something")),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name=op.f("ck_calls_ended_by_someone"),
        ),
        sa.CheckConstraint(
            "state = 'open' OR look_at IS NULL", name=op.f("ck_calls_nothing_follows_the_end")
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], [f"{world}.incidents.id"], name=op.f("fk_calls_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("id", "kind", name=op.f("uq_calls_id_kind")),
        schema=world,
    )
    op.create_index(op.f("ix_calls_incident_id"), "calls", ["incident_id"], unique=False, schema=world)
    op.create_index(
        "ix_calls_look_at",
        "calls",
        ["look_at"],
        unique=False,
        schema=world,
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "call_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_over", sa.Text(), nullable=True),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("why IN ('first', 'substitute', 'above')", name=op.f("ck_call_steps_why")),
        sa.CheckConstraint("answer_by > called_at", name=op.f("ck_call_steps_clock_runs_forward")),
        sa.CheckConstraint("answered_at >= called_at", name=op.f("ck_call_steps_answered_after_called")),
        sa.CheckConstraint(
            "num_nonnulls(answered_at, answered_by, answered_over) IN (0, 3)",
            name=op.f("ck_call_steps_answered_by_someone"),
        ),
        sa.CheckConstraint("octet_length(link_hash) = 32", name=op.f("ck_call_steps_link_sha256")),
        sa.ForeignKeyConstraint(["call_id"], [f"{world}.calls.id"], name=op.f("fk_call_steps_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_steps")),
        sa.UniqueConstraint("key", name=op.f("uq_call_steps_key")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_call_steps_link_hash")),
        sa.UniqueConstraint("call_id", "person", "about", name=op.f("uq_call_steps_call_id_person_about")),
        sa.UniqueConstraint("id", "call_id", name=op.f("uq_call_steps_id_call_id")),
        schema=world,
    )
    op.create_table(
        "call_messages",
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'dropped')", name=op.f("ck_call_messages_state")
        ),
        sa.CheckConstraint("kind IN ('incident', 'warning')", name=op.f("ck_call_messages_no_test")),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_at IS NOT NULL)", name=op.f("ck_call_messages_next_at")
        ),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_call_messages_sent_at")),
        sa.ForeignKeyConstraint(
            ["call_id", "kind"],
            [f"{world}.calls.id", f"{world}.calls.kind"],
            name=op.f("fk_call_messages_call_id_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["step_id", "call_id"],
            [f"{world}.call_steps.id", f"{world}.call_steps.call_id"],
            name=op.f("fk_call_messages_step_id_call_id"),
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_call_messages")),
        schema=world,
    )
    op.create_index(
        op.f("ix_call_messages_call_id"), "call_messages", ["call_id"], unique=False, schema=world
    )
    op.create_index(
        "ix_call_messages_waiting",
        "call_messages",
        ["next_at"],
        unique=False,
        schema=world,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.execute(
        f"CREATE TRIGGER call_messages_stay_inside BEFORE INSERT OR UPDATE ON {world}.call_messages"
        " FOR EACH ROW EXECUTE FUNCTION calls_stay_inside()"
    )


def downgrade() -> None:
    """Take it all back."""
    for world in worlds.names(op.get_bind()):
        _downgrade_world(world)
    op.execute("DROP FUNCTION calls_stay_inside()")
    op.execute("UPDATE users SET role = 'viewer', active = false WHERE role = 'registrar'")
    op.drop_constraint(op.f("ck_users_role"), "users")
    op.create_check_constraint(op.f("ck_users_role"), "users", _ROLES_BEFORE)
    _downgrade_grids()
    for table in ("ledger_mappings", "ledger_rows", "ledger_batches", "jobs"):
        op.drop_table(table)


def _downgrade_grids() -> None:
    op.execute("DROP TRIGGER grid_cells_counted ON grid_cells")
    for table, (versions, _) in _KEPT.items():
        op.execute(f"DROP TRIGGER {table}_kept_changed ON {table}")
        op.execute(f"DROP TRIGGER {table}_kept ON {table}")
        op.drop_table(versions)
    op.execute("DROP FUNCTION count_grid_change()")
    op.execute("DROP FUNCTION keep_version()")
    op.drop_table("grid_changes")
    op.drop_constraint(op.f("ck_duties_valid_to_not_before"), "duties", type_="check")
    op.drop_column("duties", "valid_to")
    op.drop_column("duties", "valid_from")
    op.drop_index("ix_grid_cells_alias", table_name="grid_cells")
    op.drop_index("ix_grid_cells_parent", table_name="grid_cells")
    op.drop_column("grid_cells", "alias")


def _downgrade_world(world: str) -> None:
    """Take one world's part back. An incident's cell that is gone by now is forgotten."""
    op.execute(
        f"UPDATE {world}.incidents SET grid_code = NULL"
        " WHERE grid_code IS NOT NULL AND NOT EXISTS (SELECT FROM grid_cells WHERE code = grid_code)"
    )
    op.create_foreign_key(
        op.f("fk_incidents_grid_code"),
        "incidents",
        "grid_cells",
        ["grid_code"],
        ["code"],
        source_schema=world,
        onupdate="CASCADE",
        deferrable=True,
    )
    for table in ("call_messages", "call_steps", "calls"):
        op.drop_table(table, schema=world)
