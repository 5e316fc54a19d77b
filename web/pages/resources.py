"""Resources: every layer as a table, and a page for a team, a depot or a place, where its state can be reported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args
from urllib.parse import quote, urlencode
from uuid import UUID

import shapely
from fastapi import APIRouter, Form, Response

from api.errors import MusterError, NotFoundError
from api.usecases import layers, resources
from data.layers import Layer
from data.units import DepotRecord, TeamRecord, TeamStatus, VehicleRecord
from dispatch.model import Position
from gis import areas
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, own_path, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/resources", title=N_("Resources"), place=40)

ROWS: Final = 200
COLUMNS: Final = 5
WITH_PAGE: Final = frozenset({"places", "teams", "depots"})
"""Stores whose rows have a page of their own."""
NO_COLUMN: Final = frozenset({"code", "name", "name_en", "location", "remark"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is known, in words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; `action` is where its small form goes, with one field and its choices or present value."""

    values: tuple[str, ...]
    action: str
    field: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table on a resource's page."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A field of the form that reports a state."""

    name: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A resource's page."""

    name: str
    position: Position | None
    sample: bool
    facts: tuple[Fact, ...]
    fields: tuple[Input, ...] = ()
    parts: tuple[Part, ...] = ()
    call: str = ""
    """The page that calls whoever is responsible there; empty where a unit answers for itself."""
    paper: str = ""
    """The atlas sheet that has this place; empty for none."""


@router.get("/resources")
def overview(view: Reading) -> Response:
    """Name the layers."""
    return _table(view, None)


@router.get("/resources/{layer}")
def table(view: Reading, layer: str) -> Response:
    """List the rows of one layer."""
    return _table(view, layer)


def _table(view: View, code: str | None) -> Response:
    listed = [one for one in layers.listing(view.context) if one.count and not one.layer.personal]
    layer = next((one.layer for one in listed if one.layer.code == code), None)
    if code is not None and layer is None:
        raise NotFoundError("no_such_layer", layer=code)
    rows = json.loads(layers.items(view.context, layer.code, limit=ROWS + 1))["features"] if layer else []
    columns = [name for name in layer.fields if name not in NO_COLUMN][:COLUMNS] if layer else []
    in_areas = [name for name in columns if layer and layer.fields[name].type == "area"]
    codes = {str(row["properties"].get(name)) for row in rows for name in in_areas}
    areas = {found: view.words.name(area) for found, area in layers.names_of(view.context, codes).items()}
    return view.render(
        "resources.html",
        groups=_groups(view, listed),
        layer=code,
        opens=layer is not None and layer.store in WITH_PAGE,
        columns=[
            view.gettext(N_("Belongs to")) if name in in_areas else view.words.field(layer, name)
            for name in columns
        ]
        if layer
        else [],
        rows=[_row(view, layer, row, columns, areas) for row in rows[:ROWS]] if layer else [],
        more=len(rows) > ROWS,
    )


def _groups(view: View, listed: list[layers.CountedLayer]) -> list[dict[str, Any]]:
    """Put the layers under the headings that the map's legend has."""
    return [
        {
            "name": name,
            "layers": [
                {"code": one.layer.code, "name": view.words.layer(one.layer.code), "count": one.count}
                for one in listed
                if one.layer.legend.group == group
            ],
        }
        for group, name in view.words.group("layer_groups").items()
        if any(one.layer.legend.group == group for one in listed)
    ]


def _row(
    view: View, layer: Layer, feature: Mapping[str, Any], columns: list[str], areas: Mapping[str, str]
) -> dict[str, Any]:
    told = feature["properties"]
    english = told.get("name_en") if view.lang == "en" else None
    return {
        "id": feature["id"],
        "code": told.get("code") or "",
        "name": english or told.get("name") or told.get("code") or f"#{feature['id']}",
        "values": [
            areas.get(str(told.get(name)), "") or view.words.value(layer, name, told.get(name))
            if layer.fields[name].type == "area"
            else view.words.value(layer, name, told.get(name))
            for name in columns
        ],
    }


