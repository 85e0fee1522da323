"""What a server shows of itself: over all its processes, at a port of its own, bounded, and nothing early."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.conftest import free_port, serving, settings_for
from tests.web.wires import Line, listening
from tileserver.config import read_settings
from tileserver.errors import BadParameter
from tileserver.setting_values import Endpoint
from tileserver.web.app import create_app
from tileserver.web.exposition import AllProcesses, exposing
from tileserver.web.keys_text import make_key
from tileserver.web.kinds import KINDS, OTHER, kind_of, tileset_label
from tileserver.web.metrics import GAUGES, Metrics

TILE = "/tiles/western-front.control/6/32/22.mvt"
DATED = f"{TILE}?datetime=1944-08-25"

Figures = dict[str, list[tuple[dict[str, str], float]]]


def _figures(port: int) -> Figures:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _sum(figures: Figures, name: str, **labels: str) -> float:
    return sum(value for have, value in figures.get(name, []) if labels.items() <= have.items())


def _within(seconds: float, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _size(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return len(answer.read())
    except urllib.error.HTTPError as error:
        return -error.code


@pytest.fixture(scope="module")
def watched(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The address of a server of two processes, and the port of its figures."""
    port, shelf = free_port(), str(tmp_path_factory.mktemp("shelf"))
    with serving(sample_database, WORKERS="2", TILESERVER_METRICS=str(port), TILESERVER_SHELF=shelf) as url:
        yield url, port


@pytest.mark.db
def test_answers_of_all_processes_are_counted_by_kind_tileset_zoom_tier_and_status(
    watched: tuple[str, int],
) -> None:
    url, port = watched
    sizes = []
    for _ in range(40):  # each on a connection of its own, so that both processes answer
        with Line(int(url.rpartition(":")[2])) as line:
            sizes.append(len(line.ask(DATED).body))
    assert _size(f"{url}/tiles/western-front.control/99/0/0.mvt") == -404
    assert _size(f"{url}/tiles/nowhere.else/6/32/22.mvt") == -404
    own = {"kind": "tile", "tileset": "western-front.control", "zoom": "6"}
    _within(5, lambda: _sum(_figures(port), "tileserver_answers_total", **own) == 40)
    figures = _figures(port)
    answers = figures["tileserver_answers_total"]
    tiers = {labels["tier"]: number for labels, number in answers if own.items() <= labels.items()}
    assert {"postgis", "hot"} <= set(tiers) <= {"postgis", "hot", "memory"}
    assert 1 <= tiers["postgis"] <= 2  # once a process
    assert _sum(figures, "tileserver_answer_bytes_total", **own) == sum(sizes)
    assert _sum(figures, "tileserver_answer_seconds_count", **own) == 40 - tiers["hot"]
    assert _sum(figures, "tileserver_answers_total", zoom=OTHER, status="404") == 1
    assert _sum(figures, "tileserver_answers_total", tileset=OTHER, status="404") == 1
    assert "nowhere" not in str(answers)


@pytest.mark.db
def test_a_server_of_one_process_counts_as_well(sample_database: str) -> None:
    port = free_port()
    with serving(sample_database, WORKERS="1", TILESERVER_METRICS=str(port)) as url:
        assert _size(f"{url}/tiles/nowhere.else/6/32/22.mvt") == -404
        _within(5, lambda: _sum(_figures(port), "tileserver_answers_total", kind="tile", status="404") == 1)


@pytest.mark.db
def test_requests_with_keys_are_counted_by_outcome_and_no_key_is_named(watched: tuple[str, int]) -> None:
    url, port = watched
    made = make_key()
    with Line(int(url.rpartition(":")[2])) as line:
        for show in ({"X-Api-Key": made.text}, {"X-Api-Key": made.text}, {"Authorization": made.text}):
            assert line.ask(DATED, show).status in (400, 401)
    counted = {"unknown": 2, "misspelt": 1}

    def found() -> dict[str, float]:
        shown = _figures(port).get("tileserver_key_requests_total", [])
        return {labels["outcome"]: number for labels, number in shown}

    _within(15, lambda: found() == counted)
    figures = _figures(port)
    assert (_sum(figures, "tileserver_keys"), _sum(figures, "tileserver_keys_blind")) == (0, 0)
    assert made.id not in str(figures)


@pytest.mark.db
def test_states_are_those_of_the_processes_that_live(watched: tuple[str, int]) -> None:
    url, port = watched
    assert _size(url + DATED) > 0

    def processes() -> set[int]:
        return {int(labels["pid"]) for labels, _ in _figures(port)["tileserver_process_resident_bytes"]}

    _within(5, lambda: len(processes()) == 2)
    before = _sum(_figures(port), "tileserver_answers_total", tileset="western-front.control")
    ended = min(processes())
    os.kill(ended, signal.SIGKILL)
    _within(15, lambda: ended not in processes() and len(processes()) == 2)
    _within(15, lambda: _sum(_figures(port), "tileserver_pool_size", pool="readers") == 16)
    assert _sum(_figures(port), "tileserver_answers_total", tileset="western-front.control") >= before


@pytest.mark.db
def test_the_file_of_a_process_that_has_just_begun_has_no_figures_and_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "counter_1.db").touch()
    assert list(AllProcesses(tmp_path).collect()) == []
    (tmp_path / "counter_2.db").write_bytes(bytes(1 << 20))  # it has its room, and has counted nothing
    assert list(AllProcesses(tmp_path).collect()) == []


