"""Closed roads: close one at a point, see what is closed, open it again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from api.errors import InvalidError, MusterError
from api.usecases import closures
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/closures", title=N_("Closed roads"), place=30)


class ClosureForm(BaseModel):
    """What stands in the form, as typed."""

    request_id: UUID = Field(default_factory=uuid4)
    lon: str = ""
    lat: str = ""
    reason: str = ""
    factor_percent: str = ""
    starts_at: str = ""
    ends_at: str = ""

    def point(self) -> dict[str, object]:
        """Return the point as GeoJSON. Raises InvalidError for what is no position."""
        try:
            return {"type": "Point", "coordinates": [float(self.lon), float(self.lat)]}
        except ValueError:
            raise InvalidError("position_unreadable") from None


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Read a moment by the clock of the place; None for no text. Raises InvalidError for what is no moment."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise InvalidError("time_unreadable") from None


@router.get("/closures")
def listing(view: Reading, lon: str = "", lat: str = "", id: int | None = None) -> Response:  # noqa: A002  # the query's name
    """Show the form and what is closed; `id` marks one of them."""
    return _listing(view, ClosureForm(lon=lon, lat=lat), chosen=id)


def _listing(
    view: View, form: ClosureForm, *, chosen: int | None = None, error: MusterError | None = None
) -> Response:
    return view.render(
        "closures.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        form=form,
        chosen=chosen,
        closures=closures.standing(view.context),
        may_close=view.context.actor.may("closure.close"),
    )


@router.post("/closures")
def close(view: Writing, form: Annotated[ClosureForm, Form()]) -> Response:
    """Close the road nearest to a point, now and until it is opened, or within a time window."""
    zone = view.context.settings.zone
    try:
        closed = closures.close(
            view.context,
            request_id=form.request_id,
            geometry=form.point(),
            factor_percent=int(form.factor_percent) if form.factor_percent.isdecimal() else None,
            starts_at=_moment(form.starts_at, zone),
            ends_at=_moment(form.ends_at, zone),
            reason=form.reason,
        )
    except MusterError as error:
        return _listing(view, form, error=error)
    return see(f"/closures?id={closed.id}")


@router.post("/closures/{closure_id}/open")
def open_again(view: Writing, closure_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Open a road."""
    closures.open_again(view.context, closure_id, request_id=request_id)
    return see("/closures")
