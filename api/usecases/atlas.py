"""The responsibility atlas: which sheets there are, what one holds for its reader, and a whole atlas as one file.

What a sheet shows is composed from one reading of the county (`gis.composing`); roads are asked once for all sheets.
Names and phones pass `api.usecases.personal`'s rule: in the own area, for those who may read them; masked for all others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from api import press, scope
from api.binding import Binder, Mark
from api.context import Context
from api.errors import InvalidError, NotFoundError, UnavailableError
from api.press import Lang, Paper
from api.security import authorise
from api.usecases import jobs, personal
from api.usecases.acting import Done, applied, perform
from data import atlas_rows
from data import made as files
from data.jobs import JobRecord
from gis import areas, arriving
from gis.atlas import Sheet, SheetKind, SheetLevel
from gis.composing import Composer, Found
from gis.holdings import Holdings, Land, Thing, key_of

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""

PAPERS: Final[Mapping[str, tuple[Paper, ...]]] = {"A3": ("A3",), "A4": ("A4",), "both": ("A3", "A4")}

_SILENT: Final[Progress] = lambda _stage, _done, _all: None  # noqa: E731  # a default, as elsewhere
_COMING: Final = ("teams", "depots", "agreement_companies")
_GOING: Final = ("villages", "geohazard_points")
_DEPTHS: Final[Mapping[SheetLevel, int]] = {
    "county": 0,
    "township": 1,
    "village": 2,
    "enterprise": 2,
    "grid": 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which sheets somebody wants: of a kind, of one area (None: the county), of some levels (none: all), on which paper."""

    kind: SheetKind
    area: str | None = None
    levels: tuple[SheetLevel, ...] = ()
    paper: Literal["A3", "A4", "both"] = "A3"
    theme: str | None = None
    lang: Lang = "zh"

    def arguments(self) -> dict[str, Any]:
        """Return it as an act's arguments."""
        return {
            "kind": self.kind,
            "area": self.area,
            "levels": list(self.levels),
            "paper": self.paper,
            "theme": self.theme,
            "lang": self.lang,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sheet that there is: its number in the atlas, and the land it is about. `within`: number of the sheet it lies in."""

    number: int
    level: SheetLevel
    code: str
    name: str
    within: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Every sheet of a kind in one county, in the order of their numbers."""

    kind: SheetKind
    theme: str
    county: str
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A finished atlas."""

    sheets: int
    pages: int
    bytes: int


def index(
    ctx: Context, kind: SheetKind, *, lang: Lang, area: str | None = None, theme: str | None = None
) -> Index:
    """List the sheets of a kind. area: any area of the county meant; None: the actor's, or the only one.

    Raises NotFoundError where there is no such county.
    """
    authorise(ctx.actor, "atlas.read")
    composer = _composer(ctx, _county(ctx, area), kind, theme=theme, lang=lang)
    return Index(
        kind=kind,
        theme=composer.holdings.theme,
        county=composer.holdings.county,
        name=_named(composer.holdings.lands["county", composer.holdings.county], lang),
        entries=_entries(composer, lang),
    )


def sheet(
    ctx: Context,
    kind: SheetKind,
    level: SheetLevel,
    code: str,
    *,
    lang: Lang,
    theme: str | None = None,
) -> Sheet:
    """Compose one sheet for its reader.

    Raises NotFoundError for a land that is unknown, outside the actor's county, or has no sheet of this kind.
    """
    authorise(ctx.actor, "atlas.read")
    with ctx.world.read() as connection:
        county = atlas_rows.county_of(connection, level, code)
    if county is None or not county.startswith(scope.around(ctx.actor) or ""):
        raise NotFoundError("no_such_sheet", kind=kind, level=level, land=code)
    composer = _composer(ctx, county, kind, theme=theme, lang=lang)
    land = next((one for one in composer.lands if key_of(one) == (level, code)), None)
    if land is None:
        raise NotFoundError("no_such_sheet", kind=kind, level=level, land=code)
    return composer.sheet(land, _found(ctx, composer, [land]))


def sheets(ctx: Context, wish: Wish, *, progress: Progress = _SILENT) -> tuple[int, Iterator[Sheet]]:
    """Compose all sheets that are wished for, in the order of their numbers: how many, and each when it is asked for.

    Raises NotFoundError for an area that is unknown or outside the actor's, InvalidError where no sheet is left.
    """
    authorise(ctx.actor, "atlas.read")
    area = _own_area(ctx, wish.area)
    progress("read", 0, 0)
    composer = _composer(ctx, _county(ctx, area), wish.kind, theme=wish.theme, lang=wish.lang)
    chosen = [
        land
        for land in composer.lands
        if (not wish.levels or land.level in wish.levels)
        and (area is None or areas.contains(area, land.area))
    ]
    if not chosen:
        raise InvalidError("no_sheets", kind=wish.kind, area=wish.area, levels=list(wish.levels))
    progress("routes", 0, 0)
    found = _found(ctx, composer, chosen)
    return len(chosen), (composer.sheet(land, found) for land in chosen)


def make(
    ctx: Context,
    wish: Wish,
    path: Path,
    *,
    request_id: UUID,
    site: str = "",
    progress: Progress = _SILENT,
    processes: int | None = None,
) -> Made | None:
    """Draw a whole atlas into one PDF; None for a repeated request. site: what addresses of live pages begin with; the settings' where it is not said.

    An act of the journal: it tells who took names and phone numbers out. It is written when the file is whole; a file
    whose act is refused is removed. Raises NotFoundError and InvalidError.
    """
    if applied(ctx, "atlas.print", request_id, wish.arguments()) is not None:
        return None
    total, composed = sheets(ctx, wish, progress=progress)
    papers = PAPERS[wish.paper]
    bound = {paper: (Binder(), list[Mark]()) for paper in papers}
    drawn = press.printed(
        composed,
        total=total,
        lang=wish.lang,
        papers=papers,
        site=site or site_of(ctx),
        told=lambda done: progress("sheets", done, total * len(papers)),
        processes=processes,
    )
    with closing(drawn):
        for bundle in drawn:
            binder, marks = bound[bundle.paper]
            page = binder.add(bundle.pdf)
            for one, count in zip(bundle.sheets, bundle.pages, strict=True):
                marks.append(Mark(f"{one.number} {one.name}", page, _DEPTHS[one.level]))
                page += count
    progress("bind", 0, 0)
    binder, marks = _joined([*bound.values()])
    pages = len(binder)
    try:
        binder.save(path, marks, title=marks[0].words, lang={"zh": "zh-CN", "en": "en"}[wish.lang])
    except OSError as error:
        raise InvalidError("file_not_written", file=path.name, why=str(error.strerror)) from None

    def do(_connection: Connection, _now: datetime) -> Done:
        payload = {**wish.arguments(), "sheets": total, "people": ctx.actor.may("personal.read")}
        return Done(subject="atlas", id=None, payload=payload)

    try:
        perform(ctx, "atlas.print", request_id, wish.arguments(), do)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Made(sheets=total, pages=pages, bytes=path.stat().st_size)


def start(ctx: Context, wish: Wish, *, request_id: UUID, site: str = "") -> JobRecord:
    """Begin to make an atlas beside the requests; its job's page leads back to the list, where the file is.

    Raises NotFoundError and InvalidError as `make` does, before the job begins where that can be known.
    """
    authorise(ctx.actor, "atlas.print")
    _county(ctx, _own_area(ctx, wish.area))

    def work(working: Context, progress: Progress) -> Mapping[str, Any]:
        path = files.new(working.settings.folder, ".pdf")
        found = make(working, wish, path, request_id=request_id, site=site, progress=progress)
        told = asdict(found) if found else {}
        return {"page": f"/atlas?kind={wish.kind}", "file": path.name, **told}

    return jobs.start(ctx, "atlas", request_id, {**wish.arguments(), "site": site}, work)


def finished(ctx: Context) -> tuple[JobRecord, ...]:
    """Return the newest atlases that the actor made and that are still kept, and those being made; an administrator's are all."""
    authorise(ctx.actor, "atlas.read")
    return tuple(
        job
        for job in jobs.listing(ctx, "atlas")
        if job.is_open or (job.result and files.find(ctx.settings.folder, str(job.result.get("file", ""))))
    )


def file(ctx: Context, job_id: int) -> Path:
    """Return the file that a job made, for who began it. Raises NotFoundError."""
    authorise(ctx.actor, "atlas.read")
    job = jobs.get(ctx, job_id)
    name = str(job.result.get("file", "")) if job.kind == "atlas" and job.result else ""
    path = files.find(ctx.settings.folder, name)
    if path is None:
        raise NotFoundError("no_such_file", file=name)
    return path


def site_of(ctx: Context) -> str:
    """Return what addresses of live pages begin with, by the settings: behind a proxy its first origin."""
    settings = ctx.settings
    return settings.origins[0] if settings.origins else f"http://{settings.host}:{settings.port}"


def _joined(parts: Sequence[tuple[Binder, list[Mark]]]) -> tuple[Binder, list[Mark]]:
    """Put the atlas of each paper behind the one before."""
    (whole, marks), *more = parts
    for binder, inner in more:
        before = whole.take(binder)
        marks += [Mark(one.words, before + one.page, one.depth) for one in inner]
    return whole, marks


def _own_area(ctx: Context, area: str | None) -> str | None:
    """Return the area that is asked for, or else the actor's own. Raises NotFoundError for one outside of it."""
    wanted = area or ctx.actor.area
    if wanted is not None and not (areas.is_code(wanted) and wanted.startswith(scope.own(ctx.actor) or "")):
        raise NotFoundError("no_such_area", area=wanted)
    return wanted


def _county(ctx: Context, area: str | None) -> str:
    """Return the county of an area; without one the actor's, or the installation's first. Raises NotFoundError."""
    wanted = area or ctx.actor.area
    with ctx.world.read() as connection:
        known = atlas_rows.counties(connection, within=scope.around(ctx.actor))
    county = areas.at_level(wanted, "county") if wanted else next(iter(known), None)
    if county is None or county not in known:
        raise NotFoundError("no_such_area", area=wanted or "")
    return county


def _composer(ctx: Context, county: str, kind: SheetKind, *, theme: str | None, lang: Lang) -> Composer:
    """Read a county and make ready to compose its sheets."""
    rules, layers = ctx.policy.atlas, ctx.policy.layers.values()
    chosen = theme or rules.kinds[kind].theme
    if chosen not in ctx.policy.vocabulary["grid_themes"]:
        raise NotFoundError("no_such_theme", theme=chosen)
    query = "" if chosen == rules.kinds[kind].theme else f"?theme={chosen}"
    with ctx.world.read() as connection:
        holdings = atlas_rows.read(
            connection,
            ctx.policy,
            county=county,
            theme=chosen,
            day=ctx.clock().astimezone(ctx.settings.zone).date(),
        )
    if holdings is None:
        raise NotFoundError("no_such_area", area=county)
    return Composer(
        holdings,
        rules,
        kind,
        lang=lang,
        tell=lambda area, text, what: personal.told(ctx, area, text, what),
        personal={one.code: {f.name for f in one.fields.values() if f.personal} for one in layers},
        references={(one.code, f.name): f.target for one in layers for f in one.fields.values() if f.target},
        labelled={one.code for one in layers if one.legend.label},
        path=lambda land: f"/atlas/{kind}/{land.level}/{land.code}{query}",
    )


def _found(ctx: Context, composer: Composer, lands: Sequence[Land]) -> Found:
    """Ask the roads once for all these lands; without a road network nobody's time is known, and the tables are left out."""
    try:
        _, network = ctx.networks.current()
    except UnavailableError:
        return Found(arrivals={}, shelter_ways={}, response_ways={})
    holdings = composer.holdings
    coming = [one for layer in _COMING for one in holdings.things.get(layer, ())]
    arrivals = arriving.arrivals(network, {key_of(land): land.place for land in lands}, coming)
    found = Found(
        arrivals=arrivals,
        shelter_ways=arriving.ways_to_shelters(
            network,
            [one for one in _going(holdings) if any(holdings.belongs(one, land) for land in lands)],
            holdings.things.get("shelters", ()),
            composer.rules.shelter_profile,
        ),
        response_ways={},
    )
    responses = {
        key_of(land): arriving.ways_in(network, land.place, composer.responding(land, found))
        for land in lands
        if "response" in composer.rule.levels[land.level].ways
    }
    return replace(found, response_ways=responses)


def _going(holdings: Holdings) -> list[Thing]:
    """Return what has a way to a shelter: villages and hazard points."""
    return [one for layer in _GOING for one in holdings.things.get(layer, ())]


def _entries(composer: Composer, lang: Lang) -> tuple[Entry, ...]:
    numbers, latest = composer.numbers, dict[int, int]()
    found = []
    for land in composer.lands:
        depth, number = _DEPTHS[land.level], numbers[key_of(land)]
        within = max((d for d in latest if d < depth), default=None)
        found.append(
            Entry(
                number=number,
                level=land.level,
                code=land.code,
                name=_named(land, lang),
                within=None if within is None else latest[within],
            )
        )
        latest = {d: n for d, n in latest.items() if d < depth} | {depth: number}
    return tuple(found)


def _named(land: Land, lang: Lang) -> str:
    return land.name_en if lang == "en" and land.name_en else land.name
