"""Files of strangers, looked at before any of their content is parsed: what could harm is refused with its name.

Refused: a suffix that is not the content's, what is too large or unpacks to too much (zip bombs), document types and
entities in XML (XXE, billion laughs), macros, links to other files, formulas that reach out of the sheet (DDE,
HYPERLINK, WEBSERVICE …), encrypted workbooks. Sources: OWASP "CSV injection" and "XML external entity prevention";
ECMA-376 part 2 (what is inside a workbook); [MS-CFB] and [MS-XLS] (the old ones).
"""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

MOST_BYTES: Final = 64 << 20
"""Of a file as it arrives."""

_MOST_UNPACKED: Final = 600 << 20
_MOST_RATIO: Final = 250
_RATIO_COUNTS_FROM: Final = 8 << 20  # a small part may well be one blank again and again
_MOST_ENTRIES: Final = 2_000

_ZIP, _OLE, _SQLITE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\x00"
_DOCTYPE: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f\b[^>]*>([^<]*)<")
_REACHING: Final = re.compile(
    rb"\b(?:HYPERLINK|WEBSERVICE|FILTERXML|IMPORTXML|IMPORTDATA|IMPORTHTML|IMPORTRANGE|RTD|CALL|EXEC|REGISTER(?:\.ID)?|DDE)\s*\("
    rb"|\|.*!|\[\d+\]",
    re.IGNORECASE,
)
_FAR_CELL: Final = re.compile(rb"\sr=[\"'](?:[A-Z]{3,}\d|[A-Z]{0,3}(?:[3-9]\d{5}|\d{7,})[\"'])")
_SHAPEFILE_PARTS: Final = frozenset(
    {".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qpj", ".qmd", ".qix", ".xml", ".aih", ".ain"}
)
_BESIDE: Final = (".columns.csv", ".texts.csv")
"""What a Shapefile of ours has beside it (`data.shapefiles`)."""

_MACRO_STORAGES: Final = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA_PROJECT_CUR"))
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_BOUNDSHEET, _SUPBOOK, _FILEPASS, _FORMULA_RECORD = 0x0085, 0x01AE, 0x002F, 0x0006
_OWN_BOOK, _ADD_INS = b"\x01\x04", b"\x01\x3a"
_XLM_SHEET: Final = 1
_BEGIN, _ROW, _BOOL_OR_ERROR, _HIDDEN = 0x0809, 0x0208, 0x0205, 0x20
_OLE_SECTOR_END: Final = 0xFFFFFFFA


