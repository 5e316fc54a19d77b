"""The composition root: the JSON endpoints, the pages, the static files and the headers, in one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from api import http, logs
from api.http.watch import Watch
from api.runtime import running
from api.settings import Settings
from web import acts, away, pages, view
from web.headers import SecurityHeaders

STATIC: Final = Path(__file__).parent / "static"


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its database starts and stops with it.

    FastAPI's own documentation pages load scripts from another host, so they are off; /openapi.json has the document.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with running(app, settings):
            yield {"hub": app.state.hub}  # for the server, which ends the streams when it stops

    logs.shape()
    app = FastAPI(title="Muster", version="0.1.0", docs_url=None, redoc_url=None, lifespan=lifespan)
    http.install(app, away.page)
    app.add_exception_handler(HTTPException, view.refused_by_http)
    modules = pages.modules()
    links = [module.NAVIGATION for module in modules if hasattr(module, "NAVIGATION")]
    app.state.navigation = tuple(sorted(links, key=lambda link: link.place))
    app.state.just_done = acts.just_done
    for module in modules:
        app.include_router(module.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Watch)  # the outermost: it sees every answer as it leaves
    return app


def application() -> FastAPI:
    """Make the application with the settings of the environment, for a server that imports it by name."""
    settings = Settings()
    logs.configure(settings)
    return create_app(settings)
