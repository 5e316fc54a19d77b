"""Commands about mutual aid between areas."""

from typing import Annotated

import typer

from api.http.aid import document
from api.http.models import AidOffer
from api.terminal import AsJson, RequestId, acting, show
from api.usecases import aid

app = typer.Typer(help="Mutual aid: list, ask another area, answer, end.", no_args_is_help=True)
COLUMNS = ("id", "incident_id", "from_area", "to_area", "state", "requested_at", "answer")


@app.command("list")
def list_aid(*, incident: int | None = None, as_json: AsJson = False) -> None:
    """List the requests, the newest first."""
    with acting() as context:
        found = [document(one) for one in aid.listing(context, incident=incident)]
    show(found, COLUMNS, as_json=as_json)


@app.command("request")
def request_aid(
    incident: int, to_area: str, text: str = "", *, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Ask another area, by its code, for help with an incident."""
    with acting() as context:
        made = document(aid.request(context, incident, request_id=request_id, to_area=to_area, text=text))
    show(made, COLUMNS, as_json=as_json)


@app.command("offers")
def list_offers(request: int, *, as_json: AsJson = False) -> None:
    """List what the asked area could lend, first what its best plan would send."""
    with acting() as context:
        found = [AidOffer.model_validate(one) for one in aid.offers(context, request)]
    show(found, ("kind", "id", "code", "name", "total_ms"), as_json=as_json)


Units = Annotated[list[int] | None, typer.Option(help="Repeat for several.")]


@app.command("grant")
def grant_aid(
    request: int,
    *,
    team: Units = None,
    depot: Units = None,
    text: str = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Lend teams and depots for the incident."""
    with acting() as context:
        done = document(
            aid.answer(
                context,
                request,
                request_id=request_id,
                grant=True,
                text=text,
                teams=team or (),
                depots=depot or (),
            )
        )
    show(done, COLUMNS, as_json=as_json)


@app.command("decline")
def decline_aid(request: int, reason: str, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Decline with a reason."""
    with acting() as context:
        done = document(aid.answer(context, request, request_id=request_id, grant=False, text=reason))
    show(done, COLUMNS, as_json=as_json)


@app.command("end")
def end_aid(request: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """End a request; what was lent is its owner's again."""
    with acting() as context:
        done = document(aid.end(context, request, request_id=request_id))
    show(done, COLUMNS, as_json=as_json)
