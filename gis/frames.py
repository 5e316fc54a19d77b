"""Contracts for frames that cross a folder line: columns, dtypes, key, geometry and coordinate system.

`check` looks at everything and reports all faults at once, so that a file is corrected in one round.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pandas.api import types

from gis.crs import STORED

FrameT = TypeVar("FrameT", bound=pd.DataFrame)
Dtype = Literal["integer", "float", "boolean", "text", "object"]

Mask: TypeAlias = "npt.NDArray[np.bool_] | pd.Series[bool]"

FaultCode = Literal[
    "column_missing",
    "column_dtype",
    "column_null",
    "column_not_finite",
    "key_repeated",
    "geometry_missing",
    "geometry_kind",
    "geometry_invalid",
    "geometry_null",
    "crs_missing",
    "crs_other",
    "coordinate_range",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameColumn:
    """What one column must be. An integer or boolean column never holds nulls; `nullable` is for the others."""

    dtype: Dtype
    nullable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a frame must be. `geometry_kinds` empty: a plain table without geometry."""

    columns: Mapping[str, FrameColumn]
    key: tuple[str, ...] = ()
    geometry_kinds: frozenset[str] = frozenset()
    geometry_nullable: bool = False
    crs: int = STORED


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFault:
    """One thing that is wrong: a code, the column it is about, and how many rows (0: the whole column)."""

    code: FaultCode
    column: str
    rows: int = 0
    first: object = None
    """Index label of the first row at fault."""


class FrameError(ValueError):
    """A frame that breaks its contract, with all its faults."""

    def __init__(self, found: tuple[FrameFault, ...]) -> None:
        self.faults = found
        super().__init__("; ".join(_line(fault) for fault in found))


def _line(fault: FrameFault) -> str:
    where = f" in {fault.rows} rows from {fault.first}" if fault.rows else ""
    return f"{fault.code} {fault.column}{where}"


def check(frame: FrameT, contract: Contract) -> FrameT:
    """Return `frame` unchanged, or raise FrameError with every fault it has against `contract`."""
    found = faults(frame, contract)
    if found:
        raise FrameError(found)
    return frame


def faults(frame: pd.DataFrame, contract: Contract) -> tuple[FrameFault, ...]:
    """Every fault of `frame` against `contract`; empty when it keeps it. Columns beyond the contract are free."""
    return (
        *_column_faults(frame, contract),
        *_key_faults(frame, contract),
        *_geometry_faults(frame, contract),
    )


_IS_DTYPE: Mapping[Dtype, Callable[[Any], bool]] = {
    "integer": types.is_integer_dtype,
    "float": types.is_float_dtype,
    "boolean": types.is_bool_dtype,
    "text": lambda dtype: types.is_string_dtype(dtype) or types.is_object_dtype(dtype),
    "object": lambda _dtype: True,
}


def _column_faults(frame: pd.DataFrame, contract: Contract) -> Iterator[FrameFault]:
    for name, wanted in contract.columns.items():
        if name not in frame.columns:
            yield FrameFault(code="column_missing", column=name)
            continue
        column = frame[name]
        if not _IS_DTYPE[wanted.dtype](column.dtype) and len(frame):
            yield FrameFault(code="column_dtype", column=name)
            continue
        null = column.isna()
        if not wanted.nullable and null.any():
            yield _rows("column_null", name, frame, null)
        if wanted.dtype == "float":
            yield from _some("column_not_finite", name, frame, np.isinf(column))
        if wanted.dtype == "text":
            yield from _some(
                "column_dtype",
                name,
                frame,
                ~null.to_numpy() & np.array([not isinstance(v, str) for v in column], dtype=bool),
            )


def _key_faults(frame: pd.DataFrame, contract: Contract) -> Iterator[FrameFault]:
    if contract.key and set(contract.key) <= set(frame.columns):
        repeated = frame.duplicated(list(contract.key))
        yield from _some("key_repeated", "+".join(contract.key), frame, repeated)


def _geometry_faults(frame: pd.DataFrame, contract: Contract) -> Iterator[FrameFault]:
    if not contract.geometry_kinds:
        return
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        yield FrameFault(code="geometry_missing", column="geometry")
        return
    name = frame.active_geometry_name
    yield from _crs_faults(frame, name, contract.crs)
    shapes = frame.geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = frame.geometry.geom_type.isin(contract.geometry_kinds).to_numpy()
    bounds = shapely.bounds(shapes)
    outside = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)  # noqa: PLR2004
    if not contract.geometry_nullable:
        yield from _some("geometry_null", name, frame, empty)
    yield from _some("geometry_kind", name, frame, ~empty & ~kinds)
    yield from _some("geometry_invalid", name, frame, ~empty & ~shapely.is_valid(shapes))
    yield from _some("coordinate_range", name, frame, ~empty & outside)


def _crs_faults(frame: gpd.GeoDataFrame, name: str, wanted: int) -> Iterator[FrameFault]:
    if frame.crs is None:
        yield FrameFault(code="crs_missing", column=name)
    elif frame.crs.to_epsg() != wanted:
        yield FrameFault(code="crs_other", column=name)


def _some(code: FaultCode, column: str, frame: pd.DataFrame, at_fault: Mask) -> Iterator[FrameFault]:
    if np.any(at_fault):
        yield _rows(code, column, frame, at_fault)


def _rows(code: FaultCode, column: str, frame: pd.DataFrame, at_fault: Mask) -> FrameFault:
    mask = np.asarray(at_fault)
    return FrameFault(code=code, column=column, rows=int(mask.sum()), first=frame.index[mask][0])
