"""OGC API - Features, Part 1 (OGC 17-069r4): Core and GeoJSON, for QGIS, GDAL, OWSLib and others.

Such programs keep no cookie: they send a reading key (`muster user key`) as the password of HTTP Basic, with any
name, or as a bearer token. A key reads what its account may read, and can change nothing.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Context
from api.errors import MusterError
from api.http.access import key_holder
from api.http.problems import responses
from api.usecases import features
from data.layers import Layer
from data.places import Bounds

router = APIRouter(prefix="/ogc", tags=["ogc"])
Reader = Annotated[Context, Depends(key_holder)]

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.1"
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CONFORMANCE: Final = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
DEFAULT_LIMIT: Final = 100
_FLAT, _WITH_HEIGHT = 4, 6
_INSTANT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
_DATETIME: Final = re.compile(rf"({_INSTANT})|((\.\.|{_INSTANT})?/(\.\.|{_INSTANT})?)")
_READS: Final = responses(400, 401, 403)
_FINDS: Final = responses(400, 401, 403, 404, 422)


class BadParameterError(MusterError):
    """A query parameter that is unknown or cannot be read: the standard asks for status 400."""


def _only(request: Request, *known: str) -> None:
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise BadParameterError("unknown_parameter", names=unknown)


def _link(request: Request, path: str, rel: str, media_type: str, title: str = "") -> dict[str, str]:
    link = {"href": f"{str(request.base_url).rstrip('/')}{path}", "rel": rel, "type": media_type}
    return {**link, "title": title} if title else link


@router.get("", responses=_READS)
def landing_page(request: Request, reader: Reader) -> dict[str, Any]:
    """Tell where everything is."""
    _only(request)
    features.collections(reader)
    return {
        "title": "Muster",
        "description": "The county's layers as features; longitude before latitude.",
        "links": [
            _link(request, "/ogc", "self", JSON),
            _link(request, "/openapi.json", "service-desc", OPENAPI, "The definition of this API"),
            _link(request, "/ogc/conformance", "conformance", JSON),
            _link(request, "/ogc/collections", "data", JSON),
        ],
    }


@router.get("/conformance", responses=_READS)
def conformance(request: Request, reader: Reader) -> dict[str, Any]:
    """Name the classes of the standard that this server keeps to."""
    _only(request)
    features.collections(reader)
    return {"conformsTo": CONFORMANCE}


@router.get("/collections", responses=_READS)
def collections(request: Request, reader: Reader) -> dict[str, Any]:
    """List the layers that the reader may read."""
    _only(request)
    bounds = features.extent(reader)
    return {
        "links": [_link(request, "/ogc/collections", "self", JSON)],
        "collections": [_described(request, layer, bounds) for layer in features.collections(reader)],
    }


@router.get("/collections/{collection}", responses=_FINDS)
def collection(collection: str, request: Request, reader: Reader) -> dict[str, Any]:
    """Describe one layer."""
    _only(request)
    return _described(request, features.collection(reader, collection), features.extent(reader))


def _described(request: Request, layer: Layer, bounds: Bounds | None) -> dict[str, Any]:
    path = f"/ogc/collections/{layer.code}"
    document: dict[str, Any] = {
        "id": layer.code,
        "title": f"{layer.words['zh']} {layer.words['en']}",
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            _link(request, path, "self", JSON),
            _link(request, f"{path}/items", "items", GEOJSON, layer.words["zh"]),
        ],
    }
    if bounds is not None:
        document["extent"] = {"spatial": {"bbox": [bounds], "crs": CRS84}}
    return document


@router.get(
    "/collections/{collection}/items",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}, **_FINDS},
)
def items(
    *,
    collection: str,
    request: Request,
    reader: Reader,
    limit: Annotated[
        str | None,
        Query(description=f"features a page, {DEFAULT_LIMIT} unless told, {features.MOST_A_PAGE} at most"),
    ] = None,
    offset: Annotated[str | None, Query(description="features to pass over")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    datetime: Annotated[
        str | None, Query(description="an instant or interval; layers have no times, so all match")
    ] = None,
) -> Response:
    """Give a layer's features page by page, in the order of their ids; `next` leads on."""
    _only(request, "limit", "offset", "bbox", "datetime")
    asked, start = _whole("limit", limit, DEFAULT_LIMIT, least=1), _whole("offset", offset, 0, least=0)
    if datetime is not None and not _DATETIME.fullmatch(datetime):
        raise BadParameterError("parameter_unreadable", name="datetime")
    page = features.page(reader, collection, bounds=_bounds(bbox), limit=asked, offset=start)
    path = f"/ogc/collections/{collection}"
    links = [
        _link(
            request,
            f"{path}/items?{request.url.query}" if request.url.query else f"{path}/items",
            "self",
            GEOJSON,
        ),
        _link(request, path, "collection", JSON),
    ]
    beyond = start + page.returned
    if page.returned and beyond < page.matched:
        query = urlencode({**request.query_params, "offset": beyond})
        links.append(_link(request, f"{path}/items?{query}", "next", GEOJSON))
    members = {
        "numberMatched": page.matched,
        "numberReturned": page.returned,
        "timeStamp": _now(reader),
        "links": links,
    }
    return _geojson(page.text, members)


@router.get(
    "/collections/{collection}/items/{feature}",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}, **_FINDS},
)
def item(collection: str, feature: str, request: Request, reader: Reader) -> Response:
    """Give one feature."""
    _only(request)
    path = f"/ogc/collections/{collection}"
    found = features.one(reader, collection, feature)
    links = [
        _link(request, f"{path}/items/{feature}", "self", GEOJSON),
        _link(request, path, "collection", JSON),
    ]
    return _geojson(found, {"links": links})


def _geojson(text: str, members: Mapping[str, Any]) -> Response:
    """Add members to an object that the database wrote, without reading it."""
    more = json.dumps(members, ensure_ascii=False)
    return Response(
        f"{text[:-1]},{more[1:]}",
        media_type=GEOJSON,
        headers={"Content-Crs": f"<{CRS84}>", "Cache-Control": "no-store"},
    )


def _whole(name: str, text: str | None, default: int, *, least: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS or int(text) < least:
        raise BadParameterError("parameter_unreadable", name=name)
    return int(text)


_DIGITS: Final = 9


def _bounds(text: str | None) -> Bounds | None:
    """Read west,south,east,north, or the same with heights, which layers do not have."""
    if text is None:
        return None
    try:
        edges = [float(part) for part in text.split(",")]
    except ValueError:
        raise BadParameterError("parameter_unreadable", name="bbox") from None
    if len(edges) == _WITH_HEIGHT:
        edges = [*edges[:2], *edges[3:5]]
    if len(edges) != _FLAT:
        raise BadParameterError("parameter_unreadable", name="bbox")
    west, south, east, north = edges
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        raise BadParameterError("parameter_unreadable", name="bbox")
    return west, south, east, north


def _now(reader: Context) -> str:
    at: datetime = reader.clock()
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
