"""The figures of a server process: families of the Prometheus client, and how an answer is counted.

Nothing here tells of anything that is not public: labels are words of `web.kinds` and names of the catalogue,
and only what readers asked for, and got, is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tileserver.origin import Tier
from tileserver.web.access import Line
from tileserver.web.kinds import OTHER, kind_of, tileset_label

_ANSWER = ("kind", "tileset", "zoom", "tier", "status")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0)
_LAG_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_COMBINATIONS = 3000  # of labels, each 14 numbers; beyond them tileset and zoom are no longer told apart
GONE = "gone"  # the status of a request whose client left before there was any

Labels: TypeAlias = tuple[str, str, str, str, str]


class StateGauge(NamedTuple):
    """A gauge by its name, and how the gauges of several processes become one figure.

    ``livesum`` adds them, ``livemax`` takes the largest, ``liveall`` tells them apart by process id.
    """

    name: str
    mode: Literal["livesum", "livemax", "liveall"]
    says: str
    labels: tuple[str, ...] = ()

    def make(self, registry: CollectorRegistry) -> Gauge:
        """Register the gauge."""
        name = f"tileserver_{self.name}"
        return Gauge(name, self.says, self.labels, registry=registry, multiprocess_mode=self.mode)


GAUGES = (
    StateGauge("pool_size", "livesum", "Database connections that there may be.", ("pool",)),
    StateGauge("pool_in_use", "livesum", "Database connections lent.", ("pool",)),
    StateGauge("pool_waiting", "livesum", "Requests that wait for a database connection.", ("pool",)),
    StateGauge("index_age_seconds", "livemax", "Seconds since the catalogue and its index were read."),
    StateGauge("index_behind_seconds", "livemax", "Seconds for which news of the database were not read."),
    StateGauge("database_silent_seconds", "livemax", "Seconds since the database last said what there is."),
    StateGauge("data_age_seconds", "livemax", "Seconds since the newest public day ended.", ("tileset",)),
    StateGauge("layers_missing", "livemax", "Layers that are not served."),
    StateGauge("layers_behind", "livemax", "Layers served as they were before a newer revision."),
    StateGauge("task_failing", "livemax", "1 where a background task fails.", ("task",)),
    StateGauge("clock_wrong", "livemax", "1 where the clock and its witnesses disagree."),
    StateGauge("shelf_wrong", "livemax", "1 where tiles on disk cannot be read or kept."),
    StateGauge("disk_free_bytes", "livemax", "Bytes free on the disk of data or of tiles.", ("of",)),
    StateGauge("shared_wrong", "livemax", "1 where the shared tier is not used, or not written to."),
    StateGauge(
        "ahead_backlog", "livesum", "Public versions still to be rendered ahead, of the plan at work."
    ),
    StateGauge("ahead_done", "livesum", "Public versions of that plan that are on the shelf."),
    StateGauge("ahead_failed", "livesum", "Public versions of that plan that cannot be rendered."),
    StateGauge("imports_held", "livemax", "Imports that wait for the desk."),
    StateGauge("watch_failing", "livemax", "Watched entries of which something fails."),
    StateGauge(
        "watch_well_age_seconds",
        "livemax",
        "Seconds since a look at which nothing failed, of the entry where that was longest ago.",
    ),
    StateGauge("cache_bytes", "livesum", "Bytes that are kept in memory.", ("cache",)),
    StateGauge("connections", "livesum", "Connections of readers."),
    StateGauge("connections_most", "livesum", "Connections of readers that there may be."),
    StateGauge("keys", "livemax", "Keys that are known, revoked ones too."),
    StateGauge("keys_blind", "livemax", "1 where nobody knows which keys were revoked meanwhile."),
    StateGauge("build_info", "livemax", "1 for each version of the program that runs.", ("version",)),
    StateGauge("process_resident_bytes", "liveall", "Memory of each process."),
    StateGauge("process_cpu_seconds", "liveall", "Processor time of each process since its start."),
    StateGauge("process_open_files", "liveall", "Descriptors that each process has open."),
)


class Metrics:
    """Families of one process; several processes of a server share a folder, see `web.exposition`.

    Parameters
    ----------
    names
        Returns the names that a tileset may be told by: theatres and layers of the catalogue.
    registry
        Where the families are registered.
    """

    def __init__(self, names: Callable[[], Collection[str]], registry: CollectorRegistry) -> None:
        self._names = names
        self._seen: set[Labels] = set()
        self.answers = Counter(
            "tileserver_answers", "Answers, from memory before the framework too.", _ANSWER, registry=registry
        )
        self.answer_bytes = Counter(
            "tileserver_answer_bytes", "Bytes of their bodies, as sent.", _ANSWER, registry=registry
        )
        self.answer_seconds = Histogram(
            "tileserver_answer_seconds",
            "Seconds from a request's headers to its answer's end; tier hot is not timed.",
            _ANSWER,
            buckets=_SECONDS,
            registry=registry,
        )
        self.lag = Histogram(
            "tileserver_loop_lag_seconds", "Delay of the event loop.", buckets=_LAG_S, registry=registry
        )
        self.key_requests = Counter(
            "tileserver_key_requests",
            "Requests that showed a key where one counts, by what became of them.",
            ("outcome",),
            registry=registry,
        )
        self._gauges = {each.name: each.make(registry) for each in GAUGES}

    def answered(self, path: str, tier: Tier, status: int, size: int, seconds: float) -> None:
        """Count an answer of *size* bytes that took *seconds*; *status* is 0 where none was sent."""
        labels = self._labels(path, tier, str(status) if status else GONE)
        self.answers.labels(*labels).inc()
        self.answer_bytes.labels(*labels).inc(size)
        self.answer_seconds.labels(*labels).observe(seconds)

    def answered_early(self, lines: Sequence[Line]) -> None:
        """Count answers from before the framework, many at a time."""
        counts: dict[tuple[bytes, int], list[int]] = {}
        for line in lines:
            if line.tier != "hot":
                path = line.target.partition(b"?")[0].decode("latin-1")
                self.answered(path, line.tier, line.status, line.size, line.seconds)
                continue
            count = counts.setdefault((line.target, line.status), [0, 0])
            count[0] += 1
            count[1] += line.size
        for (target, status), (number, size) in counts.items():
            labels = self._labels(target.partition(b"?")[0].decode("latin-1"), "hot", str(status))
            self.answers.labels(*labels).inc(number)
            self.answer_bytes.labels(*labels).inc(size)

    def asked_with_keys(self, outcomes: Mapping[str, int]) -> None:
        """Count requests that showed a key, by outcome."""
        for outcome, number in outcomes.items():
            self.key_requests.labels(outcome).inc(number)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set the gauge *name* of `GAUGES`."""
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def _labels(self, path: str, tier: str, status: str) -> Labels:
        kind, tileset, zoom = kind_of(path)
        labels = kind, tileset_label(tileset, self._names()), zoom, tier, status
        if labels not in self._seen:
            if len(self._seen) >= _COMBINATIONS:
                return kind, OTHER, OTHER, tier, status
            self._seen.add(labels)
        return labels