@router.get("/resources/{layer}/{identity}")
def page(view: Reading, layer: str, identity: int) -> Response:
    """Show one team, depot or place."""
    return _page(view, layer, identity)


def _page(view: View, code: str, identity: int, error: MusterError | None = None) -> Response:
    layer = view.context.policy.layers.get(code)
    if layer is None or layer.store not in WITH_PAGE:
        raise NotFoundError("no_such_layer", layer=code)
    sheets = {"teams": _team, "depots": _depot, "places": _place}
    sheet = sheets[layer.store](view, identity)
    return view.render(
        "resource.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        layer={"code": code, "name": view.words.layer(code)},
        item=sheet,
        facts=sheet.facts,
        fields=sheet.fields,
        parts=sheet.parts,
        may_edit=view.context.actor.may("resource.edit"),
    )


def _facts(view: View, *told: tuple[str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(name=view.gettext(name), value=value) for name, value in told if value)


def _contact(record: TeamRecord | DepotRecord) -> str:
    return " ".join(part for part in (record.contact_name, record.contact_phone) if part)


def _team(view: View, identity: int) -> Sheet:
    words, team = view.words, resources.team(view.context, identity)
    wheels = [one for one in resources.vehicles(view.context) if one.team_id == identity]
    return Sheet(
        name=words.name(team),
        position=team.position_now,
        sample=team.sample,
        facts=_facts(
            view,
            (N_("Code"), team.code),
            (N_("Kind"), words.term("team_kinds", team.kind)),
            (N_("Capabilities"), words.capabilities(team.capabilities)),
            (N_("Strength"), words.amount("capability", "", team.strength)),
            (N_("Notify"), words.duration(team.notify_ms + team.consent_ms)),
            (N_("Assemble"), words.duration(team.assemble_ms)),
            (N_("Contact"), _contact(team)),
            (N_("Radio channel"), team.radio_channel),
            (N_("Last report"), view.moment(team.reported_at) if team.reported_at else ""),
        ),
        fields=(
            Input(
                name="status",
                label=view.gettext(N_("State")),
                value=team.status,
                choices=tuple((code, words.term("team_status", code)) for code in get_args(TeamStatus)),
            ),
            Input(
                name="strength",
                label=view.gettext(N_("Heads on duty")),
                value=str(team.strength_now),
                numeric=True,
            ),
            Input(name="note", label=view.gettext(N_("Note")), value=team.note),
        ),
        parts=(_vehicles(view, wheels),) if wheels else (),
    )


def _vehicles(view: View, found: list[VehicleRecord]) -> Part:
    _, words = view.gettext, view.words
    choices = (("1", _("in service")), ("0", _("out of service")))
    return Part(
        title=_("Vehicles"),
        columns=(_("Kind"), _("Code"), _("Load")),
        rows=tuple(
            Row(
                values=(
                    words.term("vehicle_kinds", one.kind),
                    one.code,
                    f"{one.load_kg:,} kg" if one.load_kg else "—",
                ),
                action=f"/resources/vehicles/{one.id}",
                field="in_service",
                label=_("State"),
                value="1" if one.in_service else "0",
                choices=choices,
            )
            for one in found
        ),
    )


def _depot(view: View, identity: int) -> Sheet:
    words, depot = view.words, resources.depot(view.context, identity)
    carriers = [one for one in resources.vehicles(view.context) if one.depot_id == identity]
    return Sheet(
        name=words.name(depot),
        position=depot.position,
        sample=depot.sample,
        facts=_facts(
            view,
            (N_("Code"), depot.code),
            (N_("Kind"), words.term("depot_levels", depot.level)),
            (N_("Notify"), words.duration(depot.notify_ms)),
            (N_("Load the goods"), words.duration(depot.loading_ms)),
            (N_("Contact"), _contact(depot)),
        ),
        fields=(
            Input(
                name="open",
                label=view.gettext(N_("State")),
                value="1" if depot.open else "0",
                choices=(("1", view.gettext(N_("open to give out"))), ("0", view.gettext(N_("shut")))),
            ),
            Input(name="note", label=view.gettext(N_("Note")), value=depot.note),
        ),
        parts=(_lots(view, identity), *((_vehicles(view, carriers),) if carriers else ())),
    )


def _lots(view: View, depot: int) -> Part:
    _, words = view.gettext, view.words
    return Part(
        title=_("Stock"),
        columns=(_("Item"), _("Free"), _("Promised"), _("Expires")),
        rows=tuple(
            Row(
                values=(
                    words.term("items", one.item),
                    words.amount("material", one.item, one.free),
                    str(one.reserved or ""),
                    str(one.expires_on or ""),
                ),
                action=f"/resources/lots/{one.id}",
                field="quantity",
                label=_("Counted on hand"),
                value=str(one.quantity),
            )
            for one in resources.lots(view.context, depot=depot)
        ),
    )


def _place(view: View, identity: int) -> Sheet:
    layer, row = resources.place(view.context, identity)
    shape = row["geom"]
    told = {
        name: view.words.value(layer, name, row.get(name))
        for name in layer.fields
        if name not in ("name", "name_en")
    }
    english = row.get("name_en") if view.lang == "en" else None
    return Sheet(
        name=english or row.get("name") or row.get("code") or f"#{identity}",
        position=(shape.x, shape.y) if isinstance(shape, shapely.Point) else None,
        sample=False,
        facts=tuple(
            Fact(name=view.words.field(layer, name), value=value) for name, value in told.items() if value
        ),
        call="/calls/new?" + urlencode({"feature": f"{layer.code}/{row['code']}"}) if row.get("code") else "",
        paper=_paper(layer, row),
    )


def _paper(layer: Layer, row: Mapping[str, Any]) -> str:
    """Return the address of the atlas sheet that has this place: an enterprise's own, else its township's; "" for none."""
    if layer.code == "key_facilities":
        return f"/atlas/command/enterprise/{quote(str(row['code']), safe='')}"
    area = row.get("area_code")
    township = areas.at_level(area, "township") if area else None
    kind = "risk" if layer.legend.group == "hazards" else "responsibility"
    return f"/atlas/{kind}/township/{township}" if township else ""


# -- reports of a state; a refusal shows the page that the form stands on


@router.post("/resources/teams/{identity}")
def report_team(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    identity: int,
    status: Annotated[TeamStatus, Form()],
    strength: Annotated[int, Form(ge=0, le=10_000)],
    request_id: Annotated[UUID, Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Report how a team stands."""
    try:
        resources.edit_team(
            view.context,
            identity,
            request_id=request_id,
            status=status,
            strength=strength,
            note=note,
        )
    except MusterError as error:
        return _page(view, "teams", identity, error)
    return see(f"/resources/teams/{identity}")


@router.post("/resources/vehicles/{identity}")
def report_vehicle(
    view: Writing,
    identity: int,
    in_service: Annotated[bool, Form()],
    request_id: Annotated[UUID, Form()],
    back: Annotated[str, Form()] = "/resources",
) -> Response:
    """Report whether a vehicle can be sent."""
    try:
        resources.edit_vehicle(view.context, identity, request_id=request_id, in_service=in_service)
    except MusterError as error:
        return view.refused(error, back=own_path(back))
    return see(own_path(back))


@router.post("/resources/lots/{identity}")
def count_lot(
    view: Writing,
    identity: int,
    quantity: Annotated[int, Form(ge=0, le=10_000_000)],
    request_id: Annotated[UUID, Form()],
    back: Annotated[str, Form()] = "/resources",
) -> Response:
    """Set what is on hand of a lot to what was counted."""
    try:
        resources.edit_lot(view.context, identity, request_id=request_id, quantity=quantity)
    except MusterError as error:
        return view.refused(error, back=own_path(back))
    return see(own_path(back))


@router.post("/resources/{layer}/{identity}")
def report_depot(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    layer: str,
    identity: int,
    open: Annotated[bool, Form()],  # noqa: A002  # the domain's word
    request_id: Annotated[UUID, Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Report whether a depot, of whichever layer, can give out goods."""
    try:
        resources.edit_depot(view.context, identity, request_id=request_id, open=open, note=note)
    except MusterError as error:
        return _page(view, layer, identity, error)
    return see(f"/resources/{layer}/{identity}")
