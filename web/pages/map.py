"""The command map: Folium's skeleton, what JavaScript needs to fill it, and the panel beside it."""

import re

from fastapi import APIRouter, Response

from api.usecases import places
from web import wording
from web.i18n import N_
from web.map.skeleton import skeleton
from web.view import Link, PageRoute, Reading, View

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/", title=N_("Command map"), place=10)

GEOMETRY = {"Point": "point", "MultiPoint": "point", "LineString": "line", "MultiLineString": "line"}
PANEL = re.compile(r"/(incidents|orders|closures|plans|resources)(/[a-z0-9_]+){0,2}")


@router.get("/")
def page(view: Reading, at: str = "/incidents") -> Response:
    """Show the map; `at` is the page that the panel opens with."""
    overlays = [layer for layer in places.layers(view.context) if layer.geometry != "none"]
    return view.render(
        "map.html",
        skeleton=skeleton(tuple(layer.code for layer in overlays)),
        at=at if PANEL.fullmatch(at) else "/incidents",
        may_close_roads=view.context.actor.may("closure.close"),
        config={
            "bounds": places.extent(view.context),
            "names": ["name"] if view.lang == "zh" else ["name_en", "name"],
            "layers": [_layer(view, layer) for layer in overlays],
            "types": dict(view.words.incident_types()),
            "words": _words(view),
        },
    )


def _layer(view: View, layer: "places.LayerCount") -> dict[str, object]:
    """What the legend and the drawing need of one layer: codes, numbers and the county's own words."""
    legend = layer.legend
    return {
        "code": layer.code,
        "name": view.words.layer(layer.code),
        "count": layer.count,
        "geometry": GEOMETRY.get(layer.geometry, "area"),
        "colour": legend.colour,
        "symbol": legend.symbol,
        "visible": legend.visible,
        "min_zoom": legend.min_zoom,
    }


def _words(view: View) -> dict[str, object]:
    """The words that own JavaScript shows, by the names that it uses."""
    _ = view.gettext
    return {
        "minutes": _("{count} min"),
        "live": _("live"),
        "reconnecting": _("reconnecting …"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "report_here": _("Report an incident here"),
        "close_here": _("Close the road here"),
        "click_road": _("Click the road that is closed"),
        "closed": _("Closed"),
        "overdue": wording.pick(wording.OVERDUE[:2], view.lang),
        "states": {code: wording.pick(look[:2], view.lang) for code, look in wording.ORDER_STATES.items()},
    }
