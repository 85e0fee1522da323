"""Which of the places that a desk and events name are written."""

from __future__ import annotations

import pytest

from tileserver.publish.places import places_document
from tileserver.spelling import is_alike, plain
from tileserver.store.places import NamedPlace


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kun'je", "Kunie"),
        ("Balakliya", "Balakliia"),
        ("Halystynove", "Halytsynove"),
        ("Nova Khakova", "Nova Kakhovka"),
        ("Donesk", "Donetsk"),
        ("Niu-York", "Niu York"),
    ],
)
def test_spellings_of_one_name_are_alike(one: str, other: str) -> None:
    assert is_alike(plain(one), plain(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Novoselivka", "Novoselivka Druha"), ("Avdiivka", "Opytne"), ("Lyman", "Liubim"), ("Niu", "Nio")],
)
def test_names_of_two_places_are_not_alike(one: str, other: str) -> None:
    assert not is_alike(plain(one), plain(other))


def test_events_write_no_district_no_street_and_no_place_twice_and_the_desk_all_its_own() -> None:
    here = (9, 37.5, 48.0)
    found = [
        (NamedPlace({"en": "Marinka"}, *here), "desk"),
        (NamedPlace({"en": "Maryinka"}, *here), "desk"),
        (NamedPlace({"": "Marianka"}, *here), "data"),
        (NamedPlace({"": "Donetsk Oblast"}, *here), "data"),
        (NamedPlace({"": "Near Saltivka"}, *here), "data"),
        (NamedPlace({"": "Vulytsya Robocha"}, *here), "data"),
        (NamedPlace({"": "Soborna Street"}, *here), "data"),
        (NamedPlace({"": "Krynky"}, *here), "data"),
    ]
    written = [each["properties"] for each in places_document(found)["features"]]
    assert [next(iter(each.values())) for each in written] == ["Marinka", "Maryinka", "Krynky"]


def test_a_source_has_no_soft_signs_in_latin_names_and_names_neither_waters_nor_regions() -> None:
    here = (9, 38.0, 48.0)
    found = [
        (NamedPlace({"": "Petrovs'kyi", "uk": "Петровс'кий"}, *here), "data"),
        (NamedPlace({"": "Myronivs'ke Reservoir"}, *here), "data"),
        (NamedPlace({"": "L'Aigle"}, *here), "data"),
        (NamedPlace({"": "Nova Topol's'ka Basan'"}, *here), "data"),
        (NamedPlace({"": "Yunatsʹke, Luhansk Oblast"}, *here), "data"),
        (NamedPlace({"": "Pivdenna bay, Sevastopol"}, *here), "data"),
        (NamedPlace({"": "Stel'makhivka"}, *here), "desk"),
    ]
    written = [each["properties"] for each in places_document(found)["features"]]
    assert [each["name"] for each in written] == [
        "Petrovskyi",
        "L'Aigle",
        "Nova Topolska Basan",
        "Yunatske",
        "Stel'makhivka",
    ]
    assert written[0]["name_uk"] == "Петровс'кий"