def test_every_family_is_shown_after_a_few_requests_and_the_readers_port_has_none(
    watched: tuple[str, int],
) -> None:
    url, port = watched
    assert _size(url + DATED) > 0
    with Line(int(url.rpartition(":")[2])) as line:
        assert line.ask(DATED, {"X-Api-Key": make_key().text}).status == 401
    assert _size(f"{url}/metrics") == -404
    declared = CollectorRegistry()
    Metrics(frozenset, declared)
    wanted = {family.name for family in declared.collect()}
    assert wanted >= {f"tileserver_{each.name}" for each in GAUGES}

    def shown() -> set[str]:
        names = set(_figures(port))
        return {each for each in wanted if names & {each, f"{each}_total", f"{each}_count"}}

    _within(10, lambda: shown() == wanted)


@pytest.mark.db
def test_hot_answers_and_heads_are_counted_once_written(
    sample_database: str, clock: Callable[[], datetime]
) -> None:
    app = create_app(settings_for(sample_database, TILESERVER_METRICS="9464"), clock)
    with listening(app) as port, Line(port) as line:
        line.ask("/readyz")  # before it the catalogue may not be followed yet, and nothing is kept
        whole = len(line.ask(DATED).body)
        line.ask(DATED)
        line.ask(DATED, method="HEAD")
    registry: CollectorRegistry = app.state.observing.registry
    own = {"kind": "tile", "tileset": "western-front.control", "zoom": "6", "tier": "hot", "status": "200"}
    assert registry.get_sample_value("tileserver_answers_total", own) == 2
    assert registry.get_sample_value("tileserver_answer_bytes_total", own) == whole


@pytest.mark.db
def test_nothing_is_measured_unless_asked_for(sample_client: TestClient) -> None:
    answer = sample_client.get(DATED)
    assert "server-timing" not in answer.headers
    assert not sample_client.app.state.observing.measuring  # type: ignore[attr-defined]


@pytest.mark.db
def test_server_timing_says_tier_and_milliseconds_of_what_is_made_anew_and_nothing_else(
    sample_database: str, clock: Callable[[], datetime]
) -> None:
    app = create_app(settings_for(sample_database, TILESERVER_SERVER_TIMING="on"), clock)
    with listening(app) as port, Line(port) as line:
        line.ask("/readyz")
        first, again = line.ask(DATED), line.ask(DATED)
        health = line.ask("/healthz")
    tier, _, ms = first.header("server-timing").partition(";dur=")
    assert tier == "postgis"
    assert float(ms) > 0
    assert again.header("server-timing") == ""  # from before the framework
    assert health.header("server-timing").startswith("memory;dur=")


@pytest.mark.parametrize(
    ("path", "kind", "tileset", "zoom"),
    [
        (TILE, "tile", "western-front.control", "6"),
        ("/tiles/a/v1/6/1/2.mvt", "version", "a", "6"),
        ("/tiles/a/sixth/1/2.mvt", "tile", "a", OTHER),
        ("/tiles/a/\u0666/1/2.mvt", "tile", "a", OTHER),
        ("/history/a/p/14/1/2.mvt", "history", "a", "14"),
        ("/history/a/p/faces/13.json", "faces", "a", ""),
        ("/changes/a/x/y/0/0/0.mvt", "change", "a", "0"),
        ("/changes/a/x/y.json", "totals", "a", ""),
        ("/tilesets/a/km2.csv", "km2", "a", ""),
        ("/tilesets/a/other", OTHER, "", ""),
        ("/styles/a.json", "style", "a", ""),
        ("/", "page", "", ""),
        ("/embed", "page", "", ""),
        ("/static/x/y.js", "static", "", ""),
        ("/" + "x" * 600, OTHER, "", ""),
        ("", "page", "", ""),
    ],
)
def test_a_request_is_of_one_kind(path: str, kind: str, tileset: str, zoom: str) -> None:
    assert kind_of(path) == (kind, tileset, zoom)
    assert kind in KINDS


def test_a_tileset_is_named_only_if_it_is_one() -> None:
    names = {"a", "a.b", "a.c"}
    asked = ("a.b", "a.b,a.c", "a.b,secret", "secret", "")
    assert [tileset_label(each, names) for each in asked] == ["a.b", "several", OTHER, OTHER, ""]


def test_labels_stay_bounded_whoever_asks_for_what() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(lambda: {f"t{number}" for number in range(400)}, registry)
    for number in range(400):
        for zoom in range(10):
            metrics.answered(f"/tiles/t{number}/{zoom}/0/0.mvt", "memory", 200, 1, 0.001)
    series = [
        s for family in registry.collect() for s in family.samples if s.name == "tileserver_answers_total"
    ]
    assert len(series) == 3001
    assert sum(sample.value for sample in series) == 4_000


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [("", None), ("9464", Endpoint("127.0.0.1", 9464)), ("[::1]:9464", Endpoint("::1", 9464))],
)
def test_where_figures_are_shown_is_nowhere_or_an_address(text: str, endpoint: Endpoint | None) -> None:
    assert read_settings({"TILESERVER_METRICS": text}).metrics == endpoint


@pytest.mark.parametrize("text", ["on", "localhost", "1:", "70000"])
def test_where_figures_are_shown_has_to_have_a_port(text: str) -> None:
    with pytest.raises(BadParameter, match="TILESERVER_METRICS"):
        read_settings({"TILESERVER_METRICS": text})


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = Endpoint("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(BadParameter, match="cannot show metrics"), exposing(endpoint):
            pass
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    Metrics(frozenset, CollectorRegistry())  # which counts in memory again, and not in a folder that is gone
