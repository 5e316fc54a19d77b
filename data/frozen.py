"""Frozen values of the core as JSON and back, and the one canonical spelling of JSON that hashes are taken of."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import shapely
from pydantic_core import to_jsonable_python

T = TypeVar("T")


def canonical(value: Any) -> bytes:
    """Spell JSON in one way: sorted keys, no spaces, UTF-8, whole floats as integers (as JSONB may give them back)."""
    return json.dumps(
        _whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256(value: Any) -> bytes:
    """Digest of a JSON value's canonical spelling."""
    return hashlib.sha256(canonical(value)).digest()


def jsonable(value: Any) -> Any:
    """Turn times, UUIDs, dataclasses and sets of plain values into what JSON can say."""
    return to_jsonable_python(value)


def encode(value: Any) -> Any:
    """Turn a frozen value into JSON; geometries as WKB, which keeps every bit, and times with their own offset.

    The offset is kept because hours of the day are read by it: a replay must read the same ones.
    """
    if dataclasses.is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, shapely.Geometry):
        return {"wkb": shapely.to_wkb(value, hex=True, byte_order=1)}
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def decode(kind: type[T], value: Any) -> T:
    """Make the value of type `kind` that `encode` wrote. Fields that are missing take their default."""
    return _decode(kind, value)  # type: ignore[no-any-return]  # `_decode` also takes unions, which are no types


def _decode(kind: Any, value: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        if value is None:
            return None
        (kind,) = (choice for choice in get_args(kind) if choice is not NoneType)
    if isinstance(value, dict) and value.keys() == {"wkb"}:
        return shapely.from_wkb(value["wkb"])
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], item) for name, item in value.items()})
    if get_origin(kind) is tuple:
        return _decode_tuple(get_args(kind), value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is float:
        return float(value)
    return value


def _decode_tuple(kinds: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_decode(kinds[0], item) for item in value)
    return tuple(_decode(kind, item) for kind, item in zip(kinds, value, strict=True))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(
            Decimal(repr(value))
        )  # as it is spelled: JSONB reads the digits, not the double behind them
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
