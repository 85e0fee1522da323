"""KML as tables: a table for each folder that holds placemarks, named by its path.

OGC 12-007r2. One pass finds where each placemark begins and ends, and keeps these two numbers alone; its
bytes are parsed when its row is asked for. A document may declare no entities: whatever they expand to.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from xml.parsers import expat

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.kml_placemark import FIXED, data_column, read_placemark
from tileserver.ingest.containers.sources import PlainFile
from tileserver.ingest.containers.table import Row, Table
from tileserver.ingest.limits import MB, Limits

CRS = "OGC:CRS84"  # of all KML: longitude, latitude on WGS 84
_CHUNK = 1 << 16
_DEEP = 100  # elements within elements
_FOLDERS = 10_000
_COLUMNS = 2_000  # of one folder


@dataclass(slots=True)
class _Folder:
    name: str = ""
    parent: _Folder | None = None
    places: array[int] = field(default_factory=lambda: array("q"))  # first byte and end of each placemark
    columns: dict[str, None] = field(default_factory=dict)

    @property
    def path(self) -> str:
        above = self.parent.path if self.parent else ""
        return f"{above}/{self.name}" if above else self.name


class _Outline:
    """Folders of a document with the places of their placemarks, filled while the document is parsed."""

    def __init__(self, head: bytes) -> None:
        self.folders = [_Folder()]
        self.links = 0  # to other files, which are not fetched
        self.encoding = "utf-16-le" if head.startswith(b"\xff\xfe") else "utf-8"
        self._elements: list[str] = []
        self._open = [self.folders[0]]
        self._start = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declared
        self.parser.EntityDeclHandler = self._entity
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and not encoding.lower().startswith("utf-16"):
            self.encoding = encoding

    def _entity(self, name: str, *_: object) -> None:
        raise HostileSource(f"it is XML that declares the entity {name[:40]!r}; entities are not expanded")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        self._elements.append(element)
        if len(self._elements) > _DEEP:
            raise HostileSource(f"it is XML nested deeper than {_DEEP} elements")
        if element == "Placemark":
            self._start = self.parser.CurrentByteIndex
            if attributes.get("id"):
                self._open[-1].columns["id"] = None
        elif element in ("Data", "SimpleData"):
            self._open[-1].columns[data_column(attributes.get("name", ""))] = None
            if len(self._open[-1].columns) > _COLUMNS:
                raise HostileSource(f"it has a folder with more than {_COLUMNS} kinds of data")
        elif element == "Folder" or (element == "Document" and "Document" in self._elements[:-1]):
            self._open.append(_Folder(parent=self._open[-1]))
            self.folders.append(self._open[-1])
            if len(self.folders) > _FOLDERS:
                raise HostileSource(f"it has more than {_FOLDERS} folders")
        elif element == "NetworkLink":
            self.links += 1

    def _end(self, name: str) -> None:
        element = self._elements.pop()
        if element == "Placemark":
            self._open[-1].places.extend((self._start, self.parser.CurrentByteIndex))
        elif element == "Folder" or (element == "Document" and "Document" in self._elements):
            self._open.pop()

    def _text(self, text: str) -> None:
        if self._elements[-1] == "name" and len(self._elements) > 1 and len(self._open) > 1:
            folder = self._open[-1]
            if self._elements[-2] in ("Folder", "Document") and len(folder.name) < 200:
                folder.name += text.strip().replace("/", "|")


def local(name: str) -> str:
    """Return the name of an element without its prefix; no two elements of KML differ by the prefix alone."""
    return name.rpartition(":")[2]


def read_kml(source: PlainFile, limits: Limits) -> Iterator[Table]:
    """Yield a table for each folder of a KML document that has placemarks of its own.

    `UnreadableSource` for XML that is broken, and for a document that only links to others.
    """
    outline = _Outline(source.head)
    try:
        _parse(source, outline, limits)
    except (expat.ExpatError, ValueError) as error:  # the latter for encodings of several bytes a letter
        raise UnreadableSource(
            f"it is KML that is broken or cut off ({error}); see that it was written to its end"
        ) from error
    full = [folder for folder in outline.folders if folder.places]
    if not full:
        link = "only links to another file; fetch that" if outline.links else "has no placemarks"
        raise UnreadableSource(f"it is KML that {link}")
    for folder in full:
        columns = dict.fromkeys((*FIXED, *(name for name in folder.columns if name)))
        rows = partial(_rows, source, folder, outline.encoding, limits)
        yield Table(
            source.member, folder.path, "kml", tuple(columns), CRS, rows, {"encoding": outline.encoding}
        )


def _parse(source: PlainFile, outline: _Outline, limits: Limits) -> None:
    read = 0
    with source.path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            outline.parser.Parse(chunk, False)
            read += len(chunk)
            if read - outline.parser.CurrentByteIndex > limits.line_bytes:
                raise HostileSource(f"it has a tag of more than {limits.line_bytes // MB} MB")
        outline.parser.Parse(b"", True)


def _rows(source: PlainFile, folder: _Folder, encoding: str, limits: Limits) -> Iterator[Row]:
    with source.path.open("rb") as stream:
        for number, start in enumerate(folder.places[::2], start=1):
            length = folder.places[2 * number - 1] - start
            if length > limits.line_bytes:
                yield Row(number, {}, None, f"it is longer than {limits.line_bytes // MB} MB")
                continue
            stream.seek(start)
            yield read_placemark(number, stream.read(length), encoding)
