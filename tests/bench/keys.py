"""What a key costs: ``DATABASE_URL=... python -m tests.bench.keys PATH [--keys 10000]``.

Microseconds of processor time for a request of a known tile at PATH, from the bytes on the wire to the bytes
of the answer, with a browser's headers: without a key (as the last headers again, and with others each time),
and with a key, by header and in the address, of so many. The kinds take turns, many times; the median counts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from tileserver.config import read_settings
from tileserver.web.app import create_app
from tileserver.web.wire import Wire

_ROUNDS, _REQUESTS = 300, 40  # fewer than may wait on a connection
_SETTLED_S = 5.0  # after the start
_BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36\r\n"
    "Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: uk,en;q=0.8\r\n"
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: empty\r\n"
    "Connection: keep-alive\r\n"
)


class Sink(asyncio.Transport):
    """A transport that keeps the last answer and sends nothing."""

    last = b""

    def write(self, data: Any) -> None:
        """Keep *data*, the bytes of an answer from its beginning."""
        if data[:5] == b"HTTP/":
            self.last = bytes(data)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the address of a client."""
        return ("192.0.2.7", 5) if name == "peername" else default

    def is_closing(self) -> bool:
        """Whether the connection ends: never."""
        return False

    def close(self) -> None:
        """Do nothing."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


async def measure(path: str, count: int) -> None:
    """Print the medians, in microseconds, for *count* keys."""
    app = create_app(read_settings({**os.environ, "TILESERVER_RATE": "0", "TILESERVER_AHEAD": "off"}))
    app.state.gate.access._write = lambda _: None
    async with app.router.lifespan_context(app):
        config = uvicorn.Config(app, log_config=None)
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Fri, 27 Nov 2026 21:33:51 GMT")]
        wire, sink = Wire(config, state, {"gate": app.state.gate}), Sink()
        wire.connection_made(sink)
        shown = _keys(app, count)
        lines = {"known": "", "others each time": "X-Trace: {}\r\n"}
        lines |= {} if not shown else {"key by header": f"X-Trace: {{}}\r\nAuthorization: Bearer {shown}\r\n"}
        asked = {name: request(path, line) for name, line in lines.items()}
        if shown:
            in_it = f"{path}{'&' if '?' in path else '?'}key={shown}"
            asked["key in the address"] = request(in_it, "X-Trace: {}\r\n")
        for each in asked.values():
            for number in range(3):
                sink.last = b""
                wire.data_received(each(number))
                async with asyncio.timeout(20):
                    while not sink.last or wire._is_busy:  # noqa: ASYNC110 - a look at the wire, no event
                        await asyncio.sleep(0.05)
                assert b" 200 OK" in sink.last.split(b"\r\n")[0], sink.last[:300]
        await asyncio.sleep(_SETTLED_S)
        known = app.state.hot.answered
        took: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(_ROUNDS):
            for name, each in asked.items():
                # A beat that is late, or a minute that begins, sends requests through the framework.
                while app.state.follower.pulse.silent_s > 1 or wire._is_busy:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.02)
                data = [each(number) for number in range(_REQUESTS)]
                begun = time.process_time()
                for one in data:
                    wire.data_received(one)
                took[name].append((time.process_time() - begun) / _REQUESTS * 1e6)
                assert b" 200 OK" in sink.last.split(b"\r\n")[0]
                await asyncio.sleep(0.01)  # the server has other things to do
        share = (app.state.hot.answered - known) / (_ROUNDS * _REQUESTS * len(asked))
        print(f"{share:.1%} of the answers came from memory")
        for name, times in took.items():
            print(f"{name:20} {median(times):6.1f} us  (fastest {min(times):.1f})")


def _keys(app: Any, count: int) -> str:
    """Let the server know so many keys, with quotas; return the text of one of them."""
    with suppress(ImportError):
        from tests.web.keys import stored  # noqa: PLC0415 - an older server has none
        from tileserver.store.keys import KeysRead  # noqa: PLC0415
        from tileserver.web.keys_text import make_key  # noqa: PLC0415

        made = [make_key() for _ in range(count)]
        kept = [stored(each, per_minute=10**7, per_month=10**9, created=datetime.now(UTC)) for each in made]
        app.state.gate.keys.take(KeysRead(0, kept, {}), date(2026, 1, 1))
        return made[count // 2].text if made else ""
    return ""


def request(path: str, line: str) -> Callable[[int], bytes]:
    """Return a function that returns the bytes of a request, with *line* filled in."""
    return lambda number: (
        f"GET {path} HTTP/1.1\r\nHost: map.example\r\n{_BROWSER}{line.format(number)}\r\n".encode()
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--keys", type=int, default=10_000)
    given = parser.parse_args()
    asyncio.run(measure(given.path, given.keys))
