"""What the base map draws, and the hash by which the same roads are known again."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from gis.crs import STORED

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add base_features and road_networks.sha256."""
    op.add_column("road_networks", sa.Column("sha256", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(op.f("ck_road_networks_sha256"), "road_networks", "octet_length(sha256) = 32")
    op.create_table(
        "base_features",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=STORED, spatial_index=False), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('water', 'waterway', 'wood', 'settlement')", name=op.f("ck_base_features_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_features")),
    )
    op.create_index("ix_base_features_source", "base_features", ["source"], unique=False)
    op.create_index("ix_base_features_geom", "base_features", ["geom"], unique=False, postgresql_using="gist")


def downgrade() -> None:
    """Take both back."""
    op.drop_table("base_features")
    op.drop_column("road_networks", "sha256")
