"""Method of a theatre's map, as a page: sources, terms, delay, exactness, and omissions on purpose.

All of it is declared, in the definition and in the mappings kept with it; nothing here is data.
"""

from __future__ import annotations

from collections.abc import Iterator

from tileserver.ingest.mapping.declared import FileMapping, RowRule, listed
from tileserver.ingest.mapping.load import load_mapping, parse_mapping, shipped_mappings
from tileserver.markup import link_of, text_of
from tileserver.model import Layer, Theatre
from tileserver.picture.html import Html, element, join
from tileserver.publish.page import Dress, PageWords, paragraphs, theatre_page
from tileserver.store.catalogue import StoredLayer
from tileserver.tiles.tileset import Tileset, embargo_of

_DEGREE_M = 111_320.0  # of latitude, metres
_FINE = 5  # decimals of a degree that are left to the grid
_MOST_WORDS = 12  # of one rule


def method_page(template: str, whole: Tileset, dress: Dress) -> str:
    """Return the page on how the map of a theatre is made, from its definition."""
    words, theatre = dress.words, whole.theatre
    body = (
        paragraphs(words.pick(theatre.notice)),
        paragraphs(words.pick(theatre.method.text)) if theatre.method else Html(),
        _section(words, "late_title", *_late(words, whole)),
        _section(words, "layers_title", *(_layer(words, theatre, each) for each in whole.asked)),
        _section(words, "left_title", *_left_out(words, whole)),
        _section(words, "changed_title", element("p", words.say("changed"))),
        _section(words, "data_title", element("ul", *_data(words, whole), class_="links")),
    )
    return theatre_page(template, theatre, dress, "method", body)


def _section(words: PageWords, heading: str, *children: Html) -> Html:
    return element("section", element("h2", words.say(heading)), *children)


def _late(words: PageWords, whole: Tileset) -> Iterator[Html]:
    """Yield the embargo, other embargoes by layer, and the meaning of a day."""
    embargoes = [(stored.layer, embargo_of(stored)) for stored in whole.asked]
    usual = min(own for _, own in embargoes)
    yield element("p", words.say("late", hours=words.hours(usual)) if usual else words.say("no_delay"))
    longer = [
        element("li", words.say("layer_late", layer=words.pick(layer.title), hours=words.hours(own)))
        for layer, own in embargoes
        if own != usual
    ]
    if longer:
        yield element("ul", *longer)
    yield element("p", words.say("day", zone=whole.theatre.day_zone))


def _layer(words: PageWords, theatre: Theatre, stored: StoredLayer) -> Html:
    layer = stored.layer
    return element(
        "article",
        element("h3", words.pick(layer.title) or layer.name),
        *(element("p", each) for each in _drawn(words, theatre, layer)),
        element("dl", *_facts(words, layer)),
        element("p", text_of(layer.source.attribution), class_="credit"),
    )


def _facts(words: PageWords, layer: Layer) -> Iterator[Html]:
    """Yield source, licence and legend of a layer, each as a term with its description."""
    publisher, url = text_of(layer.source.publisher), link_of(layer.source.url)
    linked = element("a", publisher, href=url, rel="noopener noreferrer") if url else publisher
    told = {
        "source": linked,
        "licence": text_of(layer.source.licence),
        "legend": ", ".join(words.pick(each.label) for each in layer.categories),
    }
    for key, said in told.items():
        if said:
            yield join((element("dt", words.say(key)), element("dd", said)))


