"""A job's page: how far it has come, a button that ends it, and the way to what it made."""

from fastapi import APIRouter, Response

from api.usecases import jobs
from data.jobs import LOST
from web.view import PageRoute, Reading, View, Writing, own_path, see

router = APIRouter(route_class=PageRoute)


@router.get("/jobs/{job_id}")
def page(view: Reading, job_id: int) -> Response:
    """Show a job; once it is done, lead on to what it made."""
    job = jobs.get(view.context, job_id)
    lost = jobs.is_lost(view.context, job)
    page = own_path(str(job.result["page"])) if job.result and "page" in job.result else ""
    if job.state == "done" and page:
        return _lead_on(view, page)
    error = LOST if lost else job.error
    return view.render(
        "job.html",
        job=job,
        kind=view.words.job_kind(job.kind),
        stage=view.words.job_stage(job.stage),
        open=job.is_open and not lost,
        refusal=view.words.problem(error, job.details or {}) if error else "",
    )


@router.post("/jobs/{job_id}/cancel")
def cancel(view: Writing, job_id: int) -> Response:
    """Ask it to end."""
    jobs.cancel(view.context, job_id)
    return see(f"/jobs/{job_id}")


def _lead_on(view: View, page: str) -> Response:
    """Leave the bar that asks again and again by htmx's own header, an ordinary page by its status."""
    if view.in_panel:
        return Response(status_code=204, headers={"HX-Redirect": page})
    return see(page)
