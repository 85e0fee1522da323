"""Parts of a file's columns, as far as names, HXL tags and values tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tileserver.complaints import near_miss
from tileserver.ingest.mapping.hxl import column_tagged
from tileserver.ingest.mapping.names import (
    CLASS_WORDS,
    CLASSES,
    FIELD_WORDS,
    FIELDS,
    HIDING_WORDS,
    HXL_CLASSES,
    HXL_FIELDS,
    HXL_HIDING,
    HXL_IDS,
    ID_WORDS,
    IDS,
    PUBLICATION,
    column_called,
    columns_about,
    words_of,
)
from tileserver.ingest.mapping.sight import Sight
from tileserver.ingest.spelling import Vocabulary, fold
from tileserver.model import Layer

_MOST_CLASSES = 30
_UNIQUE = 0.9  # of the values of an id; the others are rows that were issued again


def class_column(seen: Sight, layer: Layer | None) -> str:
    """Return the column that says the kind: by name or tag, with few different values; empty for none.

    Of several the one with most words that *layer* knows.
    """
    columns = seen.columns
    found = [column_tagged(seen.tags, (tag,)) for tag in HXL_CLASSES]
    found += [column_called(columns, (name,)) for name in CLASSES]
    found += columns_about(columns, CLASS_WORDS)
    few = [each for each in dict.fromkeys(found) if each in columns and _is_class(seen, each)]
    return max(few, key=lambda each: _known_words(seen.words(each), layer), default="")


def _is_class(seen: Sight, column: str) -> bool:
    words = seen.words(column)
    return len(words) <= _MOST_CLASSES and set(PUBLICATION).isdisjoint(map(fold, words))


def _known_words(words: list[str], layer: Layer | None) -> int:
    if layer is None:
        return 0
    vocabulary, codes = Vocabulary.of(layer), layer.codes()
    return sum(vocabulary.read(word) is not None or bool(near_miss(fold(word), codes)) for word in words)


def id_column(seen: Sight) -> str:
    """Return the column by which a row is known: by name or tag, hardly a value twice; empty for none."""
    columns = seen.columns
    found = [column_tagged(seen.tags, (tag,)) for tag in HXL_IDS]
    found += [column_called(columns, (name,)) for name in IDS]
    found += columns_about(columns, ID_WORDS)
    return next((each for each in dict.fromkeys(found) if each in columns and _is_id(seen, each)), "")


def _is_id(seen: Sight, column: str) -> bool:
    return len(seen.words(column)) >= _UNIQUE * len(seen.rows)


def hiding_columns(seen: Sight, others: Iterable[str]) -> list[str]:
    """Return the columns that may say that a row is not for publication, but for *others*."""
    others = set(others)
    named = [each for each in seen.columns if not set(HIDING_WORDS).isdisjoint(words_of(each))]
    tagged = [column_tagged(seen.tags, (tag,)) for tag in HXL_HIDING]
    return [
        each
        for each in dict.fromkeys((*tagged, *named))
        if each and each not in others and _is_few(seen, each)
    ]


def _is_few(seen: Sight, column: str) -> bool:
    return 0 < len(seen.words(column)) <= _MOST_CLASSES


def field_column(seen: Sight, name: str, columns: list[str]) -> str:
    """Return the one of *columns* for the field *name* of a layer; empty for none."""
    return next((each for each in _for_field(seen, name, columns) if each in columns), "")


def _for_field(seen: Sight, name: str, columns: list[str]) -> Iterator[str]:
    yield column_called(columns, (name,))
    yield column_tagged(
        {each: seen.tags[each] for each in columns if each in seen.tags}, HXL_FIELDS.get(name, ())
    )
    yield column_called(columns, FIELDS.get(name, ()))
    yield from columns_about(columns, FIELD_WORDS.get(name, ()))
