"""Hill shading from elevation models."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from sqlalchemy import Connection, text

from data import relief
from data.relief import ReliefError
from gis.crs import STORED
from gis.mercator import tile_at
from tests import builders

WEST, NORTH, STEP, CELLS = 110.9, 36.2, 0.002, 200


def model(folder: Path, name: str = "ridge.tif", *, west: float = WEST, crs: Any = STORED) -> Path:
    """A ridge from north to south, 2,000 m high, over the middle of the hand-made county."""
    path = folder / name
    lon = west + STEP * (np.arange(CELLS) + 0.5)
    heights = np.repeat(2000 * np.exp(-(((lon - west - 0.2) / 0.05) ** 2))[None], CELLS, axis=0)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=CELLS,
        height=CELLS,
        count=1,
        dtype="float32",
        crs=f"EPSG:{crs}" if crs else None,
        transform=from_origin(west, NORTH, STEP, STEP),
    ) as made:
        made.write(heights.astype("float32"), 1)
    return path


def picture(connection: Connection, lon: float, lat: float, zoom: int) -> Any:
    """Grey and opacity of one picture."""
    png = relief.tile(connection, tile_at(lon, lat, zoom))
    assert png is not None
    return relief._pixels(png)


@pytest.fixture
def county(connection: Connection) -> Connection:
    builders.add_county(connection)
    return connection


def test_one_side_of_a_ridge_is_lit_and_the_other_in_shadow(county: Connection, tmp_path: Path) -> None:
    """The light comes from the north-west, as on every map: else valleys look like ridges."""
    relief.replace(county, model(tmp_path))
    grey, opacity = picture(county, 111.1, 36.0, 9)
    columns = np.broadcast_to(np.arange(relief.SIZE), grey.shape)
    lit, dark = (columns[(grey == tone) & (opacity > 16)].mean() for tone in (255, 0))
    assert lit < dark
    found = relief.extent(county)
    assert found is not None
    assert found.zooms == (relief.ZOOMS[0], relief.ZOOMS[-1])
    assert found.bounds[0] <= builders.WEST <= found.bounds[2]


def test_the_same_file_again_replaces_its_own_and_no_other(county: Connection, tmp_path: Path) -> None:
    """Two neighbouring sheets lie beside each other; a corrected one takes the place of the old."""
    relief.replace(county, model(tmp_path, "a.tif"))
    relief.replace(county, model(tmp_path, "b.tif", west=WEST + 0.05))
    before = county.execute(text("SELECT source, count(*) FROM relief_tiles GROUP BY 1 ORDER BY 1")).all()
    relief.replace(county, model(tmp_path, "a.tif"))
    after = county.execute(text("SELECT source, count(*) FROM relief_tiles GROUP BY 1 ORDER BY 1")).all()
    assert [row[0] for row in after] == ["a.tif", "b.tif"]
    assert after == before
    assert picture(county, 111.1, 36.0, 11).shape == (2, relief.SIZE, relief.SIZE)


def test_a_zipped_model_is_read(county: Connection, tmp_path: Path) -> None:
    """As they are handed out."""
    with zipfile.ZipFile(tmp_path / "ridge.zip", "w") as archive:
        archive.write(model(tmp_path), "ridge.tif")
    assert relief.replace(county, tmp_path / "ridge.zip").tiles > 0


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda folder: model(folder, crs=None), "raster_without_crs"),
        (lambda folder: model(folder, west=10.0), "raster_elsewhere"),
        (lambda folder: _written(folder / "x.tif", b"no raster"), "raster_unreadable"),
        (lambda folder: _zipped(folder / "x.zip"), "raster_unreadable"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    county: Connection, tmp_path: Path, made: Any, code: str
) -> None:
    with pytest.raises(ReliefError) as refused:
        relief.replace(county, made(tmp_path))
    assert refused.value.code == code


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _zipped(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no raster")
    return path


def test_without_a_model_there_is_no_relief(county: Connection) -> None:
    assert relief.extent(county) is None
    assert relief.tile(county, tile_at(111.0, 36.0, 11)) is None


@pytest.mark.sharedata
def test_a_sheet_of_the_shuttle_mission_shades_andorra(connection: Connection, shared_data: Path) -> None:
    """The real case: a zipped .hgt, whose name is its place."""
    county = "POLYGON((1.4 42.43,1.79 42.43,1.79 42.66,1.4 42.66,1.4 42.43))"
    connection.execute(
        text(
            "INSERT INTO areas (code, level, name, geom) VALUES ('990101000000', 'county', 'A', ST_Multi(ST_GeomFromText(:shape, 4490)))"
        ),
        {"shape": county},
    )
    drawn = relief.replace(connection, shared_data / "dem" / "N42E001.hgt.zip")
    assert drawn.tiles > 50
    _, opacity = picture(connection, 1.55, 42.55, 13)
    assert opacity.std() > 20
