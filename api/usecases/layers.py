"""Layers: what there is of each, their features for the map, and the base map's tiles."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.online import Picture
from api.security import authorise
from api.usecases import personal
from data import layer_tiles, locate, places, tiles
from data.layers import Layer
from data.locate import Area
from data.places import Bounds
from gis.mercator import Tile

MOST_FEATURES = 20_000
"""Beyond this a browser needs vector tiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLayer:
    """A layer of the policy and how many rows it has."""

    layer: Layer
    count: int


def listing(ctx: Context) -> tuple[CountedLayer, ...]:
    """List all layers in the order of the legend."""
    authorise(ctx.actor, "map.read")
    ordered = sorted(ctx.policy.layers.values(), key=lambda layer: (layer.legend.order, layer.code))
    with ctx.world.read() as connection:
        return tuple(
            CountedLayer(
                layer=layer,
                count=places.count(connection, layer, within=personal.sight(ctx, layer)["within"]),
            )
            for layer in ordered
        )


def items(ctx: Context, code: str, *, bounds: Bounds | None = None, limit: int = MOST_FEATURES) -> str:
    """Give a layer's features as the text of a GeoJSON collection, as far as the actor's map reaches.

    Personal fields are for whoever may see people, of their own area only.

    Raises NotFoundError for a layer that the policy does not have.
    """
    layer = _readable(ctx, code)
    with ctx.world.read() as connection:
        return places.features(
            connection,
            layer,
            bounds=bounds,
            limit=min(limit, MOST_FEATURES),
            **personal.sight(ctx, layer),
        )


def _readable(ctx: Context, code: str) -> Layer:
    authorise(ctx.actor, "map.read")
    layer = ctx.policy.layers.get(code)
    if layer is None or (layer.personal and not ctx.actor.may("personal.read")):
        raise NotFoundError("no_such_layer", layer=code)
    return layer


def names_of(ctx: Context, codes: Collection[str]) -> Mapping[str, Area]:
    """Read what areas and grid cells are called, by code; what is unknown is left out."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return locate.names_of(connection, codes)


def extent(ctx: Context) -> Bounds | None:
    """Give the bounds of the actor's area: west, south, east, north in degrees; None while nothing was imported."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return places.extent(connection, area=ctx.actor.area)


def layer_tile(ctx: Context, code: str, tile: Tile) -> bytes:
    """Give one tile of a large layer; names about persons only to whoever may see them.

    Raises NotFoundError for a layer that is not on the map, InvalidError for an address that is no tile.
    """
    layer = _readable(ctx, code)
    if layer.geometry == "none":
        raise NotFoundError("no_such_layer", layer=code)
    _must_exist(tile)
    with ctx.world.read() as connection:
        return layer_tiles.layer_tile(connection, layer, tile, **personal.sight(ctx, layer))


def base_tile(ctx: Context, tile: Tile) -> bytes:
    """Give one tile of the base map, gzipped. Raises InvalidError for an address that is no tile."""
    authorise(ctx.actor, "base_map.read")
    _must_exist(tile)
    with ctx.world.read() as connection:
        return tiles.base_tile(connection, tile)


def online_tile(ctx: Context, part: str, tile: Tile) -> Picture:
    """Fetch one picture of the online map; no transaction is open meanwhile.

    Raises NotFoundError where the settings name none, UnavailableError while it is out of reach.
    """
    authorise(ctx.actor, "map.read")
    _must_exist(tile)
    return ctx.online.picture(part, tile)


def _must_exist(tile: Tile) -> None:
    if not tile.exists:
        raise InvalidError("no_such_tile", **tile._asdict())
