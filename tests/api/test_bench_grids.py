"""What `muster bench grids` compares."""

from sqlalchemy import Engine

from api.bench import grids


def test_the_measurement_agrees_with_its_peers(engine: Engine) -> None:
    """A benchmark of wrong answers is worthless: geopandas and PostGIS give the same chain for every point."""
    url = engine.url.render_as_string(hide_password=False)
    for size in (grids.DEMO_CELLS, 300):
        figures = list(grids.asked(grids.case(size, 400), url))
        compared = [figure for figure in figures if figure.what == "points"]
        assert [figure.engine for figure in compared] == ["muster", "geopandas sjoin", "PostGIS"]
        assert all(figure.equal == figure.answers == 400 for figure in compared)
