"""Laws: a signature opens what was signed, as long as was signed, and nothing else; a key leaves no trace."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tileserver.errors import BadParameter
from tileserver.web.keys_signed import Grant, SignedText, covered_by, is_signed, read_signed, secret_of, sign
from tileserver.web.keys_text import hash_of, id_of, make_key, shown_in

SERVER = "a secret of thirty-two characters"
IDS = st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=10, max_size=10)
PATHS = st.lists(st.text("aZ9.,~%-{}їж ", min_size=1, max_size=6), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)
INSTANTS = st.integers(1, 10**11)


def opens(text: str, path: str, server_secret: str = SERVER) -> bool:
    signed = read_signed(text, path)
    return signed is not None and is_signed(secret_of(server_secret, signed.grant.key_id), signed)


@given(IDS, INSTANTS, PATHS)
def test_a_signed_path_is_open_and_says_until_when(key_id: str, expires: int, path: str) -> None:
    grant = Grant(key_id, expires, path)
    text = sign(secret_of(SERVER, key_id), grant)
    assert opens(text, path)
    assert read_signed(text, path) == SignedText(grant, text.rpartition(".")[2])
    assert not opens(text, path, "another secret of thirty-two letters")


@given(IDS, INSTANTS, PATHS, PATHS)
def test_no_other_path_is_open_but_below_a_signed_folder(
    key_id: str, expires: int, path: str, other: str
) -> None:
    text = sign(secret_of(SERVER, key_id), Grant(key_id, expires, path))
    assert opens(text, other) == (other == path or (path.endswith("/") and other.startswith(path)))
    below = sign(secret_of(SERVER, key_id), Grant(key_id, expires, f"{path.rstrip('/')}/"))
    assert opens(below, path.rstrip("/") + other)


@given(IDS, INSTANTS, PATHS, st.data())
def test_a_signature_of_which_anything_is_changed_is_none(
    key_id: str, expires: int, path: str, data: st.DataObject
) -> None:
    text = sign(secret_of(SERVER, key_id), Grant(key_id, expires, path))
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    # Of the last character of a MAC in base64 only the first four of six bits count; the text is compared.
    assume(changed != text)
    assert not opens(changed, path)
    later = text.replace(f".{expires}.", f".{expires + 1}.", 1)
    assert not opens(later, path)


@given(st.text(), PATHS)
def test_what_strangers_write_is_no_signature(text: str, path: str) -> None:
    assert not opens(text, path)


def test_a_template_is_signed_up_to_its_first_brace() -> None:
    assert covered_by("/tiles/ukraine.control/{z}/{x}/{y}.mvt") == "/tiles/ukraine.control/"
    assert covered_by("/tiles/ukraine/6/38/22.mvt") == "/tiles/ukraine/6/38/22.mvt"
    for wide in ("/tiles/{tileset}/6/38/22.mvt", "/tiles/ukraine{x}", "/{a}"):
        with pytest.raises(BadParameter):
            covered_by(wide)


PARTS = st.lists(
    st.one_of(
        st.just("key"),
        st.text(min_size=1).map(lambda text: f"x={quote(text)}"),
        st.just("datetime=2023-11-09"),
    ),
    max_size=5,
)


@given(PARTS)
def test_a_key_in_an_address_leaves_nothing_behind_and_takes_nothing_away(parts: list[str]) -> None:
    made = make_key()
    query = [f"key={made.text}" if part == "key" else part for part in parts]
    shown = shown_in("?".join(["/tiles/a", "&".join(query)]).encode(), {})
    rest = [part for part in parts if part != "key"]
    if "key" not in parts:
        assert shown is None
        return
    assert shown is not None
    assert shown.target.decode() == "/tiles/a" + ("?" + "&".join(rest) if rest else "")
    assert (shown.key_text == made.text, bool(shown.trouble)) == (
        (parts.count("key") == 1),
        parts.count("key") > 1,
    )


def test_a_key_is_known_by_its_hash_alone_and_no_two_are_alike() -> None:
    made, other = make_key(), make_key()
    assert made.secret_hash == hash_of(made.text)
    assert (id_of(made.text), id_of(made.text + "x"), id_of("")) == (made.id, "", "")
    assert len({made.text, other.text, made.id, other.id}) == 4


def test_headers_show_a_key_and_another_bearers_token_is_none() -> None:
    made = make_key()
    for headers in ({b"authorization": b"Bearer " + made.text.encode()}, {b"x-api-key": made.text.encode()}):
        shown = shown_in(b"/tiles/a?x=1", headers)
        assert shown is not None
        assert (shown.key_text, shown.target) == (made.text, b"/tiles/a?x=1")
    assert shown_in(b"/", {b"authorization": b"Basic YTpi"}) is None
    assert shown_in(b"/", {b"authorization": b"Bearer eyJhbGciOi"}) is None
    both = shown_in(b"/?key=" + made.text.encode(), {b"x-api-key": made.text.encode()})
    assert both is not None
    assert both.trouble
