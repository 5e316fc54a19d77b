"""Schemathesis asks every operation of the OpenAPI document for whatever its schema allows, and for what it does not.

No answer may be a failure of the server, and none may have a status, a type or a body that the document does not name.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as HypothesisPhase
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.site import PASSWORD, add_accounts, serving

if TYPE_CHECKING:
    from schemathesis.schemas import APIOperation, BaseSchema

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
AREA = {"type": "Polygon", "coordinates": [[[111.5, 36.5], [111.6, 36.5], [111.6, 36.6], [111.5, 36.5]]]}
"""For each operation, valid and invalid together: a few every day find more than many once."""
AnyCase: TypeAlias = "Case[Any]"
AnyOperation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
UNSENDABLE = (requests.exceptions.InvalidHeader, UnicodeEncodeError)


@pytest.fixture
def county(engine: Engine) -> dict[str, int]:
    """The hand-made county, whose teams have just reported; its ids by name."""
    with engine.begin() as connection:
        made = builders.add_county(worlds.inside(connection, worlds.LIVE))
        builders.add_duties(connection)
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
    add_accounts(engine)
    return made


@pytest.fixture
def address(database: str, county: dict[str, int]) -> Iterator[str]:
    """The whole application; event streams end at once, so that their answers end, too."""
    assert county
    with serving(database, stream_life_s=0.05) as address:
        yield address


class Somebody:
    """A signed-in client; signs in again when an operation has ended its session."""

    def __init__(self, address: str, role: str) -> None:
        self.address, self.role = address, role
        self.session, self.csrf = requests.Session(), ""
        self.sign_in()

    def sign_in(self) -> None:
        answer = self.session.post(
            f"{self.address}/api/v1/session", json={"name": self.role, "password": PASSWORD}, timeout=30
        )
        assert answer.status_code == 201, answer.text
        self.csrf = answer.json()["csrf_token"]

    def ask(self, case: AnyCase) -> bool:
        """Send a case and check its answer; tell whether it was done."""
        try:
            answer = case.call(session=self.session, headers={"X-CSRF-Token": self.csrf}, timeout=30)
        except UNSENDABLE:
            return False  # no client could send it
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code == 401 or (case.method, case.path) == ("DELETE", "/api/v1/session"):
            self.sign_in()
        return bool(answer.status_code < 300)


def scene(somebody: Somebody, county: dict[str, int]) -> dict[str, Any]:
    """Set the county in motion; what stands in paths, by the parameter's name."""

    def post(path: str, **body: Any) -> Any:
        answer = somebody.session.post(
            f"{somebody.address}/api/v1{path}",
            json={"request_id": str(uuid.uuid4()), **body},
            headers={"X-CSRF-Token": somebody.csrf},
            timeout=30,
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    position = list(builders.on_main_road(1))
    incident = post("/incidents", type="landslide", level=4, position=position)["id"]
    confirmed = post("/plans", incidents=[incident])["id"]
    orders = post(f"/plans/{confirmed}/confirm")
    quiet = post("/incidents", type="landslide", level=4, position=position)["id"]
    closure = post("/closures", geometry={"type": "Point", "coordinates": list(builders.on_main_road(9.5))})
    hazard = post("/hazards", geometry=AREA)
    message = post("/messages", body="test")
    call = post("/calls", kind="test", text="叫应测试", position=list(builders.on_main_road(2)))
    return {
        "call_id": call["id"],
        "person": "TOWN",
        "kind": "responsibility",
        "level": "county",
        "code": "FF-05-001",
        "incident_id": quiet,
        "plan_id": post("/plans", incidents=[quiet])["id"],
        "order_id": orders[0]["id"],
        "closure_id": closure["id"],
        "area_id": hazard["id"],
        "message_id": message["id"],
        "vehicle_id": county["excavator"],
        "depot_id": county["depot"],
        "lot_id": county["lot"],
        "team_id": county["far"],
        "layer": "teams",
        "collection": "teams",
        "feature": str(county["far"]),
    }


def asked(operation: AnyOperation, known: dict[str, Any]) -> st.SearchStrategy[AnyCase]:
    """Cases that the schema allows, about what there is where we know it, and cases that it does not."""
    allowed: st.SearchStrategy[AnyCase] = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    names = {parameter.name for parameter in operation.path_parameters}
    if names and names <= known.keys():
        about = {name: known[name] for name in names}
        allowed = (
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=about) | allowed
        )
    if not (operation.path_parameters or operation.query or operation.body):
        return allowed
    return allowed | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def test_no_operation_fails_or_answers_what_it_does_not_declare(address: str, county: dict[str, int]) -> None:
    """The document is the promise: its reader needs no other, whatever is sent."""
    schema: BaseSchema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    somebody = Somebody(address, "administrator")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len(list(schema.get_all_operations())), "a part of the document is unreadable"
    assert len(operations) > 50
    known = scene(somebody, county)
    told: Counter[tuple[str, str]] = Counter()
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[HypothesisPhase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=asked(operation, known))
        def ask(case: AnyCase) -> None:
            if somebody.ask(case):
                told[case.method, case.path] += 1

        ask()
    assert len(told) > len(operations) // 2, "most operations must have done something, too"
