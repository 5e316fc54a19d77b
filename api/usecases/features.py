"""Layers as collections of features for other programs (OGC API - Features): read only, page by page."""

from dataclasses import dataclass
from typing import Final

from api.context import Context
from api.errors import NotFoundError
from api.security import authorise
from api.usecases import personal
from data import places
from data.layers import Layer
from data.places import Bounds

MOST_A_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a collection's features as the text of a GeoJSON FeatureCollection, and how many match in all."""

    text: str
    matched: int
    returned: int


def collections(ctx: Context) -> tuple[Layer, ...]:
    """List the layers that the actor may read, by code."""
    authorise(ctx.actor, "map.read")
    return tuple(layer for _, layer in sorted(ctx.policy.layers.items()) if _open_to(ctx, layer))


def collection(ctx: Context, code: str) -> Layer:
    """Give one layer. Raises NotFoundError for one that the policy does not have or the actor may not read."""
    authorise(ctx.actor, "map.read")
    layer = ctx.policy.layers.get(code)
    if layer is None or not _open_to(ctx, layer):
        raise NotFoundError("no_such_layer", layer=code)
    return layer


def extent(ctx: Context) -> Bounds | None:
    """Give the bounds of the county; None while nothing was imported."""
    authorise(ctx.actor, "map.read")
    with ctx.world.read() as connection:
        return places.extent(connection, area=ctx.actor.area)


def page(ctx: Context, code: str, *, bounds: Bounds | None, limit: int, offset: int) -> Page:
    """Give the features from `offset` on, at most `limit` of them, in the order of their ids."""
    layer = collection(ctx, code)
    limit = min(limit, MOST_A_PAGE)
    sight = personal.sight(ctx, layer)
    with ctx.world.read() as connection:
        matched = places.count(connection, layer, bounds=bounds, within=sight["within"])
        text = places.features(
            connection,
            layer,
            bounds=bounds,
            limit=limit,
            offset=offset,
            **sight,
        )
    return Page(text=text, matched=matched, returned=max(0, min(limit, matched - offset)))


def one(ctx: Context, code: str, identity: str) -> str:
    """Give one feature as the text of a GeoJSON Feature. Raises NotFoundError."""
    layer = collection(ctx, code)
    key: str | int = identity
    if layer.store != "areas":
        if not identity.isdecimal() or len(identity) > _LONGEST_KEY:
            raise NotFoundError("no_such_feature", layer=code, id=identity)
        key = int(identity)
    with ctx.world.read() as connection:
        found = places.feature(connection, layer, key, **personal.sight(ctx, layer))
    if found is None:
        raise NotFoundError("no_such_feature", layer=code, id=identity)
    return found


_LONGEST_KEY: Final = 18
"""Digits that surely fit the database's numbers."""


def _open_to(ctx: Context, layer: Layer) -> bool:
    return not layer.personal or ctx.actor.may("personal.read")
