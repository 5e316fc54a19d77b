"""Settings: read from the environment, and refused with a sentence that says how to write them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import BESIDE, Settings


@pytest.mark.parametrize("driver", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_an_address_is_taken_as_it_is_usually_written(driver: str) -> None:
    """Who copies the address from psql or a hosting panel must not meet a missing driver."""
    settings = Settings(database_url=f"{driver}://muster:p%40ss@db:5432/muster")
    assert settings.database_url == "postgresql+psycopg://muster:p%40ss@db:5432/muster"
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("address", ["sqlite:///x.db", "not an address"])
def test_another_database_is_refused(address: str) -> None:
    """PostGIS is the store: anything else would fail later, with a riddle."""
    with pytest.raises(ValidationError, match=r"PostgreSQL|postgresql"):
        Settings(database_url=address)


def test_an_unknown_time_zone_is_refused() -> None:
    """Hours of closures and of traffic are read on the place's clock."""
    with pytest.raises(ValidationError, match="Asia/Shanghai"):
        Settings(timezone="Mars/Olympus")


def test_the_folder_does_not_depend_on_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`muster` called from two folders must not find two counties."""
    monkeypatch.delenv("MUSTER_FOLDER", raising=False)
    here = Settings()
    monkeypatch.chdir(tmp_path)
    assert Settings().folder == here.folder
    assert here.elsewhere == (here.folder != BESIDE)
