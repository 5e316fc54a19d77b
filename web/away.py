"""The page that stands in for every other while the database is away: what was typed is kept and can be sent again."""

from datetime import datetime
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.types import Scope

from api.http.access import CSRF_FIELD
from api.http.away import COME_AGAIN_S, Fields
from web.view import open_to_all

_NOT_TYPED: Final = frozenset({CSRF_FIELD, "request_id", "next"})
_AWAY: Final = 503


def page(scope: Scope, fields: Fields | None, since: datetime) -> Response:
    """Make the page for what was asked. The form keeps its request id, so that sending it again has one effect."""
    request = Request(scope)
    view = open_to_all(request)
    query = f"?{request.url.query}" if request.url.query else ""
    return view.render(
        "away.html",
        status=_AWAY,
        since=since,
        address=request.url.path + query,
        fields=fields,
        typed=[
            (view.words.form_field(name), value)
            for name, value in fields or ()
            if value and name not in _NOT_TYPED
        ],
        come_again_s=COME_AGAIN_S,
    )