class RefusedFileError(Exception):
    """A file that nobody should open: the code of what is wrong, the remedy, and the values that words mention."""

    def __init__(self, code: str, remedy: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy
        self.values = values


def check(path: Path) -> None:
    """Raise RefusedFileError for a file that could harm or that is not what its suffix says."""
    check_size(path.stat().st_size)
    suffix = path.suffix.lower().strip()
    with path.open("rb") as file:
        start = file.read(1024)
    if suffix in {".xlsm", ".xltm", ".xlsb", ".xlam", ".xla", ".xlt"}:
        raise RefusedFileError("file_macros", "save_without_macros", name=suffix)
    if suffix in {".xlsx", ".xls"}:
        _check_workbook(path, start, suffix)
    elif suffix == ".zip":
        _check_shapefile(path, start)
    elif suffix == ".kml":
        _check_xml(path.name, path.read_bytes())
        _must(suffix, present=b"<kml" in path.read_bytes()[:65536])
    elif suffix in {".geojson", ".json"}:
        _must(suffix, present=start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"))
    elif suffix == ".gpkg":
        _must(suffix, present=start.startswith(_SQLITE))
    elif suffix == ".shp":
        _must(suffix, present=start.startswith(b"\x00\x00\x27\x0a"))
    elif suffix in {".csv", ".txt"}:
        _must(suffix, present=not start.startswith((_ZIP, _OLE, _SQLITE)))


def check_size(size: int) -> None:
    """Raise RefusedFileError for more bytes than a file may have."""
    if size > MOST_BYTES:
        raise RefusedFileError(
            "file_too_large", "split_file", mib=f"{size >> 20}", limit=f"{MOST_BYTES >> 20}"
        )


def _must(suffix: str, *, present: bool) -> None:
    if not present:
        raise RefusedFileError("file_kind_wrong", "save_as_named", suffix=suffix)


# ----------------------------------------------------------------------------------------------- workbooks


def _check_workbook(path: Path, start: bytes, suffix: str) -> None:
    if start.startswith(_OLE):
        content = path.read_bytes()
        if _ENCRYPTED_STREAM in content:
            raise RefusedFileError("file_encrypted", "remove_password")
        _must(suffix, present=suffix == ".xls")
        _check_old_workbook(content)
    else:
        _must(suffix, present=start.startswith(_ZIP) and suffix == ".xlsx")
        _check_new_workbook(path)


def _check_new_workbook(path: Path) -> None:
    with _opened(path) as archive:
        names = archive.namelist()
        _must(".xlsx", present="[Content_Types].xml" in names)
        for name in names:
            low = name.lower()
            if "vbaproject" in low or "/macrosheets/" in low or low.endswith(("vbadata.xml", ".bin.rels")):
                raise RefusedFileError("file_macros", "save_without_macros", name=name)
            if "/externallinks/" in low:
                raise RefusedFileError("file_links", "break_links", name=name)
            if "/embeddings/" in low or "/activex/" in low:
                raise RefusedFileError("file_objects", "remove_objects", name=name)
        for name in names:
            if name.lower().endswith((".xml", ".rels", ".vml")):
                content = archive.read(name)
                _check_xml(name, content)
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _check_cells(name, content)
                if name == "[Content_Types].xml" and b"macroEnabled" in content:
                    raise RefusedFileError("file_macros", "save_without_macros", name=name)


def _check_xml(name: str, content: bytes) -> None:
    """Refuse what declares a document type or entities, and spellings that would hide one from this look."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:256]:
        raise RefusedFileError("file_entities", "save_anew", name=name)
    if _DOCTYPE.search(content):
        raise RefusedFileError("file_entities", "save_anew", name=name)


def _check_cells(name: str, content: bytes) -> None:
    if _FAR_CELL.search(content):
        raise RefusedFileError("file_too_wide", "remove_far_cells", name=name)
    for formula in _FORMULA.finditer(content):
        if _REACHING.search(formula[1].replace(b"&quot;", b'"').replace(b"&amp;", b"&")):
            said = formula[1].decode("utf-8", "replace")[:80]
            raise RefusedFileError("file_formula", "remove_formula", value=said)


def _opened(path: Path) -> zipfile.ZipFile:
    """Open an archive whose parts, as it states them and as they unpack, stay within bounds."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise RefusedFileError(
            "file_unreadable", "give_readable_file", detail=type(error).__name__
        ) from error
    try:
        _check_sizes(archive)
    except BaseException:
        archive.close()
        raise
    return archive


def _check_sizes(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > _MOST_ENTRIES:
        raise RefusedFileError("file_bomb", "save_anew", name=f"{len(parts)}")
    left = _MOST_UNPACKED
    for part in parts:
        if part.flag_bits & 0x1:
            raise RefusedFileError("file_encrypted", "remove_password")
        left -= part.file_size
        dense = part.file_size > _RATIO_COUNTS_FROM and part.file_size > _MOST_RATIO * max(
            1, part.compress_size
        )
        if left < 0 or dense:
            raise RefusedFileError("file_bomb", "save_anew", name=part.filename)
        if PurePosixPath(part.filename).is_absolute() or ".." in PurePosixPath(part.filename).parts:
            raise RefusedFileError("file_unreadable", "give_readable_file", detail=part.filename)


def _check_shapefile(path: Path, start: bytes) -> None:
    _must(".zip", present=start.startswith(_ZIP))
    with _opened(path) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        strange = [
            name
            for name in files
            if PurePosixPath(name).suffix.lower() not in _SHAPEFILE_PARTS and not name.endswith(_BESIDE)
        ]
        if strange:
            raise RefusedFileError("file_kind_wrong", "save_as_named", suffix=strange[0])


# ----------------------------------------------------------------------------------------------- old workbooks


def _check_old_workbook(content: bytes) -> None:
    if any(storage in content for storage in _MACRO_STORAGES):
        raise RefusedFileError("file_macros", "save_without_macros", name="VBA")
    for kind, data in _records(_workbook_stream(content)):
        if kind == _FILEPASS:
            raise RefusedFileError("file_encrypted", "remove_password")
        if kind == _BOUNDSHEET and len(data) > 5 and data[5] & 0x0F == _XLM_SHEET:  # noqa: PLR2004 - [MS-XLS] 2.4.28
            raise RefusedFileError("file_macros", "save_without_macros", name="XLM")
        if kind == _SUPBOOK and data[2:4] not in {_OWN_BOOK, _ADD_INS}:
            raise RefusedFileError("file_links", "break_links", name="SUPBOOK")
        if kind == _FORMULA_RECORD and _calls_out(data):
            raise RefusedFileError("file_formula", "remove_formula", value="HYPERLINK")


def unseen_in_old_workbook(content: bytes) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """Return for each sheet of an old workbook its hidden rows and the cells of failed formulas, all from 0.

    [MS-XLS] 2.4.221 (Row), 2.4.127 (Formula), 2.4.24 (BoolErr). The first part of the stream is no sheet.
    """
    sheets: list[tuple[list[int], list[tuple[int, int]]]] = []
    for kind, data in _records(_workbook_stream(content)):
        if kind == _BEGIN:
            sheets.append(([], []))
        elif kind == _ROW and sheets and len(data) >= 16 and data[12] & _HIDDEN:  # noqa: PLR2004 - its length
            sheets[-1][0].append(struct.unpack_from("<H", data)[0])
        elif sheets and (
            (kind == _BOOL_OR_ERROR and data[7:8] == b"\x01")
            or (kind == _FORMULA_RECORD and data[12:14] == b"\xff\xff" and data[6:7] == b"\x02")
        ):
            sheets[-1][1].append(struct.unpack_from("<HH", data))
    return sheets[1:]


def _calls_out(data: bytes) -> bool:
    """Whether a formula's tokens hold a call of HYPERLINK (function 359, [MS-XLS] 2.5.198.17; tFuncVar 22/42/62)."""
    return any(
        data[place - 2] in {0x22, 0x42, 0x62}
        for place in range(24, len(data) - 1)
        if data[place : place + 2] == b"\x67\x01"
    )


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


def _workbook_stream(content: bytes) -> bytes:
    """Return the stream Workbook of a compound file. Raises RefusedFileError for one that is broken."""
    try:
        return _read_stream(content)
    except (struct.error, IndexError, ValueError) as error:
        raise RefusedFileError("file_unreadable", "give_readable_file", detail="OLE") from error


def _read_stream(content: bytes) -> bytes:
    sector = 1 << struct.unpack_from("<H", content, 30)[0]
    if sector not in {512, 4096}:
        raise ValueError("sector size")
    directory_start = struct.unpack_from("<I", content, 48)[0]
    mini_cutoff, mini_start = struct.unpack_from("<II", content, 56)
    table = _allocation(content, sector)
    directory = _chain(content, sector, table, directory_start)
    root_start, found = None, None
    for place in range(0, len(directory) - 127, 128):
        length = struct.unpack_from("<H", directory, place + 64)[0]
        name = directory[place : place + max(0, min(64, length) - 2)].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<II", directory, place + 116)
        if directory[place + 66] == 5:  # noqa: PLR2004 - the root storage
            root_start = start
        elif name in {"Workbook", "Book"} and directory[place + 66] == 2:  # noqa: PLR2004 - a stream
            found = (start, size)
    if found is None:
        raise ValueError("no workbook")
    start, size = found
    if size >= mini_cutoff or root_start is None:
        return _chain(content, sector, table, start)[:size]
    minis = _chain(content, sector, table, mini_start)
    mini_table = struct.unpack(f"<{len(minis) // 4}I", minis[: len(minis) // 4 * 4])
    return _chain(_chain(content, sector, table, root_start), 64, mini_table, start, header=0)[:size]


def _allocation(content: bytes, sector: int) -> tuple[int, ...]:
    """Return the allocation table: for each sector the next one of its chain."""
    blocks = [block for block in struct.unpack_from("<109I", content, 76) if block < _OLE_SECTOR_END]
    more, count = struct.unpack_from("<II", content, 68)
    for _ in range(min(count, len(content) // sector)):
        if more >= _OLE_SECTOR_END:
            break
        entries = struct.unpack_from(f"<{sector // 4}I", content, (more + 1) * sector)
        blocks += [block for block in entries[:-1] if block < _OLE_SECTOR_END]
        more = entries[-1]
    joined = b"".join(content[(block + 1) * sector : (block + 2) * sector] for block in blocks)
    return struct.unpack(f"<{len(joined) // 4}I", joined[: len(joined) // 4 * 4])


def _chain(content: bytes, sector: int, table: tuple[int, ...], start: int, *, header: int = 1) -> bytes:
    parts, seen = io.BytesIO(), 0
    while start < _OLE_SECTOR_END:
        parts.write(content[(start + header) * sector : (start + header + 1) * sector])
        start, seen = table[start], seen + 1
        if seen > len(table):
            raise ValueError("a chain that never ends")
    return parts.getvalue()
