"""Health, readiness, and the words of every code."""

import hmac
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api import metrics
from api.errors import NotAllowedError
from api.http.access import BaseContext, Visiting
from api.http.models import Health, Readiness, Word
from api.http.problems import responses
from api.security import authorise
from api.usecases import system

router = APIRouter(tags=["system"])
vocabulary = APIRouter(tags=["system"])
_NOT_READY: Final = 503
_FORWARDED: Final = {"forwarded", "x-forwarded-for", "via"}  # a proxy speaks for somebody else


@router.get("/health")
async def health() -> Health:
    """Answer as long as the process lives, even when every thread waits for the database."""
    return Health()


@router.get("/ready", responses={_NOT_READY: {"model": Readiness, "description": "Not ready"}})
def ready(context: BaseContext, response: Response) -> Readiness:
    """Tell whether people can work: 503 until the database, its schema and an administrator are there."""
    standing = Readiness.model_validate(system.readiness(context))
    if not standing.ready:
        response.status_code = _NOT_READY
    return standing


@router.get("/metrics", include_in_schema=False)
def metered(request: Request, context: BaseContext) -> Response:
    """Give Prometheus its figures: to this machine, or to whoever has the token of the settings."""
    token = context.settings.metrics_token
    given = request.headers.get("authorization", "")
    if token is None:
        allowed = _FORWARDED.isdisjoint(request.headers) and _is_this_machine(request)
    else:
        allowed = hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if not allowed:
        raise NotAllowedError("metrics_closed")
    return Response(metrics.exposition(system.state(context)), media_type=CONTENT_TYPE_LATEST)


def _is_this_machine(request: Request) -> bool:
    return request.client is not None and request.client.host in {"127.0.0.1", "::1"}


@vocabulary.get("/vocabulary", responses=responses(401, 403))
def words(context: Visiting) -> dict[str, dict[str, Word]]:
    """Give the words of every code, by group, in both languages."""
    authorise(context.actor, "map.read")
    return {
        group: {code: Word(**term.words) for code, term in terms.items()}
        for group, terms in context.policy.vocabulary.items()
    }
