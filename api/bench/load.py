"""The load of `muster bench web`, in a process of its own: `python -m api.bench.load` reads one question from stdin.

Answers with JSON on stdout. Asks 127.0.0.1 only, over connections that stay open, for a few seconds.
"""

import asyncio
import http.client
import json
import sys
import threading
import time
from typing import Any, Final

HOST: Final = "127.0.0.1"
_TIMEOUT_S: Final = 60.0
_OK: Final = 300


def hammer(*, port: int, cookie: str, paths: list[str], connections: int, seconds: float) -> dict[str, Any]:
    """Read addresses in turn over some connections; give each answer's milliseconds, the bytes and the failures."""
    took: list[float] = []
    failed: list[int] = []
    received: list[int] = []
    ends = time.perf_counter() + seconds

    def ask(offset: int) -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
        number = offset
        while (began := time.perf_counter()) < ends:
            connection.request("GET", paths[number % len(paths)], headers={"Cookie": cookie})
            answer = connection.getresponse()
            received.append(len(answer.read()))
            took.append((time.perf_counter() - began) * 1000)
            if answer.status >= _OK:
                failed.append(answer.status)
            number += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(offset,)) for offset in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "ms": took,
        "seconds": time.perf_counter() - began,
        "bytes": sum(received),
        "failed": len(failed),
    }


def listen(*, port: int, cookie: str, browsers: int, seconds: float) -> dict[str, Any]:
    """Hold event streams open, say "ready" when all are, and give for each journal number when each heard of it."""
    return asyncio.run(_listen(port, cookie, browsers, seconds))


async def _listen(port: int, cookie: str, browsers: int, seconds: float) -> dict[str, Any]:
    heard: dict[str, list[float]] = {}
    opened: list[int] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        await writer.drain()
        number = ""
        try:
            while line := await reader.readline():
                words = line.decode().strip()
                if words.startswith("retry:"):
                    opened.append(1)
                    if len(opened) == browsers:
                        print("ready", flush=True)  # noqa: T201 - the parent waits for it
                elif words.startswith("id:"):
                    number = words[3:].strip()
                elif words.startswith("event: act"):
                    heard.setdefault(number, []).append(time.time())
        finally:
            writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(browsers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {"heard": heard, "opened": len(opened)}


def main() -> None:
    """Do what stdin asks for."""
    asked = json.loads(sys.stdin.readline())
    do = hammer if asked.pop("do") == "hammer" else listen
    print(json.dumps(do(**asked)), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
