"""Grids with history, calls up the chain, ledgers in batches, and work that takes minutes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from data import worlds

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROLES_BEFORE = "role IN ('viewer', 'duty_officer', 'commander', 'administrator', 'township')"
_ROLES = "role IN ('viewer', 'duty_officer', 'commander', 'administrator', 'township', 'registrar')"


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
    for world in worlds.names(op.get_bind()):
        _upgrade_world(world)


def _upgrade_world(world: str) -> None:
    """Change one world."""


def downgrade() -> None:
    """Take it all back."""
    for world in worlds.names(op.get_bind()):
        _downgrade_world(world)
    op.execute("UPDATE users SET role = 'viewer', active = false WHERE role = 'registrar'")
    op.drop_constraint(op.f("ck_users_role"), "users")
    op.create_check_constraint(op.f("ck_users_role"), "users", _ROLES_BEFORE)
    op.drop_table("jobs")


def _downgrade_world(world: str) -> None:
    """Take one world's part back."""
