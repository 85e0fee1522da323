"""A version has one text, and a text that is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import event_windows
from tileserver.errors import UnknownVersion
from tileserver.model import Digest
from tileserver.tiles.version import Version

digests = st.integers(0, 2**64 - 1).map(Digest)
zooms = st.lists(st.integers(0, 12), max_size=8).map(tuple)
micros = st.integers(-(2**55), 2**55)
versions = st.builds(Version, digests, digests) | st.builds(
    Version, digests, digests, event_windows(micros, micros, micros), zooms
)


@given(versions)
def test_a_version_survives_being_written(version: Version) -> None:
    assert Version.from_url(str(version)) == version


@given(versions, versions)
def test_two_versions_have_two_texts(one: Version, other: Version) -> None:
    assert (one == other) == (str(one) == str(other))


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "latest", "4-1-1-1-_-_-_-_", "4-1-1-1-_-_-_-_-_-_", "1-1-1-1-_-_-_-_-_",
        "2-1-1-1-_-_-_", "04-1-1-1-_-_-_-_-_", "4-00-1-1-_-_-_-_-_", "4--1-1-1-_-_-_-_-_",
        "4-1-1-1-00-_-_-_-_", "4-1-1-1-~0-_-_-_-_", "4-1-1-1-A-_-_-_-_", "4-1-1-1-~~1-_-_-_-_",
        "4-1-1-1-_-_-_-_-_ ", "4-1-1-1-_-_-_-_-_\n", "٤-1-1-1-_-_-_-_-_", "4-_-1-1-_-_-_-_-_",
        "4-1-1-_-_-_-_-_-_", "4-1-1-1-é-_-_-_-_", "4-1-1-1-zzzzzzzzzzzzzz-_-_-_-_",
        "4-1-1-1-..-_-_-_-_", "4-1-1-1-%5f-_-_-_-_", "9" * 10_000,
        "4-1-1-1-_-_-_--_", "4-1-1-1-_-_-_-B-_", "4-1-1-1-_-_-_-123456789-_", "4-1-1-1-_-_-_-_-",
        "4-1-1-1-_-_-_-_-side", "4-1-1-1-_-_-_-_-side.ua.ru", "4-1-1-1-_-_-_-_-side.ru.ru",
        "4-1-1-1-_-_-_-_-side.ru,kind.a", "4-1-1-1-_-_-_-_-side.ru,side.ua", "4-1-1-1-_-_-_-_-side.",
        "4-1-1-1-_-_-_-_-side.RU", "4-1-1-1-_-_-_-_-side.ru-", "4-1-1-1-_-_-_-_-,side.ru",
        "4-1-1-1-1-2-3-_-side", "4-1-1-1-1-2-3-_-side.ua.ru", "4-1-1-1-1-2-3-_-side.ru,kind.a",
        "4-1-1-1-1-2-3--_", "4-1-1-1-1-2-3-B-_", "4-1-1-1-01-2-3-_-_", "4-1-1-1-1-_-3-_-_",
        "4-1-1-1-~0-2-3-_-_",
    ],
)  # fmt: skip
def test_what_names_no_version_is_refused(text: str) -> None:
    with pytest.raises(UnknownVersion, match="names no version"):
        Version.from_url(text)