def _drawn(words: PageWords, theatre: Theatre, layer: Layer) -> Iterator[str]:
    """Yield sentences on the nature of the layer, and on the exactness of its places."""
    if layer.derived is not None:
        side = theatre.told_sides.get(layer.derived.side, {})
        yield words.say(
            "front",
            side=words.quoted(words.pick(side) or layer.derived.side),
            reach=words.say("km", number=words.number(layer.derived.reach_m / 1000, 1)),
            border=words.say("metres", number=words.number(layer.derived.border_m)),
        )
    elif layer.kind == "points":
        yield words.say("notes" if layer.role == "notes" else "points")
    elif layer.kind == "lines":
        yield words.say("lines")
    else:
        yield words.say("areas" if layer.drawn_as == "faces" else "plain_areas")
    if layer.kind == "points" and layer.precision < _FINE:
        yield words.say("rounded", size=_size(words, _DEGREE_M / 10**layer.precision))
    evidence = layer.evidence
    if evidence is not None and evidence.is_inexact:
        yield words.say("classes", list="; ".join(words.pick(each.label) for each in evidence.classes))
    if evidence is not None and evidence.graphic:
        yield words.say("graphic")


def _size(words: PageWords, metres: float) -> str:
    if metres < 1000:
        return words.say("metres", number=words.number(float(f"{metres:.1g}")))
    return words.say("km", number=words.number(float(f"{metres / 1000:.2g}"), 0))


def _left_out(words: PageWords, whole: Tileset) -> Iterator[Html]:
    """Yield omissions: in the desk's words, and by the definitions and mappings of the layers."""
    method = whole.theatre.method
    if method is not None:
        yield paragraphs(words.pick(method.left_out))
    rules = [
        element("li", each)
        for stored in whole.asked
        for each in _rules(words, words.pick(stored.layer.title) or stored.layer.name, stored.layer)
    ]
    if rules:
        yield element("ul", *rules)
    yield element("p", words.say("doubtful"))


def _rules(words: PageWords, name: str, layer: Layer) -> Iterator[str]:
    mapping = mapping_of(layer)
    hidden = mapping.hidden if mapping else layer.evidence.hidden if layer.evidence else None
    if hidden is not None:
        yield words.say(_HIDDEN[hidden.decision], layer=name)
    if mapping is None:
        return
    for key, rules in (("rows_out", mapping.leave_out), ("rows_only", mapping.keep_only)):
        yield from (_rule(words, name, key, each) for each in rules)
    if mapping.category is not None and (kinds := listed(mapping.category.ignore)):
        yield words.say("kinds_out", layer=name, words=_listed(words, kinds))


_HIDDEN = {"leave_out": "hidden_out", "without_sources": "hidden_without"}


def _rule(words: PageWords, name: str, key: str, rule: RowRule) -> str:
    """Return a rule on rows in words; of a rule without a list of words only the column."""
    column = words.quoted(str(rule.column))
    kinds = () if rule.equals is None else listed(rule.equals)
    if not kinds:
        return words.say("rows_some", layer=name, column=column)
    return words.say(key, layer=name, column=column, words=_listed(words, kinds))


def _listed(words: PageWords, kinds: tuple[str, ...]) -> str:
    shown = [words.quoted(each) for each in kinds[:_MOST_WORDS]]
    return ", ".join(shown) + (" …" if len(kinds) > _MOST_WORDS else "")


def mapping_of(layer: Layer) -> FileMapping | None:
    """Return the mapping of the files of *layer*; ``None`` where a reader reads all."""
    if layer.mapping_text:
        return parse_mapping(layer.mapping_text, layer.mapping).rules
    return load_mapping(layer.mapping).rules if layer.mapping in shipped_mappings() else None


def _data(words: PageWords, whole: Tileset) -> Iterator[Html]:
    name = whole.theatre.id
    yield _link(words, "tilejson", f"../tilesets/{name}")
    for stored in whole.asked:
        if stored.layer.drawn_as == "faces":
            yield _link(words, "km2_table", f"../tilesets/{stored.ref}/km2.csv")
    yield _link(words, "as_json", f"../corrections/{name}.json")
    yield _link(words, "feed", f"../corrections/{name}.atom?lang={words.language}")


def _link(words: PageWords, key: str, href: str) -> Html:
    return element("li", element("a", words.say(key), href=href))
