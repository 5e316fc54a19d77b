"""Bringing roads and ledgers in: OpenStreetMap extracts, files of any layer, samples, the demo county.

Each is one transaction: it stands wholly or not at all. They are for the command line: no page waits for minutes.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.usecases.acting import Done, perform
from data import areas, demo, imports, osm_import, problems, samples, tiles
from data.imports import ImportReport, OnError
from data.osm import NoSuchOutlineError
from data.osm_import import OsmReport

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""


def layer(
    ctx: Context,
    path: Path,
    layer_code: str,
    *,
    request_id: UUID,
    datum: str | None = None,
    sheet: str | None = None,
    on_error: OnError = "skip",
) -> ImportReport | None:
    """Bring a file into a layer; None for a repeated request. A refused file leaves nothing; its problems say why."""
    wanted = ctx.policy.layers.get(layer_code)
    if wanted is None:
        raise NotFoundError("no_such_layer", layer=layer_code)
    if not path.is_file():
        raise InvalidError("no_such_file", file=str(path))
    reports: list[ImportReport] = []

    def do(connection: Connection, now: datetime) -> Done:
        report = imports.import_file(
            connection,
            path,
            wanted,
            ctx.policy,
            actor=ctx.actor.name,
            at=now,
            datum=datum,
            sheet=sheet,
            on_error=on_error,
        )
        reports.append(report)
        if wanted.store in tiles.DRAWN_STORES and not report.refused:
            tiles.bake(connection)
        counts = {**asdict(report.counts), "problems": len(report.problems), "refused": report.refused}
        return Done(subject="layer", id=None, payload={"layer": layer_code, "file": path.name, **counts})

    arguments = {"layer": layer_code, "file": path.name, "datum": datum, "sheet": sheet, "on_error": on_error}
    perform(ctx, "layer.import", request_id, arguments, do)
    return reports[0] if reports else None


def extract(
    ctx: Context,
    path: Path,
    *,
    request_id: UUID,
    clip: str | None = None,
    samples_seed: int | None = None,
    progress: Progress,
) -> OsmReport | None:
    """Bring an OpenStreetMap extract in; None for a repeated request.

    With a seed also invented teams, depots and stock, marked as samples.
    """
    reports: list[OsmReport] = []

    def do(connection: Connection, now: datetime) -> Done:
        report = _extract(ctx, connection, path, clip=clip, now=now, progress=progress)
        added: dict[str, int] = {}
        if samples_seed is not None:
            added = samples.add(connection, ctx.policy, seed=samples_seed, actor=ctx.actor.name, at=now)
        baked = tiles.bake(connection, progress=progress)
        reports.append(report)
        payload = {
            "file": path.name,
            "edges": report.roads.edges,
            "layers": dict(report.layers),
            "samples": added,
            "tiles": baked.tiles,
        }
        return Done(subject="roads", id=report.roads.version, payload=payload)

    arguments = {"file": path.name, "clip": clip, "samples": samples_seed}
    perform(ctx, "osm.import", request_id, arguments, do)
    return reports[0] if reports else None


def told(ctx: Context, layer_code: str, report: ImportReport) -> tuple[str, ...]:
    """Say each problem of an import in one English sentence: where, what, and what to do."""
    wanted = ctx.policy.layers[layer_code]
    return tuple(problems.words(problem, ctx.policy, wanted, "en") for problem in report.problems)


def demo_county(ctx: Context, *, request_id: UUID, progress: Progress) -> None:
    """Load the fictional county; what is there already stays as it is."""

    def do(connection: Connection, now: datetime) -> Done:
        report = demo.load(connection, ctx.policy, actor=ctx.actor.name, at=now, progress=progress)
        tiles.bake(connection, progress=progress)
        payload = {code: counts.new for code, counts in report.layers.items()}
        return Done(subject="demo", id=None, payload=payload)

    perform(ctx, "demo.load", request_id, {}, do)


def holds_demo_county(ctx: Context) -> bool:
    """Whether the fictional county was loaded before."""
    with ctx.world.read() as connection:
        return demo.COUNTY in areas.by_level(connection, "county")


def _extract(
    ctx: Context, connection: Connection, path: Path, *, clip: str | None, now: datetime, progress: Progress
) -> OsmReport:
    try:
        return osm_import.import_extract(
            connection, path, ctx.policy, actor=ctx.actor.name, at=now, clip=clip, progress=progress
        )
    except FileNotFoundError:
        raise InvalidError("no_such_file", file=str(path)) from None
    except NoSuchOutlineError as error:
        raise InvalidError("no_such_outline", clip=clip, why=str(error)) from None
    except ValueError as error:
        raise InvalidError("extract_unreadable", file=path.name, why=str(error)) from None
