"""The demo: the fictional county made ready, and a check that it works from the page to a plan."""

import http.cookiejar
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import uvicorn

from api.context import Context
from api.security import local_administrator, new_password
from api.usecases import accounts, bringing_in

_STARTS_WITHIN_S = 60.0
_PLACE = "990101100201"  # the first village of the first township


def prepare(ctx: Context, progress: Callable[[str, int, int], None]) -> str:
    """Load the county where it is not there yet, and return the administrator's password, new at every start.

    Only its hash is stored, so it cannot be shown again; the demo is nobody's only copy of anything.
    """
    acting = ctx.acting(local_administrator("demo"))
    if not bringing_in.holds_demo_county(acting):
        bringing_in.demo_county(acting, request_id=uuid4(), progress=progress)
    password = accounts.set_up(acting)
    if password is None:
        password = new_password()
        accounts.set_password(
            acting,
            accounts.FIRST_ADMINISTRATOR,
            request_id=uuid4(),
            password=password,
            must_change=False,  # whoever started the demo reads it on the own screen
        )
    return password


def check(application: str, password: str) -> Iterator[str]:
    """Serve on a free port and ask the health address, the map and one plan; yield a line for each that answers.

    Raises RuntimeError for the first that does not.
    """
    config = uvicorn.Config(
        application, factory=True, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=3
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="muster-check")
    thread.start()
    try:
        visitor = Visitor(_address(server, thread))
        yield f"health: {visitor.get('/health')['status']}"
        visitor.sign_in(password)
        yield f"map: {len(visitor.read('/')):,} characters"
        yield f"tile: {len(visitor.read_bytes('/api/v1/tiles/10/827/402.mvt')):,} bytes"
        yield visitor.plan_once()
    finally:
        server.should_exit = True
        thread.join()


def _address(server: uvicorn.Server, thread: threading.Thread) -> str:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}"


class Visitor:
    """A browser without a screen."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._jar = http.cookiejar.CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar)
        ).open
        self._csrf = ""

    @property
    def cookie(self) -> str:
        """The session, as a browser sends it."""
        return "; ".join(f"{one.name}={one.value}" for one in self._jar)

    def read_bytes(self, path: str) -> bytes:
        with self._open(self._address + path, timeout=_STARTS_WITHIN_S) as answer:
            content: bytes = answer.read()
            return content

    def read(self, path: str) -> str:
        return self.read_bytes(path).decode()

    def get(self, path: str) -> Any:
        return json.loads(self.read(path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self._address}/api/v1{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-CSRF-Token": self._csrf},
        )
        with self._open(request, timeout=_STARTS_WITHIN_S) as answer:
            return json.loads(answer.read())

    def sign_in(self, password: str) -> None:
        session = self.post("/session", {"name": accounts.FIRST_ADMINISTRATOR, "password": password})
        self._csrf = session["csrf_token"]

    def plan_once(self) -> str:
        """Report a landslide, plan it, and take it back."""
        report = {"request_id": str(uuid4()), "type": "landslide", "level": 4, "village": _PLACE}
        incident = self.post("/incidents", report)["id"]
        try:
            asked = {"request_id": str(uuid4()), "incidents": [incident]}
            plan = self.post("/plans", asked)["plan"]
        finally:
            self.post(f"/incidents/{incident}/cancel", {"request_id": str(uuid4()), "reason": "demo-check"})
        if not plan["proven"] or not plan["assignments"]:
            raise RuntimeError("the plan is empty or not proven")
        return f"plan: {len(plan['assignments'])} units, {len(plan['shipments'])} carriers, proven"
