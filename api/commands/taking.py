"""Commands that take ledgers out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.errors import InvalidError
from api.terminal import RequestId, WithoutPeople, acting, progress_bar
from api.usecases import taking_out
from data import exports
from data.selections import Selection
from gis import areas

app = typer.Typer(no_args_is_help=True, help="Take ledgers out, and the workbooks to fill in.")


class Language(StrEnum):
    """Of a template's headers and choices."""

    CHINESE = "zh"
    ENGLISH = "en"


class HeaderWords(StrEnum):
    """Of an export: its headers, and the words in its cells."""

    CHINESE = "zh"
    ENGLISH = "en"
    CODES = "code"


class Kind(StrEnum):
    """Of the files in a zip of several layers."""

    CSV = "csv"
    GEOJSON = "geojson"
    SHAPEFILE = "shp"


Area = Annotated[str | None, typer.Option(help="Code of an area, 2 to 12 digits: only what lies in it.")]
Box = Annotated[str | None, typer.Option(help="WEST,SOUTH,EAST,NORTH in degrees: only what touches it.")]
Part = Annotated[str, typer.Option("--text", help="Only rows with this in their code or texts.")]
Values = Annotated[
    list[str] | None, typer.Option("--where", help="FIELD=CODE, such as kind=landslide; may be repeated.")
]
Stale = Annotated[bool, typer.Option("--stale", help="Only rows nobody has touched for too long.")]
Doubtful = Annotated[bool, typer.Option("--doubtful", help="Only rows with something doubtful.")]
In = Annotated[HeaderWords, typer.Option("--headers", help="Chinese, English, or the program's own names.")]


@app.command("layer")
def export_layer(
    layer: Annotated[str, typer.Argument(help="Code of the layer, such as teams.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="Its suffix says the format: .xlsx, .csv, .gpkg, .zip (Shapefile), .geojson or .kml."
        ),
    ],
    *,
    headers: In = HeaderWords.CHINESE,
    area: Area = None,
    box: Box = None,
    part: Part = "",
    where: Values = None,
    stale: Stale = False,
    doubtful: Doubtful = False,
    without_people: WithoutPeople = False,
    request_id: RequestId,
) -> None:
    """Write a layer to a file that `import layer … --datum CGCS2000` reads back, names and phones unless told otherwise."""
    format_ = exports.format_of(file)
    if format_ is None:
        raise InvalidError("file_kind_unfit", file=file.name)
    _write(
        taking_out.Wish(
            layers=(layer,),
            format=format_,
            headers=headers.value,
            people="none" if without_people else "whole",
            selection=_selection(area, box, part, where),
            only=frozenset(one for one in taking_out.ONLY if {"stale": stale, "doubtful": doubtful}[one]),
        ),
        file,
        request_id,
    )


@app.command("all")
def export_all(
    file: Annotated[
        Path, typer.Argument(help="A workbook .xlsx, .gpkg or .kml of all layers, or a .zip of files.")
    ],
    kind: Annotated[Kind, typer.Option("--as", help="Of the files in a .zip.")] = Kind.CSV,
    *,
    headers: In = HeaderWords.CHINESE,
    area: Area = None,
    box: Box = None,
    part: Part = "",
    without_people: WithoutPeople = False,
    request_id: RequestId,
) -> None:
    """Write every layer to one file that an import reads back layer by layer."""
    format_ = kind.value if file.suffix.lower() == ".zip" else exports.format_of(file)
    if format_ is None or exports.suffix_of(format_, many=True) != file.suffix.lower():
        raise InvalidError("file_kind_unfit", file=file.name)
    _write(
        taking_out.Wish(
            format=format_,
            headers=headers.value,
            people="none" if without_people else "whole",
            selection=_selection(area, box, part, None),
        ),
        file,
        request_id,
    )


@app.command("qgis")
def export_qgis(
    file: Annotated[Path, typer.Argument(help="A .zip with the project and its GeoPackage beside it.")],
    *,
    headers: In = HeaderWords.CHINESE,
    area: Area = None,
    without_people: WithoutPeople = False,
    request_id: RequestId,
) -> None:
    """Write a QGIS project that opens the county as the command map shows it, with its data."""
    if file.suffix.lower() != ".zip":
        raise InvalidError("file_kind_unfit", file=file.name)
    _write(
        taking_out.Wish(
            format="qgis",
            headers=headers.value,
            people="none" if without_people else "whole",
            selection=_selection(area, None, "", None),
        ),
        file,
        request_id,
    )


def _write(wish: taking_out.Wish, file: Path, request_id: UUID) -> None:
    with acting() as context, progress_bar() as told:
        rows = taking_out.write(context, wish, file, request_id=request_id, told=told)
    typer.echo(f"{file}: {sum(rows.values())} rows")


def _selection(area: str | None, box: str | None, part: str, where: list[str] | None) -> Selection:
    try:
        edges = None if box is None else tuple(map(float, box.split(",")))
        west, south, east, north = edges or (0.0, 0.0, 0.0, 0.0)
        return Selection(
            area=None if area is None else areas.complete(area),
            bounds=None if edges is None else (west, south, east, north),
            text=part,
            values=dict(one.split("=", 1) for one in where or ()),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("template")
def export_template(
    layer: Annotated[
        str, typer.Argument(help="Code of the layer, such as teams; `all`: every layer, a sheet each.")
    ],
    file: Annotated[Path, typer.Argument(help="An .xlsx file.")],
    lang: Annotated[Language, typer.Option(help="Language of its headers and choices.")] = Language.CHINESE,
) -> None:
    """Write the empty workbook of a layer: starred headers with notes, choices to pick from, an example row."""
    with acting() as context:
        taking_out.template(context, [] if layer == "all" else [layer], file, lang=lang.value)
    typer.echo(str(file))
