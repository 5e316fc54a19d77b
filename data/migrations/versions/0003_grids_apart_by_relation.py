"""Ask of two grid cells first whether their insides meet: neighbours share borders, and cutting those is slow."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FUNCTION = """
    CREATE OR REPLACE FUNCTION grid_cells_apart() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE cell grid_cells; neighbour text;
    BEGIN
        SELECT * INTO cell FROM grid_cells WHERE id = NEW.id;
        IF NOT FOUND THEN RETURN NULL; END IF;
        PERFORM pg_advisory_xact_lock(hashtext('grid_cells'), hashtext(cell.theme || ':' || cell.level));
        SELECT code INTO neighbour FROM grid_cells other
            WHERE other.theme = cell.theme AND other.level = cell.level AND other.id <> cell.id
              AND other.geom && cell.geom AND {meet}
              AND ST_Area(ST_Intersection(other.geom, cell.geom)) > 1e-8
            LIMIT 1;
        IF FOUND THEN
            PERFORM refuse('grid_cells_apart', format('grid cell %s overlaps %s', cell.code, neighbour));
        END IF;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    """Ask for insides that meet. Refuses the same cells: an area in common is an inside in common."""
    op.execute(_FUNCTION.replace("{meet}", "ST_Relate(other.geom, cell.geom, 'T********')"))


def downgrade() -> None:
    """Ask for anything in common."""
    op.execute(_FUNCTION.replace("{meet}", "ST_Intersects(other.geom, cell.geom)"))
