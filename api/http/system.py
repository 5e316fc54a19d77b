"""Health, readiness, and the words of every code."""

from fastapi import APIRouter, Response

from api.http.access import BaseContext, Visiting
from api.http.models import Health, Readiness, Word
from api.http.problems import responses
from api.security import authorise
from api.usecases import system

router = APIRouter(tags=["system"])
vocabulary = APIRouter(tags=["system"])
_NOT_READY = 503


@router.get("/health")
def health() -> Health:
    """Answer as long as the process lives."""
    return Health()


@router.get("/ready", responses={_NOT_READY: {"model": Readiness, "description": "Not ready"}})
def ready(context: BaseContext, response: Response) -> Readiness:
    """Tell whether people can work: 503 until the database, its schema and an administrator are there."""
    standing = Readiness.model_validate(system.readiness(context))
    if not standing.ready:
        response.status_code = _NOT_READY
    return standing


@vocabulary.get("/vocabulary", responses=responses(401, 403))
def words(context: Visiting) -> dict[str, dict[str, Word]]:
    """Give the words of every code, by group, in both languages."""
    authorise(context.actor, "map.read")
    return {
        group: {code: Word(**term.words) for code, term in terms.items()}
        for group, terms in context.policy.vocabulary.items()
    }
