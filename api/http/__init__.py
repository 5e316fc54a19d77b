"""The JSON skin over the use cases: one router for each noun, all under /api/v1."""

from fastapi import APIRouter, FastAPI

from api.http import (
    accounts,
    aid,
    atlas,
    audit,
    calls,
    closures,
    events,
    exports,
    grids,
    hazards,
    incidents,
    jobs,
    ledgers,
    messages,
    ogc,
    orders,
    overview,
    own,
    places,
    plans,
    positions,
    problems,
    resources,
    session,
    system,
    timeline,
    trackers,
)
from api.http.away import Away, AwayPage
from api.http.limits import Limits

PREFIX = "/api/v1"
_NOUNS = (
    session.router,
    incidents.router,
    plans.router,
    orders.router,
    orders.links,
    positions.router,
    trackers.router,
    aid.router,
    calls.router,
    calls.links,
    closures.router,
    hazards.router,
    places.router,
    grids.router,
    grids.people,
    resources.router,
    overview.router,
    messages.router,
    timeline.router,
    jobs.router,
    atlas.router,
    ledgers.router,
    accounts.router,
    own.router,
    audit.router,
    exports.router,
    events.router,
    system.vocabulary,
)


def routers() -> APIRouter:
    """Return every JSON endpoint; /health, /ready and the OGC's outside the versioned prefix."""
    everything = APIRouter()
    everything.include_router(system.router)
    everything.include_router(ogc.router)
    for noun in _NOUNS:
        everything.include_router(noun, prefix=PREFIX)
    return everything


def install(app: FastAPI, away_page: AwayPage | None = None) -> None:
    """Put the JSON endpoints, their errors and their schema into an application, and the bounds of every request.

    away_page: what people see while the database is away; programs always get a problem document.
    """
    app.include_router(routers())
    problems.install(app)
    app.add_middleware(Away, page=away_page)
    app.add_middleware(Limits)
