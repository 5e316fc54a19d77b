"""What holds on a day, and when a change counts as made: triggers keep the versions of cells, duties and persons
(migration 0005).
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

VALID: Final = """(coalesce(duties.valid_from, '-infinity') <= coalesce(CAST(:day AS date), current_date)
    AND coalesce(duties.valid_to, 'infinity') >= coalesce(CAST(:day AS date), current_date))"""
"""The condition that a duty holds on `day`, both its ends included; without a day, on the database's own."""

_AT: Final = text("SELECT set_config('muster.at', :at, true)")


def at(connection: Connection, moment: datetime) -> None:
    """From now to the end of this transaction, changes are made at `moment`, as the act's clock says."""
    connection.execute(_AT, {"at": moment.isoformat()})
