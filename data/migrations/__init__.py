"""Alembic's scripts: each brings the reference tables and every world from one revision to the next."""
