"""Rows of a ledger a second: read, mapped, checked and compared with the store, beside programs that only read."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pandas as pd
import python_calamine

from api.context import Context
from data import previews

COLUMNS = (
    *("场所编号", "*场所名称(必填)", "可容纳人数(人)", "占地总面积(㎡)", "详细地址", "经度", "纬度"),
    *("场所负责人", "负责人电话", "启用日期", "主管单位", "备注"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigure:
    """What one program made of the same workbook."""

    program: str
    rows: int
    seconds: float
    rows_per_s: float
    faulty: int | None = None


def measure(ctx: Context, *, rows: int, seed: int = 7) -> Iterator[LedgerFigure]:
    """Measure our whole preview, then calamine, openpyxl (read-only) and pandas, which only read; best of two each.

    One row in a hundred is faulty: a telephone number that has lost a digit.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shelters.xlsx"
        _write(path, rows, seed)
        faulty: list[int] = []

        def ours() -> None:
            with ctx.world.read() as connection:
                made = previews.make(
                    connection,
                    path,
                    ctx.policy,
                    file=path.name,
                    datum="CGCS2000",
                    said={},
                    area=None,
                    told=lambda _stage, _done, _total: None,
                )
            faulty.append(sum(row.outcome == "faulty" for row in made[0].rows))

        programs: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("muster: read, map, check, compare", ours),
            ("python-calamine: read", lambda: _calamine(path)),
            ("openpyxl read-only: read", lambda: _openpyxl(path)),
            ("pandas.read_excel: read", lambda: pd.read_excel(path)),
        )
        for name, program in programs:
            seconds = min(_timed(program) for _ in range(2))
            yield LedgerFigure(
                program=name,
                rows=rows,
                seconds=seconds,
                rows_per_s=rows / seconds,
                faulty=faulty[-1] if program is ours else None,
            )


def _timed(program: Callable[[], Any]) -> float:
    with _watch() as watch:
        program()
    return watch[0]


@contextmanager
def _watch() -> Iterator[list[float]]:
    took: list[float] = []
    began = time.perf_counter()
    yield took
    took.append(time.perf_counter() - began)


def _calamine(path: Path) -> Sequence[Any]:
    return python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()


def _openpyxl(path: Path) -> int:
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return sum(1 for _ in workbook.worksheets[0].iter_rows(values_only=True))


def _write(path: Path, rows: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same rows each time, no secret
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("应急避难场所")
    sheet.append(["应急避难场所登记表"])
    sheet.append(list(COLUMNS))
    for number in range(rows):
        phone = 13_000_000_000 + chance.randrange(10**8)
        sheet.append(
            [
                f"BS{number:06}",
                f"{number}号避难场所",
                f"{chance.randrange(20, 2000)}人",
                chance.randrange(100, 9000),
                f"第{chance.randrange(300)}村",
                round(chance.uniform(110.6, 111.4), 6),
                round(chance.uniform(35.6, 36.4), 6),
                f"负责人{chance.randrange(900)}",
                phone // 10 if number % 100 == 0 else phone,
                f"20{chance.randrange(10, 26)}年{chance.randrange(1, 13)}月{chance.randrange(1, 28)}日",
                f"第{chance.randrange(30)}局",
                "",
            ]
        )
    workbook.save(path)
