"""Keys on the page for developers: purpose, headers and address, refusals, quotas."""

from __future__ import annotations

from collections.abc import Iterator

from tileserver.picture.html import Html, element, join, table
from tileserver.publish.developers_code import Example, code_block

_ANSWERS = (
    ("400", "more than one key, or a key in another spelling of Authorization than Bearer KEY"),
    ("401", "no key of this server, revoked, expired; a signature that is wrong or over"),
    ("403", "the key is for other tilesets, or for pages of another origin"),
    ("429", "the quota is used up: Retry-After says for how many seconds"),
    ("503", "what only keys open cannot be checked for the moment; Retry-After"),
)
_QUOTAS = """\
RateLimit-Policy: "minute";q=600;w=60, "month";q=1000000;w=2592000
RateLimit: "minute";r=599;t=31, "month";r=91230;t=267969
"""
_PURPOSE = (
    "The map and its data are public: no key, no sign-up. A key has quotas of its own, and may open"
    " tilesets that are for holders of keys, or days earlier than the public has them. Whoever runs this"
    " server makes it, and shows it once: ask there, name your tilesets and the pages that will use it,"
    " and keep it like a password."
)
_COUNTED = (
    "A key with quotas is told them in each answer: q is the quota, w its window and t the rest of it in"
    " seconds, r what is left. Windows are minutes and months of UTC; every answer counts, also 204 and"
    " 304, and no refusal does. Such answers are private, and no shared cache keeps them."
)
_WAYS = (
    ("Header", "Authorization: Bearer KEY, or X-Api-Key: KEY. Prefer one of these"),
    ("Address", "?key=KEY is seen by whoever sees the address; behind a CDN an early partner needs it"),
    ("Signed", "?signed= opens for a while what the key of its signer opens, and shows no key"),
)


def keys_section(on: Example | None) -> Iterator[Html]:
    """Yield the paragraphs, with code that asks for the tiles of the example *on*, if there is any."""
    yield element("p", _PURPOSE)
    yield element(
        "p",
        *("A key opens ", element("code", "/tiles/"), ", ", element("code", "/dated/"), ", "),
        *(element("code", "/history/"), ", ", element("code", "/changes/"), " and what lies below "),
        *(
            element("code", "/tilesets/"),
            " and ",
            element("code", "/collections/"),
            "; all else is as public.",
        ),
    )
    yield element("dl", *(join((element("dt", name), element("dd", says))) for name, says in _WAYS))
    if on is not None:
        yield code_block("a key", _code(on))
    yield table("What is refused", ["Status", "When"], _ANSWERS)
    yield element("p", _COUNTED)
    yield code_block("quotas", _QUOTAS)


def _code(on: Example) -> str:
    return f"""\
curl -H "X-Api-Key: $KEY" "{on.base}/tiles/{on.tileset}/{on.tile}.mvt?datetime={on.day}" -o tile.mvt

GDAL_HTTP_HEADERS="X-Api-Key: $KEY" ogrinfo -so "MVT:{on.base}/dated/{on.tileset}/{on.day}/0" {on.areas}

// MapLibre GL JS
const map = new maplibregl.Map({{
  container: "map",
  style: "{on.style}",
  transformRequest: (url) =>
    url.startsWith("{on.base}/") ? {{ url, headers: {{ "X-Api-Key": KEY }} }} : {{ url }},
}});

QGIS from 3.24 on: in the connection of the vector tiles, Authentication, API Header, X-Api-Key
QGIS 3.22: &key=KEY at the end of the connection's URL, for it has no API Header
"""
