"""The timeline: everything that was done, in words, the newest first."""

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from api.usecases import timeline
from web import acts, wording
from web.i18n import N_
from web.view import Link, PageRoute, Reading

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/timeline", title=N_("Timeline"), place=50, act="timeline.read", aside=True)


@router.get("/timeline")
def page(
    view: Reading, kind: str = "", incident: str = "", order: str = "", before: int | None = None
) -> Response:
    """Show a page of the journal; what is no number filters nothing."""
    about = {"incident": _number(incident), "order": _number(order)}
    known = [code for code in timeline.KINDS if code != "account" or view.context.actor.may("account.read")]
    kind = kind if kind in known else ""
    found = timeline.page(
        view.context,
        before=before,
        kinds=(kind,) if kind else (),
        incident=about["incident"],
        order=about["order"],
    )
    asked = {"kind": kind, **{name: value for name, value in about.items() if value}}
    return view.render(
        "timeline.html",
        entries=acts.tell(view, found),
        kinds=[(code, wording.pick(acts.KINDS[code], view.lang)) for code in known],
        kind=kind,
        incident=about["incident"],
        order=about["order"],
        before=before,
        here_path=f"/timeline?{urlencode(asked)}",
        older=f"/timeline?{urlencode({**asked, 'before': found.older})}" if found.older else "",
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004  # of 64 bits
