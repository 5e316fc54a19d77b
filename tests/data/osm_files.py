"""OSM files in a few words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

Tags = Mapping[str, str]
Members = Sequence[tuple[str, int, str]]


def write_osm(
    folder: Path,
    nodes: Mapping[int, tuple[Any, ...]],
    ways: Mapping[int, tuple[Sequence[int], Tags]],
    relations: Mapping[int, tuple[Members, Tags]] | None = None,
    *,
    name: str = "small.osm",
) -> Path:
    """Write nodes (lon, lat and tags), ways (node ids, tags) and relations ((type, id, role) …, tags) as OSM XML."""
    root = ET.Element("osm", version="0.6")
    for node, (lon, lat, *tags) in nodes.items():
        _tag(ET.SubElement(root, "node", id=str(node), version="1", lon=str(lon), lat=str(lat)), *tags)
    for way, (chain, way_tags) in ways.items():
        element = ET.SubElement(root, "way", id=str(way), version="1")
        for ref in chain:
            ET.SubElement(element, "nd", ref=str(ref))
        _tag(element, way_tags)
    for relation, (members, relation_tags) in (relations or {}).items():
        element = ET.SubElement(root, "relation", id=str(relation), version="1")
        for kind, ref, role in members:
            ET.SubElement(element, "member", type=kind, ref=str(ref), role=role)
        _tag(element, relation_tags)
    path = folder / name
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _tag(element: ET.Element, tags: Tags | None = None) -> None:
    for key, value in (tags or {}).items():
        ET.SubElement(element, "tag", k=key, v=value)
