"""Make the frozen dump of a release: `python -m tests.data.releases.make FILE`, inside a checkout of that release.

Run once, just before a release, and commit what it writes (a fictional county with a few acts, 100 kB); whoever
upgrades later must find every row again. The dump of 0003 was made at commit 2433288 with this file copied in, that of 0004 at 9be0a80.
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import make_url

from api.context import make_context
from api.security import local_administrator, new_password
from api.settings import Settings
from api.usecases import accounts, closures, incidents, orders, plans, resources
from data import backup, migrate, worlds
from data.cluster import Cluster
from tests import builders


def main(file: Path) -> None:
    """Start a private cluster, fill it by acts, and dump it."""
    with tempfile.TemporaryDirectory(prefix="muster-release-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder) / "c", durable=False)
        url = cluster.start()
        try:
            fill(url)
            backup.backup(make_url(url), file)
        finally:
            cluster.stop()


def fill(url: str) -> None:
    """Fill an empty database with the hand-made county, an exercise, and an incident with everything that follows."""
    context = make_context(Settings(database_url=url), url, clock=lambda: builders.NOW)
    migrate.upgrade(context.engine)
    with context.engine.begin() as connection:
        county = builders.add_county(worlds.inside(connection, worlds.LIVE))
    acting = context.acting(local_administrator("release"))
    accounts.set_up(acting)
    accounts.create(acting, request_id=UUID(int=1), name="zhao", role="commander", password=new_password())
    resources.edit_team(acting, county["far"], request_id=UUID(int=2), status="resting", note="轮休")
    first = incidents.report(
        acting, request_id=UUID(int=3), type="landslide", level=4, position=builders.on_main_road(5)
    )
    plan = plans.propose(acting, request_id=UUID(int=4), incidents=[first.id])
    sent = plans.confirm(acting, plan.id, request_id=UUID(int=5))
    orders.step(acting, sent[0].id, "acknowledge", request_id=UUID(int=6))
    closures.close(
        acting,
        request_id=UUID(int=7),
        geometry={"type": "Point", "coordinates": list(builders.on_main_road(8.5))},
        ends_at=builders.NOW + timedelta(hours=2),
        reason="塌方",
    )
    with context.world.begin() as connection:
        worlds.create_exercise(connection, schema="exercise_spring", title="春季演练", at=builders.NOW)
    context.engine.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
