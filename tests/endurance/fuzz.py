"""Requests of all shapes against a real server: whatever is sent, it answers, soon, and never with 500."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.endurance.client import Pipe, Reply
from tests.endurance.stage import Stage
from tests.endurance.traffic import slope
from tests.endurance.trial import say

_ROUND = 400  # requests between two looks at the memory
_GROWTH_MB = 40.0
_HANGS_S = 10.0

_text = st.text(st.characters(codec="utf-8"), max_size=12)
_names = st.sampled_from(
    [
        "merrow",
        "merrow.zones",
        "merrow.texts",
        "merrow.battles,merrow.zones",
        "ukraine",
        "ukraine.control",
        "x",
    ]
)
_numbers = st.one_of(
    st.integers(-3, 24), st.integers(-(2**70), 2**70), st.sampled_from(["01", "1e3", "+1", "", "\u0666"])
).map(str)
_dates = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    st.sampled_from(
        ["latest", "..", "../..", "2024-05-12", "2024-05-10/2024-05-20", "9999-12-31", "-1", "a/b"]
    ),
    st.tuples(st.dates(), st.dates()).map(lambda both: f"{both[0]}/{both[1]}"),
    _text,
)
_values = st.one_of(_dates, _numbers, _text)
_pairs = st.tuples(
    st.sampled_from(["datetime", "revision", "known", "kind", "side", "theatre", "q"]), _values
)
_queries: st.SearchStrategy[list[tuple[str, str]]] = st.one_of(st.just([]), st.lists(_pairs, max_size=3))
_tails = st.one_of(_text, st.sampled_from(["timeline", "km2.json", "gains.json", "..", "%2e%2e", ""]))
_addresses = st.tuples(_numbers, _numbers, _numbers)
_PATHS = {
    "/tiles/{n}/{z}/{x}/{y}.mvt": (_names, _addresses, _values, _values),
    "/tiles/{n}/{a}/{z}/{x}/{y}.mvt": (_names, _addresses, _values, _values),
    "/history/{n}/{a}/{z}/{x}/{y}.mvt": (_names, _addresses, _values, _values),
    "/history/{n}/{a}/faces/{z}.json": (_names, _addresses, _values, _values),
    "/changes/{n}/{a}/{b}/{z}/{x}/{y}.mvt": (_names, _addresses, _dates, _dates),
    "/changes/{n}/{a}/{b}.json": (_names, _addresses, _dates, _dates),
    "/tilesets/{n}/{a}": (_names, _addresses, _tails, _values),
    "/tilesets/{n}": (_names, _addresses, _values, _values),
    "/styles/{n}.json": (_names, _addresses, _values, _values),
    "/static/{a}": (_names, _addresses, _tails, _values),
    "/{a}": (
        _names,
        _addresses,
        st.sampled_from(["", "embed", "tilesets", "readyz", "healthz", "x"]),
        _values,
    ),
}
_headers = st.lists(
    st.tuples(
        st.sampled_from(
            ["Accept-Encoding", "If-None-Match", "Available-Dictionary", "Range", "Accept", "X-Forwarded-For",
             "X-Forwarded-Host", "Origin", "Cookie", "Dictionary-ID"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    ),
    max_size=3,
)  # fmt: skip
_methods = st.sampled_from(["GET"] * 12 + ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "BREW"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """The text of a request for a route of the table, well-formed as HTTP."""
    template = draw(st.sampled_from(sorted(_PATHS)))
    name, (z, x, y), a, b = draw(st.tuples(*_PATHS[template]))
    path = template.format(n=_quoted(name), z=z, x=x, y=y, a=_quoted(a), b=_quoted(b))
    query = "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in draw(_queries))
    head = "".join(f"{name}: {value}\r\n" for name, value in draw(_headers))
    target = path.encode("utf-8", "replace").decode("latin-1") + (f"?{query}" if query else "")
    return f"{draw(_methods)} {target} HTTP/1.1\r\nHost: fuzz\r\n{head}\r\n".encode("latin-1")


def _quoted(text: str) -> str:
    keep = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:/+"
    return "".join(chr(byte) if byte in keep else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


@dataclass
class Fuzzing:
    """Requests sent so far, and what was wrong with their answers."""

    port: int
    faults: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    sent: int = 0

    def told(self, memory_mb: float) -> str:
        """How it went so far."""
        return f"{self.sent} requests  {memory_mb:.0f} MB  {dict(self.statuses)}"

    async def send(self, texts: list[bytes]) -> None:
        """Send each text twice, so that the second may be answered before the framework."""
        queue = [*texts]
        await asyncio.gather(*(self._client(queue) for _ in range(16)))

    async def look(self) -> None:
        """See that the server is alive."""
        pipe = Pipe(self.port)
        try:
            if (await pipe.get("/healthz")).status != 200:
                self.faults.append("/healthz is not well")
        except (OSError, TimeoutError) as error:
            self.faults.append(f"/healthz: {error!r}")
        pipe.close()
        await asyncio.sleep(0)

    async def _client(self, queue: list[bytes]) -> None:
        pipe = Pipe(self.port)
        while queue:
            text = queue.pop()
            first, again = await self._reply(pipe, text), await self._reply(pipe, text)
            if first and again and (first.status, again.status) in ((200, 204), (204, 200)):
                self.faults.append(f"{first.status} and then {again.status}: {text[:200]!r}")
        pipe.close()

    async def _reply(self, pipe: Pipe, text: bytes) -> Reply | None:
        self.sent += 1
        try:
            reply = await pipe.send(text)
        except ConnectionError:
            return None  # closed on purpose; whether it lives is asked after every round
        except TimeoutError:
            self.faults.append(f"no answer: {text[:300]!r}")
            return None
        self.statuses[reply.status] += 1
        if reply.status == 500 or reply.seconds > _HANGS_S:
            self.faults.append(f"{reply.status} after {reply.seconds:.1f} s: {text[:300]!r}")
        return reply


def fuzz(stage: Stage, seconds: float) -> list[str]:
    """Send requests for *seconds*, printing a line a minute; return what was wrong."""
    fuzzing, memory, begun, said, number = Fuzzing(stage.port), [stage.memory_mb], time.monotonic(), 0.0, 0
    while (elapsed := time.monotonic() - begun) < seconds and len(fuzzing.faults) < 40:
        asyncio.run(fuzzing.send(_drawn(number)))
        asyncio.run(fuzzing.look())
        memory.append(stage.memory_mb)
        number += 1
        if elapsed >= said:
            said += 60
            say(f"{elapsed / 60:5.1f} min  {fuzzing.told(memory[-1])}")
    if (grown := slope(memory)) > _GROWTH_MB:
        fuzzing.faults.append(f"memory: the last quarter is {grown:.0f} MB above the second")
    say(fuzzing.told(memory[-1]))
    return fuzzing.faults


def _drawn(number: int) -> list[bytes]:
    drawn: list[bytes] = []

    @seed(number)
    @settings(max_examples=_ROUND, phases=[Phase.generate], deadline=None, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(requests())
    def draw(text: bytes) -> None:
        drawn.append(text)

    draw()
    return drawn
