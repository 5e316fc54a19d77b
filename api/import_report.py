"""What an import of roads brought, in English sentences for the command line."""

from collections.abc import Iterator, Mapping
from typing import Final

from data.osm_import import OsmReport
from data.roads import RoadReport

FAULTS_SHOWN: Final = 10


def lines(report: OsmReport) -> Iterator[str]:
    """Say what an extract brought: roads first, then places and what could not be taken."""
    refused = {
        code.removeprefix("relation."): count
        for code, count in report.roads.faults.items()
        if code.startswith("relation.")
    }
    yield f"{report.county}: {report.ways:,} ways in the file"
    yield from road_lines(report.roads)
    yield (
        f"Turn restrictions: {report.roads.restrictions_taken:,} of {report.restrictions_read:,} taken,"
        f" {report.roads.banned_turns:,} turns barred (barriers included)"
        + (f"; refused: {_counts(refused)}" if refused else "")
    )
    yield f"Rows: {_counts(report.layers)}; base map: {_counts(report.base_features)}"
    if report.refused:
        yield f"{report.refused:,} rows could not be taken"
    if not report.areas_made:
        yield "The areas of the store were kept: they are from another source"
    for name, gap in report.gaps_m.items():
        yield f"Outline of {name}: a gap of {gap:,.0f} m was closed by a straight line"
    yield from fault_lines(report.roads)


def road_lines(roads: RoadReport) -> Iterator[str]:
    """Say what the network is."""
    shape = roads.islands
    known = "" if roads.changed else " (the same as before: nothing was changed)"
    yield f"Network {roads.version}: {roads.nodes:,} nodes, {roads.edges:,} edges, {roads.km:,.0f} km{known}"
    longest_first = sorted(roads.km_by_class.items(), key=lambda item: -item[1])
    yield "Kilometres: " + ", ".join(f"{km:,.1f} {name}" for name, km in longest_first)
    yield (
        f"Edges: {roads.bridges:,} bridges, {roads.tunnels:,} tunnels, {roads.one_ways:,} one-way, {roads.limited:,} with"
        f" limits, {roads.conditional:,} with hours, {roads.four_wheel_drive_only:,} for four-wheel drive only"
    )
    yield (
        f"Open to vehicles: {roads.drivable_km:,.0f} km; {shape.mainland_km:,.0f} km hang together,"
        f" {shape.islands_km:,.1f} km on {max(0, shape.number - 1):,} islands"
        + (f" (the largest {shape.largest_islands_km[0]:,.1f} km)" if shape.largest_islands_km else "")
    )
    if shape.no_way_out_km or shape.no_way_in_km:
        yield f"One-way traps: {shape.no_way_out_km:,.2f} km without a way out, {shape.no_way_in_km:,.2f} km without one in"


def fault_lines(roads: RoadReport) -> Iterator[str]:
    """Name what could not be read, with its id in the source."""
    for fault in roads.fault_examples[:FAULTS_SHOWN]:
        yield f"{fault['subject']} {fault['id']}: {fault['code']} {fault['tag']} {fault['value']}".rstrip()
    more = sum(roads.faults.values()) - FAULTS_SHOWN
    if more > 0:
        yield f"… and {more:,} more: {_counts(roads.faults)}"


def _counts(of: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in of.items()) or "none"
