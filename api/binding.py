"""Pages bound into one PDF with an outline.

PDFium joins the pages but writes no outline, so that is added as an incremental update (ISO 32000-1, 7.5.6): new objects
and a new catalogue behind the end of the file, which itself stays as it is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pypdfium2

_TAIL: Final = 4096
_ROW: Final = 20  # bytes of a line of the cross-reference table
_TRAILER: Final = re.compile(rb"/Root (\d+) 0 R.*?/Size (\d+).*?startxref\s+(\d+)\s+%%EOF", re.DOTALL)
_PAGES: Final = re.compile(rb"/Pages (\d+) 0 R")
_KIDS: Final = re.compile(rb"/Kids\s*\[(.*?)\]", re.DOTALL)
_REFERENCE: Final = re.compile(rb"(\d+) 0 R")


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the outline: words, the page (from 0) that they lead to, and how deep it stands (from 0)."""

    words: str
    page: int
    depth: int


class Binder:
    """Gathers pages, then writes them at once."""

    def __init__(self) -> None:
        self.document = pypdfium2.PdfDocument.new()

    def add(self, pdf: bytes) -> int:
        """Add every page of a document; return how many pages stand before them."""
        before = len(self.document)
        with pypdfium2.PdfDocument(pdf) as source:
            self.document.import_pages(source)
        return before

    def take(self, other: "Binder") -> int:
        """Add every page of another binder, which is closed; return how many pages stand before them."""
        before = len(self.document)
        self.document.import_pages(other.document)
        other.document.close()
        return before

    def __len__(self) -> int:
        return len(self.document)

    def save(self, path: Path, marks: Sequence[Mark], *, title: str, lang: str) -> None:
        """Write the file; `title` is what a reader's window shows."""
        with path.open("w+b") as file:
            self.document.save(file)
            self.document.close()
            _add_outline(file, marks, title, lang)


def _add_outline(file: IO[bytes], marks: Sequence[Mark], title: str, lang: str) -> None:
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    trailer = _TRAILER.search(file.read())
    if trailer is None:  # pragma: no cover  # PDFium always writes one
        raise ValueError("not a PDF as PDFium writes it")
    root, first, table = (int(number) for number in trailer.groups())
    catalogue = _object(file, root, table)
    pages = _page_numbers(file, _PAGES.search(catalogue), table)
    objects = {first: _info(title)}
    outline = first + 1
    objects |= _outline(marks, pages, outline)
    entries = f" /Outlines {outline} 0 R /PageMode /UseOutlines /Lang ({lang})".encode()
    start, end = catalogue.index(b"<<"), catalogue.rindex(b">>")
    objects[root] = catalogue[start:end] + entries + b">>"
    _append(file, objects, root=root, info=first, before=table)


def _object(file: IO[bytes], number: int, table: int) -> bytes:
    """Read an object by the cross-reference table, of which PDFium writes one section from object 0 on."""
    file.seek(table)
    header = file.readline() + file.readline()
    file.seek(table + len(header) + _ROW * number)
    file.seek(int(file.read(10)))
    content = b""
    while b"endobj" not in content:
        block = file.read(1 << 16)
        if not block:  # pragma: no cover  # an object always ends
            break
        content += block
    return content[: content.index(b"endobj")]


def _page_numbers(file: IO[bytes], node: "re.Match[bytes] | None", table: int) -> list[int]:
    """List the objects of the pages in their order, through however many nodes the tree has."""
    if node is None:  # pragma: no cover  # every catalogue has pages
        return []
    number = int(node[1])
    kids = _KIDS.search(_object(file, number, table))
    if kids is None:
        return [number]
    return [page for kid in _REFERENCE.finditer(kids[1]) for page in _page_numbers(file, kid, table)]


def _outline(marks: Sequence[Mark], pages: Sequence[int], root: int) -> dict[int, bytes]:
    """Return the outline's objects by number: the root, then one for each mark."""
    above: list[int] = []  # the last mark at each depth
    parents: list[int] = []
    children: dict[int, list[int]] = {}
    for at, mark in enumerate(marks):
        depth = min(mark.depth, len(above))
        parent = above[depth - 1] if depth else -1
        above[depth:] = [at]
        parents.append(parent)
        children.setdefault(parent, []).append(at)
    number = {-1: root} | {at: root + 1 + at for at in range(len(marks))}
    found = {root: f"<</Type /Outlines{_ends(children.get(-1, []), number)}>>".encode()}
    for at, mark in enumerate(marks):
        same = children[parents[at]]
        place = same.index(at)
        around = "".join(
            f" /{key} {number[same[other]]} 0 R"
            for key, other in (("Prev", place - 1), ("Next", place + 1))
            if 0 <= other < len(same)
        )
        found[number[at]] = (
            f"<</Title {_text(mark.words)} /Parent {number[parents[at]]} 0 R{around}"
            f"{_ends(children.get(at, []), number, open_=mark.depth == 0)} /Dest [{pages[mark.page]} 0 R /Fit]>>"
        ).encode()
    return found


def _ends(inner: Sequence[int], number: dict[int, int], *, open_: bool = True) -> str:
    if not inner:
        return ""
    count = len(inner) if open_ else -len(inner)
    return f" /First {number[inner[0]]} 0 R /Last {number[inner[-1]]} 0 R /Count {count}"


def _info(title: str) -> bytes:
    return f"<</Title {_text(title)} /Producer (Muster)>>".encode()


def _text(words: str) -> str:
    """Write any words as a PDF string; as hexadecimal nothing in them can end it."""
    return f"<FEFF{words.encode('utf-16-be', 'replace').hex().upper()}>"


def _append(file: IO[bytes], objects: dict[int, bytes], *, root: int, info: int, before: int) -> None:
    file.seek(0, 2)
    places: dict[int, int] = {}
    for number, content in sorted(objects.items()):
        places[number] = file.tell()
        file.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
    table = file.tell()
    file.write(b"xref\n")
    for run in _runs(sorted(places)):
        file.write(f"{run[0]} {len(run)}\n".encode())
        file.writelines(f"{places[number]:010} 00000 n\r\n".encode() for number in run)
    file.write(
        f"trailer\n<</Root {root} 0 R /Info {info} 0 R /Size {max(places) + 1} /Prev {before}>>\n"
        f"startxref\n{table}\n%%EOF\n".encode()
    )


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
