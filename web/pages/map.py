"""The command map: Folium's skeleton, what JavaScript needs to fill it, and the panel beside it."""

import re
from collections.abc import Iterator

from fastapi import APIRouter, Response

from api.usecases import layers, relief
from api.usecases.layers import CountedLayer
from web import wording
from web.i18n import N_
from web.map.skeleton import skeleton
from web.pages.resources import WITH_PAGE
from web.view import Link, PageRoute, Reading, View

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/", title=N_("Command map"), place=10)

BASE = ("areas",)  # drawn by the base map
WORLD = (-180.0, -60.0, 180.0, 75.0)
GEOMETRY = {"Point": "point", "MultiPoint": "point", "LineString": "line", "MultiLineString": "line"}
ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary", "local", "service", "track", "path")
PANEL = re.compile(r"/(incidents|orders|closures|plans|resources)(/[a-z0-9_]+){0,2}")


@router.get("/")
def page(view: Reading, at: str = "/incidents") -> Response:
    """Show the map; `at` is the page that the panel opens with."""
    overlays = [
        one
        for one in layers.listing(view.context)
        if one.layer.geometry != "none" and one.layer.code not in BASE
    ]
    return view.render(
        "map.html",
        skeleton=skeleton(tuple(one.layer.code for one in overlays)),
        at=at if PANEL.fullmatch(at) else "/incidents",
        speed_classes=view.words.speed_classes(),
        may_close_roads=view.context.actor.may("closure.close"),
        config={
            "bounds": layers.extent(view.context) or WORLD,
            "names": ["name"] if view.lang == "zh" else ["name_en", "name"],
            "layers": [_layer(view, one) for one in overlays if one.count],
            "groups": list(view.words.group("layer_groups").items()),
            "relief": _relief(view),
            "online": list(view.context.online.parts),
            "types": dict(view.words.incident_types()),
            "vehicles": view.words.group("vehicle_kinds"),
            "here": [list(offer) for offer in _offers(view)],
            "words": _words(view),
        },
    )


def _relief(view: View) -> dict[str, object] | None:
    """Tell where there is hill shading, and at which zooms."""
    found = relief.extent(view.context)
    return None if found is None else {"bounds": found.bounds, "zooms": found.zooms}


def _offers(view: View) -> Iterator[tuple[str, str]]:
    """Name the pages that a click on the map offers to this reader."""
    if view.context.actor.may("incident.report"):
        yield "/incidents", view.gettext(N_("Report an incident here"))
    if view.context.actor.may("closure.close"):
        yield "/closures", view.gettext(N_("Close the road here"))
    if view.context.actor.may("call.start"):
        yield "/calls/new", view.gettext(N_("Call up and down the chain from here"))


def _layer(view: View, found: CountedLayer) -> dict[str, object]:
    """Tell what the legend and the drawing need of one layer: codes, numbers and the county's own words."""
    layer, legend = found.layer, found.layer.legend
    return {
        "code": layer.code,
        "name": view.words.layer(layer.code),
        "count": found.count,
        "geometry": GEOMETRY.get(layer.geometry, "area"),
        "colour": legend.colour,
        "symbol": legend.symbol,
        "visible": legend.visible,
        "min_zoom": legend.min_zoom,
        "group": legend.group,
        "size": legend.size,
        "line_width": legend.line_width,
        "fill": legend.fill,
        "label": legend.label,
        "label_zoom": legend.label_zoom,
        "opens": layer.store in WITH_PAGE,
    }


def _words(view: View) -> dict[str, object]:
    """Give the words that own JavaScript shows, by the names that it uses."""
    _ = view.gettext
    return {
        "minutes": _("{count} min"),
        "hours": _("{hours} h {minutes} min"),
        "metres": _("{count} m"),
        "kilometres": _("{count} km"),
        "whole_group": _("All of {group}"),
        "zoom_nearer": _("Shown when you zoom in"),
        "built_in": _("Built-in map"),
        "online": _("Online map"),
        "relief": _("Hill shading"),
        "take_position": _("Take this position"),
        "open_page": _("Show its page"),
        "found": _("{count} found; arrow keys to choose, Enter to go"),
        "found_nothing": _("Nothing found"),
        "grid": _("Grid"),
        "by_road": _("Along roads"),
        "driving_time": _("Driving time"),
        "straight": _("Straight line"),
        "no_way": _("no way by road"),
        "click_points": _("Click the points to measure; Backspace takes one back, Esc ends."),
        "not_measured": _("Cannot be measured now."),
        "kinds": {code: wording.pick(words, view.lang) for code, words in wording.FOUND_KINDS.items()},
        "levels": {code: wording.pick(words, view.lang) for code, words in wording.AREA_LEVELS.items()},
        "just_now": _("just now"),
        "ago": _("{count} min ago"),
        "expected": _("expected {at}"),
        "late": _("late"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "click_road": _("Click the road that is closed"),
        "closed": _("Closed"),
        "slowed": _("Slowed"),
        "danger": _("Danger area"),
        "roads": {code: view.words.road_class(code) for code in ROADS},
        "answered": _("{count} of {total} answered"),
        "overdue": wording.pick(wording.OVERDUE[:2], view.lang),
        "states": {code: wording.pick(look[:2], view.lang) for code, look in wording.ORDER_STATES.items()},
    }
