"""The journal for administrators: read, verify, take out."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.http.access import Acting, Visiting
from api.http.models import AuditEntry, AuditExport, AuditVerdict, Identifier
from api.http.problems import responses
from api.usecases import audit

router = APIRouter(prefix="/audit", tags=["audit"])
Words = Annotated[str | None, Query(max_length=200)]
CSV = "text/csv"


@router.get("", responses=responses(401, 403, 422))
def list_entries(  # noqa: PLR0917  # a query, bound by name
    context: Visiting,
    actor: Words = None,
    act: Words = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: Identifier | None = None,
) -> list[AuditEntry]:
    """List who did what, the newest first, a hundred at a time; `before` a number gives the next ones."""
    wanted = audit.Filter(actor=actor, act=act, since=since, until=until, before=before)
    return [AuditEntry.model_validate(one) for one in audit.entries(context, wanted)]


@router.get("/verdict", responses=responses(401, 403, 422))
def verify_journal(
    context: Visiting, seal: Annotated[str | None, Query(max_length=120)] = None
) -> AuditVerdict:
    """Recompute every seal; with a `seal` that was kept elsewhere, tell also whether the end was cut off."""
    found = audit.verify(context, audit.read_seal(seal) if seal else None)
    return AuditVerdict(rows=found.rows, seal=str(found.seal), broken=found.broken, why=found.why)


@router.post(
    "/export",
    response_class=Response,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}, **responses(400, 401, 403, 409, 422)},
)
def export_entries(body: AuditExport, context: Acting) -> Response:
    """Take the journal out as CSV, which is itself journaled."""
    wanted = audit.Filter(**body.model_dump(exclude={"request_id"}))
    text = audit.export(context, wanted, request_id=body.request_id)
    return Response(
        text, media_type=CSV, headers={"Content-Disposition": 'attachment; filename="muster-audit.csv"'}
    )
