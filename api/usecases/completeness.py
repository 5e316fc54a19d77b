"""How good the resource database is: the score by layer and township, what is wrong with each row, and who owes it."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.security import authorise
from api.usecases import personal
from data import completeness, completeness_book
from data.completeness import Cell, Finding, Keeper
from data.layers import Layer

NOBODYS = ""
"""The township of rows that name no area."""

MOST_LISTED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Township:
    """A column of the table."""

    code: str
    name: str
    name_en: str
    keeper: Keeper | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The whole table. `layers`: those that the actor may see, in the legend's order."""

    at: datetime
    layers: tuple[Layer, ...]
    townships: tuple[Township, ...]
    cells: tuple[Cell, ...]


def standing(ctx: Context) -> Standing:
    """Score every layer in every township of the actor's map."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return _standing(ctx, connection)


def findings(
    ctx: Context, layer_code: str, *, township: str | None = None, limit: int = MOST_LISTED
) -> tuple[Finding, ...]:
    """Read the rows of a layer with something wrong, the worst first; of one township if asked. Raises NotFoundError."""
    authorise(ctx.actor, "map.read")
    layer = next((one for one in _layers(ctx) if one.code == layer_code), None)
    if layer is None:
        raise NotFoundError("no_such_layer", layer=layer_code)
    with ctx.world.read() as connection:
        return completeness.findings(
            connection,
            layer,
            ctx.policy,
            at=ctx.clock(),
            township=township,
            within=personal.sight(ctx, layer)["within"],
            limit=limit,
        )


def write(ctx: Context, path: Path, lang: Literal["zh", "en"]) -> None:
    """Write the table and the list of what is to be mended as a workbook. Raises InvalidError."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        now = _standing(ctx, connection)
        found = {
            layer.code: completeness.findings(
                connection,
                layer,
                ctx.policy,
                at=now.at,
                within=personal.sight(ctx, layer)["within"],
            )
            for layer in now.layers
        }
    sheets = completeness_book.Sheets(
        layers=now.layers,
        townships={one.code: name_of(ctx, one, lang) for one in now.townships},
        cells=now.cells,
        findings=found,
        owing={one.code: owing(one.keeper) for one in now.townships},
        zone=ctx.settings.zone,
    )
    try:
        completeness_book.write(sheets, ctx.policy, path, lang)
    except OSError as error:
        raise InvalidError("file_not_written", file=path.name, why=str(error.strerror)) from None


def name_of(ctx: Context, township: Township, lang: str) -> str:
    """Return the head of a column: a township's name, or words for the county's own rows and for nobody's."""
    if township.code == NOBODYS:
        return ctx.policy.word("scores", "nobody", lang)
    if township.code.endswith("000000"):
        return ctx.policy.word("scores", "county", lang)
    return (township.name_en if lang == "en" else "") or township.name


def owing(keeper: Keeper | None) -> str:
    """Return who answers for a township, as far as the reader may know, in one line."""
    if keeper is None:
        return ""
    return " ".join(
        part for part in (keeper.organisation, keeper.position, keeper.name, keeper.phone) if part
    )


def townships(ctx: Context) -> tuple[Township, ...]:
    """List the county and its townships, as far as the actor's map reaches."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return tuple(
            Township(code=row.code, name=row.name, name_en=row.name_en, keeper=None)
            for row in completeness.townships(connection, within=scope.around(ctx.actor))
        )


def _standing(ctx: Context, connection: Connection) -> Standing:
    at, layers = ctx.clock(), _layers(ctx)
    cells = [
        cell
        for layer in layers
        for cell in completeness.cells(
            connection, layer, ctx.policy, at=at, within=personal.sight(ctx, layer)["within"]
        )
    ]
    keepers = completeness.keepers(connection, within=scope.around(ctx.actor))
    named = {row.code: row for row in completeness.townships(connection, within=scope.around(ctx.actor))}
    townships = [
        Township(code=code, name=row.name, name_en=row.name_en, keeper=_seen(ctx, keepers.get(code)))
        for code, row in named.items()
    ]
    townships += [
        Township(code=code, name=code, name_en=code, keeper=None)
        for code in sorted({cell.township for cell in cells} - set(named), reverse=True)
    ]
    return Standing(at=at, layers=layers, townships=tuple(townships), cells=tuple(cells))


def _layers(ctx: Context) -> tuple[Layer, ...]:
    ordered = sorted(ctx.policy.layers.values(), key=lambda layer: (layer.legend.order, layer.code))
    return tuple(layer for layer in ordered if not layer.personal or ctx.actor.may("personal.read"))


def _seen(ctx: Context, keeper: Keeper | None) -> Keeper | None:
    """Return a keeper as this actor may see them."""
    if keeper is None or scope.may_know_people(ctx.actor, keeper.area_code):
        return keeper
    return replace(keeper, name=personal.masked_name(keeper.name), phone=personal.masked_phone(keeper.phone))
