"""Law: an event that was public and is issued again with a hidden source is gone, as if it had never been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.embargo.conftest import Clock, serving
from tests.embargo.exits import BESIDE_THE_TABLE, NEWEST, ROUTES, Ask, Learned, worth_learning
from tests.embargo.said import DECLARED, without
from tests.embargo.test_routes import answers_of, asked_of
from tests.embargo.world import DAY_END, LONG, THE_SECRET, World, layers_of
from tileserver.desk.importer import import_features
from tileserver.desk.job import Job, Outcome
from tileserver.ingest import RawFeature, Report

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

(PUBLIC_ONCE,) = THE_SECRET.features["events"]


async def list_again(connection: asyncpg.Connection, feature: RawFeature) -> Outcome:
    layers = await layers_of(connection)
    return await import_features(Job(connection, layers, "events"), [feature], Report(read=1), "listed again")


@dataclass(frozen=True)
class Hidden:
    """A server whose event was public and is hidden, one that never had it, and what was known of it."""

    after: TestClient
    never: TestClient
    learned: list[Learned]
    told: list[Learned]  # of these, what had the event
    outcome: Outcome


@pytest.fixture(scope="module")
def hidden(databases: Databases, world: World) -> Iterator[Hidden]:
    once, never = databases.copy(world.secret), databases.copy(world.innocent)
    clock = Clock(DAY_END + LONG + timedelta(seconds=1))
    wanted = [ask for ask in worth_learning() if "crowd" not in ask.path]
    with serving(once, clock) as client:
        before = answers_of(client, wanted)
    known = [
        (Learned(ask, answer.headers["content-location"], answer.headers["etag"]), answer.content)
        for ask, answer in zip(wanted, before, strict=True)
        if "content-location" in answer.headers
    ]
    told = [each for each, content in known if b"secret event" in content]
    hiding = partial(list_again, feature=replace(PUBLIC_ONCE, hidden="leave_out"))
    outcome = databases.run(once, hiding)
    databases.run(never, hiding)
    with serving(once, clock) as after, serving(never, clock) as innocent:
        yield Hidden(after, innocent, [each for each, _ in known], told, outcome)


def asks(learned: list[Learned]) -> list[Ask]:
    every = [*(ask for each in ROUTES.values() for ask in each.asks(learned)), *BESIDE_THE_TABLE]
    return [ask for ask in every if "crowd" not in ask.path]


def asked_of_never(ask: Ask) -> Ask:
    """Return *ask* as the one that never had it understands it, which had revisions for neither."""
    with_secret = replace(ask, path=ask.path.replace(f"revision={NEWEST + 1}", f"revision={NEWEST}"))
    return asked_of("innocent", with_secret)


def said_by(answer: Response, ask: Ask) -> Any:
    """What *answer* says, but for numbers of revisions, and of changes that something was withdrawn."""
    kind = answer.headers.get("content-type", "")
    if kind not in ("application/json", "application/problem+json") or not answer.content:
        return answer.status_code, answer.headers.get("etag"), answer.content
    return answer.status_code, without(
        answer.json(), {*DECLARED, "history", *(("edition",) if "/changed" in ask.path else ())}
    )


def test_it_is_counted_and_taken_out_of_every_revision(hidden: Hidden) -> None:
    assert hidden.outcome.hidden == 1
    assert hidden.outcome.report["counts"] == {"hidden_source": 1}
    assert hidden.outcome.report["left_out"] == 1


def test_no_exit_has_a_word_of_it_in_any_revision(hidden: Hidden) -> None:
    every = asks(hidden.learned)
    for ask, answer in zip(every, answers_of(hidden.after, every), strict=True):
        assert b"secret event" not in answer.content, str(ask)


def test_what_was_learned_of_it_names_nothing_any_more(hidden: Hidden) -> None:
    assert len(hidden.told) > 5
    gone = [Ask(each.location) for each in hidden.told]
    assert {each.status_code for each in answers_of(hidden.after, gone)} == {404}


def test_every_exit_of_its_layer_answers_as_one_that_never_had_it(hidden: Hidden) -> None:
    every = [
        ask
        for ask in asks(hidden.learned)
        if ask.path.startswith(("/tiles/toy.events/", "/tilesets/toy.events", "/history/toy.events/"))
        and "," not in ask.path
    ]
    assert len(every) > 20
    of_never = [asked_of_never(ask) for ask in every]
    both = zip(every, answers_of(hidden.after, every), answers_of(hidden.never, of_never), strict=True)
    for ask, after, never in both:
        assert said_by(after, ask) == said_by(never, ask), str(ask)


def test_an_older_file_does_not_bring_it_back(databases: Databases, world: World) -> None:
    once = databases.copy(world.secret)
    databases.run(once, partial(list_again, feature=replace(PUBLIC_ONCE, hidden="leave_out")))
    again = databases.run(once, partial(list_again, feature=PUBLIC_ONCE))
    assert again.added == 0
    hidden_again = partial(list_again, feature=replace(PUBLIC_ONCE, hidden="leave_out"))
    assert databases.run(once, hidden_again).revision is None
