"""What each township should keep within reach: the policy's rules on the townships as they are."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from data.policies import CoverRule
from dispatch.model import Cover

# A village belongs to the township whose first nine digits it shares.
_TOWNSHIPS = text("""
    SELECT township.code, ST_X(middle) AS lon, ST_Y(middle) AS lat,
        (SELECT coalesce(sum(population), 0) FROM villages
         WHERE left(villages.area_code, 9) = left(township.code, 9)) AS people
    FROM (
        SELECT code, coalesce(seat, ST_PointOnSurface(geom)) AS middle FROM areas
        WHERE level = 'township' AND (seat IS NOT NULL OR geom IS NOT NULL)
    ) AS township ORDER BY township.code
""")
_HUNDRED = 100


def rows(connection: Connection, rules: Sequence[CoverRule]) -> tuple[Cover, ...]:
    """Return one row for each township and rule, weighing people in hundreds, at least one."""
    townships = connection.execute(_TOWNSHIPS).all()
    return tuple(
        Cover(
            township=township.code,
            position=(township.lon, township.lat),
            code=rule.capability,
            heads=rule.heads,
            within_ms=rule.within_ms,
            weight=rule.weight * max(1, int(township.people) // _HUNDRED),
        )
        for township in townships
        for rule in rules
    )
