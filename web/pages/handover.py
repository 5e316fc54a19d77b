"""Handing the shift over: what stands, what was done, who gives it and who takes it; past ones to read and print."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from api.errors import MusterError
from api.usecases import shifts
from api.usecases.shifts import Shift
from web import acts, names, wording
from web.i18n import N_
from web.names import Mentioned
from web.orders import shown
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/handover", title=N_("Handover"), place=60, act="shift.read")
LISTED = 12


class HandoverForm(BaseModel):
    """What stands in the form, as typed."""

    request_id: UUID = Field(default_factory=uuid4)
    handed_over_by: str = Field(default="", max_length=200)
    taken_over_by: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=2000)


@router.get("/handover")
def page(view: Reading) -> Response:
    """Show the shift as it stands."""
    return _page(view, HandoverForm())


def _page(view: View, form: HandoverForm, error: MusterError | None = None) -> Response:
    context = view.context
    shift = shifts.now(context)
    found = (*shift.late, *shift.running)
    by_id = {one.id: one for one in shown(view, found, names.read(view, Mentioned().orders(found)))}
    return view.render(
        "handover.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        form=form,
        shift=shift,
        late=[by_id[one.id] for one in shift.late],
        running=[by_id[one.id] for one in shift.running],
        done=_done(view, shift.done),
        stale=_stale(view, shift),
        past=shifts.past(context),
        may_hand_over=context.actor.may("shift.hand_over"),
    )


@router.post("/handover")
def hand_over(view: Writing, form: Annotated[HandoverForm, Form()]) -> Response:
    """Hand the shift over."""
    try:
        made = shifts.hand_over(
            view.context,
            request_id=form.request_id,
            taken_over_by=form.taken_over_by,
            handed_over_by=form.handed_over_by,
            note=form.note,
        )
    except MusterError as error:
        return _page(view, form, error)
    return see(f"/handover/{made.id}")


@router.get("/handover/{handover_id}")
def past(view: Reading, handover_id: int) -> Response:
    """Show one past handover, to be printed and signed."""
    record = shifts.get(view.context, handover_id)
    return view.render(
        "handover_past.html", handover=record, done=_done(view, record.summary.get("done", {}))
    )


def _done(view: View, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Sum up what was done by kind, the most first."""
    by_kind: dict[str, int] = {}
    for act, number in counts.items():
        kind = act.partition(".")[0]
        if kind in acts.KINDS and (kind != "account" or view.context.actor.may("account.read")):
            by_kind[kind] = by_kind.get(kind, 0) + number
    ordered = sorted(by_kind.items(), key=lambda one: -one[1])
    return [(wording.pick(acts.KINDS[kind], view.lang), number) for kind, number in ordered]


def _stale(view: View, shift: Shift) -> list[dict[str, Any]]:
    """List what nobody has reported on for too long: how many, and the first by name."""
    groups = (
        (view.gettext(N_("Teams")), [view.words.name(one) for one in shift.teams]),
        (view.gettext(N_("Vehicles")), [one.code for one in shift.vehicles]),
        (view.gettext(N_("Depots")), [view.words.name(one) for one in shift.depots]),
        (view.gettext(N_("Stock lots")), [one.code for one in shift.lots]),
    )
    return [
        {"title": title, "count": len(found), "names": found[:LISTED], "more": max(0, len(found) - LISTED)}
        for title, found in groups
        if found
    ]
