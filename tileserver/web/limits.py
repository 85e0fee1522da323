"""How much work one address may ask for: a bucket of milliseconds that fills as time goes by.

The unit is a processor's millisecond, of Python and PostgreSQL together, as measured for each kind of request
at its dearest. It is taken when a request begins, and given back where memory had the answer; answers that
`web.hot` gives cost too little to be counted.

Of the libraries looked at, `limits` and `aiolimiter` have neither such giving back nor a bound on the
addresses they remember, and `pyrate-limiter` keeps an item for each unit of weight.
"""

from __future__ import annotations

import re
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tileserver.errors import TooManyAtOnce

WARM_MS = 1.0  # an answer from memory, through the framework
_BURST_S = 60.0  # of filling, that may be used up at once
_ADDRESSES = 20_000  # remembered; who has not asked for longest is forgotten, and has a full bucket
_STILL_MS, _STILL_SIZE = 600.0, (1200, 630)  # of a picture, as social networks show it
_MOVING_MS, _MOVING_SIZE = 20_000.0, (800, 600)  # of an animation of many days
_LARGEST = 12.0  # times that size: more is refused before anything is drawn
_PIXELS = re.compile(rb"(?:^|&)(width|height|scale)=([0-9]{1,4})(?=&|\Z)")


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
        costly = path.endswith((b"/timeline", b"/places", b"/events.json", b"/changed"))
        return 200.0 if costly else 120.0 if b"/km2." in path else 5.0
    if path.startswith(b"/pictures/"):
        return _picture_cost(query, is_moving=path.endswith((b".gif", b".webp")))
    return WARM_MS


def _picture_cost(query: bytes, *, is_moving: bool) -> float:
    """Return the cost of a picture of the size in *query*: by pixels, and a small one half a usual one's."""
    usual = _MOVING_SIZE if is_moving else _STILL_SIZE
    asked = {name: int(number) for name, number in _PIXELS.findall(unquote_to_bytes(query))}
    width, height = asked.get(b"width", usual[0]), asked.get(b"height", usual[1])
    share = width * height * asked.get(b"scale", 1) ** 2 / (usual[0] * usual[1])
    return (_MOVING_MS if is_moving else _STILL_MS) * min(max(share, 0.5), _LARGEST)


class Shares:
    """Costly work under way, waiting or begun, by address: *most* at once for each.

    All addresses that are not counted, this machine and proxies that name nobody, have *uncounted* together.
    """

    def __init__(self, most: int, uncounted: int) -> None:
        self._most, self._uncounted = most, uncounted
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def of(self, payer: str) -> Iterator[None]:
        """Count work for *payer*, '' for the uncounted; `TooManyAtOnce` where as much is under way."""
        most = self._most if payer else self._uncounted
        if self._under_way[payer] >= most:
            raise TooManyAtOnce(f"{most} at once is the most for one address; ask again when one is done")
        self._under_way[payer] += 1
        try:
            yield
        finally:
            self._under_way[payer] -= 1
            if not self._under_way[payer]:
                del self._under_way[payer]


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

    def settle(self, cost: float = WARM_MS) -> None:
        """Give back all but *cost*: by default memory had the answer."""
        self.allowances.give_back(self.payer, max(self.cost - cost, 0.0))
        self.cost = min(self.cost, cost)
