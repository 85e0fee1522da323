"""Sessions are the same for the same seed, Zipf-shaped, and leave to the origin what the formula says."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from tests.endurance.carried import Cost, Counts, carried, fetched, origin_rate
from tests.endurance.sessions import ARTICLES, KINDS, PLACES, Period, Readers, Scene, popularity, told_apart
from tests.endurance.simulate import kept_seconds

NEWEST = date(2023, 2, 9)
SCENE = Scene(
    "ukraine",
    date(2023, 1, 1),
    NEWEST,
    [
        Period("2023-01", date(2023, 1, 1), date(2023, 1, 31)),
        Period("2023-02-open", date(2023, 2, 1), NEWEST),
    ],
    [(20 + number / 4, 48.0) for number in range(max(PLACES, ARTICLES))],
    [f"/static/assets/{number}.js" for number in range(17)],
)
READERS = Readers(SCENE)
COST = Cost(first_s=0.01, again_s=0.001, first_database_s=0.002, first_statements=3.0)


def test_the_same_seed_asks_the_same_and_another_one_something_else() -> None:
    assert popularity(READERS, 50) == popularity(READERS, 50) != popularity(READERS, 50, seed=2)


def test_a_browser_asks_for_nothing_twice_and_for_no_day_that_is_not_told() -> None:
    chance, days = random.Random(1), {str(SCENE.first + timedelta(days=each)) for each in range(40)}
    for _ in range(200):
        asks = list(READERS.session(chance))
        assert len({(each.kind, each.path, each.span) for each in asks}) == len(asks) > 0
        for ask in asks:
            assert all(day in days for day in ask.path.split("datetime=")[1:] if len(day) == 10)
            assert len({each.address for each in asks}) == 1


def test_the_article_of_each_rank_is_opened_as_often_as_its_weight_says() -> None:
    chance, opened = random.Random(1), Counter[str]()
    for _ in range(2_000):
        opened.update(each.path for each in READERS.session(chance) if each.path.startswith("/embed?"))
    newest = opened["/embed?theatre=ukraine"]  # of ranks 1, 4, 7 and so on
    weights = [1 / rank**1.1 for rank in range(1, ARTICLES + 1)]
    assert newest / opened.total() == pytest.approx(sum(weights[::3]) / sum(weights), abs=0.03)


def test_every_kind_of_address_is_asked_for_and_shares_are_whole() -> None:
    counts = popularity(READERS, 300)
    kinds = {kind for kind, _ in counts}
    assert {"dated", "immutable", "history", "open history", "change", "document", "picture", "page"} < kinds
    assert sum(share for share, _ in KINDS.values()) == pytest.approx(1)


def test_spellings_of_one_coding_and_one_language_are_one_page() -> None:
    ask = next(each for each in READERS.session(random.Random(3)) if each.kind == "page")
    spelled = [("gzip, deflate, br, zstd", "en-US,en;q=0.9"), ("gzip, deflate, br", "en-GB,en;q=0.8")]
    assert len({told_apart(ask._replace(coding=coding, tongue=tongue)) for coding, tongue in spelled}) == 1
    assert told_apart(ask._replace(coding="gzip")) != told_apart(ask._replace(coding="br"))


@pytest.mark.parametrize("seconds", [1.0, 20.0])
def test_the_origin_has_what_a_cache_that_forgets_leaves_to_it(seconds: float) -> None:
    counts = Counter({f"a{rank}": 1000 // rank for rank in range(1, 200)})
    rate, long, chance = 50.0, 1_500.0, random.Random(1)
    kept, now, asked = dict[str, float](), 0.0, 0
    names, weights = list(counts), list(counts.values())
    while now < long:
        now += chance.expovariate(rate)
        answer = chance.choices(names, weights)[0]
        if kept.get(answer, -1.0) < now:
            kept[answer], asked = now + seconds, asked + 1
    assert asked / long == pytest.approx(origin_rate(counts, counts.total(), rate, seconds), rel=0.04)


def test_what_is_kept_for_long_is_fetched_once() -> None:
    counts: Counts = Counter({("history", f"a{number}"): 10 for number in range(30)})
    forever = {"history": 1e9}
    assert fetched(counts, 100.0, forever, 0, 1000) == pytest.approx(30)
    assert fetched(counts, 100.0, forever, 1000, 1000) == pytest.approx(0, abs=1e-6)


def test_a_thousand_times_the_readers_ask_the_servers_for_little_more() -> None:
    counts = popularity(READERS, 1_000)
    kept = dict.fromkeys({kind for kind, _ in counts}, 60.0)
    costs = dict.fromkeys(kept, COST)
    few, many = (carried(counts, counts, rate, kept, costs, 60.0) for rate in (4_000, 4_000_000))
    assert sum(few.origin.values()) < sum(many.origin.values()) <= len(counts) / 60
    assert many.unseen_cores == pytest.approx(many.unseen * COST.first_s)
    assert many.drawn == pytest.approx(len(counts), rel=0.01)
    assert many.burst_cores - many.cores == pytest.approx(many.drawn * COST.first_s / 60)
    assert many.burst_statements == pytest.approx(many.drawn * 3 / 60)


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("public, max-age=60, stale-while-revalidate=60", 60),
        ("public, max-age=86400, s-maxage=2592000", 2_592_000),
        ("public, s-maxage=5", 5),
        ("no-cache", 0),
        ("private, max-age=60", 0),
        ("", 0),
    ],
)
def test_a_shared_cache_keeps_what_the_header_says(control: str, seconds: int) -> None:
    assert kept_seconds(control) == seconds
