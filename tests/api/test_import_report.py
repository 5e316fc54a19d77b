"""What the command line says after an import of roads."""

from api import import_report
from data.osm_import import OsmReport
from data.roads import RoadReport
from gis.islands import Islands

ISLANDS = Islands(
    number=3,
    mainland_km=90.0,
    islands_km=10.0,
    largest_islands_km=(8.8, 1.2),
    no_way_out_km=0.2,
    no_way_in_km=0.0,
)


def roads(*, changed: bool = True, faults: dict[str, int] | None = None) -> RoadReport:
    example = {"subject": "way", "id": 7, "code": "unreadable", "tag": "width", "value": "-1"}
    return RoadReport(
        version=4,
        sha256="00",
        changed=changed,
        nodes=1000,
        edges=1200,
        km=120.0,
        km_by_class={"track": 20.0, "primary": 100.0},
        drivable_km=100.0,
        bridges=1,
        tunnels=2,
        one_ways=3,
        four_wheel_drive_only=4,
        limited=5,
        conditional=6,
        restrictions_taken=2,
        banned_turns=9,
        faults=faults or {},
        fault_examples=[example] * min(10, sum((faults or {}).values())),
        islands=ISLANDS,
    )


def told(of: RoadReport) -> str:
    report = OsmReport(
        roads=of,
        ways=500,
        restrictions_read=3,
        barriers=1,
        county="County",
        areas_made=False,
        layers={"villages": 5},
        base_features={"wood": 2},
        gaps_m={"County": 4422.1},
        broken_outlines=0,
        refused=0,
    )
    return "\n".join(import_report.lines(report))


def test_every_figure_of_the_network_is_told() -> None:
    """Ways, edges, kilometres by class, bridges, tunnels, one-ways, turns, islands: in one look."""
    said = told(roads())
    for part in (
        "500 ways", "1,200 edges", "100.0 primary, 20.0 track", "1 bridges", "2 tunnels", "3 one-way",
        "2 of 3 taken", "9 turns barred", "10.0 km on 2 islands (the largest 8.8 km)", "0.20 km without a way out",
        "5 villages", "gap of 4,422 m", "areas of the store were kept",
    ):  # fmt: skip
        assert part in said


def test_refusals_and_faults_are_named() -> None:
    """With the reason and the id, and the rest as a number."""
    said = told(roads(faults={"relation.conditional": 1, "way.unreadable": 14}))
    assert "refused: 1 conditional" in said
    assert "way 7: unreadable width -1" in said
    assert "… and 5 more" in said


def test_an_import_that_changed_nothing_says_so() -> None:
    """Nobody should wonder whether it worked."""
    assert "nothing was changed" in told(roads(changed=False))
