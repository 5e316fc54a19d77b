"""The journal for administrators: a row that was changed is found, and so is an end that was cut off."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event, text

from api.context import Context
from api.usecases import audit
from tests import builders
from tests.api.conftest import Browser

REPORT = {"type": "landslide", "level": 4, "position": list(builders.on_main_road(5))}


def tamper(engine: Engine, statement: str) -> None:
    """Change the journal as a superuser who knows how to get past its trigger."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_a_changed_row_is_named(
    commander: Browser, sign_in: Callable[[str], Browser], context: Context, engine: Engine
) -> None:
    """Whoever owns the database can change a row, and cannot make the chain agree with it."""
    for _ in range(3):
        commander.post("/incidents", REPORT)
    administrator = sign_in("administrator")
    whole = administrator.get("/audit/verdict").json()
    assert (whole["broken"], whole["rows"]) == (None, 3)
    seal = audit.read_seal(whole["seal"])
    assert audit.verify(context, seal).broken is None
    tamper(engine, "UPDATE live.journal SET actor = 'nobody' WHERE number = 2")
    found = administrator.get("/audit/verdict").json()
    assert (found["broken"], found["why"]) == (2, "changed")


def test_a_seal_kept_elsewhere_shows_a_cut_and_a_forged_end(
    commander: Browser, context: Context, engine: Engine
) -> None:
    """A chain whose last rows are gone is whole in itself; only what was kept elsewhere tells."""
    for _ in range(3):
        commander.post("/incidents", REPORT)
    seal = audit.seal(context)
    tamper(engine, "DELETE FROM live.journal WHERE number = 3")
    assert audit.verify(context).broken is None
    cut = audit.verify(context, seal)
    assert (cut.broken, cut.why) == (3, "cut_off")
    commander.post("/incidents", {**REPORT, "level": 2})
    forged = audit.verify(context, seal)
    assert (forged.broken, forged.why) == (3, "not_the_same")


def test_the_journal_is_filtered_paged_and_taken_out_safely(
    commander: Browser, sign_in: Callable[[str], Browser]
) -> None:
    """A cell that begins like a formula is text in the file, and taking the file out is journaled."""
    commander.post("/incidents", {**REPORT, "name": "=cmd|' /C calc'!A0"})
    commander.post("/incidents", REPORT)
    administrator = sign_in("administrator")
    listed = administrator.get("/audit", params={"act": "incident.report"}).json()
    assert [one["number"] for one in listed] == [2, 1]
    assert [one["number"] for one in administrator.get("/audit", params={"before": 2}).json()] == [1]
    assert administrator.get("/audit", params={"actor": "nobody"}).json() == []
    taken = administrator.post("/audit/export", {"actor": "commander"})
    assert taken.headers["content-type"].startswith("text/csv")
    assert len(taken.text.strip().splitlines()) == 3
    assert audit.safe("=1+1") == "'=1+1"
    assert next(one["act"] for one in administrator.get("/audit").json()) == "audit.export"


def test_a_row_is_taken_out_once_when_the_connection_breaks_before_the_commit(
    commander: Browser, context: Context
) -> None:
    """The act is then tried again as a whole: what it had gathered the first time must not stand in the file twice."""
    commander.post("/incidents", REPORT)

    def cut(connection: Any) -> None:
        event.remove(context.engine, "commit", cut)
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    event.listen(context.engine, "commit", cut)
    taken = audit.export(context, audit.Filter(act="incident.report"), request_id=uuid.uuid4())
    assert len(taken.strip().splitlines()) == 2
