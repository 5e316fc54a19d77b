"""Where Alembic starts: the caller (`data.migrate`) hands over an open connection and its transaction."""

from typing import Any, Literal

from alembic import context

from data import tables


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write a geometry type as the migrations spell it, with the one named coordinate system."""
    if kind == "type" and type(item).__name__ == "Geometry":
        return f'Geometry("{item.geometry_type}", srid=STORED, spatial_index=False)'
    return False


def ours(_thing: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:  # noqa: FBT001  # Alembic's call
    """Leave out the one table that PostGIS keeps among ours."""
    return not (kind == "table" and reflected and name == "spatial_ref_sys")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.in_world("live"),
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name in {None, "live"},
    include_object=ours,
    render_item=render_item,
    compare_server_default=True,
)
context.run_migrations()
