"""The map by URL: layers, their features, the state of all that happens, and the tiles of the base map."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.errors import InvalidError
from api.http import map_features
from api.http.access import Visiting
from api.http.keeping import UNCHANGED, kept
from api.http.models import LayerSummary, MapState
from api.http.problems import responses
from api.usecases import layers, relief, whereabouts
from api.usecases.overview import overview
from data.places import Bounds
from gis.mercator import Tile

router = APIRouter(tags=["map"])

GEOJSON = "application/geo+json"
TILE = "application/vnd.mapbox-vector-tile"
LAYER_FRESH_S = 30
PICTURE_FRESH_S = 3600


def _asked_tile(z: int, x: int, y: int) -> Tile:
    return Tile(z, x, y)


AskedTile = Annotated[Tile, Depends(_asked_tile)]


@router.get("/layers", responses=responses(401, 403))
def list_layers(context: Visiting) -> list[LayerSummary]:
    """List the layers with their words, their look and how many rows they have."""
    return [_summary(found) for found in layers.listing(context)]


def _summary(found: layers.CountedLayer) -> LayerSummary:
    layer, legend = found.layer, found.layer.legend
    return LayerSummary(
        code=layer.code,
        zh=layer.words["zh"],
        en=layer.words["en"],
        geometry=layer.geometry,
        colour=legend.colour,
        symbol=legend.symbol,
        visible=legend.visible,
        min_zoom=legend.min_zoom,
        count=found.count,
    )


@router.get(
    "/layers/{layer}/items",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}, **responses(401, 403, 404, 422)},
)
def layer_items(
    layer: str,
    context: Visiting,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    limit: Annotated[int, Query(ge=1, le=layers.MOST_FEATURES)] = layers.MOST_FEATURES,
) -> Response:
    """Give a layer's features as GeoJSON; only those that touch the box where one is given."""
    found = layers.items(context, layer, bounds=_bounds(bbox), limit=limit)
    return Response(found, media_type=GEOJSON)


def _bounds(text: str | None) -> Bounds | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidError("bbox_unreadable") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        raise InvalidError("bbox_unreadable")
    return west, south, east, north


@router.get(
    "/layers/{layer}/tiles/{z}/{x}/{y}.mvt",  # noqa: FAST003  # AskedTile takes them
    response_class=Response,
    responses={200: {"content": {TILE: {}}}, **UNCHANGED, **responses(401, 403, 404, 422)},
)
def layer_tile(layer: str, tile: AskedTile, request: Request, context: Visiting) -> Response:
    """Give one tile of a layer, for layers too large to send whole: points gathered in cells until one comes near."""
    drawn = layers.layer_tile(context, layer, tile)
    return kept(request, drawn, media_type=TILE, fresh_s=LAYER_FRESH_S)


@router.get("/map/state", responses=responses(401, 403))
def map_state(context: Visiting) -> MapState:
    """Give open incidents, hazard zones and areas, closures, orders and their ways, each as a GeoJSON collection."""
    now = overview(context)
    return MapState(
        incidents=map_features.incidents(now.incidents),
        zones=map_features.zones(now.zones),
        closures=map_features.closures(now.closures),
        hazards=map_features.hazards(now.hazards),
        orders=map_features.orders(now.orders),
        routes=map_features.order_routes(now.orders),
        positions=map_features.positions(whereabouts.standing(context)),
    )


@router.get(
    "/relief/{z}/{x}/{y}.png",  # noqa: FAST003  # AskedTile takes them
    response_class=Response,
    responses={
        200: {"content": {"image/png": {}}},
        204: {"description": "No Content"},
        **UNCHANGED,
        **responses(401, 403, 422),
    },
)
def relief_tile(tile: AskedTile, request: Request, context: Visiting) -> Response:
    """Give one picture of the hill shading, light and shadow on a clear ground; nothing where no terrain was imported."""
    picture = relief.tile(context, tile)
    if picture is None:
        return Response(status_code=204)
    return kept(request, picture, media_type="image/png", fresh_s=PICTURE_FRESH_S)


@router.get(
    "/online/{part}/{z}/{x}/{y}",  # noqa: FAST003  # AskedTile takes them
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}, **UNCHANGED, **responses(401, 403, 404, 422, 503)},
)
def online_tile(part: str, tile: AskedTile, request: Request, context: Visiting) -> Response:
    """Give one picture of the online map that the settings name, fetched by the server; 503 while it is out of reach."""
    picture = layers.online_tile(context, part, tile)
    return kept(request, picture.content, media_type=picture.media_type, fresh_s=PICTURE_FRESH_S)


@router.get(
    "/tiles/{z}/{x}/{y}.mvt",  # noqa: FAST003  # AskedTile takes them
    response_class=Response,
    responses={200: {"content": {TILE: {}}}, **UNCHANGED, **responses(401, 403, 422)},
)
def base_tile(tile: AskedTile, request: Request, context: Visiting) -> Response:
    """Give one tile of the base map: the imported roads, waters, woods, areas and places."""
    return kept(request, layers.base_tile(context, tile), media_type=TILE, gzipped=True)
