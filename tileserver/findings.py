"""Findings of reading and repairing a file, the treatment of each, and its meaning in words."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

Treatment: TypeAlias = Literal["repaired", "quarantined", "left_out", "noted"]


class Finding(StrEnum):
    """Fault or oddity of a feature or a file, with its treatment and its meaning in words.

    Every feature read ends up in exactly one place: imported (as it is or repaired), ``quarantined``
    (kept aside, never shown) or ``left_out`` (on purpose). ``noted`` and ``repaired`` change no count.
    """

    treatment: Treatment
    meaning: str

    def __new__(cls, code: str, treatment: Treatment = "noted", meaning: str = "") -> Finding:
        """Make the member *code*, carrying its treatment and its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.treatment = treatment
        member.meaning = meaning
        return member

    MADE_VALID = "made_valid", "repaired", "a self-touching or self-crossing area was made valid"
    FLATTENED = "collection_flattened", "repaired", "a geometry collection became parts of the layer's kind"
    OTHER_KIND_REMOVED = (
        "other_kind_removed",
        "repaired",
        "parts of another kind than the layer's were removed",
    )
    DIMENSION_DROPPED = "third_dimension_dropped", "noted", "heights were dropped; maps here are flat"
    STRAY_REMOVED = "stray_part_removed", "repaired", "a part far outside the theatre was removed"
    SWAPPED = (
        "swapped_coordinates",
        "repaired",
        "latitude came before longitude in the whole file, and was put after it",
    )
    TRANSFORMED = (
        "coordinates_transformed",
        "repaired",
        "coordinates of another reference system became longitude and latitude",
    )
    CUT_AT_180 = (
        "cut_at_antimeridian",
        "repaired",
        "a line or area over 180 degrees was cut there",
    )
    CUT_AT_POLE = (
        "cut_at_pole",
        "repaired",
        "what lies beyond the Mercator world (85.0511 degrees) was cut off",
    )

    OUTSIDE = "outside_bounds", "quarantined", "lies wholly outside the theatre's bounds"
    UNREADABLE = "unreadable_geometry", "quarantined", "is no geometry of the layer's kind"
    NULL_GEOMETRY = "null_geometry", "quarantined", "has no geometry"
    UNKNOWN_STATUS = "unknown_status", "quarantined", "has a status that the layer does not declare"
    UNKNOWN_CODE = (
        "unknown_code",
        "quarantined",
        "has a word in a coded field that the layer does not declare",
    )
    NAME_AGAINST_COLOUR = (
        "name_against_colour",
        "quarantined",
        "is of one side by its name and of the other by its colour",
    )
    ABSURD_DATE = "absurd_date", "quarantined", "has no date, or one that cannot be"
    UNKNOWN_WORD = (
        "unknown_word",
        "quarantined",
        "has a word of which no condition says whether it is for the map",
    )
    UNREADABLE_ROW = "unreadable_row", "quarantined", "is a row or feature that cannot be read"
    UNREADABLE_SNAPSHOT = (
        "unreadable_snapshot",
        "quarantined",
        "a whole snapshot cannot be read; the last one holds",
    )

    UNIT_MARKER = "unit_markers_left_out", "left_out", "positions of units are not a layer"
    DUPLICATE = "duplicate", "left_out", "is an exact copy of one already read"
    NO_SNAPSHOT = "no_snapshot", "left_out", "is a file in the archive that is no snapshot"
    ROW_OF_TAGS = "row_of_tags", "left_out", "is a row of HXL tags, which name the columns a second time"
    OTHER_MEMBER = "other_member", "left_out", "is a file or table that the mapping does not name"
    FILTERED = "filtered", "left_out", "is a row that the mapping leaves out"
    IGNORED = "ignored_status", "left_out", "has a status that the mapping says to ignore"
    CODE_LEFT_OUT = (
        "code_left_out",
        "left_out",
        "has a word in a field of codes that is none of its codes; the layer leaves such out",
    )
    HIDDEN = "hidden_source", "left_out", "has a source that its publisher hides, and the desk leaves out"
    REPLACED = "replaced", "left_out", "is a row that was issued again; the newest one is kept"
    WITHDRAWN = "withdrawn", "left_out", "was withdrawn, and no import brings it back by itself"
    AMENDED = "amended", "left_out", "was amended by the desk, whose word stands above its source"
    AMENDED_ANEW = (
        "amended_anew",
        "left_out",
        "was amended by the desk, whose word stands; its source says something else now than it did then",
    )
    NO_PLACE = "no_place", "left_out", "has no geometry, and the mapping leaves such rows out"
    OTHER_KIND = (
        "other_kind",
        "left_out",
        "is of another kind than the layer's, and the mapping leaves it out",
    )
    NO_CLAIM = "no_claim", "left_out", "is known to be a draft or a joke that its publisher forgot on the map"

    COARSENED = (
        "place_coarsened",
        "noted",
        "a place was put in the middle of the square that its class allows",
    )
    PLACE_TOLD = (
        "place_told",
        "noted",
        "a text or a key told the exact place of an event that is shown less exactly; left out",
    )
    WITHOUT_SOURCES = (
        "without_sources",
        "noted",
        "has a source that its publisher hides: no source, URL or text that names one was kept",
    )
    EXACTNESS_UNSAID = (
        "exactness_unsaid",
        "noted",
        "says no class of exactness that the layer declares; the layer's own for such was taken",
    )
    NAME_COLOUR_DISAGREE = (
        "name_colour_disagree",
        "noted",
        "name and colour say different statuses; see the table",
    )
    NAME_SAYS_NOTHING = "name_says_nothing", "noted", "the name says no status; the colour decided"
    MISSING_TEXT = "missing_text", "noted", "has no text"
    MISSING_SOURCE = "missing_source", "noted", "names no source URL"
    MORE_SOURCES = "more_sources", "noted", "names several source URLs; the first one is kept"
    OTHER_FIELDS = "other_fields_left_out", "noted", "has properties that the layer does not declare"
    LIST_JOINED = "list_joined", "noted", "a list became one text"
    NESTED = "nested_left_out", "noted", "a declared property holds an object or a list of them; left out"
    TEXT_CUT = "text_cut", "noted", "a text was longer than is kept, and was cut"
    CHARACTERS_DROPPED = "characters_dropped", "noted", "characters that no text can hold were dropped"
    MARKUP_REMOVED = "markup_removed", "noted", "markup was taken out of a text; its words were kept"
    NO_LINK = "no_link", "noted", "a URL is no address of http or https; left out"
    NUMBER_AS_TEXT = "number_as_text", "noted", "a number that a map cannot hold exactly is kept as text"
    OTHER_TYPE = "other_type_left_out", "noted", "a value is none of the declared type; left out"
    RULE_IDLE = "rule_met_nothing", "noted", "a condition of the mapping left no row out; look at its words"
    NO_COLUMN = "no_such_column", "noted", "a column that the mapping names is in no table"
    NO_ID = "no_id", "noted", "has no id, and is not known again once it is edited"
    OTHER_WORD = "other_word_left_out", "noted", "a word of a field is in none of its codes; left out"
    SPELLING = "spelling_read", "noted", "a status was read by the layer's table of spellings"

    @property
    def word(self) -> str:
        """The treatment in a reader's word; rows that a mapping filters are told from others left out."""
        if self.value in ("filtered", "ignored_status"):
            return "filtered"
        return {"quarantined": "put aside", "left_out": "left out"}.get(self.treatment, self.treatment)

    @property
    def remedy(self) -> str:
        """Advice on how the file, its mapping or the layer would have to be instead."""
        return _REMEDIES.get(self.value) or _BY_TREATMENT[self.treatment]


