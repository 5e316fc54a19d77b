"""Large road networks are made ready beside the answers, small ones not at all."""

from pathlib import Path

import pytest

from api.bench.networks import generated
from api.networks import prepare_beside
from gis import hierarchy


@pytest.mark.skipif(not hierarchy.AVAILABLE, reason="pyroutingkit has no build for this processor")
def test_a_large_network_is_prepared_in_a_thread_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of work that nobody waits for, and that the next start finds done."""
    monkeypatch.setattr(hierarchy, "WORTH_IT", 100)
    network = generated(400)
    thread = prepare_beside(network, tmp_path / "roads")
    assert thread is not None
    thread.join()
    assert network.knows_far
    assert len(list((tmp_path / "roads").iterdir())) == 1


@pytest.mark.skipif(not hierarchy.AVAILABLE, reason="pyroutingkit has no build for this processor")
def test_a_folder_that_cannot_be_written_is_told_and_changes_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next start takes longer; this one does not fail."""
    monkeypatch.setattr(hierarchy, "WORTH_IT", 100)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    network = generated(400)
    thread = prepare_beside(network, blocked)
    assert thread is not None
    thread.join()
    assert network.knows_far
    assert "nothing can be kept" in caplog.text


def test_a_county_needs_no_preparation(tmp_path: Path) -> None:
    """Its plain search is quicker than anything prepared."""
    assert prepare_beside(generated(400), tmp_path) is None


def test_a_missing_library_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who runs a province on a processor without it should know why far answers take longer."""
    monkeypatch.setattr(hierarchy, "WORTH_IT", 100)
    monkeypatch.setattr(hierarchy, "AVAILABLE", False)
    assert prepare_beside(generated(400), tmp_path) is None
    assert "pyroutingkit is not installed" in caplog.text
