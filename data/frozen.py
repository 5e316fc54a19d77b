"""Frozen values of the core as JSON and back, and the one canonical spelling of JSON that hashes are taken of."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import shapely
from pydantic_core import to_json, to_jsonable_python

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
    return value if type(value) in _AS_THEY_ARE else to_jsonable_python(value)


def json_text(value: Any) -> str:
    """Write what `jsonable` makes of a value, in one go."""
    return to_json(value).decode()


def encode(value: Any) -> Any:
    """Turn a frozen value into JSON; geometries as WKB, which keeps every bit, and times with their own offset.

    The offset is kept because hours of the day are read by it: a replay must read the same ones.
    """
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple or kind is list:
        return [encode(item) for item in value]
    names = _field_names(kind)
    if names is not None:
        return {name: encode(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, shapely.Geometry):
        return {"wkb": shapely.to_wkb(value, hex=True, byte_order=1)}
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no frozen value: {value!r}")


def decode(kind: type[T], value: Any) -> T:
    """Make the value of type `kind` that `encode` wrote. Fields that are missing take their default."""
    wanted: Any = kind
    made: T = _reader(wanted)(value)
    return made


_AS_THEY_ARE = {str, int, float, bool, NoneType}


@cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Make, once for each type, what reads its JSON: a snapshot of ten thousand teams is read in one go."""
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (choice for choice in get_args(kind) if choice is not NoneType)
        read = _reader(kind)
        return lambda value: None if value is None else read(value)
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if get_origin(kind) is tuple:
        return _tuple_reader(get_args(kind))
    if kind is datetime:
        return datetime.fromisoformat
    if kind is float:
        return float
    if kind is object or (isinstance(kind, type) and issubclass(kind, shapely.Geometry)):
        return lambda value: shapely.from_wkb(value["wkb"])  # the core's nouns declare shapes as objects
    return lambda value: value


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
    return lambda value: kind(**{name: readers[name](item) for name, item in value.items()})


def _tuple_reader(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    readers = [_reader(kind) for kind in kinds if kind is not Ellipsis]
    if Ellipsis in kinds:
        (read,) = readers
        return lambda value: tuple(read(item) for item in value)
    return lambda value: tuple(read(item) for read, item in zip(readers, value, strict=True))


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        # as it is spelled: JSONB reads the digits, not the double behind them
        return int(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
