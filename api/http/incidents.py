"""Incidents: report, read, change the level, close, cancel."""

from typing import Literal

from fastapi import APIRouter, status

from api.http import documents
from api.http.access import Acting, Visiting
from api.http.models import (
    Identifier,
    Incident,
    IncidentEdit,
    IncidentReport,
    LevelChange,
    Order,
    Reasoned,
    ReportSent,
    Trigger,
    VillageCall,
)
from api.http.problems import responses
from api.usecases import incidents, villages, watching

router = APIRouter(prefix="/incidents", tags=["incidents"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def report_incident(body: IncidentReport, context: Acting) -> Incident:
    """Report an incident by a position, a village, a grid cell or a place, with a radius where it has one."""
    return documents.incident(incidents.report(context, **body.model_dump()))


@router.get("", responses=responses(401, 403, 422))
def list_incidents(
    context: Visiting, state: Literal["open", "closed", "cancelled"] | None = None
) -> list[Incident]:
    """List incidents, the newest first."""
    return [documents.incident(incident) for incident in incidents.listing(context, state=state)]


@router.get("/{incident_id}", responses=responses(401, 403, 404, 422))
def get_incident(incident_id: Identifier, context: Visiting) -> Incident:
    """Give one incident with what it still needs."""
    return documents.incident(incidents.get(context, incident_id))


@router.patch("/{incident_id}", responses=_WRITE)
def edit_incident(incident_id: Identifier, body: IncidentEdit, context: Acting) -> Incident:
    """Add to what is known of an incident; 409 with both versions where somebody else edited the same field meanwhile."""
    return documents.incident(
        incidents.edit(
            context,
            incident_id,
            request_id=body.request_id,
            changes=body.changes.given(),
            seen=body.seen.given(),
        )
    )


@router.post("/{incident_id}/reports", responses=_WRITE)
def send_report(incident_id: Identifier, body: ReportSent, context: Acting) -> Incident:
    """Note that a report went upwards; the first answers its clock, later ones are follow-ups."""
    return documents.incident(
        incidents.send_report(context, incident_id, request_id=body.request_id, report=body.report)
    )


@router.post("/{incident_id}/level", responses=_WRITE)
def change_level(incident_id: Identifier, body: LevelChange, context: Acting) -> Incident:
    """Raise or lower the level; the next plan covers the difference to what is ordered."""
    return documents.incident(
        incidents.change_level(context, incident_id, request_id=body.request_id, level=body.level)
    )


@router.post("/{incident_id}/villages", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def call_village(incident_id: Identifier, body: VillageCall, context: Acting) -> Order:
    """Send an order to a village: guide, warn, evacuate. Its people on duty answer it on its link, like a team."""
    called = villages.call(
        context,
        incident_id,
        body.village,
        request_id=body.request_id,
        tasks=body.tasks,
        shelter=body.shelter,
    )
    return documents.order(context, called)


@router.post("/{incident_id}/escalate", responses=_WRITE)
def escalate_incident(incident_id: Identifier, body: Reasoned, context: Acting) -> Incident:
    """Hand a township's incident to the county: from now on the county leads it."""
    done = incidents.escalate(context, incident_id, request_id=body.request_id, reason=body.reason)
    return documents.incident(done)


@router.get("/{incident_id}/triggers", responses=responses(401, 403, 404, 422, 503))
def incident_triggers(incident_id: Identifier, context: Visiting) -> list[Trigger]:
    """Say why a new plan may be needed; an empty list while all goes as planned."""
    return [Trigger.model_validate(one) for one in watching.triggers(context, incident_id)]


@router.post("/{incident_id}/close", responses=_WRITE)
def close_incident(incident_id: Identifier, body: Reasoned, context: Acting) -> Incident:
    """Close an incident none of whose orders is open."""
    return documents.incident(
        incidents.close(context, incident_id, request_id=body.request_id, reason=body.reason)
    )


@router.post("/{incident_id}/cancel", responses=_WRITE)
def cancel_incident(incident_id: Identifier, body: Reasoned, context: Acting) -> Incident:
    """Cancel an incident and its open orders, and give the stock back."""
    return documents.incident(
        incidents.cancel(context, incident_id, request_id=body.request_id, reason=body.reason)
    )
