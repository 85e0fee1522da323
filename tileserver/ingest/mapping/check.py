"""Rules that a mapping has to keep beyond its types; each fault with its key's place and a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from tileserver.complaints import near_miss
from tileserver.errors import BadParameter
from tileserver.evidence import HiddenRule
from tileserver.ingest.mapping.declared import (
    TEMPLATE_COLUMN,
    CategoryRule,
    Columns,
    DateRule,
    FieldRule,
    FileMapping,
    GeometryRule,
    IdRule,
    RowRule,
    listed,
)
from tileserver.ingest.mapping.filters import folded_words
from tileserver.ingest.spelling import fold
from tileserver.times import NAMED_FORMS, day_zone, is_date_form, parse_day, span_of_form

MOST_ABOVE = 1000  # lines; a header further down is a mistake
Fault: TypeAlias = tuple[tuple[str | int, ...], str]  # path of the key, words


def faults(mapping: FileMapping) -> Iterator[Fault]:
    """Yield the faults of *mapping*, in the order of its keys."""
    if not isinstance(mapping.file.header, bool) and not 1 <= mapping.file.header <= MOST_ABOVE:
        yield ("file", "header"), f"it has to be the number of a line from 1 to {MOST_ABOVE}, true or false"
    if not mapping.file.decimal:
        yield ("file", "decimal"), 'it names no sign; leave it out for a point, or say ","'
    yield from _dates(mapping.date)
    yield from _geometry(mapping.geometry)
    if mapping.category is not None:
        yield from _category(mapping.category)
    for name, field in (mapping.fields or {}).items():
        yield from _field(("fields", name), field)
    yield from _lookups(mapping)
    for table, rules in (("leave_out", mapping.leave_out), ("keep_only", mapping.keep_only)):
        for index, rule in enumerate(rules):
            yield from _condition((table, index), rule)
    if mapping.hidden is not None:
        yield from _condition(("hidden",), mapping.hidden)
    yield from _rest(mapping)


def _rest(mapping: FileMapping) -> Iterator[Fault]:
    if mapping.id is not None:
        yield from _id(mapping.id)
    share = mapping.limits.put_aside
    if share is not None and not 0 <= share <= 1:
        yield ("limits", "put_aside"), f"{share!r} has to be a share from 0 to 1: 0.05 is 5 of 100"
    if mapping.limits.rows < 0:
        yield ("limits", "rows"), "it has to be a number of rows, 0 or more"
    if mapping.means == "snapshot" and listed(mapping.date.end):
        yield (
            ("date", "end"),
            'a snapshot ends where the next one begins: leave it out, or say means = "features"',
        )
    if mapping.means == "snapshot" and mapping.date.span is not None:
        yield ("date", "span"), "a snapshot has one date; spans are for features"
    if mapping.means == "snapshot" and mapping.date.range:
        yield ("date", "range"), "a snapshot has one date; ranges are for features"


def _id(rule: IdRule) -> Iterator[Fault]:
    if not listed(rule.column) and not rule.columns:
        yield (
            ("id", "column"),
            "it has to name the column by which a row is known again, or columns that do so together",
        )
    if listed(rule.column) and rule.columns:
        yield (
            ("id", "columns"),
            "a row is known by the first column that says anything, or by columns together: leave one out",
        )
    for index, part in enumerate(rule.parts):
        yield from _one_group(
            ("id", "columns", index, "pattern"), part.pattern, r"status/(\d+)", or_more=True
        )
    if rule.several == "apart" and listed(rule.newest):
        yield ("id", "newest"), "rows that stand apart replace none: leave it out, or several"


def _lookups(mapping: FileMapping) -> Iterator[Fault]:
    for name, rule in mapping.lookup.items():
        if not rule.file or "/" in rule.file or "\\" in rule.file:
            yield ("lookup", name, "file"), "it has to be a name or a pattern of one, without folders"
        if not listed(rule.value):
            yield ("lookup", name, "value"), "it has to name the column of what a key stands for"
    named = {("category", "lookup"): mapping.category.lookup} if mapping.category else {}
    for field, given in (mapping.fields or {}).items():
        if isinstance(given, FieldRule):
            named["fields", field, "lookup"] = given.lookup  # type: ignore[index]
    for path, name in named.items():
        if name and name not in mapping.lookup:
            yield path, f"there is no table [lookup.{name}]{near_miss(name, mapping.lookup)}"


def _dates(rule: DateRule) -> Iterator[Fault]:
    if not listed(rule.forms):
        yield ("date", "forms"), "it names no form; leave it out for ISO dates"
    for form in listed(rule.forms):
        if not is_date_form(form) and not span_of_form(form):
            words = (
                f"form {form!r} is none of {', '.join(NAMED_FORMS)}, nor a pattern of days, months or years"
            )
            yield ("date", "forms"), f"{words}, such as %d.%m.%Y or %Y-%m-%d %H:%M:%S"
    for name in ("name", "pattern"):
        yield from _one_group(("date", name), getattr(rule, name), r"control_(\d{8})")
    for name in ("earliest", "latest"):
        try:
            parse_day(getattr(rule, name) or "2000-01-01")
        except BadParameter as error:
            yield ("date", name), str(error)
    if rule.ends == "last_seen" and not listed(rule.end):
        yield ("date", "ends"), 'last_seen is of a column: say which, end = "last_seen_day"'
    if rule.zone:
        try:
            day_zone(rule.zone)
        except BadParameter as error:
            yield ("date", "zone"), str(error)


def _one_group(
    path: tuple[str | int, ...], pattern: str, example: str, *, or_more: bool = False
) -> Iterator[Fault]:
    if not pattern:
        return
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        yield (
            path,
            f"{pattern!r} is no regular expression: {error}; write it as in {example!r}, in single quotes",
        )
        return
    if groups != 1 and not (or_more and groups):
        yield (
            path,
            f"{pattern!r} has to have one group in brackets, which is what is read, as {example!r} has",
        )


def _geometry(rule: GeometryRule) -> Iterator[Fault]:
    there = [name for name in ("wkt", "geojson", "coordinates") if getattr(rule, name) != ""]
    if (rule.lon == "") != (rule.lat == ""):
        missing = "lon" if rule.lon == "" else "lat"
        yield ("geometry",), f"lon and lat go together: {missing} is missing"
    if rule.lon != "":
        there.insert(0, "lon and lat")
    if len(there) > 1:
        yield ("geometry",), f"{' and '.join(there)} are two places for one geometry: keep one"
    if rule.lon != "" and rule.axes:
        yield ("geometry", "axes"), "lon and lat say themselves which is which: leave axes out"


def _category(rule: CategoryRule) -> Iterator[Fault]:
    there = [
        name
        for name, given in (("column", listed(rule.column)), ("value", rule.value), ("from", rule.place))
        if given
    ]
    if len(there) != 1:
        said = f"{' and '.join(there)} are too many" if there else "there is none"
        yield ("category",), f"it needs one of column, value and from: {said}"
    yield from _one_group(("category", "pattern"), rule.pattern, r"^([A-Z])\. ")
    if rule.value and (rule.codes or listed(rule.ignore)):
        yield ("category", "value"), "a constant needs neither codes nor ignore"
    meant: dict[str, str] = {fold(word): "" for word in listed(rule.ignore)}
    for word, code in rule.codes.items():
        other = meant.setdefault(fold(word), code)
        if other != code:
            also = f"of {other!r} as well" if other else "among what to ignore as well"
            yield ("category", "codes", word), f"{word!r} is a spelling of {code!r} and {also}"


def _field(path: tuple[str | int, ...], field: Columns | FieldRule) -> Iterator[Fault]:
    rule = field if isinstance(field, FieldRule) else FieldRule(field)
    places = (listed(rule.column) or listed(rule.publisher), rule.value is not None, listed(rule.template))
    if sum(map(bool, places)) != 1:
        yield (
            path,
            'it needs a column, a value or a template: text = "notes", text = { value = "of the archive" }',
        )
    for template in listed(rule.template):
        if not TEMPLATE_COLUMN.search(template):
            yield (*path, "template"), f'{template!r} has no column in braces: "{{place}}: {{notes}}"'
    if listed(rule.template) and (rule.lookup or rule.codes or rule.split or rule.type != "as_written"):
        yield (*path, "template"), "a template is words as they are: leave lookup, codes, split and type out"
    if rule.take == "first" and rule.join is not None:
        yield path, "the first of several is not joined: leave join out"
    if rule.other_words == "leave_out" and not rule.codes:
        yield (*path, "other_words"), "without codes every word is another one: give codes, or leave it out"
    if rule.codes and rule.type != "as_written":
        yield (*path, "type"), "what codes say is a text: leave type out"
    if listed(rule.publisher) and (rule.codes or rule.join is not None or rule.take != "all"):
        yield (
            (*path, "publisher"),
            "sources with publishers are kept as they are: leave codes, join and take out",
        )


def _condition(path: tuple[str | int, ...], rule: RowRule | HiddenRule) -> Iterator[Fault]:
    said = [rule.equals is not None, bool(rule.matches), rule.empty is not None]
    if sum(said) != 1:
        yield path, 'it needs one of is, matches and empty, such as is = "hidden"'
    if rule.otherwise is not None and rule.empty is not None:
        yield (*path, "otherwise"), "what is not empty says something: leave otherwise out"
    both = folded_words(rule.equals) & folded_words(rule.otherwise)
    if both:
        yield (*path, "otherwise"), f"{min(both)!r} stands in is as well: keep it in one of the two"
    if rule.matches:
        try:
            re.compile(rule.matches)
        except re.error as error:
            yield (*path, "matches"), f"{rule.matches!r} is no regular expression: {error}"
