"""Areas by their codes."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from data.locate import Area
from data.tables import areas


def get(connection: Connection, code: str) -> Area | None:
    """Read one area; None when there is none of this code."""
    query = select(areas.c.code, areas.c.level, areas.c.name, areas.c.name_en).where(areas.c.code == code)
    row = connection.execute(query).one_or_none()
    return Area(code=row.code, level=row.level, name=row.name, name_en=row.name_en) if row else None


def by_level(connection: Connection, level: str) -> Mapping[str, Area]:
    """Read the areas of one level, by code."""
    query = select(areas.c.code, areas.c.level, areas.c.name, areas.c.name_en).where(areas.c.level == level)
    rows = connection.execute(query.order_by(areas.c.code))
    return {
        row.code: Area(code=row.code, level=row.level, name=row.name, name_en=row.name_en) for row in rows
    }
