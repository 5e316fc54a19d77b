"""Ledgers on their way in: a file is sent, previewed, corrected, applied and undone as one batch."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from api.http.access import Acting, Visiting
from api.http.models import Identifier
from api.http.problems import responses
from api.usecases import ledgers

router = APIRouter(prefix="/ledgers", tags=["ledgers"])
_READ = responses(401, 403, 404, 422)
_WRITE = responses(400, 401, 403, 404, 409, 422)
_MOST_CELLS = 500

Code = Annotated[str, Field(max_length=60)]
Text = Annotated[str, Field(max_length=500)]
Place = Annotated[int, Field(ge=0, le=2_000)]
RowNumber = Annotated[int, Field(ge=0, le=2_000_000)]


class LedgerBatch(BaseModel):
    """A file and how far it has come. sheets: what the preview found of each sheet."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    file: str
    state: Literal["waiting", "previewed", "refused", "applied", "undone", "dropped"]
    datum: str | None
    sheets: list[dict[str, Any]]
    made_at: datetime
    made_by: str
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None


class LedgerRow(BaseModel):
    """What one row would do or did. changes: old and new value of each field."""

    model_config = ConfigDict(from_attributes=True)

    sheet: int
    number: int | None
    layer: str
    code: str
    name: str
    outcome: Literal["new", "changed", "same", "gone", "faulty"]
    placed: bool
    changes: dict[str, list[Any]]
    problems: list[dict[str, Any]]


class LedgerAct(BaseModel):
    """An act on a batch."""

    request_id: UUID


class LedgerApply(LedgerAct):
    """How a batch is applied."""

    whole: bool = Field(default=False, description="refuse when one row cannot be taken")
    remove_gone: bool = Field(default=False, description="remove what the file does not have")


class LedgerCorrection(LedgerAct):
    """What a person says about a sheet."""

    sheet: Annotated[int, Field(ge=0, le=1_000)]
    layer: Code | None = None
    targets: Annotated[list[tuple[Text, Place, Code]], Field(max_length=2_000)] | None = None
    constants: Annotated[dict[Code, Text], Field(max_length=100)] | None = None
    cells: Annotated[list[tuple[RowNumber, Place, Text]], Field(max_length=_MOST_CELLS)] = []
    spots: Annotated[dict[RowNumber, Code], Field(max_length=_MOST_CELLS)] | None = None
    datum: Code | None = None


class LedgerMapping(LedgerAct):
    """A sheet whose columns are saved for the next file with the same headers."""

    sheet: Annotated[int, Field(ge=0, le=1_000)]
    name: Text = ""


class LedgerResult(BaseModel):
    """What was applied or undone, and the job that goes on with it."""

    batch: LedgerBatch
    job: int | None = None


@router.get("", responses=responses(401, 403, 422))
def list_batches(context: Visiting) -> list[LedgerBatch]:
    """List the newest batches of the own area."""
    return [LedgerBatch.model_validate(batch) for batch in ledgers.listing(context)]


@router.post("", status_code=201, responses=responses(400, 401, 403, 404, 409, 413, 422))
def send_file(
    context: Acting,
    file: UploadFile,
    request_id: Annotated[UUID, Form()],
    datum: Annotated[str | None, Form(max_length=40)] = None,
    layer: Annotated[str | None, Form(max_length=60)] = None,
) -> LedgerResult:
    """Send a file; it is refused when it could harm, else previewed."""
    name = file.filename or ""
    path = ledgers.keep(context, name, file.file)
    batch = ledgers.upload(
        context, path, name, request_id=request_id, datum=datum or None, layer=layer or None
    )
    return _after(context, batch, ledgers.start_preview(context, batch, request_id))


@router.get("/{batch_id}", responses=_READ)
def get_batch(batch_id: Identifier, context: Visiting) -> LedgerBatch:
    """Give a batch."""
    return LedgerBatch.model_validate(ledgers.get(context, batch_id))


@router.get("/{batch_id}/rows", responses=_READ)
def list_rows(
    batch_id: Identifier,
    context: Visiting,
    outcome: Literal["new", "changed", "same", "gone", "faulty"] | None = None,
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0,
) -> list[LedgerRow]:
    """List a page of a batch's rows; rows that are the same are listed only where there is something to say of them."""
    found = ledgers.rows(context, batch_id, outcome=outcome, offset=offset)
    return [LedgerRow.model_validate(row) for row in found]


@router.post("/{batch_id}/preview", responses=_WRITE)
def make_preview(batch_id: Identifier, body: LedgerAct, context: Acting) -> LedgerResult:
    """Compare the file with the store once more."""
    return _after(context, batch_id, ledgers.start_preview(context, batch_id, body.request_id))


@router.patch("/{batch_id}", responses=_WRITE)
def correct(batch_id: Identifier, body: LedgerCorrection, context: Acting) -> LedgerBatch:
    """Say what a sheet, a column or a cell means; the preview must be made again."""
    said = body.model_dump()
    return LedgerBatch.model_validate(ledgers.correct(context, batch_id, **said))


@router.post("/{batch_id}/mapping", responses=_WRITE)
def save_mapping(batch_id: Identifier, body: LedgerMapping, context: Acting) -> LedgerBatch:
    """Save a sheet's columns for the next file with the same headers."""
    ledgers.save_mapping(context, batch_id, request_id=body.request_id, sheet=body.sheet, name=body.name)
    return LedgerBatch.model_validate(ledgers.get(context, batch_id))


@router.post("/{batch_id}/apply", responses=_WRITE)
def apply(batch_id: Identifier, body: LedgerApply, context: Acting) -> LedgerResult:
    """Apply a previewed batch as one act."""
    job = ledgers.start_apply(
        context,
        batch_id,
        request_id=body.request_id,
        whole=body.whole,
        remove_gone=body.remove_gone,
    )
    return _after(context, batch_id, job)


@router.post("/{batch_id}/undo", responses=_WRITE)
def undo(batch_id: Identifier, body: LedgerAct, context: Acting) -> LedgerResult:
    """Bring every row that the batch touched back."""
    ledgers.undo(context, batch_id, request_id=body.request_id)
    return _after(context, batch_id, None)


@router.post("/{batch_id}/drop", responses=_WRITE)
def drop(batch_id: Identifier, body: LedgerAct, context: Acting) -> LedgerResult:
    """Put a batch aside."""
    ledgers.drop(context, batch_id, request_id=body.request_id)
    return _after(context, batch_id, None)


@router.get("/{batch_id}/marked", responses=_READ, response_class=FileResponse)
def marked_copy(batch_id: Identifier, context: Visiting, lang: Literal["zh", "en"] = "zh") -> FileResponse:
    """Give the workbook with its faulty cells coloured and explained."""
    path = ledgers.marked(context, batch_id, lang)
    name = ledgers.get(context, batch_id).file
    return FileResponse(path, filename=f"{name.rpartition('.')[0] or name}-marked.xlsx")


def _after(context: Any, batch_id: int, job: Any) -> LedgerResult:
    batch = LedgerBatch.model_validate(ledgers.get(context, batch_id))
    return LedgerResult(batch=batch, job=job.id if job else None)
