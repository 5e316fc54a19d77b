"""The journal for administrators: who did what and when, filtered and paged; verified, and taken out as CSV."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.usecases import audit, timeline
from data.frozen import canonical
from web import acts
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing
from web.wording import ACTS

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/audit", title=N_("Audit"), place=90, act="audit.read", aside=True)


def _wanted(  # noqa: PLR0917  # the fields of a form
    view: View, actor: str, act: str, since: date | None, until: date | None, before: int | None
) -> audit.Filter:
    """Read days by the clock of the place; the last day counts whole."""
    zone = view.context.settings.zone
    return audit.Filter(
        actor=actor.strip() or None,
        act=act or None,
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
        before=before,
    )


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        return None


@router.get("/audit")
def listing(  # noqa: PLR0917  # a query, bound by name
    view: Reading, actor: str = "", act: str = "", since: str = "", until: str = "", before: int | None = None
) -> Response:
    """List what was done."""
    return _page(view, actor=actor, act=act, since=since, until=until, before=before)


def _page(  # the fields of a form
    view: View,
    *,
    actor: str = "",
    act: str = "",
    since: str = "",
    until: str = "",
    before: int | None = None,
    verdict: audit.Verdict | None = None,
    error: MusterError | None = None,
) -> Response:
    wanted = _wanted(view, actor, act, _day(since), _day(until), before)
    found = audit.entries(view.context, wanted, limit=audit.PAGE + 1)
    rows = found[: audit.PAGE]
    return view.render(
        "audit.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        rows=[
            (one, told, canonical(one.payload).decode())
            for one, told in zip(rows, acts.tell(view, timeline.about(view.context, rows)), strict=True)
        ],
        older=rows[-1].number if len(found) > audit.PAGE else None,
        form={"actor": actor, "act": act, "since": since, "until": until},
        acts=ACTS,
        verdict=verdict,
        why=view.words.audit_fault(verdict.why) if verdict and verdict.why else "",
    )


@router.post("/audit/verify")
def verify(view: Writing, seal: Annotated[str, Form(max_length=120)] = "") -> Response:
    """Recompute the chain, and hold it against a seal where one was given."""
    try:
        return _page(view, verdict=audit.verify(view.context, audit.read_seal(seal) if seal else None))
    except MusterError as error:
        return _page(view, error=error)


@router.post("/audit/export")
def export(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    request_id: Annotated[UUID | None, Form()] = None,
    actor: Annotated[str, Form(max_length=200)] = "",
    act: Annotated[str, Form(max_length=200)] = "",
    since: Annotated[str, Form(max_length=10)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Take out what the filter shows, all pages of it."""
    wanted = _wanted(view, actor, act, _day(since), _day(until), None)
    text = audit.export(view.context, wanted, request_id=request_id or uuid4())
    return Response(
        text.encode("utf-8-sig"),
        media_type="text/csv",
        headers={
            "Content-Disposition": 'attachment; filename="muster-audit.csv"',
            "Cache-Control": "no-store",
        },
    )
