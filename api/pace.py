"""How often somebody may send: a bucket of turns for each sender that fills up again with time."""

import threading
from collections import OrderedDict
from datetime import datetime
from typing import Final

from api.errors import TooManyError

_MOST_SENDERS: Final = (
    10_000  # those who have not sent for longest are forgotten first: their buckets are full again
)
_MINUTE_S: Final = 60.0


class Pace:
    """So many turns a minute for each sender in this process, with a minute's turns at once."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, sender: str, now: datetime) -> None:
        """Take one turn. Raises TooManyError, with the seconds until the next one, where none is left."""
        with self._lock:
            left, since = self._left.pop(sender, (float(self._per_minute), now))
            grown = max(0.0, (now - since).total_seconds()) * self._per_minute / _MINUTE_S
            left = min(float(self._per_minute), left + grown)
            self._left[sender] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > _MOST_SENDERS:
                self._left.popitem(last=False)
        if left < 1:
            raise TooManyError("sending_too_often", wait_s=int(_MINUTE_S / self._per_minute) + 1)
