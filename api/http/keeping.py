"""Answers that a browser may keep: named by their content, asked for again without being sent again."""

import gzip
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from fastapi import Request, Response

FRESH_S: Final = 300
"""Seconds in which a browser does not ask again."""

UNCHANGED: Final[Mapping[int | str, dict[str, Any]]] = {304: {"description": "Not Modified"}}
"""For `responses`: the browser has it already."""

_NAME_BYTES: Final = 12


def kept(
    request: Request, content: bytes, *, media_type: str, gzipped: bool = False, fresh_s: int = FRESH_S
) -> Response:
    """Answer with content under its own name (ETag), or with 304 where the browser has it.

    gzipped: `content` is packed; it is sent so to whoever takes it so.
    """
    name = f'"{blake2b(content, digest_size=_NAME_BYTES).hexdigest()}"'
    headers = {"Cache-Control": f"private, max-age={fresh_s}", "ETag": name}
    if gzipped:
        headers["Vary"] = "Accept-Encoding"
    if name in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    elif gzipped:
        content = gzip.decompress(content)
    return Response(content, media_type=media_type, headers=headers)
