"""Errors → problem documents, and their place in OpenAPI."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api import trace
from api.errors import PROBLEM_JSON, FieldProblem, MusterError, NotSignedInError, Problem, problem

_HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: "body_unreadable",
    HTTPStatus.NOT_FOUND: "no_such_address",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
}


_ALWAYS_ANSWERED = frozenset({"/health", "/ready"})
_ANY = (HTTPStatus.SERVICE_UNAVAILABLE,)  # the database is away or busy
_ANY_WRITE = (
    *_ANY,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.INSUFFICIENT_STORAGE,
)


def _as_document(statuses: Sequence[int]) -> dict[str, Any]:
    return {str(int(status)): described for status, described in responses(*statuses).items()}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare which problems an endpoint may answer; 422 stands for itself whenever there is input to read."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def response(document: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """Send a problem document."""
    return JSONResponse(
        document.model_dump(mode="json"), document.status, headers=headers, media_type=PROBLEM_JSON
    )


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MusterError)  # noqa: S101 - the handler is registered for this type alone
    trace.note_refusal(error.code)
    headers = {}
    wait = error.details.get("wait_s")
    if wait is not None:
        headers["Retry-After"] = str(wait)
    if isinstance(error, NotSignedInError) and request.url.path.startswith("/ogc"):
        headers["WWW-Authenticate"] = 'Basic realm="Muster", charset="UTF-8"'
    return response(problem(error.status, error.code, error.details), headers)


def _unreadable(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    fields = [FieldProblem(field=_path(fault["loc"]), code=fault["type"]) for fault in error.errors()]
    return response(problem(HTTPStatus.UNPROCESSABLE_ENTITY, "fields_invalid", errors=fields))


def refused_by_http(_: Request, error: Exception) -> JSONResponse:
    """Answer what no endpoint takes: an unknown address, a method, a body that never ends."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers) if error.headers else None
    return response(problem(status, http_code(status)), headers)


def http_code(status: int) -> str:
    """Name the refusal of a request that reached no endpoint."""
    return _HTTP_CODES.get(HTTPStatus(status), "http_error")


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document and put its schema into OpenAPI."""
    app.add_exception_handler(MusterError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, refused_by_http)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components = document.setdefault("components", {}).setdefault("schemas", {})
        components.update(schema.pop("$defs", {}))
        components["Problem"] = schema
        for path, operations in document["paths"].items():
            for operation in operations.values() if path not in _ALWAYS_ANSWERED else ():
                always = _ANY_WRITE if "requestBody" in operation else _ANY
                operation["responses"] = {**_as_document(always), **operation["responses"]}
        app.openapi_schema = document
    return app.openapi_schema
