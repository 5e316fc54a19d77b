"""Ledgers on their way in: files dropped onto a page, what each of their rows would do, mended in place, applied, undone."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from fastapi.responses import FileResponse
from starlette.datastructures import FormData

from api.errors import MusterError
from api.usecases import ledgers
from data import columns
from data.batches import Batch, BatchRow
from data.layers import Layer
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, see, sent_form

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/ledgers", title=N_("Ledgers"), place=44, act="ledger.read")

TABS: Final = ("faulty", "new", "changed", "gone", "placed", "columns")
OUTCOMES: Final[Mapping[str, Any]] = {
    "faulty": {"outcome": "faulty"},
    "new": {"outcome": "new"},
    "changed": {"outcome": "changed"},
    "gone": {"outcome": "gone"},
    "placed": {"placed": True},
}
_FIELDS_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A problem in words. cell: where it can be mended; offered: what may be chosen instead of a value."""

    words: str
    severity: str
    cell: str
    place: int | None
    value: str
    offered: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a batch as it is shown."""

    sheet: int
    sheet_name: str
    number: int | None
    layer: str
    code: str
    name: str
    changes: Sequence[tuple[str, str, str]]
    faults: Sequence[Fault]


@router.get("/ledgers")
def listing(view: Reading) -> Response:
    """List the batches, and take files."""
    return _listing(view)


def _listing(view: View, refusals: Sequence[str] = (), status: int = 200) -> Response:
    found = ledgers.listing(view.context)
    datums = view.words.group("datums")
    return view.render(
        "ledgers.html",
        status=status,
        batches=[_shown(view, batch) for batch in found],
        datums=datums,
        refusals=refusals,
        may_write=view.context.actor.may("ledger.upload"),
    )


def _shown(view: View, batch: Batch) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for sheet in batch.sheets:
        for outcome, count in sheet["counts"].items():
            counts[outcome] = counts.get(outcome, 0) + count
    return {
        "batch": batch,
        "state": view.words.ledger_state(batch.state),
        "counts": counts,
        "layer_names": [view.words.layer(sheet["layer"]) for sheet in batch.sheets if sheet["layer"]],
    }


@router.post("/ledgers")
def upload(
    view: Writing,
    files: Annotated[list[UploadFile], File()],
    request_id: Annotated[UUID, Form()],
    datum: Annotated[str, Form()] = "",
) -> Response:
    """Take files in, each as a batch of its own; what is refused is named, the others go on."""
    refusals: list[str] = []
    made: list[tuple[int, Any]] = []
    for number, file in enumerate(file for file in files if file.filename):
        one = uuid.uuid5(request_id, str(number))
        name = file.filename or ""
        try:
            path = ledgers.keep(view.context, name, file.file)
            batch = ledgers.upload(view.context, path, name, request_id=one, datum=datum or None)
            made.append((batch, ledgers.start_preview(view.context, batch, one)))
        except MusterError as error:
            refusals.append(f"{name}：{view.words.problem(error.code, error.details)}")
    if refusals or not made:
        return _listing(view, refusals or [view.gettext(N_("No file was chosen."))], 422)
    if len(made) > 1:
        return see("/ledgers")
    batch, job = made[0]
    return see(f"/jobs/{job.id}" if job else f"/ledgers/{batch}")


@router.get("/ledgers/{batch_id}")
def page(view: Reading, batch_id: int, tab: str = "", page: int = 1) -> Response:
    """Show what a batch would do or did."""
    return _page(view, batch_id, tab=tab, number=max(1, page))


def _page(
    view: View, batch_id: int, *, tab: str = "", number: int = 1, error: MusterError | None = None
) -> Response:
    batch = ledgers.get(view.context, batch_id)
    shown = _shown(view, batch)
    counts = {**shown["counts"], "placed": sum(sheet["placed"] for sheet in batch.sheets)}
    first = next((one for one in ("faulty", "changed", "new") if counts.get(one)), "columns")
    refused = any(sheet["refused"] for sheet in batch.sheets)
    tab = tab if tab in TABS else "columns" if refused else first
    found = (
        ledgers.rows(
            view.context,
            batch_id,
            offset=(number - 1) * ledgers.PAGE_ROWS,
            limit=ledgers.PAGE_ROWS + 1,
            **OUTCOMES[tab],
        )
        if tab in OUTCOMES
        else ()
    )
    open_ = batch.state in {"waiting", "previewed", "refused"}
    return view.render(
        "ledger.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        **shown,
        tab=tab,
        tabs=[(one, view.words.ledger_tab(one), counts.get(one)) for one in TABS],
        lines=[_line(view, batch, row) for row in found[: ledgers.PAGE_ROWS]],
        more=len(found) > ledgers.PAGE_ROWS,
        number_of_page=number,
        sheets=[_sheet(view, place, sheet) for place, sheet in enumerate(batch.sheets)],
        layers=[(code, view.words.layer(code)) for code in view.context.policy.layers],
        open=open_,
        may_write=view.context.actor.may("ledger.apply"),
        datums=view.words.group("datums"),
        total=counts,
    )


def _sheet(view: View, number: int, sheet: Mapping[str, Any]) -> dict[str, Any]:
    layer = view.context.policy.layers.get(sheet["layer"])
    keys = columns.keys([column["header"] for column in sheet["columns"]])
    taken = {column["target"] for column in sheet["columns"]}
    return {
        "number": number,
        "name": sheet["name"],
        "layer": sheet["layer"],
        "layer_name": view.words.layer(sheet["layer"]) if sheet["layer"] else "",
        "candidates": sheet["candidates"],
        "counts": sheet["counts"],
        "rows": sheet["rows"],
        "refused": sheet["refused"],
        "asked": sheet["asked"],
        "hidden": sheet["hidden"],
        "fingerprint": sheet["fingerprint"],
        "columns": [
            {
                **column,
                "key": f"{number}|{title}|{times}",
                "sureness": view.words.ledger_sureness(column["sure"]),
                "target_name": _target_name(view, layer, column["target"]),
            }
            for (title, times), column in zip(keys, sheet["columns"], strict=True)
        ],
        "targets": [
            *[(name, view.words.field(layer, name)) for name in layer.fields],
            *(
                (group, view.words.term("headers", group))
                for group in (*columns.POSITION_GROUPS, *columns.CLUES)
                if layer.geometry != "none"
            ),
        ]
        if layer
        else [],
        "missing": [
            (name, view.words.field(layer, name), _choices(view, layer, name))
            for name, field in layer.fields.items()
            if field.required and name not in taken and name != "code"
        ]
        if layer
        else [],
        "problems": [
            (problem["severity"], ledgers.told(view.context, sheet["layer"], problem, view.lang))
            for problem in sheet["problems"]
        ]
        if layer
        else [],
    }


def _choices(view: View, layer: Layer, name: str) -> list[tuple[str, str]]:
    field = layer.fields[name]
    return list(view.words.group(field.group).items()) if field.type == "choice" else []


def _target_name(view: View, layer: Layer | None, target: str) -> str:
    if layer is None or target in {"", columns.IGNORED}:
        return ""
    return view.words.field(layer, target) if target in layer.fields else view.words.term("headers", target)


def _line(view: View, batch: Batch, row: BatchRow) -> Line:
    layer = view.context.policy.layers[row.layer]
    return Line(
        sheet=row.sheet,
        sheet_name=batch.sheets[row.sheet]["name"] if row.sheet < len(batch.sheets) else "",
        number=row.number,
        layer=view.words.layer(row.layer),
        code=row.code,
        name=row.name,
        changes=[
            (_field_name(view, layer, name), _value(view, layer, name, old), _value(view, layer, name, new))
            for name, (old, new) in list(row.changes.items())[
                : _FIELDS_SHOWN if row.outcome == "new" else None
            ]
        ],
        faults=[
            Fault(
                words=ledgers.told(view.context, row.layer, problem, view.lang),
                severity=problem["severity"],
                cell=problem["cell"],
                place=problem["place"] if problem["field"] != "geometry" or not problem["offered"] else None,
                value=problem["values"].get("value", ""),
                offered=[(code, name) for code, name in problem["offered"]],
            )
            for problem in row.problems
        ],
    )


def _field_name(view: View, layer: Layer, name: str) -> str:
    if name in layer.fields:
        return view.words.field(layer, name)
    return view.gettext(N_("Position")) if name == "geometry" else name


def _value(view: View, layer: Layer, name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    return view.words.value(layer, name, value) if name in layer.fields else str(value)


@router.post("/ledgers/{batch_id}/correct")
def correct(view: Writing, batch_id: int, form: Annotated[FormData, Depends(sent_form)]) -> Response:
    """Take what was written into cells, chosen for columns, or said of sheets; then preview again."""
    said = {str(key): str(value) for key, value in form.multi_items()}
    try:
        request_id = UUID(said["request_id"])
        for place, one in enumerate(_corrections(said)):
            ledgers.correct(view.context, batch_id, request_id=uuid.uuid5(request_id, str(place)), **one)
        job = ledgers.start_preview(view.context, batch_id, request_id)
    except (KeyError, ValueError):
        return see(f"/ledgers/{batch_id}")
    except MusterError as error:
        return _page(view, batch_id, error=error)
    back = f"/ledgers/{batch_id}?tab={quote(said.get('tab', ''))}"
    return see(f"/jobs/{job.id}" if job else back)


def _corrections(said: Mapping[str, str]) -> list[dict[str, Any]]:
    """Gather a form's fields by sheet: `cell|sheet|row|place`, `spot|sheet|row`, `target|sheet|header|times`,
    `all|sheet|field`, `layer|sheet`, `datum`.
    """
    by_sheet: dict[int, dict[str, Any]] = {}
    for key, value in said.items():
        kind, *rest = key.split("|")
        if not rest or not rest[0].isdecimal():
            continue
        one = by_sheet.setdefault(int(rest[0]), {"sheet": int(rest[0])})
        was = said.get(f"was|{key}")
        if kind == "cell" and value != was:
            one.setdefault("cells", []).append((int(rest[1]), int(rest[2]), value.strip()))
        elif kind == "spot" and value:
            one.setdefault("spots", {})[int(rest[1])] = value
        elif kind == "target":
            one.setdefault("targets", []).append((rest[1], int(rest[2]), value or columns.IGNORED))
        elif kind == "all":
            one.setdefault("constants", {})[rest[1]] = value.strip()
        elif kind == "layer":
            one["layer"] = value
    if "datum" in said:
        first = by_sheet.setdefault(0, {"sheet": 0})
        first["datum"] = said["datum"]
    return [one for one in by_sheet.values() if len(one) > 1]


@router.post("/ledgers/{batch_id}/mapping")
def save_mapping(
    view: Writing,
    batch_id: int,
    request_id: Annotated[UUID, Form()],
    sheet: Annotated[int, Form()],
    name: Annotated[str, Form()] = "",
) -> Response:
    """Save the columns of a sheet for the next file with the same headers."""
    try:
        ledgers.save_mapping(view.context, batch_id, request_id=request_id, sheet=sheet, name=name)
    except MusterError as error:
        return _page(view, batch_id, tab="columns", error=error)
    return see(f"/ledgers/{batch_id}?tab=columns")


@router.post("/ledgers/{batch_id}/apply")
def apply(
    view: Writing,
    batch_id: int,
    request_id: Annotated[UUID, Form()],
    whole: Annotated[str, Form()] = "",
    remove_gone: Annotated[str, Form()] = "",
) -> Response:
    """Apply a batch."""
    try:
        job = ledgers.start_apply(
            view.context,
            batch_id,
            request_id=request_id,
            whole=whole == "yes",
            remove_gone=remove_gone == "yes",
        )
    except MusterError as error:
        return _page(view, batch_id, error=error)
    return see(f"/jobs/{job.id}" if job else f"/ledgers/{batch_id}")


@router.get("/ledgers/{batch_id}/undo")
def ask_undo(view: Reading, batch_id: int) -> Response:
    """Say what undoing would bring back, and ask."""
    batch = ledgers.get(view.context, batch_id)
    counts = _shown(view, batch)["counts"]
    text = view.gettext(
        N_("Undo the whole ledger “%(file)s”: remove %(new)s new rows, restore %(changed)s changed ones?")
    ) % {"file": batch.file, "new": counts.get("new", 0), "changed": counts.get("changed", 0)}
    return view.render(
        "confirm.html",
        refusal="",
        text=text,
        title=view.gettext(N_("Undo the whole ledger")),
        action=f"/ledgers/{batch_id}/undo",
        reasoned=False,
        back=f"/ledgers/{batch_id}",
        possible=batch.state == "applied",
    )


@router.post("/ledgers/{batch_id}/undo")
def undo(view: Writing, batch_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Undo a batch."""
    try:
        ledgers.undo(view.context, batch_id, request_id=request_id)
    except MusterError as error:
        return _page(view, batch_id, error=error)
    return see(f"/ledgers/{batch_id}")


@router.post("/ledgers/{batch_id}/drop")
def drop(view: Writing, batch_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Put a batch aside."""
    try:
        ledgers.drop(view.context, batch_id, request_id=request_id)
    except MusterError as error:
        return _page(view, batch_id, error=error)
    return see("/ledgers")


@router.get("/ledgers/{batch_id}/marked")
def marked(view: Reading, batch_id: int) -> Response:
    """Give the workbook with its faulty cells coloured and explained."""
    path = ledgers.marked(view.context, batch_id, view.lang)
    file = ledgers.get(view.context, batch_id).file
    title = file.rpartition(".")[0] or file
    word = view.gettext(N_("marked"))
    return FileResponse(path, filename=f"{title}-{word}.xlsx")
