"""What an application that nobody configured writes about its own errors."""

import logging

import pytest
import structlog

from api.settings import Settings
from web.app import create_app


def test_an_error_is_never_logged_with_the_values_around_it(caplog: pytest.LogCaptureFixture) -> None:
    """However it is started: structlog's own way prints every local variable, names and tokens among them."""
    structlog.reset_defaults()
    create_app(Settings(database_url="postgresql:///nowhere", _env_file=None))
    token = "a-link-of-a-team"  # noqa: S105 - stands for one
    with caplog.at_level(logging.INFO):
        try:
            raise ValueError(token)  # noqa: TRY301 - an error with its frames
        except ValueError:
            structlog.get_logger("muster.test").exception("request failed")
    (line,) = caplog.messages
    assert "ValueError" in line
    assert token not in line
