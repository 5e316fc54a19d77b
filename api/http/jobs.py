"""Jobs: how far work beside the requests has come."""

from fastapi import APIRouter

from api.http.access import Acting, Visiting
from api.http.models import Identifier, Job
from api.http.problems import responses
from api.usecases import jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{job_id}", responses=responses(401, 403, 404, 422))
def get_job(job_id: Identifier, context: Visiting) -> Job:
    """Read a job that one has started."""
    return Job.model_validate(jobs.get(context, job_id))


@router.post("/{job_id}/cancel", responses=responses(400, 401, 403, 404, 422))
def cancel_job(job_id: Identifier, context: Acting) -> Job:
    """Ask a job to end; nothing of it stays."""
    return Job.model_validate(jobs.cancel(context, job_id))
