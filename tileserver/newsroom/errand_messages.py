"""Messages between the desk's server and the process of an errand: JSON, a line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from tileserver.errors import BadParameter
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import load_mapping

Axes: TypeAlias = Literal["", "auto", "lonlat", "latlon"]


class ReadFile(msgspec.Struct, frozen=True, tag="read"):
    """Read a file as an import would, say the change, and keep the file's content until the desk decides.

    ``path`` is in the bytes of the file system; ``at`` is a date or instant, in words.
    """

    layer: str
    path: bytes
    mapping: str = ""
    reader: str = ""
    axes: Axes = ""
    at: str = ""
    date_column: str = ""
    end_column: str = ""
    category_column: str = ""
    whole_state: bool = False
    complete: bool = False
    key_columns: tuple[str, ...] = ()  # by which events are known again; else as the layer says
    by: str = ""
    remark: dict[str, str] = {}  # for readers, once it is public

    def options(self) -> ReadOptions:
        """Return the options of an import; `BadParameter` where there is no such mapping, or no such axes."""
        if self.axes not in get_args(Axes):
            raise BadParameter(f"there are no such axes; there are {', '.join(filter(None, get_args(Axes)))}")
        return ReadOptions(
            date_column=self.date_column,
            end_column=self.end_column,
            category_column=self.category_column,
            reader=self.reader,
            axes=self.axes,
            whole_state=self.whole_state,
            key_columns=self.key_columns,
            mapping=load_mapping(self.mapping) if self.mapping else None,
        )

    @property
    def name(self) -> str:
        """The name of the file."""
        return Path(self.path.decode("utf-8", "replace")).name


class LookAt(msgspec.Struct, frozen=True, tag="look"):
    """Judge a held import against the rows known now, and draw the change."""

    number: int


class Publish(msgspec.Struct, frozen=True, tag="publish"):
    """Publish a held import by a named person; *remark* is for readers, ``None`` for the file's own words."""

    number: int
    by: str
    reason: str
    remark: dict[str, str] | None
    at: str = ""  # the first public instant, or a date; at once without


Errand: TypeAlias = ReadFile | LookAt | Publish


class HeldAccount(msgspec.Struct, frozen=True):
    """Last judgement of a held import: parts of a page in HTML, their CSS, and the same as JSON."""

    number: int
    layer: str
    body: str
    style: str
    document: dict[str, Any]


class Failure(msgspec.Struct, frozen=True):
    """A refusal: the status and title of its error, and its words."""

    status: int
    title: str
    detail: str


class ErrandStep(msgspec.Struct, frozen=True, tag="step"):
    """A sign of progress: *done* of *total*, where that is known."""

    label: str
    done: int
    total: int | None


class ErrandResult(msgspec.Struct, frozen=True, tag="result"):
    """The end of an errand in words, with the held import or the revision that came of the errand.

    ``findings`` are tables in HTML of what was found in a file that nothing came of; ``is_bad`` says that
    rows of the file were put aside.
    """

    words: str
    held: int | None = None
    revision: int | None = None
    account: HeldAccount | None = None
    findings: str = ""
    is_bad: bool = False
    failure: Failure | None = None


Line: TypeAlias = ErrandStep | ErrandResult
