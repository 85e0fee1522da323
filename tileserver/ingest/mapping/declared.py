"""The keys of a mapping, by which a publisher's files are described in TOML.

A mapping is data: read from a file, checked by `check`, and understood by `reader`. Each key has the default
that is right for most files, so that a mapping says only what is odd about its source.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from tileserver.evidence import HiddenRule, Words

TEMPLATE_COLUMN = re.compile(r"\{([^{}]+)\}")  # of a template: the name of a column in braces

Column: TypeAlias = str | int  # by name; by number where the file has no header; "a.b" within a "a"
Columns: TypeAlias = Column | tuple[Column, ...]
Texts: TypeAlias = str | tuple[str, ...]
Decimals: TypeAlias = Literal[".", ",", ".,"]


class FileRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of the files and tables that are read, and the dialect of their container."""

    names: Texts = ()  # patterns with * and ?, {layer} is the layer's name; none: every file
    tables: Texts = ()  # patterns of the names of layers, sheets, KML folders; none: every table
    records: Texts = ()  # of JSON: where the list of records is, such as value.features
    container: str = ""  # '': found out
    delimiter: str = ""
    encoding: str = ""
    decimal: Literal[".", ","] | tuple[Literal[".", ","], ...] = "."
    header: bool | int = True  # the line with the names of the columns; false: there is none

    @property
    def decimals(self) -> Decimals:
        """The signs of decimals; ``.,`` where a number may have either."""
        several = set(self.decimal)
        return ".," if len(several) > 1 else "," if "," in several else "."


class SpanRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that says how exactly a date is known, and the spans that its values mean."""

    column: Columns
    values: dict[str, Literal["day", "week", "month", "year"]]


class DateRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Place and forms of the dates; `tileserver.model.Dates` has the forms."""

    column: Columns = ()  # the first that says anything
    end: Columns = ()
    name: str = ""  # regular expression with a group: the date in the name of the file
    pattern: str = ""  # regular expression with a group: the date in the text of a column
    range: str = ""  # what stands between the first and the last date where a cell has both
    forms: Texts = ("iso",)
    zone: str = ""  # of times without offset; '': the theatre's
    precision: Literal["as_written", "day"] = "as_written"
    # last_seen: the row holds until the source was looked at again and the row was not there.
    ends: Literal["as_written", "inclusive", "exclusive", "last_seen"] = "as_written"
    holds_from: Literal["start", "end"] = "start"  # of its day, a snapshot
    earliest: str = "1000-01-01"
    latest: str = ""
    span: SpanRule | None = None


class GeometryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Place of the geometry, where the container has none of its own, and its coordinates."""

    lon: Column = ""
    lat: Column = ""
    wkt: Column = ""
    geojson: Column = ""
    coordinates: Column = ""  # a bare list of numbers, positions or rings, as its shape says
    shape: Literal["point", "line", "area"] = "point"
    axes: Literal["", "auto", "lonlat", "latlon"] = ""  # '': the layer's
    crs: str = ""
    missing: Literal["put_aside", "leave_out"] = "put_aside"
    other_kinds: Literal["put_aside", "leave_out"] = "put_aside"


class CategoryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Place of the status, kind or side, and the meanings of its spellings."""

    column: Columns = ()  # the first whose value means something
    value: str = ""
    place: Literal["", "file", "folder", "table"] = msgspec.field(default="", name="from")
    pattern: str = ""
    split: str = ""  # sign between several words in one text
    lookup: str = ""  # table [lookup.NAME] in which the words are looked up first
    codes: dict[str, str] = {}  # spelling -> code; none: the layer's own codes and spellings
    ignore: Words = ()


class FieldRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a property of the layer is made of columns."""

    column: Columns = ()
    value: str | int | float | bool | None = None
    template: Texts = ()  # words with columns in braces; of several the first whose columns all say something
    lookup: str = ""  # table [lookup.NAME] in which the values are looked up
    take: Literal["all", "first", "text", "url"] = "all"
    split: str = ""  # sign between several values in one text
    codes: dict[str, str] = {}  # spelling -> code
    other_words: Literal["keep", "leave_out"] = "keep"  # than those in codes
    publisher: Columns = ()  # of sources: who published each; '': the host of its URL
    join: str | None = None  # between several values; none: the layer's
    type: Literal["as_written", "text", "number", "whole", "boolean", "day"] = "as_written"


class RowRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition on a column of a row."""

    column: Column
    equals: Words | None = msgspec.field(default=None, name="is")  # '' is a cell that says nothing
    otherwise: Words | None = None  # all other words there are; a row with any further one is put aside
    matches: str = ""
    empty: bool | None = None


class IdPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of an id: a column, or the group that a pattern finds in its text."""

    column: Column
    pattern: str = ""  # regular expression; the first of its groups that finds anything


IdColumns: TypeAlias = tuple[str | int | IdPart, ...]


class IdRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns by which a row is known when issued again, and by which the newest issue is told.

    The id is the first of ``column`` that says anything, or all of ``columns`` together.
    """

    column: Columns = ()
    columns: IdColumns = ()
    newest: Column = ""  # '': the row that comes later
    # Rows of one file with one id: issues of one event, or several events that the id cannot tell apart.
    several: Literal["newest", "apart"] = "newest"

    @property
    def parts(self) -> tuple[IdPart, ...]:
        """The parts of an id that is made of several."""
        return parts_of(self.columns)


class LookupRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second file of the source, in which keys are looked up."""

    file: str  # pattern of its name, in the folder or archive, or beside a single file
    value: Columns  # what a key stands for; all of several
    entry: Column = msgspec.field(default="", name="key")  # '': a record's members are named by keys
    records: Texts = ()  # of JSON, as of the source


class LimitRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When nothing of a source, or of a state, is taken."""

    put_aside: float | None = None  # largest share of the rows read
    rows: int = 1  # fewest that have to be left, of a snapshot in each file


class FileMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the files of one source become features of one layer."""

    title: str = ""
    means: Literal["features", "snapshot"] = "features"
    file: FileRule = FileRule()
    date: DateRule = DateRule()
    geometry: GeometryRule = GeometryRule()
    category: CategoryRule | None = None
    fields: dict[str, Columns | FieldRule] | None = None
    leave_out: tuple[RowRule, ...] = ()
    keep_only: tuple[RowRule, ...] = ()
    hidden: HiddenRule | None = None
    id: IdRule | None = None
    lookup: dict[str, LookupRule] = {}
    limits: LimitRule = LimitRule()


def parts_of(columns: IdColumns) -> tuple[IdPart, ...]:
    """Return *columns* as parts of an id."""
    return tuple(each if isinstance(each, IdPart) else IdPart(each) for each in columns)


def listed(given: str | int | float | bool | tuple[str | int | float | bool, ...]) -> tuple[str, ...]:
    """Return *given*, one word or several, as texts; the empty word is none."""
    if isinstance(given, str):  # nearly all are, and each row asks
        return (given,) if given else ()
    if given == ():
        return ()
    several = given if isinstance(given, tuple) else (given,)
    return tuple(spelled(each) for each in several if each != "" or isinstance(each, bool))


def spelled(value: str | int | float | bool) -> str:
    """Return the text that a file of text alone would have for *value*."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
