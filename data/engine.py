"""Database engines, all made alike."""

from sqlalchemy import Engine, create_engine


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Return an engine on `url` (postgresql+psycopg://…) that replaces connections a restarted server dropped."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args={"application_name": "muster", "options": "-c timezone=UTC", "connect_timeout": 5},
    )