_BY_TREATMENT: dict[Treatment, str] = {
    "repaired": "nothing has to be done; tell the publisher, if it keeps coming",
    "quarantined": "correct the row, and import the file again",
    "left_out": "nothing has to be done, if it was meant",
    "noted": "nothing has to be done, if it was expected",
}
_REMEDIES: dict[str, str] = {
    "withdrawn": "nothing has to be done; where it may be public again: tileserver readmit",
    "amended": "nothing has to be done; to follow the source again: tileserver event release",
    "amended_anew": "look whether the source has corrected itself; to follow it: tileserver event release,"
    " and import the file again",
    "made_valid": "look at where land moved; where that is wrong, correct the area in the source",
    "collection_flattened": "nothing has to be done; areas alone, or lines alone, would need no flattening",
    "other_kind_removed": "publish lines and points in a layer of their own",
    "stray_part_removed": "widen the bounds of the theatre, or of the layer, if the part belongs to it",
    "swapped_coordinates": "declare the order of axes (axes), so that it is not found out each time",
    "cut_at_pole": "nothing can be done: the map of the world ends there",
    "outside_bounds": "widen the bounds of the theatre or the layer; or the order of axes is the other one",
    "unreadable_geometry": "correct the geometry, or import into a layer of its kind",
    "null_geometry": "give the row a place; or let the mapping leave such rows out (missing = leave_out)",
    "unknown_word": "add the word to what the condition of the mapping leaves out, or to its otherwise",
    "unknown_status": "add the word to the table of spellings, of the mapping or layer; or ignore it",
    "unknown_code": "correct the word; or add it to the codes of the field, in the mapping or the layer",
    "hidden_source": "nothing has to be done; the mapping or the layer says what becomes of hidden sources",
    "without_sources": "nothing has to be done; the mapping or the layer says what becomes of hidden sources",
    "place_told": "take coordinates out of texts; let the key be the source's own id",
    "exactness_unsaid": "say the class in the file, or in the mapping (codes); see [layers.evidence] unsaid",
    "name_against_colour": "ask the publisher which is right; until then neither is",
    "absurd_date": "correct the date; or say the day with the import (Day, --at); or declare how dates are"
    " written, and which can be",
    "unreadable_row": "correct the row where the reason says",
    "unreadable_snapshot": "get the file again; the state before it holds until then",
    "other_member": "name the file or table in the mapping, if it is to be read",
    "filtered": "nothing has to be done; the mapping's leave_out and keep_only say which rows",
    "ignored_status": "nothing has to be done; the mapping's list of words to ignore says which",
    "no_place": "nothing has to be done; such rows are left out by the mapping",
    "other_kind": "import the file again into a layer of that kind, if there is one",
    "name_colour_disagree": "nothing has to be done; see the table of the reader, and tell the publisher",
    "other_fields_left_out": "declare the property in the layer's fields, if it is to be kept",
    "no_such_column": "correct the name in the mapping; where the source may lack it, nothing has to be done",
    "no_id": "name a further column in [id] that such rows have, or see that the source gives them an id",
    "text_cut": "shorten the text",
    "no_link": "give an address of http or https",
    "other_type_left_out": "give the type that is declared",
    "spelling_read": "nothing has to be done; the spelling is in the table",
}
