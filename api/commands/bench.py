"""Commands that measure."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.terminal import WORKERS_HELP, AsJson, acting, cell, console, progress_bar

app = typer.Typer(no_args_is_help=True, help="Measure, beside named peers in the same run.")


Extracts = Annotated[
    list[Path] | None, typer.Option("--extract", exists=True, help="An .osm.pbf to measure on, too.")
]
Nodes = Annotated[int, typer.Option(min=0, help="Nodes of a generated network; 0 for none.")]
Cases = Annotated[int, typer.Option(min=1, help="Cases of each size.")]
MILLION = 1_000_000


@app.command("travel")
def bench_travel(
    extract: Extracts = None, nodes: Nodes = MILLION, cases: Cases = 5, *, as_json: AsJson = False
) -> None:
    """Measure the times of 20 candidates to a target: ours, scipy, networkx and pyroutingkit, on the same weights."""
    from api.bench import travel  # noqa: PLC0415 - its peers take a second to import

    found = [
        asdict(figure)
        for name, network in travel.networks(extract or (), nodes)
        for figure in travel.measure(name, network, cases=cases)
    ]
    _print_figures(found, as_json=as_json)


@app.command("dispatch")
def bench_dispatch(
    extract: Extracts = None, nodes: Nodes = MILLION, cases: Cases = 5, *, as_json: AsJson = False
) -> None:
    """Measure from incident to proven plan with routes, and to the next right plan after a road is closed."""
    from api.bench import travel  # noqa: PLC0415 - its peers take a second to import
    from dispatch import bench  # noqa: PLC0415

    found = [
        {"network": name, "nodes": network.node_count, **asdict(figure)}
        for name, network in travel.networks(extract or (), nodes)
        for figure in bench.run(network, cases=cases)
    ]
    _print_figures(found, as_json=as_json)


@app.command("web")
def bench_web(
    workers: Annotated[int, typer.Option(min=1, max=64, help=WORKERS_HELP)] = 2,
    browsers: Annotated[int, typer.Option(min=1, max=1000, help="That hold an event stream.")] = 200,
    size: Annotated[
        list[int] | None, typer.Option(min=1, help="Features on the map; 1000, 10000 and 100000 unless told.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure a private server: map, plans, events on many browsers, pages beside plain Folium, items beside tipg."""
    from api.bench import web  # noqa: PLC0415 - nothing else needs it

    with progress_bar() as progress:
        sizes = size or (1_000, 10_000, 100_000)
        found = [
            asdict(one) for one in web.run(workers=workers, browsers=browsers, sizes=sizes, progress=progress)
        ]
    _print_figures(found, as_json=as_json)


@app.command("grids")
def bench_grids(
    size: Annotated[
        list[int] | None, typer.Option(min=1, help="Cells; 169 (the demo's), 10000 and 100000 unless told.")
    ] = None,
    points: Annotated[int, typer.Option(min=1, help="Points that are asked for.")] = 100_000,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure points to leaf cells and chains: ours, geopandas and PostGIS, on the same cells; and a division."""
    from api.bench import grids  # noqa: PLC0415 - nothing else needs it

    with progress_bar() as progress:
        sizes = size or (grids.DEMO_CELLS, 10_000, 100_000)
        found = [asdict(one) for one in grids.run(sizes=sizes, points=points, progress=progress)]
    _print_figures(found, as_json=as_json)


@app.command("ledgers")
def bench_ledgers(
    rows: Annotated[int, typer.Option(min=100, max=500_000, help="Rows of the workbook.")] = 50_000,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure the whole preview of a workbook, beside programs that only read it: calamine, openpyxl, pandas."""
    from api.bench import ledgers  # noqa: PLC0415 - nothing else needs it

    with acting() as context:
        found = [asdict(figure) for figure in ledgers.measure(context, rows=rows)]
    _print_figures(found, as_json=as_json)


@app.command("atlas")
def bench_atlas(
    sheets: Annotated[
        int, typer.Option(min=1, help="Sheets that are drawn; the content of all is made.")
    ] = 12,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure the atlas of the demo county: content and drawing, beside Chromium's print of the finished maps."""
    from api.bench import atlas  # noqa: PLC0415 - nothing else needs it

    with progress_bar() as progress:
        found = [asdict(one) for one in atlas.run(count=sheets, progress=progress)]
    _print_figures(found, as_json=as_json)


def _print_figures(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table(*found[0], box=None)
    for figure in found:
        table.add_row(
            *(f"{value:.3g}" if isinstance(value, float) else cell(value) for value in figure.values())
        )
    console().print(table)
