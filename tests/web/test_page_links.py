"""Links to the map are read and written alike by the server and the page; nonsense counts as not said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.theatres import load_theatre
from tileserver.web.embeds import embed_of, page_of
from tileserver.web.languages import known_language
from tileserver.web.page_link import LinkCamera, PageLink, is_day, read_link
from tileserver.web.page_view import NEAREST_OF_OWN, STILLS, PageView, PublicDays

DAYS = PublicDays("2022-02-24", "2024-11-01", "2024-10-30", "2023-11-09")


def test_what_is_written_is_read_back() -> None:
    link = PageLink(
        "ukraine",
        "2023-11-09",
        camera=LinkCamera(6.5, 48.4, 36.5),
        revision=112,
        lang="uk",
        theme="dark",
        controls="0",
        off=("events", "notes"),
        rest=(("days", "30"),),
    )
    address = embed_of(link, "https://maps.example")
    assert address == (
        "https://maps.example/embed?theatre=ukraine&at=2023-11-09&revision=112&map=6.5/48.4000/36.5000"
        "&lang=uk&theme=dark&controls=0&off=events,notes#days=30"
    )
    query, _, fragment = address.partition("?")[2].partition("#")
    assert read_link(query, fragment) == link
    assert "revision" not in page_of(link)


def test_the_fragment_goes_before_the_query_and_the_first_before_others() -> None:
    link = read_link("at=2023-01-01&at=2023-03-03&theme=dark", "at=2023-02-02&days=7")
    assert (link.at, link.theme, link.rest) == ("2023-02-02", "dark", (("days", "7"),))
    assert read_link("at=2023-01-01&at=2023-03-03").at == "2023-01-01"


@pytest.mark.parametrize(
    "query",
    [
        "at=2023-02-30", "at=%00", "map=6/99/37", "map=a/b/c", "map=6/48", "map=1e3/48/37", "map=NaN/1/1",
        "lang=xx", "theme=pink", "controls=2", "revision=0", "revision=-1", "revision=1e9", "off=%3Cb%3E",
        "theatre=../../etc", "theatre=%FF%FE", "x" * 5000, "&&&===",
    ],
)  # fmt: skip
def test_nonsense_is_as_good_as_nothing(query: str) -> None:
    assert read_link(query) == PageLink()


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_link_breaks_the_reading(query: str, fragment: str) -> None:
    link = read_link(query, fragment)
    assert read_link(link.query(), link.fragment[1:]).query() == link.query()


def test_a_page_opens_on_the_nearest_public_day() -> None:
    opened = [DAYS.opening(at) for at in ("", "latest", "2022-01-01", "2023-01-05", "2099-01-01")]
    assert opened == ["2023-11-09", "2024-10-30", "2022-02-24", "2023-01-05", "2024-11-01"]
    assert is_day("1944-02-29")
    assert not is_day("1943-02-29")
    assert known_language("UK-ua;q=0.5") == "uk"


def test_a_picture_looks_where_its_link_does_and_otherwise_at_the_theatre() -> None:
    theatre = load_theatre("ukraine")
    camera = LinkCamera(7.25, 48.4, 36.5)
    near = PageView(theatre, PageLink(camera=camera), DAYS, "de")
    assert {near.camera(size) for size in STILLS} == {camera}
    assert near.picture(STILLS[0], "dark", bare=True) == (
        "pictures/ukraine.svg?datetime=2023-11-09&map=7.25/48.4000/36.5000&width=520&height=640&lang=de"
        "&theme=dark&frame=0"
    )
    nearer = PageView(theatre, PageLink(camera=camera._replace(zoom=13.5)), DAYS, "de")
    assert nearer.camera(STILLS[0]).zoom == 12  # as the map, which then takes over
    assert nearer._replace(nearest=NEAREST_OF_OWN).camera(STILLS[0]).zoom == 13.5
    far = PageView(theatre, PageLink(), DAYS, "de")
    zooms = [far.camera(size).zoom for size in STILLS]
    assert zooms == sorted(zooms)
    assert far.camera(STILLS[0]).latitude > theatre.centre[1]  # so that it lies below the card
    assert far.camera(STILLS[2]).longitude < theatre.centre[0]  # beside it


def test_layers_that_are_off_are_off_in_the_picture() -> None:
    theatre = load_theatre("ukraine")
    first, *others = [each.name for each in theatre.layers if each.role not in ("none", "overlay")]
    view = PageView(theatre, PageLink(off=(first,)), DAYS, "en")
    assert f"layers={','.join(others)}" in view.picture(STILLS[0], "light")


def test_an_embed_stays_at_its_day_unless_it_has_time_controls() -> None:
    theatre = load_theatre("ukraine")
    links = {"at=latest": False, "at=2023-11-09": True, "at=2023-11-09&controls=1": False, "": False,
             "at=2023-11-09&controls=1&revision=3": True}  # fmt: skip
    for query, is_fixed in links.items():
        assert PageView(theatre, read_link(query), DAYS, "en").is_fixed is is_fixed
