"""One application worker: a process of its own behind a listening socket that its owner holds.

`python -m api.worker FD` serves the socket with that number. Its standard input is a line to the owner. When the owner
dies, whichever way, the line ends and the worker with it, so that nothing holds the port at the next start. Once a second
the worker's event loop says on it that it goes on: an owner that hears nothing for long puts another in its place.
"""

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Final

import uvicorn

APPLICATION: Final = "web.app:application"
FINISH_S: Final = 20
"""How long running requests may take to finish when the server stops: a plan's time limit and some more."""
_HEADER_BYTES: Final = 32 * 1024
_KEEP_ALIVE_S: Final = 30


class Server(uvicorn.Server):
    """Ends event streams first when it stops: they would last, while running acts finish within seconds."""

    owner: socket.socket | None = None

    async def on_tick(self, counter: int) -> bool:
        """Tell the owner, if there is one, that requests are being answered; ten ticks are a second."""
        if self.owner is not None and counter % 10 == 0:
            with suppress(OSError):  # it has enough unread, or is gone
                self.owner.send(b".", socket.MSG_DONTWAIT)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let streams go, finish what runs."""
        hub = self.lifespan.state.get("hub")
        if hub is not None:
            hub.end()
        await super().shutdown(sockets)


def serve(door: socket.socket) -> None:
    """Serve the application of the environment until a signal, or the owner, ends it."""
    server(APPLICATION).run(sockets=[door])


def server(application: Any, **values: Any) -> Server:
    """Make a server with the limits that hold wherever the application is served."""
    config = uvicorn.Config(
        application,
        factory=isinstance(application, str),
        log_config=None,  # the application leads every line where its settings say (api.logs)
        access_log=False,
        timeout_graceful_shutdown=FINISH_S,
        timeout_keep_alive=_KEEP_ALIVE_S,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        **values,
    )
    return Server(config)


def main() -> None:
    """Run as one of several workers."""
    made = server(APPLICATION)
    with (
        socket.socket(fileno=int(sys.argv[1])) as door,
        socket.socket(fileno=os.dup(sys.stdin.fileno())) as owner,
    ):
        made.owner = owner
        threading.Thread(
            target=_end_with_the_owner, args=(made, owner), name="owner-watch", daemon=True
        ).start()
        made.run(sockets=[door])


def _end_with_the_owner(made: Server, owner: socket.socket) -> None:
    with suppress(OSError):  # a line that breaks is one that ended
        while owner.recv(1):
            pass
    made.should_exit = True
    time.sleep(FINISH_S + 5)
    os._exit(1)  # something does not end; the port must be free


if __name__ == "__main__":
    main()
