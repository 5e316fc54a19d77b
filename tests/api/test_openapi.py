"""The OpenAPI document holds every act with its errors, and bad requests get the problems that it declares."""

import re
from typing import Any

import pytest
from fastapi import FastAPI

from tests.api.conftest import Browser
from tests.api.test_roles import REACHED

PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def test_every_act_has_its_endpoint(document: dict[str, Any]) -> None:
    """A program can do by the document whatever a page can do."""
    described = {
        (method.upper(), re.sub(r"{[^}]+}", "{}", path))
        for path, operations in document["paths"].items()
        for method in operations
    }
    for method, path, _ in REACHED.values():
        plain = re.sub(r"{[^}]+}|(?<=/)\d+|(?<=accounts/)township|(?<=sessions/)none", "{}", path)
        step = re.sub(r"(?<=^/orders/{}/)(?!link$)\w+$", "{}", plain)
        assert (method, f"/api/v1{step}") in described, path


def test_every_operation_declares_its_errors(document: dict[str, Any]) -> None:
    """Whoever reads a body may answer 400 (not UTF-8) and 422; whoever asks who is there, 401; all as problems."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            told, where = operation["responses"], f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            if "requestBody" in operation:
                assert {"400", "422"} <= told.keys(), where
            if "parameters" in operation:
                assert "422" in told, where
            if path not in {"/health", "/ready"}:
                assert "401" in told, where
            for status, answer in told.items():
                if int(status) >= 400 and path != "/ready":
                    assert answer["content"] == {"application/problem+json": {"schema": PROBLEM}}, where


def test_the_problem_itself_is_described(document: dict[str, Any]) -> None:
    """Its schema stands in the document once, with the code that programs branch on."""
    schema = document["components"]["schemas"]["Problem"]
    assert {"type", "title", "status", "code"} <= set(schema["required"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_body_that_is_not_utf8_is_a_400(commander: Browser) -> None:
    """Bytes that are no text are refused as declared, not with a broken connection."""
    headers = {"X-CSRF-Token": commander.csrf, "Content-Type": "application/json"}
    answer = commander.http.post("/api/v1/incidents", content=b'{"name": "\xff\xfe"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "body_unreadable")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_no_json_names_the_place(commander: Browser) -> None:
    """A missing field, a wrong type and broken JSON all say where."""
    headers = {"X-CSRF-Token": commander.csrf, "Content-Type": "application/json"}
    broken = commander.http.post("/api/v1/incidents", content=b"{", headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (422, "fields_invalid")
    missing = commander.post("/incidents", {"level": 4})
    assert {"field": "body.type", "code": "missing"} in missing.json()["errors"]


def test_a_text_with_a_nul_is_refused(commander: Browser) -> None:
    """PostgreSQL holds no NUL; whatever a program sends is an answer, never a failure of the server."""
    searched = commander.get("/search?q=a%00b")
    assert (searched.status_code, searched.json()["code"]) == (422, "text_unstorable")
    body = {"type": "landslide", "level": 4, "position": [111.09, 36.0], "name": "a\0b"}
    reported = commander.post("/incidents", body)
    assert (reported.status_code, reported.json()["code"]) == (422, "text_unstorable")
    assert commander.get("/incidents").json() == []


def test_an_unknown_address_and_method_are_problems_too(commander: Browser) -> None:
    """A client reads one kind of error only."""
    assert commander.get("/nothing").json()["code"] == "no_such_address"
    assert commander.http.put("/api/v1/incidents").json()["code"] == "method_not_allowed"


def test_health_and_readiness_tell_apart_alive_and_usable(commander: Browser) -> None:
    """A proxy restarts what is not alive and waits for what is not ready."""
    assert commander.http.get("/health").json() == {"status": "ok"}
    ready = commander.http.get("/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


def test_the_vocabulary_has_two_languages(commander: Browser) -> None:
    """Codes come with their words, so that no client keeps its own list."""
    words = commander.get("/vocabulary").json()
    assert words["capabilities"]["medical"]["zh"]
    assert words["incident_types"]["landslide"]["en"] == "Landslide"
