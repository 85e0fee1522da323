"""How much work one address may ask for: a bucket of milliseconds that fills as time goes by.

The unit is a processor's millisecond, of Python and PostgreSQL together, as measured for each kind of request
at its dearest. It is taken when a request begins, and given back where memory had the answer; answers that
`web.hot` gives cost too little to be counted.

Of the libraries looked at, `limits` and `aiolimiter` have neither such giving back nor a bound on the
addresses they remember, and `pyrate-limiter` keeps an item for each unit of weight.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

WARM_MS = 1.0  # an answer from memory, through the framework
_BURST_S = 60.0  # of filling, that may be used up at once
_ADDRESSES = 20_000  # remembered; who has not asked for longest is forgotten, and has a full bucket


def cost_of(target: bytes) -> float:
    """Return the milliseconds that an answer to *target*, the bytes of path and query, takes at most."""
    path, _, query = target.partition(b"?")
    if path.startswith(b"/tiles/"):
        return 30.0 if b"/" in query or b"%2" in query else 8.0
    if path.startswith(b"/changes/"):
        return 500.0 if path.endswith(b".json") else 70.0
    if path.startswith(b"/history/"):
        return 60.0 if path.endswith(b".json") else 20.0
    if path.startswith(b"/tilesets/"):
        costly = path.endswith((b"/timeline", b"/places", b"/events.json"))
        return 200.0 if costly else 120.0 if b"/km2." in path else 5.0
    if path.startswith(b"/pictures/"):
        return 20_000.0 if path.endswith((b".gif", b".webp")) else 600.0
    return WARM_MS


@dataclass(slots=True)
class Bucket:
    """Milliseconds left at an instant: seconds of `time.monotonic`, a clock that no time zone moves."""

    left: float
    at: float


class Allowances:
    """The buckets of all addresses; each fills with *rate* milliseconds a second, 0 for no limit."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._room = rate * _BURST_S
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, cost: float) -> float:
        """Take *cost* out of the bucket of *address*; else return the seconds until there is enough.

        A cost of more than a bucket holds is taken from a full one.
        """
        if not self._rate or not address:
            return 0.0
        bucket, now = self._bucket(address), time.monotonic()
        bucket.left = min(self._room, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        lacking = min(cost, self._room) - bucket.left
        if lacking > 0:
            return lacking / self._rate
        bucket.left -= cost
        return 0.0

    def give_back(self, address: str, cost: float) -> None:
        """Put *cost* back, which was taken and not needed."""
        if (bucket := self._buckets.get(address)) is not None:
            bucket.left += cost

    def _bucket(self, address: str) -> Bucket:
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._room, time.monotonic())
            if len(self._buckets) > _ADDRESSES:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(address)
        return bucket


@dataclass(slots=True)
class Bill:
    """Milliseconds taken from the bucket of *payer* for a request, until its cost is known.

    Its kind is told by the bytes of its address, before any work.
    """

    allowances: Allowances
    payer: str
    cost: float

    def settle(self) -> None:
        """Give back all but `WARM_MS`: memory had the answer."""
        self.allowances.give_back(self.payer, max(self.cost - WARM_MS, 0.0))
        self.cost = WARM_MS
