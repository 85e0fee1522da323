"""Where an embargo is missing, in doubt or contradicted, the longer one holds, or nothing is said at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tileserver.theatres
from tests.conftest import Databases
from tests.embargo.conftest import Clock, serving
from tests.embargo.exits import BOTH_PLACES, TILESETS
from tests.embargo.world import DAY_END, DECLARED, EMBARGO, LONG, World
from tileserver.errors import BadParameter
from tileserver.theatres import load_theatre

SECOND = timedelta(seconds=1)
FAR = datetime(2099, 1, 1, tzinfo=UTC)
CHANGES_HANDS = f"/tiles/toy.control/{BOTH_PLACES}.mvt"
FRONT = f"/tiles/toy.frontline/{BOTH_PLACES}.mvt"
ABOUT = (
    "/tilesets/{}",
    "/tilesets/{}/timeline",
    "/tilesets/{}/km2.csv",
    "/tilesets/{}/gains.csv",
    "/tiles/{}/" + f"{BOTH_PLACES}.mvt",
    "/tiles/{}/" + f"{BOTH_PLACES}.mvt?datetime=2024-01-01",
    "/history/{}/20240101-open-1-7/" + f"{BOTH_PLACES}.mvt",
    "/changes/{}/2024-01-03/2024-01-09/" + f"{BOTH_PLACES}.mvt",
)

Redefine = Callable[[Callable[[Any], None]], str]


@pytest.fixture
def redefine(databases: Databases, world: World) -> Redefine:
    """A function that changes the definition as it is stored, by hand, and returns the database's address."""

    def redefine(change: Callable[[Any], None]) -> str:
        definition = msgspec.to_builtins(DECLARED)
        change(definition)
        question = "UPDATE theatre SET definition = $1 WHERE id = 'toy'"
        databases.run(world.spare, lambda connection: connection.execute(question, definition))
        return world.spare

    return redefine


def _set(embargo: str, *layers: str) -> Callable[[Any], None]:
    def change(definition: Any) -> None:
        for each in definition["layers"]:
            if each["name"] in layers:
                each["embargo"] = embargo

    return change


def _tile(dsn: str, url: str, now: datetime) -> bytes:
    with serving(dsn, Clock(now)) as client:
        answer = client.get(url)
        assert answer.status_code in (200, 204)
        return answer.content


@pytest.mark.db
@pytest.mark.parametrize("name", [name for name in TILESETS if name.startswith("toy")])
def test_of_a_layer_whose_embargo_cannot_be_read_nothing_is_said(redefine: Redefine, name: str) -> None:
    dsn = redefine(_set("soon", *(layer.name for layer in DECLARED.layers)))
    with serving(dsn, Clock(FAR)) as client:
        for about in ABOUT:
            answer = client.get(about.format(name))
            assert answer.status_code >= 400, about
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.db
def test_one_layer_in_doubt_silences_every_tileset_that_has_it(redefine: Redefine) -> None:
    dsn = redefine(_set("soon", "notes"))
    with serving(dsn, Clock(FAR)) as client:
        assert client.get(f"/tiles/toy/{BOTH_PLACES}.mvt").status_code >= 400
        assert client.get(CHANGES_HANDS).status_code == 200


@pytest.mark.db
def test_where_no_embargo_is_declared_it_is_48_hours(redefine: Redefine) -> None:
    dsn = redefine(lambda definition: definition.pop("embargo"))
    early, late = (_tile(dsn, CHANGES_HANDS, DAY_END + EMBARGO + each) for each in (-SECOND, SECOND))
    assert early != late


@pytest.mark.db
def test_a_line_waits_for_the_areas_it_is_the_edge_of(redefine: Redefine) -> None:
    dsn = redefine(_set("7d", "control"))
    hidden = _tile(dsn, FRONT, DAY_END + EMBARGO - SECOND)
    assert hidden == _tile(dsn, FRONT, DAY_END + LONG - SECOND) != _tile(dsn, FRONT, DAY_END + LONG + SECOND)


@pytest.mark.parametrize("embargo", ["soon", "", "-48h", "48 h", "48", "1e3h", "٤٨h"])
@pytest.mark.parametrize("line", ['name = "notes"', 'name = "control"'])
def test_a_layer_whose_embargo_is_no_duration_cannot_be_declared(
    tmp_path: Path, line: str, embargo: str
) -> None:
    text = (Path(tileserver.theatres.__file__).parent / "ukraine.toml").read_text("utf-8")
    assert text.count(line) == 1
    own = tmp_path / "own.toml"
    own.write_text(text.replace(line, f'{line}\nembargo = "{embargo}"'), "utf-8")
    with pytest.raises(BadParameter, match=r"own\.toml: .* is no duration"):
        load_theatre(str(own))
