"""Commands that bring roads and ledgers in."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json

from api import import_report
from api.terminal import REFUSED, AsJson, RequestId, acting, progress_bar
from api.usecases import bringing_in, relief

app = typer.Typer(no_args_is_help=True, help="Bring roads and ledgers in.")


@app.command("osm")
def import_osm(
    file: Path,
    clip: Annotated[
        str | None, typer.Option(help="File with an outline, or the name of an area in the extract.")
    ] = None,
    with_sample_resources: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="Add invented teams, depots and stock, marked as samples."),
    ] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Bring an OpenStreetMap extract (.osm.pbf) in: roads, places, facilities and the base map."""
    with acting() as context, progress_bar() as progress:
        report = bringing_in.extract(
            context,
            file,
            request_id=request_id,
            clip=clip,
            samples_seed=with_sample_resources,
            progress=progress,
        )
    if as_json:
        typer.echo(to_json(report, indent=2).decode())
    elif report is None:
        typer.echo("Imported before.")
    else:
        for line in import_report.lines(report):
            typer.echo(line)


@app.command("dem")
def import_dem(
    file: Annotated[Path, typer.Argument(help="GeoTIFF, .hgt, or one of them zipped.")],
    *,
    request_id: RequestId,
) -> None:
    """Bring an elevation model in: the map's hill shading. A file of the same name replaces its own."""
    with acting() as context, progress_bar() as progress:
        drawn = relief.bring_in(context, file, request_id=request_id, progress=progress)
    if drawn is None:
        typer.echo("Imported before.")
    else:
        typer.echo(f"{drawn.source}: {drawn.tiles} tiles, {drawn.stored_bytes:,} bytes")


@app.command("layer")
def import_layer(
    layer: Annotated[str, typer.Argument(help="Code of the layer, such as teams.")],
    file: Path,
    datum: Annotated[str | None, typer.Option(help="CGCS2000, WGS84, GCJ02 or BD09.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    *,
    whole: Annotated[bool, typer.Option("--whole", help="Take all rows or none.")] = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Bring a file into a layer: GeoPackage, Shapefile, GeoJSON, KML, CSV, Excel. Each bad row is named."""
    with acting() as context:
        with progress_bar() as progress:
            progress(layer, 0, 0)
            report = bringing_in.layer(
                context,
                file,
                layer,
                request_id=request_id,
                datum=datum,
                sheet=sheet,
                on_error="refuse" if whole else "skip",
            )
        if report is None:
            typer.echo("Imported before.")
            return
        told = bringing_in.told(context, layer, report)
    if as_json:
        typer.echo(to_json(report, indent=2).decode())
    else:
        for sentence in told:
            typer.echo(sentence, err=True)
        counts = report.counts
        typer.echo(f"{report.rows} rows: {counts.new} new, {counts.changed} changed, {counts.same} same")
    if report.refused:
        raise typer.Exit(REFUSED)
